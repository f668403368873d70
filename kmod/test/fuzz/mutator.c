// SPDX-License-Identifier: GPL-2.0
/*
 * A mutator that knows how commits nest: objects hold rules, rules hold matches, matches hold items. It changes, takes
 * out, repeats and adds such elements and keeps the lengths and counts around them right, so that a changed commit still
 * reaches what lies behind the checks of its frame. Whatever is no commit is left to libFuzzer's own mutations.
 */
#include "input.h"
#include "../dice.h"
#include "../sample.h"

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t room, unsigned int seed);

#define MAX_ELEMENTS	4096
#define NOT_NESTED	U32_MAX

enum level { OBJECT, RULE, MATCH, LEVELS };

struct element {
	size_t at;
	u32 length;
	enum level level;
	u32 outer;		/* the element that this one stands in */
};

/* A request and its elements, outer ones before inner ones. */
struct tree {
	u8 *bytes;
	size_t size;
	size_t room;
	struct element elements[MAX_ELEMENTS];
	u32 count;
};

static struct dice dice;

static void *part(const struct tree *tree, size_t at)
{
	return tree->bytes + at;
}

static bool add_element(struct tree *tree, struct element element, size_t end)
{
	if (tree->count == MAX_ELEMENTS || !element.length || element.length % 8 || element.length > end - element.at)
		return false;
	tree->elements[tree->count++] = element;
	return true;
}

static void find_matches(struct tree *tree, u32 rule)
{
	size_t at = tree->elements[rule].at + sizeof(struct nsgate_rule);
	size_t end = tree->elements[rule].at + tree->elements[rule].length;

	while (at + sizeof(struct nsgate_match) <= end) {
		const struct nsgate_match *match = part(tree, at);
		struct element element = { .at = at, .level = MATCH, .outer = rule };

		if (match->kind >= NSGATE_MATCH_KINDS || match->count > NSGATE_MAX_ITEMS)
			return;
		element.length = ALIGN(sizeof(*match) + match->count * nsg_item_size(match->kind), 8);
		if (!add_element(tree, element, end))
			return;
		at += element.length;
	}
}

static void find_rules(struct tree *tree, u32 object)
{
	size_t at = tree->elements[object].at + sizeof(struct nsgate_ruleset);
	size_t end = tree->elements[object].at + tree->elements[object].length;

	while (at + sizeof(struct nsgate_rule) <= end) {
		struct element element = { .at = at, .level = RULE, .outer = object };

		element.length = ((const struct nsgate_rule *)part(tree, at))->length;
		if (element.length < sizeof(struct nsgate_rule) || !add_element(tree, element, end))
			return;
		find_matches(tree, tree->count - 1);
		at += element.length;
	}
}

static void find_elements(struct tree *tree)
{
	size_t at = FUZZ_HEAD;

	tree->count = 0;
	while (at + sizeof(struct nsgate_object) <= tree->size) {
		const struct nsgate_object *head = part(tree, at);
		struct element element = { .at = at, .length = head->length, .level = OBJECT, .outer = NOT_NESTED };

		if (element.length < sizeof(*head) || !add_element(tree, element, tree->size))
			return;
		if (head->type == NSGATE_OBJECT_RULESET_PUT)
			find_rules(tree, tree->count - 1);
		at += element.length;
	}
}

/* Tells the elements around one of `level` that `bytes` bytes and `elements` elements were put into `outer`. */
static void grow(struct tree *tree, u32 outer, enum level level, s32 bytes, s32 elements)
{
	for (; outer != NOT_NESTED; outer = tree->elements[outer].outer) {
		const struct element *around = &tree->elements[outer];

		if (around->level == RULE)
			((struct nsgate_rule *)part(tree, around->at))->length += bytes;
		else
			((struct nsgate_object *)part(tree, around->at))->length += bytes;
		if (around->level == OBJECT && level == RULE)
			((struct nsgate_ruleset *)part(tree, around->at))->rules += elements;
	}
}

static bool make_room(struct tree *tree, size_t at, size_t length)
{
	if (tree->size + length > tree->room)
		return false;
	memmove(tree->bytes + at + length, tree->bytes + at, tree->size - at);
	tree->size += length;
	return true;
}

