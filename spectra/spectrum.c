#include "spectra/spectrum.h"

#include "spectra/centroid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Peaks of one ion lie further apart. */
static const double PROFILE_STEP_MAX_MZ = 0.2;

enum { META_MAX = 1000, SYNONYM_MAX = 1000 };

const char *nps_technique_name(nps_technique t)
{
    static const char *const names[NPS_TECH_COUNT] = {"unknown", "ei", "msms", "dart", "ir", "raman"};
    return t < NPS_TECH_COUNT ? names[t] : "unknown";
}

bool nps_technique_parse(nps_span name, nps_technique *ret_t)
{
    for (unsigned t = 0; t < NPS_TECH_COUNT; t++)
        if (nps_span_is(name, nps_technique_name((nps_technique)t))) {
            *ret_t = (nps_technique)t;
            return true;
        }
    return false;
}

const char *nps_text_field_name(nps_text_field f)
{
    static const char *const names[NPS_TEXT_COUNT] = {
        "name",   "id",         "inchikey",        "inchi",      "smiles", "formula",     "cas",     "class",
        "adduct", "instrument", "instrument_type", "ionization", "energy", "contributor", "licence", "comment"};
    return names[f];
}

static const struct {
    const char *name, *one, *many;
} repair_words[NPS_REPAIR_COUNT] = {
    [NPS_REPAIR_BOM] = {"bom", "byte order mark skipped", NULL},
    [NPS_REPAIR_DECIMAL_COMMA] = {"decimal_comma", "decimal comma read as a point", "decimal commas read as points"},
    [NPS_REPAIR_UNSORTED] = {"unsorted", "peak out of order sorted by m/z", "peaks out of order sorted by m/z"},
    [NPS_REPAIR_DUPLICATE] = {"duplicate", "point at an equal position merged", "points at equal positions merged"},
    [NPS_REPAIR_ZERO] = {"zero", "peak of zero intensity left out", "peaks of zero intensity left out"},
    [NPS_REPAIR_PEAK_COUNT] = {"peak_count", "stated number of points differs from the points that follow", NULL},
    [NPS_REPAIR_X_UNIT] = {"x_unit", "abscissa converted to 1/cm", NULL},
    [NPS_REPAIR_Y_UNIT] = {"y_unit", "ordinate converted to absorbance", NULL},
    [NPS_REPAIR_CLIPPED] = {"clipped", "point without any light set to absorbance 6",
                            "points without any light set to absorbance 6"},
    [NPS_REPAIR_RESAMPLED] = {"resampled", "unevenly spaced points put on an even grid", NULL},
    [NPS_REPAIR_ENCODING] = {"encoding", "text in Latin-1 read as such", "texts in Latin-1 read as such"},
    [NPS_REPAIR_INVALID_KEY] = {"invalid_inchikey", "InChIKey of impossible form not used", NULL},
    [NPS_REPAIR_CHECKPOINT] = {"checkpoint", "check value of the packed data disagrees",
                               "check values of the packed data disagree"},
    [NPS_REPAIR_MISSING_POINT] = {"missing_point", "point marked as missing interpolated",
                                  "points marked as missing interpolated"},
    [NPS_REPAIR_HEADER] = {"header", "header line without its separator kept as metadata",
                           "header lines without their separator kept as metadata"},
    [NPS_REPAIR_FURTHER_TABLE] = {"further_table", "further data table of the block left out",
                                  "further data tables of the block left out"},
    [NPS_REPAIR_CENTROIDED] = {"centroided", "profile data centroided", NULL},
    [NPS_REPAIR_NO_MZ] = {"no_mz", "peak at m/z 0 left out", "peaks at m/z 0 left out"},
};

const char *nps_repair_name(nps_repair r)
{
    return repair_words[r].name;
}

void nps_repair_text(nps_buf *b, nps_repair r, size_t count)
{
    const char *many = repair_words[r].many;
    if (many)
        nps_buf_printf(b, "%zu %s", count, count == 1 ? repair_words[r].one : many);
    else
        nps_buf_puts(b, repair_words[r].one);
}

nps_status nps_spectrum_new(nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_spectrum *s = nps_array(1, sizeof *s);
    if (!s)
        return nps_fail_nomem(err);
    *ret_spectrum = s;
    return NPS_OK;
}

