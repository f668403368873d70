// SPDX-License-Identifier: GPL-2.0
/* Traffic at full speed, while commits are made. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flood.h"
#include "tests.h"

static int socket_in(const struct sandbox *s)
{
	int fd;

	enter(s);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	leave();
	return fd;
}

static struct sockaddr_in port_5001(const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(5001) };

	inet_pton(AF_INET, address, &at.sin_addr);
	return at;
}

struct flood flood_start(const struct sandbox *from, const struct sandbox *to, const char *address)
{
	struct sockaddr_in at = port_5001(address);
	struct flood f = { .receiver = socket_in(to) };
	int sender = socket_in(from);

	f.state = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bind(f.receiver, (void *)&at, sizeof(at)))
		die("bind of the flood's receiver");
	f.process = fork();
	if (!f.process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(sender, 3);
		closefrom(4);		/* namespaces that are to die */
		for (; !f.state->stop; f.state->sent++)
			sendto(3, "nsgate", 6, 0, (void *)&at, sizeof(at));
		_exit(0);
	}
	close(sender);
	return f;
}

int flood_stop(struct flood *f)
{
	char buffer[64];
	int through = 0;

	f->state->stop = true;
	waitpid(f->process, NULL, 0);
	while (recv(f->receiver, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
		through++;
	close(f->receiver);
	return through;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

struct sandbox hold_hooks(void)
{
	struct sandbox s = sandbox_new();
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	ruleset_begin(&w, 3, 0, 0);
	for (int hook = 0; hook < NSGATE_HOOKS; hook++) {
		rule_begin(&w, (struct nsgate_rule){ .id = 1 + hook, .hook = hook, .action = NSGATE_COUNT });
		rule_end(&w);
	}
	put_and_bind(&w, &s, 3);
	return s;
}
