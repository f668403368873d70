// SPDX-License-Identifier: GPL-2.0
/* Writes the first inputs of the fuzzers: golden requests and good commits at random. usage: fuzz-seeds FOLDER */
#include "input.h"
#include "../golden.h"
#include "../sample.h"

#define COMMITS	64

static void write_input(const char *folder, const char *name, const void *request, size_t size)
{
	u8 *data = malloc(size);
	char path[4096];
	FILE *file;

	fuzz_input_from(data, request, size);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		fuzz_fail("cannot write %s: %s", path, strerror(errno));
	free(data);
}

static void write_golden(const char *folder, const struct golden *golden)
{
	static struct message message;

	memset(&message, 0, sizeof(message));
	golden->build(&message);
	((struct nsgate_request *)message.bytes)->length = message.length;
	write_input(folder, golden->name, message.bytes, message.length);
}

int main(int argc, char **argv)
{
	struct wire w;
	char name[32];

	if (argc != 2)
		fuzz_fail("usage: %s FOLDER", argv[0]);
	for (size_t i = 0; i < golden_count; i++)
		if (strstr(goldens[i].name, "-request"))
			write_golden(argv[1], &goldens[i]);
	for (u32 i = 0; i < COMMITS; i++) {
		sample_seed(i);
		sample_commit(&w);
		snprintf(name, sizeof(name), "sample-%u", i);
		write_input(argv[1], name, w.bytes, w.length);
		wire_free(&w);
	}
	return 0;
}
