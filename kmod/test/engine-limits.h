/* SPDX-License-Identifier: GPL-2.0 */
/* What rulesets may ask for. Each check ends the program if it fails. */
#ifndef _NSG_ENGINE_LIMITS_H
#define _NSG_ENGINE_LIMITS_H

#include "engine-sample.h"

/* Says what is wrong and ends the program with 1: what an engine answers that is wrong once tells nothing more. */
__attribute__((noreturn, format(printf, 1, 2)))
void give_up(const char *format, ...);

void check_accepted_by_parser(const struct nsgate_ruleset *ruleset);
void check_limits(void);

#endif /* _NSG_ENGINE_LIMITS_H */
