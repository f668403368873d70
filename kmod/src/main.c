// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading: starts the parts in order, stops them in reverse. */
#include <linux/init.h>
#include <linux/module.h>

#include "borrowed.h"
#include "device.h"
#include "ended.h"
#include "events.h"
#include "generation.h"
#include "hooks.h"
#include "ledger.h"
#include "listeners.h"
#include "netns.h"
#include "proc.h"
#include "reading.h"
#include "registry.h"
#include "serial.h"
#include "sets.h"
#include "settings.h"

unsigned int nsg_marked_inode;
module_param_named(inode, nsg_marked_inode, uint, 0644);
MODULE_PARM_DESC(inode, "inode of a network namespace, marked with *** in /proc/nsgate and, when loading, in the log (0: none)");

static bool quarantine;
module_param(quarantine, bool, 0444);
MODULE_PARM_DESC(quarantine, "whether namespaces born from the start on are in quarantine (default: no); later, user space sets it");

/* For insmod's inode=N: all namespaces, the one meant marked. */
static void log_namespaces(void)
{
	struct nsg_namespace *ns;
	bool found = false;

	if (!nsg_marked_inode)
		return;
	mutex_lock(&nsg_lock);
	nsg_for_each_namespace(ns) {
		pr_info("namespace %u birth %llx%s%s\n", ns->inode, ns->birth,
			nsg_namespace_is_initial(ns) ? " initial" : "", nsg_mark(ns->inode));
		found |= ns->inode == nsg_marked_inode;
	}
	mutex_unlock(&nsg_lock);
	if (!found)
		pr_warn("no network namespace has inode %u: see `stat -Lc %%i /run/netns/NAME`\n", nsg_marked_inode);
}

/* After this no packet is in our code, and none can come. */
static void stop_packets(void)
{
	nsg_global_hooks_stop();
	nsg_namespaces_stop();
	synchronize_net();
	rcu_barrier();
}

static int __init nsgate_start(void)
{
	int error;

	nsg_instance = nsg_random_base();
	nsg_settings.quarantine = quarantine;
	nsg_serials_start();
	nsg_readings_start();
	error = nsg_ledgers_start();
	if (error)
		return error;
	error = nsg_events_start();
	if (error)
		goto no_events;
	error = nsg_namespaces_start();
	if (error)
		goto no_namespaces;
	error = nsg_global_hooks_start(NSG_HOOK_PRIORITY);
	if (error)
		goto no_hooks;
	error = nsg_proc_start();
	if (error)
		goto no_proc;
	error = nsg_device_start();
	if (error)
		goto no_device;
	log_namespaces();
	return 0;

no_device:
	nsg_proc_stop();
no_proc:
	nsg_global_hooks_stop();
no_hooks:
	nsg_namespaces_stop();
no_namespaces:
	nsg_events_stop();
no_events:
	nsg_ledgers_stop();
	return error;
}

static void __exit nsgate_stop(void)
{
	nsg_device_stop();
	nsg_listeners_clear();
	nsg_proc_stop();
	stop_packets();
	nsg_ended_clear();
	nsg_events_stop();
	nsg_registry_clear();
	nsg_sets_clear();
	nsg_borrowed_return();
	nsg_ledgers_stop();
}

module_init(nsgate_start);
module_exit(nsgate_stop);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Packet filter for named network namespaces, programmed through /dev/nsgate");
MODULE_VERSION("0.1.0");
