// SPDX-License-Identifier: GPL-2.0
/*
 * A commit never holds a CPU for more than 10 ms: the steps between two chances to reschedule, counted, not timed. A step
 * is a basic block (a few instructions without a branch), or 64 bytes copied, cleared or compared. Even at 10 ns for each,
 * several times what they take, 10 ms are a million; the bound here is half of it.
 */
#include "../src/draft.h"
#include "../src/request.h"
#include "../src/ruleset.h"
#include "check.h"
#include "engine-draw.h"
#include "engine-family.h"
#include "wire.h"

#define MAX_STEPS	500000UL
#define UNCOUNTED	__attribute__((no_sanitize_coverage))

/* The largest piece of memory that the kernel clears in one go: beyond, it does so page by page and reschedules. */
#define MAX_CLEARED	(4UL << 20)

static unsigned long steps, most;
static const void *from, *worst[2];	/* the chances before and after the most steps */

void __sanitizer_cov_trace_pc(void);
void *__wrap_memcpy(void *to, const void *at, size_t bytes);
void *__wrap_memset(void *at, int byte, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes);
void *__wrap_calloc(size_t count, size_t size);
void *__real_memcpy(void *to, const void *at, size_t bytes);
void *__real_memset(void *at, int byte, size_t bytes);
int __real_memcmp(const void *a, const void *b, size_t bytes);
void *__real_calloc(size_t count, size_t size);

UNCOUNTED void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

UNCOUNTED void *__wrap_memcpy(void *to, const void *at, size_t bytes)
{
	steps += 1 + bytes / 64;
	return __real_memcpy(to, at, bytes);
}

UNCOUNTED void *__wrap_memset(void *at, int byte, size_t bytes)
{
	steps += 1 + bytes / 64;
	return __real_memset(at, byte, bytes);
}

UNCOUNTED int __wrap_memcmp(const void *a, const void *b, size_t bytes)
{
	steps += 1 + bytes / 64;
	return __real_memcmp(a, b, bytes);
}

UNCOUNTED void *__wrap_calloc(size_t count, size_t size)
{
	steps += 1 + min_t(size_t, count * size, MAX_CLEARED) / 64;
	return __real_calloc(count, size);
}

UNCOUNTED void cond_resched(void)
{
	if (steps > most) {
		most = steps;
		worst[0] = from;
		worst[1] = __builtin_return_address(0);
	}
	from = __builtin_return_address(0);
	steps = 0;
}

/* Word by word, as the kernel's. */
static void swap_words(u8 *a, u8 *b, size_t size)
{
	for (; size; size -= 8, a += 8, b += 8)
		swap(*(u64 *)a, *(u64 *)b);
}

/* Heapsort, as the kernel's before 5.2 in the number of comparisons, the most of all. */
void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	u8 *at = base;
	size_t start = count / 2, end = count, parent, child;

	while (end > 1) {
		if (start)
			start--;
		else
			swap_words(at, at + --end * size, size);
		for (parent = start; (child = 2 * parent + 1) < end; parent = child) {
			if (child + 1 < end && compare(at + child * size, at + (child + 1) * size) < 0)
				child++;
			if (compare(at + parent * size, at + child * size) >= 0)
				break;
			swap_words(at + parent * size, at + child * size, size);
		}
	}
}

static void count_begin(void)
{
	steps = 0;
	most = 0;
	from = NULL;
}

static void count_end(const char *what)
{
	cond_resched();
	check(most <= MAX_STEPS, "%s: at most %lu steps without rescheduling", what, most);
	if (most > MAX_STEPS)
		printf("# between two chances: addr2line -i -e PROGRAM %p %p\n", worst[0], worst[1]);
}

/* Makes a set's members and frees them again. */
static void make_members(const struct nsgate_set *put)
{
	static struct nsg_budget budget = { .left = 1UL << 30 };
	struct nsg_member_lists lists = nsg_member_lists_of(&put->head);
	struct nsg_draft draft = { .root = { 0 } };

	nsg_edit_begin(&draft.edit, 1, &budget);
	if (nsg_draft_apply(&draft, &lists))
		fail("the set can be made");
	nsg_edit_finish(&draft.edit);
	for (u32 family = 0; family < NSG_SET_FAMILIES; family++)
		nsg_members_free(draft.root[family], &budget);
}

