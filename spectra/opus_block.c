#include "spectra/opus_block.h"

#include "core/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTORY_PLACE_AT = 12, COUNT_AT = 20, HEAD_SIZE = 24, ENTRY_SIZE = 12, ENTRY_MAX = 1000 };
/* Bits of a type, by their place from the lowest. */
enum { ORIGINAL_BIT = 30, FIRST_UNKNOWN_BIT = 22 };

static const char magic[4] = {0x0a, 0x0a, (char)0xfe, (char)0xfe};

bool nps_opus_is(nps_span head)
{
    return head.n >= sizeof magic && memcmp(head.p, magic, sizeof magic) == 0;
}

nps_status nps_opus_open(nps_span file, nps_opus_directory *ret_dir, nps_err *err)
{
    if (!nps_opus_is(file))
        return nps_fail_at(err, NPS_E_FORMAT, 0, 0, "the file does not begin as OPUS files do");
    if (!nps_bytes_has(file, 0, HEAD_SIZE))
        return nps_fail_at(err, NPS_E_FORMAT, 0, file.n, "the file ends inside its first %d bytes", HEAD_SIZE);
    size_t at = nps_bytes_u32(file, DIRECTORY_PLACE_AT), n = nps_bytes_u32(file, COUNT_AT);
    if (n > ENTRY_MAX)
        return nps_fail_at(err, NPS_E_LIMIT, 0, COUNT_AT, "a directory of %zu blocks is larger than the limit of %d", n,
                           ENTRY_MAX);
    if (!nps_bytes_has(file, at, n * ENTRY_SIZE))
        return nps_fail_at(err, NPS_E_FORMAT, 0, DIRECTORY_PLACE_AT,
                           "the file ends before or inside its directory of %zu blocks", n);
    *ret_dir = (nps_opus_directory){.file = file, .at = at, .n = n};
    return NPS_OK;
}

nps_opus_block nps_opus_block_at(const nps_opus_directory *dir, size_t i)
{
    size_t at = dir->at + i * ENTRY_SIZE;
    uint32_t type = nps_bytes_u32(dir->file, at);
    uint32_t rest = (type >> FIRST_UNKNOWN_BIT) & ~((uint32_t)1 << (ORIGINAL_BIT - FIRST_UNKNOWN_BIT));
    return (nps_opus_block){
        .at = at,
        .type = type,
        .size = (size_t)4 * nps_bytes_u32(dir->file, at + 4),
        .place = nps_bytes_u32(dir->file, at + 8),
        .part = type & 3,
        .of = (nps_opus_channel)(type >> 2 & 3),
        .parameters = type >> 4 & 63,
        .data = type >> 10 & 31,
        .detector = type >> 15 & 3,
        .derivative = type >> 17 & 3,
        .extension = type >> 19 & 7,
        .original = type >> ORIGINAL_BIT & 1,
        .unknown = rest != 0,
    };
}

bool nps_opus_next(nps_span block, size_t *at, nps_opus_parameter *ret_parameter)
{
    enum { TYPE_INT, TYPE_DOUBLE, TYPE_STRING, TYPE_ENUM, TYPE_SENDER };
    while (nps_bytes_has(block, *at, 8)) {
        nps_opus_parameter p = {.name = {block.p + *at, 3}, .at = *at + 8};
        unsigned type = nps_bytes_u16(block, *at + 4);
        size_t size = (size_t)2 * nps_bytes_u16(block, *at + 6);
        if (memcmp(p.name.p, "END", 3) == 0 || !nps_bytes_has(block, p.at, size))
            return false;
        *at = p.at + size;
        if (type == TYPE_INT && size >= 4) {
            uint32_t bits = nps_bytes_u32(block, p.at);
            p.kind = NPS_OPUS_INT;
            memcpy(&p.number, &bits, sizeof bits);
        } else if (type == TYPE_DOUBLE && size >= 8) {
            p.kind = NPS_OPUS_DOUBLE;
            p.real = nps_bytes_double(block, p.at);
        } else if (type == TYPE_STRING || type == TYPE_ENUM || type == TYPE_SENDER) {
            p.kind = NPS_OPUS_TEXT;
            p.text = (nps_span){block.p + p.at, strnlen(block.p + p.at, size)};
        } else {
            continue;
        }
        *ret_parameter = p;
        return true;
    }
    return false;
}

bool nps_opus_find(nps_span block, const char *name, nps_opus_parameter *ret_parameter)
{
    nps_opus_parameter p;
    for (size_t at = 0; nps_opus_next(block, &at, &p);)
        if (memcmp(p.name.p, name, 3) == 0) {
            *ret_parameter = p;
            return true;
        }
    return false;
}

