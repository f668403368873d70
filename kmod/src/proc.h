/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/nsgate: namespaces, bindings and rulesets, for a person. */
#ifndef _NSG_PROC_H
#define _NSG_PROC_H

/* The inode whose line in /proc/nsgate and in the kernel's log is marked; 0 for none. */
extern unsigned int nsg_marked_inode;

/* What stands after the line of a namespace with this inode. */
const char *nsg_mark(unsigned int inode);

int nsg_proc_start(void);
void nsg_proc_stop(void);

#endif /* _NSG_PROC_H */
