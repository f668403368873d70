// SPDX-License-Identifier: GPL-2.0
/* Fragments: put together where a rule looks at transport headers, matched without where none does. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "events.h"
#include "tests.h"

#define SIZE	4000	/* bytes: three packets on a link of 1500 */

static struct sandbox a, b;

/* Has the sender cut what is too large: before Linux 4.14 it leaves that to a veth device, which passes it on whole. */
static void cut_at_the_sender(void)
{
	struct ethtool_value off = { .cmd = ETHTOOL_SUFO };
	struct ifreq request = { .ifr_name = "va", .ifr_data = (void *)&off };
	int fd;

	enter(&a);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || (ioctl(fd, SIOCETHTOOL, &request) && errno != EOPNOTSUPP))
		die("ETHTOOL_SUFO");
	close(fd);
	leave();
}

/* All is dropped on `hook` but udp to port 5000. */
static void only_port_5000(enum nsgate_hook hook)
{
	struct wire w;

	commit_begin(&w, 1, hook, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = hook, .action = NSGATE_ACCEPT });
	match_service(&w, 17, 5000);
	rule_end(&w);
	rule_begin(&w, (struct nsgate_rule){ .id = 2, .hook = hook, .action = NSGATE_ACCEPT, .families = NSGATE_FAMILY_IPV6 });
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 58);
	rule_end(&w);
	put_and_bind(&w, &b, 1);
}

static void test_with_ports(enum nsgate_hook hook, const char *name)
{
	only_port_5000(hook);
	check(large_datagram(&a, &b, "10.9.0.2", 5000, SIZE), "%s: a rule for its port lets a fragmented packet in", name);
	check(counters(b.inode, 1).packets == 1 && counters(b.inode, 1).bytes == 20 + 8 + SIZE, "%s: as one packet", name);
	check(!large_datagram(&a, &b, "10.9.0.2", 5001, SIZE), "%s: another port stays out", name);
	check(large_datagram(&a, &b, "fd09::2", 5000, SIZE) && counters(b.inode, 1).packets == 2,
	      "%s: an IPv6 packet in fragments too", name);
	check(!large_datagram(&a, &b, "fd09::2", 5001, SIZE), "%s: and its other port stays out", name);
	unbind_and_drop(&b, 1);
}

static bool kernel_is_before(int major, int minor)
{
	struct utsname name;
	int has[2];

	if (uname(&name) || sscanf(name.release, "%d.%d", &has[0], &has[1]) != 2)
		die("the kernel's release");
	return has[0] < major || (has[0] == major && has[1] < minor);
}

/* Once they are loaded, old kernels have the modules that put fragments together do so in all namespaces. */
static bool always_whole(const char *module)
{
	return kernel_is_before(4, 10) && !access(module, F_OK);
}

/* How many packets three fragments are, over IPv4 and IPv6: 1 if the kernel puts them together all the same. */
static void test_without_ports(uint32_t packets4, uint32_t packets6)
{
	struct nsgate_event *event;
	uint32_t later = 0, all = 0;
	static struct events e;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_PREROUTING, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_PREROUTING, .action = NSGATE_COUNT,
					     .flags = NSGATE_RULE_LOG, .log_rate = 10, .log_burst = 10 });
	MATCH(&w, NSGATE_MATCH_PROTOCOL, __u8, 17);
	rule_end(&w);
	put_and_bind(&w, &b, 1);
	events_skip(&e);
	check(large_datagram(&a, &b, "10.9.0.2", 5000, SIZE) && counters(b.inode, 1).packets == packets4,
	      "without a rule for ports three fragments are %u packets", packets4);
	check(large_datagram(&a, &b, "fd09::2", 5000, SIZE) && counters(b.inode, 1).packets == packets4 + packets6,
	      "and over IPv6 %u", packets6);
	check(!totals(b.inode, NSGATE_HOOK_PREROUTING).malformed, "none of them malformed");
	events_read(&e, 0);
	for (event = e.at; event < e.at + e.count; event++)
		if (event->type == NSGATE_EVENT_PACKET) {
			all++;
			later += event->flags == NSGATE_PACKET_FRAGMENT && !event->destination_port;
		}
	check(all == packets4 + packets6 && later == all - 2, "events tell which are not the first (%u of %u)", later, all);
	unbind_and_drop(&b, 1);
}

