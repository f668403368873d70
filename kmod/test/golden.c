// SPDX-License-Identifier: GPL-2.0
/*
 * Golden bytes of the device's ABI: one of each request and reply, built with the header's structures from the
 * fixed values below and held against uapi/golden/NAME.hex. Codecs in other languages are tested with the same files.
 *
 * golden DIR compares, golden --write DIR writes. The bytes are those of a little-endian host.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

#define LINE 16

/* `length` stands at the same place in requests and replies. */
static void finish(struct message *m)
{
	((struct nsgate_request *)m->bytes)->length = m->length;
}

static void print(FILE *to, const struct golden *g, const struct message *m)
{
	fprintf(to, "# %s (%zu bytes, little-endian)\n", g->about, m->length);
	for (size_t i = 0; i < m->length; i++)
		fprintf(to, "%02x%c", m->bytes[i], i % LINE == LINE - 1 || i + 1 == m->length ? '\n' : ' ');
}

static char *slurp(FILE *from)
{
	static char text[65536];

	text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
	return text;
}

static bool same_as_file(const struct golden *g, const struct message *m, FILE *file)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	bool same;

	print(memory, g, m);
	fclose(memory);
	same = !strcmp(text, slurp(file));
	free(text);
	return same;
}

static bool handle(const struct golden *g, const char *folder, bool write)
{
	struct message m = { .length = 0 };
	bool good = true;
	char path[4096];
	FILE *file;

	g->build(&m);
	finish(&m);
	snprintf(path, sizeof(path), "%s/%s.hex", folder, g->name);
	file = fopen(path, write ? "w" : "r");
	if (!file) {
		perror(path);
		return false;
	}
	if (write)
		print(file, g, &m);
	else
		good = same_as_file(g, &m, file);
	fclose(file);
	if (!write)
		printf("%s - golden bytes: %s\n", good ? "ok" : "not ok", g->name);
	return good;
}

int main(int argc, char **argv)
{
	bool write = argc == 3 && !strcmp(argv[1], "--write");
	bool good = true;

	if (argc != 2 && !write) {
		fprintf(stderr, "usage: %s [--write] DIR\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < golden_count; i++)
		good &= handle(&goldens[i], argv[argc - 1], write);
	return good ? 0 : 1;
}
