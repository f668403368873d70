/* SPDX-License-Identifier: GPL-2.0 */
/* Rulesets and packets at random for the test of verdicts: of values that meet. */
#ifndef VERDICT_H
#define VERDICT_H

#include "../dice.h"
#include "sandbox.h"
#include "../wire.h"

/* The ways that a packet takes through the bound namespace. */
enum way {
	WAY_IN,		/* prerouting, input */
	WAY_THROUGH,	/* prerouting, forward, postrouting */
	WAY_OUT,	/* output, postrouting */
	WAYS,
};

/* A packet, as it will be sent and as CLASSIFY takes it, but for the hook and the interfaces. */
struct drawn_packet {
	enum way way;
	struct nsgate_classify described;
	uint16_t serial;	/* in the IPv4 identification or the IPv6 flow label */
};

extern struct dice verdict_dice;

/*
 * Two namespaces, joined by va and vb and by wa and wb. `a` sends packets over va, for `b` or to go through it and back over
 * wb; or `b` sends them itself, over vb.
 */
struct field {
	struct sandbox a, b;
	int wires[2];		/* packet sockets on va and wa */
	int raw[2];		/* raw sockets in `b`: IPv4, IPv6 */
	uint8_t mac[6];		/* of vb */
};

void field_open(struct field *f);
void field_close(struct field *f);

/* Puts, in this version, the address sets that drawn rulesets name; and drops them. */
void draw_device_sets(struct wire *w, uint64_t version);
void drop_device_sets(struct wire *w);

/*
 * Adds ruleset `number`, which counts on every hook and has ids under 256: with `state`, rules ask for it, and packets
 * are to be of flows that nobody answers.
 */
void draw_device_ruleset(struct wire *w, uint32_t number, bool state);

struct drawn_packet draw_device_packet(bool state);

void send_drawn(const struct field *f, const struct drawn_packet *packet);

/* Whether the packet left `b` over vb or wb, which is when it comes in on va or wa. One that is expected is waited for. */
bool left_field(const struct field *f, const struct drawn_packet *packet, bool expected);

#endif
