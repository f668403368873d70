// SPDX-License-Identifier: GPL-2.0
/* /proc/nsgate: namespaces, bindings and rulesets, for a person. Programs ask /dev/nsgate. */
#include "access.h"
#include "binding.h"
#include "ended.h"
#include "generation.h"
#include "netns.h"
#include "proc.h"
#include "registry.h"
#include "settings.h"

#define SHORT_DIGEST	6	/* bytes of a digest that are shown */

const char *nsg_mark(unsigned int inode)
{
	return inode && inode == READ_ONCE(nsg_marked_inode) ? " ***" : "";
}

/* By NSGATE_SETTING_MALFORMED. */
static const char *const malformed[] = {
	[0] = "rules",
	[NSGATE_ACCEPT] = "accept",
	[NSGATE_DROP] = "drop",
};

static void show_binding(struct seq_file *file, const struct nsg_binding *binding)
{
	struct nsgate_totals total = nsg_account_total(binding->account);

	seq_printf(file, " ruleset %*phN rules %u accepted %llu dropped %llu rejected %llu malformed %llu shadow %llu defaulted %llu",
		   SHORT_DIGEST, binding->ruleset->digest, binding->ruleset->rules, total.accepted, total.dropped,
		   total.rejected, total.malformed, total.shadow, total.defaulted);
}

static void show_namespace(struct seq_file *file, const struct nsg_namespace *ns)
{
	const struct nsg_binding *binding = nsg_namespace_binding(ns);

	seq_printf(file, "namespace %u birth %llx", ns->inode, ns->birth);
	if (nsg_net_cookie(ns->net))
		seq_printf(file, " cookie %llu", nsg_net_cookie(ns->net));
	if (nsg_namespace_is_initial(ns))
		seq_puts(file, " initial");
	if (ns->quarantined)
		seq_puts(file, " quarantined");
	if (atomic64_read(&ns->quarantine_dropped))
		seq_printf(file, " quarantine dropped %llu", (u64)atomic64_read(&ns->quarantine_dropped));
	if (binding)
		show_binding(file, binding);
	seq_printf(file, "%s\n", nsg_mark(ns->inode));
}

static void show_ruleset(struct nsg_ruleset *ruleset, void *file)
{
	seq_printf(file, "ruleset %*phN rules %u bindings %u bytes %llu\n", SHORT_DIGEST, ruleset->digest,
		   ruleset->rules, ruleset->bindings, ruleset->memory);
}

static int show(struct seq_file *file, void *unused)
{
	struct nsg_namespace *ns;

	mutex_lock(&nsg_lock);
	seq_printf(file, "generation %llu\n", nsg_generation);
	seq_printf(file, "quarantine %u malformed %s\n", nsg_settings.quarantine, malformed[nsg_settings.malformed]);
	if (atomic64_read(&nsg_uncounted))
		seq_printf(file, "uncounted %llu\n", (u64)atomic64_read(&nsg_uncounted));
	if (nsg_ended_count() || nsg_ended_lost())
		seq_printf(file, "ended %u lost %u\n", nsg_ended_count(), nsg_ended_lost());
	nsg_for_each_namespace(ns) {
		show_namespace(file, ns);
		cond_resched();
	}
	nsg_registry_visit(show_ruleset, file);
	mutex_unlock(&nsg_lock);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return nsg_caller_may() ? single_open(file, show, NULL) : -EPERM;
}

NSG_PROC_FILE(operations, open);

int nsg_proc_start(void)
{
	return proc_create("nsgate", 0400, NULL, &operations) ? 0 : -ENOMEM;
}

void nsg_proc_stop(void)
{
	remove_proc_entry("nsgate", NULL);
}
