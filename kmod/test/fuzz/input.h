/* SPDX-License-Identifier: GPL-2.0 */
/* Inputs of the fuzzers. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "../../src/request.h"

/*
 * An input is a request whose header is given as its difference (exclusive or) from a good one: of zeros, it has the
 * right magic, ABI and length. So an input gets past the header by itself, and goes on doing so when the ABI is raised.
 */
#define FUZZ_HEAD	sizeof(struct nsgate_request)

/* The request of an input of at least FUZZ_HEAD bytes, of `size` bytes itself; freed by the caller. */
void *fuzz_request(const u8 *data, size_t size);

/* The input that fuzz_request() turns into this request. */
void fuzz_input_from(u8 *data, const void *request, size_t size);

/* Says what does not hold, and ends the process in libFuzzer's manner. */
__attribute__((noreturn, format(printf, 1, 2)))
void fuzz_fail(const char *reason, ...);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif
