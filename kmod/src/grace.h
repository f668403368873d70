/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting until packets have moved on. */
#ifndef _NSG_GRACE_H
#define _NSG_GRACE_H

#include <linux/rcupdate.h>

#include "../compat/tasks.h"

/*
 * Returns when every packet that was under way at the call has gone through the stack. Somebody waits for the commit
 * or the exit that waits here, and holds back others, so it is the fast kind, as in the kernel's own synchronize_net():
 * it interrupts every busy CPU once and takes less than a millisecond, where the other takes several ticks. A kernel
 * booted with rcupdate.rcu_normal=1 takes the slow one all the same. May sleep.
 */
static inline void nsg_grace_period(void)
{
	synchronize_rcu_expedited();
}

/*
 * As nsg_grace_period(), and every packet that a process was sending has left it as well. Between output and
 * postrouting such a packet is in no RCU read section, unless it is of tcp. This takes some tenths of a second while
 * CPUs are busy, so it is for commits that cannot do without: nsg_rulesets_mix().
 */
static inline void nsg_senders_grace_period(void)
{
	nsg_grace_period();
	nsg_wait_for_tasks();
}

#endif /* _NSG_GRACE_H */
