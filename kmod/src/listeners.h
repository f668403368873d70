/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that are to be told of the next event by a signal, once. What is held of one is its pid structure, which
 * names it and nothing else even when it is dead; no file and no reference to this module.
 */
#ifndef _NSG_LISTENERS_H
#define _NSG_LISTENERS_H

#include <linux/types.h>

/*
 * The calling process is to get `signal` when there is an event after number `after`; at once, if there is one by now.
 * Replaces what it asked before; 0 for nothing. Returns -ENOSPC if NSGATE_MAX_LISTENERS others that live wait. Sleeps.
 */
int nsg_listen(u32 signal, u64 after);

/* Has those signalled who wait for an event that is there. From any context. */
void nsg_listeners_notify(void);

/*
 * Forgets all who wait, when nobody can begin to any more. A notification may still come from events that are just
 * being added: to be called again when there are none. Sleeps.
 */
void nsg_listeners_clear(void);

#endif /* _NSG_LISTENERS_H */
