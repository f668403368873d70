// SPDX-License-Identifier: GPL-2.0
/* Bytes of one write() to a validated request: the header, and a commit's objects in their groups. */
#include "request.h"
#include "parse.h"

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

static int check_bind(struct nsg_parse *parse, const struct nsgate_bind *bind)
{
	if (bind->flags & ~NSGATE_BIND_INITIAL)
		return nsg_fault(parse, &bind->flags, -EINVAL, NSGATE_FIELD_FLAGS, "0x%x are no flags of a bind",
				 bind->flags);
	return nsg_check_digest(parse, bind->digest);
}

static int check_exact(struct nsg_parse *parse, const struct nsgate_object *object, size_t size)
{
	if (object->length == size)
		return 0;
	return nsg_fault(parse, &object->length, -EINVAL, NSGATE_FIELD_OBJECT,
			 "object of type %u has %u bytes, not %zu", object->type, object->length, size);
}

static int check_put(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset)
{
	if (ruleset->head.length < sizeof(*ruleset))
		return nsg_fault(parse, &ruleset->head.length, -EINVAL, NSGATE_FIELD_OBJECT,
				 "%u bytes are too short for a ruleset", ruleset->head.length);
	return nsg_check_ruleset(parse, ruleset);
}

static int check_object(struct nsg_parse *parse, const struct nsg_object *object)
{
	const struct nsgate_object *head = object->head;

	switch (head->type) {
	case NSGATE_OBJECT_RULESET_PUT:
		return check_put(parse, object->ruleset);
	case NSGATE_OBJECT_RULESET_DROP:
		return check_exact(parse, head, sizeof(*object->drop)) ?:
		       nsg_check_digest(parse, object->drop->digest);
	case NSGATE_OBJECT_BIND:
		return check_exact(parse, head, sizeof(*object->bind)) ?: check_bind(parse, object->bind);
	case NSGATE_OBJECT_UNBIND:
		return check_exact(parse, head, sizeof(*object->unbind)) ?:
		       nsg_check_reserved(parse, &object->unbind->reserved, sizeof(object->unbind->reserved));
	case NSGATE_OBJECT_SETTING:
	case NSGATE_OBJECT_SET:
		return nsg_fault(parse, head, -EOPNOTSUPP, NSGATE_FIELD_OBJECT,
				 "objects of type %u are not supported yet", head->type);
	default:
		return nsg_fault(parse, head, -EINVAL, NSGATE_FIELD_OBJECT, "%u is no type of object", head->type);
	}
}

static int check_extent(struct nsg_parse *parse, const struct nsgate_object *head, size_t room)
{
	if (room < sizeof(*head))
		return nsg_fault(parse, head, -EINVAL, NSGATE_FIELD_OBJECT, "request ends inside an object's head");
	if (head->length < sizeof(*head) || head->length > room || head->length % 8)
		return nsg_fault(parse, &head->length, -EINVAL, NSGATE_FIELD_OBJECT,
				 "length %u of an object is no multiple of 8 from %zu to %zu", head->length,
				 sizeof(*head), room);
	return 0;
}

/* How many objects the payload holds, in `*count`; every extent is checked. */
static int count_objects(struct nsg_parse *parse, const struct nsg_request *request, u32 *count)
{
	const u8 *at = parse->bytes + sizeof(struct nsgate_request);
	const u8 *end = parse->bytes + request->length;
	int error;

	for (*count = 0; at < end; at += ((const struct nsgate_object *)at)->length, ++*count) {
		parse->refusal->object = *count;
		if (*count == NSGATE_MAX_OBJECTS)
			return nsg_fault(parse, at, -E2BIG, NSGATE_FIELD_OBJECT, "more than %u objects",
					 NSGATE_MAX_OBJECTS);
		error = check_extent(parse, (const void *)at, end - at);
		if (error)
			return error;
	}
	parse->refusal->object = NSGATE_NO_INDEX;
	return 0;
}

static int check_objects(struct nsg_parse *parse, struct nsg_request *request, u32 count)
{
	const u8 *at = parse->bytes + sizeof(struct nsgate_request);
	u32 i;
	int error;

	for (i = 0; i < count; i++) {
		struct nsg_object *object = &request->objects[i];

		object->head = (const void *)at;
		object->index = i;
		parse->refusal->object = i;
		error = check_object(parse, object);
		if (error)
			return error;
		at += object->head->length;
	}
	parse->refusal->object = NSGATE_NO_INDEX;
	return 0;
}

static const u8 *digest_of(const struct nsg_object *object)
{
	return object->head->type == NSGATE_OBJECT_RULESET_PUT ? object->ruleset->digest : object->drop->digest;
}

