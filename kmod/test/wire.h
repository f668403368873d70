/* SPDX-License-Identifier: GPL-2.0 */
/* Requests put together by hand. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../uapi/nsgate.h"

/* A request under construction. Parts are appended; lengths are set by the *_end() calls and wire_finish(). */
struct wire {
	uint8_t *bytes;
	size_t length;
	size_t capacity;
	size_t ruleset;		/* where the ruleset and the rule under construction begin */
	size_t rule;
	size_t set;		/* and the object that puts or changes a set */
};

void wire_begin(struct wire *w, enum nsgate_op op);
void wire_free(struct wire *w);
void *wire_add(struct wire *w, const void *part, size_t size);

#define WIRE_ADD(w, ...) wire_add(w, &(__VA_ARGS__), sizeof(__VA_ARGS__))

/* Digest number `n`: all bytes n, then its own number again so that none is zero. */
struct digest {
	__u8 bytes[NSGATE_DIGEST_SIZE];
};

struct digest digest(uint32_t n);

/* A ruleset with `verdict` (0: accept) as the default on `hook` and accept elsewhere. */
void ruleset_begin(struct wire *w, uint32_t number, enum nsgate_hook hook, enum nsgate_action verdict);
void ruleset_end(struct wire *w);

/* A rule; families both, unless `head` says otherwise. */
void rule_begin(struct wire *w, struct nsgate_rule head);
void rule_end(struct wire *w);
void match_add(struct wire *w, int kind, int flags, const void *items, size_t size, uint32_t count);

#define MATCH(w, kind, type, ...) do {						\
	const type items_[] = { __VA_ARGS__ };					\
	match_add(w, kind, 0, items_, sizeof(type), sizeof(items_) / sizeof(type));	\
} while (0)

/* protocol, and a destination port */
void match_service(struct wire *w, uint8_t protocol, uint16_t port);

void bind_add(struct wire *w, uint32_t inode, uint64_t birth, uint32_t number, uint32_t flags);
void unbind_add(struct wire *w, uint32_t inode, uint64_t birth);
void drop_add(struct wire *w, uint32_t number);
void *release_add(struct wire *w, uint32_t inode, uint64_t birth);
void *setting_add(struct wire *w, uint32_t setting, uint64_t value);

/* Puts an address set, or changes it; its members follow, IPv4 before IPv6 and those added before those removed. */
void set_put_begin(struct wire *w, const char *name, uint64_t version);
void set_delta_begin(struct wire *w, const char *name, uint64_t from, uint64_t version);
void set_end(struct wire *w);

/* A prefix as text, "10.0.0.0/8" or "2001:db8::/32", to be added or removed. */
void member_add(struct wire *w, const char *prefix);
void member_remove(struct wire *w, const char *prefix);

/* A host to be added; for members by the thousand. */
void member_add_host4(struct wire *w, uint32_t address);

void set_drop_add(struct wire *w, const char *name);

struct nsgate_set_name set_name(const char *name);

void events_request(struct wire *w, uint64_t cursor, uint64_t instance, uint32_t signal);

/* The request in its final length: sets the header. */
void wire_finish(struct wire *w);

#endif
