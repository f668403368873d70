// SPDX-License-Identifier: GPL-2.0
/* Rulesets and described packets at random, of few values, so that they meet. */
#include <string.h>

#include "verdict.h"

struct dice verdict_dice;

#define PICK(from)	((from)[below(sizeof(from) / sizeof(*(from)))])

static const uint8_t hosts[] = { 1, 3, 4, 5 };
static const uint8_t far_hosts[] = { 6, 7, 9 };
static const uint16_t ports[] = { 1, 22, 53, 80, 443, 1024, 5000, 65535 };
static const uint8_t with_ports[] = { 6, 17, 33, 132, 136 };
static const uint8_t protocols[] = { 6, 6, 17, 17, 33, 132, 136, 1, 58, 47 };
static const uint8_t icmp_types[] = { 0, 3, 8, 11, 128, 129 };
static const char *const names[] = { "vb", "wb", "v*", "w*", "*", "lo", "vb1", "v" };
static const uint32_t marks[] = { 0, 1, 2, 0x10, 0x12 };

static uint32_t below(uint32_t bound)
{
	return dice_below(&verdict_dice, bound);
}

static bool chance(uint32_t percent)
{
	return dice_chance(&verdict_dice, percent);
}

/* 10.NET.0.HOST or fdNET::HOST, NET in decimal digits read as hexadecimal. */
static void address(uint8_t *to, uint8_t family, uint8_t net, uint8_t host)
{
	memset(to, 0, 16);
	if (family == NSGATE_FAMILY_IPV4)
		memcpy(to, (uint8_t[]){ 10, net, 0, host }, 4);
	else
		memcpy(to, (uint8_t[]){ 0xfd, net }, 2), to[15] = host;
}

static void draw_prefix(uint8_t *to, uint8_t *length, uint8_t family)
{
	static const uint8_t lengths4[] = { 0, 8, 15, 16, 24, 29, 31, 32, 32 };
	static const uint8_t lengths6[] = { 0, 8, 15, 16, 64, 125, 127, 128, 128 };
	uint32_t size = family == NSGATE_FAMILY_IPV4 ? 4 : 16;
	uint8_t whole[16];

	address(whole, family, 8 + below(2), chance(50) ? PICK(hosts) : chance(50) ? 2 : PICK(far_hosts));
	*length = family == NSGATE_FAMILY_IPV4 ? PICK(lengths4) : PICK(lengths6);
	for (uint32_t bit = *length; bit < size * 8; bit++)
		whole[bit / 8] &= ~(0x80 >> bit % 8);
	memcpy(to, whole, size);
}

static int negation(void)
{
	return chance(15) ? NSGATE_MATCH_NEGATE : 0;
}

static void add_addresses(struct wire *w, uint8_t families, int kind4, int kind6)
{
	struct nsgate_prefix4 prefixes4[3] = { 0 };
	struct nsgate_prefix6 prefixes6[3] = { 0 };
	uint32_t count = 1 + below(3);

	if (chance(60))
		return;
	for (uint32_t i = 0; i < count; i++) {
		draw_prefix(prefixes4[i].address, &prefixes4[i].length, NSGATE_FAMILY_IPV4);
		draw_prefix(prefixes6[i].address, &prefixes6[i].length, NSGATE_FAMILY_IPV6);
	}
	if (families & NSGATE_FAMILY_IPV4)
		match_add(w, kind4, negation(), prefixes4, sizeof(*prefixes4), count);
	if (families & NSGATE_FAMILY_IPV6)
		match_add(w, kind6, negation(), prefixes6, sizeof(*prefixes6), count);
}

/* The sets' members, IPv4 and IPv6: of the addresses that packets have, and of others. */
static const char *const members4[] = { "0.0.0.0/0", "10.8.0.0/16", "10.9.0.0/16", "10.9.0.1/32", "10.9.0.2/32",
					"10.9.0.4/31", "10.8.0.6/32", "10.8.0.0/29", "192.0.2.0/24" };
