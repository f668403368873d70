// SPDX-License-Identifier: GPL-2.0
/* Network namespaces of the test's own, and packets in them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "list.h"
#include "patience.h"
#include "sandbox.h"

struct sandbox home;

/* Of the namespaces that live: those that are not the test's, and its own that are not deleted. */
static uint32_t others, own;

static int own_namespace(uint32_t *inode)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		die("/proc/self/ns/net");
	*inode = status.st_ino;
	return fd;
}

void sandbox_home(void)
{
	home.fd = own_namespace(&home.inode);
	home.birth = listed(home.inode).birth;
	others = info().namespaces;
}

void enter(const struct sandbox *s)
{
	if (setns(s->fd, CLONE_NEWNET))
		die("setns");
}

void leave(void)
{
	enter(&home);
}

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		die("lo up");
	close(fd);
}

struct sandbox sandbox_new_here(void)
{
	struct sandbox s = { .birth = 0 };

	if (unshare(CLONE_NEWNET))
		die("unshare");
	loopback_up();
	s.fd = own_namespace(&s.inode);
	own++;
	return s;
}

struct sandbox sandbox_new(void)
{
	struct sandbox s = sandbox_new_here();

	leave();
	s.birth = listed(s.inode).birth;
	return s;
}

void sandbox_delete(struct sandbox *s)
{
	close(s->fd);
	s->fd = -1;
	own--;
}

void sandboxes_settle(void)
{
	for (int i = 0; info().namespaces != others + own; i++) {
		errno = ETIMEDOUT;
		if (i == 6000 * patience())
			die("namespaces that were deleted, or others that came and went");
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
}

void sandbox_run(const struct sandbox *s, const char *command, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, command);
	vsnprintf(text, sizeof(text), command, arguments);
	va_end(arguments);
	enter(s);
	if (system(text)) {
		leave();
		die(text);
	}
	leave();
}

bool sandbox_try(const struct sandbox *s, const char *command)
{
	char text[512];
	bool done;

	snprintf(text, sizeof(text), "{ %s; } >/dev/null 2>&1", command);
	enter(s);
	done = !system(text);
	leave();
	return done;
}

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union endpoint endpoint(const char *address, uint16_t port, socklen_t *length)
{
	union endpoint e = { .any.sa_family = strchr(address, ':') ? AF_INET6 : AF_INET };

	if (e.any.sa_family == AF_INET6) {
		inet_pton(AF_INET6, address, &e.v6.sin6_addr);
		e.v6.sin6_port = htons(port);
		*length = sizeof(e.v6);
	} else {
		inet_pton(AF_INET, address, &e.v4.sin_addr);
		e.v4.sin_port = htons(port);
		*length = sizeof(e.v4);
	}
	return e;
}

/* A socket in `s`, of the address's family. */
static int socket_in(const struct sandbox *s, const char *address, int type)
{
	int fd;

	enter(s);
	fd = socket(strchr(address, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	leave();
	if (fd < 0)
		die("socket");
	return fd;
}

static int bound_socket(const struct sandbox *s, const char *address, uint16_t port, int type)
{
	int fd = socket_in(s, address, type), one = 1;
	socklen_t length;
	union endpoint at = endpoint(address, port, &length);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &at.any, length))
		die("bind of a socket");
	return fd;
}

static int receive_all(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char buffer[2048];
	int count = 0;

	while (poll(&poll_fd, 1, 50 * patience()) > 0)
		while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
			count++;
	return count;
}

static int send_datagrams(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port,
			  int count, size_t size, int *error)
{
	static const char content[65536] = "nsgate";
	int receiver = bound_socket(to, address, port, SOCK_DGRAM);
	int sender = socket_in(from, address, SOCK_DGRAM);
	socklen_t length;
	union endpoint at = endpoint(address, port, &length);
	int arrived, last = 0;

	setsockopt(sender, SOL_IP, IP_RECVERR, &(int){ 1 }, sizeof(int));
	if (connect(sender, &at.any, length))
		die("connect of a datagram socket");
	while (count--)
		if (send(sender, content, size, 0) < 0)
			last = errno;
	arrived = receive_all(receiver);
	if (!last)
		getsockopt(sender, SOL_SOCKET, SO_ERROR, &last, &(socklen_t){ sizeof(last) });
	if (error)
		*error = last;
	close(sender);
	close(receiver);
	return arrived;
}

