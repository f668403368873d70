// SPDX-License-Identifier: GPL-2.0
/* A commit's objects: checked one by one, then put in groups by type, in which none is named twice. */
#include "parse.h"
#include "request.h"

static int check_bind(struct nsg_parse *parse, const struct nsgate_bind *bind)
{
	if (bind->flags & ~NSGATE_BIND_INITIAL)
		return nsg_fault(parse, &bind->flags, -EINVAL, NSGATE_FIELD_FLAGS, "0x%x are no flags of a bind",
				 bind->flags);
	return nsg_check_digest(parse, bind->digest);
}

static int check_setting(struct nsg_parse *parse, const struct nsgate_setting *setting)
{
	u32 most = setting->setting == NSGATE_SETTING_QUARANTINE ? 1 : NSGATE_DROP;

	if (setting->setting < NSGATE_SETTING_QUARANTINE || setting->setting > NSGATE_SETTING_MALFORMED)
		return nsg_fault(parse, &setting->setting, -EINVAL, NSGATE_FIELD_SETTING, "%u is no setting",
				 setting->setting);
	if (setting->value > most)
		return nsg_fault(parse, &setting->value, -EINVAL, NSGATE_FIELD_SETTING,
				 "setting %u takes values from 0 to %u, not %llu", setting->setting, most,
				 (unsigned long long)setting->value);
	return nsg_check_reserved(parse, &setting->reserved, sizeof(setting->reserved));
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
		return check_exact(parse, head, sizeof(*object->setting)) ?: check_setting(parse, object->setting);
	case NSGATE_OBJECT_RELEASE:
		return check_exact(parse, head, sizeof(*object->release)) ?:
		       nsg_check_reserved(parse, &object->release->reserved, sizeof(object->release->reserved));
	case NSGATE_OBJECT_SET_PUT:
		return nsg_check_set(parse, object->set);
	case NSGATE_OBJECT_SET_DELTA:
		return nsg_check_set_delta(parse, object->set_delta);
	case NSGATE_OBJECT_SET_DROP:
		return check_exact(parse, head, sizeof(*object->set_drop)) ?:
		       nsg_check_set_name(parse, &object->set_drop->name, NSGATE_FIELD_SET);
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
		cond_resched();
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
		cond_resched();
	}
	parse->refusal->object = NSGATE_NO_INDEX;
	return 0;
}

/* What an object is known by: no two of a commit may have the same. */
enum name {
	NAME_DIGEST,
	NAME_INODE,
	NAME_SETTING,
	NAME_SET,
};

static enum name name_of(const struct nsg_object *object)
{
	switch (object->head->type) {
	case NSGATE_OBJECT_RULESET_PUT:
	case NSGATE_OBJECT_RULESET_DROP:
		return NAME_DIGEST;
	case NSGATE_OBJECT_SETTING:
		return NAME_SETTING;
	case NSGATE_OBJECT_SET_PUT:
	case NSGATE_OBJECT_SET_DELTA:
	case NSGATE_OBJECT_SET_DROP:
		return NAME_SET;
	default:
		return NAME_INODE;
	}
}

static const u8 *digest_of(const struct nsg_object *object)
{
	return object->head->type == NSGATE_OBJECT_RULESET_PUT ? object->ruleset->digest : object->drop->digest;
}

static const __u32 *inode_of(const struct nsg_object *object)
{
	switch (object->head->type) {
	case NSGATE_OBJECT_BIND:
		return &object->bind->inode;
	case NSGATE_OBJECT_UNBIND:
		return &object->unbind->inode;
	default:
		return &object->release->inode;
	}
}

/* The name stands at the same place in all objects about an address set. */
static const struct nsgate_set_name *set_of(const struct nsg_object *object)
{
	return &object->set->name;
}

static int compare_numbers(u32 a, u32 b)
{
	if (a == b)
		return 0;
	return a < b ? -1 : 1;
}

/* Order of what two objects with the same kind of name are known by. */
static int compare_names(const struct nsg_object *a, const struct nsg_object *b)
{
	switch (name_of(a)) {
	case NAME_DIGEST:
		return memcmp(digest_of(a), digest_of(b), NSGATE_DIGEST_SIZE);
	case NAME_SETTING:
		return compare_numbers(a->setting->setting, b->setting->setting);
	case NAME_SET:
		return memcmp(set_of(a), set_of(b), sizeof(struct nsgate_set_name));
	default:
		return compare_numbers(*inode_of(a), *inode_of(b));
	}
}

