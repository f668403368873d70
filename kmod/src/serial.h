/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that are never given twice while the machine is up, module reloads included: birth ids and epochs. */
#ifndef _NSG_SERIAL_H
#define _NSG_SERIAL_H

#include <linux/types.h>

/* A random 62-bit number, so that counting up from it neither wraps nor meets what an earlier load gave out. */
u64 nsg_random_base(void);

void nsg_serials_start(void);

/* The next number; never 0. */
u64 nsg_next_serial(void);

#endif /* _NSG_SERIAL_H */