static void take_out(struct tree *tree, size_t at, size_t length)
{
	memmove(tree->bytes + at, tree->bytes + at + length, tree->size - at - length);
	tree->size -= length;
}

static const struct element *draw_element(const struct tree *tree)
{
	return tree->count ? &tree->elements[dice_below(&dice, tree->count)] : NULL;
}

static const struct element *draw_of_level(const struct tree *tree, enum level level)
{
	for (u32 tries = 0; tries < 32; tries++) {
		const struct element *element = draw_element(tree);

		if (element && element->level == level)
			return element;
	}
	return NULL;
}

static void remove_element(struct tree *tree)
{
	const struct element *element = draw_element(tree);

	grow(tree, element->outer, element->level, -(s32)element->length, -1);
	take_out(tree, element->at, element->length);
}

/* Puts a copy of an element of `from` beside one of its level; a rule mostly gets an id of its own. */
static void insert_element(struct tree *tree, const struct tree *from, const struct element *element)
{
	const struct element *beside = draw_of_level(tree, element->level);
	u8 *copy = malloc(element->length);

	memcpy(copy, part(from, element->at), element->length);
	if (element->level == RULE && dice_chance(&dice, 90))
		((struct nsgate_rule *)copy)->id = dice_roll(&dice) | 1;
	if (beside && make_room(tree, beside->at, element->length)) {
		memcpy(tree->bytes + beside->at, copy, element->length);
		for (u32 i = 0; i < tree->count; i++)	/* those around begin before it */
			tree->elements[i].at += tree->elements[i].at > beside->at ? element->length : 0;
		grow(tree, beside->outer, element->level, element->length, 1);
	}
	free(copy);
}

static void repeat_element(struct tree *tree)
{
	insert_element(tree, tree, draw_element(tree));
}

/* A match with an item more (a copy of one) or less. */
static void change_items(struct tree *tree)
{
	const struct element *element = draw_of_level(tree, MATCH);
	struct nsgate_match *match;
	u32 size, items, length;
	u8 item[NSGATE_SET_NAME_SIZE];	/* the longest */

	if (!element)
		return;
	match = part(tree, element->at);
	size = nsg_item_size(match->kind);
	items = match->count + (dice_chance(&dice, 70) ? 1 : -1);
	length = ALIGN(sizeof(*match) + items * size, 8);
	if (!size || !match->count || items > NSGATE_MAX_ITEMS)
		return;
	memcpy(item, (u8 *)(match + 1) + dice_below(&dice, match->count) * size, size);
	if (length > element->length && !make_room(tree, element->at + element->length, length - element->length))
		return;
	if (length < element->length)
		take_out(tree, element->at + length, element->length - length);
	if (items > match->count)
		memcpy((u8 *)(match + 1) + match->count * size, item, size);
	memset((u8 *)(match + 1) + items * size, 0, length - sizeof(*match) - items * size);
	match->count = items;
	grow(tree, element->outer, MATCH, length - element->length, 0);
}

static void scatter_prefix(u8 *address, u32 size, u8 length)
{
	u32 bit;

	for (bit = 0; bit < size; bit++)
		address[bit] = dice_roll(&dice);
	for (bit = length; bit < size * 8; bit++)
		address[bit / 8] &= ~(0x80 >> bit % 8);
}

/* Gives the items of a match other addresses, of the same lengths. */
static void scatter_match(struct nsgate_match *match)
{
	struct nsgate_prefix4 *prefix4 = (void *)(match + 1);
	struct nsgate_prefix6 *prefix6 = (void *)(match + 1);

	for (u32 i = 0; i < match->count; i++) {
		if (match->kind == NSGATE_MATCH_SRC4 || match->kind == NSGATE_MATCH_DST4)
			scatter_prefix(prefix4[i].address, 4, prefix4[i].length % 33);
		else if (match->kind == NSGATE_MATCH_SRC6 || match->kind == NSGATE_MATCH_DST6)
			scatter_prefix(prefix6[i].address, 16, prefix6[i].length % 129);
	}
}

