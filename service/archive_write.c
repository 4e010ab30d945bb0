#include "service/archive_write.h"

#include <stdlib.h>
#include <string.h>

struct nps_zip {
    nps_buf body, directory;
    size_t max_bytes, n;
};

/* CRC-32 of ISO 3309, as zip asks for; a small table, as exports are rare. */
static uint32_t crc32_of(const char *p, size_t n)
{
    static const uint32_t nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t c = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)p[i];
        c = nibble[c & 15] ^ c >> 4;
        c = nibble[c & 15] ^ c >> 4;
    }
    return ~c;
}

static void put(nps_buf *b, uint32_t v, int width)
{
    for (int i = 0; i < width; i++)
        nps_buf_putc(b, (char)(v >> 8 * i));
}

nps_status nps_zip_new(size_t max_bytes, nps_zip **ret_zip, nps_err *err)
{
    nps_zip *z = nps_array(1, sizeof *z);
    if (!z)
        return nps_fail_nomem(err);
    z->max_bytes = max_bytes;
    z->body = NPS_BUF_INIT(max_bytes);
    z->directory = NPS_BUF_INIT(max_bytes);
    *ret_zip = z;
    return NPS_OK;
}

void nps_zip_free(nps_zip *z)
{
    if (!z)
        return;
    nps_buf_done(&z->body);
    nps_buf_done(&z->directory);
    free(z);
}

/* What both headers share: version to extract, UTF-8 flag, stored, 1980-01-01, sum, sizes, length of the name, no extra field. */
static void put_common(nps_buf *b, uint32_t crc, uint32_t size, size_t name_n)
{
    put(b, 20, 2);
    put(b, 0x0800, 2);
    put(b, 0, 2);
    put(b, 0, 2);
    put(b, 0x0021, 2);
    put(b, crc, 4);
    put(b, size, 4);
    put(b, size, 4);
    put(b, (uint32_t)name_n, 2);
    put(b, 0, 2);
}

nps_status nps_zip_add(nps_zip *z, const char *name, nps_span bytes, nps_err *err)
{
    size_t name_n = strlen(name), at = z->body.len;
    if (at + z->directory.len + bytes.n + 2 * name_n + 200 > z->max_bytes || z->n == UINT16_MAX)
        return nps_fail(err, NPS_E_LIMIT, "what is to be exported is larger than %zu MiB", z->max_bytes >> 20);
    uint32_t crc = crc32_of(bytes.p, bytes.n);
    put(&z->body, 0x04034b50, 4);
    put_common(&z->body, crc, (uint32_t)bytes.n, name_n);
    nps_buf_add(&z->body, name, name_n);
    nps_buf_add(&z->body, bytes.p, bytes.n);
    put(&z->directory, 0x02014b50, 4);
    put(&z->directory, 20, 2);
    put_common(&z->directory, crc, (uint32_t)bytes.n, name_n);
    put(&z->directory, 0, 2); /* comment */
    put(&z->directory, 0, 2); /* disk */
    put(&z->directory, 0, 2); /* attributes */
    put(&z->directory, 0, 4);
    put(&z->directory, (uint32_t)at, 4);
    nps_buf_add(&z->directory, name, name_n);
    z->n++;
    nps_status st = nps_buf_check(&z->body, err);
    return st == NPS_OK ? nps_buf_check(&z->directory, err) : st;
}

nps_status nps_zip_end(nps_zip *z, nps_buf *out, nps_err *err)
{
    nps_buf_add(out, z->body.data ? z->body.data : "", z->body.len);
    nps_buf_add(out, z->directory.data ? z->directory.data : "", z->directory.len);
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, (uint32_t)z->n, 2);
    put(out, (uint32_t)z->n, 2);
    put(out, (uint32_t)z->directory.len, 4);
    put(out, (uint32_t)z->body.len, 4);
    put(out, 0, 2);
    return nps_buf_check(out, err);
}
