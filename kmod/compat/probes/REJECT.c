// SPDX-License-Identifier: GPL-2.0
/* nf_reject.h: No such file */
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

int probe;
