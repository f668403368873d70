// SPDX-License-Identifier: GPL-2.0
/*
 * Bad requests by system: fields of a commit of every kind of object take bad values, each byte of it changes, it is cut,
 * stretched, split and repeated. All is refused, in the right place, and leaves no trace.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_field.h"
#include "good_commit.h"
#include "tests.h"

static unsigned long tried;

/* What the device holds: to be the same after a refusal. */
static struct held {
	struct nsgate_info info;
	uint8_t listing[8192];
} held;

static void read_held(struct held *h)
{
	struct outcome o;
	struct wire w;

	memset(h, 0, sizeof(*h));
	h->info = info();
	wire_begin(&w, NSGATE_OP_LIST);
	o = must("list", exchange(&w));
	memcpy(h->listing, payload(&o), o.length - sizeof(struct nsgate_reply) < sizeof(h->listing) ?
	       o.length - sizeof(struct nsgate_reply) : sizeof(h->listing));
}

static bool unchanged(void)
{
	static struct held after;

	read_held(&after);
	return !memcmp(&after, &held, sizeof(held));
}

/* Copies of the request with `extra` bytes of zeros after it, freed by the caller. */
static uint8_t *copy_of(const struct wire *good, size_t extra)
{
	uint8_t *bytes = calloc(1, good->length + extra);

	memcpy(bytes, good->bytes, good->length);
	return bytes;
}

static bool refused(const void *bytes, size_t length)
{
	struct outcome o = exchange_bytes(bytes, length);

	tried++;
	return o.error;
}

/* Each byte takes other values, in a commit that fails at its last object if at no other. */
static void test_bytes(const struct wire *good)
{
	struct wire w = { .bytes = copy_of(good, 0), .length = good->length, .capacity = good->length };
	uint8_t *bytes;
	unsigned long accepted = 0;

	unbind_add(&w, 1, 0);	/* there is no such namespace */
	wire_finish(&w);
	bytes = w.bytes;
	tried = 0;
	for (size_t i = 0; i < w.length; i++) {
		uint8_t old = bytes[i], values[] = { 0, 1, 0x7f, 0x80, 0xff, old + 1, old - 1, old ^ 8 };

		if (i >= offsetof(struct nsgate_request, op) && i < offsetof(struct nsgate_request, op) + 2)
			continue;	/* another operation is another request */
		for (size_t v = 0; v < sizeof(values); v++) {
			bytes[i] = values[v];
			accepted += !refused(bytes, w.length);
		}
		bytes[i] = old;
	}
	check(!accepted && unchanged(), "%lu times a byte is another: refused, and nothing has changed", tried);
	wire_free(&w);
}

static bool between_objects(size_t cut)
{
	for (int i = 0; i < GOOD_OBJECTS; i++)
		if (cut == at.object[i])
			return true;
	return false;
}

static void test_lengths(const struct wire *good)
{
	unsigned long accepted = 0;
	uint8_t *bytes = copy_of(good, 64);
	struct nsgate_request *header = (void *)bytes;

	tried = 0;
	for (size_t length = 0; length < good->length + 64; length++) {
		if (length == good->length)
			continue;
		header->length = good->length;
		accepted += !refused(bytes, length);
		header->length = length;
		if (!between_objects(length))
			accepted += !refused(bytes, length);
	}
	check(!accepted && unchanged(), "%lu times cut or stretched: refused, and nothing has changed", tried);
	tried = accepted = 0;
	header->length = good->length;
	for (size_t cut = 1; cut < good->length; cut++) {
		accepted += !refused(bytes, cut);
		accepted += !refused(bytes + cut, good->length - cut);
	}
	check(!accepted && unchanged(), "%lu halves of a split request: refused, and nothing has changed", tried);
	free(bytes);
}

/* Each object stands twice: the second is refused for what it names. */
static void test_repeated(const struct wire *good)
{
	static const uint8_t fields[] = { NSGATE_FIELD_DIGEST, NSGATE_FIELD_INODE, NSGATE_FIELD_INODE,
					  NSGATE_FIELD_DIGEST, NSGATE_FIELD_INODE, NSGATE_FIELD_SETTING,
					  NSGATE_FIELD_SET, NSGATE_FIELD_SET, NSGATE_FIELD_SET };
	bool told = true;

	for (int i = 0; i < GOOD_OBJECTS; i++) {
		size_t end = at.object[i + 1];
		struct wire w = { .bytes = copy_of(good, end - at.object[i]), .length = good->length + end - at.object[i] };
		struct outcome o;

		memcpy(w.bytes + good->length, good->bytes + at.object[i], end - at.object[i]);
		o = exchange(&w);
		told &= o.error == EINVAL && o.refusal.field == fields[i] && o.refusal.object == GOOD_OBJECTS;
	}
	check(told && unchanged(), "each kind of object, repeated, is refused for what it names");
}

/* The reason of a birth that is another names the namespace and both births. */
static void test_birth_reason(void)
{
	char inode[32], expected[32], actual[32];
	struct outcome o;
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, bound.inode, fresh.birth);
	o = exchange(&w);
	snprintf(inode, sizeof(inode), "%u", bound.inode);
	snprintf(expected, sizeof(expected), "0x%llx", (unsigned long long)fresh.birth);
	snprintf(actual, sizeof(actual), "0x%llx", (unsigned long long)bound.birth);
	check(o.error == ESTALE && strstr(o.refusal.reason, inode) && strstr(o.refusal.reason, expected) &&
	      strstr(o.refusal.reason, actual), "another birth is refused by name: %s", o.refusal.reason);
}

static void test_fields(const struct wire *good)
{
	unsigned long wrong = bad_fields(good, &tried);

	check(!wrong && unchanged(), "%lu bad values of fields: each refused in its place, and nothing has changed", tried);
}

void test_bad_input(void)
{
	struct wire good;

	section("bad input");
	good_commit_prepare();
	read_held(&held);
	good = good_commit();
	test_fields(&good);
	test_bytes(&good);
	test_lengths(&good);
	test_repeated(&good);
	test_birth_reason();
	check(unchanged() && !exchange(&good).error, "the commit that all of them were made of is accepted");
	good_commit_end();
	check_empty("bad input");
}
