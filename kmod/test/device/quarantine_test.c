// SPDX-License-Identifier: GPL-2.0
/* Quarantine: from its birth on nothing passes in a namespace, until it is bound or released. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flood.h"
#include "tests.h"

static void test_setting(void)
{
	uint64_t generation = info().generation;
	struct sandbox before = sandbox_new(), during, after;

	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	check(info().quarantine == 1 && info().generation == generation + 1, "quarantine on: told by info, a new generation");
	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	check(info().generation == generation + 1, "on again: nothing changes");
	check(!info().quarantined && datagrams(&before, &before, "127.0.0.1", 5001, 5, NULL) == 5,
	      "a namespace from before goes on as it was");
	during = sandbox_new();
	check(listed(during.inode).flags == NSGATE_NS_QUARANTINED && info().quarantined == 1, "a new one is in quarantine");
	change_setting(NSGATE_SETTING_QUARANTINE, 0);
	after = sandbox_new();
	check(!listed(after.inode).flags && listed(during.inode).flags == NSGATE_NS_QUARANTINED,
	      "quarantine off: the next is not, and the one that is stays");
	sandbox_delete(&before);
	sandbox_delete(&during);
	sandbox_delete(&after);
}

/* Of a packet on each hook, in each family. */
static void check_classified(const struct sandbox *s, enum nsgate_action verdict)
{
	struct nsgate_classify packet = { .inode = s->inode, .birth = s->birth, .protocol = 17,
					  .destination_port = 5001 };
	struct nsgate_classified answer;
	int right = 0;

	for (packet.hook = 0; packet.hook < NSGATE_HOOKS; packet.hook++)
		for (packet.family = NSGATE_FAMILY_IPV4; packet.family <= NSGATE_FAMILY_IPV6; packet.family++) {
			answer = classified(&packet);
			right += answer.verdict == verdict && !answer.rule_id && answer.rule == NSGATE_NO_INDEX;
		}
	check(right == 2 * NSGATE_HOOKS, "classify says %s on each hook", verdict == NSGATE_DROP ? "drop" : "accept");
}

/* Both families, all ways: each packet is dropped on the first hook that it meets. */
static void test_all_hooks(void)
{
	struct sandbox a = sandbox_new(), b;
	uint64_t dropped;
	int error;

	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	b = sandbox_new();
	change_setting(NSGATE_SETTING_QUARANTINE, 0);
	sandbox_join(&a, &b);
	check(!datagrams(&b, &b, "127.0.0.1", 5001, 5, &error) && error == EPERM, "nothing passes over loopback");
	check(!datagrams(&b, &b, "::1", 5001, 5, &error) && error == EPERM, "nor over IPv6");
	check(!datagrams(&b, &a, "10.9.0.1", 5001, 5, NULL) && !datagrams(&b, &a, "fd09::1", 5001, 5, NULL), "nothing goes out");
	check(!pings(&a, "fd09::2", 2), "IPv6 neighbours find nobody");
	check_classified(&b, NSGATE_DROP);
	/* Neighbour discovery speaks when it likes: it is not to be counted here. */
	sandbox_run(&b, "echo 1 > /proc/sys/net/ipv6/conf/vb/disable_ipv6");
	dropped = listed(b.inode).quarantine_dropped;
	check(!datagrams(&a, &b, "10.9.0.2", 5001, 5, &error) && !error, "nothing comes in, and nobody answers");
	check(listed(b.inode).quarantine_dropped == dropped + 5, "each packet is counted once (%llu)",
	      listed(b.inode).quarantine_dropped);
	release(&b);
	check(!listed(b.inode).flags && !info().quarantined, "released");
	check_classified(&b, NSGATE_ACCEPT);
	check(datagrams(&a, &b, "10.9.0.2", 5001, 5, NULL) == 5 && datagrams(&b, &b, "::1", 5001, 5, NULL) == 5, "all passes");
	check(listed(b.inode).quarantine_dropped > dropped, "what quarantine dropped is still told");
	sandbox_delete(&a);
	sandbox_delete(&b);
}

