// SPDX-License-Identifier: GPL-2.0
/*
 * Rulesets of five-field rules. In which pairs lengths of prefixes and classes of ports stand, which protocols are
 * named and how addresses cluster is as in test/bench/ruleset-generator.ts, by the seeds of ClassBench (Taylor and
 * Turner, 2007).
 */
#include "engine-family.h"

/* Shares, of which each begins with its percent. */
struct weighted {
	u32 percent;
	u32 value;
};

/* Shortest and longest lengths. */
struct prefix_pair {
	u32 percent;
	u8 source[2];
	u8 destination[2];
};

enum port_class { ANY_PORT, HIGH_PORTS, ONE_PORT, SOME_PORTS };

struct port_pair {
	u32 percent;
	enum port_class source;
	enum port_class destination;
};

/* What sets one family apart from another. Shares sum up to 100. */
struct character {
	const char *name;
	u32 source_networks;		/* /16 per 1,000 rules in which addresses cluster */
	u32 destination_networks;
	struct prefix_pair prefixes[7];
	struct weighted protocol[5];	/* 256 for any */
	struct port_pair ports[7];	/* of tcp and udp */
};

static const struct character characters[] = {
	{ "acl", 12, 8,
	  { { 55, { 30, 32 }, { 30, 32 } }, { 20, { 30, 32 }, { 20, 25 } }, { 14, { 22, 25 }, { 30, 32 } },
	    { 6, { 21, 29 }, { 15, 24 } }, { 3, { 30, 32 }, { 14, 17 } }, { 1, { 0, 1 }, { 28, 32 } },
	    { 1, { 24, 32 }, { 0, 1 } } },
	  { { 87, 6 }, { 2, 17 }, { 3, 1 }, { 8, 256 } },
	  { { 67, ANY_PORT, ONE_PORT }, { 21, ANY_PORT, ANY_PORT }, { 12, ANY_PORT, SOME_PORTS } } },
	{ "fw", 20, 30,
	  { { 40, { 0, 0 }, { 30, 32 } }, { 22, { 1, 2 }, { 30, 32 } }, { 16, { 28, 32 }, { 0, 0 } },
	    { 9, { 28, 32 }, { 1, 2 } }, { 8, { 26, 32 }, { 27, 32 } }, { 4, { 20, 23 }, { 20, 32 } },
	    { 1, { 0, 0 }, { 0, 0 } } },
	  { { 57, 6 }, { 32, 17 }, { 6, 47 }, { 4, 1 }, { 1, 256 } },
	  { { 64, ANY_PORT, ONE_PORT }, { 12, ANY_PORT, ANY_PORT }, { 11, ONE_PORT, ANY_PORT },
	    { 6, HIGH_PORTS, HIGH_PORTS }, { 3, ONE_PORT, ONE_PORT }, { 2, ONE_PORT, HIGH_PORTS },
	    { 2, HIGH_PORTS, ONE_PORT } } },
	{ "ipc", 15, 15,
	  { { 24, { 30, 32 }, { 30, 32 } }, { 24, { 22, 26 }, { 30, 32 } }, { 14, { 30, 32 }, { 22, 26 } },
	    { 16, { 22, 26 }, { 22, 26 } }, { 9, { 0, 1 }, { 24, 32 } }, { 6, { 24, 32 }, { 0, 1 } },
	    { 7, { 15, 18 }, { 15, 25 } } },
	  { { 39, 17 }, { 28, 6 }, { 1, 1 }, { 32, 256 } },
	  { { 54, ANY_PORT, ONE_PORT }, { 8, ANY_PORT, ANY_PORT }, { 24, ONE_PORT, ANY_PORT },
	    { 8, ANY_PORT, HIGH_PORTS }, { 4, ANY_PORT, SOME_PORTS }, { 2, SOME_PORTS, ANY_PORT } } },
};

static const u16 services[] = {
	20, 21, 22, 23, 25, 53, 67, 69, 80, 88, 110, 113, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 443, 445,
	500, 514, 515, 636, 993, 1433, 1521, 1645, 1646, 1712, 1723, 1812, 2049, 3128, 3306, 3389, 5060, 5432, 5631, 6789,
	7070, 8080,
};

static u32 mask_of(u32 length)
{
	return length ? ~0U << (32 - length) : 0;
}

