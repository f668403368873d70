// SPDX-License-Identifier: GPL-2.0
/* Rulesets and packets at random. */
#include "engine-draw.h"
#include "../src/parse.h"
#include "../src/request.h"

struct dice dice;

static const char *const names[] = { "eth0", "eth1", "eth10", "lo", "tun0", "veth" };
static const char *const patterns[] = { "eth0", "eth1", "eth*", "eth1*", "tun*", "lo", "*" };
static const u8 with_ports[] = { 6, 17, 33, 132, 136 };
static const u8 protocols[] = { 0, 1, 2, 6, 17, 33, 47, 50, 58, 132, 136, 255 };

static u16 flags_of(const struct taste *taste)
{
	return chance(taste->negated) ? NSGATE_MATCH_NEGATE : 0;
}

/* One of few addresses, so that prefixes nest; bytes of 0 and 255 make prefixes that touch the ends. */
static void draw_address(u8 *address, u32 size, const struct taste *taste)
{
	struct dice drawer = { .state = below(taste->addresses) };
	u32 i;

	for (i = 0; i < size; i++) {
		u32 kind = dice_below(&drawer, 4);

		address[i] = kind == 0 ? 0 : kind == 1 ? 255 : i < size / 2 ? 10 : dice_roll(&drawer);
	}
}

static void cut_address(u8 *address, u32 size, u32 length)
{
	u32 i;

	for (i = 0; i < size; i++) {
		u32 bits = length > i * 8 ? min_t(u32, length - i * 8, 8) : 0;

		address[i] &= 0xff00 >> bits;
	}
}

static void add_prefix4(struct sample *sample, const struct taste *taste)
{
	struct nsgate_prefix4 prefix = { .length = chance(50) ? 32 : below(33) };

	draw_address(prefix.address, sizeof(prefix.address), taste);
	cut_address(prefix.address, sizeof(prefix.address), prefix.length);
	sample_item(sample, &prefix);
}

static void add_prefix6(struct sample *sample, const struct taste *taste)
{
	struct nsgate_prefix6 prefix = { .length = chance(40) ? 128 : chance(30) ? 64 : below(129) };

	draw_address(prefix.address, sizeof(prefix.address), taste);
	cut_address(prefix.address, sizeof(prefix.address), prefix.length);
	sample_item(sample, &prefix);
}

static u16 draw_port(void)
{
	static const u16 ends[] = { 0, 1, 22, 80, 255, 256, 443, 1023, 1024, 65534, 65535 };

	return chance(60) ? ends[below(ARRAY_SIZE(ends))] : below(65536);
}

static void add_ports(struct sample *sample)
{
	u16 a = draw_port(), b = chance(50) ? a : draw_port();
	struct nsgate_port_range range = { a < b ? a : b, a < b ? b : a };

	sample_item(sample, &range);
}

static void add_addresses(struct sample *sample, const struct taste *taste, u16 kind4, u16 kind6, u8 families)
{
	u32 count = 1 + below(taste->items), i;

	if (chance(taste->wild))
		return;
	if (families & NSGATE_FAMILY_IPV4) {
		sample_match(sample, kind4, flags_of(taste));
		for (i = 0; i < count; i++)
			add_prefix4(sample, taste);
	}
	if (families & NSGATE_FAMILY_IPV6) {
		sample_match(sample, kind6, flags_of(taste));
		for (i = 0; i < count; i++)
			add_prefix6(sample, taste);
	}
}

static void add_port_match(struct sample *sample, const struct taste *taste, u16 kind)
{
	u32 count = 1 + below(taste->items), i;

	if (chance(taste->wild))
		return;
	sample_match(sample, kind, flags_of(taste));
	for (i = 0; i < count; i++)
		add_ports(sample);
}

static void add_one(struct sample *sample, u16 kind, u16 flags, const void *item)
{
	sample_match(sample, kind, flags);
	sample_item(sample, item);
}

static void add_icmp(struct sample *sample, const struct taste *taste, u8 families)
{
	u8 protocol = families == NSGATE_FAMILY_IPV6 ? 58 : 1;
	struct nsgate_icmp icmp = { .type = below(4), .code_first = below(3), .code_last = 3 };

	add_one(sample, NSGATE_MATCH_PROTOCOL, 0, &protocol);
	add_one(sample, protocol == 1 ? NSGATE_MATCH_ICMP4 : NSGATE_MATCH_ICMP6, flags_of(taste), &icmp);
}

static void add_tcp_flags(struct sample *sample, const struct taste *taste)
{
	u8 tcp = 6;
	struct nsgate_tcp_flags flags = { .mask = 1 + below(255) };

	flags.value = flags.mask & below(256);
	add_one(sample, NSGATE_MATCH_PROTOCOL, 0, &tcp);
	add_one(sample, NSGATE_MATCH_TCP_FLAGS, flags_of(taste), &flags);
	add_port_match(sample, taste, NSGATE_MATCH_DPORT);
}

static void add_protocols(struct sample *sample, const struct taste *taste)
{
	u32 count = 1 + below(taste->items), i;

	sample_match(sample, NSGATE_MATCH_PROTOCOL, flags_of(taste));
	for (i = 0; i < count; i++)
		sample_item(sample, &protocols[below(ARRAY_SIZE(protocols))]);
}

