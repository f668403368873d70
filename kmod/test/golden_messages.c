// SPDX-License-Identifier: GPL-2.0
/* The table of golden messages, and what they are built with. A change of one is a change of the ABI. */
#include <stdlib.h>
#include <string.h>

#include "golden_message.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void *golden_add(struct message *m, const void *part, size_t length)
{
	void *at = m->bytes + m->length;

	if (length > sizeof(m->bytes) - m->length)
		abort();
	memcpy(at, part, length);
	m->length += length;
	return at;
}

void golden_pad(struct message *m)
{
	m->length = (m->length + 7) & ~(size_t)7;
}

void golden_request(struct message *m, enum nsgate_op op)
{
	ADD(m, (struct nsgate_request){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .tag = 0x1000 + op });
}

void golden_reply(struct message *m, enum nsgate_op op, int error)
{
	ADD(m, (struct nsgate_reply){ .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = op, .error = error,
				      .tag = 0x2000 + op });
}

void golden_digest(__u8 *to, uint8_t first)
{
	for (int i = 0; i < NSGATE_DIGEST_SIZE; i++)
		to[i] = first + i;
}

const struct golden goldens[] = {
	{ "info-request", golden_info_request, "request INFO" },
	{ "info-reply", golden_info_reply,
	  "reply to INFO: version 1.2.3, generation 42, 1003 namespaces, 1000 bound" },
	{ "commit-request", golden_commit_request,
	  "request COMMIT: a put with every kind of match, a drop, two binds, an unbind" },
	{ "commit-settings-request", golden_commit_settings_request,
	  "request COMMIT: quarantine on, malformed drop, a release" },
	{ "commit-sets-request", golden_commit_sets_request, "request COMMIT: a rule with sets, a set put, one changed, one dropped" },
	{ "commit-reply", golden_commit_reply, "reply to COMMIT: generation 43" },
	{ "refusal-reply", golden_refusal_reply,
	  "refusal of a COMMIT: EINVAL, object 0, rule 0, match 4, item 1, offset 188" },
	{ "refusal-header-reply", golden_refusal_header_reply, "refusal of bytes too short for a header: EINVAL" },
	{ "list-request", golden_list_request, "request LIST" },
	{ "list-reply", golden_list_reply,
	  "reply to LIST: three namespaces, the second bound, the third in quarantine; two rulesets; a set" },
	{ "stats-request", golden_stats_request, "request STATS since cursor 0x7fffffff00000001" },
	{ "stats-reply", golden_stats_reply, "reply to STATS: three bindings, the first with two rules, the last ended" },
	{ "classify-request", golden_classify_request,
	  "request CLASSIFY: tcp SYN 192.0.2.1:40000 to 198.51.100.7:443 on input" },
	{ "classify6-request", golden_classify6_request,
	  "request CLASSIFY: icmpv6 echo request 2001:db8::1 to ff02::1 on output" },
	{ "classify-reply", golden_classify_reply, "reply to CLASSIFY: rule 101 at index 0 drops" },
	{ "events-request", golden_events_request, "request EVENTS since 41, with SIGURG for the next" },
	{ "events-reply", golden_events_reply, "reply to EVENTS: ten lost, then a birth, a packet, a death" },
	{ "classify-unbound-reply", golden_classify_unbound_reply,
	  "reply to CLASSIFY of a namespace that is not bound: accept" },
};

const size_t golden_count = ARRAY_SIZE(goldens);
