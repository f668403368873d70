// SPDX-License-Identifier: GPL-2.0
/* Writes rulesets as a put of them would stand in a request. */
#include "engine-sample.h"
#include "../src/request.h"

long userspace_allocations = -1;

static void *append(struct sample *sample, const void *bytes, size_t length)
{
	if (sample->length + length > sample->room) {
		sample->room = 2 * (sample->room + length);
		sample->bytes = realloc(sample->bytes, sample->room);
		if (!sample->bytes)
			abort();
	}
	if (bytes)
		memcpy(sample->bytes + sample->length, bytes, length);
	else
		memset(sample->bytes + sample->length, 0, length);
	sample->length += length;
	return sample->bytes + sample->length - length;
}

static struct nsgate_ruleset *head(struct sample *sample)
{
	return (struct nsgate_ruleset *)sample->bytes;
}

static struct nsgate_rule *last_rule(struct sample *sample)
{
	return (struct nsgate_rule *)(sample->bytes + sample->rule);
}

/* Pads what was written last to 8 bytes, and lets the last rule end there. */
static void close_rule(struct sample *sample)
{
	append(sample, NULL, ALIGN(sample->length, 8) - sample->length);
	if (head(sample)->rules)
		last_rule(sample)->length = sample->length - sample->rule;
}

void sample_begin(struct sample *sample)
{
	struct nsgate_ruleset *ruleset;

	*sample = (struct sample){ .bytes = NULL };
	ruleset = append(sample, NULL, sizeof(*ruleset));
	ruleset->head.type = NSGATE_OBJECT_RULESET_PUT;
	ruleset->digest[0] = 1;
	memset(ruleset->default_verdict, NSGATE_DROP, NSGATE_HOOKS);
}

void sample_rule(struct sample *sample, u8 hook, u8 families)
{
	struct nsgate_rule rule = { .hook = hook, .action = NSGATE_ACCEPT, .families = families };

	close_rule(sample);
	rule.id = ++head(sample)->rules;
	sample->rule = sample->length;
	append(sample, &rule, sizeof(rule));
}

void sample_match(struct sample *sample, u16 kind, u16 flags)
{
	struct nsgate_match match = { .kind = kind, .flags = flags };

	close_rule(sample);
	sample->match = sample->length;
	append(sample, &match, sizeof(match));
}

void sample_item(struct sample *sample, const void *item)
{
	struct nsgate_match *match = (struct nsgate_match *)(sample->bytes + sample->match);
	u32 size = nsg_item_size(match->kind);

	match->count++;
	append(sample, item, size);
}

const struct nsgate_ruleset *sample_ruleset(struct sample *sample)
{
	close_rule(sample);
	head(sample)->head.length = sample->length;
	return head(sample);
}

void sample_free(struct sample *sample)
{
	free(sample->bytes);
	*sample = (struct sample){ .bytes = NULL };
}
