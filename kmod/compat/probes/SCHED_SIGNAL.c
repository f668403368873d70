// SPDX-License-Identifier: GPL-2.0
/* linux/sched/signal.h: No such file or directory */
#include <linux/sched/signal.h>
