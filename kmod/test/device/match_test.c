// SPDX-License-Identifier: GPL-2.0
/* Every kind of match, against real packets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests.h"

static struct sandbox s;

/* Binds a ruleset whose one rule, under construction, drops on `hook`. */
static void begin(struct wire *w, enum nsgate_hook hook, uint8_t families)
{
	commit_begin(w, 1, hook, 0);
	rule_begin(w, (struct nsgate_rule){ .id = 1, .hook = hook, .action = NSGATE_DROP, .families = families });
}

static void bind_rule(struct wire *w)
{
	rule_end(w);
	put_and_bind(w, &s, 1);
}

static void expect(const char *what, const char *address, uint16_t port, bool pass)
{
	int arrived = datagrams(&s, &s, address, port, 4, NULL);

	check(arrived == (pass ? 4 : 0), "%s: to %s %u %s", what, address, port, pass ? "passes" : "is dropped");
}

static void test_addresses(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
	MATCH(&w, NSGATE_MATCH_DST4, struct nsgate_prefix4, { { 127, 0, 0, 8 }, 29 }, { { 127, 9, 0, 0 }, 16 });
	bind_rule(&w);
	expect("two IPv4 prefixes", "127.0.0.8", 5000, false);
	expect("two IPv4 prefixes", "127.0.0.15", 5000, false);
	expect("two IPv4 prefixes", "127.0.0.16", 5000, true);
	expect("two IPv4 prefixes", "127.9.255.1", 5000, false);
	expect("two IPv4 prefixes", "::1", 5000, true);
	unbind_and_drop(&s, 1);

	begin(&w, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
	match_add(&w, NSGATE_MATCH_DST4, NSGATE_MATCH_NEGATE,
		  &(struct nsgate_prefix4){ { 127, 0, 0, 1 }, 32 }, sizeof(struct nsgate_prefix4), 1);
	bind_rule(&w);
	expect("negated prefix", "127.0.0.1", 5000, true);
	expect("negated prefix", "127.0.0.2", 5000, false);
	unbind_and_drop(&s, 1);

	begin(&w, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV6);
	MATCH(&w, NSGATE_MATCH_SRC6, struct nsgate_prefix6, { .length = 127 });
	MATCH(&w, NSGATE_MATCH_DST6, struct nsgate_prefix6, { .address = { [15] = 1 }, .length = 128 });
	bind_rule(&w);
	expect("IPv6 prefixes", "::1", 5000, false);
	expect("IPv6 prefixes", "127.0.0.1", 5000, true);
	unbind_and_drop(&s, 1);
}

static void test_ports(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_INPUT, 0);
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 6, 17);
	MATCH(&w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { 5000, 5001 }, { 5010, 5010 });
	bind_rule(&w);
	expect("port ranges", "127.0.0.1", 4999, true);
	expect("port ranges", "127.0.0.1", 5001, false);
	expect("port ranges", "::1", 5010, false);
	check(connect_to(&s, &s, "127.0.0.1", 5010, 300) == ETIMEDOUT, "port ranges: tcp as well");
	check(connect_to(&s, &s, "127.0.0.1", 5011, 300) == 0, "port ranges: another tcp port passes");
	unbind_and_drop(&s, 1);
}

static void test_icmp(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 1);
	MATCH(&w, NSGATE_MATCH_ICMP4, struct nsgate_icmp, { .type = 8, .code_last = 255 });
	bind_rule(&w);
	check(pings(&s, "127.0.0.1", 3) == 0 && pings(&s, "::1", 3) == 3, "icmp echo request of IPv4 alone");
	unbind_and_drop(&s, 1);
	begin(&w, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV6);
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 58);
	MATCH(&w, NSGATE_MATCH_ICMP6, struct nsgate_icmp, { .type = 129, .code_last = 0 });
	bind_rule(&w);
	check(pings(&s, "127.0.0.1", 3) == 3 && pings(&s, "::1", 3) == 0, "icmpv6 echo reply");
	unbind_and_drop(&s, 1);
}

static void test_tcp_flags(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_INPUT, 0);
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 6);
	MATCH(&w, NSGATE_MATCH_TCP_FLAGS, struct nsgate_tcp_flags, { .mask = 0x12, .value = 0x12 });
	bind_rule(&w);
	check(connect_to(&s, &s, "127.0.0.1", 5000, 300) == ETIMEDOUT && counters(s.inode, 1).packets,
	      "tcp flags: SYN and ACK");
	unbind_and_drop(&s, 1);
}

