// SPDX-License-Identifier: GPL-2.0
/* A described packet gets the verdict that a real one would. */
#include <errno.h>
#include <string.h>

#include "tests.h"

static void refused(const char *what, const struct nsgate_classify *packet, int error, enum nsgate_field field)
{
	struct outcome o;
	struct wire w;

	wire_begin(&w, NSGATE_OP_CLASSIFY);
	wire_add(&w, packet, sizeof(*packet));
	o = exchange(&w);
	check(o.error == error && o.refusal.field == field, "classify, %s: %s", what, o.refusal.reason);
}

void test_classify(void)
{
	struct sandbox s = sandbox_new();
	struct nsgate_classify packet = { .inode = s.inode, .birth = s.birth, .source = { 127, 0, 0, 1 },
					  .destination = { 127, 0, 0, 1 }, .source_port = 40000,
					  .destination_port = 5001, .hook = NSGATE_HOOK_INPUT,
					  .family = NSGATE_FAMILY_IPV4, .protocol = 17, .in_if = "lo" };
	struct nsgate_classified answer;
	struct digest d = digest(1);
	struct wire w;

	section("classify");
	answer = classified(&packet);
	check(answer.verdict == NSGATE_ACCEPT && !answer.rule_id && answer.rule == NSGATE_NO_INDEX && !answer.epoch,
	      "an unbound namespace accepts");
	commit_begin(&w, 1, NSGATE_HOOK_OUTPUT, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_COUNT });
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(&w, 17, 5001);
	MATCH(&w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "lo" });
	rule_end(&w);
	put_and_bind(&w, &s, 1);
	answer = classified(&packet);
	check(answer.verdict == NSGATE_DROP && answer.rule_id == 2 && answer.rule == 1 && answer.epoch &&
	      !memcmp(answer.digest, d.bytes, sizeof(d.bytes)), "the rule that decides is told");
	check(!counters(s.inode, 1).packets && !counters(s.inode, 2).packets, "nothing was counted");
	packet.hook = NSGATE_HOOK_OUTPUT;
	answer = classified(&packet);
	check(answer.verdict == NSGATE_DROP && answer.rule == NSGATE_NO_INDEX, "a default of drop is told");
	packet.birth++;
	refused("another birth", &packet, ESTALE, NSGATE_FIELD_BIRTH);
	packet.birth = 0;
	packet.inode = 1;
	refused("no such namespace", &packet, ENOENT, NSGATE_FIELD_INODE);
	packet.hook = 5;
	refused("no such hook", &packet, EINVAL, NSGATE_FIELD_HOOK);
	unbind_and_drop(&s, 1);
	sandbox_delete(&s);
	check_empty("classify");
}