/* Repeats a rule some hundred times with other addresses: long chains and axes are searched by other means. */
static void crowd_rule(struct tree *tree)
{
	const struct element *element = draw_of_level(tree, RULE);
	u32 copies = dice_below(&dice, 500);
	struct element rule;

	if (!element)
		return;
	for (rule = *element; copies && make_room(tree, rule.at + rule.length, rule.length); copies--) {
		static struct tree copy;

		copy.bytes = part(tree, rule.at + rule.length);
		copy.count = 1;
		memcpy(copy.bytes, part(tree, rule.at), rule.length);
		((struct nsgate_rule *)copy.bytes)->id = dice_roll(&dice) | 1;
		copy.elements[0] = (struct element){ .length = rule.length, .level = RULE, .outer = NOT_NESTED };
		find_matches(&copy, 0);
		for (u32 i = 1; i < copy.count; i++)
			scatter_match(part(&copy, copy.elements[i].at));
		grow(tree, rule.outer, RULE, rule.length, 1);
	}
}

/* Any bytes of an element, but for the lengths in its head. */
static void change_inside(struct tree *tree)
{
	static const size_t heads[] = { [OBJECT] = 8, [RULE] = 12, [MATCH] = 8 };
	const struct element *element = draw_element(tree);
	size_t head = heads[element->level];

	if (element->length > head)
		LLVMFuzzerMutate(part(tree, element->at + head), element->length - head, element->length - head);
}

/* One field of a rule's head or of a match's, to a value near those that mean something. */
static void change_head(struct tree *tree)
{
	const struct element *element = draw_element(tree);
	u8 *bytes = part(tree, element->at);

	if (element->level == RULE)
		bytes[12 + dice_below(&dice, 5)] = dice_below(&dice, 7);
	else if (element->level == MATCH)
		bytes[dice_chance(&dice, 50) ? 0 : 2] = dice_below(&dice, 18);
	else
		bytes[dice_below(&dice, element->length)] = dice_below(&dice, 8);
}

/* A good commit at random. */
static void sample_tree(struct tree *tree, u32 rules)
{
	struct wire w;

	sample_seed(dice_roll(&dice));
	if (rules) {
		wire_begin(&w, NSGATE_OP_COMMIT);
		sample_ruleset(&w, 1 + dice_below(&dice, 200), rules);
		wire_finish(&w);
	} else {
		sample_commit(&w);
	}
	*tree = (struct tree){ .bytes = w.bytes, .size = w.length, .room = w.length };
	find_elements(tree);
}

static void insert_sample(struct tree *tree)
{
	static struct tree sampled;
	const struct element *element;

	sample_tree(&sampled, 4);
	element = draw_element(&sampled);
	if (element)
		insert_element(tree, &sampled, element);
	free(sampled.bytes);
}

/* Appends the objects of a good commit; now and then one with many rules. */
static void append_sample(struct tree *tree)
{
	static struct tree sampled;
	size_t length;

	sample_tree(&sampled, dice_chance(&dice, 20) ? 300 : 0);
	length = sampled.size - FUZZ_HEAD;
	if (tree->size + length <= tree->room) {
		memcpy(tree->bytes + tree->size, sampled.bytes + FUZZ_HEAD, length);
		tree->size += length;
	}
	free(sampled.bytes);
}

static bool is_commit(const u8 *data, size_t size)
{
	struct nsgate_request header;

	if (size < FUZZ_HEAD)
		return false;
	memcpy(&header, data, sizeof(header));
	return header.op == NSGATE_OP_COMMIT;
}

static void change_tree(struct tree *tree)
{
	static void (*const changes[])(struct tree *tree) = {
		remove_element, repeat_element, change_items, change_inside, change_inside, change_head,
		insert_sample, insert_sample,
	};

	find_elements(tree);
	if (!tree->count || dice_chance(&dice, 5))
		append_sample(tree);
	else if (dice_chance(&dice, 2))
		crowd_rule(tree);
	else
		changes[dice_below(&dice, ARRAY_SIZE(changes))](tree);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t room, unsigned int seed)
{
	static struct tree tree;

	dice.state = seed;
	if (!is_commit(data, size) || dice_chance(&dice, 15))
		return LLVMFuzzerMutate(data, size, room);
	tree.bytes = data;
	tree.size = size;
	tree.room = room;
	for (u32 changes = 1 + dice_below(&dice, 3); changes; changes--)
		change_tree(&tree);
	return tree.size;
}
