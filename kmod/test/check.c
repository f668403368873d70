// SPDX-License-Identifier: GPL-2.0
/* One line per check, in TAP's manner. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static int checks, failures;

static bool print(bool good, const char *name, va_list arguments)
{
	printf("%s %d - ", good ? "ok" : "not ok", ++checks);
	vprintf(name, arguments);
	putchar('\n');
	fflush(stdout);
	failures += !good;
	return good;
}

bool check(bool good, const char *name, ...)
{
	va_list arguments;

	va_start(arguments, name);
	print(good, name, arguments);
	va_end(arguments);
	return good;
}

void fail(const char *name, ...)
{
	va_list arguments;

	va_start(arguments, name);
	print(false, name, arguments);
	va_end(arguments);
}

void skip(const char *reason, ...)
{
	va_list arguments;

	printf("ok %d # SKIP ", ++checks);
	va_start(arguments, reason);
	vprintf(reason, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

void section(const char *name)
{
	printf("# %s\n", name);
}

int conclude(void)
{
	printf("1..%d\n# %d failed\n", checks, failures);
	return failures || !checks;
}
