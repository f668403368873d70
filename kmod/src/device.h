/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/nsgate. */
#ifndef _NSG_DEVICE_H
#define _NSG_DEVICE_H

int nsg_device_start(void);
void nsg_device_stop(void);

#endif /* _NSG_DEVICE_H */
