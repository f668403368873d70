// SPDX-License-Identifier: GPL-2.0
/* The golden replies, from fixed values. */
#include <errno.h>

#include "golden_message.h"

void golden_info_reply(struct message *m)
{
	struct nsgate_info info = {
		.abi_min = 3,
		.abi_max = 3,
		.hooks = 0x1f,
		.match_kinds = 0x1fffe,
		.actions = 0x1e,
		.rule_flags = NSGATE_RULE_SHADOW | NSGATE_RULE_LOG,
		.instance = 0x0123456789abcdef,
		.generation = 42,
		.memory = 5000000000,
		.namespaces = 1003,
		.bindings = 1000,
		.rulesets = 7,
		.sets = 3,
		.quarantined = 2,
		.quarantine = 1,
		.malformed = NSGATE_DROP,
		.version = "1.2.3",
	};

	golden_reply(m, NSGATE_OP_INFO, 0);
	ADD(m, info);
}

void golden_commit_reply(struct message *m)
{
	golden_reply(m, NSGATE_OP_COMMIT, 0);
	ADD(m, (struct nsgate_committed){ .generation = 43 });
}

/* The commit was refused: the second port range of the first rule of object 0 is upside down. */
void golden_refusal_reply(struct message *m)
{
	golden_reply(m, NSGATE_OP_COMMIT, -EINVAL);
	ADD(m, (struct nsgate_refusal){ .object = 0, .rule = 0, .match = 4, .item = 1,
					.field = NSGATE_FIELD_MATCH_ITEM, .offset = 188,
					.reason = "port range 443-80 ends before it begins" });
}

/* A refusal before any object was read, of a request whose operation could not be read. */
void golden_refusal_header_reply(struct message *m)
{
	ADD(m, (struct nsgate_reply){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .error = -EINVAL });
	ADD(m, (struct nsgate_refusal){ .object = NSGATE_NO_INDEX, .rule = NSGATE_NO_INDEX,
					.match = NSGATE_NO_INDEX, .item = NSGATE_NO_INDEX,
					.field = NSGATE_FIELD_REQUEST, .offset = 0,
					.reason = "shorter than a request's header" });
}

/*
 * The initial namespace, unbound, one bound to 00 01 02 …, and one in quarantine; then the rulesets 00 01 02 … and
 * 20 21 22 …, and a set.
 */
void golden_list_reply(struct message *m)
{
	struct nsgate_namespace bound = {
		.birth = 0x1122334455667789, .cookie = 17, .epoch = 0x99aabbccddeeff01, .inode = 4026532177,
		.flags = NSGATE_NS_BOUND,
		.totals = { .seen = 123, .accepted = 100, .dropped = 20, .rejected = 3, .malformed = 1, .shadow = 9,
			    .defaulted = 77 },
		.quarantine_dropped = 4,
	};
	struct nsgate_ruleset_info used = { .memory = 65536, .rules = 5, .bindings = 1 };
	struct nsgate_ruleset_info idle = { .memory = 4096, .rules = 0, .bindings = 0 };

	golden_digest(bound.digest, 0);
	golden_digest(used.digest, 0);
	golden_digest(idle.digest, 0x20);
	golden_reply(m, NSGATE_OP_LIST, 0);
	ADD(m, (struct nsgate_listing){ .generation = 43, .namespaces = 3, .rulesets = 2, .sets = 1 });
	ADD(m, (struct nsgate_namespace){ .birth = 0x1122334455667788, .cookie = 1, .inode = 4026531840,
					  .flags = NSGATE_NS_INITIAL });
	ADD(m, bound);
	ADD(m, (struct nsgate_namespace){ .birth = 0x112233445566778b, .cookie = 19, .inode = 4026532401,
					  .flags = NSGATE_NS_QUARANTINED, .quarantine_dropped = 6000000000 });
	ADD(m, used);
	ADD(m, idle);
	ADD(m, (struct nsgate_set_info){ .name = { "office/paris" }, .version = 0x8877665544332211, .memory = 8192,
					 .members4 = 100, .members6 = 20, .rulesets = 2 });
}

/*
 * One binding in which two rules changed, a second in which only a hook's totals did, and one that ended after a rule
 * had changed. Three others were let go.
 */
