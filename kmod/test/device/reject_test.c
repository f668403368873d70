// SPDX-License-Identifier: GPL-2.0
/* Rejected packets are answered, and the answers get through. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

static void bind_reject(const struct sandbox *s, enum nsgate_hook hook, uint8_t protocol, uint8_t with)
{
	struct wire w;

	commit_begin(&w, 1, hook, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hook, .action = NSGATE_REJECT, .reject_with = with });
	if (protocol)
		MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, protocol);
	rule_end(&w);
	put_and_bind(&w, s, 1);
}

/* Over loopback the answer meets the very rule that made it. */
static void test_loopback(enum nsgate_hook hook, const char *name)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };
	struct sandbox s = sandbox_new();
	int error;

	for (int i = 0; i < 2; i++) {
		bind_reject(&s, hook, 6, NSGATE_REJECT_TCP_RESET);
		error = connect_to(&s, &s, addresses[i], 5000, 500);
		check(error == ECONNREFUSED, "tcp reset on %s, %s: %s", name, addresses[i], strerror(error));
		unbind_and_drop(&s, 1);
		bind_reject(&s, hook, 0, NSGATE_REJECT_PORT_UNREACH);
		check(!datagrams(&s, &s, addresses[i], 5000, 3, &error) && (error == ECONNREFUSED || error == EPERM),
		      "port unreachable on %s, %s: %s", name, addresses[i], strerror(error));
		check(totals(s.inode, hook).rejected >= 1 && counters(s.inode, 1).packets >= 1, "counted as rejected");
		unbind_and_drop(&s, 1);
	}
	sandbox_delete(&s);
}

static void test_over_wire(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	int error;

	sandbox_join(&a, &b);
	bind_reject(&b, NSGATE_HOOK_INPUT, 6, NSGATE_REJECT_TCP_RESET);
	check(connect_to(&a, &b, "10.9.0.2", 5000, 500) == ECONNREFUSED, "a reset crosses the wire");
	check(connect_to(&a, &b, "fd09::2", 5000, 500) == ECONNREFUSED, "over IPv6 too");
	check(totals(b.inode, NSGATE_HOOK_INPUT).rejected == 2, "two packets were rejected");
	unbind_and_drop(&b, 1);
	bind_reject(&b, NSGATE_HOOK_INPUT, 17, NSGATE_REJECT_HOST_UNREACH);
	datagrams(&a, &b, "10.9.0.2", 5000, 1, &error);
	check(error == EHOSTUNREACH, "host unreachable: %s", strerror(error));
	unbind_and_drop(&b, 1);
	bind_reject(&b, NSGATE_HOOK_INPUT, 17, NSGATE_REJECT_ADMIN_PROHIBITED);
	datagrams(&a, &b, "fd09::2", 5000, 1, &error);
	check(error == EACCES, "icmpv6 administratively prohibited: %s", strerror(error));
	unbind_and_drop(&b, 1);
	sandbox_delete(&a);
	sandbox_delete(&b);
}

/* A udp socket of `s`, connected to port 5000 of the address; it keeps the ICMP errors that come. */
static int connected(const struct sandbox *s, int family, const char *address)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(5000) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(5000) };
	bool ipv6 = family == AF_INET6;
	int fd;

	enter(s);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	leave();
	inet_pton(family, address, ipv6 ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr);
	if (fd < 0 || setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? 25 /* IPV6_RECVERR */ : 11 /* IP_RECVERR */,
				 &(int){ 1 }, sizeof(int)) ||
	    connect(fd, ipv6 ? (void *)&to6 : (void *)&to4, ipv6 ? sizeof(to6) : sizeof(to4)))
		die("a connected socket");
	return fd;
}

/* The ICMP error that one datagram meets: type and code, or 0 if none comes. */
static unsigned int icmp_error_for(const struct sandbox *from, int family, const char *address)
{
	union {
		struct cmsghdr head;
		char bytes[512];
	} control;
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd = connected(from, family, address);
	struct pollfd error = { .fd = fd };
	unsigned int found = 0;

	if (send(fd, "x", 1, 0) == 1 && poll(&error, 1, 1000) == 1 && recvmsg(fd, &message, MSG_ERRQUEUE) >= 0) {
		const struct sock_extended_err *e = (const void *)CMSG_DATA(&control.head);

		found = e->ee_type << 8 | e->ee_code;
	}
	close(fd);
	return found;
}

