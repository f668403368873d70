/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the device's acceptance test, in the order in which they run. Each leaves the device empty. */
#ifndef TESTS_H
#define TESTS_H

#include "../check.h"
#include "list.h"
#include "patience.h"
#include "sandbox.h"
#include "exchange.h"

void test_access(void);
void test_refusals(void);
void test_bad_input(void);
void test_filtering(void);
void test_matches(void);
void test_rejects(void);
void test_counters(void);
void test_ended(void);
void test_classify(void);
void test_verdicts(void);
void test_life(void);
void test_leaks(void);
void test_quarantine(void);
void test_events(void);
void test_fragments(void);
void test_multicast(void);
void test_packet_headers(void);
void test_swap(void);
void test_sets(void);
void test_sets_under_traffic(void);
void test_reload(const char *module);
void test_hold(void);

/* Puts the ruleset that is under construction, binds it to `s`, and drops nothing. */
static inline void put_and_bind(struct wire *w, const struct sandbox *s, uint32_t number)
{
	ruleset_end(w);
	bind_add(w, s->inode, s->birth, number, 0);
	must("put and bind", exchange(w));
}

/* Begins a commit with one ruleset. */
static inline void commit_begin(struct wire *w, uint32_t number, enum nsgate_hook hook, enum nsgate_action verdict)
{
	wire_begin(w, NSGATE_OP_COMMIT);
	ruleset_begin(w, number, hook, verdict);
}

static inline void unbind_and_drop(const struct sandbox *s, uint32_t number)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s->inode, s->birth);
	drop_add(&w, number);
	must("unbind and drop", exchange(&w));
}

static inline void drop_ruleset(uint32_t number)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, number);
	must("drop", exchange(&w));
}

static inline void change_setting(uint32_t setting, uint64_t value)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	setting_add(&w, setting, value);
	must("setting", exchange(&w));
}

/* Out of quarantine. */
static inline void release(const struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	release_add(&w, s->inode, s->birth);
	must("release", exchange(&w));
}

/* Nothing is held any more, once what ended is read. */
static inline void check_empty(const char *after)
{
	struct nsgate_info i;

	acknowledge_ended();
	i = info();
	check(!i.rulesets && !i.sets && !i.bindings && !i.memory, "nothing is held after %s (%llu bytes)", after, i.memory);
}

#endif
