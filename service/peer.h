/* Who is at the other end of a connection, as a numeric address. Pure. */
#ifndef NPS_SERVICE_PEER_H
#define NPS_SERVICE_PEER_H

#include "core/scan.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { NPS_PEER_TEXT = 46 };

/* 127.0.0.0/8 and ::1, also as an IPv4 address inside an IPv6 one. NULL and other families: false. */
bool nps_peer_is_loopback(const struct sockaddr *a);

/* "192.0.2.1" or "2001:db8::1"; an IPv4 address inside an IPv6 one as the former; "" for NULL and other families, which a Unix
 * socket is. */
void nps_peer_text(const struct sockaddr *a, char ret_text[static NPS_PEER_TEXT]);

/* The last element of an X-Forwarded-For: what the nearest proxy has seen itself; those before it are what clients say. Written
 * as nps_peer_text does. False, with *ret_text untouched, when it is no plain address (a port, a name, "unknown"). */
bool nps_peer_forwarded(nps_span value, char ret_text[static NPS_PEER_TEXT]);

/* What counts as one caller: an IPv4 address, or the first 64 bits of an IPv6 one, as one subscriber has that many at least. */
void nps_peer_subject(const char *peer, char ret_text[static NPS_PEER_TEXT]);

#endif
