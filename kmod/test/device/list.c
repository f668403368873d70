// SPDX-License-Identifier: GPL-2.0
/* What the device says that it holds. */
#include <string.h>

#include "list.h"
#include "exchange.h"

static struct outcome ask(enum nsgate_op op)
{
	struct wire w;

	wire_begin(&w, op);
	return must("a question", exchange(&w));
}

struct nsgate_info info(void)
{
	struct outcome o = ask(NSGATE_OP_INFO);

	return *(const struct nsgate_info *)payload(&o);
}

struct nsgate_namespace listed(uint32_t inode)
{
	struct outcome o = ask(NSGATE_OP_LIST);
	const struct nsgate_listing *head = payload(&o);
	const struct nsgate_namespace *ns = (const void *)(head + 1);

	for (uint32_t i = 0; i < head->namespaces; i++)
		if (ns[i].inode == inode)
			return ns[i];
	return (struct nsgate_namespace){ .inode = 0 };
}

struct nsgate_ruleset_info listed_ruleset(uint32_t number)
{
	struct outcome o = ask(NSGATE_OP_LIST);
	const struct nsgate_listing *head = payload(&o);
	const struct nsgate_namespace *ns = (const void *)(head + 1);
	const struct nsgate_ruleset_info *ruleset = (const void *)(ns + head->namespaces);
	struct digest d = digest(number);

	for (uint32_t i = 0; i < head->rulesets; i++)
		if (!memcmp(ruleset[i].digest, d.bytes, sizeof(d.bytes)))
			return ruleset[i];
	return (struct nsgate_ruleset_info){ .rules = 0 };
}

struct nsgate_set_info listed_set(const char *name)
{
	struct outcome o = ask(NSGATE_OP_LIST);
	const struct nsgate_listing *head = payload(&o);
	const struct nsgate_namespace *ns = (const void *)(head + 1);
	const struct nsgate_ruleset_info *ruleset = (const void *)(ns + head->namespaces);
	const struct nsgate_set_info *set = (const void *)(ruleset + head->rulesets);

	for (uint32_t i = 0; i < head->sets; i++)
		if (!strncmp(set[i].name.name, name, sizeof(set[i].name)))
			return set[i];
	return (struct nsgate_set_info){ .version = 0 };
}

static struct outcome ask_stats(uint64_t cursor)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_STATS);
	WIRE_ADD(&w, (struct nsgate_stats_request){ .cursor = cursor });
	return must("stats", exchange(&w));
}

/* The next binding in a reply to STATS. */
static const struct nsgate_binding_stats *after(const struct nsgate_binding_stats *binding)
{
	return (const void *)((const struct nsgate_rule_counters *)(binding + 1) + binding->rules);
}

static const struct nsgate_binding_stats *binding_of(const struct outcome *o, uint32_t inode)
{
	const struct nsgate_stats *head = payload(o);
	const struct nsgate_binding_stats *binding = (const void *)(head + 1);

	for (uint32_t i = 0; i < head->bindings; i++, binding = after(binding))
		if (binding->inode == inode && !(binding->flags & NSGATE_STATS_ENDED))
			return binding;
	return NULL;
}

struct nsgate_rule_counters counters(uint32_t inode, uint64_t id)
{
	struct outcome o = ask_stats(0);
	const struct nsgate_binding_stats *binding = binding_of(&o, inode);
	const struct nsgate_rule_counters *rule = (const void *)(binding + 1);

	for (uint32_t i = 0; binding && i < binding->rules; i++)
		if (rule[i].id == id)
			return rule[i];
	return (struct nsgate_rule_counters){ .id = 0 };
}

struct nsgate_totals totals(uint32_t inode, int hook)
{
	struct outcome o = ask_stats(0);
	const struct nsgate_binding_stats *binding = binding_of(&o, inode);

	return binding ? binding->hooks[hook] : (struct nsgate_totals){ .accepted = 0 };
}

void stats_since(uint64_t cursor, uint64_t *next, uint32_t *bindings, uint32_t *rules)
{
	struct outcome o = ask_stats(cursor);
	const struct nsgate_stats *head = payload(&o);
	const struct nsgate_binding_stats *binding = (const void *)(head + 1);

	*next = head->cursor;
	*bindings = head->bindings;
	*rules = 0;
	for (uint32_t i = 0; i < head->bindings; i++, binding = after(binding))
		*rules += binding->rules;
}

static void add_ended(struct ended *sum, const struct nsgate_binding_stats *binding)
{
	const struct nsgate_rule_counters *rule = (const void *)(binding + 1);

	sum->bindings++;
	sum->rules += binding->rules;
	sum->last = *binding;
	for (uint32_t i = 0; i < binding->rules; i++) {
		sum->packets += rule[i].packets;
		sum->rule = rule[i];
	}
}

struct ended ended_since(uint64_t cursor)
{
	struct outcome o = ask_stats(cursor);
	const struct nsgate_stats *head = payload(&o);
	const struct nsgate_binding_stats *binding = (const void *)(head + 1);
	struct ended sum = { .cursor = head->cursor, .lost = head->lost };

	for (uint32_t i = 0; i < head->bindings; i++, binding = after(binding))
		if (binding->flags & NSGATE_STATS_ENDED)
			add_ended(&sum, binding);
	return sum;
}

void acknowledge_ended(void)
{
	ended_since(ended_since(0).cursor);
}

struct nsgate_classified classified(const struct nsgate_classify *packet)
{
	struct outcome o;
	struct wire w;

	wire_begin(&w, NSGATE_OP_CLASSIFY);
	wire_add(&w, packet, sizeof(*packet));
	o = must("classify", exchange(&w));
	return *(const struct nsgate_classified *)payload(&o);
}
