/* SPDX-License-Identifier: GPL-2.0 */
/* The few kernel services that the pure files use, for tests in user space. */
#ifndef _NSG_USERSPACE_H
#define _NSG_USERSPACE_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <endian.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define U32_MAX			UINT32_MAX
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT(n)			(1UL << (n))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define swap(a, b)		do { typeof(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a) - 1)) == 0)
#define min_t(t, a, b)		((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define __force
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define BIT_ULL(n)		(1ULL << (n))
#define nsg_uninitialized
#define noinline		__attribute__((noinline))
#define hweight64(x)		__builtin_popcountll(x)
#define cpu_to_be32(x)		htobe32(x)
#define cpu_to_be64(x)		htobe64(x)
#define be32_to_cpu(x)		be32toh(x)
#define be64_to_cpu(x)		be64toh(x)
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))

typedef struct {
	int64_t value;
} atomic64_t;

#define atomic64_set(a, v)		__atomic_store_n(&(a)->value, v, __ATOMIC_SEQ_CST)
#define atomic64_read(a)		__atomic_load_n(&(a)->value, __ATOMIC_SEQ_CST)
#define atomic64_inc(a)			__atomic_add_fetch(&(a)->value, 1, __ATOMIC_SEQ_CST)
#define atomic64_add(v, a)		__atomic_add_fetch(&(a)->value, v, __ATOMIC_SEQ_CST)
#define atomic64_xchg(a, v)		__atomic_exchange_n(&(a)->value, v, __ATOMIC_SEQ_CST)

static inline int64_t atomic64_cmpxchg(atomic64_t *a, int64_t old, int64_t new)
{
	__atomic_compare_exchange_n(&a->value, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

struct hlist_node {
	struct hlist_node *next, **pprev;
};

#ifdef STEPS_COUNTED	/* by reschedule_test.c, which has its own of what takes time in the kernel */
void cond_resched(void);
void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
	  void (*swap)(void *, void *, int));
#else
static inline void cond_resched(void)
{
}

static inline void sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *),
			void (*swap)(void *, void *, int))
{
	(void)swap;
	if (count)
		qsort(base, count, size, compare);
}
#endif

static inline int fls64(u64 word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

static inline int hweight8(u8 bits)
{
	return __builtin_popcount(bits);
}

static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static inline void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *at = start;

	for (; bytes; bytes--, at++)
		if (*at != (u8)c)
			return (void *)at;
	return NULL;
}

/* Allocations count down this many successes and then fail; negative for never. Set by tests. */
extern long userspace_allocations;

static inline void *nsg_kvzalloc(size_t bytes)
{
	if (!userspace_allocations)
		return NULL;
	if (userspace_allocations > 0)
		userspace_allocations--;
	return calloc(1, bytes ? bytes : 1);
}

static inline void nsg_kvfree(const void *at)
{
	free((void *)at);
}

#define GFP_ATOMIC		0
#define __GFP_NOWARN		0
#define SLAB_HWCACHE_ALIGN	0

#define kzalloc(bytes, flags)	nsg_kvzalloc(bytes)
#define kfree(at)		nsg_kvfree(at)

struct kmem_cache {
	size_t size;
};

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, unsigned long flags,
						   void (*constructor)(void *))
{
	struct kmem_cache *cache = nsg_kvzalloc(sizeof(*cache));

	if (cache)
		cache->size = size;
	return cache;
}

#define kmem_cache_zalloc(cache, flags)	nsg_kvzalloc((cache)->size)
#define kmem_cache_free(cache, at)	nsg_kvfree(at)
#define kmem_cache_destroy(cache)	nsg_kvfree(cache)

#endif /* _NSG_USERSPACE_H */