static void add_transport(struct sample *sample, const struct taste *taste, u8 families)
{
	u32 kind = below(100);

	if (kind < taste->other / 4 && families != (NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6)) {
		add_icmp(sample, taste, families);
	} else if (kind < taste->other / 2) {
		add_tcp_flags(sample, taste);
	} else if (kind < 85) {
		add_one(sample, NSGATE_MATCH_PROTOCOL, 0, &with_ports[below(ARRAY_SIZE(with_ports))]);
		add_port_match(sample, taste, NSGATE_MATCH_SPORT);
		add_port_match(sample, taste, NSGATE_MATCH_DPORT);
	} else if (!chance(taste->wild)) {
		add_protocols(sample, taste);
	}
}

static void add_ifname(struct sample *sample, const struct taste *taste, u16 kind)
{
	struct nsgate_ifname ifname = { .name = "" };

	strncpy(ifname.name, patterns[below(ARRAY_SIZE(patterns))], sizeof(ifname.name) - 1);
	add_one(sample, kind, flags_of(taste), &ifname);
}

static void add_other(struct sample *sample, const struct taste *taste, u8 hook)
{
	struct nsgate_mark mark = { .mask = 1 + below(15) };
	u8 states = 1 + below(31);

	mark.value = mark.mask & below(16);
	if (chance(30) && hook <= NSGATE_HOOK_FORWARD)
		add_ifname(sample, taste, NSGATE_MATCH_IN_IF);
	if (chance(30) && hook >= NSGATE_HOOK_FORWARD)
		add_ifname(sample, taste, NSGATE_MATCH_OUT_IF);
	if (chance(40))
		add_one(sample, NSGATE_MATCH_STATE, flags_of(taste), &states);
	if (chance(30))
		add_one(sample, NSGATE_MATCH_MARK, flags_of(taste), &mark);
}

void draw_ruleset(struct sample *sample, const struct taste *taste)
{
	u32 i;

	sample_begin(sample);
	for (i = 0; i < taste->rules; i++) {
		u8 hook = below(taste->hooks);
		u8 families = 1 + below(3);

		sample_rule(sample, hook, families);
		add_addresses(sample, taste, NSGATE_MATCH_SRC4, NSGATE_MATCH_SRC6, families);
		add_addresses(sample, taste, NSGATE_MATCH_DST4, NSGATE_MATCH_DST6, families);
		add_transport(sample, taste, families);
		if (chance(taste->other))
			add_other(sample, taste, hook);
	}
}

/* Near an address that prefixes are drawn from: the address, one of its neighbours, or one that shares its first bits. */
static void draw_packet_address(union nsg_address *address, u32 size, const struct taste *taste)
{
	u32 way = below(4), bit = below(size * 8);
	s32 step = way == 1 ? 1 : -1;
	s32 i;

	memset(address, 0, sizeof(*address));
	draw_address(address->bytes, size, taste);
	if (chance(40))
		cut_address(address->bytes, size, bit);
	for (i = size - 1; i >= 0 && (way == 1 || way == 2); i--) {
		address->bytes[i] += step;
		if (address->bytes[i] != (step > 0 ? 0 : 255))
			break;
	}
	if (way == 3)
		address->bytes[bit / 8] ^= 0x80 >> bit % 8;
}

static bool has_ports(u8 protocol)
{
	return memchr(with_ports, protocol, sizeof(with_ports));
}

static u8 parts_of(u8 protocol, u8 family)
{
	u8 parts = 0;

	if (chance(10))
		return 0;
	if (has_ports(protocol))
		parts |= NSG_KEY_PORTS;
	if (protocol == 6)
		parts |= NSG_KEY_TCP_FLAGS;
	if (protocol == (family == NSGATE_FAMILY_IPV4 ? 1 : 58))
		parts |= NSG_KEY_ICMP;
	return parts;
}

void draw_packet(struct nsg_key *key, const struct taste *taste)
{
	u32 size;

	memset(key, 0, sizeof(*key));
	key->hook = below(taste->hooks);
	key->family = chance(50) ? NSGATE_FAMILY_IPV4 : NSGATE_FAMILY_IPV6;
	size = key->family == NSGATE_FAMILY_IPV4 ? 4 : 16;
	draw_packet_address(&key->source, size, taste);
	draw_packet_address(&key->destination, size, taste);
	key->protocol = chance(90) ? protocols[below(ARRAY_SIZE(protocols))] : below(256);
	key->parts = parts_of(key->protocol, key->family);
	key->source_port = draw_port() + (chance(20) ? 1 : 0);
	key->destination_port = draw_port() - (chance(20) ? 1 : 0);
	key->mark = below(16);
	key->icmp_type = below(5);
	key->icmp_code = below(5);
	key->tcp_flags = below(256);
	key->state = 1 << below(5);
	key->in_if = key->hook <= NSGATE_HOOK_FORWARD && chance(90) ? names[below(ARRAY_SIZE(names))] : NULL;
	key->out_if = key->hook >= NSGATE_HOOK_FORWARD && chance(90) ? names[below(ARRAY_SIZE(names))] : NULL;
}

struct taste draw_taste(void)
{
	static const u32 sizes[] = { 1, 2, 3, 5, 20, 64, 65, 200, 400, 1500 };
	static const u32 percents[] = { 0, 0, 10, 40, 90 };

	return (struct taste){
		.rules = 1 + below(sizes[below(ARRAY_SIZE(sizes))]),
		.hooks = chance(70) ? 1 : NSGATE_HOOKS,
		.items = chance(50) ? 1 : 1 + below(20),
		.addresses = 1 + below(chance(50) ? 8 : 2000),
		.other = percents[below(ARRAY_SIZE(percents))],
		.negated = percents[below(ARRAY_SIZE(percents))],
		.wild = percents[below(ARRAY_SIZE(percents))],
	};
}