static const __u32 *inode_of(const struct nsg_object *object)
{
	return object->head->type == NSGATE_OBJECT_BIND ? &object->bind->inode : &object->unbind->inode;
}

static bool names_digest(const struct nsg_object *object)
{
	return object->head->type <= NSGATE_OBJECT_RULESET_DROP;
}

/* Order of what two objects of one group name. */
static int compare_names(const struct nsg_object *a, const struct nsg_object *b)
{
	if (names_digest(a))
		return memcmp(digest_of(a), digest_of(b), NSGATE_DIGEST_SIZE);
	if (*inode_of(a) == *inode_of(b))
		return 0;
	return *inode_of(a) < *inode_of(b) ? -1 : 1;
}

/* By type, then by what they name, then as they stood. */
static int compare_objects(const void *a, const void *b)
{
	const struct nsg_object *x = a, *y = b;
	int names;

	cond_resched();
	if (x->head->type != y->head->type)
		return x->head->type < y->head->type ? -1 : 1;
	names = compare_names(x, y);
	if (names)
		return names;
	return x->index < y->index ? -1 : 1;
}

static int refuse_twice(struct nsg_parse *parse, const struct nsg_object *a, const struct nsg_object *b)
{
	const struct nsg_object *later = a->index > b->index ? a : b;
	const struct nsg_object *earlier = later == a ? b : a;

	parse->refusal->object = later->index;
	if (names_digest(later))
		return nsg_fault(parse, digest_of(later), -EINVAL, NSGATE_FIELD_DIGEST,
				 "the ruleset of object %u is named a second time", earlier->index);
	return nsg_fault(parse, inode_of(later), -EINVAL, NSGATE_FIELD_INODE,
			 "the namespace of object %u is named a second time", earlier->index);
}

static int check_names(struct nsg_parse *parse, const struct nsg_objects *group)
{
	u32 i;

	for (i = 1; i < group->count; i++)
		if (!compare_names(&group->at[i - 1], &group->at[i]))
			return refuse_twice(parse, &group->at[i - 1], &group->at[i]);
	return 0;
}

/* A namespace that is both bound and unbound: both groups are in order of inode. */
static int check_bound_and_unbound(struct nsg_parse *parse, const struct nsg_request *request)
{
	const struct nsg_object *bind = request->binds.at;
	const struct nsg_object *unbind = request->unbinds.at;
	const struct nsg_object *last_bind = bind + request->binds.count;
	const struct nsg_object *last_unbind = unbind + request->unbinds.count;

	while (bind < last_bind && unbind < last_unbind) {
		int order = compare_names(bind, unbind);

		if (!order)
			return refuse_twice(parse, bind, unbind);
		if (order < 0)
			bind++;
		else
			unbind++;
	}
	return 0;
}

/* Takes the run of objects of one type off the front of those from `*at` to `end`. */
static struct nsg_objects take_group(struct nsg_object **at, const struct nsg_object *end, u32 type)
{
	struct nsg_objects group = { .at = *at };

	while (*at < end && (*at)->head->type == type)
		++*at;
	group.count = *at - group.at;
	return group;
}

static int group_objects(struct nsg_parse *parse, struct nsg_request *request, u32 count)
{
	struct nsg_object *at = request->objects;
	const struct nsg_object *end = at + count;

	sort(at, count, sizeof(*at), compare_objects, NULL);
	request->puts = take_group(&at, end, NSGATE_OBJECT_RULESET_PUT);
	request->drops = take_group(&at, end, NSGATE_OBJECT_RULESET_DROP);
	request->binds = take_group(&at, end, NSGATE_OBJECT_BIND);
	request->unbinds = take_group(&at, end, NSGATE_OBJECT_UNBIND);
	return check_names(parse, &request->puts) ?:
	       check_names(parse, &request->drops) ?:
	       check_names(parse, &request->binds) ?:
	       check_names(parse, &request->unbinds) ?:
	       check_bound_and_unbound(parse, request);
}

static int parse_commit(struct nsg_parse *parse, struct nsg_request *request)
{
	u32 count;
	int error = count_objects(parse, request, &count);

	if (error || !count)
		return error;
	request->objects = nsg_kvzalloc(count * sizeof(*request->objects));
	if (!request->objects)
		return nsg_refuse_memory(parse->refusal, count * sizeof(*request->objects));
	error = check_objects(parse, request, count) ?: group_objects(parse, request, count);
	if (error)
		nsg_request_free(request);
	return error;
}

static int parse_classify(struct nsg_parse *parse, struct nsg_request *request)
{
	request->classify = payload(parse, request, sizeof(*request->classify));
	return request->classify ? nsg_check_classify(parse, request->classify) : -EINVAL;
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
	case NSGATE_OP_COMMIT:
		return parse_commit(parse, request);
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
