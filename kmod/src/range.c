// SPDX-License-Identifier: GPL-2.0
/* The items of a match as ranges on an axis. */
#include "range.h"
#include "request.h"

const struct nsgate_match *nsg_rule_match(const struct nsgate_rule *rule, u16 kind)
{
	const struct nsgate_match *match = nsg_rule_matches(rule);
	const struct nsgate_match *end = nsg_rule_end(rule);

	for (; match < end; match = nsg_match_next(match))
		if (match->kind == kind)
			return match;
	return NULL;
}

/* All bits but the first `count`. */
static u64 low_bits(u32 count)
{
	return count < 64 ? ~0ULL >> count : 0;
}

static struct nsg_range range_of_prefix4(const struct nsgate_prefix4 *prefix)
{
	__be32 address;
	u64 first;

	memcpy(&address, prefix->address, sizeof(address));
	first = be32_to_cpu(address);
	return (struct nsg_range){ .first.low = first, .last.low = first | low_bits(32 + prefix->length) };
}

static struct nsg_range range_of_prefix6(const struct nsgate_prefix6 *prefix)
{
	u32 high = min_t(u32, prefix->length, 64);
	struct nsg_range range;
	__be64 address[2];

	memcpy(address, prefix->address, sizeof(address));
	range.first = (struct nsg_point){ be64_to_cpu(address[0]), be64_to_cpu(address[1]) };
	range.last = (struct nsg_point){ range.first.high | low_bits(high),
					 range.first.low | low_bits(prefix->length - high) };
	return range;
}

static struct nsg_range range_of_numbers(u64 first, u64 last)
{
	return (struct nsg_range){ .first.low = first, .last.low = last };
}

struct nsg_range nsg_match_range(const struct nsgate_match *match, u32 item)
{
	const void *items = match + 1;
	const struct nsgate_port_range *ports = items;
	const u8 *protocols = items;

	switch (match->kind) {
	case NSGATE_MATCH_SRC4:
	case NSGATE_MATCH_DST4:
		return range_of_prefix4((const struct nsgate_prefix4 *)items + item);
	case NSGATE_MATCH_SRC6:
	case NSGATE_MATCH_DST6:
		return range_of_prefix6((const struct nsgate_prefix6 *)items + item);
	case NSGATE_MATCH_PROTOCOL:
		return range_of_numbers(protocols[item], protocols[item]);
	default:
		return range_of_numbers(ports[item].first, ports[item].last);
	}
}

struct nsg_range nsg_match_hull(const struct nsgate_match *match)
{
	struct nsg_range hull = nsg_match_range(match, 0);
	u32 i;

	for (i = 1; i < match->count; i++) {
		struct nsg_range range = nsg_match_range(match, i);

		if (nsg_point_before(range.first, hull.first))
			hull.first = range.first;
		if (nsg_point_before(hull.last, range.last))
			hull.last = range.last;
	}
	return hull;
}
