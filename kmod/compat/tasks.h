/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting for what tasks do outside of RCU read sections. */
#ifndef _NSG_COMPAT_TASKS_H
#define _NSG_COMPAT_TASKS_H

#include <linux/rcupdate.h>

/*
 * Returns when every task that was executing in the kernel at the call, preempted ones too, has since given up its CPU
 * by itself or left the kernel. Where the kernel does not preempt itself, a grace period has waited for that already.
 * One that does, and has no RCU for tasks (3.18; later those without tracers), has no such wait. May sleep.
 */
static inline void nsg_wait_for_tasks(void)
{
#ifdef CONFIG_TASKS_RCU
	synchronize_rcu_tasks();
#endif
}

#endif /* _NSG_COMPAT_TASKS_H */
