/* SPDX-License-Identifier: GPL-2.0 */
/* What user space has set for the whole host. */
#ifndef _NSG_SETTINGS_H
#define _NSG_SETTINGS_H

#include "request.h"

/* Written under nsg_lock; births and packets read one field at a time, whenever they come. */
struct nsg_settings {
	u8 quarantine;		/* NSGATE_SETTING_QUARANTINE */
	u8 malformed;		/* NSGATE_SETTING_MALFORMED */
};

extern struct nsg_settings nsg_settings;

/* Applies the checked settings of a commit; returns whether one of them has changed. Under nsg_lock. */
bool nsg_settings_apply(const struct nsg_objects *settings);

#endif /* _NSG_SETTINGS_H */
