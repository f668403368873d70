// SPDX-License-Identifier: GPL-2.0
/* Inputs of the fuzzers. */
#include "input.h"

long userspace_allocations = -1;

/* Applies, or takes back, the difference from a good header. */
static void flip_header(void *bytes, size_t size)
{
	struct nsgate_request header;

	memcpy(&header, bytes, sizeof(header));
	header.magic ^= NSGATE_MAGIC;
	header.abi ^= NSGATE_ABI;
	header.length ^= size;
	memcpy(bytes, &header, sizeof(header));
}

void *fuzz_request(const u8 *data, size_t size)
{
	void *request = malloc(size);

	if (!request)
		fuzz_fail("no memory for %zu bytes", size);
	memcpy(request, data, size);
	flip_header(request, size);
	return request;
}

void fuzz_input_from(u8 *data, const void *request, size_t size)
{
	memcpy(data, request, size);
	flip_header(data, size);
}

void fuzz_fail(const char *reason, ...)
{
	va_list arguments;

	va_start(arguments, reason);
	vfprintf(stderr, reason, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}
