// SPDX-License-Identifier: GPL-2.0
/* The answer to a request. */
#include "reply.h"

int nsg_reply_begin(struct nsg_reply *reply, const struct nsg_request *request, u64 payload,
		    struct nsgate_refusal *refusal)
{
	struct nsgate_reply head = {
		.magic = NSGATE_MAGIC,
		.abi = NSGATE_ABI,
		.op = request->op,
		.length = sizeof(head),
		.tag = request->tag,
	};

	if (payload > INT_MAX - sizeof(head))
		return nsg_refuse(refusal, -E2BIG, NSGATE_FIELD_MEMORY, 0, "a reply of %llu bytes is too long",
				  (unsigned long long)payload);
	reply->capacity = sizeof(head) + payload;
	reply->length = 0;
	reply->bytes = nsg_kvzalloc(reply->capacity);
	if (!reply->bytes)
		return nsg_refuse_memory(refusal, reply->capacity);
	nsg_reply_add(reply, &head, sizeof(head));
	return 0;
}

void *nsg_reply_extend(struct nsg_reply *reply, size_t size)
{
	struct nsgate_reply *head = (struct nsgate_reply *)reply->bytes;
	void *at = reply->bytes + reply->length;

	reply->length += size;
	head->length = reply->length;
	return at;
}

void nsg_reply_add(struct nsg_reply *reply, const void *part, size_t size)
{
	memcpy(nsg_reply_extend(reply, size), part, size);
}

void nsg_reply_free(struct nsg_reply *reply)
{
	nsg_kvfree(reply->bytes);
	reply->bytes = NULL;
	reply->length = 0;
}
