#include "service/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void put6(const struct in6_addr *a, char text[static NPS_PEER_TEXT])
{
    if (IN6_IS_ADDR_V4MAPPED(a))
        inet_ntop(AF_INET, a->s6_addr + 12, text, NPS_PEER_TEXT);
    else
        inet_ntop(AF_INET6, a, text, NPS_PEER_TEXT);
}

bool nps_peer_is_loopback(const struct sockaddr *a)
{
    char text[NPS_PEER_TEXT];
    nps_peer_text(a, text);
    return strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
}

void nps_peer_text(const struct sockaddr *a, char ret_text[static NPS_PEER_TEXT])
{
    *ret_text = '\0';
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, ret_text, NPS_PEER_TEXT);
    else if (a && a->sa_family == AF_INET6)
        put6(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, ret_text);
}

bool nps_peer_forwarded(nps_span value, char ret_text[static NPS_PEER_TEXT])
{
    char last[NPS_PEER_TEXT];
    struct in_addr four;
    struct in6_addr six;
    size_t at = value.n;
    while (at && value.p[at - 1] != ',')
        at--;
    nps_span element = nps_span_trim((nps_span){value.p + at, value.n - at});
    if (!element.n || element.n >= sizeof last)
        return false;
    memcpy(last, element.p, element.n);
    last[element.n] = '\0';
    if (inet_pton(AF_INET, last, &four) == 1)
        inet_ntop(AF_INET, &four, ret_text, NPS_PEER_TEXT);
    else if (inet_pton(AF_INET6, last, &six) == 1)
        put6(&six, ret_text);
    else
        return false;
    return true;
}

void nps_peer_subject(const char *peer, char ret_text[static NPS_PEER_TEXT])
{
    struct in6_addr six;
    if (inet_pton(AF_INET6, peer, &six) == 1) {
        memset(six.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &six, ret_text, NPS_PEER_TEXT);
    } else {
        size_t n = strnlen(peer, NPS_PEER_TEXT - 1);
        memcpy(ret_text, peer, n);
        ret_text[n] = '\0';
    }
}
