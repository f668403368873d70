/* SPDX-License-Identifier: GPL-2.0 */
/* Macros that later kernels have. */
#ifndef _NSG_COMPAT_LANGUAGE_H
#define _NSG_COMPAT_LANGUAGE_H

#include <asm/barrier.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/rculist.h>

/* 3.19; RHEL 7.2 */
#ifndef READ_ONCE
#define READ_ONCE(x)		ACCESS_ONCE(x)
#endif
#ifndef WRITE_ONCE
#define WRITE_ONCE(x, value)	(ACCESS_ONCE(x) = (value))
#endif

/* 3.14; RHEL 7 */
#ifndef smp_store_release
/* What was written before is seen before. */
#define smp_store_release(at, value)	do { smp_mb(); ACCESS_ONCE(*(at)) = (value); } while (0)
#endif
#ifndef U16_MAX
#define U16_MAX			((u16)~0U)
#endif
#ifndef U32_MAX
#define U32_MAX			((u32)~0U)
#endif

/* A variable that stays as it is until it is written, on kernels that otherwise clear all of them. */
#ifdef __has_attribute
#if __has_attribute(__uninitialized__)
#define nsg_uninitialized	__attribute__((__uninitialized__))
#endif
#endif
#ifndef nsg_uninitialized
#define nsg_uninitialized
#endif

#ifndef BIT_ULL		/* 3.11 */
#define BIT_ULL(nr)		(1ULL << (nr))
#endif

/* A list that is added to by RCU at any time, and taken from under `mutex` only, which the walker holds. */
#ifdef HAVE_LIST_RCU_CONDITION		/* 5.4 */
#define nsg_list_for_each_rcu(at, head, member, mutex)	\
	list_for_each_entry_rcu(at, head, member, lockdep_is_held(mutex))
#else
#define nsg_list_for_each_rcu(at, head, member, mutex)	list_for_each_entry_rcu(at, head, member)
#endif

#endif /* _NSG_COMPAT_LANGUAGE_H */
