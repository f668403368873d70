// SPDX-License-Identifier: GPL-2.0
/* Address sets: put, matched, changed, replaced, dropped; and a large one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flood.h"
#include "tests.h"

#define LARGE	1000000
#define DELTA	10000

/* A rule that drops udp to port 5001 on input from the sets named. */
static void drop_from(struct wire *w, uint32_t number, const char *set, const char *other)
{
	struct nsgate_set_name names[] = { set_name(set), set_name(other ? other : "") };

	ruleset_begin(w, number, NSGATE_HOOK_INPUT, 0);
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(w, 17, 5001);
	match_add(w, NSGATE_MATCH_SRC_SET, 0, names, sizeof(*names), other ? 2 : 1);
	rule_end(w);
	ruleset_end(w);
}

static int through(const struct sandbox *s)
{
	return datagrams(s, s, "127.0.0.1", 5001, 3, NULL);
}

static int through6(const struct sandbox *s)
{
	return datagrams(s, s, "::1", 5001, 3, NULL);
}

static void refused(const char *what, struct outcome o, int error, enum nsgate_field field)
{
	check(o.error == error && o.refusal.field == field, "%s: %s (%s, field %u)", what, o.refusal.reason,
	      strerror(o.error), o.refusal.field);
}

/* A delta of one member: added if `add` is not NULL, removed if `remove` is not. */
static struct outcome try_delta(const char *set, uint64_t from, uint64_t version, const char *add, const char *remove)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	set_delta_begin(&w, set, from, version);
	if (add)
		member_add(&w, add);
	if (remove)
		member_remove(&w, remove);
	set_end(&w);
	return exchange(&w);
}

static void delta(uint64_t from, const char *add, const char *remove)
{
	must("a change of a set", try_delta("blocked", from, from + 1, add, remove));
}

static struct sandbox bind_to_set(void)
{
	struct sandbox s = sandbox_new();
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_from(&w, 1, "blocked", NULL);
	bind_add(&w, s.inode, s.birth, 1, 0);
	set_put_begin(&w, "blocked", 1);
	member_add(&w, "10.0.0.0/8");
	set_end(&w);
	must("a set, a ruleset that names it, and a bind", exchange(&w));
	return s;
}

static void clean_up(struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	set_drop_add(&w, "blocked");
	unbind_add(&w, s->inode, s->birth);
	drop_add(&w, 1);
	must("drop of a set with the ruleset that names it", exchange(&w));
	sandbox_delete(s);
}

static void test_members(void)
{
	struct sandbox s = bind_to_set();
	uint64_t epoch = listed(s.inode).epoch, packets;

	check(through(&s) == 3, "who is not in the set passes");
	delta(1, "127.0.0.0/8", NULL);
	check(!through(&s) && through6(&s) == 3, "who was added to the set is dropped, the other family is not");
	delta(2, "::1/128", NULL);
	check(!through(&s) && !through6(&s), "the set has members of both families");
	delta(3, "127.0.0.1/32", NULL);
	delta(4, NULL, "127.0.0.1/32");
	check(!through(&s), "a member that another one covers can be removed");
	delta(5, "127.0.0.1/32", "127.0.0.0/8");
	check(!through(&s), "and so can the one that covers it");
	delta(6, "0.0.0.0/0", "127.0.0.1/32");
	check(!through(&s), "all addresses can be a member");
	packets = counters(s.inode, 1).packets;
	delta(7, NULL, "0.0.0.0/0");
	check(through(&s) == 3 && !through6(&s), "who was removed passes");
	check(packets && counters(s.inode, 1).packets == packets + 3 && listed(s.inode).epoch == epoch,
	      "the rule's counters went on through all changes");
	check(listed_set("blocked").version == 8 && listed_set("blocked").members4 == 1 &&
	      listed_set("blocked").members6 == 1 && listed_set("blocked").rulesets == 1 &&
	      listed_set("blocked").memory >= 64, "the list tells version, members, rulesets and memory");
	clean_up(&s);
	check_empty("members");
}

static void test_classify_set(void)
{
	struct sandbox s = bind_to_set();
	struct nsgate_classify packet = { .inode = s.inode, .source = { 10, 9, 9, 9 }, .destination = { 127, 0, 0, 1 },
					  .destination_port = 5001, .hook = NSGATE_HOOK_INPUT,
					  .family = NSGATE_FAMILY_IPV4, .protocol = 17, .in_if = "lo" };

	check(classified(&packet).rule_id == 1, "classify looks into sets");
	delta(1, NULL, "10.0.0.0/8");
	check(!classified(&packet).rule_id, "as they are after a change");
	clean_up(&s);
}

