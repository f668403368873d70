/* SPDX-License-Identifier: GPL-2.0 */
/* A file in /proc whose text one function writes. */
#ifndef _NSG_COMPAT_PROC_H
#define _NSG_COMPAT_PROC_H

#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#ifdef HAVE_PROC_OPS		/* 5.6 */
#define NSG_PROC_FILE(name, function)						\
	static const struct proc_ops name = {					\
		.proc_open = function,						\
		.proc_read = seq_read,						\
		.proc_lseek = seq_lseek,					\
		.proc_release = single_release,					\
	}
#else
#define NSG_PROC_FILE(name, function)						\
	static const struct file_operations name = {				\
		.owner = THIS_MODULE,						\
		.open = function,						\
		.read = seq_read,						\
		.llseek = seq_lseek,						\
		.release = single_release,					\
	}
#endif

#endif /* _NSG_COMPAT_PROC_H */
