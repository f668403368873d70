// SPDX-License-Identifier: GPL-2.0
/* Random requests and packets. */
#include "sample.h"

static uint64_t state;

void sample_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

/* xorshift64* (Vigna, An experimental exploration of Marsaglia's xorshift generators, scrambled) */
uint32_t sample(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dULL >> 32) % below;
}

static const uint8_t protocols_with_ports[] = { 6, 17, 33, 132, 136 };
static const uint8_t protocols[] = { 6, 17, 33, 132, 136, 1, 58, 47, 0, 255 };
static const char *const names[] = { "lo", "eth0", "eth1", "eth*", "*", "tun0", "e" };

static uint16_t sample_port(void)
{
	static const uint16_t few[] = { 0, 1, 22, 80, 443, 1024, 5000, 65535 };

	return few[sample(8)];
}

/* An address in which few bits differ from zero. */
static void sample_address(uint8_t *address, uint32_t size)
{
	memset(address, 0, size);
	address[0] = sample(3);
	address[size / 2] = sample(3);
	address[size - 1] = sample(4) << 6;
}

static void sample_prefix(uint8_t *address, uint32_t size, uint8_t *length)
{
	sample_address(address, size);
	*length = sample(3) ? sample(size * 8 + 1) : size * 8;
	for (uint32_t bit = *length; bit < size * 8; bit++)
		address[bit / 8] &= ~(0x80 >> bit % 8);
}

static void item_prefix4(void *item)
{
	struct nsgate_prefix4 *prefix = item;

	sample_prefix(prefix->address, 4, &prefix->length);
}

static void item_prefix6(void *item)
{
	struct nsgate_prefix6 *prefix = item;

	sample_prefix(prefix->address, 16, &prefix->length);
}

static void item_range(void *item)
{
	struct nsgate_port_range *range = item;
	uint16_t a = sample_port(), b = sample(2) ? a : sample_port();

	range->first = a < b ? a : b;
	range->last = a < b ? b : a;
}

static void item_icmp(void *item)
{
	struct nsgate_icmp *icmp = item;

	icmp->type = sample(4) * 64;
	icmp->code_first = sample(3);
	icmp->code_last = sample(2) ? 255 : icmp->code_first + sample(2);
}

static void item_tcp_flags(void *item)
{
	struct nsgate_tcp_flags *flags = item;

	flags->mask = 1 + sample(255);
	flags->value = sample(256) & flags->mask;
}

static void item_ifname(void *item)
{
	strncpy(item, names[sample(7)], NSGATE_IFNAME_SIZE);
}

static void item_mark(void *item)
{
	struct nsgate_mark *mark = item;

	mark->mask = 1 + sample(15);
	mark->value = sample(16) & mark->mask;
}

/* Adds a match of up to four items, negated now and then. */
static void add_match(struct wire *w, int kind, void (*item)(void *item), size_t size)
{
	uint32_t count = 1 + sample(4);
	uint8_t items[4 * NSGATE_SET_NAME_SIZE] = { 0 };

	for (uint32_t i = 0; i < count; i++)
		item(items + i * size);
	match_add(w, kind, sample(5) ? 0 : NSGATE_MATCH_NEGATE, items, size, count);
}

#define ADD_MATCH(w, kind, item, type)	add_match(w, kind, item, sizeof(struct type))

static void add_addresses(struct wire *w, uint8_t families, int kind4, int kind6)
{
	if (sample(2))
		return;
	if (families & NSGATE_FAMILY_IPV4)
		ADD_MATCH(w, kind4, item_prefix4, nsgate_prefix4);
	if (families & NSGATE_FAMILY_IPV6)
		ADD_MATCH(w, kind6, item_prefix6, nsgate_prefix6);
}

static void add_protocol(struct wire *w, uint8_t protocol)
{
	match_add(w, NSGATE_MATCH_PROTOCOL, 0, &protocol, 1, 1);
}

static void add_ports(struct wire *w)
{
	uint8_t items[3];

	for (int i = 0; i < 3; i++)
		items[i] = protocols_with_ports[sample(5)];
	match_add(w, NSGATE_MATCH_PROTOCOL, 0, items, 1, 1 + sample(3));
	if (sample(3))
		ADD_MATCH(w, NSGATE_MATCH_DPORT, item_range, nsgate_port_range);
	if (sample(2))
		ADD_MATCH(w, NSGATE_MATCH_SPORT, item_range, nsgate_port_range);
}

