// SPDX-License-Identifier: GPL-2.0
/* Checks one match of a rule: its head, its items and its padding. */
#include "parse.h"
#include "request.h"

int nsg_check_reserved(struct nsg_parse *parse, const void *at, size_t count)
{
	const void *fault = memchr_inv(at, 0, count);

	if (fault)
		return nsg_fault(parse, fault, -EINVAL, NSGATE_FIELD_RESERVED, "reserved byte is not zero");
	return 0;
}

/* Whether bits of an address beyond its first `length` are set. */
static bool host_bits(const u8 *address, u32 size, u32 length)
{
	u32 whole = length / 8;

	if (length % 8 && address[whole++] & (0xff >> (length % 8)))
		return true;
	return memchr_inv(address + whole, 0, size - whole);
}

static int check_address(struct nsg_parse *parse, const u8 *address, u32 size, u8 length, enum nsgate_field field)
{
	if (length > size * 8)
		return nsg_fault(parse, address + size, -EINVAL, field, "prefix length %u is over %u", length,
				 size * 8);
	if (host_bits(address, size, length))
		return nsg_fault(parse, address, -EINVAL, field, "address has bits beyond its prefix length %u",
				 length);
	return 0;
}

int nsg_check_prefix(struct nsg_parse *parse, const void *prefix, bool ipv6, enum nsgate_field field)
{
	const struct nsgate_prefix4 *prefix4 = prefix;
	const struct nsgate_prefix6 *prefix6 = prefix;

	if (!ipv6)
		return check_address(parse, prefix4->address, sizeof(prefix4->address), prefix4->length, field) ?:
		       nsg_check_reserved(parse, prefix4->reserved, sizeof(prefix4->reserved));
	return check_address(parse, prefix6->address, sizeof(prefix6->address), prefix6->length, field) ?:
	       nsg_check_reserved(parse, prefix6->reserved, sizeof(prefix6->reserved));
}

static int check_prefix4(struct nsg_parse *parse, const void *item)
{
	return nsg_check_prefix(parse, item, false, NSGATE_FIELD_MATCH_ITEM);
}

static int check_prefix6(struct nsg_parse *parse, const void *item)
{
	return nsg_check_prefix(parse, item, true, NSGATE_FIELD_MATCH_ITEM);
}

static int check_any(struct nsg_parse *parse, const void *item)
{
	return 0;
}

static int check_port_range(struct nsg_parse *parse, const void *item)
{
	const struct nsgate_port_range *range = item;

	if (range->first > range->last)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "port range %u-%u ends before it begins", range->first, range->last);
	return 0;
}

static int check_icmp(struct nsg_parse *parse, const void *item)
{
	const struct nsgate_icmp *icmp = item;

	if (icmp->code_first > icmp->code_last)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "code range %u-%u ends before it begins", icmp->code_first, icmp->code_last);
	return nsg_check_reserved(parse, &icmp->reserved, sizeof(icmp->reserved));
}

static int check_tcp_flags(struct nsg_parse *parse, const void *item)
{
	const struct nsgate_tcp_flags *flags = item;

	if (!flags->mask)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM, "mask of tcp flags is zero");
	if (flags->value & ~flags->mask)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "tcp flags 0x%02x lie outside of their mask 0x%02x", flags->value, flags->mask);
	return nsg_check_reserved(parse, flags->reserved, sizeof(flags->reserved));
}

static bool ifname_character(char c)
{
	return c != '/' && c != ':' && c != ' ' && !(c >= '\t' && c <= '\r');
}

int nsg_check_ifname(struct nsg_parse *parse, const char *name)
{
	u32 length = strnlen(name, NSGATE_IFNAME_SIZE);
	u32 i;

	if (!length)
		return nsg_fault(parse, name, -EINVAL, NSGATE_FIELD_MATCH_ITEM, "interface name is empty");
	if (length == NSGATE_IFNAME_SIZE || memchr_inv(name + length, 0, NSGATE_IFNAME_SIZE - length))
		return nsg_fault(parse, name, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "interface name is not padded with NUL");
	for (i = 0; i < length; i++)
		if (!ifname_character(name[i]))
			return nsg_fault(parse, name + i, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
					 "interface name has a slash, a colon or a blank");
	return 0;
}

static int check_ifname(struct nsg_parse *parse, const void *item)
{
	return nsg_check_ifname(parse, ((const struct nsgate_ifname *)item)->name);
}

#define STATES (NSGATE_STATE_NEW | NSGATE_STATE_ESTABLISHED | NSGATE_STATE_RELATED | NSGATE_STATE_INVALID | \
		NSGATE_STATE_UNTRACKED)

static int check_state(struct nsg_parse *parse, const void *item)
{
	u8 states = *(const u8 *)item;

	if (!states || states & ~STATES)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "0x%02x is no mask of connection states", states);
	return 0;
}

static int check_mark(struct nsg_parse *parse, const void *item)
{
	const struct nsgate_mark *mark = item;

	if (!mark->mask)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM, "mask of a mark is zero");
	if (mark->value & ~mark->mask)
		return nsg_fault(parse, item, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "mark 0x%08x lies outside of its mask 0x%08x", mark->value, mark->mask);
	return 0;
}

