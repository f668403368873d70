// SPDX-License-Identifier: GPL-2.0
/* Headers that stand between the network's and the transport's, those of tunnels, and lengths that do not fit. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests.h"

#define PORT		5000
#define PORTS		0x12, 0x34, PORT >> 8, PORT & 0xff
#define UDP_OF(length)	PORTS, 0, length, 0, 0
#define UDP		UDP_OF(8)
#define TCP_OF(words)	PORTS, 0, 0, 0, 1, 0, 0, 0, 0, (words) << 4, 2, 1, 0, 0, 0, 0, 0
#define PADDING		1, 4, 0, 0, 0, 0	/* the option PadN, of six bytes (RFC 8200, 4.2) */
#define LOOPBACK4(last)	127, 0, 0, last
#define LOOPBACK6	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

/* Headers with the lengths left out; raw sockets or finish() put them in. */
#define IPV4(words, protocol, last)	0x40 | (words), 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, LOOPBACK4(1), LOOPBACK4(last)
#define IPV6(next)			0x60, 0, 0, 0, 0, 0, next, 64, LOOPBACK6, LOOPBACK6

enum { TO_PORT = 1, TUNNEL = 2 };	/* the rules' ids */

static struct sandbox s;

struct packet {
	const char *what;
	uint8_t length;
	uint8_t bytes[120];
	bool to_port;		/* matches TO_PORT */
	bool tunnel;		/* matches TUNNEL */
	bool malformed;
};

#define BYTES(...)	.bytes = { __VA_ARGS__ }, .length = sizeof((uint8_t[]){ __VA_ARGS__ })

static struct packet packets[] = {
	{ "IPv4 options", BYTES(IPV4(6, 17, 1), 1, 1, 1, 0, UDP), .to_port = true },
	{ "hop-by-hop options", BYTES(IPV6(0), 17, 0, PADDING, UDP), .to_port = true },
	{ "hop-by-hop and destination options", BYTES(IPV6(0), 60, 0, PADDING, 17, 0, PADDING, UDP), .to_port = true },
	{ "a routing header", BYTES(IPV6(43), 17, 0, 3, 0, 0, 0, 0, 0, UDP), .to_port = true },
	{ "an authentication header", BYTES(IPV6(51), 17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, UDP), .to_port = true },
	{ "no next header", BYTES(IPV6(59), UDP) },
	{ "an encrypted payload", BYTES(IPV6(50), UDP, UDP) },
	{ "options that say they are longer than the packet", BYTES(IPV6(0), 17, 255, PADDING, UDP), .malformed = true },
	{ "options cut off", BYTES(IPV6(60), 60, 0, PADDING, 17), .malformed = true },
	{ "IPv4 in IPv4", BYTES(IPV4(5, 4, 2), IPV4(5, 17, 1), UDP), .tunnel = true },
	{ "IPv6 in IPv4", BYTES(IPV4(5, 41, 2), IPV6(17), UDP), .tunnel = true },
	{ "GRE in IPv4", BYTES(IPV4(5, 47, 2), 0, 0, 8, 0, IPV4(5, 17, 1), UDP), .tunnel = true },
	{ "IPv4 in IPv6", BYTES(IPV6(4), IPV4(5, 17, 1), UDP), .tunnel = true },
	{ "a tunnel to another outer address", BYTES(IPV4(5, 4, 1), IPV4(5, 17, 2), UDP) },
	{ "udplite whose checksum is over all of it", BYTES(IPV4(5, 136, 1), UDP_OF(0), 1, 2, 3), .to_port = true },
	{ "udplite whose checksum is over more than it has", BYTES(IPV4(5, 136, 1), UDP_OF(9)), .malformed = true },
};

