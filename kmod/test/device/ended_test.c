// SPDX-License-Identifier: GPL-2.0
/* What a binding counted last is told after its end, until it is read, within bounds. */
#include <time.h>

#include "flood.h"
#include "tests.h"

/* A ruleset in which `rules` count rules match every udp packet on input. */
static void put_counting(uint32_t number, uint32_t rules)
{
	struct wire w;

	commit_begin(&w, number, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = 1; id <= rules; id++) {
		rule_begin(&w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_COUNT });
		MATCH(&w, NSGATE_MATCH_PROTOCOL, uint8_t, 17);
		rule_end(&w);
	}
	ruleset_end(&w);
	must("put", exchange(&w));
}

static void bind_to(const struct sandbox *s, uint32_t number)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, s->inode, s->birth, number, 0);
	must("bind", exchange(&w));
}

static void unbind(const struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s->inode, s->birth);
	must("unbind", exchange(&w));
}

static void send(const struct sandbox *s, int count)
{
	check(datagrams(s, s, "127.0.0.1", 5001, count, NULL) == count, "%d packets", count);
}

static bool is_end_of(const struct ended *e, const struct sandbox *s, uint64_t epoch)
{
	return e->bindings == 1 && e->last.inode == s->inode && e->last.birth == s->birth && e->last.epoch == epoch;
}

static bool counted(const struct ended *e, uint64_t packets)
{
	const struct nsgate_totals *input = &e->last.hooks[NSGATE_HOOK_INPUT];

	return e->rule.packets == packets && input->seen == packets && input->accepted == packets &&
	       input->defaulted == packets;
}

static void test_unbound(void)
{
	struct sandbox s = sandbox_new();
	uint64_t before = info().memory, epoch, cursor;
	struct ended e;

	put_counting(1, 1);
	bind_to(&s, 1);
	epoch = listed(s.inode).epoch;
	send(&s, 5);
	cursor = ended_since(0).cursor;
	send(&s, 3);
	unbind_and_drop(&s, 1);
	e = ended_since(cursor);
	check(is_end_of(&e, &s, epoch) && counted(&e, 8), "what was counted after the last reading is told when unbound");
	check(info().memory > before && info().memory < before + 1024, "and takes memory: %llu bytes",
	      (unsigned long long)(info().memory - before));
	e = ended_since(cursor);
	check(is_end_of(&e, &s, epoch), "the same cursor brings it again");
	check(ended_since(0).bindings == 1 && ended_since(12345).bindings == 1, "so do cursor 0 and one that was never given");
	check(!ended_since(e.cursor).bindings && !ended_since(0).bindings && info().memory == before,
	      "the next cursor lets go of it");
	sandbox_delete(&s);
}

static void test_died(void)
{
	struct sandbox s = sandbox_new();
	uint64_t epoch;
	struct ended e;

	put_counting(1, 2);
	bind_to(&s, 1);
	epoch = listed(s.inode).epoch;
	send(&s, 6);
	sandbox_delete(&s);
	sandboxes_settle();
	e = ended_since(0);
	check(is_end_of(&e, &s, epoch) && counted(&e, 6) && e.rules == 2, "what was counted is told when the namespace died");
	drop_ruleset(1);
	e = ended_since(0);
	check(is_end_of(&e, &s, epoch) && counted(&e, 6), "also without the ruleset");
	acknowledge_ended();
}

/* What is read already, or was never counted, is not told again with the end. */
static void test_nothing_unread(void)
{
	struct sandbox s = sandbox_new();
	uint64_t cursor;
	struct ended e;

	put_counting(1, 40);
	bind_to(&s, 1);
	unbind(&s);
	check(!ended_since(0).bindings, "a binding that counted nothing ends in silence");
	bind_to(&s, 1);
	send(&s, 2);
	cursor = ended_since(0).cursor;
	check(!ended_since(cursor).bindings, "nothing has ended yet");
	unbind(&s);
	check(!ended_since(cursor).bindings && !ended_since(0).bindings, "one that was read to its end does, too");
	bind_to(&s, 1);
	send(&s, 2);
	cursor = ended_since(0).cursor;
	unbind(&s);
	e = ended_since(cursor - 1);
	check(e.bindings == 1 && e.rules == 40 && e.rule.packets == 2, "a reading that nobody acknowledged does not count as read");
	drop_ruleset(1);
	sandbox_delete(&s);
	acknowledge_ended();
}

