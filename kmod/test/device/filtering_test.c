// SPDX-License-Identifier: GPL-2.0
/* Packets of one namespace are dropped and counted, those of others pass. */
#include <errno.h>
#include <string.h>

#include "tests.h"

/* Drop udp to port 5001 on input, in one namespace of two. */
static void test_one_of_two(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	struct nsgate_rule_counters c;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 11, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(&w, 17, 5001);
	rule_end(&w);
	put_and_bind(&w, &a, 1);
	check(datagrams(&a, &a, "127.0.0.1", 5001, 10, NULL) == 0, "udp 5001 fails in the bound namespace");
	check(datagrams(&a, &a, "::1", 5001, 10, NULL) == 0, "also over IPv6");
	check(datagrams(&a, &a, "127.0.0.1", 5002, 10, NULL) == 10, "udp 5002 passes there");
	check(datagrams(&b, &b, "127.0.0.1", 5001, 10, NULL) == 10, "udp 5001 passes in another namespace");
	check(datagrams(&home, &home, "127.0.0.1", 5001, 10, NULL) == 10, "and in the host's own");
	c = counters(a.inode, 11);
	check(c.packets == 20 && c.bytes == 10 * (20 + 8 + 6) + 10 * (40 + 8 + 6) && !c.shadow_packets && c.last_hit,
	      "the rule counted 20 packets, %llu bytes", c.bytes);
	check(totals(a.inode, NSGATE_HOOK_INPUT).dropped == 20 && totals(a.inode, NSGATE_HOOK_INPUT).accepted >= 10,
	      "and the hook 20 dropped, %llu accepted", totals(a.inode, NSGATE_HOOK_INPUT).accepted);
	unbind_and_drop(&a, 1);
	check(datagrams(&a, &a, "127.0.0.1", 5001, 10, NULL) == 10, "after the unbind all passes again");
	sandbox_delete(&a);
	sandbox_delete(&b);
}

/* Each hook sees the packets that it should, over a veth pair and through a router. */
static void test_hooks(void)
{
	static const char *const names[] = { "prerouting", "input", "forward", "output", "postrouting" };
	struct sandbox a = sandbox_new(), b = sandbox_new();
	struct wire w;

	sandbox_join(&a, &b);
	for (int hook = 0; hook < NSGATE_HOOKS; hook++) {
		bool at_sender = hook >= NSGATE_HOOK_OUTPUT;
		const struct sandbox *s = at_sender ? &a : &b;
		int error, arrived;

		if (hook == NSGATE_HOOK_FORWARD)
			continue;
		commit_begin(&w, 1, hook, 0);
		rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hook, .action = NSGATE_DROP });
		match_service(&w, 17, 6000);
		rule_end(&w);
		put_and_bind(&w, s, 1);
		arrived = datagrams(&a, &b, "10.9.0.2", 6000, 5, &error);
		check(!arrived && (error == EPERM) == at_sender, "drop on %s: nothing arrives, the sender gets %s",
		      names[hook], strerror(error));
		check(!datagrams(&a, &b, "fd09::2", 6000, 5, NULL) && counters(s->inode, 1).packets == 10,
		      "drop on %s: IPv6 as well, counted", names[hook]);
		check(datagrams(&a, &b, "10.9.0.2", 6001, 5, NULL) == 5, "drop on %s: other ports pass", names[hook]);
		unbind_and_drop(s, 1);
	}
	sandbox_delete(&a);
	sandbox_delete(&b);
}

static void test_forward(void)
{
	struct sandbox a = sandbox_new(), router = sandbox_new(), c = sandbox_new();
	struct wire w;

	sandbox_route(&a, &router, &c);
	check(datagrams(&a, &c, "10.8.0.2", 6000, 5, NULL) == 5, "a router forwards");
	commit_begin(&w, 1, NSGATE_HOOK_FORWARD, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_FORWARD, .action = NSGATE_DROP,
					     .families = NSGATE_FAMILY_IPV4 });
	MATCH(&w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { { 10, 9, 0, 0 }, 24 });
	MATCH(&w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "vb" });
	MATCH(&w, NSGATE_MATCH_OUT_IF, struct nsgate_ifname, { "v*" });
	rule_end(&w);
	put_and_bind(&w, &router, 1);
	check(datagrams(&a, &c, "10.8.0.2", 6000, 5, NULL) == 0 && counters(router.inode, 1).packets == 5,
	      "drop on forward, by both interfaces: nothing arrives, counted");
	unbind_and_drop(&router, 1);
	sandbox_delete(&a);
	sandbox_delete(&router);
	sandbox_delete(&c);
}

static void test_defaults(void)
{
	struct sandbox s = sandbox_new();
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_ACCEPT });
	match_service(&w, 17, 5001);
	rule_end(&w);
	put_and_bind(&w, &s, 1);
	check(datagrams(&s, &s, "127.0.0.1", 5001, 5, NULL) == 5, "what a rule accepts passes a default of drop");
	check(datagrams(&s, &s, "127.0.0.1", 5002, 5, NULL) == 0, "all else is dropped");
	check(counters(s.inode, 1).packets == 5, "the accepting rule counted");
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

/* Count and shadow rules come before a rule that drops the same packets, and one that is never reached. */
static void test_going_on(void)
{
	struct sandbox s = sandbox_new();
	struct nsgate_totals input, sum;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	for (uint64_t id = 1; id <= 4; id++) {
		rule_begin(&w, (struct nsgate_rule){ .id = id, .hook = NSGATE_HOOK_INPUT,
						     .action = id == 1 ? NSGATE_COUNT : NSGATE_DROP,
						     .flags = id == 2 ? NSGATE_RULE_SHADOW : 0 });
		match_service(&w, 17, 5001);
		rule_end(&w);
	}
	put_and_bind(&w, &s, 1);
	check(datagrams(&s, &s, "127.0.0.1", 5001, 7, NULL) == 0, "a packet goes on past count and shadow to a drop");
	check(counters(s.inode, 1).packets == 7 && !counters(s.inode, 1).shadow_packets, "the count rule counted");
	check(counters(s.inode, 2).packets == 7 && counters(s.inode, 2).shadow_packets == 7, "the shadow rule, as shadow");
	check(counters(s.inode, 3).packets == 7 && !counters(s.inode, 4).packets, "the drop ended the walk");
	input = totals(s.inode, NSGATE_HOOK_INPUT);
	sum = listed(s.inode).totals;
	check(input.shadow == 7 && input.seen == 7 && input.dropped == 7 && !input.defaulted && !memcmp(&sum, &input, sizeof(sum)),
	      "the hook counted 7 as shadow, %llu seen, %llu dropped, %llu by default", input.seen, input.dropped,
	      input.defaulted);
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
}

static void test_initial(void)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(&w, 17, 5999);
	rule_end(&w);
	ruleset_end(&w);
	bind_add(&w, home.inode, home.birth, 1, NSGATE_BIND_INITIAL);
	must("bind of the initial namespace", exchange(&w));
	check(datagrams(&home, &home, "127.0.0.1", 5999, 5, NULL) == 0, "the initial namespace can be bound by name");
	unbind_and_drop(&home, 1);
}

void test_filtering(void)
{
	section("filtering");
	test_one_of_two();
	test_hooks();
	test_forward();
	test_defaults();
	test_going_on();
	test_initial();
	check_empty("filtering");
}
