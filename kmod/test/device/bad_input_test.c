// SPDX-License-Identifier: GPL-2.0
/*
 * Bad requests by system: each field of a commit of every kind of object takes each of its bad values, each byte of it
 * changes, it is cut, stretched, split and repeated. All is refused, in the right place, and leaves no trace.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define NONE		NSGATE_NO_INDEX
#define MAX_VALUES	6

/* Where the parts of the good commit begin; matches by kind. */
static struct {
	size_t object[8], rule[4], match[NSGATE_MATCH_KINDS], end;
	uint32_t objects;
} at;

static struct sandbox fresh, bound, idle;

/* What the device holds: to be the same after a refusal. */
static struct held {
	struct nsgate_info info;
	uint8_t listing[8192];
} held;

static void read_held(struct held *h)
{
	struct outcome o;
	struct wire w;

	memset(h, 0, sizeof(*h));
	h->info = info();
	wire_begin(&w, NSGATE_OP_LIST);
	o = must("list", exchange(&w));
	memcpy(h->listing, payload(&o), o.length - sizeof(struct nsgate_reply) < sizeof(h->listing) ?
	       o.length - sizeof(struct nsgate_reply) : sizeof(h->listing));
}

static bool unchanged(void)
{
	static struct held after;

	read_held(&after);
	return !memcmp(&after, &held, sizeof(held));
}

/* Notes where the match that comes next begins. */
#define NEXT(w, kind)	(at.match[kind] = (w)->length, (kind))

static void add_first_rule(struct wire *w)
{
	at.rule[0] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP, .families = 1 });
	MATCH(w, NEXT(w, NSGATE_MATCH_SRC4), struct nsgate_prefix4, { { 10 }, 8 }, { { 192, 168 }, 16 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DST4), struct nsgate_prefix4, { { 10, 1 }, 16 });
	MATCH(w, NEXT(w, NSGATE_MATCH_PROTOCOL), __u8, 6);
	MATCH(w, NEXT(w, NSGATE_MATCH_SPORT), struct nsgate_port_range, { 1024, 65535 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DPORT), struct nsgate_port_range, { 22, 22 }, { 80, 90 });
	MATCH(w, NEXT(w, NSGATE_MATCH_TCP_FLAGS), struct nsgate_tcp_flags, { 0x12, 2 });
	MATCH(w, NEXT(w, NSGATE_MATCH_IN_IF), struct nsgate_ifname, { "lo" });
	MATCH(w, NEXT(w, NSGATE_MATCH_STATE), __u8, NSGATE_STATE_NEW);
	MATCH(w, NEXT(w, NSGATE_MATCH_MARK), struct nsgate_mark, { 1, 3 });
	rule_end(w);
}

static void add_other_rules(struct wire *w)
{
	at.rule[1] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_REJECT,
					    .reject_with = NSGATE_REJECT_PORT_UNREACH, .families = 2 });
	MATCH(w, NEXT(w, NSGATE_MATCH_SRC6), struct nsgate_prefix6, { .address = { 0xfd }, .length = 8 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DST6), struct nsgate_prefix6, { .length = 0 });
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 58);
	MATCH(w, NEXT(w, NSGATE_MATCH_ICMP6), struct nsgate_icmp, { 1, 0, 4, 0 });
	MATCH(w, NEXT(w, NSGATE_MATCH_OUT_IF), struct nsgate_ifname, { "eth*" });
	rule_end(w);
	at.rule[2] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 3, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_ACCEPT, .families = 1 });
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 1);
	MATCH(w, NEXT(w, NSGATE_MATCH_ICMP4), struct nsgate_icmp, { 8, 0, 255, 0 });
	rule_end(w);
}

static void next_object(const struct wire *w)
{
	at.object[at.objects++] = w->length;
}

/* A commit that the device would take; while `bound` is bound to ruleset 2. */
static struct wire good_commit(void)
{
	struct wire w;

	at.objects = 0;
	wire_begin(&w, NSGATE_OP_COMMIT);
	next_object(&w);
	ruleset_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	add_first_rule(&w);
	add_other_rules(&w);
	ruleset_end(&w);
	next_object(&w);
	bind_add(&w, fresh.inode, fresh.birth, 1, 0);
	next_object(&w);
	unbind_add(&w, bound.inode, bound.birth);
	next_object(&w);
	drop_add(&w, 2);
	next_object(&w);
	release_add(&w, idle.inode, idle.birth);
	next_object(&w);
	setting_add(&w, NSGATE_SETTING_QUARANTINE, 0);
	at.end = w.length;
	wire_finish(&w);
	return w;
}

