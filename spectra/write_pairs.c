/* The pairs "key, value" that the line formats have in common. */
#include "spectra/write_impl.h"

#include "spectra/dquote.h"

#include <string.h>

static const char *const text_keys[NPS_TEXT_COUNT] = {
    [NPS_TEXT_NAME] = "Name",
    [NPS_TEXT_ID] = "ID",
    [NPS_TEXT_INCHIKEY] = "InChIKey",
    [NPS_TEXT_INCHI] = "InChI",
    [NPS_TEXT_SMILES] = "SMILES",
    [NPS_TEXT_FORMULA] = "Formula",
    [NPS_TEXT_CAS] = "CASNO",
    [NPS_TEXT_CLASS] = "Compound_class",
    [NPS_TEXT_ADDUCT] = "Precursor_type",
    [NPS_TEXT_INSTRUMENT] = "Instrument",
    [NPS_TEXT_INSTRUMENT_TYPE] = "Instrument_type",
    [NPS_TEXT_IONIZATION] = "Ionization",
    [NPS_TEXT_ENERGY] = "Collision_energy",
    [NPS_TEXT_CONTRIBUTOR] = "Contributor",
    [NPS_TEXT_LICENCE] = "License",
    [NPS_TEXT_COMMENT] = "Comment",
};

static bool has_control(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 32 || *p == 127)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void put_pair(nps_buf *out, const nps_write_style *style, const char *key, const char *value)
{
    for (const char *p = key; *p; p++)
        nps_buf_putc(out, style->upper && *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
    nps_buf_puts(out, style->separator);
    nps_buf_puts(out, value);
    nps_buf_putc(out, '\n');
}

static nps_status put_text(nps_buf *out, const nps_write_style *style, const char *key, const char *value, nps_err *err)
{
    nps_span v = nps_span_of(value);
    if (has_control(value) || nps_text_says_nothing(v) || nps_span_trim(v).n != v.n)
        return nps_fail(err, NPS_E_RANGE, "%s '%s' cannot be written: empty, or with control bytes or blanks around it",
                        key, nps_quote(v.p, v.n).s);
    put_pair(out, style, key, value);
    return NPS_OK;
}

static nps_status put_synonym(nps_buf *out, const nps_write_style *style, const char *name, nps_err *err)
{
    static const nps_spectrum empty;
    if (nps_spectrum_keeps_pair(&empty, NPS_SPAN("Synon"), nps_span_of(name)))
        return nps_fail(err, NPS_E_RANGE, "synonym '%s' would be read as something else",
                        nps_quote(name, strlen(name)).s);
    return put_text(out, style, "Synon", name, err);
}

static nps_status put_number(nps_buf *out, const nps_write_style *style, const char *key, double v, nps_err *err)
{
    static const nps_spectrum empty;
    if (v == 0)
        return NPS_OK;
    NPS_AUTO_BUF text = NPS_BUF_INIT(64);
    nps_buf_put_double(&text, v);
    nps_status st = nps_buf_check(&text, err);
    if (st != NPS_OK)
        return st;
    if (nps_spectrum_keeps_pair(&empty, nps_span_of(key), nps_span_of(text.data)))
        return nps_fail(err, NPS_E_RANGE, "%s %g is outside the range that readers take", key, v);
    put_pair(out, style, key, text.data);
    return NPS_OK;
}

/* Keys made of such bytes are keys in every line format. */
static bool is_plain_key(const char *key)
{
    static const char others[] = " _#$/.-()0123456789";
    if (!is_letter(key[0]))
        return false;
    for (const char *p = key; *p; p++)
        if (!is_letter(*p) && !strchr(others, *p))
            return false;
    return true;
}

static nps_status put_meta(nps_buf *out, const nps_write_style *style, const nps_spectrum *s, const nps_meta *m,
                           nps_err *err)
{
    if (has_control(m->key) || has_control(m->value))
        return nps_fail(err, NPS_E_RANGE, "metadata '%s' with control bytes cannot be written",
                        nps_quote(m->key, strlen(m->key)).s);
    if (is_plain_key(m->key) && !style->is_special(m->key, m->value) &&
        nps_spectrum_keeps_pair(s, nps_span_of(m->key), nps_span_of(m->value))) {
        nps_buf_puts(out, m->key);
        nps_buf_puts(out, style->separator);
        nps_buf_puts(out, m->value);
    } else {
        nps_buf_puts(out, "npswatch-metadata");
        nps_buf_puts(out, style->separator);
        nps_dquote_put(out, m->key);
        nps_buf_putc(out, ' ');
        nps_dquote_put(out, m->value);
    }
    nps_buf_putc(out, '\n');
    return NPS_OK;
}

static nps_status put_numbers(nps_buf *out, const nps_write_style *style, const nps_spectrum *s, nps_err *err)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{style->precursor_key, s->precursor_mz},
                   {"ExactMass", s->exact_mass},
                   {"MW", s->nominal_mass},
                   {"Retention_index", s->retention_index},
                   {"RTINSECONDS", s->retention_time_s}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        nps_status st = put_number(out, style, numbers[i].key, numbers[i].value, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

nps_status nps_write_pairs(nps_buf *out, const nps_spectrum *s, const nps_write_style *style, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t f = 0; f < NPS_TEXT_COUNT && st == NPS_OK; f++)
        if (s->text[f])
            st = put_text(out, style, text_keys[f], s->text[f], err);
    for (size_t i = 0; i < s->n_synonym && st == NPS_OK; i++)
        st = put_synonym(out, style, s->synonym[i], err);
    if (st == NPS_OK)
        st = put_numbers(out, style, s, err);
    if (s->polarity)
        put_pair(out, style, "Ion_mode", s->polarity > 0 ? "POSITIVE" : "NEGATIVE");
    put_pair(out, style, "Technique", nps_technique_name(s->technique));
    for (size_t i = 0; i < s->n_meta && st == NPS_OK; i++)
        st = put_meta(out, style, s, &s->meta[i], err);
    return st;
}

nps_status nps_write_check_peaks(const nps_spectrum *s, nps_err *err)
{
    if (s->trace.n)
        return nps_fail(err, NPS_E_UNSUPPORTED, "a trace cannot be written as a peak list");
    if (!s->peaks.n)
        return nps_fail(err, NPS_E_RANGE, "a spectrum without peaks cannot be written");
    for (size_t i = 0; s->peaks.note && i < s->peaks.n; i++)
        if (s->peaks.note[i] && has_control(s->peaks.note[i]))
            return nps_fail(err, NPS_E_RANGE, "the note of peak %zu holds control bytes", i + 1);
    return nps_peaks_check(&s->peaks, err);
}
