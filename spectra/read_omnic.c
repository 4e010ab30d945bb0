/* Reads OMNIC files of Thermo (Nicolet): .spa with one spectrum, .spg with a group of them.
 *
 * Layout, after the public readers of spectrochempy (read_omnic.py) and OpenSpecy (read_spa): the signature "Spectral
 * Data File"; the title at byte 30; the number of directory entries at 294 (uint16), the date at 296 (uint32, seconds
 * since 1899-12-31 00:00 UTC); from 304 on entries of 16 bytes: key (uint8), flag, place and size (uint32 each). Key 2
 * is the header of a spectrum, and the entries up to the next key 2 belong to it. All numbers are little-endian. */
#include "spectra/read_impl.h"

#include "core/bytes.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TITLE_AT = 30, TITLE_MAX = 256, COUNT_AT = 294, DATE_AT = 296, DIRECTORY_AT = 304, ENTRY_SIZE = 16 };
enum {
    KEY_END = 0,
    KEY_HEADER = 2,
    KEY_INTENSITIES = 3,
    KEY_COMMENT = 4,
    KEY_HISTORY = 27,
    KEY_SAMPLE_INTERFEROGRAM = 102,
    KEY_BACKGROUND_INTERFEROGRAM = 103,
    KEY_TITLE = 107
};
/* Fields of a header, by their distance from its begin. */
enum {
    HEAD_POINTS = 4,
    HEAD_X_UNIT = 8,
    HEAD_Y_UNIT = 12,
    HEAD_FIRST_X = 16,
    HEAD_LAST_X = 20,
    HEAD_SCANS = 36,
    HEAD_BACKGROUND_SCANS = 52,
    HEAD_SIZE = 56
};
enum { X_POINTS = 2, X_RAMAN = 32, Y_SINGLE_BEAM = 15, Y_VOLTS = 22, Y_RAMAN = 31 };

static const char signature[] = "Spectral Data File", series_signature[] = "Spectral Exte File";

typedef struct {
    unsigned code;
    const char *name;
    nps_x_unit unit;
} x_axis;

static const x_axis x_axes[] = {
    {1, "wavenumbers (1/cm)", NPS_X_CM1},
    {3, "wavelengths (nm)", NPS_X_NANOMETRE},
    {4, "wavelengths (um)", NPS_X_MICROMETRE},
    {X_RAMAN, "Raman shift (1/cm)", NPS_X_CM1},
};

typedef struct {
    unsigned code;
    const char *name;
    bool is_read;
    nps_y_unit unit;
} ordinate;

/* log(1/R) is what reflectance becomes when read, too. */
static const ordinate ordinates[] = {
    {11, "reflectance (%)", true, NPS_Y_PERCENT_R},
    {12, "log(1/R)", true, NPS_Y_ABSORBANCE},
    {Y_SINGLE_BEAM, "a single-beam spectrum, such as a background, without its ratio", false, 0},
    {16, "transmittance (%)", true, NPS_Y_PERCENT_T},
    {17, "absorbance", true, NPS_Y_ABSORBANCE},
    {20, "Kubelka-Munk", true, NPS_Y_KUBELKA_MUNK},
    {Y_VOLTS, "an interferogram (detector signal in volts)", false, 0},
    {26, "a photoacoustic spectrum", false, 0},
    {Y_RAMAN, "Raman intensity", true, NPS_Y_COUNTS},
};

typedef struct {
    size_t next, end; /* of the directory entries, as byte places */
    size_t left;      /* bytes of data that may still be claimed: regions of a sound file do not overlap */
} directory;

typedef struct {
    size_t at; /* of the entry itself */
    unsigned key;
    size_t place, size;
} entry;

typedef struct {
    nps_span file;
    directory *dir;
    size_t max_points;
    nps_spectrum *s;
    size_t head; /* place of the header */
    size_t points;
    double first_x, last_x;
    const x_axis *x;
    const ordinate *y;
    entry intensities, title;
    size_t interferograms;
} record;

static nps_span whole(const nps_reader *r)
{
    return (nps_span){r->scan.start, (size_t)(r->scan.end - r->scan.start)};
}

