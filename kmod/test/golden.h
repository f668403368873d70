/* SPDX-License-Identifier: GPL-2.0 */
/* The golden messages: one of each request and reply. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#include "../uapi/nsgate.h"

/* A message under construction: always zero beyond `length`. */
struct message {
	uint8_t bytes[8192];
	size_t length;
};

struct golden {
	const char *name;
	void (*build)(struct message *m);	/* all but the header's length */
	const char *about;
};

extern const struct golden goldens[];
extern const size_t golden_count;

#endif
