// SPDX-License-Identifier: GPL-2.0
/* nf_conntrack_l3proto.h: No such file */
#include <net/netfilter/nf_conntrack_l3proto.h>

int probe;
