// SPDX-License-Identifier: GPL-2.0
/* What CLASSIFY says of a packet is what becomes of it: random rulesets, and real packets on all hooks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "patience.h"
#include "tests.h"
#include "verdict.h"

#define RULESETS	60

/*
 * So many of them look at connection state. They come first: Linux before 4.10 goes on tracking when no ruleset looks at it
 * any more, and what goes out in a later round would make what comes in its reply.
 */
#define RULESETS_ON_STATE	15

#define PACKETS		40

/* The hooks on each way. */
static const uint8_t hooks_on[WAYS][3] = {
	[WAY_IN] = { NSGATE_HOOK_PREROUTING, NSGATE_HOOK_INPUT, NSGATE_HOOKS },
	[WAY_THROUGH] = { NSGATE_HOOK_PREROUTING, NSGATE_HOOK_FORWARD, NSGATE_HOOK_POSTROUTING },
	[WAY_OUT] = { NSGATE_HOOK_OUTPUT, NSGATE_HOOK_POSTROUTING, NSGATE_HOOKS },
};

static struct {
	unsigned long packets, hooks, rules, defaults, stopped, wrong;
} seen;

/* Everything that is counted in the binding. */
struct snapshot {
	struct nsgate_totals hooks[NSGATE_HOOKS];
	uint64_t packets[256];		/* by rule id */
};

static struct snapshot snapshot(uint32_t inode)
{
	struct snapshot s = { .packets = { 0 } };
	const struct nsgate_binding_stats *binding;
	const struct nsgate_rule_counters *rule;
	struct outcome o;
	struct wire w;

	wire_begin(&w, NSGATE_OP_STATS);
	WIRE_ADD(&w, (struct nsgate_stats_request){ .cursor = 0 });
	o = must("stats", exchange(&w));
	binding = (const void *)((const struct nsgate_stats *)payload(&o) + 1);
	if (!((const struct nsgate_stats *)payload(&o))->bindings || binding->inode != inode)
		return s;
	memcpy(s.hooks, binding->hooks, sizeof(s.hooks));
	rule = (const void *)(binding + 1);
	for (uint32_t i = 0; i < binding->rules; i++)
		if (rule[i].id < 256)
			s.packets[rule[i].id] = rule[i].packets;
	return s;
}

static void set_interfaces(struct nsgate_classify *d, enum way way)
{
	memset(d->in_if, 0, sizeof(d->in_if));
	memset(d->out_if, 0, sizeof(d->out_if));
	if (d->hook <= NSGATE_HOOK_FORWARD)
		strcpy(d->in_if, "vb");
	if (d->hook >= NSGATE_HOOK_FORWARD)
		strcpy(d->out_if, way == WAY_THROUGH ? "wb" : "vb");
}

/* A packet's way through softirqs takes a moment if they are put off. */
static struct snapshot after_packet(uint32_t inode, int first, uint64_t before)
{
	struct snapshot s = snapshot(inode);

	for (int i = 0; i < 1000 * patience() && s.hooks[first].seen == before; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		s = snapshot(inode);
	}
	return s;
}

static bool totals_agree(const struct nsgate_totals *before, const struct nsgate_totals *after, uint8_t verdict,
			 bool by_default)
{
	uint64_t accepted = after->accepted - before->accepted;
	uint64_t stopped = after->dropped + after->rejected - before->dropped - before->rejected;

	if (verdict != NSGATE_REJECT && after->rejected != before->rejected)
		return false;
	return accepted == (verdict == NSGATE_ACCEPT) && stopped == (verdict != NSGATE_ACCEPT) &&
	       after->seen - before->seen == 1 && after->defaulted - before->defaulted == by_default;
}

static bool untouched(const struct nsgate_totals *before, const struct nsgate_totals *after)
{
	return !memcmp(before, after, sizeof(*before));
}

