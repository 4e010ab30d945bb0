/* JCAMP-DX: whatever is accepted is valid and survives writing and reading; whatever is refused is refused with a line. */
#include "core/mem.h"
#include "spectra/read_impl.h"
#include "spectra/write_impl.h"
#include "tests/support/spectrum_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static nps_reader *open_text(const void *text, size_t len)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_points = 20000;
    limits.max_records = 200;
    nps_reader *r = NULL;
    NPS_ASSERT(nps_reader_open_as(&nps_format_jcamp, text, len, &limits, &r, NULL) == NPS_OK);
    return r;
}

static void check_same_again(const nps_spectrum *s)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)16 << 20);
    nps_err err = {0};
    NPS_ASSERT(nps_write_jcamp(&text, s, &err) == NPS_OK);
    NPS_AUTO(nps_reader) r = open_text(text.data, text.len);
    NPS_AUTO(nps_spectrum) again = NULL;
    nps_status st = nps_reader_next(r, &again, &err);
    const char *difference = st == NPS_OK && again ? nps_spectrum_difference(s, again) : err.msg;
    if (difference)
        fprintf(stderr, "lost on the way: %s\n%s", difference, text.data);
    NPS_ASSERT(!difference);
}

static void check_valid(const nps_spectrum *s)
{
    if (nps_technique_is_mass(s->technique))
        NPS_ASSERT(s->peaks.n > 0 && nps_peaks_check(&s->peaks, NULL) == NPS_OK);
    else
        NPS_ASSERT(nps_trace_check(&s->trace, NULL) == NPS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    NPS_AUTO(nps_reader) r = open_text(data, size);
    for (bool more = true; more;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_err err = {0};
        nps_status st = nps_reader_next(r, &s, &err);
        if (st != NPS_OK) {
            NPS_ASSERT(err.line > 0 && err.msg[0]);
            continue;
        }
        more = s;
        if (s) {
            check_valid(s);
            check_same_again(s);
        }
    }
    return 0;
}
