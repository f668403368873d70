/* SPDX-License-Identifier: GPL-2.0 */
/* Zeroed memory. Large memory is contiguous or mapped; it may sleep, fails without noise, wakes no OOM killer. */
#ifndef _NSG_COMPAT_MEMORY_H
#define _NSG_COMPAT_MEMORY_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#ifdef __GFP_RETRY_MAYFAIL	/* 4.13 */
#define NSG_GFP		(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#else
#define NSG_GFP		(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)
#endif

/* For what any user can have made: charged to his memory cgroup. */
#ifdef GFP_KERNEL_ACCOUNT	/* 4.5 */
#define NSG_GFP_TENANT	GFP_KERNEL_ACCOUNT
#else
#define NSG_GFP_TENANT	GFP_KERNEL
#endif

#ifdef HAVE_KVMALLOC		/* 4.12; RHEL 7.5 */
static inline void *nsg_kvzalloc_node(size_t size, int node)
{
	return kvzalloc_node(size, NSG_GFP, node);
}
#else
static inline void *nsg_kvzalloc_node(size_t size, int node)
{
	void *at = NULL;

	if (size <= PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
		at = kzalloc_node(size, NSG_GFP, node);
	return at ? at : __vmalloc(size, NSG_GFP | __GFP_ZERO | __GFP_HIGHMEM, PAGE_KERNEL);
}
#endif

static inline void *nsg_kvzalloc(size_t size)
{
	return nsg_kvzalloc_node(size, NUMA_NO_NODE);
}

static inline void nsg_kvfree(const void *at)
{
#ifdef HAVE_KVFREE		/* 3.15; RHEL 7 */
	kvfree(at);
#else
	if (is_vmalloc_addr(at))
		vfree(at);
	else
		kfree(at);
#endif
}

#endif /* _NSG_COMPAT_MEMORY_H */
