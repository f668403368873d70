// SPDX-License-Identifier: GPL-2.0
/* Requests put together by hand, and exchanged with the device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"
#include "check.h"

int device = -1;

void *wire_add(struct wire *w, const void *part, size_t size)
{
	if (w->length + size > w->capacity) {
		w->capacity = (w->length + size) * 2 + 4096;
		w->bytes = realloc(w->bytes, w->capacity);
	}
	memcpy(w->bytes + w->length, part, size);
	w->length += size;
	return w->bytes + w->length - size;
}

void wire_begin(struct wire *w, enum nsgate_op op)
{
	*w = (struct wire){ .length = 0 };
	WIRE_ADD(w, (struct nsgate_request){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .tag = 77 });
}

void wire_free(struct wire *w)
{
	free(w->bytes);
	*w = (struct wire){ .length = 0 };
}

struct digest digest(uint32_t n)
{
	struct digest d;

	memset(d.bytes, 0xd1, sizeof(d.bytes));
	memcpy(d.bytes, &n, sizeof(n));
	return d;
}

void ruleset_begin(struct wire *w, uint32_t number, enum nsgate_hook hook, enum nsgate_action verdict)
{
	struct nsgate_ruleset ruleset = { .head.type = NSGATE_OBJECT_RULESET_PUT };
	struct digest d = digest(number);

	memcpy(ruleset.digest, d.bytes, sizeof(d.bytes));
	memset(ruleset.default_verdict, NSGATE_ACCEPT, NSGATE_HOOKS);
	if (verdict)
		ruleset.default_verdict[hook] = verdict;
	w->ruleset = w->length;
	WIRE_ADD(w, ruleset);
}

void ruleset_end(struct wire *w)
{
	((struct nsgate_ruleset *)(w->bytes + w->ruleset))->head.length = w->length - w->ruleset;
}

void rule_begin(struct wire *w, struct nsgate_rule head)
{
	if (!head.families)
		head.families = NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6;
	((struct nsgate_ruleset *)(w->bytes + w->ruleset))->rules++;
	w->rule = w->length;
	WIRE_ADD(w, head);
}

void rule_end(struct wire *w)
{
	((struct nsgate_rule *)(w->bytes + w->rule))->length = w->length - w->rule;
}

void match_add(struct wire *w, int kind, int flags, const void *items, size_t size, uint32_t count)
{
	static const uint8_t zeros[8];

	WIRE_ADD(w, (struct nsgate_match){ .kind = kind, .flags = flags, .count = count });
	wire_add(w, items, size * count);
	wire_add(w, zeros, -w->length & 7);
}

void match_service(struct wire *w, uint8_t protocol, uint16_t port)
{
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, protocol);
	MATCH(w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { port, port });
}

void bind_add(struct wire *w, uint32_t inode, uint64_t birth, uint32_t number, uint32_t flags)
{
	struct nsgate_bind bind = { .head = { NSGATE_OBJECT_BIND, sizeof(bind) }, .inode = inode, .flags = flags,
				    .birth = birth };
	struct digest d = digest(number);

	memcpy(bind.digest, d.bytes, sizeof(d.bytes));
	WIRE_ADD(w, bind);
}

void unbind_add(struct wire *w, uint32_t inode, uint64_t birth)
{
	WIRE_ADD(w, (struct nsgate_unbind){ .head = { NSGATE_OBJECT_UNBIND, sizeof(struct nsgate_unbind) },
					    .inode = inode, .birth = birth });
}

void drop_add(struct wire *w, uint32_t number)
{
	struct nsgate_ruleset_drop drop = { .head = { NSGATE_OBJECT_RULESET_DROP, sizeof(drop) } };
	struct digest d = digest(number);

	memcpy(drop.digest, d.bytes, sizeof(d.bytes));
	WIRE_ADD(w, drop);
}

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

	((struct nsgate_request *)w->bytes)->length = w->length;
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
