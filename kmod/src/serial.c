// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers that are never given twice while the machine is up: a random base for each load of the module, and a count.
 */
#include <linux/atomic.h>
#include <linux/random.h>

#include "serial.h"

static atomic64_t last;

u64 nsg_random_base(void)
{
	u64 base;

	get_random_bytes(&base, sizeof(base));
	return base >> 2;
}

void nsg_serials_start(void)
{
	atomic64_set(&last, nsg_random_base());
}

u64 nsg_next_serial(void)
{
	return atomic64_inc_return(&last);
}
