/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels that the module builds on, from 3.10 on: force-included by Kbuild.
 * What a kernel has is found by test compilations (probe.sh, probes/), because distributions backport.
 */
#ifndef _NSG_COMPAT_H
#define _NSG_COMPAT_H

#define pr_fmt(text)	KBUILD_MODNAME ": " text

#include "probed.h"

#include <linux/kconfig.h>

#if !IS_ENABLED(CONFIG_64BIT) || !IS_ENABLED(CONFIG_NETFILTER) || !IS_ENABLED(CONFIG_IPV6) || \
	!IS_ENABLED(CONFIG_NF_CONNTRACK) || !IS_ENABLED(CONFIG_NET_NS)
#error "nsgate needs a 64-bit kernel with NETFILTER, IPV6, NF_CONNTRACK and NET_NS"
#endif

#include "language.h"
#include "memory.h"
#include "namespace.h"
#include "hook.h"
#include "proc.h"

#endif /* _NSG_COMPAT_H */
