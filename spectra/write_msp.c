#include "spectra/write_impl.h"

#include "spectra/dquote.h"

#include <string.h>

/* Whether the key begins with the letters, blanks, '_' and '-' ignored. */
static bool begins_with(const char *key, const char *letters)
{
    for (; *letters; key++) {
        if (*key == ' ' || *key == '_' || *key == '-')
            continue;
        if ((*key | 32) != *letters++)
            return false;
    }
    return true;
}

/* A second name would begin a record, a count its peaks, and "KEY#: a; b: c" is two pairs. */
static bool is_special(const char *key, const char *value)
{
    return begins_with(key, "name") || begins_with(key, "num") || (key[strlen(key) - 1] == '#' && strchr(value, ';'));
}

nps_status nps_write_msp(nps_buf *out, const nps_spectrum *s, nps_err *err)
{
    static const nps_write_style style = {.separator = ": ", .precursor_key = "PrecursorMZ", .is_special = is_special};
    nps_status st = nps_write_check_peaks(s, err);
    if (st == NPS_OK)
        st = nps_write_pairs(out, s, &style, err);
    if (st != NPS_OK)
        return st;
    nps_buf_printf(out, "Num Peaks: %zu\n", s->peaks.n);
    for (size_t i = 0; i < s->peaks.n; i++) {
        nps_buf_put_double(out, s->peaks.mz[i]);
        nps_buf_putc(out, ' ');
        nps_buf_put_float(out, s->peaks.intensity[i]);
        if (s->peaks.note && s->peaks.note[i]) {
            nps_buf_putc(out, ' ');
            nps_dquote_put(out, s->peaks.note[i]);
        }
        nps_buf_putc(out, '\n');
    }
    nps_buf_putc(out, '\n');
    return NPS_OK;
}
