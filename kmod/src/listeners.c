// SPDX-License-Identifier: GPL-2.0
/* Processes that are to be told of the next event by a signal. */
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "../compat/signal.h"
#include "listeners.h"
#include "events.h"

/* Under `lock`. */
static struct listener {
	struct pid *process;	/* NULL: free */
	u32 signal;
	u64 after;		/* number of the last event that it knows */
} listeners[NSGATE_MAX_LISTENERS];

static DEFINE_MUTEX(lock);

static bool is_dead(struct pid *process)
{
	bool dead;

	rcu_read_lock();
	dead = !pid_task(process, PIDTYPE_PID);
	rcu_read_unlock();
	return dead;
}

static void forget(struct listener *listener)
{
	put_pid(listener->process);
	listener->process = NULL;
}

static bool anybody_waits(void)
{
	u32 i;

	for (i = 0; i < NSGATE_MAX_LISTENERS; i++)
		if (listeners[i].process)
			return true;
	return false;
}

/* That a process has died meanwhile is no fault: it is forgotten like one that was told. */
static void notify(struct work_struct *work)
{
	u64 last;
	u32 i;

	mutex_lock(&lock);
	last = nsg_events_await(anybody_waits());
	for (i = 0; i < NSGATE_MAX_LISTENERS; i++) {
		if (!listeners[i].process || listeners[i].after >= last)
			continue;
		kill_pid(listeners[i].process, listeners[i].signal, 1);
		forget(&listeners[i]);
	}
	nsg_events_await(anybody_waits());
	mutex_unlock(&lock);
}

static DECLARE_WORK(notification, notify);

void nsg_listeners_notify(void)
{
	schedule_work(&notification);
}

/* A free place after the caller's own and those of the dead were freed; NULL if there is none. */
static struct listener *free_place(const struct pid *caller)
{
	struct listener *place = NULL;
	u32 i;

	for (i = 0; i < NSGATE_MAX_LISTENERS; i++) {
		struct listener *listener = &listeners[i];

		if (listener->process && (listener->process == caller || is_dead(listener->process)))
			forget(listener);
		if (!listener->process)
			place = listener;
	}
	return place;
}

int nsg_listen(u32 signal, u64 after)
{
	struct pid *caller = task_tgid(current);
	struct listener *place;

	mutex_lock(&lock);
	place = free_place(caller);
	if (place && signal) {
		*place = (struct listener){ .process = get_pid(caller), .signal = signal, .after = after };
		if (nsg_events_await(true) > after)
			nsg_listeners_notify();
	}
	mutex_unlock(&lock);
	return place || !signal ? 0 : -ENOSPC;
}

void nsg_listeners_clear(void)
{
	u32 i;

	mutex_lock(&lock);
	nsg_events_await(false);
	for (i = 0; i < NSGATE_MAX_LISTENERS; i++)
		if (listeners[i].process)
			forget(&listeners[i]);
	mutex_unlock(&lock);
	cancel_work_sync(&notification);
}
