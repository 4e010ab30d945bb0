#include "spectra/write_impl.h"

#include "spectra/dquote.h"

static bool is_special(const char *key, const char *value)
{
    (void)value;
    return nps_span_starts(nps_span_of(key), "num");
}

/* The third column of MGF is the rest of the line; it needs quotes only where it begins with one. */
static void put_note(nps_buf *out, const char *note)
{
    nps_buf_putc(out, ' ');
    if (note[0] == '"')
        nps_dquote_put(out, note);
    else
        nps_buf_puts(out, note);
}

nps_status nps_write_mgf(nps_buf *out, const nps_spectrum *s, nps_err *err)
{
    static const nps_write_style style = {
        .separator = "=", .upper = true, .precursor_key = "PEPMASS", .is_special = is_special};
    nps_status st = nps_write_check_peaks(s, err);
    if (st != NPS_OK)
        return st;
    nps_buf_puts(out, "BEGIN IONS\n");
    st = nps_write_pairs(out, s, &style, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < s->peaks.n; i++) {
        nps_buf_put_double(out, s->peaks.mz[i]);
        nps_buf_putc(out, ' ');
        nps_buf_put_float(out, s->peaks.intensity[i]);
        if (s->peaks.note && s->peaks.note[i])
            put_note(out, s->peaks.note[i]);
        nps_buf_putc(out, '\n');
    }
    nps_buf_puts(out, "END IONS\n\n");
    return NPS_OK;
}
