// SPDX-License-Identifier: GPL-2.0
/* Requests put together by hand. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

void *wire_add(struct wire *w, const void *part, size_t size)
{
	if (w->length + size > w->capacity) {
		w->capacity = (w->length + size) * 2 + 4096;
		w->bytes = realloc(w->bytes, w->capacity);
	}
	if (size)
		memcpy(w->bytes + w->length, part, size);
	w->length += size;
	return w->bytes + w->length - size;
}

void wire_begin(struct wire *w, enum nsgate_op op)
{
	*w = (struct wire){ .length = 0 };
	WIRE_ADD(w, (struct nsgate_request){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .tag = 77 });
}

void wire_free(struct wire *w)
{
	free(w->bytes);
	*w = (struct wire){ .length = 0 };
}

struct digest digest(uint32_t n)
{
	struct digest d;

	memset(d.bytes, 0xd1, sizeof(d.bytes));
	memcpy(d.bytes, &n, sizeof(n));
	return d;
}

void ruleset_begin(struct wire *w, uint32_t number, enum nsgate_hook hook, enum nsgate_action verdict)
{
	struct nsgate_ruleset ruleset = { .head.type = NSGATE_OBJECT_RULESET_PUT };
	struct digest d = digest(number);

	memcpy(ruleset.digest, d.bytes, sizeof(d.bytes));
	memset(ruleset.default_verdict, NSGATE_ACCEPT, NSGATE_HOOKS);
	if (verdict)
		ruleset.default_verdict[hook] = verdict;
	w->ruleset = w->length;
	WIRE_ADD(w, ruleset);
}

void ruleset_end(struct wire *w)
{
	((struct nsgate_ruleset *)(w->bytes + w->ruleset))->head.length = w->length - w->ruleset;
}

void rule_begin(struct wire *w, struct nsgate_rule head)
{
	if (!head.families)
		head.families = NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6;
	((struct nsgate_ruleset *)(w->bytes + w->ruleset))->rules++;
	w->rule = w->length;
	WIRE_ADD(w, head);
}

void rule_end(struct wire *w)
{
	((struct nsgate_rule *)(w->bytes + w->rule))->length = w->length - w->rule;
}

void match_add(struct wire *w, int kind, int flags, const void *items, size_t size, uint32_t count)
{
	static const uint8_t zeros[8];

	WIRE_ADD(w, (struct nsgate_match){ .kind = kind, .flags = flags, .count = count });
	wire_add(w, items, size * count);
	wire_add(w, zeros, -w->length & 7);
}

void match_service(struct wire *w, uint8_t protocol, uint16_t port)
{
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, protocol);
	MATCH(w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { port, port });
}

void bind_add(struct wire *w, uint32_t inode, uint64_t birth, uint32_t number, uint32_t flags)
{
	struct nsgate_bind bind = { .head = { NSGATE_OBJECT_BIND, sizeof(bind) }, .inode = inode, .flags = flags,
				    .birth = birth };
	struct digest d = digest(number);

	memcpy(bind.digest, d.bytes, sizeof(d.bytes));
	WIRE_ADD(w, bind);
}

void unbind_add(struct wire *w, uint32_t inode, uint64_t birth)
{
	WIRE_ADD(w, (struct nsgate_unbind){ .head = { NSGATE_OBJECT_UNBIND, sizeof(struct nsgate_unbind) },
					    .inode = inode, .birth = birth });
}

void drop_add(struct wire *w, uint32_t number)
{
	struct nsgate_ruleset_drop drop = { .head = { NSGATE_OBJECT_RULESET_DROP, sizeof(drop) } };
	struct digest d = digest(number);

	memcpy(drop.digest, d.bytes, sizeof(d.bytes));
	WIRE_ADD(w, drop);
}

void *release_add(struct wire *w, uint32_t inode, uint64_t birth)
{
	return WIRE_ADD(w, (struct nsgate_release){ .head = { NSGATE_OBJECT_RELEASE, sizeof(struct nsgate_release) },
						    .inode = inode, .birth = birth });
}

void *setting_add(struct wire *w, uint32_t setting, uint64_t value)
{
	return WIRE_ADD(w, (struct nsgate_setting){ .head = { NSGATE_OBJECT_SETTING, sizeof(struct nsgate_setting) },
						    .setting = setting, .value = value });
}

struct nsgate_set_name set_name(const char *name)
{
	struct nsgate_set_name padded = { .name = "" };

	memcpy(padded.name, name, strnlen(name, sizeof(padded.name)));
	return padded;
}

void set_put_begin(struct wire *w, const char *name, uint64_t version)
{
	w->set = w->length;
	WIRE_ADD(w, (struct nsgate_set){ .head = { .type = NSGATE_OBJECT_SET_PUT }, .name = set_name(name),
					 .version = version });
}

void set_delta_begin(struct wire *w, const char *name, uint64_t from, uint64_t version)
{
	w->set = w->length;
	WIRE_ADD(w, (struct nsgate_set_delta){ .head = { .type = NSGATE_OBJECT_SET_DELTA }, .name = set_name(name),
					       .from = from, .version = version });
}

void set_end(struct wire *w)
{
	((struct nsgate_object *)(w->bytes + w->set))->length = w->length - w->set;
}

/* The counter of the members of this kind in the object under construction. */
static __u32 *counter(struct wire *w, bool ipv6, bool removes)
{
	struct nsgate_set *put = (void *)(w->bytes + w->set);
	struct nsgate_set_delta *delta = (void *)put;

	if (put->head.type == NSGATE_OBJECT_SET_PUT)
		return ipv6 ? &put->members6 : &put->members4;
	if (removes)
		return ipv6 ? &delta->remove6 : &delta->remove4;
	return ipv6 ? &delta->add6 : &delta->add4;
}

static void member(struct wire *w, const char *text, bool removes)
{
	const char *slash = strchr(text, '/');
	char *address = strndup(text, slash - text);
	struct nsgate_prefix4 prefix4 = { .length = atoi(slash + 1) };
	struct nsgate_prefix6 prefix6 = { .length = atoi(slash + 1) };

	++*counter(w, strchr(text, ':'), removes);
	if (inet_pton(AF_INET, address, prefix4.address) == 1)
		WIRE_ADD(w, prefix4);
	else if (inet_pton(AF_INET6, address, prefix6.address) == 1)
		WIRE_ADD(w, prefix6);
	else
		abort();
	free(address);
}

void member_add(struct wire *w, const char *prefix)
{
	member(w, prefix, false);
}

void member_remove(struct wire *w, const char *prefix)
{
	member(w, prefix, true);
}

void member_add_host4(struct wire *w, uint32_t address)
{
	struct nsgate_prefix4 prefix = { .length = 32 };

	address = htonl(address);
	memcpy(prefix.address, &address, sizeof(address));
	++*counter(w, false, false);
	WIRE_ADD(w, prefix);
}

void set_drop_add(struct wire *w, const char *name)
{
	WIRE_ADD(w, (struct nsgate_set_drop){ .head = { NSGATE_OBJECT_SET_DROP, sizeof(struct nsgate_set_drop) },
					      .name = set_name(name) });
}

void events_request(struct wire *w, uint64_t cursor, uint64_t instance, uint32_t signal)
{
	wire_begin(w, NSGATE_OP_EVENTS);
	WIRE_ADD(w, (struct nsgate_events_request){ .cursor = cursor, .instance = instance, .signal = signal });
}

void wire_finish(struct wire *w)
{
	((struct nsgate_request *)w->bytes)->length = w->length;
}
