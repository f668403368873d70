/* SPDX-License-Identifier: GPL-2.0 */
/* What the engine's files use beyond userspace.h; force-included when they are built for tests. */
#ifndef _NSG_ENGINE_USERSPACE_H
#define _NSG_ENGINE_USERSPACE_H

#include <endian.h>
#include <linux/types.h>

#ifndef BIT_ULL
#define BIT_ULL(n)		(1ULL << (n))
#endif
#ifndef DIV_ROUND_UP
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#endif
#ifndef cpu_to_be32
#define cpu_to_be32(x)		htobe32(x)
#endif
#ifndef be32_to_cpu
#define be32_to_cpu(x)		be32toh(x)
#define be64_to_cpu(x)		be64toh(x)
#endif
#ifndef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#endif
#ifndef noinline
#define noinline		__attribute__((noinline))
#endif
#ifndef hweight64
#define hweight64(x)		__builtin_popcountll(x)
#endif
#ifndef swap
#define swap(a, b)		do { typeof(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#endif

#endif /* _NSG_ENGINE_USERSPACE_H */
