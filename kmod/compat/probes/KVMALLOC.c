// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .kvzalloc_node */
#include <linux/mm.h>
#include <linux/slab.h>

void *probe(void)
{
	return kvzalloc_node(1, GFP_KERNEL, 0);
}