static void test_replacement(void)
{
	struct sandbox s = bind_to_set();
	uint64_t generation = info().generation;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	set_put_begin(&w, "blocked", 1);
	member_add(&w, "127.0.0.0/8");
	set_end(&w);
	must("put of the version that is held", exchange(&w));
	check(through(&s) == 3 && info().generation == generation && listed_set("blocked").members4 == 1,
	      "a set that is held in the version that is put stays untouched");
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_put_begin(&w, "blocked", 9);
	member_add(&w, "127.0.0.0/8");
	member_add(&w, "192.0.2.0/24");
	set_end(&w);
	must("put of another version", exchange(&w));
	check(!through(&s) && info().generation == generation + 1 && listed_set("blocked").members4 == 2 &&
	      listed_set("blocked").rulesets == 1, "a set that is put again is replaced under the rulesets that name it");
	clean_up(&s);
	check_empty("replacement");
}

static void test_refused(void)
{
	struct sandbox s = bind_to_set();
	struct nsgate_info before = info();
	struct outcome o;
	struct wire w;

	o = try_delta("blocked", 7, 8, "127.0.0.0/8", NULL);
	refused("a change of another version", o, ESTALE, NSGATE_FIELD_SET_VERSION);
	check(strstr(o.refusal.reason, "1") && strstr(o.refusal.reason, "7"), "the refusal tells both versions");
	refused("a change of no set", try_delta("none", 1, 2, "127.0.0.0/8", NULL), ENOENT, NSGATE_FIELD_SET);
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_drop_add(&w, "none");
	refused("a drop of no set", exchange(&w), ENOENT, NSGATE_FIELD_SET);
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_drop_add(&w, "blocked");
	refused("a drop of a set in use", exchange(&w), EBUSY, NSGATE_FIELD_SET);
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_delta_begin(&w, "blocked", 1, 2);
	member_add(&w, "127.0.0.0/8");
	set_end(&w);
	drop_from(&w, 2, "blocked", "none");
	o = exchange(&w);
	refused("a ruleset that names no set", o, ENOENT, NSGATE_FIELD_SET);
	check(o.refusal.object == 1 && !o.refusal.rule && o.refusal.match == 2 && o.refusal.item == 1,
	      "the refusal tells object 1, rule 0, match 2, item 1");
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_put_begin(&w, "new", 1);
	member_add(&w, "127.0.0.0/8");
	set_end(&w);
	unbind_add(&w, 12345, 0);
	refused("a set in a commit that is refused", exchange(&w), ENOENT, NSGATE_FIELD_INODE);
	check(info().generation == before.generation && info().memory == before.memory && info().sets == 1 &&
	      listed_set("blocked").version == 1 && listed_set("blocked").rulesets == 1 && through(&s) == 3,
	      "after all of them everything is as before");
	clean_up(&s);
	check_empty("refusals of sets");
}

/* Hosts strewn over the upper half of all addresses: multiplied by an odd number, no two are the same. */
static uint32_t host(uint32_t number)
{
	return (number * 2654435761U & 0x7fffffff) | 0x80000000;
}

static double timed(const char *what, struct wire *w)
{
	double start = now();

	must(what, exchange(w));
	return now() - start;
}

/* A million members, then ten thousand more: what the rulesets have is not touched, and most of the set's memory is not. */
static void test_large(void)
{
	struct sandbox s = bind_to_set();
	struct nsgate_ruleset_info ruleset = listed_ruleset(1);
	struct nsgate_namespace ns;
	uint64_t members = 0, memory;
	double put, change;
	struct wire w;

	through(&s);
	ns = listed(s.inode);
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_put_begin(&w, "blocked", 100);
	for (; members < LARGE; members++)
		member_add_host4(&w, host(members));
	set_end(&w);
	put = timed("a put of a million members", &w);
	memory = listed_set("blocked").memory;
	check(listed_set("blocked").members4 == LARGE && through(&s) == 3, "a million members: %llu bytes each, put in %.0f ms",
	      (unsigned long long)(memory / LARGE), put * 1000);
	wire_begin(&w, NSGATE_OP_COMMIT);
	set_delta_begin(&w, "blocked", 100, 101);
	for (; members < LARGE + DELTA - 1; members++)
		member_add_host4(&w, host(members));
	member_add(&w, "127.0.0.0/8");
	set_end(&w);
	change = timed("a change by ten thousand", &w);
	check(change * 5 < put, "ten thousand more take %.1f ms", change * 1000);
	check(!through(&s) && listed_set("blocked").members4 == LARGE + DELTA, "and packets meet them");
	check(listed_ruleset(1).memory == ruleset.memory && listed(s.inode).epoch == ns.epoch &&
	      listed(s.inode).totals.seen == ns.totals.seen + 6, "the ruleset and its counters are the same");
	clean_up(&s);
	check_empty("a large set");
}

void test_sets(void)
{
	section("address sets");
	test_members();
	test_classify_set();
	test_replacement();
	test_refused();
	test_large();
}
