/* What the keys of the text formats mean: the one table of key names, and taking pairs by it. */
#include "spectra/spectrum.h"

#include "spectra/dquote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    KEY_TEXT, /* + field */
    KEY_SYNONYM,
    KEY_PRECURSOR,
    KEY_EXACT_MASS,
    KEY_NOMINAL_MASS,
    KEY_RI,
    KEY_RT,
    KEY_POLARITY,
    KEY_CHARGE,
    KEY_TECHNIQUE,
    KEY_VERBATIM
} key_kind;

typedef struct {
    const char *folded;
    key_kind kind;
    nps_text_field field; /* of KEY_TEXT */
} key_row;

/* Keys folded: lower case, without blanks, '_', '-', '#', ':', '$' and '/'. Ascending, for a binary search. A neutral
 * "parent mass" is no precursor m/z, so it is not here. */
static const key_row key_table[] = {
    {"accession", KEY_TEXT, NPS_TEXT_ID},
    {"acchromatographykovatsrtindex", KEY_RI, 0},
    {"acinstrument", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"acinstrumenttype", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"acmassspectrometrycollisionenergy", KEY_TEXT, NPS_TEXT_ENERGY},
    {"acmassspectrometryionization", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"acmassspectrometryionmode", KEY_POLARITY, 0},
    {"adduct", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"adductionname", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"author", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"authors", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"cas", KEY_TEXT, NPS_TEXT_CAS},
    {"casno", KEY_TEXT, NPS_TEXT_CAS},
    {"casnumber", KEY_TEXT, NPS_TEXT_CAS},
    {"casregistryno", KEY_TEXT, NPS_TEXT_CAS},
    {"charge", KEY_CHARGE, 0},
    {"chcompoundclass", KEY_TEXT, NPS_TEXT_CLASS},
    {"chexactmass", KEY_EXACT_MASS, 0},
    {"chformula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"chinchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"chiupac", KEY_TEXT, NPS_TEXT_INCHI},
    {"chlinkcas", KEY_TEXT, NPS_TEXT_CAS},
    {"chlinkinchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"chname", KEY_SYNONYM, 0},
    {"chsmiles", KEY_TEXT, NPS_TEXT_SMILES},
    {"class", KEY_TEXT, NPS_TEXT_CLASS},
    {"collisionenergy", KEY_TEXT, NPS_TEXT_ENERGY},
    {"comment", KEY_TEXT, NPS_TEXT_COMMENT},
    {"comments", KEY_TEXT, NPS_TEXT_COMMENT},
    {"compoundclass", KEY_TEXT, NPS_TEXT_CLASS},
    {"compoundname", KEY_TEXT, NPS_TEXT_NAME},
    {"contributor", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"db", KEY_TEXT, NPS_TEXT_ID},
    {"exactmass", KEY_EXACT_MASS, 0},
    {"formula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"id", KEY_TEXT, NPS_TEXT_ID},
    {"inchi", KEY_TEXT, NPS_TEXT_INCHI},
    {"inchiaux", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"inchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"instrument", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"instrumenttype", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"ionization", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"ionizationmethod", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"ionizationmode", KEY_POLARITY, 0},
    {"ionmode", KEY_POLARITY, 0},
    {"ionsource", KEY_TEXT, NPS_TEXT_IONIZATION},
    {"licence", KEY_TEXT, NPS_TEXT_LICENCE},
    {"license", KEY_TEXT, NPS_TEXT_LICENCE},
    {"molecularformula", KEY_TEXT, NPS_TEXT_FORMULA},
    {"molform", KEY_TEXT, NPS_TEXT_FORMULA},
    {"monoisotopicmass", KEY_EXACT_MASS, 0},
    {"msfocusedionprecursormz", KEY_PRECURSOR, 0},
    {"msfocusedionprecursortype", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"mw", KEY_NOMINAL_MASS, 0},
    {"name", KEY_TEXT, NPS_TEXT_NAME},
    {"nist", KEY_TEXT, NPS_TEXT_ID},
    {"nistno", KEY_TEXT, NPS_TEXT_ID},
    {"nominalmass", KEY_NOMINAL_MASS, 0},
    {"npswatchmetadata", KEY_VERBATIM, 0},
    {"ontology", KEY_TEXT, NPS_TEXT_CLASS},
    {"owner", KEY_TEXT, NPS_TEXT_CONTRIBUTOR},
    {"pepmass", KEY_PRECURSOR, 0},
    {"polarity", KEY_POLARITY, 0},
    {"precursormass", KEY_PRECURSOR, 0},
    {"precursormz", KEY_PRECURSOR, 0},
    {"precursortype", KEY_TEXT, NPS_TEXT_ADDUCT},
    {"retentionindex", KEY_RI, 0},
    {"ri", KEY_RI, 0},
    {"rtinseconds", KEY_RT, 0},
    {"smiles", KEY_TEXT, NPS_TEXT_SMILES},
    {"sourceinstrument", KEY_TEXT, NPS_TEXT_INSTRUMENT_TYPE},
    {"spectrometerdatasystem", KEY_TEXT, NPS_TEXT_INSTRUMENT},
    {"spectrumid", KEY_TEXT, NPS_TEXT_ID},
    {"stdinchi", KEY_TEXT, NPS_TEXT_INCHI},
    {"stdinchikey", KEY_TEXT, NPS_TEXT_INCHIKEY},
    {"synon", KEY_SYNONYM, 0},
    {"synonym", KEY_SYNONYM, 0},
    {"synonyms", KEY_SYNONYM, 0},
    {"technique", KEY_TECHNIQUE, 0},
    {"title", KEY_TEXT, NPS_TEXT_NAME},
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

static int by_folded(const void *key, const void *row)
{
    return strcmp(key, ((const key_row *)row)->folded);
}

static const key_row *find_key(nps_span key)
{
    char folded[48];
    if (!fold_key(key, folded))
        return NULL;
    return bsearch(folded, key_table, sizeof key_table / sizeof *key_table, sizeof *key_table, by_folded);
}

/* The number at the front; *ret_alone tells whether nothing else follows it. */
static bool leading_number(nps_span v, double low, double high, double *ret_v, bool *ret_alone)
{
    double d;
    const char *end = v.p + v.n, *stop = nps_scan_number(v.p, end, &d);
    if (!stop || d < low || d > high)
        return false;
    if (stop < end && *stop != ' ' && *stop != '\t' && *stop != '/' && *stop != ';')
        return false;
    *ret_v = d;
    *ret_alone = stop == end;
    return true;
}

static int sign_of(nps_span v)
{
    if (nps_span_starts(v, "pos") || nps_span_is(v, "p") || (v.n && v.n <= 3 && (v.p[0] == '+' || v.p[v.n - 1] == '+')))
        return 1;
    if (nps_span_starts(v, "neg") || nps_span_is(v, "n") || (v.n && v.n <= 3 && (v.p[0] == '-' || v.p[v.n - 1] == '-')))
        return -1;
    return 0;
}

/* True when the value has been taken whole, so that nothing is left to keep. */
static bool take_positive(double *field, nps_span v, double low, double high)
{
    bool alone;
    return !(*field > 0) && leading_number(v, low, high, field, &alone) && alone;
}

static bool take_nominal_mass(nps_spectrum *s, nps_span v)
{
    double d;
    bool alone;
    if (s->nominal_mass || !leading_number(v, 1, 1e6, &d, &alone) || d != floor(d))
        return false;
    s->nominal_mass = (int)d;
    return alone;
}

static bool take_technique(nps_spectrum *s, nps_span v)
{
    if (s->technique != NPS_TECH_UNKNOWN || s->technique_told || !nps_technique_parse(v, &s->technique))
        return false;
    s->technique_told = true;
    return true;
}

static bool take_polarity(nps_spectrum *s, nps_span v)
{
    int sign = sign_of(v);
    if (!sign || s->polarity)
        return false;
    s->polarity = sign;
    return true;
}

/* Fills a field that is no text. False when the pair is still to be kept, because it said more, or nothing, or again.
 */
static bool take_value(nps_spectrum *s, key_kind kind, nps_span v)
{
    switch (kind) {
    case KEY_PRECURSOR: return take_positive(&s->precursor_mz, v, 1e-3, 1e6);
    case KEY_EXACT_MASS: return take_positive(&s->exact_mass, v, 1e-3, 1e6);
    case KEY_RI: return take_positive(&s->retention_index, v, 1e-3, 1e5);
    case KEY_RT: return take_positive(&s->retention_time_s, v, 1e-6, 1e6);
    case KEY_NOMINAL_MASS: return take_nominal_mass(s, v);
    case KEY_POLARITY: return take_polarity(s, v);
    case KEY_CHARGE: take_polarity(s, v); return false;
    case KEY_TECHNIQUE: return take_technique(s, v);
    case KEY_TEXT:
    case KEY_SYNONYM:
    case KEY_VERBATIM: break;
    }
    return false;
}

/* NIST's own field codes travel as synonyms in MoNA's exports. */
static bool is_field_code(nps_span name)
{
    return nps_span_starts(name, "$:");
}

/* "key" "value". *ret_taken false when the value does not have that form. */
static nps_status take_verbatim(nps_spectrum *s, nps_span v, bool *ret_taken, nps_err *err)
{
    nps_dquote key = {0}, value = {0};
    nps_status st = nps_dquote_take(&v, &key, err);
    v = nps_span_trim(v);
    if (st == NPS_OK && key.text)
        st = nps_dquote_take(&v, &value, err);
    *ret_taken = st == NPS_OK && value.text && !v.n;
    if (*ret_taken)
        st = nps_spectrum_add_meta(s, (nps_span){key.text, key.n}, (nps_span){value.text, value.n}, err);
    free(key.text);
    free(value.text);
    return st;
}

static nps_status take_clean_pair(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    value = nps_span_trim(value);
    const key_row *row = find_key(key);
    if (row && row->kind == KEY_TEXT)
        return nps_spectrum_set_text(s, row->field, key, value, err);
    if (row && row->kind == KEY_SYNONYM && !is_field_code(value))
        return nps_spectrum_add_synonym(s, value, err);
    if (row && row->kind == KEY_VERBATIM) {
        bool taken = false;
        nps_status st = take_verbatim(s, value, &taken, err);
        if (st != NPS_OK || taken)
            return st;
    }
    if (row && take_value(s, row->kind, value))
        return NPS_OK;
    return nps_text_says_nothing(value) ? NPS_OK : nps_spectrum_add_meta(s, key, value, err);
}

static bool is_clean(nps_span v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < 32 || v.p[i] == 127)
            return false;
    return true;
}

nps_status nps_spectrum_take_pair(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    if (is_clean(key) && is_clean(value))
        return take_clean_pair(s, key, value, err);
    /* What a pair means is decided on the text that is kept, not on bytes that will be replaced. */
    NPS_AUTO_MEM(char *) k = nps_spectrum_clean_text(s, key);
    NPS_AUTO_MEM(char *) v = nps_spectrum_clean_text(s, value);
    if (!k || !v)
        return nps_fail_nomem(err);
    return take_clean_pair(s, nps_span_of(k), nps_span_of(v), err);
}

static bool same_values(const nps_spectrum *a, const nps_spectrum *b)
{
    return a->technique == b->technique && a->polarity == b->polarity && a->nominal_mass == b->nominal_mass &&
           a->precursor_mz == b->precursor_mz && a->exact_mass == b->exact_mass &&
           a->retention_index == b->retention_index && a->retention_time_s == b->retention_time_s;
}

bool nps_spectrum_keeps_pair(const nps_spectrum *s, nps_span key, nps_span value)
{
    const key_row *row = find_key(key);
    if (nps_text_says_nothing(value) || (row && row->kind == KEY_VERBATIM))
        return false;
    if (!row)
        return true;
    if (row->kind == KEY_TEXT)
        return s->text[row->field] != NULL;
    if (row->kind == KEY_SYNONYM)
        return is_field_code(value);
    nps_spectrum probe = *s;
    return !take_value(&probe, row->kind, value) && same_values(&probe, s);
}

bool nps_spectrum_knows_key(nps_span key)
{
    return find_key(key) != NULL;
}

static void forget_text(nps_spectrum *s, nps_text_field f)
{
    free(s->text[f]);
    s->text[f] = NULL;
}

static void forget_synonyms(nps_spectrum *s)
{
    while (s->n_synonym)
        free(s->synonym[--s->n_synonym]);
}

static bool same_key(nps_span a, nps_span b)
{
    char x[48], y[48];
    if (fold_key(a, x) && fold_key(b, y))
        return strcmp(x, y) == 0;
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void forget_meta(nps_spectrum *s, nps_span key)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_meta; i++) {
        if (!same_key(nps_span_of(s->meta[i].key), key)) {
            s->meta[kept++] = s->meta[i];
            continue;
        }
        free(s->meta[i].key);
        free(s->meta[i].value);
    }
    s->n_meta = kept;
}

void nps_spectrum_forget_key(nps_spectrum *s, nps_span key)
{
    const key_row *row = find_key(key);
    forget_meta(s, key);
    if (!row)
        return;
    switch (row->kind) {
    case KEY_TEXT: forget_text(s, row->field); break;
    case KEY_SYNONYM: forget_synonyms(s); break;
    case KEY_PRECURSOR: s->precursor_mz = 0; break;
    case KEY_EXACT_MASS: s->exact_mass = 0; break;
    case KEY_RI: s->retention_index = 0; break;
    case KEY_RT: s->retention_time_s = 0; break;
    case KEY_NOMINAL_MASS: s->nominal_mass = 0; break;
    case KEY_POLARITY:
    case KEY_CHARGE: s->polarity = 0; break;
    case KEY_TECHNIQUE:
    case KEY_VERBATIM: break;
    }
}