/* One of shares of `size` bytes each. */
static const void *draw_share(struct dice *dice, const void *share, size_t size)
{
	u32 roll = dice_below(dice, 100);

	for (; roll >= *(const u32 *)share; share += size)
		roll -= *(const u32 *)share;
	return share;
}

/* The first ones more often than the last. */
static u32 draw_clustered(struct dice *dice, u32 count)
{
	u64 fraction = dice_below(dice, 65536);

	return count * fraction * fraction >> 32;
}

/* A few networks of 16 bits hold most of the hosts, and so do a few subnets of each. */
static u32 draw_address(struct dice *dice, u32 networks, u32 salt)
{
	u32 network = (draw_clustered(dice, networks) + salt) * 0x9e3779b1;

	return (network & 0x7fff0000) | draw_clustered(dice, 256) << 8 | dice_below(dice, 256);
}

static u32 draw_between(struct dice *dice, u32 first, u32 last)
{
	return first + dice_below(dice, last - first + 1);
}

static void draw_ports(struct dice *dice, enum port_class class, u16 *range)
{
	range[0] = class == HIGH_PORTS ? 1024 : 0;
	range[1] = 65535;
	if (class == ONE_PORT)
		range[0] = range[1] = services[dice_below(dice, ARRAY_SIZE(services))];
	if (class == SOME_PORTS) {
		range[0] = draw_between(dice, 1, 60000);
		range[1] = range[0] + 10 * draw_between(dice, 1, 9);
	}
}

static u32 networks_for(u32 per_thousand, u32 count)
{
	return 4 + DIV_ROUND_UP(per_thousand * count, 1000);
}

static void draw_rule(struct five_fields *rule, const struct character *character, u32 count, struct dice *dice)
{
	const struct prefix_pair *prefixes = draw_share(dice, character->prefixes, sizeof(*prefixes));
	const struct port_pair *classes = draw_share(dice, character->ports, sizeof(*classes));
	const struct weighted *share = draw_share(dice, character->protocol, sizeof(*share));
	u32 protocol = share->value;

	*rule = (struct five_fields){ .source_port = { 0, 65535 }, .destination_port = { 0, 65535 } };
	rule->source_length = draw_between(dice, prefixes->source[0], prefixes->source[1]);
	rule->destination_length = draw_between(dice, prefixes->destination[0], prefixes->destination[1]);
	rule->source = draw_address(dice, networks_for(character->source_networks, count), 1) &
		       mask_of(rule->source_length);
	rule->destination = draw_address(dice, networks_for(character->destination_networks, count), 1000) &
			    mask_of(rule->destination_length);
	rule->any_protocol = protocol > 255;
	rule->protocol = protocol;
	if (protocol == 6 || protocol == 17) {
		draw_ports(dice, classes->source, rule->source_port);
		draw_ports(dice, classes->destination, rule->destination_port);
	}
}

/* From 0, for any source and destination whatever the port, to 96. */
static u32 narrowness(const struct five_fields *rule)
{
	return rule->source_length + rule->destination_length + 2 * 16 -
	       fls64(rule->source_port[1] - rule->source_port[0]) -
	       fls64(rule->destination_port[1] - rule->destination_port[0]);
}

/* The narrower before the wider, as filters put exceptions before what they are exceptions to. */
static void put_in_order(struct five_fields *rules, u32 count)
{
	struct five_fields *drawn = calloc(count, sizeof(*drawn)), *to = rules;
	s32 narrow;
	u32 i;

	if (!drawn)
		abort();
	memcpy(drawn, rules, count * sizeof(*drawn));
	for (narrow = 96; narrow >= 0; narrow--)
		for (i = 0; i < count; i++)
			if (narrowness(&drawn[i]) == narrow)
				*to++ = drawn[i];
	free(drawn);
}

/* Everything overlaps: each rule has a range of ports of its own, nearly all of them. */
static void overlapping_rule(struct five_fields *rule, u32 i, u32 count)
{
	rule->protocol = 6;
	rule->source_port[0] = i * (30000 / count);
	rule->source_port[1] = 65535 - rule->source_port[0];
	rule->destination_port[0] = (count - i) * (30000 / count);
	rule->destination_port[1] = 65535 - rule->destination_port[0];
}

