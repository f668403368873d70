// SPDX-License-Identifier: GPL-2.0
/* Counters survive what they should, and the cursor brings what changed and nothing else. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define LATE	50	/* milliseconds that the clock of jiffies may be late, with a busy host */

/* A ruleset with one count rule for udp 5000 + id - 1, for each id from `first` to `last`. */
static void counting(struct wire *w, uint32_t number, uint64_t first, uint64_t last)
{
	commit_begin(w, number, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = first; id <= last; id++) {
		rule_begin(w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_COUNT });
		match_service(w, 17, 5000 + id - 1);
		rule_end(w);
	}
	ruleset_end(w);
}

static uint64_t commit_counting(const struct sandbox *s, uint32_t number, uint64_t first, uint64_t last)
{
	struct outcome o;
	struct wire w;

	counting(&w, number, first, last);
	bind_add(&w, s->inode, s->birth, number, 0);
	o = must("commit", exchange(&w));
	return ((const struct nsgate_committed *)payload(&o))->generation;
}

static void send_to_rule(const struct sandbox *s, uint64_t id, int count)
{
	check(datagrams(s, s, "127.0.0.1", 5000 + id - 1, count, NULL) == count, "%d packets for rule %llu", count,
	      (unsigned long long)id);
}

static void test_swap_keeps(void)
{
	struct sandbox s = sandbox_new();
	uint64_t generation = commit_counting(&s, 1, 1, 3), epoch = listed(s.inode).epoch, hit;

	send_to_rule(&s, 1, 5);
	send_to_rule(&s, 3, 7);
	hit = counters(s.inode, 3).last_hit;
	check(commit_counting(&s, 1, 1, 3) == generation, "the same commit again changes no generation");
	check(counters(s.inode, 1).packets == 5 && listed(s.inode).epoch == epoch, "nor any counter, nor the epoch");
	check(commit_counting(&s, 2, 2, 4) == generation + 1, "another ruleset raises it by one");
	check(counters(s.inode, 3).packets == 7 && counters(s.inode, 3).last_hit == hit && listed(s.inode).epoch == epoch,
	      "the rule that stays keeps its counts, its last hit and the epoch");
	check(counters(s.inode, 4).id == 4 && !counters(s.inode, 4).packets && counters(s.inode, 1).packets == 5 &&
	      !counters(s.inode, 5).id, "a new rule begins at zero, one that went is told as it stood");
	send_to_rule(&s, 3, 2);
	check(counters(s.inode, 3).packets == 9 && counters(s.inode, 3).bytes == 9 * 34, "counts go on from there");
	check(totals(s.inode, NSGATE_HOOK_INPUT).accepted == 14, "the hook's totals go on as well");
	commit_counting(&s, 1, 1, 3);
	check(counters(s.inode, 3).packets == 9 && counters(s.inode, 1).packets == 5,
	      "a rule that comes back in the same epoch goes on from where it was");
	unbind_and_drop(&s, 2 - 1);
	drop_ruleset(2);
	commit_counting(&s, 1, 1, 3);
	check(!counters(s.inode, 3).packets && listed(s.inode).epoch != epoch, "unbound and bound again: zero, a new epoch");
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

/* What a rule counted between the last reading and its leaving the ruleset is read afterwards. */
static void test_leaving(void)
{
	struct sandbox s = sandbox_new();
	uint32_t bindings, rules;
	uint64_t cursor, next;

	commit_counting(&s, 1, 1, 3);
	send_to_rule(&s, 1, 2);
	stats_since(0, &cursor, &bindings, &rules);
	send_to_rule(&s, 1, 3);
	commit_counting(&s, 2, 2, 3);
	stats_since(cursor, &next, &bindings, &rules);
	check(bindings == 1 && rules == 1 && counters(s.inode, 1).packets == 5 && counters(s.inode, 1).bytes == 5 * 34,
	      "a rule that left with counts unread is told once more, with all of them");
	stats_since(next, &cursor, &bindings, &rules);
	check(!bindings && !rules, "and then no more");
	unbind_and_drop(&s, 2);
	acknowledge_ended();
	drop_ruleset(1);
	sandbox_delete(&s);
}

static uint64_t boot_milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* The hit is the last packet's, whenever it is read and whoever else counts. */
static void test_last_hit(void)
{
	struct sandbox s = sandbox_new();
	uint64_t before, after, hit;

	commit_counting(&s, 1, 1, 100);
	send_to_rule(&s, 50, 1);
	usleep(200000);
	before = boot_milliseconds();
	send_to_rule(&s, 50, 1);
	after = boot_milliseconds();
	usleep(200000);
	send_to_rule(&s, 51, 1);
	hit = counters(s.inode, 50).last_hit;
	check(hit + LATE >= before && hit <= after + LATE, "the last hit was %lld ms after the packet was sent",
	      (long long)(hit - before));
	commit_counting(&s, 2, 50, 149);
	check(counters(s.inode, 50).last_hit == hit && counters(s.inode, 51).last_hit > hit + 100,
	      "another ruleset in which the rules have other places tells the same of each");
	check(counters(s.inode, 52).id == 52 && !counters(s.inode, 52).last_hit && !counters(s.inode, 52).packets,
	      "and none of a rule that was never hit");
	unbind_and_drop(&s, 2);
	acknowledge_ended();
	drop_ruleset(1);
	sandbox_delete(&s);
}

static void test_cursor(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	uint64_t cursor, next, later;
	uint32_t bindings, rules;
	struct wire w;

	counting(&w, 1, 1, 100);
	bind_add(&w, a.inode, a.birth, 1, 0);
	bind_add(&w, b.inode, b.birth, 1, 0);
	must("bind two", exchange(&w));
	stats_since(0, &cursor, &bindings, &rules);
	check(bindings == 2 && rules == 200, "cursor 0 brings everything");
	stats_since(cursor, &next, &bindings, &rules);
	check(!bindings && !rules, "nothing changed, nothing comes");
	send_to_rule(&a, 40, 1);
	stats_since(cursor, &next, &bindings, &rules);
	check(bindings == 1 && rules == 1, "one rule hit: one binding with one rule");
	stats_since(cursor, &later, &bindings, &rules);
	check(bindings == 1 && rules == 1, "the same cursor brings the same again");
	stats_since(next, &later, &bindings, &rules);
	check(!bindings, "the next cursor does not");
	stats_since(12345, &later, &bindings, &rules);
	check(bindings == 2 && rules == 200, "a cursor that was never given brings everything");
	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, a.inode, 0);
	unbind_add(&w, b.inode, 0);
	drop_add(&w, 1);
	must("unbind two", exchange(&w));
	sandbox_delete(&a);
	sandbox_delete(&b);
}