/* A network header without options, and tcp or udp right behind it: what comes in like this is read another way. */
static struct packet plain[] = {
	{ "udp", BYTES(IPV4(5, 17, 1), UDP_OF(12), 1, 2, 3, 4), .to_port = true },
	{ "udp over IPv6", BYTES(IPV6(17), UDP_OF(12), 1, 2, 3, 4), .to_port = true },
	{ "udp of less than there is", BYTES(IPV4(5, 17, 1), UDP_OF(9), 1, 2, 3, 4), .to_port = true },
	{ "udp of one byte more than there is", BYTES(IPV4(5, 17, 1), UDP_OF(13), 1, 2, 3, 4), .malformed = true },
	{ "the same over IPv6", BYTES(IPV6(17), UDP_OF(13), 1, 2, 3, 4), .malformed = true },
	{ "udp of 7 bytes", BYTES(IPV4(5, 17, 1), UDP_OF(7)), .malformed = true },
	{ "udp of 0 bytes", BYTES(IPV4(5, 17, 1), UDP_OF(0)), .malformed = true },
	{ "udp of 0 bytes over IPv6", BYTES(IPV6(17), UDP_OF(0)), .malformed = true },
	{ "tcp", BYTES(IPV4(5, 6, 1), TCP_OF(5)), .to_port = true },
	{ "tcp with an option", BYTES(IPV6(6), TCP_OF(6), 1, 1, 1, 0), .to_port = true },
	{ "a tcp header of more than there is", BYTES(IPV4(5, 6, 1), TCP_OF(15)), .malformed = true },
	{ "the same over IPv6, by one word", BYTES(IPV6(6), TCP_OF(6)), .malformed = true },
	{ "a tcp header of 16 bytes", BYTES(IPV4(5, 6, 1), TCP_OF(4)), .malformed = true },
};

static bool is_ipv6(const struct packet *p)
{
	return p->bytes[0] >> 4 == 6;
}

static void finish(struct packet *p)
{
	p->bytes[is_ipv6(p) ? 5 : 3] = p->length - (is_ipv6(p) ? 40 : 0);
}

static void send_raw(const struct packet *p)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const void *to = is_ipv6(p) ? (const void *)&to6 : &to4;
	int fd;

	enter(&s);
	fd = socket(is_ipv6(p) ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);
	leave();
	if (sendto(fd, p->bytes, p->length, 0, to, is_ipv6(p) ? sizeof(to6) : sizeof(to4)) < 0 && errno != EPERM)
		die("raw packet");
	close(fd);
}

static void match_ports(struct wire *w)
{
	MATCH(w, NSGATE_MATCH_PROTOCOL, __u8, 6, 17, 136);
	MATCH(w, NSGATE_MATCH_DPORT, struct nsgate_port_range, { PORT, PORT });
}

/* All is dropped in the end, so that nothing answers. */
static void bind_counting(void)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_OUTPUT, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = TO_PORT, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	match_ports(&w);
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = TUNNEL, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	match_add(&w, NSGATE_MATCH_PROTOCOL, 0, (uint8_t[]){ 4, 41, 47 }, 1, 3);
	MATCH(&w, NSGATE_MATCH_DST4, struct nsgate_prefix4, { { LOOPBACK4(2) }, 32 });
	MATCH(&w, NSGATE_MATCH_DST6, struct nsgate_prefix6, { .address = { LOOPBACK6 }, .length = 128 });
	rule_end(&w);
	put_and_bind(&w, &s, 1);
}

/* A ruleset of the five fields, whose one rule decides. */
static void bind_dropping(void)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = TO_PORT, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_ports(&w);
	rule_end(&w);
	put_and_bind(&w, &s, 1);
}

/* Sends it under the ruleset that is bound, which goes after that. */
static void try_packet(struct packet *p, enum nsgate_hook hook, const char *name)
{
	struct nsgate_totals t;

	finish(p);
	send_raw(p);
	t = totals(s.inode, hook);
	check(t.seen == 1 && t.malformed == p->malformed && counters(s.inode, TO_PORT).packets == p->to_port &&
	      counters(s.inode, TUNNEL).packets == p->tunnel, "%s, %s: %s%s%s", name, p->what,
	      p->malformed ? "malformed" : "well", p->to_port ? ", the port behind is seen" : "",
	      p->tunnel ? ", the outer header alone is seen" : "");
	unbind_and_drop(&s, 1);
}

void test_packet_headers(void)
{
	section("headers");
	s = sandbox_new();
	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		bind_counting();
		try_packet(&packets[i], NSGATE_HOOK_OUTPUT, "output");
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		bind_counting();
		try_packet(&plain[i], NSGATE_HOOK_OUTPUT, "output");
		bind_dropping();
		try_packet(&plain[i], NSGATE_HOOK_INPUT, "input");
	}
	sandbox_delete(&s);
	check_empty("headers");
}