static int check_set_name(struct nsg_parse *parse, const void *item)
{
	return nsg_check_set_name(parse, item, NSGATE_FIELD_MATCH_ITEM);
}

static const struct {
	u32 size;
	int (*check)(struct nsg_parse *parse, const void *item);
} kinds[NSGATE_MATCH_KINDS] = {
	[NSGATE_MATCH_SRC4] = { sizeof(struct nsgate_prefix4), check_prefix4 },
	[NSGATE_MATCH_DST4] = { sizeof(struct nsgate_prefix4), check_prefix4 },
	[NSGATE_MATCH_SRC6] = { sizeof(struct nsgate_prefix6), check_prefix6 },
	[NSGATE_MATCH_DST6] = { sizeof(struct nsgate_prefix6), check_prefix6 },
	[NSGATE_MATCH_PROTOCOL] = { sizeof(__u8), check_any },
	[NSGATE_MATCH_SPORT] = { sizeof(struct nsgate_port_range), check_port_range },
	[NSGATE_MATCH_DPORT] = { sizeof(struct nsgate_port_range), check_port_range },
	[NSGATE_MATCH_ICMP4] = { sizeof(struct nsgate_icmp), check_icmp },
	[NSGATE_MATCH_ICMP6] = { sizeof(struct nsgate_icmp), check_icmp },
	[NSGATE_MATCH_TCP_FLAGS] = { sizeof(struct nsgate_tcp_flags), check_tcp_flags },
	[NSGATE_MATCH_IN_IF] = { sizeof(struct nsgate_ifname), check_ifname },
	[NSGATE_MATCH_OUT_IF] = { sizeof(struct nsgate_ifname), check_ifname },
	[NSGATE_MATCH_STATE] = { sizeof(__u8), check_state },
	[NSGATE_MATCH_MARK] = { sizeof(struct nsgate_mark), check_mark },
	[NSGATE_MATCH_SRC_SET] = { sizeof(struct nsgate_set_name), check_set_name },
	[NSGATE_MATCH_DST_SET] = { sizeof(struct nsgate_set_name), check_set_name },
};

u32 nsg_item_size(u16 kind)
{
	return kinds[kind].size;
}

static u32 match_length(const struct nsgate_match *match)
{
	return ALIGN(sizeof(*match) + match->count * kinds[match->kind].size, 8);
}

const struct nsgate_match *nsg_match_next(const struct nsgate_match *match)
{
	return (const void *)((const u8 *)match + match_length(match));
}

static int check_kind(struct nsg_parse *parse, const struct nsgate_match *match)
{
	if (match->kind >= NSGATE_MATCH_KINDS || !kinds[match->kind].check)
		return nsg_fault(parse, match, -EINVAL, NSGATE_FIELD_MATCH_KIND, "%u is no kind of match",
				 match->kind);
	return 0;
}

static int check_head(struct nsg_parse *parse, const struct nsgate_match *match, size_t room)
{
	int error = check_kind(parse, match);

	if (error)
		return error;
	if (match->flags & ~NSGATE_MATCH_NEGATE)
		return nsg_fault(parse, &match->flags, -EINVAL, NSGATE_FIELD_MATCH_FLAGS,
				 "0x%x are no flags of a match", match->flags);
	if (!match->count)
		return nsg_fault(parse, &match->count, -EINVAL, NSGATE_FIELD_MATCH_COUNT, "match without items");
	if (match->count > NSGATE_MAX_ITEMS)
		return nsg_fault(parse, &match->count, -E2BIG, NSGATE_FIELD_MATCH_COUNT,
				 "%u items in a match, over %u", match->count, NSGATE_MAX_ITEMS);
	if (match->kind == NSGATE_MATCH_STATE && match->count != 1)
		return nsg_fault(parse, &match->count, -EINVAL, NSGATE_FIELD_MATCH_COUNT,
				 "a match on state takes one item, a mask");
	if (match_length(match) > room)
		return nsg_fault(parse, &match->count, -EINVAL, NSGATE_FIELD_MATCH_COUNT,
				 "%u items overrun their rule", match->count);
	return 0;
}

static int check_items(struct nsg_parse *parse, const struct nsgate_match *match)
{
	const u8 *item = (const u8 *)(match + 1);
	int error;
	u32 i;

	for (i = 0; i < match->count; i++, item += kinds[match->kind].size) {
		parse->refusal->item = i;
		error = kinds[match->kind].check(parse, item);
		if (error)
			return error;
	}
	parse->refusal->item = NSGATE_NO_INDEX;
	return nsg_check_reserved(parse, item, (const u8 *)nsg_match_next(match) - item);
}

int nsg_check_match(struct nsg_parse *parse, const struct nsgate_match *match, size_t room, u32 *length)
{
	int error;

	if (room < sizeof(*match))
		return nsg_fault(parse, match, -EINVAL, NSGATE_FIELD_RULE_LENGTH,
				 "rule ends inside the head of a match");
	error = check_head(parse, match, room) ?: check_items(parse, match);
	if (!error)
		*length = match_length(match);
	return error;
}
