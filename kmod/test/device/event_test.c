// SPDX-License-Identifier: GPL-2.0
/* Events: births and deaths, sampled packets with exact sums, exact losses, and one signal for whoever asks. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "flood.h"
#include "tests.h"

static struct events e;

static void pause_ms(int milliseconds)
{
	struct timespec t = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L };

	while (nanosleep(&t, &t))
		;
}

/* Reads until an event of a namespace comes, two seconds at most (times the patience). */
static bool comes(enum nsgate_event_type type, const struct sandbox *s)
{
	for (int i = 0; i < 200 * patience(); i++, pause_ms(10)) {
		events_read(&e, 0);
		for (uint32_t k = 0; k < e.count; k++)
			if (e.at[k].type == type && e.at[k].inode == s->inode && e.at[k].birth == s->birth && !e.at[k].epoch)
				return true;
	}
	return false;
}

/* Reads until all of them have died, ten seconds at most (times the patience): a slow kernel tells of it late. */
static bool die_out(const struct sandbox *const *sandboxes, size_t count)
{
	size_t died = 0;

	for (int i = 0; i < 1000 * patience() && died < count; i++, pause_ms(10)) {
		events_read(&e, 0);
		for (uint32_t k = 0; k < e.count; k++)
			for (size_t n = 0; n < count; n++)
				died += e.at[k].type == NSGATE_EVENT_DIED && e.at[k].birth == sandboxes[n]->birth;
	}
	return died == count;
}

static void test_births(void)
{
	struct sandbox s;

	events_skip(&e);
	s = sandbox_new();
	check(comes(NSGATE_EVENT_BORN, &s), "a birth is an event");
	sandbox_delete(&s);
	check(comes(NSGATE_EVENT_DIED, &s), "so is a death");
}

/* A ruleset with one rule for udp 5001 on input that logs. */
static void logging(struct wire *w, uint32_t number, struct nsgate_rule rule)
{
	commit_begin(w, number, NSGATE_HOOK_INPUT, 0);
	rule.hook = NSGATE_HOOK_INPUT;
	rule.flags |= NSGATE_RULE_LOG;
	rule_begin(w, rule);
	match_service(w, 17, 5001);
	rule_end(w);
}

