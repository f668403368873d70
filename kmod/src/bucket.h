/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket that all CPUs share without a lock: the generic cell rate algorithm (ITU-T I.371). Instead of tokens
 * it keeps the time at which it would be full again. A token costs one interval; one is to be had as long as the bucket
 * would be full within `room`, that is, as long as fewer than all tokens are out.
 *
 * Rate 10 a second, burst 3: interval 100 ms, room 200 ms. Packets at 0, 1, 2, 3 and 101 ms: `due` goes from 0 to 100,
 * 200 and 300 ms; the fourth finds 297 ms to go and is suppressed; the fifth finds 199 and takes the token that came
 * back.
 */
#ifndef _NSG_BUCKET_H
#define _NSG_BUCKET_H

#include "pure.h"

/* The first two fields change at any time, by atomic operations alone. */
struct nsg_bucket {
	atomic64_t due;		/* when it is full again, in nanoseconds */
	atomic64_t suppressed;	/* refused since the last token */
	u64 interval;		/* nanoseconds for a token to come back */
	u64 room;		/* nanoseconds for all tokens but one to come back */
};

/* A full bucket of `burst` tokens (1 or more), of which `rate` a second (1 or more) come back. */
void nsg_bucket_init(struct nsg_bucket *bucket, u16 rate, u16 burst);

/*
 * Takes a token at time `now` of a clock that does not go back. If there was one, `*suppressed` tells how often there
 * was none since the last: over time, tokens and what they tell add up to exactly the calls.
 */
bool nsg_bucket_take(struct nsg_bucket *bucket, u64 now, u64 *suppressed);

/* As many tokens are out as of another bucket at time `now`, whatever its rate, or all. */
void nsg_bucket_follow(struct nsg_bucket *bucket, const struct nsg_bucket *old, u64 now);

/* Takes over what `old` did not tell yet, when nobody uses that any more. */
void nsg_bucket_inherit(struct nsg_bucket *bucket, const struct nsg_bucket *old);

#endif /* _NSG_BUCKET_H */
