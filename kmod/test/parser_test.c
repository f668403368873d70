// SPDX-License-Identifier: GPL-2.0
/* The request parser: what is good passes, each kind of bad is refused in its place, and no bytes do harm. */
#include "check.h"
#include "parse.h"
#include "sample.h"

long userspace_allocations = -1;

int parsed(const void *bytes, size_t length, struct nsgate_refusal *refusal)
{
	uint8_t *copy = malloc(length ? length : 1);
	struct nsg_request request;
	int error;

	memcpy(copy, bytes, length);
	error = nsg_request_parse(&request, copy, length, refusal);
	if (!error)
		nsg_request_free(&request);
	free(copy);
	return error;
}

int parsed_wire(struct wire *w, struct nsgate_refusal *refusal)
{
	int error;

	wire_finish(w);
	error = parsed(w->bytes, w->length, refusal);
	wire_free(w);
	return error;
}

/* The bytes of a golden file in the folder given on the command line. */
static size_t read_golden(const char *folder, const char *name, uint8_t *bytes, size_t room)
{
	char path[4096], line[4096];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.hex", folder, name);
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		for (char *at = line; *line != '#' && length < room && sscanf(at, "%hhx", &bytes[length]) == 1; at += 3)
			length++;
	fclose(file);
	return length;
}

static void test_goldens(const char *folder)
{
	static const char *const names[] = { "info-request", "commit-request", "commit-settings-request", "commit-sets-request",
					     "list-request", "stats-request",
					     "classify-request", "classify6-request", "events-request" };
	uint8_t bytes[8192] __attribute__((aligned(8)));
	struct nsgate_refusal refusal;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = read_golden(folder, names[i], bytes, sizeof(bytes));

		check(length && !parsed(bytes, length, &refusal), "the golden %s is accepted", names[i]);
	}
}

/* Cut anywhere, with the header's length adjusted or not: always refused, the commit's parts never half taken. */
static void test_truncation(const char *folder)
{
	uint8_t bytes[8192] __attribute__((aligned(8)));
	size_t length = read_golden(folder, "commit-request", bytes, sizeof(bytes)), accepted = 0;
	struct nsgate_request *header = (void *)bytes;
	struct nsgate_refusal refusal;

	for (size_t cut = 0; cut < length; cut++) {
		header->length = length;
		accepted += !parsed(bytes, cut, &refusal);
		header->length = cut;
		accepted += !parsed(bytes, cut, &refusal);
	}
	check(accepted == 5, "of all truncations only those between objects are requests (%zu)", accepted);
}

static void refused(const char *what, struct wire *w, int error, enum nsgate_field field, uint32_t object)
{
	struct nsgate_refusal refusal;
	int got = parsed_wire(w, &refusal);

	check(got == -error && refusal.field == field && refusal.object == object, "%s: %s", what, refusal.reason);
}

static void test_objects(void)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	check(!parsed_wire(&w, &(struct nsgate_refusal){ 0 }), "a commit of nothing is accepted");
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, 1, 0, 1, 0);
	bind_add(&w, 2, 0, 1, 0);
	bind_add(&w, 1, 0, 2, 0);
	refused("a namespace bound twice", &w, EINVAL, NSGATE_FIELD_INODE, 2);
	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, 7, 0);
	bind_add(&w, 7, 0, 2, 0);
	refused("a namespace unbound and bound", &w, EINVAL, NSGATE_FIELD_INODE, 1);
	wire_begin(&w, NSGATE_OP_COMMIT);
	ruleset_begin(&w, 3, 0, 0);
	ruleset_end(&w);
	ruleset_begin(&w, 3, 0, 0);
	ruleset_end(&w);
	refused("a ruleset put twice", &w, EINVAL, NSGATE_FIELD_DIGEST, 1);
	wire_begin(&w, NSGATE_OP_COMMIT);
	bind_add(&w, 1, 0, 1, 2);
	refused("unknown flags of a bind", &w, EINVAL, NSGATE_FIELD_FLAGS, 0);
	wire_begin(&w, NSGATE_OP_COMMIT);
	WIRE_ADD(&w, (struct nsgate_object){ .type = NSGATE_OBJECT_UNBIND, .length = 12 });
	refused("an object's length that is no multiple of 8", &w, EINVAL, NSGATE_FIELD_OBJECT, 0);
	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, 7, 0);
	release_add(&w, 8, 0);
	release_add(&w, 7, 0);
	refused("a namespace unbound and released", &w, EINVAL, NSGATE_FIELD_INODE, 2);
	wire_begin(&w, NSGATE_OP_COMMIT);
	release_add(&w, 8, 0);
	bind_add(&w, 8, 0, 1, 0);
	refused("a namespace released and bound", &w, EINVAL, NSGATE_FIELD_INODE, 1);
	wire_begin(&w, NSGATE_OP_COMMIT);
	release_add(&w, 8, 0);
	release_add(&w, 8, 0);
	refused("a namespace released twice", &w, EINVAL, NSGATE_FIELD_INODE, 1);
	wire_begin(&w, NSGATE_OP_COMMIT);
	((struct nsgate_release *)release_add(&w, 8, 0))->reserved = 1;
	refused("a reserved byte of a release", &w, EINVAL, NSGATE_FIELD_RESERVED, 0);
	wire_begin(&w, NSGATE_OP_COMMIT);
	for (uint32_t i = 0; i <= NSGATE_MAX_OBJECTS; i++)
		unbind_add(&w, i, 0);
	refused("too many objects", &w, E2BIG, NSGATE_FIELD_OBJECT, NSGATE_MAX_OBJECTS);
}

