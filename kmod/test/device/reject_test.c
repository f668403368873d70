// SPDX-License-Identifier: GPL-2.0
/* Rejected packets are answered, and the answers get through. */
#include <errno.h>
#include <string.h>

#include "tests.h"

static void bind_reject(const struct sandbox *s, enum nsgate_hook hook, uint8_t protocol, uint8_t with)
{
	struct wire w;

	commit_begin(&w, 1, hook, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hook, .action = NSGATE_REJECT, .reject_with = with });
	if (protocol)
		MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, protocol);
	rule_end(&w);
	put_and_bind(&w, s, 1);
}

/* Over loopback the answer meets the very rule that made it. */
static void test_loopback(enum nsgate_hook hook, const char *name)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };
	struct sandbox s = sandbox_new();
	int error;

	for (int i = 0; i < 2; i++) {
		bind_reject(&s, hook, 6, NSGATE_REJECT_TCP_RESET);
		error = connect_to(&s, &s, addresses[i], 5000, 500);
		check(error == ECONNREFUSED, "tcp reset on %s, %s: %s", name, addresses[i], strerror(error));
		unbind_and_drop(&s, 1);
		bind_reject(&s, hook, 0, NSGATE_REJECT_PORT_UNREACH);
		check(!datagrams(&s, &s, addresses[i], 5000, 3, &error) && (error == ECONNREFUSED || error == EPERM),
		      "port unreachable on %s, %s: %s", name, addresses[i], strerror(error));
		check(totals(s.inode, hook).rejected >= 1 && counters(s.inode, 1).packets >= 1, "counted as rejected");
		unbind_and_drop(&s, 1);
	}
	sandbox_delete(&s);
}

static void test_over_wire(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	int error;

	sandbox_join(&a, &b);
	bind_reject(&b, NSGATE_HOOK_INPUT, 6, NSGATE_REJECT_TCP_RESET);
	check(connect_to(&a, &b, "10.9.0.2", 5000, 500) == ECONNREFUSED, "a reset crosses the wire");
	check(connect_to(&a, &b, "fd09::2", 5000, 500) == ECONNREFUSED, "over IPv6 too");
	check(totals(b.inode, NSGATE_HOOK_INPUT).rejected == 2, "two packets were rejected");
	unbind_and_drop(&b, 1);
	bind_reject(&b, NSGATE_HOOK_INPUT, 17, NSGATE_REJECT_HOST_UNREACH);
	datagrams(&a, &b, "10.9.0.2", 5000, 1, &error);
	check(error == EHOSTUNREACH, "host unreachable: %s", strerror(error));
	unbind_and_drop(&b, 1);
	bind_reject(&b, NSGATE_HOOK_INPUT, 17, NSGATE_REJECT_ADMIN_PROHIBITED);
	datagrams(&a, &b, "fd09::2", 5000, 1, &error);
	check(error == EACCES, "icmpv6 administratively prohibited: %s", strerror(error));
	unbind_and_drop(&b, 1);
	sandbox_delete(&a);
	sandbox_delete(&b);
}

static void test_hooks_refused(void)
{
	static const int hooks[] = { NSGATE_HOOK_PREROUTING, NSGATE_HOOK_POSTROUTING };
	struct outcome o;
	struct wire w;

	for (int i = 0; i < 2; i++) {
		commit_begin(&w, 1, hooks[i], 0);
		rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hooks[i], .action = NSGATE_REJECT,
						     .reject_with = NSGATE_REJECT_PORT_UNREACH });
		rule_end(&w);
		ruleset_end(&w);
		o = exchange(&w);
		check(o.error == EOPNOTSUPP && o.refusal.field == NSGATE_FIELD_HOOK, "reject on hook %d is refused: %s",
		      hooks[i], o.refusal.reason);
	}
}

void test_rejects(void)
{
	section("rejects");
	test_loopback(NSGATE_HOOK_INPUT, "input");
	test_loopback(NSGATE_HOOK_OUTPUT, "output");
	test_over_wire();
	test_hooks_refused();
	check_empty("rejects");
}