static entry entry_at(nps_span file, size_t at)
{
    return (entry){.at = at,
                   .key = nps_bytes_u8(file, at),
                   .place = nps_bytes_u32(file, at + 2),
                   .size = nps_bytes_u32(file, at + 6)};
}

static nps_status open_directory(nps_reader *r, nps_err *err)
{
    nps_span file = whole(r);
    if (nps_span_starts(file, series_signature))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, 0,
                             "an OMNIC series or other extended file (.srs): save its spectra as .spa or .spg");
    if (!nps_span_starts(file, signature))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, 0, "the file does not begin with '%s'", signature);
    if (!nps_bytes_has(file, 0, DIRECTORY_AT))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, file.n, "the file ends inside its first %d bytes", DIRECTORY_AT);
    size_t n = nps_bytes_u16(file, COUNT_AT);
    if (!nps_bytes_has(file, DIRECTORY_AT, n * ENTRY_SIZE))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, COUNT_AT, "the file ends inside its directory of %zu entries", n);
    directory *d = nps_array(1, sizeof *d);
    if (!d)
        return nps_fail_nomem(err);
    *d = (directory){.next = DIRECTORY_AT, .end = DIRECTORY_AT + n * ENTRY_SIZE, .left = file.n};
    r->state = d;
    return NPS_OK;
}

/* Puts d->next on the next header entry; false at the end of the directory. */
static bool find_header(nps_span file, directory *d)
{
    for (; d->next < d->end; d->next += ENTRY_SIZE) {
        unsigned key = nps_bytes_u8(file, d->next);
        if (key == KEY_END)
            d->next = d->end;
        else if (key == KEY_HEADER)
            return true;
    }
    return false;
}

/* Checks that the region of an entry lies in the file and has not been claimed before. */
static nps_status claim(record *c, const entry *e, const char *what, nps_err *err)
{
    if (!nps_bytes_has(c->file, e->place, e->size))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, e->at + 2, "the file ends before or inside its %s", what);
    if (e->size > c->dir->left)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, e->at + 6, "the spectra claim more bytes than the file has");
    c->dir->left -= e->size;
    return NPS_OK;
}

/* Up to the first NUL byte. */
static nps_span text_at(nps_span file, size_t at, size_t max)
{
    nps_span text = {file.p + at, max < file.n - at ? max : file.n - at};
    text.n = strnlen(text.p, text.n);
    return text;
}

static nps_status find_units(record *c, nps_err *err)
{
    unsigned x = nps_bytes_u8(c->file, c->head + HEAD_X_UNIT), y = nps_bytes_u8(c->file, c->head + HEAD_Y_UNIT);
    for (size_t i = 0; i < sizeof x_axes / sizeof *x_axes; i++)
        if (x_axes[i].code == x)
            c->x = &x_axes[i];
    for (size_t i = 0; i < sizeof ordinates / sizeof *ordinates; i++)
        if (ordinates[i].code == y)
            c->y = &ordinates[i];
    if (c->y && !c->y->is_read)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->head + HEAD_Y_UNIT, "this is %s", c->y->name);
    if (!c->y)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->head + HEAD_Y_UNIT, "unknown unit of the intensities (code %u)",
                             y);
    if (x == X_POINTS)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->head + HEAD_X_UNIT, "%s over data points, not over wavenumbers",
                             c->y->name);
    if (!c->x)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->head + HEAD_X_UNIT, "unknown unit of the axis (code %u)", x);
    if ((x == X_RAMAN) != (y == Y_RAMAN))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->head + HEAD_X_UNIT, "%s over %s", c->y->name, c->x->name);
    return NPS_OK;
}