#define MANY_RULES	5000

/* Counters take memory where rules are hit, not where they could be. */
static void test_memory(void)
{
	uint64_t unbound, bound, hit, cursor;
	struct sandbox s = sandbox_new();
	uint32_t bindings, rules;
	struct wire w;

	counting(&w, 1, 1, MANY_RULES);
	must("put", exchange(&w));
	unbound = info().memory;
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, s.inode, s.birth, 1, 0);
	must("bind", exchange(&w));
	bound = info().memory - unbound;
	check(bound < MANY_RULES, "a binding of %d rules takes %llu bytes before one is hit", MANY_RULES,
	      (unsigned long long)bound);
	send_to_rule(&s, 1, 3);
	send_to_rule(&s, MANY_RULES, 2);
	stats_since(0, &cursor, &bindings, &rules);
	hit = info().memory - unbound;
	check(rules == MANY_RULES && counters(s.inode, 1).packets == 3 && counters(s.inode, MANY_RULES).packets == 2,
	      "the first and the last of them count");
	check(hit > bound && hit < bound + 16384, "two that were hit take %llu more", (unsigned long long)(hit - bound));
	commit_counting(&s, 2, 2, MANY_RULES + 1);
	unbound = listed_ruleset(1).memory + listed_ruleset(2).memory;
	check(info().memory - unbound < hit + 1024 && counters(s.inode, MANY_RULES).packets == 2,
	      "another ruleset takes over their counts, and no more memory: %llu bytes",
	      (unsigned long long)(info().memory - unbound));
	unbind_and_drop(&s, 2);
	drop_ruleset(1);
	sandbox_delete(&s);
}

static long free_kilobytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long free = -1;

	while (free < 0 && file && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld", &free);
	if (free < 0)
		die("/proc/meminfo");
	fclose(file);
	return free;
}

/* A process that notes the least memory that was free. */
static pid_t watch_memory(volatile long *least)
{
	pid_t watcher = fork();

	if (watcher < 0)
		die("watcher");
	while (!watcher) {
		long free = free_kilobytes();

		if (free < *least)
			*least = free;
		usleep(500);
	}
	return watcher;
}

static void bind_all(const struct sandbox *s, int count, uint32_t number)
{
	struct wire w;

	counting(&w, number, number, number + MANY_RULES - 1);
	for (int i = 0; i < count; i++)
		bind_add(&w, s[i].inode, s[i].birth, number, 0);
	must("bind of many", exchange(&w));
}

#define MANY_BINDINGS	100
#define EACH_COUNTER	64	/* bytes, at least, of what is known of a rule that was hit */

/* Nor does a ruleset that takes over need memory for what was never hit, not even for a moment. */
static void test_memory_of_takeover(void)
{
	volatile long *least = mmap(NULL, sizeof(*least), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long all = (long)MANY_BINDINGS * MANY_RULES * EACH_COUNTER / 1024, before;
	static struct sandbox many[MANY_BINDINGS];
	pid_t watcher;

	for (int i = 0; i < MANY_BINDINGS; i++)
		many[i] = sandbox_new();
	bind_all(many, MANY_BINDINGS, 1);
	before = *least = free_kilobytes();
	watcher = watch_memory(least);
	bind_all(many, MANY_BINDINGS, 2);
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	check(before - *least < all / 2, "%d bindings whose ruleset is replaced take %ld KiB meanwhile", MANY_BINDINGS,
	      before - *least);
	for (int i = 0; i < MANY_BINDINGS; i++)
		sandbox_delete(&many[i]);
	munmap((void *)least, sizeof(*least));
	sandboxes_settle();
	acknowledge_ended();
	drop_ruleset(1);
	drop_ruleset(2);
}

void test_counters(void)
{
	section("counters");
	test_swap_keeps();
	test_leaving();
	acknowledge_ended();
	test_last_hit();
	test_cursor();
	test_memory();
	test_memory_of_takeover();
	check_empty("counters");
}
