// SPDX-License-Identifier: GPL-2.0
/* Memory that commits took comes back: by the module's own account and by the kernel's. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define CYCLES	100
#define RULES	2000
#define SLACK	512	/* KiB: what caches keep; 100 cycles that leave 8 KiB each would be over it */

/* KiB of the kernel's own memory: slabs that cannot be reclaimed, mapped areas, per-CPU areas. */
static long kernel_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long sum = 0, value;

	if (!file)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SUnreclaim: %ld", &value) == 1 || sscanf(line, "VmallocUsed: %ld", &value) == 1 ||
		    sscanf(line, "Percpu: %ld", &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

/* Rules that need tables of all kinds: addresses, protocols and ports, no two alike. */
static void large_ruleset(struct wire *w, uint32_t number)
{
	ruleset_begin(w, number, NSGATE_HOOK_INPUT, NSGATE_DROP);
	for (uint32_t i = 0; i < RULES; i++) {
		rule_begin(w, (struct nsgate_rule){ .id = 1 + i, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP,
						    .families = NSGATE_FAMILY_IPV4 });
		MATCH(w, NSGATE_MATCH_SRC4, struct nsgate_prefix4, { { 10, number, i >> 8, i }, 32 });
		match_service(w, i % 2 ? 6 : 17, i * 31);
		rule_end(w);
	}
	ruleset_end(w);
}

static void cycle(const struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	large_ruleset(&w, 1);
	bind_add(&w, s->inode, s->birth, 1, 0);
	must("bind", exchange(&w));
	wire_begin(&w, NSGATE_OP_COMMIT);
	large_ruleset(&w, 2);
	bind_add(&w, s->inode, s->birth, 2, 0);
	drop_add(&w, 1);
	must("replace", exchange(&w));
	unbind_and_drop(s, 2);
}

/* Refused at the very last: the ruleset was built, the namespace's binding prepared. */
static void refused_cycle(const struct sandbox *s)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	large_ruleset(&w, 1);
	bind_add(&w, s->inode, s->birth, 1, 0);
	drop_add(&w, 404);
	if (!exchange(&w).error)
		fail("a drop of what is not held is refused");
}

/* A kernel with KASAN keeps what is freed for a while, to see who uses it still; there kmemleak looks for leaks. */
static bool keeps_what_is_freed(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

static void measure(const char *what, void (*run)(const struct sandbox *s), const struct sandbox *s)
{
	long before, grown;

	for (int i = 0; i < 5; i++)
		run(s);
	before = kernel_memory();
	for (int i = 0; i < CYCLES; i++)
		run(s);
	usleep(200000);
	acknowledge_ended();
	grown = kernel_memory() - before;
	check((grown < SLACK || keeps_what_is_freed()) && !info().memory, "%d times %s: the kernel's memory grew by %ld KiB",
	      CYCLES, what, grown);
}

void test_leaks(void)
{
	struct sandbox s = sandbox_new();

	section("leaks");
	measure("bound, replaced and dropped", cycle, &s);
	measure("refused", refused_cycle, &s);
	sandbox_delete(&s);
	check_empty("leaks");
}
