/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the Ethernet frames of a file to a device in turn and says how long that took.
 * Usage: flow_sender DEVICE FILE FRAME_BYTES ROUNDS; prints nanoseconds.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>

static int open_device(const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = 0,	/* of what comes in, nothing */
		.sll_ifindex = if_nametoindex(device),
	};
	int socket_ = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (socket_ < 0 || !address.sll_ifindex || bind(socket_, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", device);
	if (setsockopt(socket_, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		err(1, "PACKET_QDISC_BYPASS");
	return socket_;
}

static const char *map_file(const char *path, size_t *bytes)
{
	struct stat status;
	int file = open(path, O_RDONLY);
	void *at;

	if (file < 0 || fstat(file, &status))
		err(1, "%s", path);
	*bytes = status.st_size;
	at = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
	if (at == MAP_FAILED)
		err(1, "%s", path);
	return at;
}

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	size_t bytes, frame, at;
	const char *frames;
	long long start;
	int socket_, round;

	if (argc != 5)
		errx(2, "usage: flow_sender DEVICE FILE FRAME_BYTES ROUNDS");
	socket_ = open_device(argv[1]);
	frames = map_file(argv[2], &bytes);
	frame = strtoul(argv[3], NULL, 10);
	start = nanoseconds();
	for (round = atoi(argv[4]); round > 0; round--)
		for (at = 0; at + frame <= bytes; at += frame)
			if (send(socket_, frames + at, frame, 0) != (ssize_t)frame)
				err(1, "send");
	printf("%lld\n", nanoseconds() - start);
	return 0;
}
