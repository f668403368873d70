// SPDX-License-Identifier: GPL-2.0
/* What rulesets may ask for: typical ones little, large ones all memory that there is; too large ones are refused. */
#include "engine-limits.h"
#include "engine-draw.h"
#include "engine-family.h"
#include "../src/parse.h"

void give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);	/* the test's status: it has failed */
}

void check_accepted_by_parser(const struct nsgate_ruleset *ruleset)
{
	struct nsgate_refusal refusal = { .object = 0 };
	struct nsg_parse parse = { .bytes = (const u8 *)ruleset, .refusal = &refusal };

	if (!nsg_check_ruleset(&parse, ruleset))
		return;
	give_up("the test drew a ruleset that is not one: %s (rule %u)", refusal.reason, refusal.rule);
}

/* A typical ruleset of 10,000 rules takes at most 8 MiB, of which 1 MiB is for the rules themselves. */
static void check_typical(const char *family, bool ipv6)
{
	struct nsg_matcher *matcher;
	struct five_fields *rules;
	struct sample sample;
	u32 count = family_rules(&rules, family, 10000);
	int error;

	family_sample(&sample, rules, count, ipv6);
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || nsg_matcher_memory(matcher) > 7UL << 20)
		give_up("10,000 rules of the family %s: error %d, %zu bytes", family, error,
			matcher ? nsg_matcher_memory(matcher) : 0);
	nsg_matcher_free(matcher);
	sample_free(&sample);
	free(rules);
}

static void check_all_typical(void)
{
	static const char *const families[] = { "acl", "fw", "ipc" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(families) * 2; i++)
		check_typical(families[i / 2], i % 2);
	printf("engine: typical rulesets of 10,000 rules take at most 7 MiB\n");
}

static void add_hosts(struct sample *sample, u16 kind, u32 size, u32 count)
{
	u8 host[sizeof(struct nsgate_prefix6)] = { 0 };
	u32 i, byte;

	sample_match(sample, kind, 0);
	for (i = 0; i < count; i++) {
		for (byte = 0; byte < size; byte++)
			host[byte] = below(256);
		host[size] = size * 8;
		sample_item(sample, host);
	}
}

static void add_port_ranges(struct sample *sample, u16 kind)
{
	u32 i;

	sample_match(sample, kind, 0);
	for (i = 0; i < 2; i++) {
		u16 a = below(65536), b = below(65536);
		struct nsgate_port_range range = { min_t(u16, a, b), a < b ? b : a };

		sample_item(sample, &range);
	}
}

static void add_two_of_each(struct sample *sample)
{
	static const u8 tcp = 6;

	sample_rule(sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6);
	add_hosts(sample, NSGATE_MATCH_SRC4, 4, 2);
	add_hosts(sample, NSGATE_MATCH_SRC6, 16, 2);
	add_hosts(sample, NSGATE_MATCH_DST4, 4, 2);
	add_hosts(sample, NSGATE_MATCH_DST6, 16, 2);
	sample_match(sample, NSGATE_MATCH_PROTOCOL, 0);
	sample_item(sample, &tcp);
	add_port_ranges(sample, NSGATE_MATCH_SPORT);
	add_port_ranges(sample, NSGATE_MATCH_DPORT);
}

/*
 * Two hosts and two ranges of ports on either side of each rule, none like another: too much for a table of protocol
 * and ports joined, but each axis by itself fits, and none of the rules need be verified.
 */
static void check_fits(void)
{
	struct nsg_matcher *matcher;
	struct sample sample;
	int error;
	u32 i;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++)
		add_two_of_each(&sample);
	check_accepted_by_parser(sample_ruleset(&sample));
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || !matcher->chain[NSGATE_HOOK_INPUT][0]->plain || !matcher->chain[NSGATE_HOOK_INPUT][1]->plain)
		give_up("10,000 rules of two hosts and port ranges on either side: error %d, %s", error,
			matcher ? "not exact" : "no matcher");
	printf("engine: 10,000 rules of two hosts and port ranges on either side take %zu KiB\n",
	       nsg_matcher_memory(matcher) / 1024);
	nsg_matcher_free(matcher);
	sample_free(&sample);
}

/* How many rules the tables leave to be tried, on average, for packets from anywhere to anywhere. */
static u32 count_candidates(const struct nsg_matcher *matcher)
{
	struct nsg_key key = { .hook = NSGATE_HOOK_INPUT, .family = NSGATE_FAMILY_IPV4, .protocol = 6 };
	u32 candidates = 0, i;
	struct nsg_search search;

	for (i = 0; i < 100; i++) {
		key.source.words[0] = dice_roll(&dice);
		key.destination.words[0] = dice_roll(&dice);
		for (nsg_search_first(&search, matcher, &key, false, true); search.place != NSG_NO_PLACE;
		     nsg_search_next(&search, false, true))
			candidates++;
	}
	return candidates / i;
}

/* Several hosts per rule, none like another: more ends of ranges than there is memory for, but not rule after rule. */
static void check_crowd(u32 hosts)
{
	struct nsg_matcher *matcher;
	struct sample sample;
	u32 candidates, i;
	int error;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++) {
		sample_rule(&sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
		add_hosts(&sample, NSGATE_MATCH_SRC4, 4, hosts);
		add_hosts(&sample, NSGATE_MATCH_DST4, 4, hosts);
	}
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	candidates = matcher ? count_candidates(matcher) : 0;
	if (!matcher || candidates > 10)
		give_up("10,000 rules of %u hosts on either side: error %d, and %u are tried", hosts, error,
			candidates);
	printf("engine: 10,000 rules of %u hosts on either side take %zu KiB, and %u are tried\n", hosts,
	       nsg_matcher_memory(matcher) / 1024, candidates);
	nsg_matcher_free(matcher);
	sample_free(&sample);
}

/* As many names of interfaces, which no table can tell, as a request has room for: more than a ruleset may take. */
static void check_too_large(void)
{
	struct nsgate_ifname ifname = { .name = "eth" };
	struct nsg_matcher *matcher;
	struct sample sample;
	int error;
	u32 i, j;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++) {
		sample_rule(&sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
		sample_match(&sample, NSGATE_MATCH_IN_IF, 0);
		for (j = 0; j < 400; j++)
			sample_item(&sample, &ifname);
	}
	check_accepted_by_parser(sample_ruleset(&sample));
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (matcher || error != -E2BIG)
		give_up("10,000 rules of 400 names each: error %d, %zu bytes", error,
			matcher ? nsg_matcher_memory(matcher) : 0);
	sample_free(&sample);
}

void check_limits(void)
{
	check_all_typical();
	check_fits();
	check_crowd(16);
	check_too_large();
}