/* Each kind is the ICMP type and code of RFC 792, 1812 and 4443 that it is named after. */
static void test_kinds(void)
{
	static const struct {
		uint8_t with;
		unsigned int error4, error6;
		const char *name;
	} kinds[] = {
		{ NSGATE_REJECT_NET_UNREACH, 0x0300, 0x0100, "network unreachable" },
		{ NSGATE_REJECT_HOST_UNREACH, 0x0301, 0x0103, "host unreachable" },
		{ NSGATE_REJECT_PORT_UNREACH, 0x0303, 0x0104, "port unreachable" },
		{ NSGATE_REJECT_ADMIN_PROHIBITED, 0x030d, 0x0101, "administratively prohibited" },
	};
	struct sandbox a = sandbox_new(), b = sandbox_new();

	sandbox_join(&a, &b);
	sandbox_run(&b, "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		unsigned int error4, error6;

		bind_reject(&b, NSGATE_HOOK_INPUT, 17, kinds[i].with);
		error4 = icmp_error_for(&a, AF_INET, "10.9.0.2");
		error6 = icmp_error_for(&a, AF_INET6, "fd09::2");
		check(error4 == kinds[i].error4 && error6 == kinds[i].error6, "%s is icmp 0x%04x, icmpv6 0x%04x", kinds[i].name,
		      error4, error6);
		unbind_and_drop(&b, 1);
	}
	sandbox_delete(&a);
	sandbox_delete(&b);
}

/* Neither end of what a router rejects is the router. */
static void test_through_router(void)
{
	struct sandbox a = sandbox_new(), router = sandbox_new(), c = sandbox_new();
	unsigned int error4, error6;

	sandbox_route(&a, &router, &c);
	bind_reject(&router, NSGATE_HOOK_FORWARD, 17, NSGATE_REJECT_HOST_UNREACH);
	error4 = icmp_error_for(&a, AF_INET, "10.8.0.2");
	error6 = icmp_error_for(&a, AF_INET6, "fd08::2");
	check(error4 == 0x0301 && error6 == 0x0103, "host unreachable on forward is icmp 0x%04x, icmpv6 0x%04x", error4,
	      error6);
	check(totals(router.inode, NSGATE_HOOK_FORWARD).rejected == 2, "both are counted as rejected");
	unbind_and_drop(&router, 1);
	bind_reject(&router, NSGATE_HOOK_FORWARD, 6, NSGATE_REJECT_TCP_RESET);
	check(connect_to(&a, &c, "10.8.0.2", 5000, 500) == ECONNREFUSED, "tcp reset on forward");
	check(connect_to(&a, &c, "fd08::2", 5000, 500) == ECONNREFUSED, "over IPv6 too");
	unbind_and_drop(&router, 1);
	check(connect_to(&a, &c, "10.8.0.2", 5000, 500) == 0, "after the unbind the router lets both through");
	sandbox_delete(&a);
	sandbox_delete(&router);
	sandbox_delete(&c);
}

/* Answers of `b` to 192.168.9.2 go by a tunnel; `a` sends from that address. */
static bool join_by_tunnel(const struct sandbox *a, const struct sandbox *b)
{
	sandbox_join(a, b);
	sandbox_run(a, "ip addr add 192.168.9.2/32 dev lo && ip route add 10.9.0.2/32 dev va src 192.168.9.2");
	sandbox_run(b, "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.vb.rp_filter=0 net.ipv4.icmp_ratelimit=0");
	if (!sandbox_try(b, "ip link add g type gre local 10.9.0.2 remote 10.9.0.1"))
		return false;
	sandbox_run(b, "echo 1 >/proc/sys/net/ipv6/conf/g/disable_ipv6");	/* it would speak when it likes */
	sandbox_run(b, "ip addr add 192.168.9.1/24 dev g && ip link set g up");
	return true;
}