static void test_sample(void)
{
	struct sandbox s = sandbox_new();
	struct samples got;
	struct wire w;

	logging(&w, 1, (struct nsgate_rule){ .id = 7, .action = NSGATE_DROP, .log_rate = 1, .log_burst = 3 });
	put_and_bind(&w, &s, 1);
	events_skip(&e);
	datagrams(&s, &s, "127.0.0.1", 5001, 10, NULL);
	datagrams(&s, &s, "127.0.0.1", 5002, 10, NULL);
	got = events_samples(&e, 7);
	check(got.events == 3 && !got.suppressed, "of ten packets at once a burst of three is sampled");
	check(got.first.birth == s.birth && got.first.inode == s.inode && got.first.epoch == listed(s.inode).epoch &&
	      got.first.hook == NSGATE_HOOK_INPUT && got.first.family == NSGATE_FAMILY_IPV4 && got.first.protocol == 17 &&
	      got.first.verdict == NSGATE_DROP && !memcmp(got.first.source, "\177\0\0\1\0\0\0", 8) &&
	      !memcmp(got.first.destination, "\177\0\0\1\0\0\0", 8) && got.first.destination_port == 5001 &&
	      got.first.source_port && got.first.length == 34 && !strcmp(got.first.in_if, "lo") && !*got.first.out_if &&
	      !got.first.flags && !got.first.state && got.first.time, "an event tells the packet");
	pause_ms(1100);
	datagrams(&s, &s, "::1", 5001, 1, NULL);
	got = events_samples(&e, 7);
	check(got.events == 1 && got.suppressed == 7, "a second later the next tells that seven were suppressed");
	check(got.first.family == NSGATE_FAMILY_IPV6 && got.first.destination[15] == 1 && !got.first.destination[0] &&
	      got.first.length == 54, "and IPv6 addresses");
	check(counters(s.inode, 7).packets == 11, "all were counted");
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

/* A shadow rule, a count rule and the default verdict, each with a log of its own, see the same packets. */
static void test_all_kinds(void)
{
	struct sandbox s = sandbox_new();
	struct samples by_default;
	uint64_t from;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	((struct nsgate_ruleset *)(w.bytes + w.ruleset))->default_log_rate = 1;
	((struct nsgate_ruleset *)(w.bytes + w.ruleset))->default_log_burst = 2;
	for (int id = 1; id <= 2; id++) {
		rule_begin(&w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT, .log_rate = 1, .log_burst = 4,
						     .action = id == 1 ? NSGATE_COUNT : NSGATE_DROP,
						     .flags = NSGATE_RULE_LOG | (id == 1 ? 0 : NSGATE_RULE_SHADOW) });
		rule_end(&w);
	}
	put_and_bind(&w, &s, 1);
	events_skip(&e);
	from = e.cursor;
	datagrams(&s, &s, "127.0.0.1", 5001, 5, NULL);
	by_default = events_samples(&e, 0);
	check(by_default.events == 2 && by_default.first.verdict == NSGATE_DROP && !by_default.first.flags,
	      "the default verdict's log has a rate of its own (%llu, verdict %u, flags %u)",
	      (unsigned long long)by_default.events, by_default.first.verdict, by_default.first.flags);
	e.cursor = from;
	check(events_samples(&e, 1).events == 4, "so has a count rule's");
	e.cursor = from;
	by_default = events_samples(&e, 2);
	check(by_default.events == 4 && by_default.first.flags == NSGATE_PACKET_SHADOW && by_default.first.verdict == NSGATE_DROP,
	      "and a shadow rule's, which says that it is one");
	check(totals(s.inode, NSGATE_HOOK_INPUT).shadow == 5 && totals(s.inode, NSGATE_HOOK_INPUT).dropped == 5,
	      "five packets as shadow, five dropped");
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

/* Under a flood, through swaps of rulesets with the same rule: samples and suppressed add up to the counter. */
static void test_sums(void)
{
	struct sandbox s = sandbox_new();
	struct samples got;
	struct wire w;
	struct flood f;
	int swaps;

	for (int number = 1; number <= 2; number++) {
		logging(&w, number, (struct nsgate_rule){ .id = 7, .action = NSGATE_DROP, .log_rate = 500, .log_burst = 100 });
		ruleset_end(&w);
		if (number == 1)
			bind_add(&w, s.inode, s.birth, 1, 0);
		must("put", exchange(&w));
	}
	events_skip(&e);
	f = flood_start(&s, &s, "127.0.0.1");
	for (swaps = 0; swaps < 20; swaps++) {
		pause_ms(40);
		wire_begin(&w, NSGATE_OP_COMMIT);
		bind_add(&w, s.inode, s.birth, 2 - swaps % 2, 0);
		must("swap", exchange(&w));
	}
	flood_stop(&f);
	pause_ms(300);
	datagrams(&s, &s, "127.0.0.1", 5001, 1, NULL);
	got = events_samples(&e, 7);
	check(got.events + got.suppressed == counters(s.inode, 7).packets && got.events > 100 && !e.lost &&
	      got.events <= 100 + 1 + 500 * 30ULL, "%d swaps under a flood: %llu samples and %llu suppressed are all %llu packets",
	      swaps, (unsigned long long)got.events, (unsigned long long)got.suppressed, counters(s.inode, 7).packets);
	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s.inode, 0);
	drop_add(&w, 1);
	drop_add(&w, 2);
	must("clean up", exchange(&w));
	sandbox_delete(&s);
}

/* Namespaces die some time after their last file is closed: wait until all are gone but `left`. */
static void wait_for_deaths(uint32_t left)
{
	for (int i = 0; i < 1000 && info().namespaces > left; i++)
		pause_ms(10);
	check(info().namespaces == left, "%u namespaces are left", left);
}

