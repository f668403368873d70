// SPDX-License-Identifier: GPL-2.0
/*
 * Rulesets of five-field rules. The shares of prefix lengths, port ranges and protocols are rounded from those that the
 * access-control, firewall and IP-chain seeds of ClassBench (Taylor and Turner, 2007) are known for.
 */
#include "engine-family.h"

struct weighted {
	u32 percent;
	u32 value;
};

/* What sets one family apart from another. Shares end where they sum up to 100. */
struct character {
	const char *name;
	u32 networks;			/* addresses of a ruleset of 1,000 rules cluster in so many /16 */
	struct weighted source[8];	/* prefix lengths */
	struct weighted destination[8];
	struct weighted source_port[4];	/* enum port_class */
	struct weighted destination_port[4];
	struct weighted protocol[5];	/* 256 for any */
};

enum port_class { ANY_PORT, LOW_PORTS, HIGH_PORTS, ONE_PORT, SOME_PORTS };

static const struct character characters[] = {
	{ "acl", 12,
	  { { 1, 0 }, { 4, 16 }, { 10, 24 }, { 15, 28 }, { 20, 30 }, { 50, 32 } },
	  { { 1, 0 }, { 6, 16 }, { 13, 23 }, { 20, 24 }, { 60, 32 } },
	  { { 100, ANY_PORT } },
	  { { 20, ANY_PORT }, { 5, HIGH_PORTS }, { 70, ONE_PORT }, { 5, SOME_PORTS } },
	  { { 80, 6 }, { 12, 17 }, { 4, 1 }, { 4, 256 } } },
	{ "fw", 200,
	  { { 42, 0 }, { 3, 8 }, { 8, 16 }, { 15, 24 }, { 32, 32 } },
	  { { 20, 0 }, { 2, 8 }, { 10, 16 }, { 18, 24 }, { 50, 32 } },
	  { { 62, ANY_PORT }, { 18, HIGH_PORTS }, { 18, ONE_PORT }, { 2, SOME_PORTS } },
	  { { 38, ANY_PORT }, { 16, HIGH_PORTS }, { 40, ONE_PORT }, { 6, SOME_PORTS } },
	  { { 55, 6 }, { 25, 17 }, { 8, 1 }, { 2, 47 }, { 10, 256 } } },
	{ "ipc", 40,
	  { { 7, 0 }, { 5, 8 }, { 13, 16 }, { 30, 24 }, { 45, 32 } },
	  { { 5, 0 }, { 5, 8 }, { 10, 16 }, { 25, 24 }, { 55, 32 } },
	  { { 70, ANY_PORT }, { 8, HIGH_PORTS }, { 20, ONE_PORT }, { 2, SOME_PORTS } },
	  { { 45, ANY_PORT }, { 9, HIGH_PORTS }, { 42, ONE_PORT }, { 4, SOME_PORTS } },
	  { { 50, 6 }, { 30, 17 }, { 8, 1 }, { 2, 50 }, { 10, 256 } } },
};

static const u16 services[] = {
	20, 21, 22, 23, 25, 53, 67, 68, 69, 80, 88, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389,
	443, 445, 465, 500, 514, 515, 587, 636, 993, 995, 1080, 1194, 1433, 1521, 1526, 1701, 1723, 1812, 2049, 3128,
	3306, 3389, 4500, 5060, 5432, 5900, 6379, 7070, 8000, 8080, 8443, 9090, 9200, 11211, 27017,
};

static u32 draw(struct dice *dice, const struct weighted *weighted)
{
	u32 roll = dice_below(dice, 100);

	for (; roll >= weighted->percent; weighted++)
		roll -= weighted->percent;
	return weighted->value;
}

static u32 mask_of(u32 length)
{
	return length ? ~0U << (32 - length) : 0;
}

/* The nearer to the host, the fewer choices: so that prefixes nest and recur. */
static u32 draw_address(struct dice *dice, u32 networks, u32 subnets)
{
	u32 network = dice_below(dice, networks) * 0x9e3779b1;

	return (network & 0xffff0000) | dice_below(dice, subnets) << 8 | dice_below(dice, 256);
}

static void draw_ports(struct dice *dice, const struct weighted *classes, u16 *range)
{
	u32 class = draw(dice, classes);

	range[0] = class == HIGH_PORTS ? 1024 : 0;
	range[1] = class == LOW_PORTS ? 1023 : 65535;
	if (class == ONE_PORT)
		range[0] = range[1] = services[dice_below(dice, ARRAY_SIZE(services))];
	if (class == SOME_PORTS) {
		range[0] = 1000 * (1 + dice_below(dice, 12));
		range[1] = range[0] + 99;
	}
}

static void draw_rule(struct five_fields *rule, const struct character *character, u32 count, struct dice *dice)
{
	u32 networks = 4 + (u64)character->networks * count / 1000;
	u32 protocol = draw(dice, character->protocol);

	*rule = (struct five_fields){ .source_port = { 0, 65535 }, .destination_port = { 0, 65535 } };
	rule->source_length = draw(dice, character->source);
	rule->destination_length = draw(dice, character->destination);
	rule->source = draw_address(dice, networks, 16) & mask_of(rule->source_length);
	rule->destination = draw_address(dice, networks, 16) & mask_of(rule->destination_length);
	rule->any_protocol = protocol > 255;
	rule->protocol = protocol;
	if (protocol == 6 || protocol == 17) {
		draw_ports(dice, character->source_port, rule->source_port);
		draw_ports(dice, character->destination_port, rule->destination_port);
	}
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
