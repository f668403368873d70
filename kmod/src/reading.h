/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of readings of all counters, which readers get as cursors. Under nsg_lock. */
#ifndef _NSG_READING_H
#define _NSG_READING_H

#include "pure.h"

void nsg_readings_start(void);

/* The number of the reading that is about to be made. */
u64 nsg_next_reading(void);

/* Whether `cursor` is the number of a reading since the module was loaded. */
bool nsg_is_reading(u64 cursor);

#endif /* _NSG_READING_H */
