// SPDX-License-Identifier: GPL-2.0
/* Rulesets are shared; bindings die with their namespaces, inodes are recycled, births are not. */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tests.h"

#define MANY	1000

static void drop_udp(struct wire *w, uint32_t number)
{
	commit_begin(w, number, NSGATE_HOOK_INPUT, 0);
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(w, 17, 5001);
	rule_end(w);
	ruleset_end(w);
}

/* Until the kernel has taken a namespace down: a minute at most, when it has a thousand others to take down first. */
static bool gone(uint32_t inode)
{
	for (int i = 0; i < 6000 * patience() && listed(inode).inode; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return !listed(inode).inode;
}

/* Until the kernel has taken down all that were deleted: a minute, at most, or so many times that. */
static bool none_bound(void)
{
	for (int i = 0; i < 600 * patience() && info().bindings; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	return !info().bindings;
}

static void test_sharing(void)
{
	static struct sandbox many[MANY];
	struct nsgate_ruleset_info shared;
	uint64_t alone, first;
	struct wire w;

	drop_udp(&w, 1);
	must("put", exchange(&w));
	alone = listed_ruleset(1).memory;
	for (int i = 0; i < MANY; i++)
		many[i] = sandbox_new();
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, many[0].inode, many[0].birth, 1, 0);
	must("bind of one", exchange(&w));
	first = info().memory - alone;
	wire_begin(&w, NSGATE_OP_COMMIT);
	for (int i = 1; i < MANY; i++)
		bind_add(&w, many[i].inode, many[i].birth, 1, 0);
	must("bind of many", exchange(&w));
	check(info().memory == alone + MANY * first, "memory is one ruleset of %llu bytes and %d bindings of %llu",
	      (unsigned long long)alone, MANY, (unsigned long long)first);
	shared = listed_ruleset(1);
	check(shared.bindings == MANY && shared.memory == alone && info().rulesets == 1, "%d namespaces share one ruleset", MANY);
	check(!datagrams(&many[0], &many[0], "127.0.0.1", 5001, 3, NULL) &&
	      !datagrams(&many[MANY - 1], &many[MANY - 1], "127.0.0.1", 5001, 4, NULL), "it acts in the first and the last");
	check(counters(many[0].inode, 1).packets == 3 && counters(many[MANY - 1].inode, 1).packets == 4 &&
	      !counters(many[1].inode, 1).packets, "each counts for itself");
	for (int i = 0; i < MANY; i++)
		sandbox_delete(&many[i]);
	check(none_bound() && gone(many[MANY - 1].inode) && !listed_ruleset(1).bindings,
	      "all bindings die with their namespaces");
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	must("drop after death", exchange(&w));
}

static void test_rebirth(void)
{
	struct sandbox first = sandbox_new(), second;
	struct outcome o;
	struct wire w;

	drop_udp(&w, 1);
	bind_add(&w, first.inode, first.birth, 1, 0);
	must("bind", exchange(&w));
	sandbox_delete(&first);
	check(gone(first.inode), "a deleted namespace leaves the list");
	second = sandbox_new();
	check(second.birth > first.birth && !listed(second.inode).flags, "the next one%s is born unbound, with a birth of its own",
	      second.inode == first.inode ? " gets the same inode, but" : "");
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, second.inode, first.birth, 1, 0);
	o = exchange(&w);
	check(o.error, "a bind that expects the first one is refused: %s", o.refusal.reason);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	must("drop", exchange(&w));
	sandbox_delete(&second);
}

/* Put and dropped at once: never there. */
static void test_put_and_drop(void)
{
	uint64_t generation = info().generation;
	struct wire w;

	drop_udp(&w, 1);
	drop_add(&w, 1);
	must("put and drop", exchange(&w));
	check(!info().rulesets && info().generation == generation, "a ruleset put and dropped at once changes nothing");
	wire_begin(&w, NSGATE_OP_COMMIT);
	must("an empty commit", exchange(&w));
	check(info().generation == generation, "nor does an empty commit");
}

#define SWIFT_ROUNDS	21

static double milliseconds_of(struct wire *w)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	must("timed commit", exchange(w));
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - begin.tv_sec) * 1e3 + (end.tv_nsec - begin.tv_nsec) / 1e6;
}

static int by_size(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static double median(double times[SWIFT_ROUNDS])
{
	qsort(times, SWIFT_ROUNDS, sizeof(*times), by_size);
	return times[SWIFT_ROUNDS / 2];
}

static double time_bind(const struct sandbox *s, uint32_t number)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, s->inode, s->birth, number, 0);
	return milliseconds_of(&w);
}

/* A commit that waited for ordinary grace periods, of several ticks each, would take longer than this allows. */
static void test_swiftness(void)
{
	double first[SWIFT_ROUNDS], other[SWIFT_ROUNDS];
	struct sandbox s = sandbox_new();
	struct wire w;

	for (uint32_t number = 1; number <= 2; number++) {
		drop_udp(&w, number);
		must("put", exchange(&w));
	}
	for (int i = 0; i < SWIFT_ROUNDS; i++) {
		first[i] = time_bind(&s, 1);
		other[i] = time_bind(&s, 2);
		wire_begin(&w, NSGATE_OP_COMMIT);
		unbind_add(&w, s.inode, s.birth);
		must("unbind", exchange(&w));
	}
	check(median(first) < 10 * patience() && median(other) < 10 * patience(),
	      "a first bind takes %.2f ms, another ruleset %.2f ms, in the middle of %d", median(first), median(other),
	      SWIFT_ROUNDS);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	drop_add(&w, 2);
	must("drop", exchange(&w));
	sandbox_delete(&s);
}

void test_life(void)
{
	section("life");
	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 }))
		die("more open files");
	test_sharing();
	test_rebirth();
	test_put_and_drop();
	test_swiftness();
	check_empty("life");
}
