// SPDX-License-Identifier: GPL-2.0
/* Each way in which a ruleset can be bad is refused for what it is, in its place. */
#include "check.h"
#include "parse.h"

/* One bad thing: how the request is made bad, and how it must be refused. */
struct bad {
	const char *what;
	void (*spoil)(struct wire *w);
	int error;
	enum nsgate_field field;
	uint32_t nth;		/* of the rule's matches, from 1: the one that is refused; 0 if any may be */
};

static struct nsgate_ruleset *ruleset_of(struct wire *w)
{
	return (void *)(w->bytes + w->ruleset);
}

static struct nsgate_rule *rule_of(struct wire *w)
{
	return (void *)(w->bytes + w->rule);
}

/* A commit with a put of two rules, of which the second is the one to spoil: drop on input, both families. */
static void begin(struct wire *w)
{
	wire_begin(w, NSGATE_OP_COMMIT);
	ruleset_begin(w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_ACCEPT });
	rule_end(w);
	rule_begin(w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
}

#define SPOIL(name, ...)	static void name(struct wire *w) { __VA_ARGS__; }

SPOIL(id_zero, rule_of(w)->id = 0)
SPOIL(id_twice, rule_of(w)->id = 1)
SPOIL(hook_unknown, rule_of(w)->hook = 5)
SPOIL(action_unknown, rule_of(w)->action = 5)
SPOIL(action_zero, rule_of(w)->action = 0)
SPOIL(flags_unknown, rule_of(w)->flags = 0x80)
SPOIL(log_without_rate, rule_of(w)->flags = NSGATE_RULE_LOG; rule_of(w)->log_burst = 1)
SPOIL(log_without_burst, rule_of(w)->flags = NSGATE_RULE_LOG; rule_of(w)->log_rate = 1)
SPOIL(log_rate, rule_of(w)->log_rate = 1)
SPOIL(log_burst, rule_of(w)->log_burst = 1)
SPOIL(default_log_rate, ruleset_of(w)->default_log_rate = 1)
SPOIL(default_log_burst, ruleset_of(w)->default_log_burst = 1)
SPOIL(shadow_accept, rule_of(w)->flags = NSGATE_RULE_SHADOW, rule_of(w)->action = NSGATE_ACCEPT)
SPOIL(answer_to_drop, rule_of(w)->reject_with = 1)
SPOIL(reject_without, rule_of(w)->action = NSGATE_REJECT)
SPOIL(reject_unknown, rule_of(w)->action = NSGATE_REJECT; rule_of(w)->reject_with = 6)
SPOIL(reject_prerouting, rule_of(w)->action = NSGATE_REJECT; rule_of(w)->reject_with = 1;
      rule_of(w)->hook = NSGATE_HOOK_PREROUTING)
SPOIL(reset_any, rule_of(w)->action = NSGATE_REJECT; rule_of(w)->reject_with = NSGATE_REJECT_TCP_RESET)
SPOIL(families_none, rule_of(w)->families = 0)
SPOIL(families_unknown, rule_of(w)->families = 4)
SPOIL(rule_reserved, rule_of(w)->reserved[2] = 1)
SPOIL(digest_zero, memset(ruleset_of(w)->digest, 0, NSGATE_DIGEST_SIZE))
SPOIL(default_reject, ruleset_of(w)->default_verdict[4] = NSGATE_REJECT)
SPOIL(default_zero, ruleset_of(w)->default_verdict[0] = 0)
SPOIL(ruleset_reserved, ruleset_of(w)->reserved[0] = 1)
SPOIL(rules_many, ruleset_of(w)->rules = NSGATE_MAX_RULES)
SPOIL(rules_too_many, ruleset_of(w)->rules = NSGATE_MAX_RULES + 1)
SPOIL(kind_zero, MATCH(w, 0, __u8, 1))
SPOIL(kind_unknown, MATCH(w, 17, __u8, 1))
SPOIL(kind_twice, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6); MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 17))
SPOIL(match_flags, match_add(w, NSGATE_MATCH_PROTOCOL, 2, "\x06", 1, 1))
SPOIL(count_zero, match_add(w, NSGATE_MATCH_PROTOCOL, 0, NULL, 0, 0))
SPOIL(count_over, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6);
      ((struct nsgate_match *)(rule_of(w) + 1))->count = NSGATE_MAX_ITEMS + 1)
