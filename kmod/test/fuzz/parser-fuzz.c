// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the request parser: any bytes are accepted or refused, the same each time, without a byte read outside of them
 * or changed; a refusal has its place and its reason, and what is accepted can be walked to its last item.
 */
#include "input.h"
#include "../../src/member_list.h"

struct answer {
	int error;
	struct nsgate_refusal refusal;
};

/* Reads every item of a ruleset, in the way of those who build from it. */
static u32 walk_ruleset(const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	u32 sum = 0;

	for (u32 i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule)) {
		const struct nsgate_match *match = nsg_rule_matches(rule);

		for (; (const void *)match < nsg_rule_end(rule); match = nsg_match_next(match))
			for (u32 byte = 0; byte < match->count * nsg_item_size(match->kind); byte++)
				sum += ((const u8 *)(match + 1))[byte];
		if ((const void *)match != nsg_rule_end(rule))
			fuzz_fail("the matches of rule %u do not end where it does", i);
	}
	if ((const u8 *)rule != (const u8 *)ruleset + ruleset->head.length)
		fuzz_fail("the rules do not end where their ruleset does");
	return sum;
}

/* Reads every member of an object that puts or changes a set. */
static void walk_members(const struct nsgate_object *object)
{
	struct nsg_member_lists lists = nsg_member_lists_of(object);
	u32 i;

	for (u32 list = 0; list < NSG_MEMBER_LISTS; list++)
		for (i = 0; i < lists.list[list].count; i++)
			if (nsg_member_prefix(&lists.list[list], i).length > (lists.list[list].family ? 128 : 32))
				fuzz_fail("member %u of list %u has too many bits", i, list);
	if (nsg_member_at(&lists.list[NSG_MEMBER_LISTS - 1], i) != (const u8 *)object + object->length)
		fuzz_fail("the members do not end where their object does");
}

static u32 count_objects(const struct nsg_request *request)
{
	const u8 *at = request->bytes + sizeof(struct nsgate_request);
	u32 count = 0;

	for (; at < request->bytes + request->length; count++)
		at += ((const struct nsgate_object *)at)->length;
	return count;
}

/* Each object of an accepted commit stands in the group of its type. */
static void check_group(const struct nsg_objects *group, u32 type, u32 *count)
{
	for (u32 i = 0; i < group->count; i++)
		if (group->at[i].head->type != type)
			fuzz_fail("an object of type %u is among those of type %u", group->at[i].head->type, type);
	*count += group->count;
}

static void check_commit(const struct nsg_request *request)
{
	u32 count = 0;

	check_group(&request->puts, NSGATE_OBJECT_RULESET_PUT, &count);
	check_group(&request->drops, NSGATE_OBJECT_RULESET_DROP, &count);
	check_group(&request->binds, NSGATE_OBJECT_BIND, &count);
	check_group(&request->unbinds, NSGATE_OBJECT_UNBIND, &count);
	check_group(&request->releases, NSGATE_OBJECT_RELEASE, &count);
	check_group(&request->settings, NSGATE_OBJECT_SETTING, &count);
	check_group(&request->set_puts, NSGATE_OBJECT_SET_PUT, &count);
	check_group(&request->set_deltas, NSGATE_OBJECT_SET_DELTA, &count);
	check_group(&request->set_drops, NSGATE_OBJECT_SET_DROP, &count);
	if (count != count_objects(request))
		fuzz_fail("of %u objects %u were taken", count_objects(request), count);
	for (u32 i = 0; i < request->puts.count; i++)
		walk_ruleset(request->puts.at[i].ruleset);
	for (u32 i = 0; i < request->set_puts.count; i++)
		walk_members(request->set_puts.at[i].head);
	for (u32 i = 0; i < request->set_deltas.count; i++)
		walk_members(request->set_deltas.at[i].head);
}

static void check_refusal(const struct answer *answer, size_t size)
{
	const struct nsgate_refusal *refusal = &answer->refusal;

	if (answer->error > 0 || refusal->field == NSGATE_FIELD_NONE)
		fuzz_fail("error %d is about no field", answer->error);
	if (!*refusal->reason || !memchr(refusal->reason, 0, sizeof(refusal->reason)))
		fuzz_fail("a refusal of field %u without a reason", refusal->field);
	if (refusal->offset > size)
		fuzz_fail("the fault is at byte %u of %zu", refusal->offset, size);
}

static struct answer parse(const void *bytes, size_t size)
{
	struct nsg_request request;
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.error = nsg_request_parse(&request, bytes, size, &answer.refusal);
	if (answer.error) {
		check_refusal(&answer, size);
	} else {
		if (request.op == NSGATE_OP_COMMIT)
			check_commit(&request);
		nsg_request_free(&request);
	}
	return answer;
}

#define MOST_ALLOCATIONS	8

/* Whichever allocation is the first to fail, it is -ENOMEM and leaves nothing behind. */
static void parse_without_memory(const void *bytes, size_t size, const struct answer *good)
{
	struct answer answer = { .error = -ENOMEM };

	for (long made = 0; made < MOST_ALLOCATIONS && answer.error == -ENOMEM; made++) {
		userspace_allocations = made;
		answer = parse(bytes, size);
		userspace_allocations = -1;
		if (answer.error != -ENOMEM && answer.error != good->error)
			fuzz_fail("with memory for %ld allocations the error is %d, else %d", made, answer.error, good->error);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct answer first, second;
	void *request, *copy;

	if (size < FUZZ_HEAD) {
		void *bytes = malloc(size ? size : 1);

		memcpy(bytes, data, size);
		parse(bytes, size);
		free(bytes);
		return 0;
	}
	request = fuzz_request(data, size);
	copy = fuzz_request(data, size);
	first = parse(request, size);
	second = parse(copy, size);
	if (memcmp(&first, &second, sizeof(first)))
		fuzz_fail("the same bytes are answered by %d and %d", first.error, second.error);
	if (memcmp(request, copy, size))
		fuzz_fail("the parser changed its input");
	parse_without_memory(request, size, &first);
	free(copy);
	free(request);
	return 0;
}
