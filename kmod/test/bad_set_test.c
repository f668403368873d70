// SPDX-License-Identifier: GPL-2.0
/* Each way in which an object about an address set can be bad is refused for what it is, in its place. */
#include "check.h"
#include "parse.h"

#define NO_ITEM	NSGATE_NO_INDEX

/* One bad thing: how the object is made bad, and how it must be refused. */
struct bad {
	const char *what;
	void (*spoil)(struct wire *w);
	int error;
	enum nsgate_field field;
	uint32_t item;
};

static struct nsgate_set *put_of(struct wire *w)
{
	return (void *)(w->bytes + w->set);
}

static struct nsgate_set_delta *delta_of(struct wire *w)
{
	return (void *)(w->bytes + w->set);
}

/* The member at `index`, when all before it are of IPv4. */
static struct nsgate_prefix4 *member4(struct wire *w, int index)
{
	struct nsgate_set *put = put_of(w);
	void *members = put->head.type == NSGATE_OBJECT_SET_PUT ? (void *)(put + 1) : (void *)(delta_of(w) + 1);

	return (struct nsgate_prefix4 *)members + index;
}

static struct nsgate_prefix6 *member6(struct wire *w, int after, int index)
{
	return (struct nsgate_prefix6 *)member4(w, after) + index;
}

#define SPOIL(name, ...)	static void name(struct wire *w) { __VA_ARGS__; }

SPOIL(unnamed, memset(&put_of(w)->name, 0, sizeof(put_of(w)->name)))
SPOIL(unpadded, put_of(w)->name.name[63] = 'x')
SPOIL(endless, memset(&put_of(w)->name, 'x', sizeof(put_of(w)->name)))
SPOIL(short_put, put_of(w)->head.length = 80; w->length = w->set + 80)
SPOIL(more_than_there, put_of(w)->members4++)
SPOIL(fewer_than_there, put_of(w)->members6--)
SPOIL(other_family, put_of(w)->members4 += 3; put_of(w)->members6--; put_of(w)->members6--)
SPOIL(too_many, put_of(w)->members4 = NSGATE_MAX_MEMBERS; put_of(w)->members6 = 1)
SPOIL(wrapping, put_of(w)->members4 = 0x80000003; put_of(w)->members6 = 0x80000000)
SPOIL(length33, member4(w, 1)->length = 33)
SPOIL(bits4, member4(w, 2)->address[3] = 1; member4(w, 2)->length = 31)
SPOIL(reserved4, member4(w, 0)->reserved[2] = 1)
SPOIL(length129, member6(w, 3, 1)->length = 129)
SPOIL(bits6, member6(w, 3, 0)->address[15] = 1)
SPOIL(reserved6, member6(w, 3, 0)->reserved[6] = 1)
SPOIL(twice4, *member4(w, 2) = *member4(w, 0))
SPOIL(twice_next, *member4(w, 1) = *member4(w, 0))
SPOIL(twice6, *member6(w, 3, 1) = *member6(w, 3, 0))

static const struct bad bad_puts[] = {
	{ "a put without a name", unnamed, EINVAL, NSGATE_FIELD_SET, NO_ITEM },
	{ "a name with bytes after its NUL", unpadded, EINVAL, NSGATE_FIELD_SET, NO_ITEM },
	{ "a name without its NUL", endless, EINVAL, NSGATE_FIELD_SET, NO_ITEM },
	{ "an object too short for a put", short_put, EINVAL, NSGATE_FIELD_OBJECT, NO_ITEM },
	{ "more members than there are", more_than_there, EINVAL, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "fewer members than there are", fewer_than_there, EINVAL, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "members of another family", other_family, EINVAL, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "too many members", too_many, E2BIG, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "counts whose sum wraps around", wrapping, E2BIG, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "an IPv4 member of 33 bits", length33, EINVAL, NSGATE_FIELD_MEMBER, 1 },
	{ "an IPv4 member with more bits", bits4, EINVAL, NSGATE_FIELD_MEMBER, 2 },
	{ "a reserved byte of an IPv4 member", reserved4, EINVAL, NSGATE_FIELD_RESERVED, 0 },
	{ "an IPv6 member of 129 bits", length129, EINVAL, NSGATE_FIELD_MEMBER, 4 },
	{ "an IPv6 member with more bits", bits6, EINVAL, NSGATE_FIELD_MEMBER, 3 },
	{ "a reserved byte of an IPv6 member", reserved6, EINVAL, NSGATE_FIELD_RESERVED, 3 },
	{ "an IPv4 member twice", twice4, EINVAL, NSGATE_FIELD_MEMBER, 2 },
	{ "an IPv4 member twice in a row", twice_next, EINVAL, NSGATE_FIELD_MEMBER, 1 },
	{ "an IPv6 member twice", twice6, EINVAL, NSGATE_FIELD_MEMBER, 4 },
};

SPOIL(same_version, delta_of(w)->version = delta_of(w)->from)
SPOIL(short_delta, delta_of(w)->head.length = 96; w->length = w->set + 96)
SPOIL(delta_more, delta_of(w)->remove6++)
SPOIL(delta_too_many, delta_of(w)->add4 = NSGATE_MAX_MEMBERS; delta_of(w)->remove4 = NSGATE_MAX_MEMBERS)
SPOIL(added_twice, *member4(w, 1) = *member4(w, 0))
SPOIL(removed_twice, *member6(w, 4, 2) = *member6(w, 4, 1))
SPOIL(added_and_removed, *member4(w, 3) = *member4(w, 0))
SPOIL(added_and_removed6, *member6(w, 4, 1) = *member6(w, 4, 0))
SPOIL(removed_bits, member4(w, 2)->address[3] = 1; member4(w, 2)->length = 8)