static void test_interfaces(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_INPUT, 0);
	MATCH(&w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "l" }, { "lo1" });
	bind_rule(&w);
	expect("interfaces l and lo1", "127.0.0.1", 5000, true);
	unbind_and_drop(&s, 1);
	begin(&w, NSGATE_HOOK_INPUT, 0);
	MATCH(&w, NSGATE_MATCH_IN_IF, struct nsgate_ifname, { "eth0" }, { "l*" });
	bind_rule(&w);
	expect("interfaces eth0 and l*", "127.0.0.1", 5000, false);
	unbind_and_drop(&s, 1);
	begin(&w, NSGATE_HOOK_OUTPUT, 0);
	MATCH(&w, NSGATE_MATCH_OUT_IF, struct nsgate_ifname, { "lo" });
	bind_rule(&w);
	expect("output interface lo", "::1", 5000, false);
	unbind_and_drop(&s, 1);
}

/* One datagram to port 5000 with a mark; whether it could be sent. */
static bool send_marked(uint32_t mark)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = htonl(0x7f000001) };
	bool sent;
	int fd;

	enter(&s);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	leave();
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	sent = sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) == 1;
	close(fd);
	return sent;
}

static void test_mark(void)
{
	struct wire w;

	begin(&w, NSGATE_HOOK_OUTPUT, 0);
	MATCH(&w, NSGATE_MATCH_MARK, struct nsgate_mark, { .value = 0x100, .mask = 0xf00 });
	bind_rule(&w);
	check(!send_marked(0x12100 ^ 0x00000) && !send_marked(0x100) && send_marked(0x300) && send_marked(0),
	      "a mark under its mask");
	unbind_and_drop(&s, 1);
}

/* Tcp may be opened from a to b, never from b to a: by state alone. */
static void test_state(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	struct wire w;

	sandbox_join(&a, &b);
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_ACCEPT });
	MATCH(&w, NSGATE_MATCH_STATE, __u8, NSGATE_STATE_ESTABLISHED | NSGATE_STATE_RELATED);
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 6, 17);
	MATCH(&w, NSGATE_MATCH_STATE, __u8, NSGATE_STATE_NEW);
	rule_end(&w);
	put_and_bind(&w, &a, 1);
	check(connect_to(&a, &b, "10.9.0.2", 7000, 500) == 0, "state: answers to what went out come in");
	check(connect_to(&a, &b, "fd09::2", 7000, 500) == 0, "state: over IPv6 too");
	check(connect_to(&b, &a, "10.9.0.1", 7000, 300) == ETIMEDOUT, "state: what is new is dropped");
	check(counters(a.inode, 1).packets && counters(a.inode, 2).packets, "state: both rules counted");
	unbind_and_drop(&a, 1);
	check(connect_to(&b, &a, "10.9.0.1", 7000, 500) == 0, "state: after the unbind all is open");
	sandbox_delete(&a);
	sandbox_delete(&b);
}

static const struct {
	uint8_t state;		/* and the id of the rule for it */
	const char *name;
} states[] = {
	{ NSGATE_STATE_NEW, "new" },
	{ NSGATE_STATE_ESTABLISHED, "established" },
	{ NSGATE_STATE_RELATED, "related" },
	{ NSGATE_STATE_INVALID, "invalid" },
	{ NSGATE_STATE_UNTRACKED, "untracked" },
};

#define STATES	(sizeof(states) / sizeof(*states))

static void count_states(uint8_t protocol)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	for (size_t i = 0; i < STATES; i++) {
		rule_begin(&w, (struct nsgate_rule){ .id = states[i].state, .hook = NSGATE_HOOK_INPUT,
						     .action = NSGATE_COUNT });
		MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, protocol);
		MATCH(&w, NSGATE_MATCH_STATE, __u8, states[i].state);
		rule_end(&w);
	}
	put_and_bind(&w, &s, 1);
}

/* One packet was counted, by the rule for its state alone. */
static void check_counted(const char *packet, uint8_t state)
{
	for (size_t i = 0; i < STATES; i++)
		check(counters(s.inode, states[i].state).packets == (states[i].state == state), "%s is %s%s", packet,
		      states[i].state == state ? "" : "not ", states[i].name);
	unbind_and_drop(&s, 1);
}