/* By type, then by what they name, then as they stood. */
static int compare_objects(const void *a, const void *b)
{
	const struct nsg_object *x = a, *y = b;

	cond_resched();
	if (x->head->type != y->head->type)
		return compare_numbers(x->head->type, y->head->type);
	return compare_names(x, y) ?: compare_numbers(x->index, y->index);
}

static int refuse_twice(struct nsg_parse *parse, const struct nsg_object *a, const struct nsg_object *b)
{
	const struct nsg_object *later = a->index > b->index ? a : b;
	const struct nsg_object *earlier = later == a ? b : a;

	parse->refusal->object = later->index;
	switch (name_of(later)) {
	case NAME_DIGEST:
		return nsg_fault(parse, digest_of(later), -EINVAL, NSGATE_FIELD_DIGEST,
				 "the ruleset of object %u is named a second time", earlier->index);
	case NAME_SETTING:
		return nsg_fault(parse, &later->setting->setting, -EINVAL, NSGATE_FIELD_SETTING,
				 "the setting of object %u is named a second time", earlier->index);
	case NAME_SET:
		return nsg_fault(parse, set_of(later), -EINVAL, NSGATE_FIELD_SET,
				 "the address set of object %u is named a second time", earlier->index);
	default:
		return nsg_fault(parse, inode_of(later), -EINVAL, NSGATE_FIELD_INODE,
				 "the namespace of object %u is named a second time", earlier->index);
	}
}

static int check_names(struct nsg_parse *parse, const struct nsg_objects *group)
{
	u32 i;

	for (i = 1; i < group->count; i++) {
		if (!compare_names(&group->at[i - 1], &group->at[i]))
			return refuse_twice(parse, &group->at[i - 1], &group->at[i]);
		cond_resched();
	}
	return 0;
}

/* Refuses what both groups name; both are in order of the same kind of name. */
static int check_apart(struct nsg_parse *parse, const struct nsg_objects *a, const struct nsg_objects *b)
{
	const struct nsg_object *x = a->at, *y = b->at;

	while (x < a->at + a->count && y < b->at + b->count) {
		int order = compare_names(x, y);

		cond_resched();
		if (!order)
			return refuse_twice(parse, x, y);
		if (order < 0)
			x++;
		else
			y++;
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

/* Takes the groups; the objects are in order of type. */
static void take_groups(struct nsg_request *request, u32 count)
{
	struct nsg_object *at = request->objects;
	const struct nsg_object *end = at + count;

	request->puts = take_group(&at, end, NSGATE_OBJECT_RULESET_PUT);
	request->drops = take_group(&at, end, NSGATE_OBJECT_RULESET_DROP);
	request->binds = take_group(&at, end, NSGATE_OBJECT_BIND);
	request->unbinds = take_group(&at, end, NSGATE_OBJECT_UNBIND);
	request->settings = take_group(&at, end, NSGATE_OBJECT_SETTING);
	request->set_puts = take_group(&at, end, NSGATE_OBJECT_SET_PUT);
	request->set_deltas = take_group(&at, end, NSGATE_OBJECT_SET_DELTA);
	request->set_drops = take_group(&at, end, NSGATE_OBJECT_SET_DROP);
	request->releases = take_group(&at, end, NSGATE_OBJECT_RELEASE);
}

static int group_objects(struct nsg_parse *parse, struct nsg_request *request, u32 count)
{
	sort(request->objects, count, sizeof(*request->objects), compare_objects, NULL);
	take_groups(request, count);
	return check_names(parse, &request->puts) ?:
	       check_names(parse, &request->drops) ?:
	       check_names(parse, &request->binds) ?:
	       check_names(parse, &request->unbinds) ?:
	       check_names(parse, &request->settings) ?:
	       check_names(parse, &request->set_puts) ?:
	       check_names(parse, &request->set_deltas) ?:
	       check_names(parse, &request->set_drops) ?:
	       check_names(parse, &request->releases) ?:
	       check_apart(parse, &request->binds, &request->unbinds) ?:
	       check_apart(parse, &request->binds, &request->releases) ?:
	       check_apart(parse, &request->unbinds, &request->releases) ?:
	       check_apart(parse, &request->set_puts, &request->set_deltas) ?:
	       check_apart(parse, &request->set_puts, &request->set_drops) ?:
	       check_apart(parse, &request->set_deltas, &request->set_drops);
}

int nsg_parse_objects(struct nsg_parse *parse, struct nsg_request *request)
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
