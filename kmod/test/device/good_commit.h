/* SPDX-License-Identifier: GPL-2.0 */
/* A commit that the device would take, with an object of every kind: what bad requests are made of. */
#ifndef GOOD_COMMIT_H
#define GOOD_COMMIT_H

#include "../wire.h"
#include "sandbox.h"

/* Its objects, in their order. */
enum good_object {
	GOOD_PUT,	/* ruleset 1 */
	GOOD_BIND,	/* of `fresh` */
	GOOD_UNBIND,	/* of `bound` */
	GOOD_DROP,	/* of ruleset 2 */
	GOOD_RELEASE,	/* of `idle` */
	GOOD_SETTING,
	GOOD_SET_PUT,	/* "new" */
	GOOD_SET_DELTA,	/* "held", from version 1 */
	GOOD_SET_DROP,	/* "left" */
	GOOD_OBJECTS,
};

/* Where the parts of the commit begin; matches by kind, those of several rules the first. */
struct good_parts {
	size_t object[GOOD_OBJECTS + 1], rule[4], match[NSGATE_MATCH_KINDS];
};

extern struct good_parts at;

/* Namespaces: one that is not bound, one that is bound to ruleset 2, one more that is not. */
extern struct sandbox fresh, bound, idle;

/* Makes the namespaces, and what the commit builds upon. */
void good_commit_prepare(void);

struct wire good_commit(void);

/* Takes down what the commit has left when it was accepted, and the namespaces. */
void good_commit_end(void);

#endif
