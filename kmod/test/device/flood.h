/* SPDX-License-Identifier: GPL-2.0 */
/* A process that sends as fast as it can. */
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

#endif
