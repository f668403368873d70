// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance test of the loaded module through /dev/nsgate, with real packets. Needs root, iproute2, and a machine that
 * may lose its nsgate module. usage: device-test NSGATE.KO [PART…]; all parts unless some are named, but for `hold`, which
 * wants a machine of its own kind (hold_test.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "module.h"
#include "tests.h"

/* In the order in which they run. */
static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "access", test_access },
	{ "refusals", test_refusals },
	{ "bad-input", test_bad_input },
	{ "filtering", test_filtering },
	{ "matches", test_matches },
	{ "rejects", test_rejects },
	{ "counters", test_counters },
	{ "ended", test_ended },
	{ "classify", test_classify },
	{ "verdicts", test_verdicts },
	{ "life", test_life },
	{ "leaks", test_leaks },
	{ "quarantine", test_quarantine },
	{ "events", test_events },
	{ "fragments", test_fragments },
	{ "multicast", test_multicast },
	{ "headers", test_packet_headers },
	{ "sets", test_sets },
	{ "swap", test_swap },
	{ "set-traffic", test_sets_under_traffic },
};

/* Whether a part is meant by the arguments from the second on. */
static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 2;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s NSGATE.KO [PART…]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	module_load(argv[1], "");
	sandbox_home();
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (wanted(parts[i].name, argc, argv))
			parts[i].run();
	if (wanted("reload", argc, argv))
		test_reload(argv[1]);
	if (argc > 2 && wanted("hold", argc, argv))
		test_hold();
	module_unload();
	check(!module_memory(), "no mapped memory of the module's is left");
	return conclude();
}
