// SPDX-License-Identifier: GPL-2.0
/* Who may use the device, what it says of itself, and how its replies are read. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

/* In a child, the errno of `attempt` after `give_up`. */
static int error_after(int (*give_up)(void), int (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (give_up())
			_exit(255);
		_exit(attempt() < 0 ? errno : 0);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static int open_device(void)
{
	return open("/dev/" NSGATE_DEVICE, O_RDWR);
}

static int open_list(void)
{
	return open("/proc/nsgate", O_RDONLY);
}

/* Through the descriptor that the parent opened. */
static int ask(void)
{
	struct nsgate_request request = { .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = NSGATE_OP_INFO,
					  .length = sizeof(request) };

	return write(device, &request, sizeof(request));
}

static int read_answer(void)
{
	char byte;

	return pread(device, &byte, 1, 0);
}

static int lose_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	return syscall(SYS_capset, &header, data);
}

static int enter_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int enter_network_namespace(void)
{
	return unshare(CLONE_NEWNET);
}

static void test_who(void)
{
	static const struct {
		int (*give_up)(void);
		const char *name;
	} strangers[] = {
		{ lose_net_admin, "root without CAP_NET_ADMIN" },
		{ enter_user_namespace, "root of another user namespace" },
		{ enter_network_namespace, "root in another network namespace" },
	};
	struct stat status;

	stat("/dev/" NSGATE_DEVICE, &status);
	check((status.st_mode & 07777) == 0600 && !status.st_uid, "the device belongs to root alone");
	check(ask() > 0 && read_answer() == 1, "root has an answer");
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		check(error_after(strangers[i].give_up, open_device) == EPERM, "%s cannot open the device",
		      strangers[i].name);
		check(error_after(strangers[i].give_up, open_list) == EPERM, "nor /proc/nsgate");
		check(error_after(strangers[i].give_up, ask) == EPERM, "nor ask through a descriptor of root's");
		check(error_after(strangers[i].give_up, read_answer) == EPERM, "nor read what root was answered");
	}
}

static void test_info(void)
{
	struct nsgate_info i = info();

	check(i.abi_min <= NSGATE_ABI && i.abi_max >= NSGATE_ABI, "info: the ABI is ours");
	check(i.hooks == 0x1f && i.match_kinds == 0x1fffe && i.actions == 0x1e &&
	      i.rule_flags == (NSGATE_RULE_SHADOW | NSGATE_RULE_LOG),
	      "info: five hooks, sixteen kinds of match, four actions, shadow and log");
	check(i.instance && memchr(i.version, 0, sizeof(i.version)) && i.version[0], "info: instance and version");
	check(i.namespaces >= 1 && !i.bindings && !i.rulesets && !i.memory, "info: nothing is held at first");
}

static void test_info_across_abis(void)
{
	static const struct {
		int abi;
		const char *who;
	} peers[] = { { NSGATE_ABI + 1, "the module is older" }, { NSGATE_ABI - 1, "the writer is older" },
		      { 65535, "the module is older" }, { 0, "the writer is older" } };
	struct outcome o;

	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++) {
		struct nsgate_request request = { .magic = NSGATE_MAGIC, .abi = peers[i].abi, .op = NSGATE_OP_INFO,
						  .length = sizeof(request), .reserved = 5 };
		char both[64];

		o = exchange_bytes(&request, sizeof(request));
		check(!o.error, "info is answered to ABI %u", request.abi);
		request.op = NSGATE_OP_LIST;
		o = exchange_bytes(&request, sizeof(request));
		snprintf(both, sizeof(both), "the writer speaks ABI %u, the module %u", request.abi, NSGATE_ABI);
		check(o.error == EPROTONOSUPPORT && strstr(o.refusal.reason, both) &&
		      strstr(o.refusal.reason, peers[i].who), "another operation is refused: %s", o.refusal.reason);
	}
}

static void test_reading(void)
{
	struct nsgate_request request = { .magic = NSGATE_MAGIC, .abi = NSGATE_ABI, .op = NSGATE_OP_INFO,
					  .length = sizeof(request), .tag = 0x1234567890 };
	struct nsgate_reply head;
	char rest[4096];
	int fresh = open("/dev/" NSGATE_DEVICE, O_RDWR | O_CLOEXEC);

	check(read(fresh, rest, sizeof(rest)) == 0, "before any request there is nothing to read");
	check(write(fresh, &request, sizeof(request)) == sizeof(request), "a request is one write");
	check(read(fresh, &head, 3) == 3 && read(fresh, (char *)&head + 3, sizeof(head) - 3) == sizeof(head) - 3 &&
	      head.tag == request.tag && head.op == NSGATE_OP_INFO, "reads go on where the last one ended");
	check(read(fresh, rest, sizeof(rest)) == (ssize_t)(head.length - sizeof(head)) && !read(fresh, rest, 1),
	      "and come to an end");
	check(pread(fresh, &head, sizeof(head), 0) == sizeof(head), "a reply can be read again by position");
	check(write(fresh, &request, sizeof(request)) > 0 && read(fresh, &head, sizeof(head)) == sizeof(head),
	      "a new request's reply is read from its start");
	close(fresh);
}

static void test_listing(void)
{
	struct sandbox s = sandbox_new();
	struct nsgate_namespace ns = listed(s.inode), first = listed(home.inode);
	uint64_t cookie = 0;
	int fd;

	check(first.inode == home.inode && first.flags == NSGATE_NS_INITIAL && first.birth,
	      "the initial namespace is in the list");
	check(ns.inode == s.inode && !ns.flags && ns.birth > first.birth && !ns.epoch, "so is a new one, born later");
	enter(&s);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &(socklen_t){ sizeof(cookie) });
	close(fd);
	leave();
	check(ns.cookie == cookie, "the cookie is the kernel's (%llu)", ns.cookie);
	sandbox_delete(&s);
}

void test_access(void)
{
	section("access");
	test_who();
	test_info();
	test_info_across_abis();
	test_reading();
	test_listing();
}