/* More events than the ring holds: what is lost and what comes is all. */
static void test_overflow(void)
{
	struct sandbox s = sandbox_new();
	uint64_t sent = 3 * NSGATE_EVENT_RING + 17;
	struct samples got;
	struct wire w;

	logging(&w, 1, (struct nsgate_rule){ .id = 7, .action = NSGATE_DROP, .log_rate = 65535, .log_burst = 65535 });
	put_and_bind(&w, &s, 1);
	wait_for_deaths(2);
	events_skip(&e);
	datagrams(&s, &s, "127.0.0.1", 5001, sent, NULL);
	got = events_samples(&e, 7);
	check(got.events == NSGATE_EVENT_RING && e.lost == sent - NSGATE_EVENT_RING && !got.suppressed,
	      "of %llu events the last %llu are there, and %llu are said to be lost", (unsigned long long)sent,
	      (unsigned long long)got.events, (unsigned long long)e.lost);
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

static volatile int signals;

static void note_signal(int number)
{
	signals++;
}

static void test_signal(void)
{
	struct sandbox a, b, c;
	const struct sandbox *const all[] = { &a, &b, &c };
	struct events old = e;

	signal(SIGURG, note_signal);
	signals = 0;
	pause_ms(1000 * patience());	/* until the last namespace is gone */
	events_skip(&e);
	events_read(&e, SIGURG);
	pause_ms(100);
	check(!signals, "nothing new, no signal");
	a = sandbox_new();
	b = sandbox_new();
	pause_ms(100);
	check(signals == 1, "two events: one signal");
	events_skip(&e);
	c = sandbox_new();
	pause_ms(100);
	check(signals == 1, "who asks for none gets none");
	events_skip(&e);
	old.cursor = 0;
	events_read(&old, SIGURG);
	pause_ms(100);
	check(old.count == NSGATE_MAX_EVENTS && signals == 2, "what is beyond a full reply signals at once");
	events_read(&e, SIGURG);
	events_read(&e, 0);
	sandbox_delete(&a);
	sandbox_delete(&b);
	sandbox_delete(&c);
	check(die_out(all, 3) && signals == 2, "asking again without a signal takes it back");
	signal(SIGURG, SIG_DFL);
}

/* A process that waits for SIGTERM by the next event, with a device of its own that it has closed. */
static pid_t waiter(void)
{
	int ready[2], byte = 0;
	pid_t child;

	if (pipe(ready))
		die("pipe");
	child = fork();
	if (!child) {
		close(device);
		device = open("/dev/" NSGATE_DEVICE, O_RDWR);
		events_read(&e, SIGTERM);
		close(device);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("a waiting process");
	close(ready[0]);
	return child;
}

static void test_listeners(void)
{
	pid_t waiters[NSGATE_MAX_LISTENERS];
	struct outcome o;
	struct sandbox s;
	struct wire w;
	int status, told = 0;

	signal(SIGURG, SIG_IGN);
	events_skip(&e);
	for (size_t i = 0; i < NSGATE_MAX_LISTENERS; i++)
		waiters[i] = waiter();
	events_request(&w, e.cursor, e.instance, SIGURG);
	o = exchange(&w);
	check(o.error == ENOSPC && o.refusal.field == NSGATE_FIELD_SIGNAL, "one too many: %s", o.refusal.reason);
	kill(waiters[3], SIGKILL);
	waitpid(waiters[3], NULL, 0);
	events_read(&e, SIGURG);
	check(true, "one that died makes room");
	events_read(&e, 0);
	s = sandbox_new();
	for (size_t i = 0; i < NSGATE_MAX_LISTENERS; i++) {
		if (i == 3)
			continue;
		waitpid(waiters[i], &status, 0);
		told += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	}
	check(told == NSGATE_MAX_LISTENERS - 1, "all others are told, though they hold no file open");
	sandbox_delete(&s);
	signal(SIGURG, SIG_DFL);
}

static void refused(const char *what, uint64_t cursor, uint64_t instance, int error)
{
	struct outcome o;
	struct wire w;

	events_request(&w, cursor, instance, 0);
	o = exchange(&w);
	check(o.error == error && o.refusal.field == NSGATE_FIELD_REQUEST, "%s: %s", what, o.refusal.reason);
}

static void test_cursors(void)
{
	events_skip(&e);
	refused("a cursor of another instance", e.cursor, e.instance + 1, ESTALE);
	refused("a cursor of no instance", e.cursor, 0, ESTALE);
	refused("an event that is still to come", e.cursor + 1000000, e.instance, EINVAL);
	refused("the last number there is", UINT64_MAX, e.instance, EINVAL);
	e.cursor = 0;
	e.instance = 0;
	events_read(&e, 0);
	check(e.count && e.instance == info().instance, "cursor 0 begins at the oldest event");
}

void test_events(void)
{
	section("events");
	test_births();
	test_sample();
	test_all_kinds();
	test_sums();
	test_overflow();
	test_signal();
	test_listeners();
	test_cursors();
	check_empty("events");
}
