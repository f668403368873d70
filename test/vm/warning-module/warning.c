// SPDX-License-Identifier: GPL-2.0-only
/* Makes the kernel warn when inserted: the runner's test that it notices. */
#include <linux/bug.h>
#include <linux/module.h>

static int __init warning_init(void)
{
	WARN(true, "the runner must notice this");
	return 0;
}

static void __exit warning_exit(void)
{
}

module_init(warning_init);
module_exit(warning_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Warns when inserted, to test what watches for warnings");
