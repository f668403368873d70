// SPDX-License-Identifier: GPL-2.0
/* Multicast through a router that has each packet go out by two devices, and so meet its hooks twice. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <linux/mroute.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests.h"

#define GROUP		"239.1.1.1"
#define PORT		5000
#define COUNT		10
#define SMALL		1000	/* bytes of a datagram */
#define LARGE		4000	/* three packets on a link of 1500 */

static struct sandbox sender, router, receivers[2];

static struct in_addr address(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

/* The socket with which the router routes multicast as long as it is open; -1 if its kernel does not. */
static int open_routing(void)
{
	int fd;

	enter(&router);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP);
	leave();
	if (fd < 0)
		die("igmp socket");
	if (!setsockopt(fd, IPPROTO_IP, MRT_INIT, &(int){ 1 }, sizeof(int)))
		return fd;
	if (errno != ENOPROTOOPT)
		die("MRT_INIT");
	close(fd);
	return -1;
}

/* From the sender's device to those of both receivers. */
static void route_group(int fd)
{
	static const char *const devices[] = { "vb", "vr0", "vr1" };
	struct mfcctl route = { .mfcc_origin = address("10.9.0.1"), .mfcc_mcastgrp = address(GROUP),
				.mfcc_ttls = { [1] = 1, [2] = 1 } };

	enter(&router);
	for (int i = 0; i < 3; i++) {
		struct vifctl device = { .vifc_vifi = i, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1,
					 .vifc_lcl_ifindex = if_nametoindex(devices[i]) };

		if (setsockopt(fd, IPPROTO_IP, MRT_ADD_VIF, &device, sizeof(device)))
			die("MRT_ADD_VIF");
	}
	leave();
	if (setsockopt(fd, IPPROTO_IP, MRT_ADD_MFC, &route, sizeof(route)))
		die("MRT_ADD_MFC");
}

/* A socket of a receiver that is in the group. */
static int join(const struct sandbox *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct ip_mreqn group = { .imr_multiaddr = address(GROUP) };
	int fd;

	enter(s);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	group.imr_ifindex = if_nametoindex("vd");
	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) ||
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)))
		die("a receiver of multicast");
	leave();
	return fd;
}

static void send_to_group(size_t size)
{
	static const char content[LARGE];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = address(GROUP) };
	int fd;

	enter(&sender);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	leave();
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &(int){ 8 }, sizeof(int));
	for (int i = 0; i < COUNT; i++) {
		if (sendto(fd, content, size, 0, (void *)&to, sizeof(to)) < 0)
			die("a datagram to a group");
		usleep(2000);
	}
	close(fd);
}

static int arrived(int fd)
{
	struct pollfd arrival = { .fd = fd, .events = POLLIN };
	static char buffer[LARGE];
	int count = 0;

	while (poll(&arrival, 1, 100 * patience()) > 0)
		while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
			count++;
	return count;
}

static void check_sent(const char *what, size_t size, const int fds[2])
{
	int first, second;

	send_to_group(size);
	first = arrived(fds[0]);
	second = arrived(fds[1]);
	check(first == COUNT && second == COUNT, "%s: of %d datagrams %d and %d reach the receivers", what, COUNT, first,
	      second);
}

/* With a rule for ports, fragments are put together on their way out by each device. */
static void test_with_port(const int fds[2])
{
	struct wire w;

	check_sent("in fragments", LARGE, fds);
	commit_begin(&w, 1, NSGATE_HOOK_FORWARD, NSGATE_DROP);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_FORWARD, .action = NSGATE_ACCEPT });
	match_service(&w, 17, PORT);
	rule_end(&w);
	put_and_bind(&w, &router, 1);
	check_sent("whole, by a rule for their port", SMALL, fds);
	check_sent("in fragments, by that rule", LARGE, fds);
	check(counters(router.inode, 1).packets == 4 * COUNT, "each is counted as one packet for each receiver");
	unbind_and_drop(&router, 1);
}

void test_multicast(void)
{
	int routing, fds[2];

	section("multicast");
	sender = sandbox_new();
	router = sandbox_new();
	for (int i = 0; i < 2; i++)
		receivers[i] = sandbox_new();
	sandbox_route(&sender, &router, &receivers[0]);
	sandbox_attach(&router, &receivers[1], 1);
	routing = open_routing();
	if (routing >= 0) {
		route_group(routing);
		for (int i = 0; i < 2; i++)
			fds[i] = join(&receivers[i]);
		test_with_port(fds);
		for (int i = 0; i < 2; i++)
			close(fds[i]);
		close(routing);
	} else {
		skip("this kernel does not route multicast");
	}
	for (int i = 0; i < 2; i++)
		sandbox_delete(&receivers[i]);
	sandbox_delete(&router);
	sandbox_delete(&sender);
	check_empty("multicast");
}
