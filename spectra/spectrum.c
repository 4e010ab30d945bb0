#include "spectra/spectrum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A terminated, trimmed UTF-8 copy. NULL when memory is short. */
static char *clean_text(nps_spectrum *s, nps_span v)
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

static bool says_nothing(nps_span v)
{
    v = nps_span_trim(v);
    return !v.n || nps_span_is(v, "na") || nps_span_is(v, "n/a") || nps_span_is(v, "null") || nps_span_is(v, "none") ||
           nps_span_is(v, "unknown") || nps_span_is(v, "-") || nps_span_is(v, "nan");
}

nps_status nps_spectrum_add_meta(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    nps_status st = nps_grow(&s->meta, &s->cap_meta, s->n_meta + 1, sizeof *s->meta, META_MAX, NULL);
    if (st == NPS_E_LIMIT)
        return nps_fail(err, NPS_E_LIMIT, "more than %d metadata lines in one record", META_MAX);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    NPS_AUTO_MEM(char *) k = clean_text(s, key);
    NPS_AUTO_MEM(char *) v = clean_text(s, value);
    if (!k || !v)
        return nps_fail_nomem(err);
    s->meta[s->n_meta++] = (nps_meta){nps_steal(k), nps_steal(v)};
    return NPS_OK;
}

nps_status nps_spectrum_set_text(nps_spectrum *s, nps_text_field f, nps_span key, nps_span value, nps_err *err)
{
    if (says_nothing(value))
        return NPS_OK;
    if (s->text[f])
        return nps_spectrum_add_meta(s, key, value, err);
    s->text[f] = clean_text(s, value);
    return s->text[f] ? NPS_OK : nps_fail_nomem(err);
}

nps_status nps_spectrum_add_synonym(nps_spectrum *s, nps_span name, nps_err *err)
{
    if (says_nothing(name))
        return NPS_OK;
    nps_status st = nps_grow(&s->synonym, &s->cap_synonym, s->n_synonym + 1, sizeof *s->synonym, SYNONYM_MAX, NULL);
    if (st == NPS_E_LIMIT)
        return nps_fail(err, NPS_E_LIMIT, "more than %d synonyms in one record", SYNONYM_MAX);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    char *text = clean_text(s, name);
    if (!text)
        return nps_fail_nomem(err);
    s->synonym[s->n_synonym++] = text;
    return NPS_OK;
}

/* What a key of a text format means to us. */
typedef enum {
    KEY_TEXT, /* + field */
    KEY_SYNONYM,
    KEY_PRECURSOR,
    KEY_EXACT_MASS,
    KEY_NOMINAL_MASS,
    KEY_RI,
    KEY_RT,
    KEY_POLARITY,
    KEY_TECHNIQUE
} key_kind;

