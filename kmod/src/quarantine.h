/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quarantine: while the setting is on, a namespace drops every IP packet from its birth until it is bound or released.
 * Its hooks are on before anything in it can send, so there is no moment at which a packet gets through.
 */
#ifndef _NSG_QUARANTINE_H
#define _NSG_QUARANTINE_H

#include "netns.h"

/* Puts a namespace that is just being born, and that nobody else can see, into quarantine. 0 or a negative errno. */
int nsg_quarantine_begin(struct nsg_namespace *ns);

/* The netfilter verdict for a packet in a namespace that no ruleset is bound to. */
unsigned int nsg_quarantine_verdict(struct nsg_namespace *ns);

/*
 * The binding that was published a grace period ago stands alone from now on. Every packet that met none was dropped,
 * so none of them is under way. Takes no hook off. Under nsg_lock.
 */
void nsg_quarantine_give_way(struct nsg_namespace *ns);

/* Refuses a commit's release of a namespace that is not there. Under nsg_lock. */
int nsg_release_check(const struct nsg_object *object, const struct nsg_request *request,
		      struct nsgate_refusal *refusal);

/* Releases what a commit's checked releases name; returns whether any of it was in quarantine. Under nsg_lock. */
bool nsg_releases_apply(const struct nsg_objects *releases);

#endif /* _NSG_QUARANTINE_H */
