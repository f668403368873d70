// SPDX-License-Identifier: GPL-2.0
/* Building the tables of protocol and ports, joined where their product is small. */
#include "transport.h"

#define PROTOCOLS	256U

/* One of the three axes: its different vectors, and for each interval which of them it has. */
struct classes {
	struct nsg_axis axis;
	u32 *vector;		/* by class; class 0 of a port's axis is that of packets without ports */
	u32 *value;		/* by interval: its class, in the end what the table holds */
	u32 count;
	size_t bytes;		/* of either array */
};

struct build {
	struct nsg_vectors *vectors;
	struct nsg_budget *budget;
	struct classes protocol;
	struct classes source;
	struct classes destination;
	bool has_ports[PROTOCOLS];	/* by class of protocol: whether one of them has ports */
	u32 classes_with_ports;
};

static const u8 protocols_with_ports[] = { 6, 17, 33, 132, 136 };	/* tcp, udp, dccp, sctp, udplite */

/* Records of vectors are numbered without gaps: `seen` tells a vector's class + 1 by its number. */
static void number_classes(struct classes *classes, u32 *seen, u32 width)
{
	u32 i;

	for (i = 0; i < classes->axis.count; i++) {
		u32 vector = classes->axis.intervals[i].vector;
		u32 *class = &seen[vector / width];

		if (!*class) {
			classes->vector[classes->count] = vector;
			*class = ++classes->count;
		}
		classes->value[i] = *class - 1;
	}
}

static bool find_classes(struct build *build, struct classes *classes, const struct nsg_rules *rules, u16 kind)
{
	struct nsg_budget *budget = build->budget;
	size_t seen_bytes;
	u32 *seen;

	if (!nsg_sweep(&classes->axis, rules, kind, build->vectors, budget))
		return false;
	classes->bytes = (classes->axis.count + 1) * sizeof(u32);
	classes->vector = nsg_budget_take(budget, classes->bytes);
	classes->value = nsg_budget_take(budget, classes->bytes);
	seen_bytes = build->vectors->vectors.count * sizeof(u32);
	seen = nsg_budget_take(budget, seen_bytes);
	if (seen) {
		if (kind != NSGATE_MATCH_PROTOCOL && !classes->axis.wild)
			classes->vector[classes->count++] = classes->axis.absent;
		number_classes(classes, seen, build->vectors->vectors.width);
	}
	nsg_budget_give(budget, seen, seen_bytes);
	return !budget->error;
}

static void free_classes(struct classes *classes, struct nsg_budget *budget)
{
	nsg_budget_give(budget, classes->vector, classes->bytes);
	nsg_budget_give(budget, classes->value, classes->bytes);
	nsg_axis_free(&classes->axis, budget);
}

static void fill_protocols(struct nsg_transport *transport, const struct nsg_axis *axis, const u32 *values)
{
	u32 interval = 0, i;

	for (i = 0; i < ARRAY_SIZE(transport->protocol); i++) {
		if (interval + 1 < axis->count && axis->intervals[interval + 1].start.low == i)
			interval++;
		transport->protocol[i] = values[interval];
	}
}

/* The tables proper, once `value` of each axis is what they are to hold. */
static bool fill_tables(struct nsg_transport *transport, const struct build *build, u32 no_source, u32 no_destination)
{
	fill_protocols(transport, &build->protocol.axis, build->protocol.value);
	return nsg_ports_build(&transport->source, &build->source.axis, build->source.value, no_source,
			       build->budget) &&
	       nsg_ports_build(&transport->destination, &build->destination.axis, build->destination.value,
			       no_destination, build->budget);
}

static void classes_to_vectors(struct classes *classes)
{
	u32 i;

	for (i = 0; i < classes->axis.count; i++)
		classes->value[i] = classes->vector[classes->value[i]];
}

static bool build_apart(struct nsg_transport *transport, struct build *build)
{
	classes_to_vectors(&build->protocol);
	classes_to_vectors(&build->source);
	classes_to_vectors(&build->destination);
	return fill_tables(transport, build, build->source.axis.absent, build->destination.axis.absent);
}

static void classes_to_terms(struct classes *classes, u32 factor)
{
	u32 i;

	for (i = 0; i < classes->axis.count; i++)
		classes->value[i] *= factor;
}