/* From anywhere to a port of any host, and from anywhere to any port of a host, in turn. */
static void any_port_rule(struct five_fields *rule, u32 i)
{
	rule->any_protocol = false;
	rule->protocol = 6;
	if (i % 2) {
		rule->destination_port[0] = rule->destination_port[1] = 1 + i / 2;
	} else {
		rule->destination = 0x0a000000 + i;
		rule->destination_length = 32;
	}
}

static void hostile_rule(struct five_fields *rule, const char *family, u32 i, u32 count)
{
	struct dice dice = { .state = i };

	*rule = (struct five_fields){ .any_protocol = true, .source_port = { 0, 65535 },
				      .destination_port = { 0, 65535 } };
	if (!strcmp(family, "overlap")) {
		rule->any_protocol = false;
		overlapping_rule(rule, i, count);
	} else if (!strcmp(family, "nested")) {
		rule->source_length = 32 - i % 33;
		rule->destination_length = 32 - i / 33 % 33;
		rule->source = 0x0a0b0c0d & mask_of(rule->source_length);
		rule->destination = (0xc0a80000 + i / 1089) & mask_of(rule->destination_length);
	} else if (!strcmp(family, "ports")) {
		rule->any_protocol = false;
		rule->protocol = 17;
		rule->destination_port[0] = rule->destination_port[1] = 1000 + i;
	} else if (!strcmp(family, "anyport")) {
		any_port_rule(rule, i);
	} else if (!strcmp(family, "scattered")) {
		rule->source_length = rule->destination_length = 32;
		rule->source = dice_roll(&dice);
		rule->destination = dice_roll(&dice);
		rule->any_protocol = false;
		rule->protocol = 6;
		rule->source_port[0] = dice_roll(&dice) & 0x7fff;
		rule->source_port[1] = rule->source_port[0] + (dice_roll(&dice) & 0x7fff);
		rule->destination_port[0] = dice_roll(&dice) & 0x7fff;
		rule->destination_port[1] = rule->destination_port[0] + (dice_roll(&dice) & 0x7fff);
	}
}

static bool protocol_with_ports(u32 protocol)
{
	return protocol == 6 || protocol == 17;
}

static bool read_rule(FILE *file, struct five_fields *rule)
{
	u32 s[5], d[5], sp[2], dp[2], protocol, mask, flags, flags_mask;

	if (fscanf(file, " @%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x %x/%x", &s[0], &s[1], &s[2], &s[3],
		   &s[4], &d[0], &d[1], &d[2], &d[3], &d[4], &sp[0], &sp[1], &dp[0], &dp[1], &protocol, &mask, &flags,
		   &flags_mask) != 18)
		return false;
	*rule = (struct five_fields){
		.source = (s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3]) & mask_of(s[4]), .source_length = s[4],
		.destination = (d[0] << 24 | d[1] << 16 | d[2] << 8 | d[3]) & mask_of(d[4]),
		.destination_length = d[4], .any_protocol = !mask, .protocol = protocol,
		.source_port = { 0, 65535 }, .destination_port = { 0, 65535 } };
	if (mask && protocol_with_ports(protocol)) {
		rule->source_port[0] = sp[0];
		rule->source_port[1] = sp[1];
		rule->destination_port[0] = dp[0];
		rule->destination_port[1] = dp[1];
	}
	return true;
}

static u32 read_rules(struct five_fields *rules, const char *path, u32 room)
{
	FILE *file = fopen(path, "r");
	u32 count = 0;

	if (!file) {
		perror(path);
		exit(2);
	}
	while (count < room && read_rule(file, &rules[count]))
		count++;
	fclose(file);
	return count;
}

static const struct character *find_character(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(characters); i++)
		if (!strcmp(characters[i].name, name))
			return &characters[i];
	return NULL;
}

u32 family_rules(struct five_fields **rules, const char *family, u32 count)
{
	const struct character *character = find_character(family);
	struct dice dice = { .state = count };
	u32 i;

	*rules = calloc(count, sizeof(**rules));
	if (!*rules)
		abort();
	if (strchr(family, '/'))
		return read_rules(*rules, family, count);
	for (i = 0; i < count; i++)
		if (character)
			draw_rule(&(*rules)[i], character, count, &dice);
		else
			hostile_rule(&(*rules)[i], family, i, count);
	if (character)
		put_in_order(*rules, count);
	return count;
}

