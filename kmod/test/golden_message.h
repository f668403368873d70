/* SPDX-License-Identifier: GPL-2.0 */
/* A golden message under construction, and the functions that build each of them. */
#ifndef GOLDEN_MESSAGE_H
#define GOLDEN_MESSAGE_H

#include "golden.h"

/* Appends a copy of `part`, and returns where it stands. */
void *golden_add(struct message *m, const void *part, size_t length);

#define ADD(m, ...) golden_add(m, &(__VA_ARGS__), sizeof(__VA_ARGS__))

/* Up to a multiple of 8 bytes. */
void golden_pad(struct message *m);

/* Every message carries a tag of its own: 0x1000 and the operation for requests, 0x2000 for replies. */
void golden_request(struct message *m, enum nsgate_op op);
void golden_reply(struct message *m, enum nsgate_op op, int error);

/* Digests of the messages: 32 bytes counting up from `first`. */
void golden_digest(__u8 *to, uint8_t first);

void golden_info_request(struct message *m);
void golden_commit_request(struct message *m);
void golden_commit_settings_request(struct message *m);
void golden_commit_sets_request(struct message *m);
void golden_list_request(struct message *m);
void golden_stats_request(struct message *m);
void golden_classify_request(struct message *m);
void golden_classify6_request(struct message *m);
void golden_events_request(struct message *m);
void golden_info_reply(struct message *m);
void golden_commit_reply(struct message *m);
void golden_refusal_reply(struct message *m);
void golden_refusal_header_reply(struct message *m);
void golden_list_reply(struct message *m);
void golden_stats_reply(struct message *m);
void golden_classify_reply(struct message *m);
void golden_classify_unbound_reply(struct message *m);
void golden_events_reply(struct message *m);

#endif
