/* SPDX-License-Identifier: GPL-2.0 */
/* Who may ask the module anything. */
#ifndef _NSG_ACCESS_H
#define _NSG_ACCESS_H

#include <linux/types.h>

/*
 * Whether the current task has CAP_NET_ADMIN in the initial user namespace and is in the initial network namespace.
 * Asked at each open, write and read: a descriptor that a tenant was left by mistake gives him nothing.
 */
bool nsg_caller_may(void);

#endif /* _NSG_ACCESS_H */