/* A field of the good commit, its bad values, and where their refusal must point. */
struct bad_field {
	const char *name;
	size_t at;
	uint8_t size;
	uint8_t field;			/* enum nsgate_field */
	uint32_t object, rule, match, item;
	uint32_t values;
	uint64_t value[MAX_VALUES];
};

static unsigned long tried, wrong;

static void report(const struct bad_field *f, uint64_t value, const struct outcome *o)
{
	if (wrong++ < 10)
		printf("# %s = 0x%llx: error %d field %u object %d rule %d match %d item %d offset %u: %s\n", f->name,
		       (unsigned long long)value, o->error, o->refusal.field, o->refusal.object, o->refusal.rule,
		       o->refusal.match, o->refusal.item, o->refusal.offset, o->error ? o->refusal.reason : "accepted");
}

static void try_value(const struct wire *good, const struct bad_field *f, uint64_t value)
{
	uint8_t *bytes = malloc(good->length);
	struct outcome o;

	memcpy(bytes, good->bytes, good->length);
	memcpy(bytes + f->at, &value, f->size);
	o = exchange_bytes(bytes, good->length);
	free(bytes);
	tried++;
	if (!o.error || o.refusal.field != f->field || o.refusal.object != f->object || o.refusal.rule != f->rule ||
	    o.refusal.match != f->match || o.refusal.item != f->item)
		report(f, value, &o);
}

#define COUNT(...)	(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
#define FIELD(base, type, member, field_, object_, rule_, match_, item_, ...)				\
	{ .name = #type "." #member, .at = (base) + offsetof(struct type, member),			\
	  .size = sizeof(((struct type *)0)->member) > 8 ? 8 : sizeof(((struct type *)0)->member),	\
	  .field = NSGATE_FIELD_##field_, .object = object_, .rule = rule_, .match = match_, .item = item_, \
	  .values = COUNT(__VA_ARGS__), .value = { __VA_ARGS__ } }