void nps_spectrum_free(nps_spectrum *s)
{
    if (!s)
        return;
    nps_peaks_done(&s->peaks);
    nps_trace_done(&s->trace);
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++)
        free(s->text[f]);
    for (size_t i = 0; i < s->n_synonym; i++)
        free(s->synonym[i]);
    free(s->synonym);
    for (size_t i = 0; i < s->n_meta; i++) {
        free(s->meta[i].key);
        free(s->meta[i].value);
    }
    free(s->meta);
    free(s);
}

size_t nps_spectrum_size(const nps_spectrum *s)
{
    if (!s)
        return 0;
    size_t n = sizeof *s + s->trace.n * sizeof *s->trace.y +
               s->peaks.n * (sizeof *s->peaks.mz + sizeof *s->peaks.intensity);
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++)
        n += nps_span_of(s->text[f]).n;
    for (size_t i = 0; i < s->n_synonym; i++)
        n += sizeof *s->synonym + strlen(s->synonym[i]);
    for (size_t i = 0; i < s->n_meta; i++)
        n += sizeof *s->meta + strlen(s->meta[i].key) + strlen(s->meta[i].value);
    return n;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return len;
}

char *nps_spectrum_clean_text(nps_spectrum *s, nps_span v)
{
    v = nps_span_trim(v);
    const unsigned char *p = (const unsigned char *)v.p;
    bool plain = true, utf8 = true;
    for (size_t i = 0; i < v.n && plain; i++)
        plain = p[i] >= 32 && p[i] < 127;
    if (plain)
        return nps_strndup(v.p, v.n);
    for (size_t i = 0; i < v.n && utf8;) {
        size_t len = utf8_length(p + i, v.n - i);
        utf8 = len > 0;
        i += len;
    }
    if (!utf8)
        s->repairs[NPS_REPAIR_ENCODING]++;
    char *out = nps_array(2 * v.n + 1, 1);
    if (!out)
        return NULL;
    size_t m = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (p[i] < 32 || p[i] == 127)
            out[m++] = ' ';
        else if (p[i] < 128 || utf8)
            out[m++] = (char)p[i];
        else {
            out[m++] = (char)(0xC0 | p[i] >> 6);
            out[m++] = (char)(0x80 | (p[i] & 0x3F));
        }
    }
    nps_span trimmed = nps_span_trim((nps_span){out, m});
    memmove(out, trimmed.p, trimmed.n);
    out[trimmed.n] = '\0';
    return out;
}

bool nps_text_says_nothing(nps_span v)
{
    static const char *const empty_words[] = {"na", "n/a", "null", "none", "unknown", "-", "nan"};
    v = nps_span_trim(v);
    for (size_t i = 0; i < sizeof empty_words / sizeof *empty_words; i++)
        if (nps_span_is(v, empty_words[i]))
            return true;
    return !v.n;
}

nps_status nps_spectrum_add_meta(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    nps_status st = nps_grow(&s->meta, &s->cap_meta, s->n_meta + 1, sizeof *s->meta, META_MAX, NULL);
    if (st == NPS_E_LIMIT)
        return nps_fail(err, NPS_E_LIMIT, "more than %d metadata lines in one record", META_MAX);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    NPS_AUTO_MEM(char *) k = nps_spectrum_clean_text(s, key);
    NPS_AUTO_MEM(char *) v = nps_spectrum_clean_text(s, value);
    if (!k || !v)
        return nps_fail_nomem(err);
    s->meta[s->n_meta++] = (nps_meta){nps_steal(k), nps_steal(v)};
    return NPS_OK;
}

nps_status nps_spectrum_set_text(nps_spectrum *s, nps_text_field f, nps_span key, nps_span value, nps_err *err)
{
    if (nps_text_says_nothing(value))
        return NPS_OK;
    if (s->text[f])
        return nps_spectrum_add_meta(s, key, value, err);
    NPS_AUTO_MEM(char *) text = nps_spectrum_clean_text(s, value);
    if (!text)
        return nps_fail_nomem(err);
    if (!nps_text_says_nothing(nps_span_of(text)))
        s->text[f] = nps_steal(text);
    return NPS_OK;
}

