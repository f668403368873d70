// SPDX-License-Identifier: GPL-2.0
/* Each field of a commit of every kind of object, and of the other requests, takes each of its bad values. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "good_commit.h"
#include "tests.h"

#define NONE		NSGATE_NO_INDEX
#define MAX_VALUES	6

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

static unsigned long values, wrong;

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
	values++;
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

#define EVENTS(member, field, ...)	\
	FIELD(sizeof(struct nsgate_request), nsgate_events_request, member, field, NONE, NONE, NONE, NONE, __VA_ARGS__)
#define HEADER(member, field, ...)	FIELD(0, nsgate_request, member, field, NONE, NONE, NONE, NONE, __VA_ARGS__)
#define RULESET(member, field, ...)	FIELD(at.object[GOOD_PUT], nsgate_ruleset, member, field, 0, NONE, NONE, NONE, __VA_ARGS__)
#define RULE(n, member, field, ...)	FIELD(at.rule[n], nsgate_rule, member, field, 0, n, NONE, NONE, __VA_ARGS__)
#define HEAD(n, i, kind_, member, field, ...) \
	FIELD(at.match[NSGATE_MATCH_##kind_], nsgate_match, member, field, 0, n, i, NONE, __VA_ARGS__)
#define ITEM(n, i, kind_, k, type, member, field, ...) \
	FIELD(at.match[NSGATE_MATCH_##kind_] + sizeof(struct nsgate_match) + (k) * sizeof(struct type), type, member, field, \
	      0, n, i, k, __VA_ARGS__)
#define MEMBER(n, base, i, type, member, field, ...)	FIELD(base, type, member, field, n, NONE, NONE, i, __VA_ARGS__)
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
	uint32_t length = good->length, put = at.object[GOOD_BIND] - at.object[GOOD_PUT];

	TRY(good,
	    HEADER(magic, REQUEST, 0, 1, 0x4e534754, 0xffffffff),
	    HEADER(abi, REQUEST, 0, 1, NSGATE_ABI + 1, 0xffff),
	    HEADER(op, REQUEST, 0, NSGATE_OP_INFO, NSGATE_OP_LIST, NSGATE_OP_STATS, 7, 0xffff),
	    HEADER(length, REQUEST, 0, 24, length - 8, length + 8, 0x7fffffff, 0xffffffff),
	    HEADER(reserved, RESERVED, 1, 0x80000000),
	    OBJECT(GOOD_PUT, nsgate_object, type, OBJECT, 0, 10, 0xffffffff),
	    OBJECT(GOOD_PUT, nsgate_object, length, OBJECT, 0, 7, put + 4, 0x80000000, 0xfffffff8, length),
	    OBJECT(GOOD_BIND, nsgate_object, type, OBJECT, 0, 0x100, NSGATE_OBJECT_UNBIND, NSGATE_OBJECT_RULESET_DROP),
	    OBJECT(GOOD_BIND, nsgate_object, length, OBJECT, 0, 4, at.object[GOOD_DROP] - at.object[GOOD_BIND], 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_UNBIND, nsgate_object, length, OBJECT, 0, 4, at.object[GOOD_RELEASE] - at.object[GOOD_UNBIND], 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_DROP, nsgate_object, length, OBJECT, 0, 4, at.object[GOOD_SETTING] - at.object[GOOD_DROP], 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_RELEASE, nsgate_object, length, OBJECT, 0, 4, at.object[GOOD_SET_PUT] - at.object[GOOD_RELEASE], 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_SETTING, nsgate_object, length, OBJECT, 0, 4, at.object[GOOD_SET_DELTA] - at.object[GOOD_SETTING], 0x80000000, 0xfffffff8));
}

/* The good commit's address sets. */
static void try_sets(const struct wire *good)
{
	size_t members = at.object[GOOD_SET_PUT] + sizeof(struct nsgate_set);
	uint64_t past_end = at.object[GOOD_OBJECTS] - at.object[GOOD_SET_PUT] + 8;

	TRY(good,
	    OBJECT(GOOD_SET_PUT, nsgate_object, length, OBJECT, 0, 4, past_end, 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_SET_PUT, nsgate_set, name, SET, 0),
	    OBJECT(GOOD_SET_PUT, nsgate_set, members4, MEMBERS, 0, 2, 4, NSGATE_MAX_MEMBERS, 0xffffffff),
	    OBJECT(GOOD_SET_PUT, nsgate_set, members6, MEMBERS, 0, 2, NSGATE_MAX_MEMBERS, 0xffffffff),
	    MEMBER(GOOD_SET_PUT, members, 0, nsgate_prefix4, length, MEMBER, 6, 33, 0xff),
	    MEMBER(GOOD_SET_PUT, members, 0, nsgate_prefix4, address, MEMBER, 0x0100000a),
	    MEMBER(GOOD_SET_PUT, members, 0, nsgate_prefix4, reserved, RESERVED, 1, 0x800000),
	    MEMBER(GOOD_SET_PUT, members + sizeof(struct nsgate_prefix4), 1, nsgate_prefix6, length, MEMBER, 28, 129),
	    OBJECT(GOOD_SET_DELTA, nsgate_object, length, OBJECT, 0, 4, 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, name, SET, 0, 0x343034),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, from, SET_VERSION, 0, 2, 3, ~0ULL),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, version, SET_VERSION, 1),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, add4, MEMBERS, 0, 2, NSGATE_MAX_MEMBERS + 1, 0xffffffff),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, remove4, MEMBERS, 0, 2, 0xffffffff),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, add6, MEMBERS, 0, 2, 0xffffffff),
	    OBJECT(GOOD_SET_DELTA, nsgate_set_delta, remove6, MEMBERS, 1, 0xffffffff),
	    OBJECT(GOOD_SET_DROP, nsgate_object, length, OBJECT, 0, 4, 80, 0x80000000, 0xfffffff8),
	    OBJECT(GOOD_SET_DROP, nsgate_set_drop, name, SET, 0, 0x343034),
	    ITEM(3, 0, SRC_SET, 0, nsgate_set_name, name, MATCH_ITEM, 0),
	    ITEM(3, 0, SRC_SET, 1, nsgate_set_name, name, SET, 0x343034),
	    HEAD(3, 1, DST_SET, count, MATCH_COUNT, 0, 2, NSGATE_MAX_ITEMS + 1, 0xffffffff));
}

