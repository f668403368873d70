// SPDX-License-Identifier: GPL-2.0
/*
 * What a search costs: run by engine-bench.sh, which has callgrind count the instructions of search_packet(), or of
 * nsg_matcher_build(). Usage: engine-bench FAMILY RULES 4|6 [PACKETS]; prints rules, packets, hits and memory.
 */
#include <time.h>

#include "engine-family.h"

u32 search_packet(const struct nsg_matcher *matcher, const struct nsg_key *key);

/* A search for a packet whose first match decides, compiled by family as on the way of packets. */
noinline u32 search_packet(const struct nsg_matcher *matcher, const struct nsg_key *key)
{
	struct nsg_search search;

	if (key->family == NSGATE_FAMILY_IPV6)
		nsg_search_first(&search, matcher, key, true, false);
	else
		nsg_search_first(&search, matcher, key, false, false);
	return search.place;
}

static u64 nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static u32 run(const struct nsg_matcher *matcher, const struct nsg_key *keys, u32 packets)
{
	u32 hits = 0, i;

	for (i = 0; i < packets; i++)
		hits += search_packet(matcher, &keys[i]) != NSG_NO_PLACE;
	return hits;
}

int main(int argc, char **argv)
{
	u32 packets = argc > 4 ? atoi(argv[4]) : 2000;
	struct dice dice = { .state = 7 };
	struct five_fields *rules;
	struct nsg_matcher *matcher;
	struct nsg_key *keys = calloc(packets, sizeof(*keys));
	struct sample sample;
	u64 start, built, end;
	u32 count, hits, i;
	bool ipv6;
	int error;

	if (argc < 4 || !keys)
		return 2;
	ipv6 = !strcmp(argv[3], "6");
	count = family_rules(&rules, argv[1], atoi(argv[2]));
	family_sample(&sample, rules, count, ipv6);
	for (i = 0; i < packets; i++)
		family_packet(&keys[i], rules, count, ipv6, &dice);
	start = nanoseconds();
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	built = nanoseconds();
	if (!matcher) {
		fprintf(stderr, "no matcher: error %d\n", error);
		return 1;
	}
	hits = run(matcher, keys, packets);
	end = nanoseconds();
	printf("rules %u packets %u hits %u memory %zu build-us %llu search-ns %llu\n", count, packets, hits,
	       nsg_matcher_memory(matcher), (unsigned long long)(built - start) / 1000,
	       (unsigned long long)(end - built) / packets);
	nsg_matcher_free(matcher);
	sample_free(&sample);
	free(rules);
	free(keys);
	return 0;
}