static void fill_row(u32 *cell, struct build *build, u32 protocol_and_source)
{
	u32 i;

	for (i = 0; i < build->destination.count; i++) {
		cell[i] = nsg_vectors_and(build->vectors, protocol_and_source, build->destination.vector[i]);
		cond_resched();
	}
}

static u32 cells_of_ports(const struct build *build)
{
	return build->source.count * build->destination.count;
}

static void fill_with_ports(u32 *cell, struct build *build, u32 protocol)
{
	u32 i;

	for (i = 0; i < build->source.count; i++, cell += build->destination.count)
		fill_row(cell, build, nsg_vectors_and(build->vectors, protocol, build->source.vector[i]));
}

static u32 without_ports(struct build *build, u32 protocol)
{
	u32 ports = nsg_vectors_and(build->vectors, build->source.vector[0], build->destination.vector[0]);

	return nsg_vectors_and(build->vectors, protocol, ports);
}

/* Fills the cells of a class of protocols; returns the first, which is its term. */
static u32 fill_class(u32 *joined, struct build *build, u32 class, u32 *with_ports, u32 *others)
{
	u32 vector = build->protocol.vector[class];
	u32 first = build->has_ports[class] ? *with_ports : *others;

	if (build->has_ports[class]) {
		fill_with_ports(joined + first, build, vector);
		*with_ports += cells_of_ports(build);
	} else {
		joined[first] = without_ports(build, vector);
		*others += 1;
	}
	return first;
}

/* Protocols with ports come first, then the others, which need one cell each. */
static void fill_joined(u32 *joined, struct build *build)
{
	u32 with_ports = 0, others = build->classes_with_ports * cells_of_ports(build);
	u32 class;

	for (class = 0; class < build->protocol.count; class++)
		build->protocol.vector[class] = fill_class(joined, build, class, &with_ports, &others);
}

static void find_protocols_with_ports(struct nsg_transport *transport, struct build *build)
{
	u32 i;

	fill_protocols(transport, &build->protocol.axis, build->protocol.value);
	for (i = 0; i < ARRAY_SIZE(protocols_with_ports); i++) {
		bool *has_ports = &build->has_ports[transport->protocol[protocols_with_ports[i]]];

		build->classes_with_ports += !*has_ports;
		*has_ports = true;
	}
}

/*
 * The last cells are for what no reader of packets makes, ports of a protocol that has none: they lie within the table,
 * and no rule matches.
 */
static u64 joined_cells(const struct build *build)
{
	return ((u64)build->classes_with_ports + 1) * build->source.count * build->destination.count +
	       build->protocol.count;
}

static bool build_joined(struct nsg_transport *transport, struct build *build)
{
	transport->joined_bytes = joined_cells(build) * sizeof(*transport->joined);
	transport->joined = nsg_budget_take(build->budget, transport->joined_bytes);
	if (!transport->joined)
		return false;
	fill_joined(transport->joined, build);
	classes_to_vectors(&build->protocol);
	classes_to_terms(&build->source, build->destination.count);
	return fill_tables(transport, build, 0, 0);
}

bool nsg_transport_build(struct nsg_transport *transport, const struct nsg_rules *rules, struct nsg_vectors *vectors,
			 struct nsg_budget *budget)
{
	struct build *build = nsg_budget_take(budget, sizeof(*build));
	bool built = false;

	if (!build)
		return false;
	build->vectors = vectors;
	build->budget = budget;
	if (find_classes(build, &build->protocol, rules, NSGATE_MATCH_PROTOCOL) &&
	    find_classes(build, &build->source, rules, NSGATE_MATCH_SPORT) &&
	    find_classes(build, &build->destination, rules, NSGATE_MATCH_DPORT)) {
		find_protocols_with_ports(transport, build);
		built = joined_cells(build) <= rules->joined_cells ? build_joined(transport, build) :
								     build_apart(transport, build);
	}
	free_classes(&build->protocol, budget);
	free_classes(&build->source, budget);
	free_classes(&build->destination, budget);
	nsg_budget_give(budget, build, sizeof(*build));
	return built;
}

void nsg_transport_free(struct nsg_transport *transport, struct nsg_budget *budget)
{
	nsg_budget_give(budget, transport->joined, transport->joined_bytes);
	nsg_ports_free(&transport->source, budget);
	nsg_ports_free(&transport->destination, budget);
	transport->joined = NULL;
}
