// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the parser of rulesets and the engine's builder and search: the input is a packet's key and a ruleset as a put
 * has it. A ruleset that the parser accepts must be built, and every packet must find what trying each rule finds.
 * Build: clang -fsanitize=fuzzer,address,undefined; run: engine-fuzz CORPUS
 */
#include "../src/engine.h"
#include "../src/parse.h"
#include "../src/request.h"

long userspace_allocations = -1;

#define MAX_INPUT	65536

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static bool parses(const struct nsgate_ruleset *ruleset)
{
	struct nsgate_refusal refusal = { .object = 0 };
	struct nsg_parse parse = { .bytes = (const u8 *)ruleset, .refusal = &refusal };

	return !nsg_check_ruleset(&parse, ruleset);
}

static bool has_ports(u8 protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* Any bytes as a key that a reader of packets could have made. */
static struct nsg_key make_key(const u8 *data)
{
	struct nsg_key key;

	memcpy(&key, data, sizeof(key));
	key.hook %= NSGATE_HOOKS;
	key.family = key.family & 1 ? NSGATE_FAMILY_IPV4 : NSGATE_FAMILY_IPV6;
	if (!has_ports(key.protocol))
		key.parts &= ~NSG_KEY_PORTS;
	key.in_if = key.mark & 1 ? "eth0" : NULL;
	key.out_if = key.mark & 2 ? "eth1" : NULL;
	return key;
}

static u32 next_by_reference(const struct nsgate_ruleset *ruleset, u32 from, const struct nsg_predicates *predicates,
			     const struct nsg_key *key)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	u32 i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule))
		if (i >= from && rule->hook == key->hook && rule->families & key->family &&
		    nsg_predicate_holds(predicates, i, key))
			return i;
	return NSG_NO_RULE;
}

static void compare(const struct nsgate_ruleset *ruleset, const struct nsg_matcher *matcher, const struct nsg_key *key)
{
	struct nsg_search search;
	u32 found = nsg_search_first(&search, matcher, key);
	u32 expected = next_by_reference(ruleset, 0, matcher->predicates, key);

	while (found == expected && expected != NSG_NO_RULE) {
		found = nsg_search_next(&search);
		expected = next_by_reference(ruleset, expected + 1, matcher->predicates, key);
	}
	if (found != expected)
		abort();
}

static void search_ruleset(const struct nsgate_ruleset *ruleset, const struct nsg_key *key)
{
	int error;
	struct nsg_matcher *matcher = nsg_matcher_build(ruleset, &error);

	if (!matcher)
		abort();
	compare(ruleset, matcher, key);
	nsg_matcher_free(matcher);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct nsgate_ruleset *ruleset;
	struct nsg_key key;

	if (size < sizeof(key) + sizeof(*ruleset) || size > MAX_INPUT)
		return -1;
	key = make_key(data);
	size -= sizeof(key);
	ruleset = malloc(size);
	if (!ruleset)
		abort();
	memcpy(ruleset, data + sizeof(key), size);
	ruleset->head.length = size;	/* the reader of objects has seen to it */
	if (parses(ruleset))
		search_ruleset(ruleset, &key);
	free(ruleset);
	return 0;
}
