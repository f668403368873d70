/* SPDX-License-Identifier: GPL-2.0 */
/* The event ring as the rest of the module sees it. */
#ifndef _NSG_EVENTS_H
#define _NSG_EVENTS_H

#include "netns.h"

int nsg_events_start(void);

/* Frees the ring, when nothing adds to it any more. */
void nsg_events_stop(void);

/* Adds an event, whose number is set here. From any context but an interrupt. */
void nsg_event_add(const struct nsgate_event *event);

/* A namespace was born or has died: NSGATE_EVENT_BORN, NSGATE_EVENT_DIED. */
void nsg_event_of_namespace(const struct nsg_namespace *ns, enum nsgate_event_type type);

/* Whether each event from now on is to call nsg_listeners_notify(). Returns the number of the newest event so far. */
u64 nsg_events_await(bool await);

#endif /* _NSG_EVENTS_H */
