// SPDX-License-Identifier: GPL-2.0
/* The event ring, and the answer to EVENTS. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#include "events.h"
#include "generation.h"
#include "listeners.h"
#include "reply.h"
#include "ring.h"

#define CHUNK	64U	/* events that are copied with bottom halves off */

static struct nsg_ring ring;
static bool awaited;
static DEFINE_SPINLOCK(lock);	/* of both, with bottom halves off */

int nsg_events_start(void)
{
	ring.events = nsg_kvzalloc(NSGATE_EVENT_RING * sizeof(*ring.events));
	return ring.events ? 0 : -ENOMEM;
}

void nsg_events_stop(void)
{
	nsg_listeners_clear();
	nsg_kvfree(ring.events);
}

void nsg_event_add(const struct nsgate_event *event)
{
	bool notify;

	spin_lock_bh(&lock);
	nsg_ring_add(&ring, event);
	notify = awaited;
	spin_unlock_bh(&lock);
	if (notify)
		nsg_listeners_notify();
}

void nsg_event_of_namespace(const struct nsg_namespace *ns, enum nsgate_event_type type)
{
	struct nsgate_event event = {
		.time = ktime_to_ns(ktime_get_boottime()),
		.birth = ns->birth,
		.inode = ns->inode,
		.type = type,
	};

	nsg_event_add(&event);
}

u64 nsg_events_await(bool await)
{
	u64 last;

	spin_lock_bh(&lock);
	awaited = await;
	last = ring.last;
	spin_unlock_bh(&lock);
	return last;
}

static u64 last_event(void)
{
	u64 last;

	spin_lock_bh(&lock);
	last = ring.last;
	spin_unlock_bh(&lock);
	return last;
}

/* A chunk of events; moves the head on. None if the ring has gone on over what should come after events[0]. */
static u32 copy_chunk(struct nsgate_events *head, struct nsgate_event *to, u32 most)
{
	u64 lost;
	u32 got = 0;

	spin_lock_bh(&lock);
	lost = nsg_ring_lost(&ring, head->cursor);
	if (!lost || !head->events)
		got = nsg_ring_copy(&ring, head->cursor + lost, to, min(most, CHUNK));
	spin_unlock_bh(&lock);
	if (!got)
		return 0;
	head->lost += lost;
	head->cursor += lost + got;
	head->events += got;
	return got;
}

static int check_cursor(const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	const struct nsgate_events_request *asked = request->events;

	if (asked->instance != nsg_instance && (asked->instance || asked->cursor))
		return nsg_refuse(refusal, -ESTALE, NSGATE_FIELD_REQUEST, nsg_request_offset(request, &asked->instance),
				  "the cursor is from instance 0x%llx, this one is 0x%llx: the module was loaded anew",
				  asked->instance, nsg_instance);
	if (asked->cursor > last_event())
		return nsg_refuse(refusal, -EINVAL, NSGATE_FIELD_REQUEST, nsg_request_offset(request, &asked->cursor),
				  "there was no event %llu yet", asked->cursor);
	return 0;
}

static int fill(const struct nsg_request *request, struct nsg_reply *reply, u64 *cursor, struct nsgate_refusal *refusal)
{
	struct nsgate_events head = { .cursor = request->events->cursor, .instance = nsg_instance };
	u32 most = min_t(u64, last_event() - head.cursor, NSGATE_MAX_EVENTS);
	struct nsgate_event *at;
	u8 *start;
	int error;

	error = nsg_reply_begin(reply, request, sizeof(head) + most * sizeof(*at), refusal);
	if (error)
		return error;
	start = nsg_reply_extend(reply, sizeof(head));
	at = (struct nsgate_event *)(start + sizeof(head));
	while (head.events < most && copy_chunk(&head, at + head.events, most - head.events))
		;
	nsg_reply_extend(reply, head.events * sizeof(*at));
	memcpy(start, &head, sizeof(head));
	*cursor = head.cursor;
	return 0;
}

int nsg_events(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	u64 cursor;
	int error;

	error = check_cursor(request, refusal) ?: fill(request, reply, &cursor, refusal);
	if (error)
		return error;
	error = nsg_listen(request->events->signal, cursor);
	if (error)
		return nsg_refuse(refusal, error, NSGATE_FIELD_SIGNAL,
				  nsg_request_offset(request, &request->events->signal),
				  "%u other processes wait for events already", NSGATE_MAX_LISTENERS);
	return 0;
}