static void item_set(void *item)
{
	struct nsgate_set_name *name = item;

	snprintf(name->name, sizeof(name->name), "s%u", sample(SAMPLE_SETS));
}

static void add_sets(struct wire *w, int kind)
{
	if (!sample(4))
		ADD_MATCH(w, kind, item_set, nsgate_set_name);
}

/* What depends on the protocol; `reset` needs tcp alone. */
static void add_transport(struct wire *w, uint8_t families, bool reset)
{
	uint32_t choice = reset ? 1 : sample(6);
	uint8_t other = protocols[sample(10)];

	if (choice == 0) {
		add_ports(w);
	} else if (choice == 1) {
		add_protocol(w, 6);
		if (sample(2))
			ADD_MATCH(w, NSGATE_MATCH_TCP_FLAGS, item_tcp_flags, nsgate_tcp_flags);
	} else if (choice == 2 && families == NSGATE_FAMILY_IPV4) {
		add_protocol(w, 1);
		ADD_MATCH(w, NSGATE_MATCH_ICMP4, item_icmp, nsgate_icmp);
	} else if (choice == 3 && families == NSGATE_FAMILY_IPV6) {
		add_protocol(w, 58);
		ADD_MATCH(w, NSGATE_MATCH_ICMP6, item_icmp, nsgate_icmp);
	} else if (choice == 4) {
		match_add(w, NSGATE_MATCH_PROTOCOL, sample(2), &other, 1, 1);
	}
}

static void add_rest(struct wire *w, uint8_t hook)
{
	uint8_t states = 1 + sample(31);

	if (hook <= NSGATE_HOOK_FORWARD && !sample(5))
		ADD_MATCH(w, NSGATE_MATCH_IN_IF, item_ifname, nsgate_ifname);
	if (hook >= NSGATE_HOOK_FORWARD && !sample(5))
		ADD_MATCH(w, NSGATE_MATCH_OUT_IF, item_ifname, nsgate_ifname);
	if (!sample(6))
		match_add(w, NSGATE_MATCH_STATE, sample(2), &states, 1, 1);
	if (!sample(6))
		ADD_MATCH(w, NSGATE_MATCH_MARK, item_mark, nsgate_mark);
}

static bool can_reject(uint8_t hook)
{
	return hook == NSGATE_HOOK_INPUT || hook == NSGATE_HOOK_FORWARD || hook == NSGATE_HOOK_OUTPUT;
}

static void add_rule(struct wire *w, uint64_t id)
{
	struct nsgate_rule head = { .id = id, .hook = sample(NSGATE_HOOKS), .action = 1 + sample(4),
				    .families = 1 + sample(3) };

	if (head.action == NSGATE_REJECT && !can_reject(head.hook))
		head.action = NSGATE_DROP;
	if (head.action == NSGATE_REJECT)
		head.reject_with = 1 + sample(5);
	if (head.action == NSGATE_DROP || head.action == NSGATE_REJECT)
		head.flags = sample(3) ? 0 : NSGATE_RULE_SHADOW;
	if (!sample(4)) {
		head.flags |= NSGATE_RULE_LOG;
		head.log_rate = 1 + sample(65535);
		head.log_burst = 1 + sample(65535);
	}
	rule_begin(w, head);
	add_addresses(w, head.families, NSGATE_MATCH_SRC4, NSGATE_MATCH_SRC6);
	add_addresses(w, head.families, NSGATE_MATCH_DST4, NSGATE_MATCH_DST6);
	add_sets(w, NSGATE_MATCH_SRC_SET);
	add_sets(w, NSGATE_MATCH_DST_SET);
	add_transport(w, head.families, head.reject_with == NSGATE_REJECT_TCP_RESET);
	add_rest(w, head.hook);
	rule_end(w);
}

void sample_ruleset(struct wire *w, uint32_t number, uint32_t rules)
{
	uint32_t count = sample(rules + 1), first = sample(1000);

	ruleset_begin(w, number, sample(NSGATE_HOOKS), sample(2) ? NSGATE_DROP : NSGATE_ACCEPT);
	for (uint32_t i = 0; i < count; i++)
		add_rule(w, 1 + (uint64_t)((i * 7919 + first) % 100003) * 0x100000001);
	ruleset_end(w);
}