#define HEADER(member, field, ...)	FIELD(0, nsgate_request, member, field, NONE, NONE, NONE, NONE, __VA_ARGS__)
#define RULESET(member, field, ...)	FIELD(at.object[0], nsgate_ruleset, member, field, 0, NONE, NONE, NONE, __VA_ARGS__)
#define RULE(n, member, field, ...)	FIELD(at.rule[n], nsgate_rule, member, field, 0, n, NONE, NONE, __VA_ARGS__)
#define HEAD(n, i, kind_, member, field, ...) \
	FIELD(at.match[NSGATE_MATCH_##kind_], nsgate_match, member, field, 0, n, i, NONE, __VA_ARGS__)
#define ITEM(n, i, kind_, k, type, member, field, ...) \
	FIELD(at.match[NSGATE_MATCH_##kind_] + sizeof(struct nsgate_match) + (k) * sizeof(struct type), type, member, field, \
	      0, n, i, k, __VA_ARGS__)
#define OBJECT(n, type, member, field, ...)	FIELD(at.object[n], type, member, field, n, NONE, NONE, NONE, __VA_ARGS__)

static void try_fields(const struct wire *good, const struct bad_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t v = 0; v < fields[i].values; v++)
			try_value(good, &fields[i], fields[i].value[v]);
}

#define TRY(good, ...) do {								\
	const struct bad_field fields_[] = { __VA_ARGS__ };				\
	try_fields(good, fields_, sizeof(fields_) / sizeof(*fields_));			\
} while (0)

static void try_frame(const struct wire *good)
{
	uint32_t length = good->length, put = at.object[1] - at.object[0];

	TRY(good,
	    HEADER(magic, REQUEST, 0, 1, 0x4e534754, 0xffffffff),
	    HEADER(abi, REQUEST, 0, 1, NSGATE_ABI + 1, 0xffff),
	    HEADER(op, REQUEST, 0, NSGATE_OP_INFO, NSGATE_OP_LIST, NSGATE_OP_STATS, 7, 0xffff),
	    HEADER(length, REQUEST, 0, 24, length - 8, length + 8, 0x7fffffff, 0xffffffff),
	    HEADER(reserved, RESERVED, 1, 0x80000000),
	    OBJECT(0, nsgate_object, type, OBJECT, 0, 10, 0xffffffff),
	    OBJECT(0, nsgate_object, length, OBJECT, 0, 7, put + 4, 0x80000000, 0xfffffff8, length),
	    OBJECT(1, nsgate_object, type, OBJECT, 0, 0x100, NSGATE_OBJECT_UNBIND, NSGATE_OBJECT_RULESET_DROP),
	    OBJECT(1, nsgate_object, length, OBJECT, 0, 4, at.object[3] - at.object[1], 0x80000000, 0xfffffff8),
	    OBJECT(2, nsgate_object, length, OBJECT, 0, 4, at.object[4] - at.object[2], 0x80000000, 0xfffffff8),
	    OBJECT(3, nsgate_object, length, OBJECT, 0, 4, at.object[5] - at.object[3], 0x80000000, 0xfffffff8),
	    OBJECT(4, nsgate_object, length, OBJECT, 0, 4, at.end - at.object[4], 0x80000000, 0xfffffff8),
	    OBJECT(5, nsgate_object, length, OBJECT, 0, 4, at.end - at.object[5] + 8, 0x80000000, 0xfffffff8));
}

static void try_objects(const struct wire *good)
{
	TRY(good,
	    OBJECT(1, nsgate_bind, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(1, nsgate_bind, flags, FLAGS, 2, 0x80000000, 0xffffffff),
	    OBJECT(1, nsgate_bind, birth, BIRTH, 1, fresh.birth + 1, ~0ULL, bound.birth),
	    OBJECT(1, nsgate_bind, digest, DIGEST, 404),
	    OBJECT(2, nsgate_unbind, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(2, nsgate_unbind, reserved, RESERVED, 1, 0xff000000),
	    OBJECT(2, nsgate_unbind, birth, BIRTH, 1, bound.birth + 1, fresh.birth),
	    OBJECT(3, nsgate_ruleset_drop, digest, DIGEST, 404, ~0ULL),
	    OBJECT(4, nsgate_release, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(4, nsgate_release, reserved, RESERVED, 1, 0x00010000),
	    OBJECT(4, nsgate_release, birth, BIRTH, 1, idle.birth + 1, ~0ULL),
	    OBJECT(5, nsgate_setting, setting, SETTING, 0, 3, 0xffffffff),
	    OBJECT(5, nsgate_setting, reserved, RESERVED, 1, 0x80000000),
	    OBJECT(5, nsgate_setting, value, SETTING, 2, ~0ULL, 1ULL << 32));
}

static void try_rules(const struct wire *good)
{
	uint32_t put = at.object[1] - at.object[0];

	TRY(good,
	    RULESET(rules, RULES, 0, 2, NSGATE_MAX_RULES + 1, 0xffffffff),
	    RULESET(default_verdict, DEFAULT, 0, 3, 4, 0xff),
	    RULESET(reserved, RESERVED, 1, 0x800000),
	    RULE(0, id, RULE_ID, 0),
	    RULE(1, id, RULE_ID, 0, 1),
	    RULE(0, length, RULE_LENGTH, 0, 8, 33, put, 0x80000000, 0xfffffff8),
	    RULE(0, hook, HOOK, 5, 0x80, 0xff),
	    RULE(0, action, ACTION, 0, 5, 0xff),
	    RULE(0, flags, FLAGS, 4, 0x80, 0xfc),
	    RULE(2, flags, FLAGS, NSGATE_RULE_SHADOW),
	    RULE(0, reject_with, REJECT_WITH, 1, 5, 6, 0xff),
	    RULE(1, reject_with, REJECT_WITH, 0, 5, 6, 0xff),
	    RULE(1, hook, HOOK, NSGATE_HOOK_PREROUTING, NSGATE_HOOK_POSTROUTING, 5),
	    RULE(0, families, FAMILIES, 0, 2, 3, 4, 0xff),
	    RULE(0, reserved, RESERVED, 1, 0xff0000),
	    RULE(0, log_rate, LOG, 1, 0xffff),
	    RULE(0, log_burst, LOG, 1, 0xffff));
}

static void try_matches(const struct wire *good)
{
	TRY(good,
	    HEAD(0, 0, SRC4, kind, MATCH_KIND, 0, NSGATE_MATCH_KINDS, 0xffff),
	    HEAD(0, 1, DST4, kind, MATCH_KIND, NSGATE_MATCH_SRC4),
	    HEAD(0, 0, SRC4, flags, MATCH_FLAGS, 2, 0x8000, 0xfffe),
	    HEAD(0, 0, SRC4, count, MATCH_COUNT, 0, 1000, NSGATE_MAX_ITEMS + 1, 0x20000000, 0xffffffff),
	    HEAD(0, 7, STATE, count, MATCH_COUNT, 0, 2),
	    ITEM(0, 0, SRC4, 1, nsgate_prefix4, length, MATCH_ITEM, 12, 33, 0xff),
	    ITEM(0, 0, SRC4, 1, nsgate_prefix4, reserved, RESERVED, 1, 0x800000),
	    ITEM(0, 1, DST4, 0, nsgate_prefix4, address, MATCH_ITEM, 0x0100000a, 0x80000000),
	    ITEM(0, 3, SPORT, 0, nsgate_port_range, last, MATCH_ITEM, 0, 1023),
	    ITEM(0, 4, DPORT, 1, nsgate_port_range, first, MATCH_ITEM, 91, 0xffff),
	    ITEM(0, 5, TCP_FLAGS, 0, nsgate_tcp_flags, mask, MATCH_ITEM, 0, 1, 0xfd),
	    ITEM(0, 5, TCP_FLAGS, 0, nsgate_tcp_flags, value, MATCH_ITEM, 1, 0x80),
	    ITEM(0, 5, TCP_FLAGS, 0, nsgate_tcp_flags, reserved, RESERVED, 1, 0x8000),
	    ITEM(0, 6, IN_IF, 0, nsgate_ifname, name, MATCH_ITEM, 0, 0x2f6f6c, 0x3a6f6c, 0x206f6c, 0x6c006f6c),
	    ITEM(0, 8, MARK, 0, nsgate_mark, value, MATCH_ITEM, 4, 0x80000000),
	    ITEM(0, 8, MARK, 0, nsgate_mark, mask, MATCH_ITEM, 0, 2),
	    ITEM(1, 0, SRC6, 0, nsgate_prefix6, length, MATCH_ITEM, 7, 129, 0xff),
	    ITEM(1, 1, DST6, 0, nsgate_prefix6, address, MATCH_ITEM, 1, 1ULL << 63),
	    ITEM(1, 1, DST6, 0, nsgate_prefix6, reserved, RESERVED, 1, 1ULL << 55),
	    ITEM(1, 3, ICMP6, 0, nsgate_icmp, code_first, MATCH_ITEM, 5, 0xff),
	    ITEM(1, 3, ICMP6, 0, nsgate_icmp, reserved, RESERVED, 1, 0xff),
	    ITEM(2, 1, ICMP4, 0, nsgate_icmp, reserved, RESERVED, 1, 0x80));
}

/* Copies of the request with `extra` bytes of zeros after it, freed by the caller. */
static uint8_t *copy_of(const struct wire *good, size_t extra)
{
	uint8_t *bytes = calloc(1, good->length + extra);

	memcpy(bytes, good->bytes, good->length);
	return bytes;
}

static bool refused(const void *bytes, size_t length)
{
	struct outcome o = exchange_bytes(bytes, length);

	tried++;
	return o.error;
}

/* Each byte takes other values, in a commit that fails at its last object if at no other. */
static void test_bytes(const struct wire *good)
{
	struct wire w = { .bytes = copy_of(good, 0), .length = good->length, .capacity = good->length };
	uint8_t *bytes;
	unsigned long accepted = 0;

	unbind_add(&w, 1, 0);	/* there is no such namespace */
	wire_finish(&w);
	bytes = w.bytes;
	tried = 0;
	for (size_t i = 0; i < w.length; i++) {
		uint8_t old = bytes[i], values[] = { 0, 1, 0x7f, 0x80, 0xff, old + 1, old - 1, old ^ 8 };

		if (i >= offsetof(struct nsgate_request, op) && i < offsetof(struct nsgate_request, op) + 2)
			continue;	/* another operation is another request */
		for (size_t v = 0; v < sizeof(values); v++) {
			bytes[i] = values[v];
			accepted += !refused(bytes, w.length);
		}
		bytes[i] = old;
	}
	check(!accepted && unchanged(), "%lu times a byte is another: refused, and nothing has changed", tried);
	wire_free(&w);
}

static bool between_objects(size_t cut)
{
	for (uint32_t i = 0; i < at.objects; i++)
		if (cut == at.object[i])
			return true;
	return false;
}

static void test_lengths(const struct wire *good)
{
	unsigned long accepted = 0;
	uint8_t *bytes = copy_of(good, 64);
	struct nsgate_request *header = (void *)bytes;

	tried = 0;
	for (size_t length = 0; length < good->length + 64; length++) {
		if (length == good->length)
			continue;
		header->length = good->length;
		accepted += !refused(bytes, length);
		header->length = length;
		if (!between_objects(length))
			accepted += !refused(bytes, length);
	}
	check(!accepted && unchanged(), "%lu times cut or stretched: refused, and nothing has changed", tried);
	tried = accepted = 0;
	header->length = good->length;
	for (size_t cut = 1; cut < good->length; cut++) {
		accepted += !refused(bytes, cut);
		accepted += !refused(bytes + cut, good->length - cut);
	}
	check(!accepted && unchanged(), "%lu halves of a split request: refused, and nothing has changed", tried);
	free(bytes);
}

/* Each object stands twice: the second is refused for what it names. */
static void test_repeated(const struct wire *good)
{
	static const uint8_t fields[] = { NSGATE_FIELD_DIGEST, NSGATE_FIELD_INODE, NSGATE_FIELD_INODE,
					  NSGATE_FIELD_DIGEST, NSGATE_FIELD_INODE, NSGATE_FIELD_SETTING };
	bool told = true;

	for (uint32_t i = 0; i < at.objects; i++) {
		size_t end = i + 1 < at.objects ? at.object[i + 1] : at.end;
		struct wire w = { .bytes = copy_of(good, end - at.object[i]), .length = good->length + end - at.object[i] };
		struct outcome o;

		memcpy(w.bytes + good->length, good->bytes + at.object[i], end - at.object[i]);
		o = exchange(&w);
		told &= o.error == EINVAL && o.refusal.field == fields[i] && o.refusal.object == at.objects;
	}
	check(told && unchanged(), "each kind of object, repeated, is refused for what it names");
}

/* The reason of a birth that is another names the namespace and both births. */
static void test_birth_reason(void)
{
	char inode[32], expected[32], actual[32];
	struct outcome o;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, bound.inode, fresh.birth);
	o = exchange(&w);
	snprintf(inode, sizeof(inode), "%u", bound.inode);
	snprintf(expected, sizeof(expected), "0x%llx", (unsigned long long)fresh.birth);
	snprintf(actual, sizeof(actual), "0x%llx", (unsigned long long)bound.birth);
	check(o.error == ESTALE && strstr(o.refusal.reason, inode) && strstr(o.refusal.reason, expected) &&
	      strstr(o.refusal.reason, actual), "another birth is refused by name: %s", o.refusal.reason);
}

static void test_fields(const struct wire *good)
{
	tried = wrong = 0;
	try_frame(good);
	try_objects(good);
	try_rules(good);
	try_matches(good);
	check(!wrong && unchanged(), "%lu bad values of fields: each refused in its place, and nothing has changed", tried);
}

static void bind_second(void)
{
	struct wire w;

	commit_begin(&w, 2, NSGATE_HOOK_OUTPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 9, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	rule_end(&w);
	put_and_bind(&w, &bound, 2);
}

void test_bad_input(void)
{
	struct wire good;

	section("bad input");
	fresh = sandbox_new();
	bound = sandbox_new();
	idle = sandbox_new();
	bind_second();
	read_held(&held);
	good = good_commit();
	test_fields(&good);
	test_bytes(&good);
	test_lengths(&good);
	test_repeated(&good);
	test_birth_reason();
	check(unchanged() && !exchange(&good).error, "the commit that all of them were made of is accepted");
	unbind_and_drop(&fresh, 1);
	sandbox_delete(&fresh);
	sandbox_delete(&bound);
	sandbox_delete(&idle);
	check_empty("bad input");
}
