// SPDX-License-Identifier: GPL-2.0
/* Two namespaces, and packets written byte by byte that go into, through and out of the second. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "patience.h"
#include "verdict.h"

#define TRANSPORT	32	/* bytes: as much as the longest header that is looked at, and some */

static int open_socket(const struct sandbox *s, int family, int type, int protocol)
{
	int fd;

	enter(s);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	leave();
	if (fd < 0)
		die("socket of the field");
	return fd;
}

static void read_mac(const struct sandbox *s, const char *name, uint8_t *mac)
{
	int fd = open_socket(s, AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		die("address of an interface");
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static int open_wire(const struct sandbox *s, const char *name)
{
	int fd = open_socket(s, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	enter(s);
	at.sll_ifindex = if_nametoindex(name);
	leave();
	if (bind(fd, (void *)&at, sizeof(at)))
		die("bind to an interface");
	return fd;
}

/* `b` routes, and knows where everybody is, so that none of the two says anything of its own. */
static void settle(const struct field *f)
{
	sandbox_run(&f->a, "ip link add wa type veth peer name wb netns /proc/%d/fd/%d", getpid(), f->b.fd);
	sandbox_run(&f->a, "for i in va wa; do sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; ip link set $i up arp off; done");
	sandbox_run(&f->b, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
		    "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.vb.rp_filter=0; ip link set wb up");
	sandbox_run(&f->b, "ip route add 10.8.0.0/24 dev wb && ip -6 route add fd08::/16 dev wb && "
		    "ip -6 route add fd09::/16 dev vb");
	for (int host = 1; host < 10; host++)
		sandbox_run(&f->b, "for net in 10.9.0. fd09:: 10.8.0. fd08::; do case $net in *9*) i=vb;; *) i=wb;; esac; "
			    "ip neigh replace ${net}%d lladdr 02:00:00:00:00:99 dev $i nud permanent; done", host);
	sleep(3);	/* until all reports of multicast memberships have been sent */
}

void field_open(struct field *f)
{
	*f = (struct field){ .a = sandbox_new(), .b = sandbox_new() };
	sandbox_join(&f->a, &f->b);
	settle(f);
	read_mac(&f->b, "vb", f->mac);
	f->wires[0] = open_wire(&f->a, "va");
	f->wires[1] = open_wire(&f->a, "wa");
	f->raw[0] = open_socket(&f->b, AF_INET, SOCK_RAW, IPPROTO_RAW);
	f->raw[1] = open_socket(&f->b, AF_INET6, SOCK_RAW, IPPROTO_RAW);
}

void field_close(struct field *f)
{
	close(f->wires[0]);
	close(f->wires[1]);
	close(f->raw[0]);
	close(f->raw[1]);
	sandbox_delete(&f->a);
	sandbox_delete(&f->b);
}

static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static size_t write_ip(uint8_t *at, const struct drawn_packet *packet)
{
	const struct nsgate_classify *d = &packet->described;

	if (d->family == NSGATE_FAMILY_IPV6) {
		memcpy(at, (uint8_t[]){ 0x60, 0, 0, 0, 0, TRANSPORT, d->protocol, 64 }, 8);
		put16(at + 2, packet->serial);
		memcpy(at + 8, d->source, 16);
		memcpy(at + 24, d->destination, 16);
		return 40;
	}
	memcpy(at, (uint8_t[]){ 0x45, 0, 0, 20 + TRANSPORT, 0, 0, 0, 0, 64, d->protocol }, 10);
	put16(at + 4, packet->serial);
	memcpy(at + 12, d->source, 4);
	memcpy(at + 16, d->destination, 4);
	put16(at + 10, checksum(at, 20));
	return 20;
}

static void write_transport(uint8_t *at, const struct nsgate_classify *d)
{
	if (d->protocol == (d->family == NSGATE_FAMILY_IPV4 ? 1 : 58)) {
		at[0] = d->icmp_type;
		at[1] = d->icmp_code;
		return;
	}
	put16(at, d->source_port);
	put16(at + 2, d->destination_port);
	if (d->protocol == 17)
		put16(at + 4, TRANSPORT);
	if (d->protocol == 6) {
		at[12] = 0x50;
		at[13] = d->tcp_flags;
	}
}

static size_t write_packet(uint8_t *at, const struct drawn_packet *packet)
{
	size_t head = write_ip(at, packet);

	write_transport(at + head, &packet->described);
	return head + TRANSPORT;
}

static void send_by_itself(const struct field *f, const struct drawn_packet *packet, const uint8_t *bytes, size_t length)
{
	const struct nsgate_classify *d = &packet->described;
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	bool ipv6 = d->family == NSGATE_FAMILY_IPV6;
	int fd = f->raw[ipv6];

	memcpy(&to4.sin_addr, d->destination, 4);
	memcpy(&to6.sin6_addr, d->destination, 16);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &d->mark, sizeof(d->mark)))
		die("mark of a raw socket");
	if (sendto(fd, bytes, length, 0, ipv6 ? (void *)&to6 : (void *)&to4, ipv6 ? sizeof(to6) : sizeof(to4)) < 0 &&
	    errno != EPERM && errno != EHOSTUNREACH && errno != ECONNREFUSED && errno != EACCES && errno != ENETUNREACH)
		die("a raw packet");
}

void send_drawn(const struct field *f, const struct drawn_packet *packet)
{
	uint8_t frame[14 + 40 + TRANSPORT] = { 0 };
	size_t length = write_packet(frame + 14, packet);

	if (packet->way == WAY_OUT) {
		send_by_itself(f, packet, frame + 14, length);
		return;
	}
	memcpy(frame, f->mac, 6);
	memcpy(frame + 6, (uint8_t[]){ 2, 0, 0, 0, 0, 1 }, 6);
	put16(frame + 12, packet->described.family == NSGATE_FAMILY_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	if (send(f->wires[0], frame, 14 + length, 0) < 0)
		die("a frame");
}

/* Whether the frame holds the packet's family and serial number, and is no answer to it: the source is its own. */
static bool holds(const uint8_t *frame, const struct drawn_packet *packet)
{
	bool ipv6 = packet->described.family == NSGATE_FAMILY_IPV6;
	const uint8_t *ip = frame + 14;
	const uint8_t *serial = ip + (ipv6 ? 2 : 4);

	return frame[12] == (ipv6 ? 0x86 : 0x08) && (serial[0] << 8 | serial[1]) == packet->serial &&
	       !memcmp(ip + (ipv6 ? 8 : 12), packet->described.source, ipv6 ? 16 : 4);
}

static bool came_in(int wire, const struct drawn_packet *packet)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	uint8_t frame[2048];
	bool found = false;

	while (recvfrom(wire, frame, sizeof(frame), 0, (void *)&from, &size) > 0) {
		found |= from.sll_pkttype != PACKET_OUTGOING && holds(frame, packet);
		size = sizeof(from);
	}
	return found;
}

static bool came_out(const struct field *f, const struct drawn_packet *packet)
{
	bool over_first = came_in(f->wires[0], packet);

	return came_in(f->wires[1], packet) || over_first;
}

bool left_field(const struct field *f, const struct drawn_packet *packet, bool expected)
{
	bool left = came_out(f, packet);

	for (int i = 0; expected && !left && i < 1000 * patience(); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		left = came_out(f, packet);
	}
	return left;
}
