#include "spectra/write_impl.h"

#include <string.h>

bool nps_write_format_parse(nps_span name, nps_write_format *ret_format)
{
    static const struct {
        const char *name;
        nps_write_format format;
    } names[] = {{"msp", NPS_WRITE_MSP},
                 {"mgf", NPS_WRITE_MGF},
                 {"jcamp-dx", NPS_WRITE_JCAMP},
                 {"jdx", NPS_WRITE_JCAMP},
                 {"dx", NPS_WRITE_JCAMP}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (nps_span_is(name, names[i].name)) {
            *ret_format = names[i].format;
            return true;
        }
    return false;
}

nps_status nps_write_spectrum(nps_buf *out, nps_write_format format, const nps_spectrum *s, nps_err *err)
{
    nps_status st = NPS_OK;
    switch (format) {
    case NPS_WRITE_MSP: st = nps_write_msp(out, s, err); break;
    case NPS_WRITE_MGF: st = nps_write_mgf(out, s, err); break;
    case NPS_WRITE_JCAMP: st = nps_write_jcamp(out, s, err); break;
    }
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}
