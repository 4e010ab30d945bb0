/* What must hold for any input of any reader: whatever it accepts is a valid spectrum and survives writing and reading;
 * whatever it refuses is refused at a place. */
#ifndef NPS_TESTS_FUZZ_READER_PROPERTY_H
#define NPS_TESTS_FUZZ_READER_PROPERTY_H

#include "spectra/read_impl.h"
#include "spectra/write.h"
#include "tests/support/spectrum_same.h"

static inline void check_round_trip(const nps_spectrum *s, nps_write_format format, const nps_format *reader_format)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)16 << 20);
    NPS_ASSERT(nps_write_spectrum(&text, format, s, NULL) == NPS_OK);
    nps_read_limits limits = nps_read_limits_for_upload();
    NPS_AUTO(nps_reader) r = NULL;
    NPS_ASSERT(nps_reader_open_as(reader_format, text.data, text.len, &limits, &r, NULL) == NPS_OK);
    NPS_AUTO(nps_spectrum) back = NULL;
    NPS_ASSERT(nps_reader_next(r, &back, NULL) == NPS_OK && back);
    NPS_ASSERT(!nps_spectrum_difference(s, back));
    nps_spectrum *more = NULL;
    NPS_ASSERT(nps_reader_next(r, &more, NULL) == NPS_OK && !more);
}

static inline void check_spectrum(const nps_format *format, const nps_spectrum *s)
{
    NPS_ASSERT((s->line > 0) != format->binary);
    if (!nps_technique_is_mass(s->technique)) {
        NPS_ASSERT(!s->peaks.n && nps_trace_check(&s->trace, NULL) == NPS_OK);
        check_round_trip(s, NPS_WRITE_JCAMP, &nps_format_jcamp);
        return;
    }
    NPS_ASSERT(s->peaks.n && !s->trace.n && nps_peaks_check(&s->peaks, NULL) == NPS_OK);
    check_round_trip(s, NPS_WRITE_MSP, &nps_format_msp);
    check_round_trip(s, NPS_WRITE_MGF, &nps_format_mgf);
    check_round_trip(s, NPS_WRITE_JCAMP, &nps_format_jcamp);
}

static inline void check_reader(const nps_format *format, const void *data, size_t size)
{
    const nps_read_limits limits = {.max_bytes = 1 << 20, .max_records = 200, .max_points = 4000, .max_line = 4000};
    nps_err err;
    NPS_AUTO(nps_reader) r = NULL;
    NPS_ASSERT(nps_reader_open_as(format, data, size, &limits, &r, &err) == NPS_OK);
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        err = (nps_err){0};
        nps_status st = nps_reader_next(r, &s, &err);
        if (st != NPS_OK) {
            NPS_ASSERT(err.code == st && (err.line > 0) != format->binary && err.offset <= size && err.msg[0] && !s);
            continue;
        }
        if (!s)
            return;
        check_spectrum(format, s);
    }
}

#endif
