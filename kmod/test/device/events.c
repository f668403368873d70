// SPDX-License-Identifier: GPL-2.0
/* Events read from the device. */
#include <string.h>

#include "../check.h"
#include "events.h"

void events_read(struct events *e, uint32_t signal)
{
	const struct nsgate_events *head;
	struct outcome o;
	struct wire w;

	events_request(&w, e->cursor, e->instance, signal);
	o = must("events", exchange(&w));
	head = payload(&o);
	if (head->cursor != e->cursor + head->lost + head->events ||
	    o.length != sizeof(struct nsgate_reply) + sizeof(*head) + head->events * sizeof(struct nsgate_event))
		fail("cursor, loss and events of a reply add up");
	memcpy(e->at, head + 1, head->events * sizeof(struct nsgate_event));
	for (uint32_t i = 0; i < head->events; i++)
		if (e->at[i].number != e->cursor + head->lost + 1 + i)
			fail("events are numbered without gaps");
	e->cursor = head->cursor;
	e->instance = head->instance;
	e->lost += head->lost;
	e->count = head->events;
}

void events_skip(struct events *e)
{
	do
		events_read(e, 0);
	while (e->count);
	e->lost = 0;
}

struct samples events_samples(struct events *e, uint64_t rule)
{
	struct samples s = { .events = 0 };

	do {
		events_read(e, 0);
		for (uint32_t i = 0; i < e->count; i++) {
			if (e->at[i].type != NSGATE_EVENT_PACKET || e->at[i].rule_id != rule)
				continue;
			if (!s.events++)
				s.first = e->at[i];
			s.suppressed += e->at[i].suppressed;
		}
	} while (e->count);
	return s;
}
