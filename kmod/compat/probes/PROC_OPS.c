// SPDX-License-Identifier: GPL-2.0
/* has no member|variable .probe. has initializer but incomplete type */
#include <linux/proc_fs.h>

const struct proc_ops probe = {
	.proc_open = NULL,
};
