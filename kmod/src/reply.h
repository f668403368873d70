/* SPDX-License-Identifier: GPL-2.0 */
/* The answer to a request, put together before the first read() of it. */
#ifndef _NSG_REPLY_H
#define _NSG_REPLY_H

#include "refusal.h"
#include "request.h"

/* A successful reply: its head and the payload after it. */
struct nsg_reply {
	u8 *bytes;
	size_t length;		/* filled so far, the head included */
	size_t capacity;
};

/* Memory for a reply with `payload` bytes; refuses if there is none, or if its length does not fit the head. */
int nsg_reply_begin(struct nsg_reply *reply, const struct nsg_request *request, u64 payload,
		    struct nsgate_refusal *refusal);

/* Appends a part, for which nsg_reply_begin() has made room. */
void nsg_reply_add(struct nsg_reply *reply, const void *part, size_t size);

/* The next `size` bytes of the reply, zero, to be filled by the caller: nsg_reply_begin() has made room. */
void *nsg_reply_extend(struct nsg_reply *reply, size_t size);

/* Whether a part of this size still has room. */
static inline bool nsg_reply_has_room(const struct nsg_reply *reply, size_t size)
{
	return size <= reply->capacity - reply->length;
}

void nsg_reply_free(struct nsg_reply *reply);

/* What each operation answers: a reply that is begun and filled, or a negative errno and the refusal's reason. */
int nsg_info(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);
int nsg_commit(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);
int nsg_list(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);
int nsg_stats(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);
int nsg_classify(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);
int nsg_events(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal);

#endif /* _NSG_REPLY_H */