void golden_stats_reply(struct message *m)
{
	golden_reply(m, NSGATE_OP_STATS, 0);
	ADD(m, (struct nsgate_stats){ .cursor = 0x7fffffff00000002, .bindings = 3, .lost = 3 });
	ADD(m, (struct nsgate_binding_stats){
		.birth = 0x1122334455667789, .epoch = 0x99aabbccddeeff01, .inode = 4026532177, .rules = 2,
		.hooks = { [NSGATE_HOOK_INPUT] = { .seen = 123, .accepted = 100, .dropped = 20, .rejected = 3,
						   .malformed = 1, .shadow = 9, .defaulted = 77 } } });
	ADD(m, (struct nsgate_rule_counters){ .id = 101, .packets = 20, .bytes = 1680, .last_hit = 123456 });
	ADD(m, (struct nsgate_rule_counters){ .id = 103, .packets = 5000000000, .bytes = 420000000000,
					      .shadow_packets = 5000000000, .last_hit = 123460 });
	ADD(m, (struct nsgate_binding_stats){
		.birth = 0x112233445566778a, .epoch = 0x99aabbccddeeff02, .inode = 4026532289,
		.hooks = { [NSGATE_HOOK_POSTROUTING] = { .seen = 7, .accepted = 7 } } });
	ADD(m, (struct nsgate_binding_stats){
		.birth = 0x112233445566778c, .epoch = 0x99aabbccddeeff03, .inode = 4026532401, .rules = 1,
		.flags = NSGATE_STATS_ENDED,
		.hooks = { [NSGATE_HOOK_FORWARD] = { .seen = 10, .dropped = 10, .defaulted = 4 } } });
	ADD(m, (struct nsgate_rule_counters){ .id = 104, .packets = 6, .bytes = 504, .last_hit = 123470 });
}

void golden_classify_reply(struct message *m)
{
	struct nsgate_classified answer = {
		.rule_id = 101, .epoch = 0x99aabbccddeeff01, .rule = 0, .verdict = NSGATE_DROP,
	};

	golden_digest(answer.digest, 0);
	golden_reply(m, NSGATE_OP_CLASSIFY, 0);
	ADD(m, answer);
}

/* The namespace is not bound: nothing decides, so the packet passes. */
void golden_classify_unbound_reply(struct message *m)
{
	golden_reply(m, NSGATE_OP_CLASSIFY, 0);
	ADD(m, (struct nsgate_classified){ .rule = NSGATE_NO_INDEX, .verdict = NSGATE_ACCEPT });
}

/* Three events after ten that were lost: a birth, a sampled packet, a death. */
void golden_events_reply(struct message *m)
{
	golden_reply(m, NSGATE_OP_EVENTS, 0);
	ADD(m, (struct nsgate_events){ .cursor = 54, .instance = 0x0123456789abcdef, .lost = 10, .events = 3 });
	ADD(m, (struct nsgate_event){ .number = 52, .time = 123456789012345, .birth = 0x112233445566778b,
				      .inode = 4026532401, .type = NSGATE_EVENT_BORN });
	ADD(m, (struct nsgate_event){
		.number = 53, .time = 123456789012346, .birth = 0x1122334455667789, .inode = 4026532177,
		.type = NSGATE_EVENT_PACKET, .epoch = 0x99aabbccddeeff01, .rule_id = 101, .suppressed = 5000000000,
		.source = { 192, 0, 2, 1 }, .destination = { 198, 51, 100, 7 }, .length = 60, .mark = 0x10,
		.source_port = 40000, .destination_port = 443, .hook = NSGATE_HOOK_INPUT,
		.family = NSGATE_FAMILY_IPV4, .protocol = 6, .verdict = NSGATE_DROP, .tcp_flags = 0x02,
		.state = NSGATE_STATE_NEW, .flags = NSGATE_PACKET_SHADOW | NSGATE_PACKET_MALFORMED,
		.in_if = "eth0" });
	ADD(m, (struct nsgate_event){ .number = 54, .time = 123456789012347, .birth = 0x112233445566778b,
				      .inode = 4026532401, .type = NSGATE_EVENT_DIED });
}
