// SPDX-License-Identifier: GPL-2.0
/* A token bucket that all CPUs share without a lock. */
#include "bucket.h"

#define SECOND	1000000000U	/* nanoseconds */

void nsg_bucket_init(struct nsg_bucket *bucket, u16 rate, u16 burst)
{
	atomic64_set(&bucket->due, 0);
	atomic64_set(&bucket->suppressed, 0);
	bucket->interval = DIV_ROUND_UP(SECOND, (u32)rate);
	bucket->room = bucket->interval * (burst - 1U);
}

bool nsg_bucket_take(struct nsg_bucket *bucket, u64 now, u64 *suppressed)
{
	u64 due, from;

	do {
		due = atomic64_read(&bucket->due);
		from = due > now ? due : now;
		if (from - now > bucket->room) {
			atomic64_inc(&bucket->suppressed);
			return false;
		}
	} while (atomic64_cmpxchg(&bucket->due, due, from + bucket->interval) != due);
	*suppressed = atomic64_xchg(&bucket->suppressed, 0);
	return true;
}

void nsg_bucket_follow(struct nsg_bucket *bucket, const struct nsg_bucket *old, u64 now)
{
	u64 due = atomic64_read(&old->due);
	u64 out = due > now ? DIV_ROUND_UP(due - now, old->interval) : 0;

	atomic64_set(&bucket->due, now + min_t(u64, out * bucket->interval, bucket->room + bucket->interval));
}

void nsg_bucket_inherit(struct nsg_bucket *bucket, const struct nsg_bucket *old)
{
	atomic64_add(atomic64_read(&old->suppressed), &bucket->suppressed);
}
