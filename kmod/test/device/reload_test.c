// SPDX-License-Identifier: GPL-2.0
/* Unloading with bindings in force under traffic, and what a new load tells. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "module.h"
#include "tests.h"

/* Whether a file of /proc has a line that holds both texts. */
static bool has_line(const char *path, const char *first, const char *second)
{
	FILE *file = fopen(path, "r");
	char line[512];
	bool found = false;

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		found |= strstr(line, first) && strstr(line, second);
	fclose(file);
	return found;
}

static void test_listing(const struct sandbox *s)
{
	char inode[32];

	snprintf(inode, sizeof(inode), "namespace %u ", s->inode);
	check(has_line("/proc/nsgate", inode, " ***\n"), "/proc/nsgate marks the inode of the parameter");
	snprintf(inode, sizeof(inode), "namespace %u ", home.inode);
	check(has_line("/proc/nsgate", inode, "initial\n"), "and no other");
}

static const char *kernel_log(void)
{
	static char text[1 << 20];
	int length = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text) - 1);

	text[length < 0 ? 0 : length] = 0;
	return text;
}

/* The list that a load with inode=N prints, in the kernel's log. */
static void test_log(const struct sandbox *s)
{
	const char *text = kernel_log(), *at;
	char line[64];

	snprintf(line, sizeof(line), "nsgate: namespace %u birth %llx ***", s->inode, (unsigned long long)s->birth);
	check(strstr(text, line), "the kernel's log has the list, the inode marked");
	snprintf(line, sizeof(line), "nsgate: namespace %u birth", home.inode);
	at = strstr(text, line);
	check(at && strncmp(strchr(at, '\n') - 3, "***", 3), "and no other");
}

static void test_inode_of_nobody(const char *module)
{
	module_unload();
	module_load(module, "inode=12345");
	check(strstr(kernel_log(), "no network namespace has inode 12345"), "an inode that no namespace has is told to the log");
}

static void test_quarantine_parameter(const char *module)
{
	struct sandbox before = sandbox_new(), born;

	module_unload();
	module_load(module, "quarantine=1");
	check(info().quarantine == 1 && !info().quarantined && datagrams(&before, &before, "127.0.0.1", 5001, 3, NULL) == 3,
	      "quarantine=1 leaves those alone that live already");
	born = sandbox_new();
	check(info().quarantined == 1 && !datagrams(&born, &born, "127.0.0.1", 5001, 3, NULL), "the next one is in quarantine");
	check(has_line("/proc/nsgate", "quarantine 1 ", "malformed rules"), "/proc/nsgate tells the settings");
	module_unload();
	check(datagrams(&born, &born, "127.0.0.1", 5001, 3, NULL) == 3, "unloading ends it");
	module_load(module, "");
	sandbox_delete(&before);
	sandbox_delete(&born);
}

static volatile int urgent;

static void note_urgent(int number)
{
	urgent++;
}

void test_reload(const char *module)
{
	static struct events e;
	struct sandbox s = sandbox_new();
	struct nsgate_info before = info(), after;
	uint64_t birth = s.birth;
	char parameter[32];
	struct wire w;
	pid_t talker;

	section("reload");
	commit_begin(&w, 1, NSGATE_HOOK_INPUT, 0);
	rule_begin(&w, (struct nsgate_rule){ .id = 1, .hook = NSGATE_HOOK_INPUT, .action = NSGATE_DROP });
	match_service(&w, 17, 5001);
	rule_end(&w);
	put_and_bind(&w, &s, 1);
	talker = fork();
	if (!talker) {
		close(device);
		for (int i = 0; i < 5; i++)
			datagrams(&s, &s, "127.0.0.1", 5001, 20000, NULL);
		_exit(0);
	}
	usleep(200000);
	sandboxes_settle();	/* so that no death of another part's is news */
	signal(SIGURG, note_urgent);
	events_skip(&e);
	events_read(&e, SIGURG);
	module_unload();
	check(!urgent, "unloaded while a process waits for events, which is told nothing");
	check(true, "unloaded with a binding in force, under traffic");
	waitpid(talker, NULL, 0);
	check(datagrams(&s, &s, "127.0.0.1", 5001, 5, NULL) == 5, "without the module all passes");
	snprintf(parameter, sizeof(parameter), "inode=%u", s.inode);
	module_load(module, parameter);
	after = info();
	s.birth = listed(s.inode).birth;
	check(after.instance != before.instance && !after.bindings && !after.generation, "a new load is another instance, empty");
	check(s.birth && s.birth != birth, "with other birth ids");
	test_listing(&s);
	test_log(&s);
	sandbox_delete(&s);
	test_inode_of_nobody(module);
	test_quarantine_parameter(module);
	check(!urgent, "who waited for another instance's events is not told of these");
	signal(SIGURG, SIG_DFL);
}
