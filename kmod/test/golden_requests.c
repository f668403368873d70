// SPDX-License-Identifier: GPL-2.0
/* The golden requests, from fixed values. */
#include "golden_message.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void golden_info_request(struct message *m)
{
	golden_request(m, NSGATE_OP_INFO);
}

/* The start of a rule; rule_end() sets its length. */
static struct nsgate_rule *rule(struct message *m, struct nsgate_rule head)
{
	return ADD(m, head);
}

static void rule_end(struct message *m, struct nsgate_rule *head)
{
	head->length = m->bytes + m->length - (uint8_t *)head;
}

static void match(struct message *m, enum nsgate_match_kind kind, int flags, const void *items, size_t size, int count)
{
	ADD(m, (struct nsgate_match){ .kind = kind, .flags = flags, .count = count });
	golden_add(m, items, size * count);
	golden_pad(m);
}

#define MATCH(m, kind, flags, type, ...) do {						\
	const type items_[] = { __VA_ARGS__ };						\
	match(m, kind, flags, items_, sizeof(type), ARRAY_SIZE(items_));		\
} while (0)

/*
 * Id 101: count, on input, tcp from two IPv4 prefixes to all but one, any source port but 1024-65535, to 22 or
 * 80-443.
 */
static void rule_ports(struct message *m)
{
	struct nsgate_rule *r = rule(m, (struct nsgate_rule){
		.id = 101, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_COUNT, .families = NSGATE_FAMILY_IPV4 });

	MATCH(m, NSGATE_MATCH_SRC4, 0, struct nsgate_prefix4, { .address = { 10, 0, 0, 0 }, .length = 8 },
	      { .address = { 192, 0, 2, 1 }, .length = 32 });
	MATCH(m, NSGATE_MATCH_DST4, NSGATE_MATCH_NEGATE, struct nsgate_prefix4,
	      { .address = { 198, 51, 100, 0 }, .length = 24 });
	MATCH(m, NSGATE_MATCH_PROTOCOL, 0, __u8, 6);
	MATCH(m, NSGATE_MATCH_SPORT, NSGATE_MATCH_NEGATE, struct nsgate_port_range, { 1024, 65535 });
	MATCH(m, NSGATE_MATCH_DPORT, 0, struct nsgate_port_range, { 22, 22 }, { 80, 443 });
	rule_end(m, r);
}

/* Id 0xfedcba9876543210: reject with a reset, on forward, tcp SYN without ACK, from eth* to tun0, either family. */
static void rule_reject(struct message *m)
{
	struct nsgate_rule *r = rule(m, (struct nsgate_rule){
		.id = 0xfedcba9876543210, .hook = NSGATE_HOOK_FORWARD, .action = NSGATE_REJECT,
		.reject_with = NSGATE_REJECT_TCP_RESET, .families = NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6 });

	MATCH(m, NSGATE_MATCH_PROTOCOL, 0, __u8, 6);
	MATCH(m, NSGATE_MATCH_TCP_FLAGS, 0, struct nsgate_tcp_flags, { .mask = 0x12, .value = 0x02 });
	MATCH(m, NSGATE_MATCH_IN_IF, 0, struct nsgate_ifname, { "eth*" });
	MATCH(m, NSGATE_MATCH_OUT_IF, 0, struct nsgate_ifname, { "tun0" });
	rule_end(m, r);
}

/* Id 103: drop as shadow, on prerouting, IPv6 from and to prefixes, icmpv6 echo request of any code. */
static void rule_shadow(struct message *m)
{
	struct nsgate_rule *r = rule(m, (struct nsgate_rule){
		.id = 103, .hook = NSGATE_HOOK_PREROUTING, .action = NSGATE_DROP, .flags = NSGATE_RULE_SHADOW,
		.families = NSGATE_FAMILY_IPV6 });

	MATCH(m, NSGATE_MATCH_SRC6, 0, struct nsgate_prefix6, { .address = { 0x20, 0x01, 0x0d, 0xb8 }, .length = 32 });
	MATCH(m, NSGATE_MATCH_DST6, 0, struct nsgate_prefix6, { .length = 0 });
	MATCH(m, NSGATE_MATCH_PROTOCOL, 0, __u8, 58);
	MATCH(m, NSGATE_MATCH_ICMP6, 0, struct nsgate_icmp, { .type = 128, .code_first = 0, .code_last = 255 });
	rule_end(m, r);
}