static void try_objects(const struct wire *good)
{
	TRY(good,
	    OBJECT(GOOD_BIND, nsgate_bind, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(GOOD_BIND, nsgate_bind, flags, FLAGS, 2, 0x80000000, 0xffffffff),
	    OBJECT(GOOD_BIND, nsgate_bind, birth, BIRTH, 1, fresh.birth + 1, ~0ULL, bound.birth),
	    OBJECT(GOOD_BIND, nsgate_bind, digest, DIGEST, 404),
	    OBJECT(GOOD_UNBIND, nsgate_unbind, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(GOOD_UNBIND, nsgate_unbind, reserved, RESERVED, 1, 0xff000000),
	    OBJECT(GOOD_UNBIND, nsgate_unbind, birth, BIRTH, 1, bound.birth + 1, fresh.birth),
	    OBJECT(GOOD_DROP, nsgate_ruleset_drop, digest, DIGEST, 404, ~0ULL),
	    OBJECT(GOOD_RELEASE, nsgate_release, inode, INODE, 0, 1, 0xffffffff),
	    OBJECT(GOOD_RELEASE, nsgate_release, reserved, RESERVED, 1, 0x00010000),
	    OBJECT(GOOD_RELEASE, nsgate_release, birth, BIRTH, 1, idle.birth + 1, ~0ULL),
	    OBJECT(GOOD_SETTING, nsgate_setting, setting, SETTING, 0, 3, 0xffffffff),
	    OBJECT(GOOD_SETTING, nsgate_setting, reserved, RESERVED, 1, 0x80000000),
	    OBJECT(GOOD_SETTING, nsgate_setting, value, SETTING, 2, ~0ULL, 1ULL << 32));
}

static void try_rules(const struct wire *good)
{
	uint32_t put = at.object[GOOD_BIND] - at.object[GOOD_PUT];

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
	    RULE(0, log_burst, LOG, 1, 0xffff),
	    RULE(3, log_rate, LOG, 0),
	    RULE(3, log_burst, LOG, 0),
	    RULE(3, flags, LOG, 0),
	    RULESET(default_log_rate, LOG, 1, 0xffff),
	    RULESET(default_log_burst, LOG, 1, 0xffff));
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

/* The fields of a request for events and of one for stats: they are no objects. */
static void try_other_requests(void)
{
	struct nsgate_info i = info();
	struct wire events, stats;

	events_request(&events, 0, i.instance, 0);
	wire_finish(&events);
	TRY(&events,
	    HEADER(length, REQUEST, 0, 24, 1 << 20, 0xffffffff),
	    HEADER(reserved, RESERVED, 1, 0x80000000),
	    EVENTS(cursor, REQUEST, 1ULL << 60, ~0ULL),
	    EVENTS(instance, REQUEST, i.instance + 1, ~i.instance),
	    EVENTS(signal, SIGNAL, 9, 19, 32, 64, 0x80000000, 0xffffffff),
	    EVENTS(reserved, RESERVED, 1, 0x80000000));
	wire_free(&events);
	wire_begin(&stats, NSGATE_OP_STATS);
	WIRE_ADD(&stats, (struct nsgate_stats_request){ .cursor = 0 });
	wire_finish(&stats);
	TRY(&stats,
	    HEADER(op, REQUEST, NSGATE_OP_INFO, NSGATE_OP_LIST, 0, 7),
	    HEADER(length, REQUEST, 0, 24, 1 << 20, 0xffffffff));
	wire_free(&stats);
}

unsigned long bad_fields(const struct wire *good, unsigned long *tried)
{
	values = wrong = 0;
	try_frame(good);
	try_objects(good);
	try_rules(good);
	try_matches(good);
	try_sets(good);
	try_other_requests();
	*tried = values;
	return wrong;
}