/* A raw IPv4 packet into loopback, from the IP header on. */
static void send_raw(const void *packet, size_t length)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	int fd;

	enter(&s);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	leave();
	if (sendto(fd, packet, length, 0, (void *)&to, sizeof(to)) < 0 && errno != EPERM)
		die("raw packet");
	close(fd);
}

/* A datagram that nobody waits for; its answer is an ICMP error. */
static void send_to_closed_port(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	enter(&s);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	leave();
	if (sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) != 1)
		die("datagram");
	close(fd);
}

/* No connection has been seen that the reset could be of. */
static void test_other_states(void)
{
	static const uint8_t reset[40] = { 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1,
					   0x12, 0x34, 0x13, 0x88, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 4, 0, 0, 0x8c, 0x21 };

	count_states(17);
	send_to_closed_port();
	check_counted("a datagram that opens a flow", NSGATE_STATE_NEW);
	count_states(1);
	send_to_closed_port();
	check_counted("the error that a closed port answers with", NSGATE_STATE_RELATED);
	count_states(6);
	send_raw(reset, sizeof(reset));
	check_counted("a stray reset", NSGATE_STATE_INVALID);
}

static void test_malformed(void)
{
	uint8_t packet[64] = { 0x45, 0, 0, 24, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1,
			       0x12, 0x34, 0x13, 0x88, 0, 44 };
	struct wire w;

	begin(&w, NSGATE_HOOK_OUTPUT, 0);
	match_service(&w, 17, 5000);
	bind_rule(&w);
	send_raw(packet, 24);
	check(totals(s.inode, NSGATE_HOOK_OUTPUT).malformed == 1 && !counters(s.inode, 1).packets,
	      "a udp header of 4 bytes is malformed and has no ports");
	packet[9] = 6;
	send_raw(packet, 40);
	check(totals(s.inode, NSGATE_HOOK_OUTPUT).malformed == 2, "a tcp header that says it has 0 bytes is malformed");
	packet[9] = 17;
	packet[7] = 1;
	send_raw(packet, 64);
	check(totals(s.inode, NSGATE_HOOK_OUTPUT).malformed == 2 && !counters(s.inode, 1).packets,
	      "a later fragment has no ports, and is well");
	packet[7] = 0;
	send_raw(packet, 64);
	check(counters(s.inode, 1).packets == 1, "the same packet as no fragment matches");
	unbind_and_drop(&s, 1);
}

/* Malformed packets under each value of the setting, in a namespace that drops all and in one that drops nothing. */
static void test_malformed_setting(void)
{
	static const char *const names[] = { "left to the rules", "accepted", "dropped" };
	uint8_t packet[24] = { 0x45, 0, 0, 24, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 0x12, 0x34, 0x13, 0x88 };

	for (int strict = 0; strict < 2; strict++)
		for (int setting = 0; setting <= NSGATE_DROP; setting++) {
			bool dropped = setting ? setting == NSGATE_DROP : strict;
			struct nsgate_totals t;
			struct wire w;

			commit_begin(&w, 1, NSGATE_HOOK_OUTPUT, strict ? NSGATE_DROP : NSGATE_ACCEPT);
			rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
			bind_rule(&w);
			change_setting(NSGATE_SETTING_MALFORMED, setting);
			check(info().malformed == setting, "the setting is told: %d", setting);
			send_raw(packet, sizeof(packet));
			t = totals(s.inode, NSGATE_HOOK_OUTPUT);
			check(t.malformed == 1 && t.seen == 1 && t.dropped == dropped && t.accepted == !dropped &&
			      counters(s.inode, 1).packets == !setting, "malformed %s, default %s: %s", names[setting],
			      strict ? "drop" : "accept", dropped ? "dropped" : "accepted");
			expect("a good one", "127.0.0.1", 5000, !strict);
			unbind_and_drop(&s, 1);
		}
	change_setting(NSGATE_SETTING_MALFORMED, 0);
}

void test_matches(void)
{
	section("matches");
	s = sandbox_new();
	test_addresses();
	test_ports();
	test_icmp();
	test_tcp_flags();
	test_interfaces();
	test_mark();
	test_malformed();
	test_malformed_setting();
	test_state();
	test_other_states();
	sandbox_delete(&s);
	check_empty("matches");
}
