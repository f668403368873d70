// SPDX-License-Identifier: GPL-2.0
/* Requests exchanged with the device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "exchange.h"

int device = -1;

/* Reads the reply in pieces of odd sizes, until its end. */
static void read_reply(struct outcome *o)
{
	static uint8_t *buffer;
	static size_t capacity;
	ssize_t got;

	o->length = 0;
	do {
		if (capacity < o->length + 70001) {
			capacity = (o->length + 70001) * 2;
			buffer = realloc(buffer, capacity);
		}
		got = read(device, buffer + o->length, 70001);
		if (got < 0)
			die("read of a reply");
		o->length += got;
	} while (got);
	o->reply = buffer;
}

static void check_reply(struct outcome *o)
{
	const struct nsgate_reply *head = (const void *)o->reply;

	if (o->length < sizeof(*head) || head->magic != NSGATE_MAGIC || head->abi != NSGATE_ABI ||
	    head->length != o->length || head->error != -o->error)
		fail("the reply's head belongs to its request (length %zu, error %d)", o->length, o->error);
	if (!o->error)
		return;
	if (o->length != sizeof(*head) + sizeof(o->refusal))
		fail("a refusal has the length of one");
	memcpy(&o->refusal, head + 1, sizeof(o->refusal));
	if (!o->refusal.field || !*o->refusal.reason || memchr(o->refusal.reason, 0, NSGATE_REASON_SIZE) == NULL)
		fail("a refusal names a field and a reason (error %d)", o->error);
}

struct outcome exchange_bytes(const void *bytes, size_t length)
{
	struct outcome o = { .error = 0 };
	ssize_t written = write(device, bytes, length);

	if (written < 0)
		o.error = errno;
	else if ((size_t)written != length)
		fail("a good write takes all bytes");
	read_reply(&o);
	check_reply(&o);
	return o;
}

struct outcome exchange(struct wire *w)
{
	struct outcome o;

	wire_finish(w);
	o = exchange_bytes(w->bytes, w->length);
	wire_free(w);
	return o;
}

const void *payload(const struct outcome *o)
{
	return o->reply + sizeof(struct nsgate_reply);
}

struct outcome must(const char *what, struct outcome o)
{
	if (o.error) {
		printf("# %s: %s: object %d rule %d match %d item %d field %u offset %u: %s\n", what,
		       strerror(o.error), o.refusal.object, o.refusal.rule, o.refusal.match, o.refusal.item,
		       o.refusal.field, o.refusal.offset, o.refusal.reason);
		fail("%s is accepted", what);
		exit(1);
	}
	return o;
}