SPOIL(count_overruns, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6); ((struct nsgate_match *)(rule_of(w) + 1))->count = 9)
SPOIL(padding, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6); w->bytes[w->length - 1] = 1)
SPOIL(prefix_length, rule_of(w)->families = 1; MATCH(w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { .length = 33 }))
SPOIL(prefix_bits, rule_of(w)->families = 1;
      MATCH(w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { { 10, 0, 0, 1 }, 31 }))
SPOIL(prefix_reserved, rule_of(w)->families = 1;
      MATCH(w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { { 10 }, 8, { 1 } }))
SPOIL(prefix6_length, rule_of(w)->families = 2; MATCH(w, NSGATE_MATCH_DST6, struct nsgate_prefix6, { .length = 129 }))
SPOIL(prefix6_bits, rule_of(w)->families = 2;
      MATCH(w, NSGATE_MATCH_DST6, struct nsgate_prefix6, { .address = { 0x20, 1 }, .length = 15 }))
SPOIL(family_missing, rule_of(w)->families = 1; MATCH(w, NSGATE_MATCH_SRC6, struct nsgate_prefix6, { .length = 0 }))
SPOIL(family_half, MATCH(w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { .length = 0 }))
SPOIL(ports_alone, MATCH(w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { 1, 2 }))
SPOIL(ports_of_icmp, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6, 1);
      MATCH(w, NSGATE_MATCH_SPORT, struct nsgate_port_range, { 1, 2 }))
SPOIL(ports_negated, match_add(w, NSGATE_MATCH_PROTOCOL, 1, "\x06", 1, 1);
      MATCH(w, NSGATE_MATCH_SPORT, struct nsgate_port_range, { 1, 2 }))
SPOIL(destination_ports_of_icmp, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6, 1);
      MATCH(w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { 1, 2 }))
SPOIL(range_down, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6);
      MATCH(w, NSGATE_MATCH_SPORT, struct nsgate_port_range, { 2, 1 }))
SPOIL(icmp_both, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 1); MATCH(w, NSGATE_MATCH_ICMP4, struct nsgate_icmp, { .type = 8 }))
SPOIL(icmp_alone, rule_of(w)->families = 1; MATCH(w, NSGATE_MATCH_ICMP4, struct nsgate_icmp, { .type = 8 }))
SPOIL(icmp6_alone, rule_of(w)->families = 2; MATCH(w, NSGATE_MATCH_ICMP6, struct nsgate_icmp, { .type = 8 }))
SPOIL(icmp_codes, rule_of(w)->families = 1; MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 1);
      MATCH(w, NSGATE_MATCH_ICMP4, struct nsgate_icmp, { 3, 2, 1 }))
SPOIL(flags_udp, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 17);
      MATCH(w, NSGATE_MATCH_TCP_FLAGS, struct nsgate_tcp_flags, { 1, 1 }))
SPOIL(flags_first, MATCH(w, NSGATE_MATCH_TCP_FLAGS, struct nsgate_tcp_flags, { 1, 1 });
      MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6, 17))
SPOIL(flags_mask, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6);
      MATCH(w, NSGATE_MATCH_TCP_FLAGS, struct nsgate_tcp_flags, { 0, 0 }))
SPOIL(flags_value, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6);
      MATCH(w, NSGATE_MATCH_TCP_FLAGS, struct nsgate_tcp_flags, { 1, 2 }))
SPOIL(out_on_input, MATCH(w, NSGATE_MATCH_OUT_IF, struct nsgate_ifname, { "lo" }))
SPOIL(out_last, MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6); MATCH(w, NSGATE_MATCH_STATE, __u8, 1);
      MATCH(w, NSGATE_MATCH_OUT_IF, struct nsgate_ifname, { "lo" }))