static void report(uint32_t round, const struct nsgate_classify *d, const char *what)
{
	if (seen.wrong++ < 5)
		printf("# ruleset %u, net %u to %u, hook %u, family %u, protocol %u, ports %u %u, flags 0x%02x, icmp %u %u, mark %u: %s\n",
		       round, d->source[1], d->destination[1], d->hook, d->family, d->protocol, d->source_port,
		       d->destination_port, d->tcp_flags, d->icmp_type, d->icmp_code, d->mark, what);
}

/* One hook on the packet's way: what was told, and what was counted. Returns whether the packet goes on. */
static bool compare_hook(uint32_t round, struct nsgate_classify *d, const struct snapshot *before,
			 const struct snapshot *after)
{
	uint8_t hook = d->hook;
	struct nsgate_classified told;

	told = classified(d);
	seen.hooks++;
	seen.rules += told.rule_id != 0;
	seen.defaults += !told.rule_id;
	if (!totals_agree(&before->hooks[hook], &after->hooks[hook], told.verdict, !told.rule_id))
		report(round, d, "the hook's totals are another's");
	if (told.rule_id && after->packets[told.rule_id] != before->packets[told.rule_id] + 1)
		report(round, d, "the rule that was told did not count it");
	return told.verdict == NSGATE_ACCEPT;
}

static void compare_packet(uint32_t round, const struct field *f, const struct drawn_packet *packet)
{
	const uint8_t *hooks = hooks_on[packet->way];
	struct nsgate_classify d = packet->described;
	struct snapshot before = snapshot(f->b.inode), after;
	bool goes_on = true;

	d.inode = f->b.inode;
	d.birth = f->b.birth;
	send_drawn(f, packet);
	after = after_packet(f->b.inode, hooks[0], before.hooks[hooks[0]].seen);
	for (int i = 0; i < 3 && hooks[i] < NSGATE_HOOKS; i++) {
		d.hook = hooks[i];
		set_interfaces(&d, packet->way);
		if (goes_on)
			goes_on = compare_hook(round, &d, &before, &after);
		else if (!untouched(&before.hooks[hooks[i]], &after.hooks[hooks[i]]))
			report(round, &d, "it went on to the next hook");
	}
	if (packet->way != WAY_IN && left_field(f, packet, goes_on) != goes_on)
		report(round, &d, goes_on ? "it did not leave" : "it left all the same");
	seen.packets++;
	seen.stopped += !goes_on;
}

static void try_ruleset(uint32_t round, struct field *f)
{
	bool state = round < RULESETS_ON_STATE;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	draw_device_sets(&w, 1 + round);
	draw_device_ruleset(&w, 1, state);
	bind_add(&w, f->b.inode, f->b.birth, 1, 0);
	must("bind", exchange(&w));
	for (uint32_t i = 0; i < PACKETS; i++) {
		struct drawn_packet packet = draw_device_packet(state);

		compare_packet(round, f, &packet);
	}
	unbind_and_drop(&f->b, 1);
}

void test_verdicts(void)
{
	const char *chosen = getenv("NSGATE_TEST_SEED");
	uint64_t seed = chosen ? strtoull(chosen, NULL, 0) : 1;
	struct field f;
	struct wire w;

	section("verdicts");
	printf("# seed %llu (NSGATE_TEST_SEED sets another)\n", (unsigned long long)seed);
	field_open(&f);
	for (uint32_t round = 0; round < RULESETS; round++) {
		verdict_dice.state = seed * 1000003 + round;
		try_ruleset(round, &f);
	}
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_device_sets(&w);
	must("drop of sets", exchange(&w));
	check(!seen.wrong, "%lu packets on %lu hooks, %lu decided by rules, %lu by defaults, %lu stopped: all as classify says",
	      seen.packets, seen.hooks, seen.rules, seen.defaults, seen.stopped);
	check(seen.rules > 500 && seen.stopped > 200 && seen.stopped < seen.packets - 200, "packets met all kinds of fate");
	field_close(&f);
	check_empty("verdicts");
}
