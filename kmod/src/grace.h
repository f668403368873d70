/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting until packets have moved on. */
#ifndef _NSG_GRACE_H
#define _NSG_GRACE_H

#include <linux/rcupdate.h>

/*
 * Returns when every packet that was under way at the call has gone through the stack. Somebody waits for the commit
 * that waits here, and holds back others, so it is the fast kind, as in the kernel's own synchronize_net(): it
 * interrupts every busy CPU once and takes less than a millisecond, where the other takes several ticks. A kernel
 * booted with rcupdate.rcu_normal=1 takes the slow one all the same. May sleep.
 */
static inline void nsg_grace_period(void)
{
	synchronize_rcu_expedited();
}

#endif /* _NSG_GRACE_H */
