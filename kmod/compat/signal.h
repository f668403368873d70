/* SPDX-License-Identifier: GPL-2.0 */
/* Sending signals. */
#ifndef _NSG_COMPAT_SIGNAL_H
#define _NSG_COMPAT_SIGNAL_H

#include <linux/sched.h>

#ifdef HAVE_SCHED_SIGNAL	/* 4.11: task_tgid() and kill_pid() moved there */
#include <linux/sched/signal.h>
#endif

#endif /* _NSG_COMPAT_SIGNAL_H */
