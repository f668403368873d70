// SPDX-License-Identifier: GPL-2.0
/*
 * No request holds a CPU for 10 ms: a process that may interrupt all others wants to run each millisecond, and notes by
 * how much it was late. For a machine with one processor whose clock counts instructions, so that what else the host does
 * is of no account: npm run vm -- --icount -- kmod/.build/device-test kmod/nsgate.ko hold
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define RULESETS	60000
#define NAMESPACES	300
#define COUNTING	100	/* namespaces with RULES counters each */
#define RULES		10000
#define ITEMS		200
#define REPLY		(1 << 24)
#define MILLISECOND	1000000L

static volatile long *latest;	/* nanoseconds */

static long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void watch(void)
{
	long due = nanoseconds(), late;

	for (;;) {
		due += MILLISECOND;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				&(struct timespec){ due / 1000000000L, due % 1000000000L }, NULL);
		late = nanoseconds() - due;
		if (late > *latest)
			*latest = late;
		due += late;
	}
}

static pid_t watch_start(void)
{
	pid_t watcher;

	latest = mmap(NULL, sizeof(*latest), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	watcher = latest == MAP_FAILED ? -1 : fork();
	if (watcher < 0)
		die("watcher");
	if (watcher)
		return watcher;
	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 50 }))
		die("SCHED_FIFO");
	watch();
	_exit(1);
}

/* Frees the request. */
static void measure(const char *what, struct wire *w, int error)
{
	struct outcome o;

	wire_finish(w);
	usleep(10000);
	*latest = 0;
	o = exchange_bytes(w->bytes, w->length);
	check(o.error == error && *latest < 10 * MILLISECOND, "%s: the CPU is held for %.2f ms (error %d %s)", what,
	      *latest / 1e6, o.error, o.error ? o.refusal.reason : "");
	wire_free(w);
}

/* The reply in one go, into memory that is there already: in much less than all of it takes. Frees the request. */
static void measure_read(const char *what, struct wire *w)
{
	static uint8_t reply[REPLY];
	ssize_t length;

	wire_finish(w);
	memset(reply, 1, sizeof(reply));
	if (write(device, w->bytes, w->length) != (ssize_t)w->length)
		die("write of a request");
	wire_free(w);
	usleep(10000);
	*latest = 0;
	length = read(device, reply, sizeof(reply));
	check(length > REPLY / 8 && *latest < MILLISECOND, "%s: %zd bytes, the CPU is held for %.2f ms", what, length,
	      *latest / 1e6);
}

static void put_all(struct wire *w)
{
	wire_begin(w, NSGATE_OP_COMMIT);
	for (uint32_t number = 1; number <= RULESETS; number++) {
		ruleset_begin(w, number, NSGATE_HOOK_INPUT, 0);
		rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
		rule_end(w);
		ruleset_end(w);
	}
}

static void drop_all(struct wire *w)
{
	wire_begin(w, NSGATE_OP_COMMIT);
	for (uint32_t number = 1; number <= RULESETS; number++)
		drop_add(w, number);
}

static void test_many_rulesets(void)
{
	struct wire w;

	put_all(&w);
	measure("60,000 rulesets put", &w, 0);
	put_all(&w);
	measure("put again", &w, 0);
	wire_begin(&w, NSGATE_OP_INFO);
	measure("info of them", &w, 0);
	wire_begin(&w, NSGATE_OP_LIST);
	measure("list of them", &w, 0);
	wire_begin(&w, NSGATE_OP_LIST);
	measure_read("their list, read in one go", &w);
	drop_all(&w);
	drop_add(&w, RULESETS + 1);
	measure("their drop, refused", &w, ENOENT);
}

static void test_many_bindings(void)
{
	static struct sandbox many[NAMESPACES];
	struct wire w;

	for (int i = 0; i < NAMESPACES; i++)
		many[i] = sandbox_new();
	for (uint32_t first = 1; first <= 2; first++) {
		wire_begin(&w, NSGATE_OP_COMMIT);
		for (int i = 0; i < NAMESPACES; i++)
			bind_add(&w, many[i].inode, many[i].birth, first + i, 0);
		measure(first == 1 ? "300 namespaces bound" : "bound to others", &w, 0);
	}
	wire_begin(&w, NSGATE_OP_COMMIT);
	for (int i = 0; i < NAMESPACES; i++)
		unbind_add(&w, many[i].inode, many[i].birth);
	measure("unbound", &w, 0);
	for (int i = 0; i < NAMESPACES; i++)
		sandbox_delete(&many[i]);
}

/* A commit with RULES rules of `items` sources each: ports and sources strewn over all there are. */
static void put_strewn(struct wire *w, uint32_t number, uint32_t items)
{
	static struct nsgate_prefix4 sources[ITEMS];

	srandom(number);
	commit_begin(w, number, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = 1; id <= RULES; id++) {
		uint16_t port = random();

		rule_begin(w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP,
						    .families = NSGATE_FAMILY_IPV4 });
		for (uint32_t i = 0; i < items; i++)
			sources[i] = (struct nsgate_prefix4){ { random(), random(), random(), random() }, 32, { 0 } };
		match_add(w, NSGATE_MATCH_SRC4, 0, sources, sizeof(*sources), items);
		match_service(w, 6, port);
		rule_end(w);
	}
	ruleset_end(w);
}

static void test_large_ruleset(void)
{
	struct wire w;

	put_strewn(&w, RULESETS + 1, ITEMS);
	measure("10,000 rules of 200 sources each", &w, 0);
}

/* As many counters as can be, of rules that nobody hits. */
static void test_many_counters(void)
{
	static struct sandbox many[COUNTING];
	uint32_t bindings, rules;
	uint64_t cursor;
	struct wire w;

	for (int i = 0; i < COUNTING; i++)
		many[i] = sandbox_new();
	for (uint32_t number = RULESETS + 2; number <= RULESETS + 3; number++) {
		put_strewn(&w, number, 1);
		for (int i = 0; i < COUNTING; i++)
			bind_add(&w, many[i].inode, many[i].birth, number, 0);
		measure(number == RULESETS + 2 ? "100 namespaces bound to 10,000 rules" : "to 10,000 others", &w, 0);
	}
	stats_since(0, &cursor, &bindings, &rules);
	check(bindings == COUNTING && rules == COUNTING * RULES, "of each a counter for each rule is told");
	wire_begin(&w, NSGATE_OP_STATS);
	WIRE_ADD(&w, (struct nsgate_stats_request){ .cursor = cursor });
	measure("their counters, of which none changed", &w, 0);
	wire_begin(&w, NSGATE_OP_STATS);
	WIRE_ADD(&w, (struct nsgate_stats_request){ .cursor = 0 });
	measure("all their counters", &w, 0);
	wire_begin(&w, NSGATE_OP_COMMIT);
	for (int i = 0; i < COUNTING; i++)
		unbind_add(&w, many[i].inode, many[i].birth);
	measure("unbound", &w, 0);
	for (int i = 0; i < COUNTING; i++)
		sandbox_delete(&many[i]);
}

void test_hold(void)
{
	pid_t watcher = watch_start();
	struct wire w;

	section("hold");
	test_many_rulesets();
	test_many_bindings();
	test_large_ruleset();
	test_many_counters();
	drop_all(&w);
	for (uint32_t number = RULESETS + 1; number <= RULESETS + 3; number++)
		drop_add(&w, number);
	measure("all dropped", &w, 0);
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	sandboxes_settle();
	check_empty("hold");
}
