/* SPDX-License-Identifier: GPL-2.0 */
/* Requests exchanged with the device. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "../wire.h"

/* The device, opened once. */
extern int device;

/* What came back. `error` is 0 or a positive errno of the write; then `refusal` says why. */
struct outcome {
	int error;
	struct nsgate_refusal refusal;
	uint8_t *reply;		/* the whole reply, head included; freed by the next exchange */
	size_t length;
};

/* Writes the request as it is, reads the reply to its end, and checks the reply's head. */
struct outcome exchange_bytes(const void *bytes, size_t length);

/* The same after setting the length in the header; frees the request. */
struct outcome exchange(struct wire *w);

/* The payload of a good reply. */
const void *payload(const struct outcome *o);

/* Exits with the refusal's reason if there is one. `what` says what was tried. */
struct outcome must(const char *what, struct outcome o);

#endif
