// SPDX-License-Identifier: GPL-2.0
/* Requests that are refused: whole, with the place and the reason, and without a trace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

static void refused(const char *what, struct outcome o, int error, enum nsgate_field field)
{
	check(o.error == error && o.refusal.field == field, "%s: %s (%s, field %u)", what, o.refusal.reason,
	      strerror(o.error), o.refusal.field);
}

static void test_headers(void)
{
	struct nsgate_request request = { .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = NSGATE_OP_LIST,
					  .length = sizeof(request) };
	struct nsgate_request bad = request;
	char *huge = calloc(1, NSGATE_MAX_REQUEST + 8);

	refused("no bytes", exchange_bytes(&request, 0), EINVAL, NSGATE_FIELD_REQUEST);
	refused("half a header", exchange_bytes(&request, 12), EINVAL, NSGATE_FIELD_REQUEST);
	bad.magic = 0;
	refused("wrong magic", exchange_bytes(&bad, sizeof(bad)), EINVAL, NSGATE_FIELD_REQUEST);
	bad = request;
	bad.length = 32;
	refused("a length that lies", exchange_bytes(&bad, sizeof(bad)), EINVAL, NSGATE_FIELD_REQUEST);
	bad = request;
	bad.reserved = 1;
	refused("a reserved byte", exchange_bytes(&bad, sizeof(bad)), EINVAL, NSGATE_FIELD_RESERVED);
	bad = request;
	bad.op = NSGATE_OP_EVENTS;
	refused("events without a cursor", exchange_bytes(&bad, sizeof(bad)), EINVAL, NSGATE_FIELD_REQUEST);
	bad.op = 200;
	refused("an unknown operation", exchange_bytes(&bad, sizeof(bad)), EOPNOTSUPP, NSGATE_FIELD_REQUEST);
	refused("too many bytes", exchange_bytes(huge, NSGATE_MAX_REQUEST + 8), E2BIG, NSGATE_FIELD_REQUEST);
	refused("64 MiB of zeros", exchange_bytes(huge, NSGATE_MAX_REQUEST), EINVAL, NSGATE_FIELD_REQUEST);
	refused("memory that is not there", exchange_bytes((void *)8, 64), EFAULT, NSGATE_FIELD_REQUEST);
	free(huge);
}

/* A request cut in two by its writer. */
static void test_split(void)
{
	struct wire w;
	struct outcome o;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	((struct nsgate_request *)w.bytes)->length = w.length;
	o = exchange_bytes(w.bytes, 40);
	refused("the first half of a request", o, EINVAL, NSGATE_FIELD_REQUEST);
	o = exchange_bytes(w.bytes + 40, w.length - 40);
	refused("the second half", o, EINVAL, NSGATE_FIELD_REQUEST);
	wire_free(&w);
}

static struct outcome try_object(const void *object, size_t size)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	wire_add(&w, object, size);
	return exchange(&w);
}

static void test_objects(void)
{
	struct nsgate_object unknown = { 99, sizeof(unknown) }, lying = { NSGATE_OBJECT_BIND, 4096 };
	struct wire w;

	refused("an unknown object", try_object(&unknown, sizeof(unknown)), EINVAL, NSGATE_FIELD_OBJECT);
	refused("an object's lying length", try_object(&lying, sizeof(lying)), EINVAL, NSGATE_FIELD_OBJECT);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 9);
	drop_add(&w, 9);
	refused("a digest twice", exchange(&w), EINVAL, NSGATE_FIELD_DIGEST);
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, 5, 0, 1, 0);
	unbind_add(&w, 5, 0);
	refused("bound and unbound", exchange(&w), EINVAL, NSGATE_FIELD_INODE);
}

static void test_state(void)
{
	struct sandbox s = sandbox_new();
	struct outcome o;
	struct wire w;
	size_t at;

	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, s.inode, 0, 404, 0);
	refused("a bind to nothing", exchange(&w), ENOENT, NSGATE_FIELD_DIGEST);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	bind_add(&w, 12345, 0, 1, 0);
	refused("no such namespace", exchange(&w), ENOENT, NSGATE_FIELD_INODE);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	bind_add(&w, s.inode, s.birth + 1, 1, 0);
	refused("another birth", exchange(&w), ESTALE, NSGATE_FIELD_BIRTH);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	at = w.length + offsetof(struct nsgate_bind, flags);
	bind_add(&w, home.inode, home.birth, 1, 0);
	o = exchange(&w);
	refused("the initial namespace by mistake", o, EPERM, NSGATE_FIELD_FLAGS);
	check(o.refusal.object == 1 && o.refusal.offset == at, "in its flags, at byte %u", o.refusal.offset);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	bind_add(&w, s.inode, s.birth, 1, 0);
	drop_add(&w, 1);
	refused("dropped while bound", exchange(&w), EBUSY, NSGATE_FIELD_DIGEST);
	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s.inode, s.birth);
	refused("not bound", exchange(&w), ENOENT, NSGATE_FIELD_INODE);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 404);
	refused("not held", exchange(&w), ENOENT, NSGATE_FIELD_DIGEST);
	check(datagrams(&s, &s, "127.0.0.1", 5001, 5, NULL) == 5, "a namespace of refused commits is as before");
	sandbox_delete(&s);
}

/* One bad rule among good ones: the refusal names rule, match and item. */
static void test_place(void)
{
	struct wire w;
	struct outcome o;

	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 7);
	ruleset_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 17);
	MATCH(&w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { 1, 2 }, { 4, 3 });
	rule_end(&w);
	ruleset_end(&w);
	o = exchange(&w);
	refused("a port range upside down", o, EINVAL, NSGATE_FIELD_MATCH_ITEM);
	check(o.refusal.object == 1 && o.refusal.rule == 1 && o.refusal.match == 1 && o.refusal.item == 1,
	      "the refusal tells object 1, rule 1, match 1, item 1");
}

#define NAMES	400	/* in each of 10,000 rules: nearly as many as a request has room for */

/* A good ruleset after a small one; neither is held. */
static void test_memory(void)
{
	static struct nsgate_ifname names[NAMES];
	struct wire w;
	struct outcome o;

	for (int i = 0; i < NAMES; i++)
		snprintf(names[i].name, sizeof(names[i].name), "eth%d", i);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	ruleset_end(&w);
	ruleset_begin(&w, 2, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = 1; id <= 10000; id++) {
		rule_begin(&w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
		match_add(&w, NSGATE_MATCH_IN_IF, 0, names, sizeof(*names), NAMES);
		rule_end(&w);
	}
	ruleset_end(&w);
	o = exchange(&w);
	refused("a ruleset over its memory", o, E2BIG, NSGATE_FIELD_MEMORY);
	check(o.refusal.object == 1 && !info().rulesets && !info().memory, "the refusal tells object 1, and nothing is held");
}

static void test_garbage(void)
{
	uint64_t generation = info().generation;
	uint8_t bytes[600];

	srandom(1);
	for (int round = 0; round < 3000; round++) {
		struct nsgate_request *header = (void *)bytes;
		size_t length = random() % sizeof(bytes);

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = random() % 4 ? 0 : random();
		if (round % 2) {
			*header = (struct nsgate_request){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI,
							   .op = random() % 6, .length = length };
			bytes[24] = random() % 6;
			bytes[28] = random() % 80;
		}
		exchange_bytes(bytes, length);
	}
	check(info().generation == generation, "3000 writes of garbage change nothing");
}

void test_refusals(void)
{
	section("refusals");
	test_headers();
	test_split();
	test_objects();
	test_state();
	test_place();
	test_memory();
	test_garbage();
	check_empty("refusals");
}
