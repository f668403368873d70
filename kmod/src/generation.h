/* SPDX-License-Identifier: GPL-2.0 */
/* Which state of the module this is. */
#ifndef _NSG_GENERATION_H
#define _NSG_GENERATION_H

#include <linux/types.h>

/* Raised by every commit that changed something, and by nothing else. Under nsg_lock. */
extern u64 nsg_generation;

/* Random, drawn when the module was loaded. */
extern u64 nsg_instance;

#endif /* _NSG_GENERATION_H */