SPOIL(in_on_output, rule_of(w)->hook = NSGATE_HOOK_OUTPUT; MATCH(w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "lo" }))
SPOIL(name_empty, MATCH(w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "" }))
SPOIL(name_long, MATCH(w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "0123456789abcdef" }))
SPOIL(name_unpadded, MATCH(w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "lo\0x" }))
SPOIL(name_slash, MATCH(w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "a/b" }))
SPOIL(state_zero, MATCH(w, NSGATE_MATCH_STATE, __u8, 0))
SPOIL(state_unknown, MATCH(w, NSGATE_MATCH_STATE, __u8, 32))
SPOIL(state_two, MATCH(w, NSGATE_MATCH_STATE, __u8, 1, 2))
SPOIL(mark_mask, MATCH(w, NSGATE_MATCH_MARK, struct nsgate_mark, { 0, 0 }))
SPOIL(mark_value, MATCH(w, NSGATE_MATCH_MARK, struct nsgate_mark, { 2, 1 }))

SPOIL(set_twice, MATCH(w, NSGATE_MATCH_DST_SET, struct nsgate_set_name, { "a" });
      MATCH(w, NSGATE_MATCH_DST_SET, struct nsgate_set_name, { "b" }))
SPOIL(set_unnamed, MATCH(w, NSGATE_MATCH_SRC_SET, struct nsgate_set_name, { "a" }, { "" }))
SPOIL(set_unpadded, MATCH(w, NSGATE_MATCH_SRC_SET, struct nsgate_set_name, { "a\0b" }))
SPOIL(set_endless, MATCH(w, NSGATE_MATCH_SRC_SET, struct nsgate_set_name,
			 { "0123456789012345678901234567890123456789012345678901234567890123" }))
SPOIL(set_half, MATCH(w, NSGATE_MATCH_DST_SET, __u8, 'a'))

