// SPDX-License-Identifier: GPL-2.0
/* Bytes of one write() to a validated request: the header, and the payload that its operation takes. */
#include "request.h"
#include "parse.h"

#define MOST_SIGNAL	31U

static int check_abi(struct nsg_parse *parse, const struct nsgate_request *header)
{
	if (header->abi == NSGATE_ABI)
		return 0;
	return nsg_fault(parse, &header->abi, -EPROTONOSUPPORT, NSGATE_FIELD_REQUEST,
			 "the writer speaks ABI %u, the module %u: %s is older, update it", header->abi, NSGATE_ABI,
			 header->abi > NSGATE_ABI ? "the module" : "the writer");
}

static int check_length(struct nsg_parse *parse, const struct nsgate_request *header, size_t length)
{
	if (header->length == length)
		return 0;
	return nsg_fault(parse, &header->length, -EINVAL, NSGATE_FIELD_REQUEST,
			 "the header says %u bytes, the write had %zu: a request is one write", header->length,
			 length);
}

/* INFO from a peer of another ABI, whose reserved bytes and payload may mean something to it. */
static bool asks_across_abis(const struct nsgate_request *header)
{
	return header->op == NSGATE_OP_INFO && header->abi != NSGATE_ABI;
}

/* Everything in the header; notes op and tag as soon as they can be told. */
static int parse_header(struct nsg_parse *parse, struct nsg_request *request, size_t length)
{
	const struct nsgate_request *header = (const void *)parse->bytes;
	int error;

	if (length < sizeof(*header))
		return nsg_fault(parse, parse->bytes, -EINVAL, NSGATE_FIELD_REQUEST,
				 "%zu bytes are shorter than a request's header", length);
	if (header->magic != NSGATE_MAGIC)
		return nsg_fault(parse, &header->magic, -EINVAL, NSGATE_FIELD_REQUEST,
				 "0x%08x is not the magic of a request in this host's byte order", header->magic);
	request->op = header->op;
	request->tag = header->tag;
	error = check_length(parse, header, length);
	if (error || asks_across_abis(header))
		return error;
	return check_abi(parse, header) ?:
	       nsg_check_reserved(parse, &header->reserved, sizeof(header->reserved));
}

/* The payload of an operation that takes `size` bytes, NULL if there are more or fewer. */
static const void *payload(struct nsg_parse *parse, const struct nsg_request *request, size_t size)
{
	size_t length = request->length - sizeof(struct nsgate_request);

	if (length == size)
		return parse->bytes + sizeof(struct nsgate_request);
	nsg_fault(parse, parse->bytes + sizeof(struct nsgate_request), -EINVAL, NSGATE_FIELD_REQUEST,
		  "operation %u takes %zu bytes after the header, not %zu", request->op, size, length);
	return NULL;
}

static int parse_classify(struct nsg_parse *parse, struct nsg_request *request)
{
	request->classify = payload(parse, request, sizeof(*request->classify));
	return request->classify ? nsg_check_classify(parse, request->classify) : -EINVAL;
}

static int parse_events(struct nsg_parse *parse, struct nsg_request *request)
{
	const struct nsgate_events_request *events = payload(parse, request, sizeof(*events));

	if (!events)
		return -EINVAL;
	request->events = events;
	if (events->signal > MOST_SIGNAL || events->signal == SIGKILL || events->signal == SIGSTOP)
		return nsg_fault(parse, &events->signal, -EINVAL, NSGATE_FIELD_SIGNAL,
				 "%u is none of the signals that can be asked for: 1 to %u but SIGKILL and SIGSTOP",
				 events->signal, MOST_SIGNAL);
	return nsg_check_reserved(parse, &events->reserved, sizeof(events->reserved));
}

static int parse_payload(struct nsg_parse *parse, struct nsg_request *request)
{
	const struct nsgate_request *header = (const void *)parse->bytes;

	if (asks_across_abis(header))
		return 0;
	switch (request->op) {
	case NSGATE_OP_INFO:
	case NSGATE_OP_LIST:
		return payload(parse, request, 0) ? 0 : -EINVAL;
	case NSGATE_OP_STATS:
		request->stats = payload(parse, request, sizeof(*request->stats));
		return request->stats ? 0 : -EINVAL;
	case NSGATE_OP_CLASSIFY:
		return parse_classify(parse, request);
	case NSGATE_OP_EVENTS:
		return parse_events(parse, request);
	case NSGATE_OP_COMMIT:
		return nsg_parse_objects(parse, request);
	default:
		return nsg_fault(parse, &header->op, -EOPNOTSUPP, NSGATE_FIELD_REQUEST,
				 "operation %u is not supported", request->op);
	}
}

int nsg_request_parse(struct nsg_request *request, const void *bytes, size_t length,
		      struct nsgate_refusal *refusal)
{
	struct nsg_parse parse = { .bytes = bytes, .refusal = refusal };
	int error;

	memset(request, 0, sizeof(*request));
	nsg_refusal_clear(refusal);
	request->bytes = bytes;
	error = parse_header(&parse, request, length);
	if (error)
		return error;
	request->length = length;
	return parse_payload(&parse, request);
}

void nsg_request_free(struct nsg_request *request)
{
	nsg_kvfree(request->objects);
	request->objects = NULL;
}
