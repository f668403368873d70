/* SPDX-License-Identifier: GPL-2.0 */
/* What rulesets may ask for. Each check ends the program if it fails. */
#ifndef _NSG_ENGINE_LIMITS_H
#define _NSG_ENGINE_LIMITS_H

#include "engine-sample.h"

void check_accepted_by_parser(const struct nsgate_ruleset *ruleset);
void check_limits(void);

#endif /* _NSG_ENGINE_LIMITS_H */
