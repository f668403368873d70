// SPDX-License-Identifier: GPL-2.0
/* Commits in a loop under traffic: at every instant a packet meets the whole old or the whole new ruleset. */
#include <time.h>
#include <unistd.h>

#include "flood.h"
#include "tests.h"

#define SECONDS	(5 * patience())
#define LEAST	20	/* swaps: those that wait for senders take a while */

static void drop_on(struct wire *w, uint32_t number, enum nsgate_hook hook, uint64_t id)
{
	ruleset_begin(w, number, hook, 0);
	rule_begin(w, (struct nsgate_rule){ .id = id, .hook = hook, .action = NSGATE_DROP });
	match_service(w, 17, 5001);
	rule_end(w);
	ruleset_end(w);
}

/* Between two swaps the flood has a moment in which it meets one ruleset alone, on a single CPU too. */
static int swap_for(const struct sandbox *s, double seconds)
{
	double end = now() + seconds;
	struct wire w;
	int swaps = 0;

	while (now() < end || swaps < LEAST) {
		wire_begin(&w, NSGATE_OP_COMMIT);
		bind_add(&w, s->inode, s->birth, 1 + ++swaps % 2, 0);
		must("swap", exchange(&w));
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	return swaps;
}

static void drop_both(const struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s->inode, 0);
	drop_add(&w, 1);
	drop_add(&w, 2);
	must("clean up", exchange(&w));
}

/* One ruleset drops on prerouting, the other on input: a packet that met half of each would get through. */
static void test_hooks_mixture(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	struct flood f;
	struct wire w;
	int swaps, through;

	sandbox_join(&a, &b);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_on(&w, 1, NSGATE_HOOK_PREROUTING, 1);
	drop_on(&w, 2, NSGATE_HOOK_INPUT, 1);
	bind_add(&w, b.inode, b.birth, 1, 0);
	must("bind", exchange(&w));
	f = flood_start(&a, &b, "10.9.0.2");
	swaps = swap_for(&b, SECONDS);
	through = flood_stop(&f);
	check(!through && swaps >= LEAST, "%d swaps of prerouting and input under %llu packets: %d got through", swaps,
	      (unsigned long long)f.state->sent, through);
	check(counters(b.inode, 1).packets <= f.state->sent && counters(b.inode, 1).packets * 10 > f.state->sent * 9,
	      "each that arrived was counted once: %llu", counters(b.inode, 1).packets);
	drop_both(&b);
	sandbox_delete(&a);
	sandbox_delete(&b);
}

/* The same on the sender's side, where no packet is lost on the way: the counts are exact. */
static void test_counts(void)
{
	struct nsgate_totals output, postrouting;
	struct sandbox s = sandbox_new();
	struct flood f;
	struct wire w;
	int swaps, through;

	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_on(&w, 1, NSGATE_HOOK_OUTPUT, 1);
	drop_on(&w, 2, NSGATE_HOOK_POSTROUTING, 1);
	bind_add(&w, s.inode, s.birth, 1, 0);
	must("bind", exchange(&w));
	f = flood_start(&s, &s, "127.0.0.1");
	swaps = swap_for(&s, SECONDS);
	through = flood_stop(&f);
	check(!through && swaps >= LEAST, "%d swaps of output and postrouting under %llu packets: %d got through", swaps,
	      (unsigned long long)f.state->sent, through);
	check(counters(s.inode, 1).packets == f.state->sent, "each was counted once: %llu", counters(s.inode, 1).packets);
	output = totals(s.inode, NSGATE_HOOK_OUTPUT);
	postrouting = totals(s.inode, NSGATE_HOOK_POSTROUTING);
	check(output.dropped + postrouting.dropped == f.state->sent && !output.rejected && !postrouting.rejected &&
	      output.dropped && postrouting.dropped, "of all verdicts none is lost and none doubled: %llu and %llu dropped",
	      output.dropped, postrouting.dropped);
	check(output.seen == output.accepted + output.dropped && postrouting.seen == postrouting.dropped,
	      "what a hook saw is the sum of its verdicts, and nothing passed the last");
	drop_both(&s);
	sandbox_delete(&s);
}

/* Namespaces that are bound, flooded and deleted. */
static void test_death_under_traffic(void)
{
	struct wire w;

	for (int i = 0; i < 10; i++) {
		struct sandbox a = sandbox_new(), b = sandbox_new();
		struct flood f;

		sandbox_join(&a, &b);
		wire_begin(&w, NSGATE_OP_COMMIT);
		drop_on(&w, 1, NSGATE_HOOK_PREROUTING, 1);
		bind_add(&w, b.inode, b.birth, 1, 0);
		must("bind", exchange(&w));
		f = flood_start(&a, &b, "10.9.0.2");
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		close(f.receiver);
		f.receiver = -1;
		sandbox_delete(&b);
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		flood_stop(&f);
		sandbox_delete(&a);
	}
	nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	check(info().bindings == 1, "ten namespaces died under traffic, and their bindings with them");
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	must("drop", exchange(&w));
}

void test_swap(void)
{
	struct sandbox holder;

	section("swaps under traffic");
	holder = hold_hooks();
	test_hooks_mixture();
	test_counts();
	test_death_under_traffic();
	unbind_and_drop(&holder, 3);
	sandbox_delete(&holder);
	check_empty("swaps");
}
