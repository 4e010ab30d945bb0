#include "service/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool is_public4(uint32_t a)
{
    static const struct {
        uint32_t net;
        int bits;
    } special[] = {{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
                   {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
                   {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if ((a ^ special[i].net) >> (32 - special[i].bits) == 0)
            return false;
    return true;
}

static uint32_t four_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_public6(const uint8_t *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
        return is_public4(four_at(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02)
        return is_public4(four_at(a + 2));
    /* Global unicast is 2000::/3; inside it 2001::/23 holds protocols (Teredo ...) and 2001:db8::/32, 3fff::/20
     * documentation. */
    if ((a[0] & 0xe0) != 0x20)
        return false;
    if (a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0d && a[3] == 0xb8)))
        return false;
    return !(a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10);
}

bool nps_address_is_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return is_public4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
    if (a->sa_family == AF_INET6)
        return is_public6(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
    return false;
}
