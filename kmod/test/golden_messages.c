// SPDX-License-Identifier: GPL-2.0
/* The golden messages, from fixed values: a change of one is a change of the ABI. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void *add(struct message *m, const void *part, size_t length)
{
	void *at = m->bytes + m->length;

	if (length > sizeof(m->bytes) - m->length)
		abort();
	memcpy(at, part, length);
	m->length += length;
	return at;
}

#define ADD(m, ...) add(m, &(__VA_ARGS__), sizeof(__VA_ARGS__))

static void pad(struct message *m)
{
	m->length = (m->length + 7) & ~(size_t)7;
}

/* Every message carries a tag of its own: 0x1000 and the operation for requests, 0x2000 for replies. */
static void request(struct message *m, enum nsgate_op op)
{
	ADD(m, (struct nsgate_request){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .tag = 0x1000 + op });
}

static void reply(struct message *m, enum nsgate_op op, int error)
{
	ADD(m, (struct nsgate_reply){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .error = error,
				      .tag = 0x2000 + op });
}

/* Digests of the messages: 32 bytes counting up from `first`. */
static void digest(__u8 *to, uint8_t first)
{
	for (int i = 0; i < NSGATE_DIGEST_SIZE; i++)
		to[i] = first + i;
}

static void info_request(struct message *m)
{
	request(m, NSGATE_OP_INFO);
}

static void info_reply(struct message *m)
{
	struct nsgate_info info = {
		.abi_min = 2,
		.abi_max = 2,
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

	reply(m, NSGATE_OP_INFO, 0);
	ADD(m, info);
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
	add(m, items, size * count);
	pad(m);
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

	digest(ruleset->digest, 0);
	rule_ports(m);
	rule_reject(m);
	rule_shadow(m);
	rule_icmp(m);
	rule_protocols(m);
	ruleset->head.length = m->bytes + m->length - (uint8_t *)ruleset;
}

/* Put 00 01 02 …, drop 40 41 42 …, bind a namespace of any birth and the initial one, unbind a third. */
static void commit_request(struct message *m)
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

	digest(bind.digest, 0);
	digest(bind_initial.digest, 0x20);
	digest(drop.digest, 0x40);
	request(m, NSGATE_OP_COMMIT);
	put_object(m);
	ADD(m, drop);
	ADD(m, bind);
	ADD(m, bind_initial);
	ADD(m, unbind);
}

/* Quarantine on, malformed packets dropped, and one namespace let go. */
static void commit_settings_request(struct message *m)
{
	request(m, NSGATE_OP_COMMIT);
	ADD(m, (struct nsgate_setting){ .head = { NSGATE_OBJECT_SETTING, sizeof(struct nsgate_setting) },
					.setting = NSGATE_SETTING_QUARANTINE, .value = 1 });
	ADD(m, (struct nsgate_setting){ .head = { NSGATE_OBJECT_SETTING, sizeof(struct nsgate_setting) },
					.setting = NSGATE_SETTING_MALFORMED, .value = NSGATE_DROP });
	ADD(m, (struct nsgate_release){ .head = { NSGATE_OBJECT_RELEASE, sizeof(struct nsgate_release) },
					.inode = 4026532401, .birth = 0x112233445566778b });
}

