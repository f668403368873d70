// SPDX-License-Identifier: GPL-2.0
/* Checks one rule: its head, its matches, and whether they fit its hook, its families and one another. */
#include "parse.h"
#include "request.h"

/* A rule's matches by kind, NULL where it has none. */
struct matches {
	const struct nsgate_match *of[NSGATE_MATCH_KINDS];
	u32 index[NSGATE_MATCH_KINDS];	/* in the rule */
};

#define IPPROTO_ICMP_	1
#define IPPROTO_TCP_	6
#define IPPROTO_ICMPV6_	58
#define BOTH_FAMILIES	(NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6)

static int check_length(struct nsg_parse *parse, const struct nsgate_rule *rule, size_t room)
{
	if (room < sizeof(*rule))
		return nsg_fault(parse, rule, -EINVAL, NSGATE_FIELD_RULES, "ruleset ends inside the head of a rule");
	if (rule->length < sizeof(*rule) || rule->length > room || rule->length % 8)
		return nsg_fault(parse, &rule->length, -EINVAL, NSGATE_FIELD_RULE_LENGTH,
				 "length %u of a rule is no multiple of 8 from %zu to %zu", rule->length,
				 sizeof(*rule), room);
	return 0;
}

int nsg_check_log(struct nsg_parse *parse, const __u16 *rate, const __u16 *burst, bool logs)
{
	if (logs == !!*rate && logs == !!*burst)
		return 0;
	return nsg_fault(parse, logs != !!*rate ? rate : burst, -EINVAL, NSGATE_FIELD_LOG,
			 "log rate %u and burst %u: %s", *rate, *burst,
			 logs ? "both must be 1 or more" : "both must be 0 without a log");
}

static int check_flags(struct nsg_parse *parse, const struct nsgate_rule *rule)
{
	if (rule->flags & ~NSG_RULE_FLAGS)
		return nsg_fault(parse, &rule->flags, -EINVAL, NSGATE_FIELD_FLAGS, "0x%x are no flags of a rule",
				 rule->flags);
	if (rule->flags & NSGATE_RULE_SHADOW && rule->action != NSGATE_DROP && rule->action != NSGATE_REJECT)
		return nsg_fault(parse, &rule->flags, -EINVAL, NSGATE_FIELD_FLAGS,
				 "only drop and reject can be shadow");
	return nsg_check_log(parse, &rule->log_rate, &rule->log_burst, rule->flags & NSGATE_RULE_LOG);
}

static int check_action(struct nsg_parse *parse, const struct nsgate_rule *rule)
{
	bool reject = rule->action == NSGATE_REJECT;

	if (rule->action < NSGATE_ACCEPT || rule->action > NSGATE_COUNT)
		return nsg_fault(parse, &rule->action, -EINVAL, NSGATE_FIELD_ACTION, "%u is no action",
				 rule->action);
	if (reject && !(BIT(rule->hook) & NSG_REJECT_HOOKS))
		return nsg_fault(parse, &rule->hook, -EOPNOTSUPP, NSGATE_FIELD_HOOK,
				 "reject works on input, forward and output only");
	if (reject ? !rule->reject_with || rule->reject_with > NSGATE_REJECT_TCP_RESET : rule->reject_with)
		return nsg_fault(parse, &rule->reject_with, -EINVAL, NSGATE_FIELD_REJECT_WITH,
				 "%u is no answer for this action", rule->reject_with);
	return 0;
}

static int check_head(struct nsg_parse *parse, const struct nsgate_rule *rule)
{
	int error;

	if (!rule->id)
		return nsg_fault(parse, &rule->id, -EINVAL, NSGATE_FIELD_RULE_ID, "rule id is 0");
	if (rule->hook >= NSGATE_HOOKS)
		return nsg_fault(parse, &rule->hook, -EINVAL, NSGATE_FIELD_HOOK, "%u is no hook", rule->hook);
	error = check_action(parse, rule) ?: check_flags(parse, rule);
	if (error)
		return error;
	if (!rule->families || rule->families & ~BOTH_FAMILIES)
		return nsg_fault(parse, &rule->families, -EINVAL, NSGATE_FIELD_FAMILIES,
				 "0x%x is no set of address families", rule->families);
	return nsg_check_reserved(parse, rule->reserved, sizeof(rule->reserved));
}

static int check_matches(struct nsg_parse *parse, const struct nsgate_rule *rule, struct matches *matches)
{
	const u8 *at = (const u8 *)nsg_rule_matches(rule);
	const u8 *end = nsg_rule_end(rule);
	u32 length;
	int error;

	for (parse->refusal->match = 0; at < end; at += length, parse->refusal->match++) {
		const struct nsgate_match *match = (const void *)at;

		error = nsg_check_match(parse, match, end - at, &length);
		if (error)
			return error;
		if (matches->of[match->kind])
			return nsg_fault(parse, match, -EINVAL, NSGATE_FIELD_MATCH_KIND,
					 "match kind %u stands twice in one rule", match->kind);
		matches->of[match->kind] = match;
		matches->index[match->kind] = parse->refusal->match;
	}
	parse->refusal->match = NSGATE_NO_INDEX;
	return 0;
}

