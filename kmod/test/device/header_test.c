// SPDX-License-Identifier: GPL-2.0
/* Headers that stand between the network's and the transport's, and those of tunnels. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests.h"

#define PORT		5000
#define UDP		0x12, 0x34, PORT >> 8, PORT & 0xff, 0, 8, 0, 0
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

/* All is dropped in the end, so that nothing answers. */
static void bind_counting(void)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_OUTPUT, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = TO_PORT, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	match_service(&w, 17, PORT);
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = TUNNEL, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_COUNT });
	match_add(&w, NSGATE_MATCH_PROTOCOL, 0, (uint8_t[]){ 4, 41, 47 }, 1, 3);
	MATCH(&w, NSGATE_MATCH_DST4, struct nsgate_prefix4, { { LOOPBACK4(2) }, 32 });
	MATCH(&w, NSGATE_MATCH_DST6, struct nsgate_prefix6, { .address = { LOOPBACK6 }, .length = 128 });
	rule_end(&w);
	put_and_bind(&w, &s, 1);
}

void test_packet_headers(void)
{
	section("headers");
	s = sandbox_new();
	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		struct packet *p = &packets[i];
		struct nsgate_totals t;

		bind_counting();
		finish(p);
		send_raw(p);
		t = totals(s.inode, NSGATE_HOOK_OUTPUT);
		check(t.seen == 1 && t.malformed == p->malformed && counters(s.inode, TO_PORT).packets == p->to_port &&
		      counters(s.inode, TUNNEL).packets == p->tunnel, "%s: %s%s%s", p->what,
		      p->malformed ? "malformed" : "well", p->to_port ? ", the port behind is seen" : "",
		      p->tunnel ? ", the outer header alone is seen" : "");
		unbind_and_drop(&s, 1);
	}
	sandbox_delete(&s);
	check_empty("headers");
}
