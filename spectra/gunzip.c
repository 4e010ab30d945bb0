#include "spectra/gunzip.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

bool nps_gunzip_is(const void *data, size_t len)
{
    const unsigned char *p = data;
    return len >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

nps_status nps_gunzip(const void *data, size_t len, const nps_read_limits *limits, char **ret_text, size_t *ret_len,
                      nps_err *err)
{
    z_stream z = {0};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return nps_fail_nomem(err);
    NPS_AUTO_BUF out = NPS_BUF_INIT(limits->max_bytes);
    const unsigned char *in = data;
    size_t used = 0;
    char piece[65536];
    nps_status st = NPS_OK;
    for (bool done = false; !done && st == NPS_OK;) {
        size_t give = len - used < (1u << 20) ? len - used : 1u << 20;
        z.next_in = (z_const Bytef *)(in + used);
        z.avail_in = (uInt)give;
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof piece;
        int rc = inflate(&z, Z_NO_FLUSH);
        used += give - z.avail_in;
        size_t got = sizeof piece - z.avail_out;
        nps_buf_add(&out, piece, got);
        if (out.failed == NPS_E_LIMIT)
            st = nps_fail(err, NPS_E_LIMIT, "the file inflates to more than the limit of %zu bytes", limits->max_bytes);
        else if (out.failed)
            st = nps_fail_nomem(err);
        else if (out.len > (size_t)1 << 20 && (double)out.len > limits->max_gzip_ratio * (double)used)
            st = nps_fail(err, NPS_E_LIMIT, "the file inflates to more than %.0f times its size", limits->max_gzip_ratio);
        else if (rc == Z_STREAM_END) {
            /* Members may follow each other; bytes that are no member are padding, as gzip itself treats them. */
            done = !nps_gunzip_is(in + used, len - used);
            if (!done && inflateReset(&z) != Z_OK)
                st = nps_fail_nomem(err);
        } else if (rc == Z_MEM_ERROR)
            st = nps_fail_nomem(err);
        else if (rc == Z_BUF_ERROR || (rc == Z_OK && !got && used == len))
            st = nps_fail_at(err, NPS_E_FORMAT, 0, used, "the gzip file ends in the middle");
        else if (rc != Z_OK)
            st = nps_fail_at(err, NPS_E_FORMAT, 0, used, "the gzip file is damaged (%s)", z.msg ? z.msg : "no details");
    }
    inflateEnd(&z);
    if (st != NPS_OK)
        return st;
    *ret_len = out.len;
    *ret_text = nps_buf_detach(&out);
    return *ret_text ? NPS_OK : nps_fail_nomem(err);
}

nps_status nps_inflate(nps_span packed, size_t max_bytes, double max_ratio, nps_buf *out, nps_err *err)
{
    z_stream z = {0};
    if (inflateInit(&z) != Z_OK)
        return nps_fail_nomem(err);
    nps_buf_clear(out);
    out->max = max_bytes;
    size_t used = 0;
    char piece[16384];
    nps_status st = NPS_OK;
    for (int rc = Z_OK; rc != Z_STREAM_END && st == NPS_OK;) {
        size_t give = packed.n - used < (1u << 20) ? packed.n - used : 1u << 20;
        z.next_in = (z_const Bytef *)(packed.p + used);
        z.avail_in = (uInt)give;
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof piece;
        rc = inflate(&z, Z_NO_FLUSH);
        used += give - z.avail_in;
        nps_buf_add(out, piece, sizeof piece - z.avail_out);
        if (out->failed == NPS_E_LIMIT)
            st = nps_fail(err, NPS_E_LIMIT, "zlib data inflate to more than %zu bytes", max_bytes);
        else if (out->failed || rc == Z_MEM_ERROR)
            st = nps_fail_nomem(err);
        else if (out->len > (size_t)1 << 20 && (double)out->len > max_ratio * (double)used)
            st = nps_fail(err, NPS_E_LIMIT, "zlib data inflate to more than %.0f times their size", max_ratio);
        else if (rc == Z_BUF_ERROR)
            st = nps_fail(err, NPS_E_FORMAT, "the zlib data end in the middle");
        else if (rc != Z_OK && rc != Z_STREAM_END)
            st = nps_fail(err, NPS_E_FORMAT, "the zlib data are damaged (%s)", z.msg ? z.msg : "no details");
    }
    inflateEnd(&z);
    return st;
}
