// SPDX-License-Identifier: GPL-2.0
/* Reads the factor of patience once. */
#include <errno.h>
#include <stdlib.h>

#include "../check.h"
#include "patience.h"

int patience(void)
{
	static long factor;
	const char *text = getenv("NSGATE_TEST_PATIENCE");
	char *end;

	if (factor)
		return factor;
	factor = text ? strtol(text, &end, 10) : 1;
	errno = EINVAL;
	if (factor < 1 || factor > 100 || (text && *end))
		die("NSGATE_TEST_PATIENCE");
	return factor;
}