/* A new ruleset in place is no end; a rule that left by it is told with the end. */
static void test_replaced(void)
{
	struct sandbox s = sandbox_new();
	struct ended e;

	put_counting(1, 2);
	put_counting(2, 1);
	bind_to(&s, 1);
	send(&s, 4);
	bind_to(&s, 2);
	check(!ended_since(0).bindings, "another ruleset in place ends nothing");
	send(&s, 1);
	unbind_and_drop(&s, 2);
	e = ended_since(0);
	check(e.bindings == 1 && e.rules == 2 && e.packets == 9 && e.rule.id == 2 && e.rule.packets == 4,
	      "the end tells a rule that had left, too");
	drop_ruleset(1);
	sandbox_delete(&s);
	acknowledge_ended();
}

#define GROUP	25
#define CYCLES	43

static struct sandbox group[GROUP];

static void bind_group(bool bound)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	for (int i = 0; i < GROUP; i++) {
		if (bound)
			bind_add(&w, group[i].inode, group[i].birth, 1, 0);
		else
			unbind_add(&w, group[i].inode, group[i].birth);
	}
	must(bound ? "bind of a group" : "unbind of a group", exchange(&w));
}

/* In each cycle GROUP bindings of a ruleset end, each with a packet for all of its rules. Nobody reads. */
static void end_groups(uint32_t rules, int cycles)
{
	put_counting(1, rules);
	for (int cycle = 0; cycle < cycles; cycle++) {
		bind_group(true);
		for (int i = 0; i < GROUP; i++)
			if (datagrams(&group[i], &group[i], "127.0.0.1", 5001, 1, NULL) != 1)
				die("a packet");
		bind_group(false);
	}
	drop_ruleset(1);
}

/* By number. */
static void test_many(void)
{
	uint64_t before = info().memory, held;
	uint32_t lost = ended_since(0).lost;
	struct ended e;

	end_groups(1, CYCLES);
	held = info().memory - before;
	e = ended_since(0);
	check(e.bindings == NSGATE_MAX_ENDED && e.packets == NSGATE_MAX_ENDED &&
	      e.lost - lost == CYCLES * GROUP - NSGATE_MAX_ENDED, "of %d ends, %u are held, %u were let go", CYCLES * GROUP,
	      e.bindings, e.lost - lost);
	check(held < NSGATE_MAX_ENDED * 512, "in %llu bytes", (unsigned long long)held);
	check(ended_since(e.cursor).lost == e.lost, "those that were read are not lost");
	check(info().memory == before, "and all of it comes back");
}

/* By bytes. */
static void test_large(void)
{
	uint32_t lost = ended_since(0).lost;
	uint64_t before = info().memory, held;
	struct ended e;

	end_groups(1000, 4);
	held = info().memory - before;
	e = ended_since(0);
	check(e.bindings + e.lost - lost == 4 * GROUP && e.packets == 1000 * e.bindings &&
	      held <= NSGATE_MAX_ENDED_BYTES + 8192 && held > NSGATE_MAX_ENDED_BYTES - 65536,
	      "of %d ends with 1000 rules, %u are held, in %llu bytes", 4 * GROUP, e.bindings, (unsigned long long)held);
	acknowledge_ended();
}

static void test_bounds(void)
{
	for (int i = 0; i < GROUP; i++)
		group[i] = sandbox_new();
	test_many();
	test_large();
	for (int i = 0; i < GROUP; i++)
		sandbox_delete(&group[i]);
}

#define ROUNDS	30

/* The last counts are those after the last packet: rules, hook and default agree. */
static void test_under_traffic(void)
{
	struct sandbox held = hold_hooks(), s = sandbox_new();
	struct flood f = flood_start(&s, &s, "127.0.0.1");
	int told = 0, wrong = 0;
	uint64_t packets = 0;

	put_counting(1, 3);
	for (int i = 0; i < ROUNDS; i++) {
		struct ended e;

		bind_to(&s, 1);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		unbind(&s);
		e = ended_since(0);
		told += e.bindings;
		wrong += e.bindings && (e.rules != 3 || !counted(&e, e.packets / 3));
		packets += e.packets / 3;
		acknowledge_ended();
	}
	flood_stop(&f);
	check(told > ROUNDS / 2 && packets && !wrong, "%d of %d ends under traffic tell %llu packets, %d not by rules and hook alike",
	      told, ROUNDS, (unsigned long long)packets, wrong);
	drop_ruleset(1);
	sandbox_delete(&s);
	unbind_and_drop(&held, 3);
	sandbox_delete(&held);
}

void test_ended(void)
{
	section("ended");
	acknowledge_ended();
	test_unbound();
	test_died();
	test_nothing_unread();
	test_replaced();
	test_bounds();
	test_under_traffic();
	check_empty("ended");
}