/* Id 104: accept, on output, icmp port and protocol unreachable, established or related, mark 0x10 of the low byte. */
static void rule_icmp(struct message *m)
{
	struct nsgate_rule *r = rule(m, (struct nsgate_rule){
		.id = 104, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_ACCEPT, .families = NSGATE_FAMILY_IPV4 });

	MATCH(m, NSGATE_MATCH_PROTOCOL, 0, __u8, 1);
	MATCH(m, NSGATE_MATCH_ICMP4, 0, struct nsgate_icmp, { .type = 3, .code_first = 2, .code_last = 3 });
	MATCH(m, NSGATE_MATCH_STATE, 0, __u8, NSGATE_STATE_ESTABLISHED | NSGATE_STATE_RELATED);
	MATCH(m, NSGATE_MATCH_MARK, 0, struct nsgate_mark, { .value = 0x10, .mask = 0xff });
	rule_end(m, r);
}

/* Id 105: drop and log, on postrouting, udp, udplite and dccp of both families: the items' padding. */
static void rule_protocols(struct message *m)
{
	struct nsgate_rule *r = rule(m, (struct nsgate_rule){
		.id = 105, .hook = NSGATE_HOOK_POSTROUTING, .action = NSGATE_DROP, .flags = NSGATE_RULE_LOG,
		.families = NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6, .log_rate = 10, .log_burst = 300 });

	MATCH(m, NSGATE_MATCH_PROTOCOL, 0, __u8, 17, 136, 33);
	rule_end(m, r);
}

/* The ruleset 00 01 02 …: five rules, drop by default on input, logged. */
static void put_object(struct message *m)
{
	struct nsgate_ruleset *ruleset = ADD(m, (struct nsgate_ruleset){
		.head = { .type = NSGATE_OBJECT_RULESET_PUT }, .rules = 5,
		.default_verdict = { NSGATE_ACCEPT, NSGATE_DROP, NSGATE_ACCEPT, NSGATE_ACCEPT, NSGATE_ACCEPT },
		.default_log_rate = 1000, .default_log_burst = 5 });

	golden_digest(ruleset->digest, 0);
	rule_ports(m);
	rule_reject(m);
	rule_shadow(m);
	rule_icmp(m);
	rule_protocols(m);
	ruleset->head.length = m->bytes + m->length - (uint8_t *)ruleset;
}

/* Put 00 01 02 …, drop 40 41 42 …, bind a namespace of any birth and the initial one, unbind a third. */
void golden_commit_request(struct message *m)
{
	struct nsgate_bind bind = {
		.head = { .type = NSGATE_OBJECT_BIND, .length = sizeof(bind) },
		.inode = 4026532177,
	};
	struct nsgate_bind bind_initial = {
		.head = { .type = NSGATE_OBJECT_BIND, .length = sizeof(bind_initial) },
		.inode = 4026531840, .flags = NSGATE_BIND_INITIAL, .birth = 0x1122334455667788,
	};
	struct nsgate_unbind unbind = {
		.head = { .type = NSGATE_OBJECT_UNBIND, .length = sizeof(unbind) },
		.inode = 4026532289, .birth = 0x1122334455667799,
	};
	struct nsgate_ruleset_drop drop = {
		.head = { .type = NSGATE_OBJECT_RULESET_DROP, .length = sizeof(drop) },
	};

	golden_digest(bind.digest, 0);
	golden_digest(bind_initial.digest, 0x20);
	golden_digest(drop.digest, 0x40);
	golden_request(m, NSGATE_OP_COMMIT);
	put_object(m);
	ADD(m, drop);
	ADD(m, bind);
	ADD(m, bind_initial);
	ADD(m, unbind);
}

/* Quarantine on, malformed packets dropped, and one namespace let go. */
void golden_commit_settings_request(struct message *m)
{
	golden_request(m, NSGATE_OP_COMMIT);
	ADD(m, (struct nsgate_setting){ .head = { NSGATE_OBJECT_SETTING, sizeof(struct nsgate_setting) },
					.setting = NSGATE_SETTING_QUARANTINE, .value = 1 });
	ADD(m, (struct nsgate_setting){ .head = { NSGATE_OBJECT_SETTING, sizeof(struct nsgate_setting) },
					.setting = NSGATE_SETTING_MALFORMED, .value = NSGATE_DROP });
	ADD(m, (struct nsgate_release){ .head = { NSGATE_OBJECT_RELEASE, sizeof(struct nsgate_release) },
					.inode = 4026532401, .birth = 0x112233445566778b });
}

