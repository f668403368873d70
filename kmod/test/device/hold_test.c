// SPDX-License-Identifier: GPL-2.0
/*
 * No commit holds a CPU for 10 ms: a process that may interrupt all others wants to run each millisecond, and notes by
 * how much it was late. For a machine with one processor whose clock counts instructions, so that what else the host does
 * is of no account: npm run vm -- --icount -- kmod/.build/device-test kmod/nsgate.ko hold
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define RULESETS	60000
#define NAMESPACES	300
#define RULES		10000
#define ITEMS		200
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

/* Ports and sources strewn over all there are. */
static void test_large_ruleset(void)
{
	static struct nsgate_prefix4 sources[ITEMS];
	struct wire w;

	srandom(1);
	commit_begin(&w, RULESETS + 1, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = 1; id <= RULES; id++) {
		uint16_t port = random();

		rule_begin(&w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP,
						     .families = NSGATE_FAMILY_IPV4 });
		for (int i = 0; i < ITEMS; i++)
			sources[i] = (struct nsgate_prefix4){ { random(), random(), random(), random() }, 32, { 0 } };
		match_add(&w, NSGATE_MATCH_SRC4, 0, sources, sizeof(*sources), ITEMS);
		match_service(&w, 6, port);
		rule_end(&w);
	}
	ruleset_end(&w);
	measure("10,000 rules of 200 sources each", &w, 0);
}

void test_hold(void)
{
	pid_t watcher = watch_start();
	struct wire w;

	section("hold");
	test_many_rulesets();
	test_many_bindings();
	test_large_ruleset();
	drop_all(&w);
	drop_add(&w, RULESETS + 1);
	measure("all dropped", &w, 0);
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	sandboxes_settle();
	check_empty("hold");
}