static nps_status read_header(record *c, const entry *e, nps_err *err)
{
    c->head = e->place;
    if (!nps_bytes_has(c->file, c->head, HEAD_SIZE))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, e->at + 2, "the file ends before or inside the header of a spectrum");
    c->points = nps_bytes_u32(c->file, c->head + HEAD_POINTS);
    c->first_x = (double)nps_bytes_float(c->file, c->head + HEAD_FIRST_X);
    c->last_x = (double)nps_bytes_float(c->file, c->head + HEAD_LAST_X);
    nps_status st = find_units(c, err);
    if (st != NPS_OK)
        return st;
    if (c->points < 2)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, c->head + HEAD_POINTS, "%zu points make no spectrum", c->points);
    if (c->points > c->max_points)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, c->head + HEAD_POINTS, "%zu points are more than the limit of %zu",
                             c->points, c->max_points);
    if (!isfinite(c->first_x) || !isfinite(c->last_x) || c->first_x == c->last_x)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, c->head + HEAD_FIRST_X, "an axis from %g to %g", c->first_x, c->last_x);
    return NPS_OK;
}

static nps_status read_intensities(record *c, nps_err *err)
{
    const entry *e = &c->intensities;
    if (!e->at)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, c->head, "the spectrum has no intensities");
    nps_status st = claim(c, e, "intensities", err);
    if (st != NPS_OK)
        return st;
    if (e->size / 4 < c->points)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, e->at + 6, "%zu intensities for %zu points", e->size / 4, c->points);
    NPS_AUTO_MEM(double *) x = nps_array(2 * c->points, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    double *y = x + c->points, step = (c->last_x - c->first_x) / (double)(c->points - 1);
    for (size_t i = 0; i < c->points; i++) {
        x[i] = c->first_x + (double)i * step;
        y[i] = (double)nps_bytes_float(c->file, e->place + 4 * i);
    }
    size_t missing = 0, n = nps_trace_fill_missing(x, y, c->points, &missing);
    if (n < 2)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, e->place, "all intensities are blanked");
    c->s->repairs[NPS_REPAIR_MISSING_POINT] += missing;
    c->s->repairs[NPS_REPAIR_PEAK_COUNT] += e->size / 4 > c->points;
    nps_err why = {0};
    st = nps_spectrum_set_trace(c->s, x, y, n, c->x->unit, c->y->unit, c->max_points, NULL, &why);
    return st == NPS_OK ? NPS_OK : NPS_FAIL_BYTE(err, st, e->place, "%s", why.msg);
}

static nps_status add_number(nps_spectrum *s, nps_span key, size_t value, nps_err *err)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%zu", value);
    return nps_spectrum_add_meta(s, key, (nps_span){text, (size_t)n}, err);
}

static nps_status add_date(nps_spectrum *s, uint32_t seconds, nps_err *err)
{
    enum { DAYS_TO_1970 = 25568 };
    time_t t = (time_t)seconds - (time_t)DAYS_TO_1970 * 86400;
    struct tm day;
    char text[64];
    if (!seconds || !gmtime_r(&t, &day))
        return NPS_OK;
    int n = snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d UTC", day.tm_year + 1900, day.tm_mon + 1,
                     day.tm_mday, day.tm_hour, day.tm_min, day.tm_sec);
    return nps_spectrum_add_meta(s, NPS_SPAN("Acquisition date"), (nps_span){text, (size_t)n}, err);
}

/* A group keeps the title of each spectrum, 256 bytes and the date behind it, apart from its own. */
static nps_status add_title(record *c, nps_err *err)
{
    size_t title = TITLE_AT, date = DATE_AT;
    if (c->title.at) {
        title = c->title.place;
        date = title + TITLE_MAX;
        if (!nps_bytes_has(c->file, title, TITLE_MAX + 4))
            return NPS_FAIL_BYTE(err, NPS_E_FORMAT, c->title.at + 2, "the file ends before or inside the title");
    }
    nps_status st =
        nps_spectrum_set_text(c->s, NPS_TEXT_NAME, NPS_SPAN("Title"), text_at(c->file, title, TITLE_MAX), err);
    return st == NPS_OK ? add_date(c->s, nps_bytes_u32(c->file, date), err) : st;
}

