/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the parser share. */
#ifndef PARSE_H
#define PARSE_H

#include "../src/request.h"
#include "wire.h"

/* Parses a copy of the bytes, beyond whose end the sanitizer guards; 0 or the negative errno. */
int parsed(const void *bytes, size_t length, struct nsgate_refusal *refusal);

/* The same for a request under construction, which it finishes and frees. */
int parsed_wire(struct wire *w, struct nsgate_refusal *refusal);

void test_bad_rules(void);
void test_bad_sets(void);

#endif
