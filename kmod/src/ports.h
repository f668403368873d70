/* SPDX-License-Identifier: GPL-2.0 */
/* A value for each port: a table of 256 pages of 256, of which equal ones are kept once. */
#ifndef _NSG_PORTS_H
#define _NSG_PORTS_H

#include "sweep.h"

#define NSG_PORTS_PAGE	256U

struct nsg_ports {
	u32 *values;		/* page after page; NULL if the value is `absent` whatever the port */
	size_t bytes;
	u32 absent;		/* value of a packet without ports */
	u32 page[65536 / NSG_PORTS_PAGE];	/* where in `values` it begins */
};

/* Each interval's ports get the interval's element of `values`. Returns false, with budget->error, on failure. */
bool nsg_ports_build(struct nsg_ports *ports, const struct nsg_axis *axis, const u32 *values, u32 absent,
		     struct nsg_budget *budget);

void nsg_ports_free(struct nsg_ports *ports, struct nsg_budget *budget);

static __always_inline u32 nsg_ports_find(const struct nsg_ports *ports, u32 port)
{
	if (!ports->values)
		return ports->absent;
	return ports->values[ports->page[port / NSG_PORTS_PAGE] + port % NSG_PORTS_PAGE];
}

#endif /* _NSG_PORTS_H */
