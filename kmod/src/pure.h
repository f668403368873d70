/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files (request, predicate, the engine's, ruleset, decision) may use. They know neither skb nor
 * namespace, take no lock and keep no state (but for the cache of the ledgers' sheets), so they also build in user
 * space, where test/userspace.h stands for the kernel.
 */
#ifndef _NSG_PURE_H
#define _NSG_PURE_H

#ifdef __KERNEL__
#include <asm/byteorder.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include "../test/userspace.h"
#endif

#endif /* _NSG_PURE_H */