/* Everything that a commit does before it takes a lock: read it, build its rulesets; then to free them again. */
static void commit(const void *bytes, size_t length, const char *what)
{
	struct nsgate_refusal refusal;
	struct nsg_ruleset *built;
	struct nsg_request request;
	int error;

	count_begin();
	error = nsg_request_parse(&request, bytes, length, &refusal);
	if (error)
		fail("%s: the request is good: %s (rule %u)", what, refusal.reason, refusal.rule);
	for (u32 i = 0; i < request.puts.count; i++) {
		built = nsg_ruleset_build(request.puts.at[i].ruleset, &error);
		if (!built)
			fail("%s: the ruleset can be built (error %d)", what, error);
		nsg_ruleset_free(built);
	}
	for (u32 i = 0; i < request.set_puts.count; i++)
		make_members(request.set_puts.at[i].set);
	nsg_request_free(&request);
	count_end(what);
}

static void commit_sample(struct sample *sample, const char *what)
{
	const struct nsgate_ruleset *ruleset = sample_ruleset(sample);
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	wire_add(&w, ruleset, ruleset->head.length);
	wire_finish(&w);
	commit(w.bytes, w.length, what);
	wire_free(&w);
	sample_free(sample);
}

static void test_families(u32 rules)
{
	static const char *const names[] = {
		"acl", "fw", "ipc", "wild", "overlap", "nested", "ports", "scattered", "anyport",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names) * 2; i++) {
		struct five_fields *fields;
		struct sample sample;
		char what[64];
		u32 count = family_rules(&fields, names[i / 2], rules);

		family_sample(&sample, fields, count, i % 2);
		snprintf(what, sizeof(what), "%u rules of the family %s, IPv%d", count, names[i / 2], i % 2 ? 6 : 4);
		commit_sample(&sample, what);
		free(fields);
	}
}

/* Rules of one hook, of both families, with addresses and ports strewn over all there are. */
static void test_items(u32 rules, u32 items)
{
	struct taste taste = { .rules = rules, .hooks = 1, .items = items, .addresses = U32_MAX };
	struct sample sample;
	char what[64];

	dice.state = 1;
	draw_ruleset(&sample, &taste);
	snprintf(what, sizeof(what), "%u rules of up to %u items", rules, items);
	commit_sample(&sample, what);
}

static void test_objects(void)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	for (u32 i = 0; i < NSGATE_MAX_OBJECTS; i++)
		drop_add(&w, 1 + i * 7919 % NSGATE_MAX_OBJECTS);
	wire_finish(&w);
	commit(w.bytes, w.length, "as many objects as there may be");
	wire_free(&w);
}

/* Members in order, and not: then the check for one that comes twice makes a tree of them. */
static void test_members(bool in_order)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	set_put_begin(&w, "a", 1);
	for (u32 i = 0; i < 500000; i++)
		member_add_host4(&w, in_order ? i : i * 2654435761U);
	set_end(&w);
	wire_finish(&w);
	commit(w.bytes, w.length, in_order ? "half a million members in order" : "half a million strewn members");
	wire_free(&w);
}

/* As many names of sets in a match as there may be, in many rules. */
static void test_names(u32 rules)
{
	struct nsgate_set_name name = { .name = "" };
	struct sample sample;

	sample_begin(&sample);
	for (u32 i = 0; i < rules; i++) {
		sample_rule(&sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6);
		sample_match(&sample, NSGATE_MATCH_SRC_SET, 0);
		for (u32 j = 0; j < NSGATE_MAX_ITEMS; j++) {
			snprintf(name.name, sizeof(name.name), "set %010u", below(U32_MAX));
			sample_item(&sample, &name);
		}
	}
	commit_sample(&sample, "rules that name many sets");
}

int main(void)
{
	test_families(10000);
	test_items(10000, 1);
	test_items(10000, 4);
	test_items(10000, 30);
	test_items(1000, NSGATE_MAX_ITEMS);
	test_items(NSGATE_MAX_RULES, 4);
	test_objects();
	test_members(true);
	test_members(false);
	test_names(300);
	return conclude();
}
