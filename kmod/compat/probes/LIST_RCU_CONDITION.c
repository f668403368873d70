// SPDX-License-Identifier: GPL-2.0
/* passed 4 arguments, but takes just 3 */
#include <linux/rculist.h>

struct entry {
	struct list_head list;
};

void probe(struct list_head *head)
{
	struct entry *entry;

	list_for_each_entry_rcu(entry, head, list, true)
		;
}