/* Adds a prefix unless one of those before it, `count` up to the wire's end, is the same. */
static uint32_t add_member(struct wire *w, const void *prefix, size_t size, uint32_t count)
{
	for (uint32_t i = 1; i <= count; i++)
		if (!memcmp(w->bytes + w->length - i * size, prefix, size))
			return 0;
	wire_add(w, prefix, size);
	return 1;
}

void sample_set(struct wire *w, uint32_t number)
{
	char name[16];
	uint32_t members4 = 0, members6 = 0;
	struct nsgate_set *put;

	snprintf(name, sizeof(name), "s%u", number);
	set_put_begin(w, name, 1 + sample(100));
	for (uint32_t i = sample(15); i; i--) {
		struct nsgate_prefix4 prefix = { .length = 0 };

		item_prefix4(&prefix);
		members4 += add_member(w, &prefix, sizeof(prefix), members4);
	}
	for (uint32_t i = sample(15); i; i--) {
		struct nsgate_prefix6 prefix = { .length = 0 };

		item_prefix6(&prefix);
		members6 += add_member(w, &prefix, sizeof(prefix), members6);
	}
	put = (void *)(w->bytes + w->set);
	put->members4 = members4;
	put->members6 = members6;
	set_end(w);
}

static void sample_delta(struct wire *w, const char *name)
{
	static const char *const members[] = { "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "192.0.2.1/32" };
	uint32_t first = sample(4);

	set_delta_begin(w, name, 1, 2 + sample(100));
	for (uint32_t i = 0; i < 2; i++)
		member_add(w, members[(first + i) % 4]);
	if (sample(2))
		member_remove(w, members[(first + 2) % 4]);
	if (sample(2))
		member_add(w, "2001:db8::/32");
	set_end(w);
}

void sample_commit(struct wire *w)
{
	wire_begin(w, NSGATE_OP_COMMIT);
	for (uint32_t i = sample(SAMPLE_SETS); i; i--)
		sample_set(w, i);
	if (sample(2))
		sample_delta(w, "d");
	if (sample(2))
		set_drop_add(w, "e");
	for (uint32_t i = sample(4); i; i--)
		sample_ruleset(w, i, 12);
	for (uint32_t i = sample(4); i; i--)
		bind_add(w, i, sample(2), sample(5), sample(2));
	for (uint32_t i = sample(4); i; i--)
		unbind_add(w, 10 + i, sample(2));
	for (uint32_t i = sample(4); i; i--)
		drop_add(w, i);
	for (uint32_t i = sample(4); i; i--)
		release_add(w, 20 + i, sample(2));
	if (sample(2))
		setting_add(w, NSGATE_SETTING_MALFORMED, sample(3));
	if (sample(2))
		setting_add(w, NSGATE_SETTING_QUARANTINE, sample(2));
	wire_finish(w);
}

static void sample_transport(struct nsg_key *key)
{
	bool ipv6 = key->family == NSGATE_FAMILY_IPV6;

	if (!sample(8))
		return;
	if (memchr(protocols_with_ports, key->protocol, sizeof(protocols_with_ports)))
		key->parts |= NSG_KEY_PORTS;
	if (key->protocol == 6)
		key->parts |= NSG_KEY_TCP_FLAGS;
	if (key->protocol == (ipv6 ? 58 : 1))
		key->parts |= NSG_KEY_ICMP;
	key->source_port = sample_port();
	key->destination_port = sample_port();
	key->tcp_flags = sample(256);
	key->icmp_type = sample(4) * 64;
	key->icmp_code = sample(4);
}

struct nsg_key sample_key(void)
{
	struct nsg_key key = { .hook = sample(NSGATE_HOOKS), .family = 1 + sample(2), .mark = sample(16),
			       .protocol = protocols[sample(10)], .state = 1 << sample(5), .side = sample(2) };
	uint32_t size = key.family == NSGATE_FAMILY_IPV6 ? 16 : 4;

	sample_address(key.source.bytes, size);
	sample_address(key.destination.bytes, size);
	sample_transport(&key);
	key.in_if = sample(4) ? names[sample(3)] : NULL;
	key.out_if = sample(4) ? names[sample(3)] : NULL;
	return key;
}