/* One datagram to itself, with the first system calls after the namespace is born; whether it could be sent. */
static bool send_at_birth(int receive_ms)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5001), .sin_addr.s_addr = htonl(0x7f000001) };
	struct timeval wait = { .tv_usec = receive_ms * 1000 };
	struct sandbox s = sandbox_new_here();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool sent, arrived;
	char byte;

	bind(fd, (void *)&to, sizeof(to));
	sent = sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) == 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	arrived = recv(fd, &byte, 1, 0) == 1;
	close(fd);
	leave();
	sandbox_delete(&s);
	return sent || arrived;
}

static void test_at_birth(void)
{
	int passed = 0;

	check(send_at_birth(1000), "without quarantine a packet passes right after the birth");
	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	for (int i = 0; i < 20; i++)
		passed += send_at_birth(1);
	change_setting(NSGATE_SETTING_QUARANTINE, 0);
	check(!passed, "of 20 namespaces that send with their first breath, %d get a packet through", passed);
}

/* Quarantine drops on output what the ruleset drops on input only: between the two there must be no gap. */
static void test_into_rules(void)
{
	int through = 0, rounds = 20;
	uint64_t counted = 0;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(&w, 17, 5001);
	rule_end(&w);
	ruleset_end(&w);
	must("put", exchange(&w));
	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	for (int i = 0; i < rounds; i++) {
		struct sandbox s = sandbox_new();
		struct flood f = flood_start(&s, &s, "127.0.0.1");

		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		wire_begin(&w, NSGATE_OP_COMMIT);
		bind_add(&w, s.inode, s.birth, 1, 0);
		must("bind", exchange(&w));
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		through += flood_stop(&f);
		counted += counters(s.inode, 1).packets;
		if (f.state->sent != counters(s.inode, 1).packets + listed(s.inode).quarantine_dropped)
			fail("each packet was dropped by quarantine or by the rule");
		wire_begin(&w, NSGATE_OP_COMMIT);
		unbind_add(&w, s.inode, 0);
		must("unbind", exchange(&w));
		check(datagrams(&s, &s, "127.0.0.1", 5001, 1, NULL) == 1, "once bound, an unbind opens it");
		sandbox_delete(&s);
	}
	change_setting(NSGATE_SETTING_QUARANTINE, 0);
	check(!through && counted, "%d namespaces bound out of quarantine under traffic: %d packets got through", rounds, through);
	wire_begin(&w, NSGATE_OP_COMMIT);
	drop_add(&w, 1);
	must("drop", exchange(&w));
}

/* A refused commit lets nobody out. */
static void test_refused(void)
{
	struct outcome o;
	struct sandbox s;
	struct wire w;

	change_setting(NSGATE_SETTING_QUARANTINE, 1);
	s = sandbox_new();
	change_setting(NSGATE_SETTING_QUARANTINE, 0);
	wire_begin(&w, NSGATE_OP_COMMIT);
	release_add(&w, s.inode, s.birth);
	bind_add(&w, 12345, 0, 1, 0);
	o = exchange(&w);
	check(o.error == ENOENT && listed(s.inode).flags == NSGATE_NS_QUARANTINED, "a refused commit releases nobody: %s",
	      o.refusal.reason);
	wire_begin(&w, NSGATE_OP_COMMIT);
	release_add(&w, s.inode, s.birth + 1);
	o = exchange(&w);
	check(o.error == ESTALE && o.refusal.field == NSGATE_FIELD_BIRTH && !o.refusal.object, "another birth: %s", o.refusal.reason);
	wire_begin(&w, NSGATE_OP_COMMIT);
	setting_add(&w, NSGATE_SETTING_MALFORMED, NSGATE_DROP);
	release_add(&w, 12345, 0);
	o = exchange(&w);
	check(o.error == ENOENT && o.refusal.field == NSGATE_FIELD_INODE && o.refusal.object == 1 && !info().malformed,
	      "nobody there, and no setting changed: %s", o.refusal.reason);
	release(&s);
	release(&s);
	check(!listed(s.inode).flags, "a release of one that is not in quarantine changes nothing");
	sandbox_delete(&s);
}

void test_quarantine(void)
{
	section("quarantine");
	test_setting();
	test_all_hooks();
	test_at_birth();
	test_into_rules();
	test_refused();
	check_empty("quarantine");
}