int datagrams(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port, int count,
	      int *error)
{
	return send_datagrams(from, to, address, port, count, 6, error);
}

bool large_datagram(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port, size_t size)
{
	return send_datagrams(from, to, address, port, 1, size, NULL) == 1;
}

static int wait_connected(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	socklen_t length = sizeof(int);
	int error = 0;

	if (poll(&poll_fd, 1, milliseconds * patience()) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

int connect_to(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port,
	       int milliseconds)
{
	int listener = bound_socket(to, address, port, SOCK_STREAM);
	int fd = socket_in(from, address, SOCK_STREAM | SOCK_NONBLOCK);
	socklen_t length;
	union endpoint at = endpoint(address, port, &length);
	int error = 0;

	if (listen(listener, 16))
		die("listen");
	if (connect(fd, &at.any, length))
		error = errno == EINPROGRESS ? wait_connected(fd, milliseconds) : errno;
	close(fd);
	close(listener);
	return error;
}

static bool is_echo_reply(const uint8_t *packet, ssize_t length, bool v6)
{
	ssize_t header = v6 ? 0 : (packet[0] & 15) * 4;		/* raw(7): IPv4 sockets hand out the header as well */

	return length > header && packet[header] == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY);
}

static int receive_echo_replies(int fd, bool v6)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint8_t buffer[2048];
	ssize_t length;
	int count = 0;

	while (poll(&poll_fd, 1, 50 * patience()) > 0)
		while ((length = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
			count += is_echo_reply(buffer, length, v6);
	return count;
}

/* By raw sockets: kernels before 3.11 have no others for ICMPv6. The kernel sums up ICMPv6 messages, not those of ICMP. */
int pings(const struct sandbox *from, const char *address, int count)
{
	static const uint8_t requests[2][16] = { { ICMP_ECHO, 0, 0xff - ICMP_ECHO, 0xff }, { ICMP6_ECHO_REQUEST } };
	bool v6 = strchr(address, ':');
	socklen_t length;
	union endpoint at = endpoint(address, 0, &length);
	int fd, answered;

	enter(from);
	fd = socket(at.any.sa_family, SOCK_RAW | SOCK_CLOEXEC, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	leave();
	if (fd < 0)
		die("ping socket");
	while (count--)
		sendto(fd, requests[v6], sizeof(requests[v6]), 0, &at.any, length);
	answered = receive_echo_replies(fd, v6);
	close(fd);
	return answered;
}

/* The kernel takes its time over IPv6 routes. */
static void await_route6(const struct sandbox *from, const char *address)
{
	for (int i = 0; i < 50 && !pings(from, address, 1); i++)
		;
}

void sandbox_join(const struct sandbox *a, const struct sandbox *b)
{
	sandbox_run(a, "ip link add va type veth peer name vb netns /proc/%d/fd/%d", getpid(), b->fd);
	sandbox_run(a, "ip addr add 10.9.0.1/24 dev va && ip addr add fd09::1/64 dev va nodad && ip link set va up");
	sandbox_run(b, "ip addr add 10.9.0.2/24 dev vb && ip addr add fd09::2/64 dev vb nodad && ip link set vb up");
	await_route6(a, "fd09::2");
}

void sandbox_attach(const struct sandbox *router, const struct sandbox *to, int n)
{
	char address[16];

	sandbox_run(router, "ip link add vr%d type veth peer name vd netns /proc/%d/fd/%d", n, getpid(), to->fd);
	sandbox_run(router, "ip addr add 10.8.%d.1/24 dev vr%d && ip link set vr%d up", n, n, n);
	sandbox_run(router, "ip addr add fd08:%d::1/64 dev vr%d nodad", n, n);
	sandbox_run(to, "ip addr add 10.8.%d.2/24 dev vd && ip addr add fd08:%d::2/64 dev vd nodad", n, n);
	sandbox_run(to, "ip link set vd up");
	snprintf(address, sizeof(address), "fd08:%d::2", n);
	await_route6(router, address);
	sandbox_run(to, "ip route add default via 10.8.%d.1 && ip -6 route add default via fd08:%d::1", n, n);
}

void sandbox_route(const struct sandbox *a, const struct sandbox *router, const struct sandbox *c)
{
	sandbox_join(a, router);
	sandbox_attach(router, c, 0);
	sandbox_run(router, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	sandbox_run(a, "ip route add default via 10.9.0.2 && ip -6 route add default via fd09::2");
	await_route6(a, "fd08::2");
}