static const char *const members6[] = { "::/0", "fd08::/16", "fd09::/16", "fd09::1/128", "fd09::2/128",
					"fd09::4/127", "fd08::6/128", "fd08::/125", "2001:db8::/32" };

static const char *const sets[] = { "some", "more" };

static void draw_members(struct wire *w, const char *const members[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (chance(i ? 30 : 3))
			member_add(w, members[i]);
}

void draw_device_sets(struct wire *w, uint64_t version)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		set_put_begin(w, sets[i], version);
		draw_members(w, members4, sizeof(members4) / sizeof(*members4));
		draw_members(w, members6, sizeof(members6) / sizeof(*members6));
		set_end(w);
	}
}

void drop_device_sets(struct wire *w)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		set_drop_add(w, sets[i]);
}

static void add_set(struct wire *w, int kind)
{
	struct nsgate_set_name name = set_name(PICK(sets));

	if (chance(15))
		match_add(w, kind, negation(), &name, sizeof(name), 1);
}

static void add_ports(struct wire *w, int kind)
{
	struct nsgate_port_range ranges[3];
	uint32_t count = 1 + below(3);

	for (uint32_t i = 0; i < count; i++) {
		uint16_t a = PICK(ports), b = chance(50) ? a : PICK(ports);

		ranges[i] = (struct nsgate_port_range){ a < b ? a : b, a < b ? b : a };
	}
	match_add(w, kind, negation(), ranges, sizeof(*ranges), count);
}

static void add_protocol(struct wire *w, uint8_t protocol, int flags)
{
	match_add(w, NSGATE_MATCH_PROTOCOL, flags, &protocol, 1, 1);
}

static void add_icmp(struct wire *w, uint8_t families)
{
	struct nsgate_icmp icmp = { .type = PICK(icmp_types), .code_first = below(2), .code_last = 1 + below(3) };
	bool ipv6 = families == NSGATE_FAMILY_IPV6;

	add_protocol(w, ipv6 ? 58 : 1, 0);
	match_add(w, ipv6 ? NSGATE_MATCH_ICMP6 : NSGATE_MATCH_ICMP4, negation(), &icmp, sizeof(icmp), 1);
}

static void add_tcp(struct wire *w)
{
	struct nsgate_tcp_flags flags = { .mask = 1 + below(255) };

	flags.value = below(256) & flags.mask;
	add_protocol(w, 6, 0);
	if (chance(60))
		match_add(w, NSGATE_MATCH_TCP_FLAGS, negation(), &flags, sizeof(flags), 1);
	if (chance(40))
		add_ports(w, NSGATE_MATCH_DPORT);
}

static void add_transport(struct wire *w, uint8_t families, bool reset)
{
	uint8_t some[3] = { PICK(with_ports), PICK(with_ports), 17 };
	uint32_t choice = reset ? 0 : below(6);

	if (choice == 0) {
		add_tcp(w);
	} else if (choice == 1 && families != 3) {
		add_icmp(w, families);
	} else if (choice == 2) {
		add_protocol(w, PICK(protocols), negation());
	} else if (choice < 5) {
		match_add(w, NSGATE_MATCH_PROTOCOL, 0, some, 1, 3);
		add_ports(w, chance(50) ? NSGATE_MATCH_SPORT : NSGATE_MATCH_DPORT);
	}
}

static void add_name(struct wire *w, int kind)
{
	struct nsgate_ifname name = { "" };

	strncpy(name.name, PICK(names), sizeof(name.name) - 1);
	match_add(w, kind, negation(), &name, sizeof(name), 1);
}

static void add_rest(struct wire *w, uint8_t hook, bool state)
{
	struct nsgate_mark mark = { .mask = 1 + below(31) };
	uint8_t states = 1 + below(31);

	mark.value = PICK(marks) & mark.mask;
	if (hook <= NSGATE_HOOK_FORWARD && chance(20))
		add_name(w, NSGATE_MATCH_IN_IF);
	if (hook >= NSGATE_HOOK_FORWARD && chance(20))
		add_name(w, NSGATE_MATCH_OUT_IF);
	if (chance(20))
		match_add(w, NSGATE_MATCH_MARK, negation(), &mark, sizeof(mark), 1);
	if (state && chance(40))
		match_add(w, NSGATE_MATCH_STATE, negation(), &states, 1, 1);
}