static const struct bad bad_deltas[] = {
	{ "a change without a name", unnamed, EINVAL, NSGATE_FIELD_SET, NO_ITEM },
	{ "a change to the same version", same_version, EINVAL, NSGATE_FIELD_SET_VERSION, NO_ITEM },
	{ "an object too short for a change", short_delta, EINVAL, NSGATE_FIELD_OBJECT, NO_ITEM },
	{ "more removed than there are", delta_more, EINVAL, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "a change of too many", delta_too_many, E2BIG, NSGATE_FIELD_MEMBERS, NO_ITEM },
	{ "a member added twice", added_twice, EINVAL, NSGATE_FIELD_MEMBER, 1 },
	{ "a member removed twice", removed_twice, EINVAL, NSGATE_FIELD_MEMBER, 6 },
	{ "a member added and removed", added_and_removed, EINVAL, NSGATE_FIELD_MEMBER, 3 },
	{ "an IPv6 member added and removed", added_and_removed6, EINVAL, NSGATE_FIELD_MEMBER, 5 },
	{ "a removed member with more bits", removed_bits, EINVAL, NSGATE_FIELD_MEMBER, 2 },
};

static void put(struct wire *w)
{
	set_put_begin(w, "office/paris", 5);
	member_add(w, "10.0.0.0/8");
	member_add(w, "10.1.0.0/16");
	member_add(w, "192.0.2.1/32");
	member_add(w, "2001:db8::/32");
	member_add(w, "2001:db8::1/128");
}

static void delta(struct wire *w)
{
	set_delta_begin(w, "office/paris", 5, 6);
	member_add(w, "10.0.0.0/8");
	member_add(w, "0.0.0.0/0");
	member_remove(w, "10.1.0.0/16");
	member_remove(w, "192.0.2.1/32");
	member_add(w, "2001:db8::/32");
	member_remove(w, "2001:db8::1/128");
	member_remove(w, "::/0");
}

static void test_bad(const struct bad *bad, void (*object)(struct wire *w))
{
	struct nsgate_refusal refusal;
	struct wire w;
	int error;

	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	object(&w);
	set_end(&w);
	bad->spoil(&w);
	error = parsed_wire(&w, &refusal);
	check(error == -bad->error && refusal.field == bad->field && refusal.object == 1 && refusal.item == bad->item &&
	      refusal.offset, "%s: %s (%s)", bad->what, refusal.reason, strerror(-error));
}

static void test_twice(const char *what, void (*first)(struct wire *w), void (*second)(struct wire *w))
{
	struct nsgate_refusal refusal;
	struct wire w;
	int error;

	wire_begin(&w, NSGATE_OP_COMMIT);
	first(&w);
	set_end(&w);
	if (second)
		second(&w), set_end(&w);
	else
		set_drop_add(&w, "office/paris");
	error = parsed_wire(&w, &refusal);
	check(error == -EINVAL && refusal.field == NSGATE_FIELD_SET && refusal.object == 1, "%s: %s", what,
	      refusal.reason);
}

static void test_good(void)
{
	struct nsgate_refusal refusal;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	put(&w);
	set_end(&w);
	set_delta_begin(&w, "b", 1, 2);
	member_remove(&w, "10.0.0.0/8");
	member_remove(&w, "0.0.0.0/0");
	set_end(&w);
	set_put_begin(&w, "c", 0);
	member_add(&w, "192.0.2.1/32");
	member_add(&w, "10.0.0.0/8");
	member_add(&w, "10.0.0.0/9");
	set_end(&w);
	set_put_begin(&w, "012345678901234567890123456789012345678901234567890123456789012", 0);
	set_end(&w);
	set_drop_add(&w, "d");
	check(!parsed_wire(&w, &refusal), "members in any order, none at all, and names of 63 bytes are good: %s",
	      refusal.reason);
}

/* The check for a prefix that comes twice takes memory, when they are not in order. */
static void test_exhaustion(void)
{
	struct nsgate_refusal refusal;
	int error = -ENOMEM, limit;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	delta(&w);
	set_end(&w);
	wire_finish(&w);
	for (limit = 0; error == -ENOMEM && limit < 100; limit++) {
		userspace_allocations = limit;
		error = parsed(w.bytes, w.length, &refusal);
	}
	userspace_allocations = -1;
	check(!error && limit > 5, "without memory a change is refused, at each of %d allocations", limit - 1);
	wire_free(&w);
}

void test_bad_sets(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_puts); i++)
		test_bad(&bad_puts[i], put);
	for (size_t i = 0; i < ARRAY_SIZE(bad_deltas); i++)
		test_bad(&bad_deltas[i], delta);
	test_twice("a set put twice", put, put);
	test_twice("a set put and changed", put, delta);
	test_twice("a set changed and put", delta, put);
	test_twice("a set put and dropped", put, NULL);
	test_twice("a set changed and dropped", delta, NULL);
	test_good();
	test_exhaustion();
}
