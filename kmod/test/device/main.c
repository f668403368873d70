// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance test of the loaded module through /dev/nsgate, with real packets. Needs root, iproute2, and a machine that
 * may lose its nsgate module. usage: device-test NSGATE.KO
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "module.h"
#include "tests.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s NSGATE.KO\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	module_load(argv[1], "");
	sandbox_home();
	test_access();
	test_refusals();
	test_filtering();
	test_matches();
	test_rejects();
	test_counters();
	test_classify();
	test_life();
	test_swap();
	test_reload(argv[1]);
	module_unload();
	check(!module_memory(), "no mapped memory of the module's is left");
	return conclude();
}
