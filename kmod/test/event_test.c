// SPDX-License-Identifier: GPL-2.0
/* The event ring loses what it says that it loses, and token buckets neither give too much nor forget a packet. */
#include <pthread.h>

#include "../src/bucket.h"
#include "../src/ring.h"
#include "check.h"

#define SECOND	1000000000ULL
#define THREADS	4
#define TAKES	200000

long userspace_allocations = -1;

/* Adds events whose time is their number, so that a copy can be told to be the right one. */
static void add(struct nsg_ring *ring, uint64_t count)
{
	struct nsgate_event event = { .type = NSGATE_EVENT_BORN, .number = 12345 };

	for (; count; count--) {
		event.time = ring->last + 1;
		nsg_ring_add(ring, &event);
	}
}

/* A reader at `cursor` reads `most` at a time to the end; whether it got every event that is held, in order. */
static bool reads_all(const struct nsg_ring *ring, uint64_t cursor, uint32_t most)
{
	uint64_t lost = nsg_ring_lost(ring, cursor), at = cursor + lost;
	struct nsgate_event *to = calloc(most, sizeof(*to));
	uint32_t got;
	bool good = true;

	while ((got = nsg_ring_copy(ring, at, to, most)))
		for (uint32_t i = 0; i < got; i++, at++)
			good &= to[i].number == at + 1 && to[i].time == at + 1;
	free(to);
	return good && at == ring->last && (!lost || ring->last - cursor - lost == NSGATE_EVENT_RING);
}

static void test_ring(void)
{
	static const uint64_t counts[] = { 0, 1, 100, NSGATE_EVENT_RING - 101, 1, 1, 5 * NSGATE_EVENT_RING + 3 };
	struct nsg_ring ring = { .events = calloc(NSGATE_EVENT_RING, sizeof(struct nsgate_event)) };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		bool good = true;

		add(&ring, counts[i]);
		for (uint64_t cursor = 0; cursor <= ring.last; cursor += 1 + ring.last / 50)
			good &= reads_all(&ring, cursor, 1 + cursor % 1500);
		check(good && reads_all(&ring, ring.last, 7), "of %llu events each reader gets those that are held, and is told of the rest",
		      (unsigned long long)ring.last);
	}
	check(nsg_ring_lost(&ring, 0) == ring.last - NSGATE_EVENT_RING && !nsg_ring_lost(&ring, ring.last - NSGATE_EVENT_RING) &&
	      nsg_ring_lost(&ring, ring.last - NSGATE_EVENT_RING - 1) == 1, "the count of lost events is exact at its edges");
	free(ring.events);
}

/* How many of `calls` calls, `apart` nanoseconds from one another, get a token. */
static uint32_t taken(struct nsg_bucket *bucket, uint64_t *now, uint32_t calls, uint64_t apart, uint64_t *told)
{
	uint64_t suppressed;
	uint32_t count = 0;

	for (; calls; calls--, *now += apart)
		if (nsg_bucket_take(bucket, *now, &suppressed)) {
			count++;
			*told += suppressed;
		}
	return count;
}

static void test_bucket(uint16_t rate, uint16_t burst)
{
	uint64_t now = 77 * SECOND, told = 0;
	struct nsg_bucket bucket;
	uint32_t at_once, in_ten, last, calls = burst + 100;

	nsg_bucket_init(&bucket, rate, burst);
	at_once = taken(&bucket, &now, calls, 0, &told);
	check(at_once == burst && !told, "rate %u, burst %u: of %u at once %u are taken", rate, burst, calls, at_once);
	in_ten = taken(&bucket, &now, 1000000, SECOND / 100000, &told);
	check(in_ten <= 10ULL * rate && in_ten + 1 + rate / 100 >= 10ULL * rate, "then %u in ten seconds", in_ten);
	now += (burst + 1ULL) * SECOND;
	last = taken(&bucket, &now, 1, 0, &told);
	check(last == 1 && told + at_once + in_ten + last == calls + 1000001ULL, "taken and suppressed add up to all calls");
	check(taken(&bucket, &now, burst, 0, &told) == burst - 1U, "after a long rest the bucket is full, and no fuller");
}

static void test_succession(void)
{
	uint64_t now = SECOND, told = 0;
	struct nsg_bucket old, new;

	nsg_bucket_init(&old, 1, 5);
	taken(&old, &now, 8, 0, &told);
	nsg_bucket_init(&new, 1, 5);
	nsg_bucket_follow(&new, &old, now);
	check(!taken(&new, &now, 2, 0, &told), "a bucket that follows an empty one is empty");
	nsg_bucket_inherit(&new, &old);
	now += SECOND;
	check(taken(&new, &now, 1, 0, &told) == 1 && told == 5, "and tells what both have suppressed");
	nsg_bucket_init(&old, 1, 600);
	taken(&old, &now, 700, 0, &told);
	nsg_bucket_init(&new, 1000, 1);
	nsg_bucket_follow(&new, &old, now);
	now += SECOND / 1000;
	check(taken(&new, &now, 1, 0, &told) == 1, "a faster one has a token back in its own time, not in that of the slower");
}

static struct nsg_bucket shared;

static void *take_many(void *sum)
{
	uint64_t suppressed, now = SECOND;

	for (int i = 0; i < TAKES; i++, now += 1000)
		if (nsg_bucket_take(&shared, now, &suppressed))
			*(uint64_t *)sum += 1 + suppressed;
	return NULL;
}

static void test_threads(void)
{
	uint64_t sums[THREADS] = { 0 }, sum = 0, suppressed;
	pthread_t threads[THREADS];

	nsg_bucket_init(&shared, 1000, 10);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, take_many, &sums[i]))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += sums[i];
	}
	check(nsg_bucket_take(&shared, 100 * SECOND, &suppressed) && sum + suppressed == THREADS * TAKES,
	      "%u threads take from one bucket: the sum is exact", THREADS);
}

int main(void)
{
	test_ring();
	test_bucket(1, 1);
	test_bucket(1, 65535);
	test_bucket(10, 3);
	test_bucket(7, 20);
	test_bucket(1000, 1);
	test_bucket(65535, 65535);
	test_succession();
	test_threads();
	return conclude();
}
