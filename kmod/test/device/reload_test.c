// SPDX-License-Identifier: GPL-2.0
/* Unloading with bindings in force under traffic, and what a new load tells. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

void test_reload(const char *module)
{
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
	module_unload();
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
	sandbox_delete(&s);
}
