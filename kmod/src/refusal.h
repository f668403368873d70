/* SPDX-License-Identifier: GPL-2.0 */
/* Why a request is refused, and where in it: fills the nsgate_refusal that the writer reads back. */
#ifndef _NSG_REFUSAL_H
#define _NSG_REFUSAL_H

#include "pure.h"
#include "../uapi/nsgate.h"

/* Forgets any place and reason. */
void nsg_refusal_clear(struct nsgate_refusal *refusal);

/*
 * Notes the field, the byte and the reason of a refusal; object, rule, match and item stay as the caller has set
 * them. Returns `error` (a negative errno), for the caller to pass on.
 */
__printf(5, 6)
int nsg_refuse(struct nsgate_refusal *refusal, int error, enum nsgate_field field, u32 offset,
	       const char *reason, ...);

/* The same with the reason's arguments as a list. */
__printf(5, 0)
int nsg_refuse_list(struct nsgate_refusal *refusal, int error, enum nsgate_field field, u32 offset,
		    const char *reason, va_list arguments);

/* The same at the byte that is noted already. */
int nsg_refuse_here(struct nsgate_refusal *refusal, int error, enum nsgate_field field, const char *reason);

/* The refusal of a request whose memory could not be had. */
int nsg_refuse_memory(struct nsgate_refusal *refusal, size_t bytes);

#endif /* _NSG_REFUSAL_H */