/* Nothing of the tunnel may leave `b`, and what comes to port 9999 is rejected. */
static void bind_no_tunnel(const struct sandbox *b)
{
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_OUTPUT, .action = NSGATE_DROP });
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, IPPROTO_GRE);
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = 2, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_REJECT,
					     .reject_with = NSGATE_REJECT_PORT_UNREACH });
	match_service(&w, 17, 9999);
	rule_end(&w);
	put_and_bind(&w, b, 1);
}

/* How many of the tunnel's packets came to `a`, whose socket for them this is. */
static int tunnelled(int fd)
{
	struct pollfd arrival = { .fd = fd, .events = POLLIN };
	char buffer[2048];
	int count = 0;

	while (poll(&arrival, 1, 50 * patience()) > 0)
		while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
			count++;
	return count;
}

#define QUEUED	50

/* The tunnel's queue has packets, and has just been allowed to be quick: the next one that is put in takes all out. */
static void test_queue(const struct sandbox *a, const struct sandbox *b, int arrivals)
{
	int arrived;

	if (!sandbox_try(b, "tc qdisc add dev g root tbf rate 200bit burst 200 limit 100000")) {
		skip("no queue can be put before a tunnel here");
		return;
	}
	datagrams(b, a, "192.168.9.2", 7, QUEUED, NULL);
	arrived = tunnelled(arrivals);
	check(!arrived && counters(b->inode, 1).packets < QUEUED, "of %d datagrams most are in the tunnel's queue",
	      QUEUED);
	sandbox_run(b, "tc qdisc change dev g root tbf rate 1gbit burst 100000 limit 100000");
	datagrams(a, b, "10.9.0.2", 9999, 1, NULL);
	arrived = tunnelled(arrivals);
	check(!arrived && counters(b->inode, 1).packets > QUEUED, "an answer that takes them out takes %d past a rule",
	      arrived);
}

/* While an answer is sent, other packets come to the hooks, and are judged like any. */
static void test_others_meanwhile(void)
{
	struct sandbox a = sandbox_new(), b = sandbox_new();
	int arrivals, arrived;

	if (join_by_tunnel(&a, &b)) {
		enter(&a);
		arrivals = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
		leave();
		bind_reject(&b, NSGATE_HOOK_INPUT, 17, NSGATE_REJECT_PORT_UNREACH);
		datagrams(&a, &b, "10.9.0.2", 9999, 5, NULL);
		check(tunnelled(arrivals) == 5, "5 answers go by a tunnel");
		unbind_and_drop(&b, 1);
		bind_no_tunnel(&b);
		datagrams(&a, &b, "10.9.0.2", 9999, 5, NULL);
		arrived = tunnelled(arrivals);
		check(!arrived && counters(b.inode, 1).packets == 5 && counters(b.inode, 2).packets == 5,
		      "of 5 answers %d get out by a tunnel that may not get out", arrived);
		test_queue(&a, &b, arrivals);
		unbind_and_drop(&b, 1);
		close(arrivals);
	} else {
		skip("this kernel has no gre");
	}
	sandbox_delete(&a);
	sandbox_delete(&b);
}

static void test_hooks_refused(void)
{
	static const int hooks[] = { NSGATE_HOOK_PREROUTING, NSGATE_HOOK_POSTROUTING };
	struct outcome o;
	struct wire w;

	for (int i = 0; i < 2; i++) {
		commit_begin(&w, 1, hooks[i], 0);
		rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hooks[i], .action = NSGATE_REJECT,
						     .reject_with = NSGATE_REJECT_PORT_UNREACH });
		rule_end(&w);
		ruleset_end(&w);
		o = exchange(&w);
		check(o.error == EOPNOTSUPP && o.refusal.field == NSGATE_FIELD_HOOK, "reject on hook %d is refused: %s",
		      hooks[i], o.refusal.reason);
	}
}

void test_rejects(void)
{
	section("rejects");
	test_loopback(NSGATE_HOOK_INPUT, "input");
	test_loopback(NSGATE_HOOK_OUTPUT, "output");
	test_over_wire();
	test_kinds();
	test_through_router();
	test_others_meanwhile();
	test_hooks_refused();
	check_empty("rejects");
}