nps_status nps_spectrum_add_synonym(nps_spectrum *s, nps_span name, nps_err *err)
{
    NPS_AUTO_MEM(char *) text = nps_spectrum_clean_text(s, name);
    if (!text)
        return nps_fail_nomem(err);
    if (nps_text_says_nothing(nps_span_of(text)))
        return NPS_OK;
    nps_status st = nps_grow(&s->synonym, &s->cap_synonym, s->n_synonym + 1, sizeof *s->synonym, SYNONYM_MAX, NULL);
    if (st == NPS_E_LIMIT)
        return nps_fail(err, NPS_E_LIMIT, "more than %d synonyms in one record", SYNONYM_MAX);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    s->synonym[s->n_synonym++] = nps_steal(text);
    return NPS_OK;
}

nps_status nps_spectrum_set_trace(nps_spectrum *s, const double *x, const double *y, size_t n, nps_x_unit x_unit,
                                  nps_y_unit y_unit, size_t max_points, bool *opt_resampled, nps_err *err)
{
    nps_trace_repairs done = {0};
    nps_status st = nps_trace_from_points(x, y, n, x_unit, y_unit, max_points, &s->trace, &done, err);
    if (st != NPS_OK)
        return st;
    s->repairs[NPS_REPAIR_X_UNIT] += done.x_converted;
    s->repairs[NPS_REPAIR_Y_UNIT] += done.y_converted;
    s->repairs[NPS_REPAIR_CLIPPED] += done.clipped;
    s->repairs[NPS_REPAIR_RESAMPLED] += done.resampled;
    s->repairs[NPS_REPAIR_DUPLICATE] += done.duplicate;
    if (opt_resampled)
        *opt_resampled = done.resampled != 0;
    return NPS_OK;
}

nps_status nps_spectrum_push_peak(nps_spectrum *s, double mz, double intensity, nps_span note, size_t max, nps_err *err)
{
    if (!note.n)
        return nps_peaks_push(&s->peaks, mz, intensity, NULL, 0, max, err);
    NPS_AUTO_MEM(char *) text = nps_spectrum_clean_text(s, note);
    if (!text)
        return nps_fail_nomem(err);
    return nps_peaks_push(&s->peaks, mz, intensity, text, strlen(text), max, err);
}

static nps_status check_finite(const double *v, size_t n, const char *what, nps_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return nps_fail(err, NPS_E_RANGE, "%s %zu is not finite", what, i + 1);
    return NPS_OK;
}

static void turn_round(double *v, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        double t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
}

nps_status nps_spectrum_push_profile(nps_spectrum *s, double *mz, double *intensity, size_t n, size_t max, nps_err *err)
{
    if (!n)
        return NPS_OK; /* the arrays may be NULL then */
    nps_status st = check_finite(mz, n, "m/z", err);
    if (st == NPS_OK)
        st = check_finite(intensity, n, "intensity", err);
    if (st == NPS_OK && mz[n - 1] < mz[0]) {
        turn_round(mz, n);
        turn_round(intensity, n);
    }
    size_t first = 0;
    for (; first < n && mz[first] <= 0; first++)
        s->repairs[NPS_REPAIR_NO_MZ] += intensity[first] > 0;
    if (st == NPS_OK)
        st = nps_centroid(mz + first, intensity + first, n - first, max, &s->peaks, err);
    if (st == NPS_OK)
        s->repairs[NPS_REPAIR_CENTROIDED]++;
    return st;
}

bool nps_is_profile(const double *mz, size_t n)
{
    return n > 1 && fabs(mz[1] - mz[0]) < PROFILE_STEP_MAX_MZ;
}

bool nps_inchikey_is_valid(nps_span key)
{
    if (key.n != 27 || key.p[14] != '-' || key.p[25] != '-')
        return false;
    for (size_t i = 0; i < 27; i++)
        if (i != 14 && i != 25 && !(key.p[i] >= 'A' && key.p[i] <= 'Z'))
            return false;
    return true;
}

