/* SPDX-License-Identifier: GPL-2.0 */
/* Events read from the device. */
#ifndef EVENTS_H
#define EVENTS_H

#include "exchange.h"

/* What has been read since events_skip(). */
struct events {
	uint64_t cursor;
	uint64_t instance;
	uint64_t lost;
	uint32_t count;		/* of the last reply */
	struct nsgate_event at[NSGATE_MAX_EVENTS];
};

/* Reads on: the next reply, and its loss added up. `signal` as in nsgate_events_request. */
void events_read(struct events *e, uint32_t signal);

/* Reads to the end. */
void events_skip(struct events *e);

/* The sampled packets of `rule`, and those that they say were suppressed, of all that is to be read yet. */
struct samples {
	uint64_t events;
	uint64_t suppressed;
	struct nsgate_event first;
};

struct samples events_samples(struct events *e, uint64_t rule);

#endif