/* What does not accept is rarer on hooks that come first, so that packets get to the others. */
static struct nsgate_rule draw_head(uint64_t id)
{
	struct nsgate_rule head = { .id = id, .hook = below(NSGATE_HOOKS), .families = 1 + below(3) };
	bool can_reject = head.hook == NSGATE_HOOK_INPUT || head.hook == NSGATE_HOOK_FORWARD ||
			  head.hook == NSGATE_HOOK_OUTPUT;

	head.action = chance(35) ? NSGATE_COUNT : chance(55) ? NSGATE_ACCEPT : NSGATE_DROP;
	if (can_reject && chance(20)) {
		head.action = NSGATE_REJECT;
		head.reject_with = 1 + below(5);
	}
	if ((head.action == NSGATE_DROP || head.action == NSGATE_REJECT) && chance(30))
		head.flags = NSGATE_RULE_SHADOW;
	return head;
}

void draw_device_ruleset(struct wire *w, uint32_t number, bool state)
{
	uint32_t rules = chance(20) ? 200 : 1 + below(30);	/* both ways in which chains are searched */

	ruleset_begin(w, number, below(NSGATE_HOOKS), chance(50) ? NSGATE_DROP : NSGATE_ACCEPT);
	for (uint8_t hook = 0; hook < NSGATE_HOOKS; hook++) {
		rule_begin(w, (struct nsgate_rule){ .id = 201 + hook, .hook = hook, .action = NSGATE_COUNT });
		rule_end(w);
	}
	for (uint32_t i = 0; i < rules; i++) {
		struct nsgate_rule head = draw_head(1 + i);

		rule_begin(w, head);
		add_addresses(w, head.families, NSGATE_MATCH_SRC4, NSGATE_MATCH_SRC6);
		add_addresses(w, head.families, NSGATE_MATCH_DST4, NSGATE_MATCH_DST6);
		add_set(w, NSGATE_MATCH_SRC_SET);
		add_set(w, NSGATE_MATCH_DST_SET);
		add_transport(w, head.families, head.reject_with == NSGATE_REJECT_TCP_RESET);
		add_rest(w, head.hook, state);
		rule_end(w);
	}
	ruleset_end(w);
}

static void draw_addresses(struct drawn_packet *packet)
{
	struct nsgate_classify *d = &packet->described;

	if (packet->way == WAY_OUT) {
		address(d->source, d->family, 9, 2);
		address(d->destination, d->family, 9, PICK(hosts));
	} else {
		address(d->source, d->family, 9, PICK(hosts));
		if (packet->way == WAY_IN)
			address(d->destination, d->family, 9, 2);
		else
			address(d->destination, d->family, 8, PICK(far_hosts));
	}
}

struct drawn_packet draw_device_packet(bool state)
{
	static uint16_t serial;
	struct drawn_packet packet = { .way = below(state ? WAY_OUT : WAYS), .serial = ++serial };
	struct nsgate_classify *d = &packet.described;

	d->family = 1 + below(2);
	d->protocol = state ? 17 : PICK(protocols);
	draw_addresses(&packet);
	if (memchr(with_ports, d->protocol, sizeof(with_ports))) {
		d->source_port = PICK(ports);
		d->destination_port = PICK(ports);
	}
	if (d->protocol == 6)
		d->tcp_flags = below(256);
	if (d->protocol == (d->family == NSGATE_FAMILY_IPV4 ? 1 : 58)) {
		d->icmp_type = PICK(icmp_types);
		d->icmp_code = below(4);
	}
	if (packet.way == WAY_OUT)
		d->mark = PICK(marks);
	if (state)
		d->state = NSGATE_STATE_NEW;
	return packet;
}