#define AUTHENTICATION	51
#define OPTIONS		60	/* for the destination */

/* A fragment that is not the first of its packet, with `next` after its fragment header. */
static void send_later_fragment6(uint8_t next)
{
	struct {
		struct ip6_hdr ip;
		struct ip6_frag fragment;
		uint8_t data[16];
	} packet = {
		.ip = { .ip6_flow = htonl(6 << 28), .ip6_plen = htons(24), .ip6_nxt = IPPROTO_FRAGMENT,
			.ip6_hlim = 64 },
		.fragment = { .ip6f_nxt = next, .ip6f_offlg = htons(64), .ip6f_ident = 77 },
	};
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int fd;

	inet_pton(AF_INET6, "fd09::1", &packet.ip.ip6_src);
	inet_pton(AF_INET6, "fd09::2", &packet.ip.ip6_dst);
	to.sin6_addr = packet.ip.ip6_dst;
	enter(&a);
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	leave();
	if (sendto(fd, &packet, sizeof(packet), 0, (void *)&to, sizeof(to)) != sizeof(packet))
		die("raw fragment");
	close(fd);
	usleep(50000 * patience());
}

/* The header that a later fragment names as its next is in the first one. */
static void test_later_fragments6(void)
{
	static const uint8_t nexts[] = { IPPROTO_UDP, OPTIONS, AUTHENTICATION };
	struct nsgate_totals t;
	static struct events e;
	struct wire w;

	commit_begin(&w, 1, NSGATE_HOOK_PREROUTING, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_PREROUTING, .action = NSGATE_DROP,
					     .flags = NSGATE_RULE_LOG, .log_rate = 10, .log_burst = 10 });
	match_add(&w, NSGATE_MATCH_PROTOCOL, 0, nexts, 1, sizeof(nexts));
	rule_end(&w);
	put_and_bind(&w, &b, 1);
	for (uint32_t i = 0; i < sizeof(nexts); i++) {
		events_skip(&e);
		send_later_fragment6(nexts[i]);
		t = totals(b.inode, NSGATE_HOOK_PREROUTING);
		events_read(&e, 0);
		check(!t.malformed && counters(b.inode, 1).packets == i + 1,
		      "a later fragment with %u behind its header is well", nexts[i]);
		check(e.count == 1 && e.at->type == NSGATE_EVENT_PACKET && e.at->flags == NSGATE_PACKET_FRAGMENT &&
		      e.at->protocol == nexts[i], "and logged as one");
	}
	unbind_and_drop(&b, 1);
}

void test_fragments(void)
{
	uint32_t packets4, packets6;

	section("fragments");
	a = sandbox_new();
	b = sandbox_new();
	sandbox_join(&a, &b);
	cut_at_the_sender();
	check(large_datagram(&a, &b, "10.9.0.2", 5000, SIZE), "a large packet arrives");
	packets4 = always_whole("/sys/module/nf_defrag_ipv4") ? 1 : 3;
	packets6 = always_whole("/sys/module/nf_defrag_ipv6") ? 1 : 3;
	test_without_ports(packets4, packets6);
	if (packets6 == 1)
		skip("this kernel puts IPv6 fragments together in all namespaces");
	else
		test_later_fragments6();
	test_with_ports(NSGATE_HOOK_PREROUTING, "prerouting");
	test_with_ports(NSGATE_HOOK_INPUT, "input");
	if (kernel_is_before(5, 12))	/* goes on putting IPv6 together in a namespace that once did, until that dies */
		packets6 = 1;
	test_without_ports(packets4, packets6);
	sandbox_delete(&a);
	sandbox_delete(&b);
	check_empty("fragments");
}
