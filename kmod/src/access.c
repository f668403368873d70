// SPDX-License-Identifier: GPL-2.0
/* Who may ask the module anything. */
#include <linux/capability.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

#include "access.h"

/*
 * capable() asks about the initial user namespace, in which nobody of another one has anything. Who has the capability
 * there, but lives in a network namespace of his own, as root of a container does, is a tenant.
 */
bool nsg_caller_may(void)
{
	return net_eq(current->nsproxy->net_ns, &init_net) && capable(CAP_NET_ADMIN);
}