const char *nps_opus_describe(const nps_opus_block *b, char *out, size_t out_size)
{
    static const char *const names[32] = {
        [NPS_OPUS_SINGLE_CHANNEL] = "single-channel spectrum",
        [NPS_OPUS_INTERFEROGRAM] = "interferogram",
        [NPS_OPUS_PHASE] = "phase spectrum",
        [NPS_OPUS_ABSORBANCE] = "absorbance",
        [NPS_OPUS_TRANSMITTANCE] = "transmittance",
        [NPS_OPUS_KUBELKA_MUNK] = "Kubelka-Munk",
        [NPS_OPUS_TRACE] = "intensity over time",
        [NPS_OPUS_SERIES_OF_INTERFEROGRAMS] = "series of interferograms",
        [NPS_OPUS_SERIES_OF_SPECTRA] = "series of spectra",
        [NPS_OPUS_RAMAN] = "Raman spectrum",
        [NPS_OPUS_EMISSION] = "emission spectrum",
        [NPS_OPUS_REFLECTANCE] = "reflectance",
        [NPS_OPUS_POWER] = "power spectrum",
        [NPS_OPUS_LOG_REFLECTANCE] = "log reflectance",
        [NPS_OPUS_ATR] = "ATR",
        [NPS_OPUS_PHOTOACOUSTIC] = "photoacoustic spectrum",
        [18] = "result of arithmetic (like transmittance)",
        [19] = "result of arithmetic (like absorbance)",
    };
    static const char *const derivatives[] = {"", "first derivative of ", "second derivative of ",
                                              "higher derivative of "};
    static const char *const parts[] = {"", "real part of ", "imaginary part of ", ""};
    static const char *const channels[] = {"", " of the sample", " of the reference", ""};
    char name[48], detector[32] = "";
    if (names[b->data])
        snprintf(name, sizeof name, "%s", names[b->data]);
    else
        snprintf(name, sizeof name, "data of the unknown kind %u", b->data);
    if (b->detector)
        snprintf(detector, sizeof detector, " (detector channel %u)", b->detector + 1);
    snprintf(out, out_size, "%s%s%s%s%s%s%s%s", b->extension == NPS_OPUS_SERIES ? "series: " : "",
             derivatives[b->derivative], parts[b->part], name, channels[b->of], detector,
             b->original ? " (of the original measurement)" : "", b->unknown ? " (of an unknown variant)" : "");
    return out;
}

/* Names after the parameter list of brukeropus; ascending, for a binary search. */
static const char *const parameter_names[][2] = {
    {"ACC", "Accessory"},
    {"APF", "Apodization function"},
    {"APR", "ATR pressure"},
    {"APT", "Aperture"},
    {"AQM", "Acquisition mode"},
    {"ARS", "Number of background scans"},
    {"ASS", "Number of sample scans"},
    {"BLD", "Building"},
    {"BMS", "Beamsplitter"},
    {"CHN", "Measurement channel"},
    {"CNM", "Operator"},
    {"CPY", "Company"},
    {"CSF", "Scaling factor of the intensities"},
    {"DAT", "Date of measurement"},
    {"DPM", "Department"},
    {"DTC", "Detector"},
    {"DUR", "Scan time (s)"},
    {"DXU", "Unit of the axis"},
    {"EXP", "Experiment"},
    {"FXV", "First point of the axis"},
    {"HFL", "High folding limit (1/cm)"},
    {"HFQ", "End frequency limit for file (1/cm)"},
    {"HFW", "Wanted high frequency limit (1/cm)"},
    {"HPF", "High-pass filter"},
    {"HUM", "Relative humidity of the interferometer (%)"},
    {"INS", "Instrument"},
    {"IST", "Instrument status"},
    {"LCT", "Location"},
    {"LFL", "Low folding limit (1/cm)"},
    {"LFQ", "Start frequency limit for file (1/cm)"},
    {"LFW", "Wanted low frequency limit (1/cm)"},
    {"LPF", "Low-pass filter"},
    {"LWN", "Laser wavenumber (1/cm)"},
    {"LXV", "Last point of the axis"},
    {"MNY", "Smallest intensity"},
    {"MXY", "Largest intensity"},
    {"NPT", "Number of points"},
    {"NSN", "Scan number"},
    {"NSR", "Number of background scans wanted"},
    {"NSS", "Number of sample scans wanted"},
    {"OPF", "Optical filter"},
    {"PHR", "Phase resolution (1/cm)"},
    {"PHZ", "Phase correction mode"},
    {"PLF", "Result spectrum"},
    {"PRS", "Pressure of the interferometer (hPa)"},
    {"RES", "Resolution (1/cm)"},
    {"RLP", "Raman laser power (mW)"},
    {"RLW", "Raman laser wavenumber (1/cm)"},
    {"SFM", "Sample form"},
    {"SNM", "Sample name"},
    {"SRC", "Source"},
    {"SRN", "Serial number"},
    {"TIM", "Time of measurement"},
    {"TSC", "Temperature of the scanner (degrees Celsius)"},
    {"UID", "Universally unique identifier"},
    {"VEL", "Scanner velocity"},
    {"VSN", "Firmware version"},
    {"XPP", "Experiment path"},
    {"ZFF", "Zero filling factor"},
};

static int by_letters(const void *key, const void *row)
{
    return memcmp(((const nps_span *)key)->p, *(const char *const *)row, 3);
}

const char *nps_opus_parameter_name(nps_span name)
{
    const char *const *row = bsearch(&name, parameter_names, sizeof parameter_names / sizeof *parameter_names,
                                     sizeof *parameter_names, by_letters);
    return row ? row[1] : NULL;
}
