// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .kvfree */
#include <linux/mm.h>
#include <linux/slab.h>

void probe(const void *at)
{
	kvfree(at);
}