/* Put "a" with a prefix of each family, change "office/paris" from version 7 to 8, drop "c". */
static void commit_sets_request(struct message *m)
{
	struct nsgate_prefix4 ten = { .address = { 10, 0, 0, 0 }, .length = 8 };
	struct nsgate_prefix4 one = { .address = { 192, 0, 2, 1 }, .length = 32 };
	struct nsgate_prefix6 six = { .address = { 0x20, 0x01, 0x0d, 0xb8 }, .length = 32 };
	struct nsgate_set *put;
	struct nsgate_set_delta *delta;

	request(m, NSGATE_OP_COMMIT);
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

static void commit_reply(struct message *m)
{
	reply(m, NSGATE_OP_COMMIT, 0);
	ADD(m, (struct nsgate_committed){ .generation = 43 });
}

/* The commit was refused: the second port range of the first rule of object 0 is upside down. */
static void refusal_reply(struct message *m)
{
	reply(m, NSGATE_OP_COMMIT, -EINVAL);
	ADD(m, (struct nsgate_refusal){ .object = 0, .rule = 0, .match = 4, .item = 1,
					.field = NSGATE_FIELD_MATCH_ITEM, .offset = 188,
					.reason = "port range 443-80 ends before it begins" });
}

/* A refusal before any object was read, of a request whose operation could not be read. */
static void refusal_header_reply(struct message *m)
{
	ADD(m, (struct nsgate_reply){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .error = -EINVAL });
	ADD(m, (struct nsgate_refusal){ .object = NSGATE_NO_INDEX, .rule = NSGATE_NO_INDEX,
					.match = NSGATE_NO_INDEX, .item = NSGATE_NO_INDEX,
					.field = NSGATE_FIELD_REQUEST, .offset = 0,
					.reason = "shorter than a request's header" });
}

static void list_request(struct message *m)
{
	request(m, NSGATE_OP_LIST);
}

/*
 * The initial namespace, unbound, one bound to 00 01 02 …, and one in quarantine; then the rulesets 00 01 02 … and
 * 20 21 22 …, and a set.
 */
static void list_reply(struct message *m)
{
	struct nsgate_namespace bound = {
		.birth = 0x1122334455667789, .cookie = 17, .epoch = 0x99aabbccddeeff01, .inode = 4026532177,
		.flags = NSGATE_NS_BOUND,
		.totals = { .seen = 123, .accepted = 100, .dropped = 20, .rejected = 3, .malformed = 1, .shadow = 9 },
		.quarantine_dropped = 4,
	};
	struct nsgate_ruleset_info used = { .memory = 65536, .rules = 5, .bindings = 1 };
	struct nsgate_ruleset_info idle = { .memory = 4096, .rules = 0, .bindings = 0 };

	digest(bound.digest, 0);
	digest(used.digest, 0);
	digest(idle.digest, 0x20);
	reply(m, NSGATE_OP_LIST, 0);
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

static void stats_request(struct message *m)
{
	request(m, NSGATE_OP_STATS);
	ADD(m, (struct nsgate_stats_request){ .cursor = 0x7fffffff00000001 });
}

/* One binding in which two rules changed, a second in which only a hook's totals did. */
static void stats_reply(struct message *m)
{
	reply(m, NSGATE_OP_STATS, 0);
	ADD(m, (struct nsgate_stats){ .cursor = 0x7fffffff00000002, .bindings = 2 });
	ADD(m, (struct nsgate_binding_stats){
		.birth = 0x1122334455667789, .epoch = 0x99aabbccddeeff01, .inode = 4026532177, .rules = 2,
		.hooks = { [NSGATE_HOOK_INPUT] = { .seen = 123, .accepted = 100, .dropped = 20, .rejected = 3,
						   .malformed = 1, .shadow = 9 } } });
	ADD(m, (struct nsgate_rule_counters){ .id = 101, .packets = 20, .bytes = 1680, .last_hit = 123456 });
	ADD(m, (struct nsgate_rule_counters){ .id = 103, .packets = 5000000000, .bytes = 420000000000,
					      .shadow_packets = 5000000000, .last_hit = 123460 });
	ADD(m, (struct nsgate_binding_stats){
		.birth = 0x112233445566778a, .epoch = 0x99aabbccddeeff02, .inode = 4026532289,
		.hooks = { [NSGATE_HOOK_POSTROUTING] = { .seen = 7, .accepted = 7 } } });
}

/* A tcp SYN from 192.0.2.1:40000 to 198.51.100.7:443, new, on input of eth0. */
static void classify_request(struct message *m)
{
	request(m, NSGATE_OP_CLASSIFY);
	ADD(m, (struct nsgate_classify){
		.birth = 0x1122334455667789, .inode = 4026532177, .mark = 0x10,
		.source = { 192, 0, 2, 1 }, .destination = { 198, 51, 100, 7 },
		.source_port = 40000, .destination_port = 443,
		.hook = NSGATE_HOOK_INPUT, .family = NSGATE_FAMILY_IPV4, .protocol = 6, .tcp_flags = 0x02,
		.state = NSGATE_STATE_NEW, .in_if = "eth0" });
}

/* An icmpv6 echo request from 2001:db8::1 to ff02::1 on output of eth0. */
static void classify6_request(struct message *m)
{
	request(m, NSGATE_OP_CLASSIFY);
	ADD(m, (struct nsgate_classify){
		.inode = 4026532177, .source = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		.destination = { 0xff, 0x02, [15] = 1 },
		.hook = NSGATE_HOOK_OUTPUT, .family = NSGATE_FAMILY_IPV6, .protocol = 58, .icmp_type = 128,
		.state = NSGATE_STATE_UNTRACKED, .out_if = "eth0" });
}

static void classify_reply(struct message *m)
{
	struct nsgate_classified answer = {
		.rule_id = 101, .epoch = 0x99aabbccddeeff01, .rule = 0, .verdict = NSGATE_DROP,
	};

	digest(answer.digest, 0);
	reply(m, NSGATE_OP_CLASSIFY, 0);
	ADD(m, answer);
}

/* The namespace is not bound: nothing decides, so the packet passes. */
static void classify_unbound_reply(struct message *m)
{
	reply(m, NSGATE_OP_CLASSIFY, 0);
	ADD(m, (struct nsgate_classified){ .rule = NSGATE_NO_INDEX, .verdict = NSGATE_ACCEPT });
}

static void events_request(struct message *m)
{
	request(m, NSGATE_OP_EVENTS);
	ADD(m, (struct nsgate_events_request){ .cursor = 41, .instance = 0x0123456789abcdef, .signal = 23 });
}

/* Three events after ten that were lost: a birth, a sampled packet, a death. */
static void events_reply(struct message *m)
{
	reply(m, NSGATE_OP_EVENTS, 0);
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

const struct golden goldens[] = {
	{ "info-request", info_request, "request INFO" },
	{ "info-reply", info_reply, "reply to INFO: version 1.2.3, generation 42, 1003 namespaces, 1000 bound" },
	{ "commit-request", commit_request,
	  "request COMMIT: a put with every kind of match, a drop, two binds, an unbind" },
	{ "commit-settings-request", commit_settings_request, "request COMMIT: quarantine on, malformed drop, a release" },
	{ "commit-sets-request", commit_sets_request, "request COMMIT: a set put, one changed, one dropped" },
	{ "commit-reply", commit_reply, "reply to COMMIT: generation 43" },
	{ "refusal-reply", refusal_reply, "refusal of a COMMIT: EINVAL, object 0, rule 0, match 4, item 1, offset 188" },
	{ "refusal-header-reply", refusal_header_reply, "refusal of bytes too short for a header: EINVAL" },
	{ "list-request", list_request, "request LIST" },
	{ "list-reply", list_reply, "reply to LIST: three namespaces, the second bound, the third in quarantine; two rulesets; a set" },
	{ "stats-request", stats_request, "request STATS since cursor 0x7fffffff00000001" },
	{ "stats-reply", stats_reply, "reply to STATS: two bindings, the first with two rules" },
	{ "classify-request", classify_request, "request CLASSIFY: tcp SYN 192.0.2.1:40000 to 198.51.100.7:443 on input" },
	{ "classify6-request", classify6_request, "request CLASSIFY: icmpv6 echo request 2001:db8::1 to ff02::1 on output" },
	{ "classify-reply", classify_reply, "reply to CLASSIFY: rule 101 at index 0 drops" },
	{ "events-request", events_request, "request EVENTS since 41, with SIGURG for the next" },
	{ "events-reply", events_reply, "reply to EVENTS: ten lost, then a birth, a packet, a death" },
	{ "classify-unbound-reply", classify_unbound_reply, "reply to CLASSIFY of a namespace that is not bound: accept" },
};

const size_t golden_count = ARRAY_SIZE(goldens);
