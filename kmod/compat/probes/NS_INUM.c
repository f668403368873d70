/* no member named .(ns|inum) */
#include <net/net_namespace.h>

unsigned int probe(const struct net *net)
{
	return net->ns.inum;
}