/* Keys folded: lower case, without blanks, '_', '-', '#', ':', '$' and '/'. */
static const struct {
    const char *folded;
    key_kind kind;
    nps_text_field field;
} key_table[] = {
    {"name", KEY_TEXT, NPS_TEXT_NAME},
    {"title", KEY_TEXT, NPS_TEXT_NAME},
    {"compoundname", KEY_TEXT, NPS_TEXT_NAME},
    {"id", KEY_TEXT, NPS_TEXT_ID},
    {"db", KEY_TEXT, NPS_TEXT_ID},
    {"accession", KEY_TEXT, NPS_TEXT_ID},
    {"spectrumid", KEY_TEXT, NPS_TEXT_ID},
    {"nistno", KEY_TEXT, NPS_TEXT_ID},
    {"nist", KEY_TEXT, NPS_TEXT_ID},
    {"inchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"chinchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"inchiaux", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"inchi", KEY_TEXT, NPS_TEXT_INCHI},
    {"chiupac", KEY_TEXT, NPS_TEXT_INCHI},
    {"smiles", KEY_TEXT, NPS_TEXT_SMILES},
    {"chsmiles", KEY_TEXT, NPS_TEXT_SMILES},
    {"formula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"chformula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"molform", KEY_TEXT, NPS_TEXT_FORMULA},
    {"molecularformula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"cas", KEY_TEXT, NPS_TEXT_CAS},
    {"casno", KEY_TEXT, NPS_TEXT_CAS},
    {"casnumber", KEY_TEXT, NPS_TEXT_CAS},
    {"casregistryno", KEY_TEXT, NPS_TEXT_CAS},
    {"class", KEY_TEXT, NPS_TEXT_CLASS},
    {"compoundclass", KEY_TEXT, NPS_TEXT_CLASS},
    {"precursortype", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"adduct", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"adductionname", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"instrument", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"acinstrument", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"spectrometerdatasystem", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"instrumenttype", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"acinstrumenttype", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"sourceinstrument", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"ionization", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"ionsource", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"ionizationmethod", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"acmassspectrometryionization", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"collisionenergy", KEY_TEXT, NPS_TEXT_ENERGY},
    {"acmassspectrometrycollisionenergy", KEY_TEXT, NPS_TEXT_ENERGY},
    {"contributor", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"authors", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"owner", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"licence", KEY_TEXT, NPS_TEXT_LICENCE},
    {"license", KEY_TEXT, NPS_TEXT_LICENCE},
    {"comment", KEY_TEXT, NPS_TEXT_COMMENT},
    {"comments", KEY_TEXT, NPS_TEXT_COMMENT},
    {"synon", KEY_SYNONYM, NPS_TEXT_NAME},
    {"synonym", KEY_SYNONYM, NPS_TEXT_NAME},
    {"synonyms", KEY_SYNONYM, NPS_TEXT_NAME},
    {"chname", KEY_SYNONYM, NPS_TEXT_NAME},
    {"precursormz", KEY_PRECURSOR, NPS_TEXT_NAME},
    {"pepmass", KEY_PRECURSOR, NPS_TEXT_NAME},
    {"parentmass", KEY_PRECURSOR, NPS_TEXT_NAME},
    {"precursormass", KEY_PRECURSOR, NPS_TEXT_NAME},
    {"msfocusedionprecursormz", KEY_PRECURSOR, NPS_TEXT_NAME},
    {"exactmass", KEY_EXACT_MASS, NPS_TEXT_NAME},
    {"chexactmass", KEY_EXACT_MASS, NPS_TEXT_NAME},
    {"monoisotopicmass", KEY_EXACT_MASS, NPS_TEXT_NAME},
    {"mw", KEY_NOMINAL_MASS, NPS_TEXT_NAME},
    {"nominalmass", KEY_NOMINAL_MASS, NPS_TEXT_NAME},
    {"retentionindex", KEY_RI, NPS_TEXT_NAME},
    {"ri", KEY_RI, NPS_TEXT_NAME},
    {"acchromatographykovatsrtindex", KEY_RI, NPS_TEXT_NAME},
    {"rtinseconds", KEY_RT, NPS_TEXT_NAME},
    {"ionmode", KEY_POLARITY, NPS_TEXT_NAME},
    {"ionizationmode", KEY_POLARITY, NPS_TEXT_NAME},
    {"polarity", KEY_POLARITY, NPS_TEXT_NAME},
    {"acmassspectrometryionmode", KEY_POLARITY, NPS_TEXT_NAME},
    {"charge", KEY_POLARITY, NPS_TEXT_NAME},
    {"technique", KEY_TECHNIQUE, NPS_TEXT_NAME},
};

static bool fold_key(nps_span key, char folded[static 48])
{
    size_t m = 0;
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        if (c == ' ' || c == '_' || c == '-' || c == '#' || c == ':' || c == '$' || c == '/')
            continue;
        if (m + 1 == 48)
            return false;
        folded[m++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    folded[m] = '\0';
    return m > 0;
}

static bool leading_number(nps_span v, double low, double high, double *ret_v)
{
    v = nps_span_trim(v);
    double d;
    const char *stop = nps_scan_number(v.p, v.p + v.n, &d);
    if (!stop || d < low || d > high)
        return false;
    if (stop < v.p + v.n && *stop != ' ' && *stop != '\t' && *stop != '/' && *stop != ';')
        return false;
    *ret_v = d;
    return true;
}

static bool take_polarity(nps_spectrum *s, nps_span v)
{
    v = nps_span_trim(v);
    int sign = 0;
    if (nps_span_starts(v, "pos") || nps_span_is(v, "p") || (v.n && v.n <= 3 && (v.p[0] == '+' || v.p[v.n - 1] == '+')))
        sign = 1;
    else if (nps_span_starts(v, "neg") || nps_span_is(v, "n") ||
             (v.n && v.n <= 3 && (v.p[0] == '-' || v.p[v.n - 1] == '-')))
        sign = -1;
    if (!sign || (s->polarity && s->polarity != sign))
        return false;
    s->polarity = sign;
    return true;
}

static bool take_number(nps_spectrum *s, key_kind kind, nps_span v)
{
    double d;
    switch (kind) {
    case KEY_PRECURSOR:
        if (s->precursor_mz > 0 || !leading_number(v, 1e-3, 1e6, &d))
            return false;
        s->precursor_mz = d;
        return true;
    case KEY_EXACT_MASS:
        if (s->exact_mass > 0 || !leading_number(v, 1e-3, 1e6, &d))
            return false;
        s->exact_mass = d;
        return true;
    case KEY_NOMINAL_MASS:
        if (s->nominal_mass || !leading_number(v, 1, 1e6, &d) || d != floor(d))
            return false;
        s->nominal_mass = (int)d;
        return true;
    case KEY_RI:
        if (s->retention_index > 0 || !leading_number(v, 1e-3, 1e5, &d))
            return false;
        s->retention_index = d;
        return true;
    case KEY_RT:
        if (s->retention_time_s > 0 || !leading_number(v, 1e-6, 1e6, &d))
            return false;
        s->retention_time_s = d;
        return true;
    case KEY_POLARITY: return take_polarity(s, v);
    case KEY_TECHNIQUE: return s->technique == NPS_TECH_UNKNOWN && nps_technique_parse(nps_span_trim(v), &s->technique);
    case KEY_TEXT:
    case KEY_SYNONYM: break;
    }
    return false;
}

nps_status nps_spectrum_take_pair(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    char folded[48];
    if (fold_key(key, folded))
        for (size_t i = 0; i < sizeof key_table / sizeof *key_table; i++) {
            if (strcmp(folded, key_table[i].folded) != 0)
                continue;
            if (key_table[i].kind == KEY_TEXT)
                return nps_spectrum_set_text(s, key_table[i].field, key, value, err);
            if (key_table[i].kind == KEY_SYNONYM)
                return nps_spectrum_add_synonym(s, value, err);
            if (take_number(s, key_table[i].kind, value))
                return NPS_OK;
            break;
        }
    return says_nothing(value) ? NPS_OK : nps_spectrum_add_meta(s, key, value, err);
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

nps_status nps_spectrum_settle(nps_spectrum *s, nps_err *err)
{
    nps_peaks_repairs r = {0};
    nps_status st = nps_peaks_settle(&s->peaks, &r, err);
    if (st != NPS_OK)
        return st;
    s->repairs[NPS_REPAIR_UNSORTED] += r.unsorted;
    s->repairs[NPS_REPAIR_DUPLICATE] += r.duplicate;
    s->repairs[NPS_REPAIR_ZERO] += r.zero;
    char *key = s->text[NPS_TEXT_INCHIKEY];
    if (key && !nps_inchikey_is_valid(nps_span_of(key))) {
        /* "InChIKey=..." is a spelling, not a fault. */
        nps_span bare = nps_span_of(key);
        if (nps_span_starts(bare, "inchikey=") && nps_inchikey_is_valid((nps_span){key + 9, bare.n - 9})) {
            memmove(key, key + 9, bare.n - 8);
        } else {
            s->text[NPS_TEXT_INCHIKEY] = NULL;
            s->repairs[NPS_REPAIR_INVALID_KEY]++;
            st = nps_spectrum_add_meta(s, NPS_SPAN("InChIKey"), bare, err);
            free(key);
            if (st != NPS_OK)
                return st;
        }
    }
    if (s->technique == NPS_TECH_UNKNOWN && s->peaks.n)
        s->technique = guess_technique(s);
    return NPS_OK;
}

nps_span nps_spectrum_block(const nps_spectrum *s)
{
    return s->text[NPS_TEXT_INCHIKEY] ? (nps_span){s->text[NPS_TEXT_INCHIKEY], 14} : (nps_span){"", 0};
}
