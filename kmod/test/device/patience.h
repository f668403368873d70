/* SPDX-License-Identifier: GPL-2.0 */
/* How much longer than usual the test waits and works, for kernels that are slow because they check themselves. */
#ifndef PATIENCE_H
#define PATIENCE_H

/* $NSGATE_TEST_PATIENCE, a whole number from 1 to 100; 1 if it is not set. Exits on anything else. */
int patience(void);

#endif
