/* SPDX-License-Identifier: GPL-2.0 */
/* One line per check, in TAP's manner. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

/* Prints the line of a check; returns `good`. */
__attribute__((format(printf, 2, 3)))
bool check(bool good, const char *name, ...);

__attribute__((format(printf, 1, 2)))
void fail(const char *name, ...);

/* For what this machine cannot test, and why: a check that counts, and is good. */
__attribute__((format(printf, 1, 2)))
void skip(const char *reason, ...);

/* For what the test itself needs: prints errno and exits. */
__attribute__((noreturn))
void die(const char *what);

void section(const char *name);

/* Prints the plan; the exit status: 0 if all checks were good and there were some. */
int conclude(void);

#endif