static nps_status describe(record *c, nps_err *err)
{
    static const char *const beside[] = {"", "interferogram of the sample", "interferogram of the background",
                                         "interferograms of sample and background"};
    nps_status st = add_title(c, err);
    if (st == NPS_OK)
        st = add_number(c->s, NPS_SPAN("Scans"), nps_bytes_u32(c->file, c->head + HEAD_SCANS), err);
    if (st == NPS_OK)
        st = add_number(c->s, NPS_SPAN("Background scans"), nps_bytes_u32(c->file, c->head + HEAD_BACKGROUND_SCANS),
                        err);
    if (st == NPS_OK)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("Axis"), nps_span_of(c->x->name), err);
    if (st == NPS_OK)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("Intensities"), nps_span_of(c->y->name), err);
    if (st == NPS_OK && c->interferograms)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("Stored beside the spectrum"), nps_span_of(beside[c->interferograms]),
                                   err);
    return st;
}

static nps_status take_text(record *c, const entry *e, nps_err *err)
{
    nps_status st = claim(c, e, e->key == KEY_HISTORY ? "history" : "comment", err);
    if (st != NPS_OK)
        return st;
    nps_span text = text_at(c->file, e->place, e->size);
    if (e->key == KEY_COMMENT)
        return nps_spectrum_set_text(c->s, NPS_TEXT_COMMENT, NPS_SPAN("Comment"), text, err);
    return nps_text_says_nothing(text) ? NPS_OK : nps_spectrum_add_meta(c->s, NPS_SPAN("History"), text, err);
}

static nps_status take_entry(record *c, const entry *e, nps_err *err)
{
    switch (e->key) {
    case KEY_INTENSITIES:
        if (!c->intensities.at)
            c->intensities = *e;
        break;
    case KEY_TITLE: c->title = *e; break;
    case KEY_SAMPLE_INTERFEROGRAM: c->interferograms |= 1; break;
    case KEY_BACKGROUND_INTERFEROGRAM: c->interferograms |= 2; break;
    case KEY_COMMENT:
    case KEY_HISTORY: return take_text(c, e, err);
    default: break;
    }
    return NPS_OK;
}

/* From the header entry `head` to before d->next. */
static nps_status read_record(record *c, const entry *head, nps_err *err)
{
    c->s->offset = head->at;
    nps_status st = read_header(c, head, err);
    if (st != NPS_OK)
        return st;
    c->s->technique = c->y->code == Y_RAMAN ? NPS_TECH_RAMAN : NPS_TECH_IR;
    for (size_t at = head->at + ENTRY_SIZE; at < c->dir->next && st == NPS_OK; at += ENTRY_SIZE) {
        entry e = entry_at(c->file, at);
        if (e.key == KEY_END)
            break;
        st = take_entry(c, &e, err);
    }
    if (st == NPS_OK)
        st = describe(c, err);
    if (st == NPS_OK)
        st = read_intensities(c, err);
    return st == NPS_OK ? nps_spectrum_settle(c->s, err) : st;
}

static nps_status omnic_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_span file = whole(r);
    if (!r->state) {
        nps_status st = open_directory(r, err);
        directory *d = r->state;
        if (st == NPS_OK && !find_header(file, d))
            st = NPS_FAIL_BYTE(err, NPS_E_FORMAT, DIRECTORY_AT, "the directory names no spectrum");
        if (st != NPS_OK) {
            r->at_end = true;
            return st;
        }
    }
    directory *d = r->state;
    entry head = entry_at(file, d->next);
    d->next += ENTRY_SIZE;
    r->at_end = !find_header(file, d);
    r->scan.p = r->at_end ? r->scan.end : file.p + d->next;
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    record c = {.file = file, .dir = d, .max_points = r->limits.max_points, .s = s};
    nps_err why = {0};
    st = read_record(&c, &head, &why);
    if (st != NPS_OK)
        return NPS_FAIL_BYTE(err, st, why.offset ? why.offset : head.at, "%s", why.msg);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

static void omnic_done(nps_reader *r)
{
    free(r->state);
}

static int omnic_sniff(nps_span head)
{
    return nps_span_starts(head, signature) || nps_span_starts(head, series_signature) ? 100 : 0;
}

const nps_format nps_format_omnic = {
    .name = "omnic", .sniff = omnic_sniff, .next = omnic_next, .done = omnic_done, .binary = true};