/* The ruleset 60 61 62 …: id 106, accept, on forward, from what is in neither of two sets, to what is in "c/d". */
static void put_with_sets(struct message *m)
{
	struct nsgate_ruleset *ruleset = ADD(m, (struct nsgate_ruleset){
		.head = { .type = NSGATE_OBJECT_RULESET_PUT }, .rules = 1,
		.default_verdict = { NSGATE_ACCEPT, NSGATE_ACCEPT, NSGATE_DROP, NSGATE_ACCEPT, NSGATE_ACCEPT } });
	struct nsgate_rule *r;

	golden_digest(ruleset->digest, 0x60);
	r = rule(m, (struct nsgate_rule){ .id = 106, .hook = NSGATE_HOOK_FORWARD, .action = NSGATE_ACCEPT,
					  .families = NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6 });
	MATCH(m, NSGATE_MATCH_SRC_SET, NSGATE_MATCH_NEGATE, struct nsgate_set_name, { "a" }, { "office/paris" });
	MATCH(m, NSGATE_MATCH_DST_SET, 0, struct nsgate_set_name, { "c/d" });
	rule_end(m, r);
	ruleset->head.length = m->bytes + m->length - (uint8_t *)ruleset;
}

/* Put a ruleset with sets, put "a" with a prefix of each family, change "office/paris" from version 7 to 8, drop "c". */
void golden_commit_sets_request(struct message *m)
{
	struct nsgate_prefix4 ten = { .address = { 10, 0, 0, 0 }, .length = 8 };
	struct nsgate_prefix4 one = { .address = { 192, 0, 2, 1 }, .length = 32 };
	struct nsgate_prefix6 six = { .address = { 0x20, 0x01, 0x0d, 0xb8 }, .length = 32 };
	struct nsgate_set *put;
	struct nsgate_set_delta *delta;

	golden_request(m, NSGATE_OP_COMMIT);
	put_with_sets(m);
	put = ADD(m, (struct nsgate_set){ .head = { .type = NSGATE_OBJECT_SET_PUT }, .name = { "a" },
					  .version = 0x8877665544332211, .members4 = 2, .members6 = 1 });
	ADD(m, ten);
	ADD(m, one);
	ADD(m, six);
	put->head.length = m->bytes + m->length - (uint8_t *)put;
	delta = ADD(m, (struct nsgate_set_delta){ .head = { .type = NSGATE_OBJECT_SET_DELTA },
						  .name = { "office/paris" }, .from = 7, .version = 8,
						  .add4 = 1, .remove4 = 1, .remove6 = 1 });
	ADD(m, ten);
	ADD(m, one);
	ADD(m, six);
	delta->head.length = m->bytes + m->length - (uint8_t *)delta;
	ADD(m, (struct nsgate_set_drop){ .head = { NSGATE_OBJECT_SET_DROP, sizeof(struct nsgate_set_drop) },
					 .name = { "c" } });
}

void golden_list_request(struct message *m)
{
	golden_request(m, NSGATE_OP_LIST);
}

void golden_stats_request(struct message *m)
{
	golden_request(m, NSGATE_OP_STATS);
	ADD(m, (struct nsgate_stats_request){ .cursor = 0x7fffffff00000001 });
}

/* A tcp SYN from 192.0.2.1:40000 to 198.51.100.7:443, new, on input of eth0. */
void golden_classify_request(struct message *m)
{
	golden_request(m, NSGATE_OP_CLASSIFY);
	ADD(m, (struct nsgate_classify){
		.birth = 0x1122334455667789, .inode = 4026532177, .mark = 0x10,
		.source = { 192, 0, 2, 1 }, .destination = { 198, 51, 100, 7 },
		.source_port = 40000, .destination_port = 443,
		.hook = NSGATE_HOOK_INPUT, .family = NSGATE_FAMILY_IPV4, .protocol = 6, .tcp_flags = 0x02,
		.state = NSGATE_STATE_NEW, .in_if = "eth0" });
}

/* An icmpv6 echo request from 2001:db8::1 to ff02::1 on output of eth0. */
void golden_classify6_request(struct message *m)
{
	golden_request(m, NSGATE_OP_CLASSIFY);
	ADD(m, (struct nsgate_classify){
		.inode = 4026532177, .source = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		.destination = { 0xff, 0x02, [15] = 1 },
		.hook = NSGATE_HOOK_OUTPUT, .family = NSGATE_FAMILY_IPV6, .protocol = 58, .icmp_type = 128,
		.state = NSGATE_STATE_UNTRACKED, .out_if = "eth0" });
}

void golden_events_request(struct message *m)
{
	golden_request(m, NSGATE_OP_EVENTS);
	ADD(m, (struct nsgate_events_request){ .cursor = 41, .instance = 0x0123456789abcdef, .signal = 23 });
}
