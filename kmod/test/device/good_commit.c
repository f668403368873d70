// SPDX-License-Identifier: GPL-2.0
/* The good commit. */
#include "good_commit.h"
#include "tests.h"

struct good_parts at;
struct sandbox fresh, bound, idle;

/* Notes where the match that comes next begins. */
#define NEXT(w, kind)	(at.match[kind] = (w)->length, (kind))

static void add_first_rule(struct wire *w)
{
	at.rule[0] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP, .families = 1 });
	MATCH(w, NEXT(w, NSGATE_MATCH_SRC4), struct nsgate_prefix4, { { 10 }, 8 }, { { 192, 168 }, 16 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DST4), struct nsgate_prefix4, { { 10, 1 }, 16 });
	MATCH(w, NEXT(w, NSGATE_MATCH_PROTOCOL), __u8, 6);
	MATCH(w, NEXT(w, NSGATE_MATCH_SPORT), struct nsgate_port_range, { 1024, 65535 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DPORT), struct nsgate_port_range, { 22, 22 }, { 80, 90 });
	MATCH(w, NEXT(w, NSGATE_MATCH_TCP_FLAGS), struct nsgate_tcp_flags, { 0x12, 2 });
	MATCH(w, NEXT(w, NSGATE_MATCH_IN_IF), struct nsgate_ifname, { "lo" });
	MATCH(w, NEXT(w, NSGATE_MATCH_STATE), __u8, NSGATE_STATE_NEW);
	MATCH(w, NEXT(w, NSGATE_MATCH_MARK), struct nsgate_mark, { 1, 3 });
	rule_end(w);
}

static void add_other_rules(struct wire *w)
{
	at.rule[1] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_REJECT,
					    .reject_with = NSGATE_REJECT_PORT_UNREACH, .families = 2 });
	MATCH(w, NEXT(w, NSGATE_MATCH_SRC6), struct nsgate_prefix6, { .address = { 0xfd }, .length = 8 });
	MATCH(w, NEXT(w, NSGATE_MATCH_DST6), struct nsgate_prefix6, { .length = 0 });
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 58);
	MATCH(w, NEXT(w, NSGATE_MATCH_ICMP6), struct nsgate_icmp, { 1, 0, 4, 0 });
	MATCH(w, NEXT(w, NSGATE_MATCH_OUT_IF), struct nsgate_ifname, { "eth*" });
	rule_end(w);
	at.rule[2] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 3, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_ACCEPT, .families = 1 });
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 1);
	MATCH(w, NEXT(w, NSGATE_MATCH_ICMP4), struct nsgate_icmp, { 8, 0, 255, 0 });
	rule_end(w);
}

static void add_rule_with_sets(struct wire *w)
{
	at.rule[3] = w->length;
	rule_begin(w, (struct nsgate_rule){ .id = 4, .hook = NSGATE_HOOK_FORWARD, .action = NSGATE_DROP,
					    .flags = NSGATE_RULE_LOG, .log_rate = 10, .log_burst = 5 });
	MATCH(w, NEXT(w, NSGATE_MATCH_SRC_SET), struct nsgate_set_name, { "new" }, { "held" });
	MATCH(w, NEXT(w, NSGATE_MATCH_DST_SET), struct nsgate_set_name, { "held" });
	rule_end(w);
}

static void put(struct wire *w)
{
	ruleset_begin(w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	add_first_rule(w);
	add_other_rules(w);
	add_rule_with_sets(w);
	ruleset_end(w);
}

static void bind_fresh(struct wire *w)
{
	bind_add(w, fresh.inode, fresh.birth, 1, 0);
}

static void unbind_bound(struct wire *w)
{
	unbind_add(w, bound.inode, bound.birth);
}

static void drop(struct wire *w)
{
	drop_add(w, 2);
}

static void release_idle(struct wire *w)
{
	release_add(w, idle.inode, idle.birth);
}

static void set(struct wire *w)
{
	setting_add(w, NSGATE_SETTING_QUARANTINE, 0);
}

static void set_put(struct wire *w)
{
	set_put_begin(w, "new", 7);
	member_add(w, "10.0.0.0/8");
	member_add(w, "2001:db8::/32");
	set_end(w);
}

static void set_delta(struct wire *w)
{
	set_delta_begin(w, "held", 1, 2);
	member_add(w, "10.0.0.0/8");
	member_remove(w, "192.0.2.1/32");
	member_add(w, "2001:db8::/32");
	set_end(w);
}

static void set_drop(struct wire *w)
{
	set_drop_add(w, "left");
}

struct wire good_commit(void)
{
	static void (*const add[GOOD_OBJECTS])(struct wire *w) = {
		put, bind_fresh, unbind_bound, drop, release_idle, set, set_put, set_delta, set_drop,
	};
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	for (int i = 0; i < GOOD_OBJECTS; i++) {
		at.object[i] = w.length;
		add[i](&w);
	}
	at.object[GOOD_OBJECTS] = w.length;
	wire_finish(&w);
	return w;
}

static void put_set(struct wire *w, const char *name)
{
	set_put_begin(w, name, 1);
	member_add(w, "192.0.2.1/32");
	set_end(w);
}

void good_commit_prepare(void)
{
	struct wire w;

	fresh = sandbox_new();
	bound = sandbox_new();
	idle = sandbox_new();
	sandboxes_settle();
	commit_begin(&w, 2, NSGATE_HOOK_OUTPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 9, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	rule_end(&w);
	ruleset_end(&w);
	bind_add(&w, bound.inode, bound.birth, 2, 0);
	put_set(&w, "held");
	put_set(&w, "left");
	must("what the good commit builds upon", exchange(&w));
}

void good_commit_end(void)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, fresh.inode, fresh.birth);
	drop_add(&w, 1);
	set_drop_add(&w, "new");
	set_drop_add(&w, "held");
	must("unbind and drop", exchange(&w));
	sandbox_delete(&fresh);
	sandbox_delete(&bound);
	sandbox_delete(&idle);
}