static void test_setting(const char *what, uint32_t setting, uint64_t value, int error)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	setting_add(&w, setting, value);
	if (error)
		refused(what, &w, error, NSGATE_FIELD_SETTING, 0);
	else
		check(!parsed_wire(&w, &(struct nsgate_refusal){ 0 }), "%s", what);
}

static void test_settings(void)
{
	struct wire w;

	test_setting("quarantine off", NSGATE_SETTING_QUARANTINE, 0, 0);
	test_setting("quarantine on", NSGATE_SETTING_QUARANTINE, 1, 0);
	test_setting("quarantine of 2", NSGATE_SETTING_QUARANTINE, 2, EINVAL);
	test_setting("quarantine of 2^32", NSGATE_SETTING_QUARANTINE, 1ULL << 32, EINVAL);
	test_setting("malformed packets to the rules", NSGATE_SETTING_MALFORMED, 0, 0);
	test_setting("malformed packets accepted", NSGATE_SETTING_MALFORMED, NSGATE_ACCEPT, 0);
	test_setting("malformed packets dropped", NSGATE_SETTING_MALFORMED, NSGATE_DROP, 0);
	test_setting("malformed packets rejected", NSGATE_SETTING_MALFORMED, NSGATE_REJECT, EINVAL);
	test_setting("setting 0", 0, 0, EINVAL);
	test_setting("an unknown setting", 3, 0, EINVAL);
	wire_begin(&w, NSGATE_OP_COMMIT);
	setting_add(&w, NSGATE_SETTING_MALFORMED, 0);
	setting_add(&w, NSGATE_SETTING_QUARANTINE, 0);
	setting_add(&w, NSGATE_SETTING_MALFORMED, 1);
	refused("a setting twice", &w, EINVAL, NSGATE_FIELD_SETTING, 2);
	wire_begin(&w, NSGATE_OP_COMMIT);
	((struct nsgate_setting *)setting_add(&w, NSGATE_SETTING_QUARANTINE, 0))->reserved = 1;
	refused("a reserved byte of a setting", &w, EINVAL, NSGATE_FIELD_RESERVED, 0);
}

static void test_events(void)
{
	static const uint32_t bad[] = { SIGKILL, SIGSTOP, 32, 64, UINT32_MAX };
	struct nsgate_refusal refusal;
	struct wire w;

	for (uint32_t signal = 0; signal < 32; signal++) {
		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		events_request(&w, 1, 2, signal);
		if (parsed_wire(&w, &refusal))
			fail("signal %u can be asked for: %s", signal, refusal.reason);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		events_request(&w, 1, 2, bad[i]);
		refused("a signal that cannot be asked for", &w, EINVAL, NSGATE_FIELD_SIGNAL, NSGATE_NO_INDEX);
	}
	events_request(&w, 1, 2, 0);
	w.bytes[w.length - 1] = 1;
	refused("a reserved byte of an events request", &w, EINVAL, NSGATE_FIELD_RESERVED, NSGATE_NO_INDEX);
	events_request(&w, 1, 2, 0);
	w.length -= 8;
	refused("a short events request", &w, EINVAL, NSGATE_FIELD_REQUEST, NSGATE_NO_INDEX);
	events_request(&w, 1, 2, 0);
	WIRE_ADD(&w, (uint64_t){ 0 });
	refused("a long events request", &w, EINVAL, NSGATE_FIELD_REQUEST, NSGATE_NO_INDEX);
}

/* Bytes of good requests changed at random: whatever comes out, the sanitizers see no harm, and refusals have reasons. */
static void test_mutation(void)
{
	unsigned long accepted = 0, silent = 0, rounds = 20000;
	struct nsgate_refusal refusal;
	struct wire w;

	for (unsigned long round = 0; round < rounds; round++) {
		sample_seed(round);
		sample_commit(&w);
		for (uint32_t changes = 1 + sample(3); changes; changes--)
			w.bytes[sample(2) ? sample(w.length) : 24 + sample(w.length - 23) % 64 % (w.length - 23)] =
				sample(2) ? sample(256) : sample(8);
		((struct nsgate_request *)w.bytes)->length = w.length;
		if (!parsed(w.bytes, w.length, &refusal))
			accepted++;
		else
			silent += !refusal.field || !*refusal.reason || refusal.offset > w.length;
		wire_free(&w);
	}
	check(accepted && accepted < rounds && !silent, "%lu changed commits, %lu of them still good: no harm, no refusal without a reason",
	      rounds, accepted);
}

static void test_valid(void)
{
	struct nsgate_refusal refusal;
	unsigned long refusals = 0;
	struct wire w;

	for (int round = 0; round < 3000; round++) {
		sample_seed(round);
		sample_commit(&w);
		refusals += !!parsed(w.bytes, w.length, &refusal);
		wire_free(&w);
	}
	check(!refusals, "3000 random good commits are accepted");
}

static void test_exhaustion(void)
{
	struct nsgate_refusal refusal;
	int error = -ENOMEM, limit;
	struct wire w;

	sample_seed(11);
	sample_commit(&w);
	for (limit = 0; error == -ENOMEM && limit < 100; limit++) {
		userspace_allocations = limit;
		error = parsed(w.bytes, w.length, &refusal);
	}
	userspace_allocations = -1;
	check(!error && limit > 1, "without memory a commit is refused, at each of %d allocations", limit - 1);
	wire_free(&w);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s GOLDEN-FOLDER\n", argv[0]);
		return 2;
	}
	test_goldens(argv[1]);
	test_truncation(argv[1]);
	test_bad_rules();
	test_bad_sets();
	test_objects();
	test_settings();
	test_events();
	test_valid();
	test_mutation();
	test_exhaustion();
	return conclude();
}
