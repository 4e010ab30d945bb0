/* Undoing gzip: damage is refused, size and ratio stay bounded, and what has been packed comes back. */
#include "spectra/gunzip.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nps_read_limits limits = {.max_bytes = 1 << 22, .max_gzip_ratio = 200};

static void check_gunzip(const void *data, size_t size, const void *want, size_t want_len)
{
    char *text = NULL;
    size_t len = 0;
    nps_err err = {0};
    nps_status st = nps_gunzip(data, size, &limits, &text, &len, &err);
    if (st != NPS_OK) {
        NPS_ASSERT(!want && !text && err.code == st && err.msg[0]);
        return;
    }
    NPS_ASSERT(text && len <= limits.max_bytes);
    NPS_ASSERT(!want || (len == want_len && memcmp(text, want, len) == 0));
    free(text);
}

/* One gzip member round the data. */
static size_t pack(const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {0};
    NPS_ASSERT(deflateInit2(&z, 1, Z_DEFLATED, 9 + 16, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = data;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    NPS_ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
    size_t n = room - z.avail_out;
    deflateEnd(&z);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t packed[1 << 16];
    if (nps_gunzip_is(data, size))
        check_gunzip(data, size, NULL, 0);
    if (size && size <= 8192)
        check_gunzip(packed, pack(data, size, packed, sizeof packed), data, size);
    return 0;
}