/* A source (or destination) match of one family: the rule must have that family, and the other one constrained too. */
static int check_family(struct nsg_parse *parse, const struct nsgate_rule *rule, bool match4, bool match6)
{
	if ((match4 && !(rule->families & NSGATE_FAMILY_IPV4)) || (match6 && !(rule->families & NSGATE_FAMILY_IPV6)))
		return nsg_fault(parse, &rule->families, -EINVAL, NSGATE_FIELD_FAMILIES,
				 "address match of a family that the rule does not have");
	if (rule->families == BOTH_FAMILIES && match4 != match6)
		return nsg_fault(parse, &rule->families, -EINVAL, NSGATE_FIELD_FAMILIES,
				 "rule for both families has an address match for one of them only");
	return 0;
}

/* Refuses a match that does not fit its rule. */
static int refuse_match(struct nsg_parse *parse, const struct matches *matches, u16 kind, const char *reason)
{
	parse->refusal->match = matches->index[kind];
	return nsg_fault(parse, matches->of[kind], -EINVAL, NSGATE_FIELD_MATCH_KIND, "%s", reason);
}

/* Whether the rule matches packets of this protocol and of no other. */
static bool only_protocol(const struct matches *matches, u8 protocol)
{
	const struct nsgate_match *match = matches->of[NSGATE_MATCH_PROTOCOL];

	return match && !match->flags && match->count == 1 && *(const u8 *)(match + 1) == protocol;
}

static bool protocol_with_ports(u8 protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

static bool only_protocols_with_ports(const struct matches *matches)
{
	const struct nsgate_match *match = matches->of[NSGATE_MATCH_PROTOCOL];
	const u8 *protocol;
	u32 i;

	if (!match || match->flags)
		return false;
	protocol = (const u8 *)(match + 1);
	for (i = 0; i < match->count; i++)
		if (!protocol_with_ports(protocol[i]))
			return false;
	return true;
}

static int check_protocol(struct nsg_parse *parse, const struct nsgate_rule *rule, const struct matches *matches)
{
	u16 port_kind = matches->of[NSGATE_MATCH_SPORT] ? NSGATE_MATCH_SPORT : NSGATE_MATCH_DPORT;
	const struct nsgate_match *ports = matches->of[port_kind];
	const struct nsgate_match *icmp4 = matches->of[NSGATE_MATCH_ICMP4];
	const struct nsgate_match *icmp6 = matches->of[NSGATE_MATCH_ICMP6];
	const struct nsgate_match *flags = matches->of[NSGATE_MATCH_TCP_FLAGS];

	if (ports && !only_protocols_with_ports(matches))
		return refuse_match(parse, matches, port_kind,
				    "a port match needs a protocol match of tcp, udp, udplite, sctp, dccp only");
	if (icmp4 && (!only_protocol(matches, IPPROTO_ICMP_) || rule->families != NSGATE_FAMILY_IPV4))
		return refuse_match(parse, matches, NSGATE_MATCH_ICMP4,
				    "an icmp match needs protocol 1 and IPv4 alone");
	if (icmp6 && (!only_protocol(matches, IPPROTO_ICMPV6_) || rule->families != NSGATE_FAMILY_IPV6))
		return refuse_match(parse, matches, NSGATE_MATCH_ICMP6,
				    "an icmpv6 match needs protocol 58 and IPv6 alone");
	if (flags && !only_protocol(matches, IPPROTO_TCP_))
		return refuse_match(parse, matches, NSGATE_MATCH_TCP_FLAGS,
				    "a match on tcp flags needs protocol 6 alone");
	if (rule->reject_with == NSGATE_REJECT_TCP_RESET && !only_protocol(matches, IPPROTO_TCP_))
		return nsg_fault(parse, &rule->reject_with, -EINVAL, NSGATE_FIELD_REJECT_WITH,
				 "a tcp reset needs a match of protocol 6 alone");
	return 0;
}

static int check_interfaces(struct nsg_parse *parse, const struct nsgate_rule *rule, const struct matches *matches)
{
	const struct nsgate_match *in = matches->of[NSGATE_MATCH_IN_IF];
	const struct nsgate_match *out = matches->of[NSGATE_MATCH_OUT_IF];

	if (in && rule->hook > NSGATE_HOOK_FORWARD)
		return refuse_match(parse, matches, NSGATE_MATCH_IN_IF,
				    "there is no input interface on output and postrouting");
	if (out && rule->hook < NSGATE_HOOK_FORWARD)
		return refuse_match(parse, matches, NSGATE_MATCH_OUT_IF,
				    "there is no output interface on prerouting and input");
	return 0;
}

int nsg_check_rule(struct nsg_parse *parse, const struct nsgate_rule *rule, size_t room)
{
	struct matches matches = { .of = { NULL } };
	int error;

	error = check_length(parse, rule, room) ?:
		check_head(parse, rule) ?:
		check_matches(parse, rule, &matches);
	if (error)
		return error;
	return check_family(parse, rule, matches.of[NSGATE_MATCH_SRC4], matches.of[NSGATE_MATCH_SRC6]) ?:
	       check_family(parse, rule, matches.of[NSGATE_MATCH_DST4], matches.of[NSGATE_MATCH_DST6]) ?:
	       check_protocol(parse, rule, &matches) ?:
	       check_interfaces(parse, rule, &matches);
}
