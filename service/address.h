/* Which network addresses an outgoing request may reach. Pure. */
#ifndef NPS_SERVICE_ADDRESS_H
#define NPS_SERVICE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for global unicast addresses only: not loopback, private, link-local, shared, documentation, benchmark, multicast
 * or reserved ranges (IANA special-purpose registries, RFC 6890), also when an IPv4 address hides in an IPv6 one (mapped,
 * NAT64, 6to4). Other families: false. */
bool nps_address_is_public(const struct sockaddr *a);

#endif
