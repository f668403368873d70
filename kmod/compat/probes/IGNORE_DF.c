// SPDX-License-Identifier: GPL-2.0
/* no member named .ignore_df */
#include <linux/skbuff.h>

void probe(struct sk_buff *skb)
{
	skb->ignore_df = 1;
}