/* 2001:db8::/32, then the IPv4 address; a host's second half is its own. */
static void address6(u8 *to, u32 address, bool host)
{
	u32 words[4] = { htonl(0x20010db8), htonl(address), 0, 0 };

	if (host) {
		words[2] = htonl(address * 0x9e3779b1);
		words[3] = htonl(address * 0x85ebca6b);
	}
	memcpy(to, words, sizeof(words));
}

static void add_prefix(struct sample *sample, u16 kind4, u16 kind6, u32 address, u8 length, bool ipv6)
{
	struct nsgate_prefix4 prefix4 = { .length = length };
	struct nsgate_prefix6 prefix6 = { .length = length == 32 ? 128 : 32 + length };
	u32 network = htonl(address);

	if (!length)
		return;
	memcpy(prefix4.address, &network, sizeof(network));
	address6(prefix6.address, address, length == 32);
	sample_match(sample, ipv6 ? kind6 : kind4, 0);
	sample_item(sample, ipv6 ? (void *)&prefix6 : (void *)&prefix4);
}

static void add_ports(struct sample *sample, u16 kind, const u16 *ports)
{
	struct nsgate_port_range range = { ports[0], ports[1] };

	if (ports[0] == 0 && ports[1] == 65535)
		return;
	sample_match(sample, kind, 0);
	sample_item(sample, &range);
}

void family_sample(struct sample *sample, const struct five_fields *rules, u32 count, bool ipv6)
{
	u32 i;

	sample_begin(sample);
	for (i = 0; i < count; i++) {
		const struct five_fields *rule = &rules[i];

		sample_rule(sample, NSGATE_HOOK_INPUT, ipv6 ? NSGATE_FAMILY_IPV6 : NSGATE_FAMILY_IPV4);
		add_prefix(sample, NSGATE_MATCH_SRC4, NSGATE_MATCH_SRC6, rule->source, rule->source_length, ipv6);
		add_prefix(sample, NSGATE_MATCH_DST4, NSGATE_MATCH_DST6, rule->destination,
			   rule->destination_length, ipv6);
		if (rule->any_protocol)
			continue;
		sample_match(sample, NSGATE_MATCH_PROTOCOL, 0);
		sample_item(sample, &rule->protocol);
		add_ports(sample, NSGATE_MATCH_SPORT, rule->source_port);
		add_ports(sample, NSGATE_MATCH_DPORT, rule->destination_port);
	}
}

static void set_address(union nsg_address *address, u32 at, bool host, bool ipv6)
{
	memset(address, 0, sizeof(*address));
	if (ipv6)
		address6(address->bytes, at, host);
	else
		address->words[0] = htonl(at);
}

static u16 draw_port(struct dice *dice, const u16 *range)
{
	return range[0] + dice_below(dice, range[1] - range[0] + 1);
}

void family_packet(struct nsg_key *key, const struct five_fields *rules, u32 count, bool ipv6, struct dice *dice)
{
	struct five_fields rule = rules[dice_below(dice, count)];

	if (dice_chance(dice, 10))
		rule = (struct five_fields){ .any_protocol = true, .source_port = { 0, 65535 },
					     .destination_port = { 0, 65535 } };
	memset(key, 0, sizeof(*key));
	key->hook = NSGATE_HOOK_INPUT;
	key->family = ipv6 ? NSGATE_FAMILY_IPV6 : NSGATE_FAMILY_IPV4;
	set_address(&key->source, rule.source | (dice_roll(dice) & ~mask_of(rule.source_length)),
		    rule.source_length == 32, ipv6);
	set_address(&key->destination, rule.destination | (dice_roll(dice) & ~mask_of(rule.destination_length)),
		    rule.destination_length == 32, ipv6);
	key->protocol = rule.any_protocol ? (dice_chance(dice, 50) ? 6 : 17) : rule.protocol;
	if (!protocol_with_ports(key->protocol))
		return;
	key->parts = NSG_KEY_PORTS;
	key->source_port = draw_port(dice, rule.source_port);
	key->destination_port = draw_port(dice, rule.destination_port);
}
