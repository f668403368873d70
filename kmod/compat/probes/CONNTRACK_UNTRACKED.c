// SPDX-License-Identifier: GPL-2.0
/* .IP_CT_UNTRACKED. undeclared */
#include <net/netfilter/nf_conntrack.h>

int probe = IP_CT_UNTRACKED;
