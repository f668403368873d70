// SPDX-License-Identifier: GPL-2.0
/* Settling candidates by their predicates. */
#include "search.h"

static bool must_be_verified(const struct nsg_chain *chain, u32 place)
{
	return chain->verify && chain->verify[place / NSG_WORD_RULES] >> (place % NSG_WORD_RULES) & 1;
}

u32 nsg_search_settle(const struct nsg_search *search, u32 place)
{
	const struct nsg_predicates *predicates = search->matcher->predicates;
	const struct nsg_chain *chain = search->chain;
	bool ipv6 = search->key->family == NSGATE_FAMILY_IPV6;

	while (place != NSG_NO_PLACE && must_be_verified(chain, place) &&
	       !nsg_predicate_holds(predicates, chain->order[place], search->key))
		place = nsg_search_from(search, place + 1, ipv6);
	return place;
}