static bool mentions(const char *text, const char *word)
{
    if (!text)
        return false;
    size_t len = strlen(word);
    for (const char *p = text; *p; p++) {
        bool starts = p == text || !((p[-1] >= 'A' && p[-1] <= 'Z') || (p[-1] >= 'a' && p[-1] <= 'z'));
        if (!starts || !nps_span_starts(nps_span_of(p), word))
            continue;
        char after = p[len];
        if (!((after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z')))
            return true;
    }
    return false;
}

static nps_technique guess_technique(const nps_spectrum *s)
{
    const char *kind = s->text[NPS_TEXT_INSTRUMENT_TYPE], *ion = s->text[NPS_TEXT_IONIZATION];
    if (mentions(kind, "DART") || mentions(ion, "DART"))
        return NPS_TECH_DART;
    if (mentions(kind, "EI") || mentions(ion, "EI") || mentions(ion, "EI+") || mentions(ion, "electron"))
        return NPS_TECH_EI;
    if (s->precursor_mz > 0 || mentions(kind, "ESI") || mentions(ion, "ESI") || mentions(kind, "APCI") ||
        mentions(kind, "LC") || s->text[NPS_TEXT_ADDUCT])
        return NPS_TECH_MSMS;
    return NPS_TECH_EI;
}

/* MassBank's MSP export and MoNA name the laboratory only inside the comment. */
static nps_status contributor_from_comment(nps_spectrum *s, nps_err *err)
{
    static const char word[] = "contributor=";
    nps_span rest = nps_span_of(s->text[NPS_TEXT_COMMENT]);
    if (s->text[NPS_TEXT_CONTRIBUTOR])
        return NPS_OK;
    for (; rest.n && !nps_span_starts(rest, word);) {
        /* Only at the beginning of a word. */
        const char *stop = rest.p + strcspn(rest.p, " ;\"");
        stop += strspn(stop, " ;\"");
        rest = (nps_span){stop, (size_t)(rest.p + rest.n - stop)};
    }
    if (!rest.n)
        return NPS_OK;
    nps_span v = {rest.p + sizeof word - 1, strcspn(rest.p + sizeof word - 1, ";\"")};
    const char *next = memchr(v.p, '=', v.n);
    while (next && next > v.p && *next != ' ')
        next--;
    if (next)
        v.n = (size_t)(next - v.p);
    return nps_spectrum_set_text(s, NPS_TEXT_CONTRIBUTOR, NPS_SPAN("contributor"), v, err);
}

static nps_status settle_inchikey(nps_spectrum *s, nps_err *err)
{
    char *key = s->text[NPS_TEXT_INCHIKEY];
    if (!key || nps_inchikey_is_valid(nps_span_of(key)))
        return NPS_OK;
    /* "InChIKey=..." is a spelling, not a fault. */
    nps_span bare = nps_span_of(key);
    if (nps_span_starts(bare, "inchikey=") && nps_inchikey_is_valid((nps_span){key + 9, bare.n - 9})) {
        memmove(key, key + 9, bare.n - 8);
        return NPS_OK;
    }
    s->text[NPS_TEXT_INCHIKEY] = NULL;
    s->repairs[NPS_REPAIR_INVALID_KEY]++;
    nps_status st = nps_spectrum_add_meta(s, NPS_SPAN("InChIKey"), bare, err);
    free(key);
    return st;
}

/* A file may claim a technique; one that does not go with peaks stays a remark. */
static nps_status settle_technique(nps_spectrum *s, nps_err *err)
{
    if (!s->peaks.n)
        return NPS_OK;
    if (!nps_technique_is_mass(s->technique)) {
        nps_span claim = nps_span_of(nps_technique_name(s->technique));
        nps_status st = nps_spectrum_add_meta(s, NPS_SPAN("Technique"), claim, err);
        if (st != NPS_OK)
            return st;
        s->technique = NPS_TECH_UNKNOWN;
        s->technique_told = false;
    }
    if (s->technique == NPS_TECH_UNKNOWN && !s->technique_told)
        s->technique = guess_technique(s);
    return NPS_OK;
}

nps_status nps_spectrum_settle(nps_spectrum *s, nps_err *err)
{
    nps_peaks_repairs r = {0};
    nps_status st = nps_peaks_settle(&s->peaks, &r, err);
    if (st != NPS_OK)
        return st;
    s->repairs[NPS_REPAIR_UNSORTED] += r.unsorted;
    s->repairs[NPS_REPAIR_DUPLICATE] += r.duplicate;
    s->repairs[NPS_REPAIR_ZERO] += r.zero;
    if ((st = contributor_from_comment(s, err)) != NPS_OK || (st = settle_inchikey(s, err)) != NPS_OK)
        return st;
    return settle_technique(s, err);
}

nps_span nps_spectrum_block(const nps_spectrum *s)
{
    return s->text[NPS_TEXT_INCHIKEY] ? (nps_span){s->text[NPS_TEXT_INCHIKEY], 14} : (nps_span){"", 0};
}
