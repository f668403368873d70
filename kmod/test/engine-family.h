/* SPDX-License-Identifier: GPL-2.0 */
/* Rulesets of five-field rules like those of real firewalls, hostile ones, and packets that hit their rules evenly. */
#ifndef _NSG_ENGINE_FAMILY_H
#define _NSG_ENGINE_FAMILY_H

#include "engine-sample.h"

/* One rule as ranges: of IPv4 addresses, which stand for prefixes, and of ports. */
struct five_fields {
	u32 source;
	u32 destination;
	u8 source_length;
	u8 destination_length;
	bool any_protocol;
	u8 protocol;
	u16 source_port[2];
	u16 destination_port[2];
};

/*
 * Draws `count` rules of a family: "acl", "fw", "ipc", or one that is hard for the engine: "wild", "overlap", "nested",
 * "ports", "scattered", "anyport"; or reads them from a file in the format of ClassBench's filter sets, if `family` has
 * a slash. Returns how many there are; the caller frees `*rules`.
 */
u32 family_rules(struct five_fields **rules, const char *family, u32 count);

/* Writes them as rules of INPUT for IPv4, or for IPv6 with each address in a /32 of its own network. */
void family_sample(struct sample *sample, const struct five_fields *rules, u32 count, bool ipv6);

/* A packet in a rule drawn at random, or (one in ten) anywhere. */
void family_packet(struct nsg_key *key, const struct five_fields *rules, u32 count, bool ipv6, struct dice *dice);

#endif /* _NSG_ENGINE_FAMILY_H */