static const struct bad bads[] = {
	{ "rule id 0", id_zero, EINVAL, NSGATE_FIELD_RULE_ID },
	{ "a rule id twice", id_twice, EINVAL, NSGATE_FIELD_RULE_ID },
	{ "an unknown hook", hook_unknown, EINVAL, NSGATE_FIELD_HOOK },
	{ "an unknown action", action_unknown, EINVAL, NSGATE_FIELD_ACTION },
	{ "action 0", action_zero, EINVAL, NSGATE_FIELD_ACTION },
	{ "unknown flags", flags_unknown, EINVAL, NSGATE_FIELD_FLAGS },
	{ "a log without a rate", log_without_rate, EINVAL, NSGATE_FIELD_LOG },
	{ "a log without a burst", log_without_burst, EINVAL, NSGATE_FIELD_LOG },
	{ "a log rate without the flag", log_rate, EINVAL, NSGATE_FIELD_LOG },
	{ "a log burst without the flag", log_burst, EINVAL, NSGATE_FIELD_LOG },
	{ "a default log without a burst", default_log_rate, EINVAL, NSGATE_FIELD_LOG },
	{ "a default log burst without a rate", default_log_burst, EINVAL, NSGATE_FIELD_LOG },
	{ "a shadow accept", shadow_accept, EINVAL, NSGATE_FIELD_FLAGS },
	{ "an answer to a drop", answer_to_drop, EINVAL, NSGATE_FIELD_REJECT_WITH },
	{ "reject without an answer", reject_without, EINVAL, NSGATE_FIELD_REJECT_WITH },
	{ "reject with an unknown answer", reject_unknown, EINVAL, NSGATE_FIELD_REJECT_WITH },
	{ "reject on prerouting", reject_prerouting, EOPNOTSUPP, NSGATE_FIELD_HOOK },
	{ "a reset of any protocol", reset_any, EINVAL, NSGATE_FIELD_REJECT_WITH },
	{ "no family", families_none, EINVAL, NSGATE_FIELD_FAMILIES },
	{ "an unknown family", families_unknown, EINVAL, NSGATE_FIELD_FAMILIES },
	{ "a reserved byte of a rule", rule_reserved, EINVAL, NSGATE_FIELD_RESERVED },
	{ "a digest of zeros", digest_zero, EINVAL, NSGATE_FIELD_DIGEST },
	{ "a default of reject", default_reject, EINVAL, NSGATE_FIELD_DEFAULT },
	{ "a default of 0", default_zero, EINVAL, NSGATE_FIELD_DEFAULT },
	{ "a reserved byte of a ruleset", ruleset_reserved, EINVAL, NSGATE_FIELD_RESERVED },
	{ "more rules than there are", rules_many, EINVAL, NSGATE_FIELD_RULES },
	{ "too many rules", rules_too_many, E2BIG, NSGATE_FIELD_RULES },
	{ "match kind 0", kind_zero, EINVAL, NSGATE_FIELD_MATCH_KIND },
	{ "an unknown match kind", kind_unknown, EINVAL, NSGATE_FIELD_MATCH_KIND },
	{ "a match kind twice", kind_twice, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "unknown flags of a match", match_flags, EINVAL, NSGATE_FIELD_MATCH_FLAGS },
	{ "a match without items", count_zero, EINVAL, NSGATE_FIELD_MATCH_COUNT },
	{ "too many items", count_over, E2BIG, NSGATE_FIELD_MATCH_COUNT },
	{ "items that overrun the rule", count_overruns, EINVAL, NSGATE_FIELD_MATCH_COUNT },
	{ "padding that is not zero", padding, EINVAL, NSGATE_FIELD_RESERVED },
	{ "an IPv4 prefix of 33", prefix_length, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "an IPv4 prefix with more bits", prefix_bits, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a reserved byte of a prefix", prefix_reserved, EINVAL, NSGATE_FIELD_RESERVED },
	{ "an IPv6 prefix of 129", prefix6_length, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "an IPv6 prefix with more bits", prefix6_bits, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "an address of a missing family", family_missing, EINVAL, NSGATE_FIELD_FAMILIES },
	{ "an address of one family of two", family_half, EINVAL, NSGATE_FIELD_FAMILIES },
	{ "ports without a protocol", ports_alone, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "ports of icmp", ports_of_icmp, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "destination ports of icmp", destination_ports_of_icmp, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "ports of a negated protocol", ports_negated, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "a port range upside down", range_down, EINVAL, NSGATE_FIELD_MATCH_ITEM, 2 },
	{ "icmp of both families", icmp_both, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "icmp without its protocol", icmp_alone, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "icmpv6 without its protocol", icmp6_alone, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "icmp codes upside down", icmp_codes, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "tcp flags of udp", flags_udp, EINVAL, NSGATE_FIELD_MATCH_KIND, 2 },
	{ "tcp flags, then more than tcp", flags_first, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "tcp flags without a mask", flags_mask, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "tcp flags outside of their mask", flags_value, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "an output interface on input", out_on_input, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "an output interface on input, last of three", out_last, EINVAL, NSGATE_FIELD_MATCH_KIND, 3 },
	{ "an input interface on output", in_on_output, EINVAL, NSGATE_FIELD_MATCH_KIND, 1 },
	{ "an empty name", name_empty, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a name without its NUL", name_long, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a name with bytes after its NUL", name_unpadded, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a name with a slash", name_slash, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "no state", state_zero, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "an unknown state", state_unknown, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "two masks of states", state_two, EINVAL, NSGATE_FIELD_MATCH_COUNT },
	{ "a mark without a mask", mark_mask, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a mark outside of its mask", mark_value, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "two matches on sets of destinations", set_twice, EINVAL, NSGATE_FIELD_MATCH_KIND },
	{ "a set's empty name", set_unnamed, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a set's name with bytes after its NUL", set_unpadded, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a set's name without its NUL", set_endless, EINVAL, NSGATE_FIELD_MATCH_ITEM },
	{ "a set's name that overruns the rule", set_half, EINVAL, NSGATE_FIELD_MATCH_COUNT },
};

void test_bad_rules(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		struct nsgate_refusal refusal;
		struct wire w;
		int error;

		begin(&w);
		bads[i].spoil(&w);
		rule_end(&w);
		ruleset_end(&w);
		error = parsed_wire(&w, &refusal);
		check(error == -bads[i].error && refusal.field == bads[i].field && refusal.object == 0 &&
		      refusal.offset && (!bads[i].nth || (refusal.rule == 1 && refusal.match == bads[i].nth - 1)),
		      "%s: %s (%s)", bads[i].what, refusal.reason, strerror(-error));
	}
}
