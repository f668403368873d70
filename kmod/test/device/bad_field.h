/* SPDX-License-Identifier: GPL-2.0 */
/* Bad values of single fields. */
#ifndef BAD_FIELD_H
#define BAD_FIELD_H

#include "../wire.h"

/*
 * Has each field of the good commit, and of requests of other kinds, take each of its bad values. Returns how many of
 * the `*tried` were not refused in their place, and prints the first of those.
 */
unsigned long bad_fields(const struct wire *good, unsigned long *tried);

#endif
