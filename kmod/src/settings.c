// SPDX-License-Identifier: GPL-2.0
/* What user space has set for the whole host. */
#include <linux/cache.h>

#include "settings.h"
#include "netns.h"

struct nsg_settings nsg_settings __read_mostly;

static u8 *field_of(u32 setting)
{
	return setting == NSGATE_SETTING_QUARANTINE ? &nsg_settings.quarantine : &nsg_settings.malformed;
}

bool nsg_settings_apply(const struct nsg_objects *settings)
{
	bool changed = false;
	u32 i;

	lockdep_assert_held(&nsg_lock);
	for (i = 0; i < settings->count; i++) {
		u8 *field = field_of(settings->at[i].setting->setting);
		u8 value = settings->at[i].setting->value;

		changed |= *field != value;
		WRITE_ONCE(*field, value);
	}
	return changed;
}
