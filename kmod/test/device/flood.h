/* SPDX-License-Identifier: GPL-2.0 */
/* Traffic at full speed, while commits are made. */
#ifndef FLOOD_H
#define FLOOD_H

#include <sys/types.h>

#include "sandbox.h"

/* A process that floods `address` port 5001 of `to` from `from`, and counts what it sent. */
struct flood {
	pid_t process;
	int receiver;
	volatile struct flood_state {
		bool stop;
		uint64_t sent;
	} *state;
};

struct flood flood_start(const struct sandbox *from, const struct sandbox *to, const char *address);

/* How many packets got through. */
int flood_stop(struct flood *f);

/* Seconds since some moment. */
double now(void);

/*
 * Binds a namespace on every hook. The kernel patches its code when the first hook of a kind comes and when the last goes,
 * and qemu before 8.1 lets a second emulated processor that is in this code die of it (a trap at a stale int3). With one
 * of each kind in place, swaps patch nothing.
 */
struct sandbox hold_hooks(void);

#endif
