#include "spectra/jcamp_fields.h"

#include <stdlib.h>
#include <string.h>

typedef enum {
    LABEL_PAIR,  /* by the key table that all text formats share */
    LABEL_DATA,  /* belongs to the layout of the file or of its numbers */
    LABEL_META,  /* metadata in any case: the shared table would take the key for something else, or drop the value */
    LABEL_NAMES, /* one name a line */
    LABEL_MODE,  /* ionization mode with polarity */
    LABEL_TIME,  /* retention time in seconds */
    LABEL_OUR_FIELD,
    LABEL_OUR_META,
    LABEL_OUR_SYNONYM
} label_kind;

typedef struct {
    const char *key; /* normalised */
    label_kind kind;
} label_row;

/* Ascending by key, for a binary search. */
static const label_row labels[] = {
    {"", LABEL_DATA},
    {"$NPSFIELD", LABEL_OUR_FIELD},
    {"$NPSGRID", LABEL_DATA},
    {"$NPSMETA", LABEL_OUR_META},
    {"$NPSNOTE", LABEL_DATA},
    {"$NPSSYNONYM", LABEL_OUR_SYNONYM},
    {".ACCELERATINGVOLTAGE", LABEL_META},
    {".INLET", LABEL_META},
    {".INSTRUMENTPARAMETERS", LABEL_META},
    {".IONIZATIONENERGY", LABEL_META},
    {".IONIZATIONMODE", LABEL_MODE},
    {".RETENTIONTIME", LABEL_TIME},
    {".SCANRATE", LABEL_META},
    {".SPECTROMETERTYPE", LABEL_META},
    {"AFACTOR", LABEL_DATA},
    {"AUNITS", LABEL_DATA},
    {"BEILSTEINLAWSONNO", LABEL_META},
    {"BLOCKID", LABEL_DATA},
    {"BLOCKS", LABEL_DATA},
    {"BP", LABEL_META},
    {"CASNAME", LABEL_NAMES},
    {"CLASS", LABEL_META}, /* the Coblentz class of the measurement, not of the substance */
    {"CONCENTRATIONS", LABEL_META},
    {"CROSSREFERENCE", LABEL_META},
    {"DATACLASS", LABEL_DATA},
    {"DATAPROCESSING", LABEL_META},
    {"DATATABLE", LABEL_DATA},
    {"DATATYPE", LABEL_DATA},
    {"DATE", LABEL_META},
    {"DELTAR", LABEL_DATA},
    {"DELTAX", LABEL_DATA},
    {"DENSITY", LABEL_META},
    {"ENDNTUPLES", LABEL_DATA},
    {"FACTOR", LABEL_DATA},
    {"FIRST", LABEL_DATA},
    {"FIRSTA", LABEL_DATA},
    {"FIRSTR", LABEL_DATA},
    {"FIRSTX", LABEL_DATA},
    {"FIRSTY", LABEL_DATA},
    {"INSTRUMENTALPARAMETERS", LABEL_META},
    {"INSTRUMENTPARAMETERS", LABEL_META},
    {"IONIZATIONMODE", LABEL_MODE},
    {"IUPACNAME", LABEL_NAMES},
    {"JCAMPDX", LABEL_DATA},
    {"LAST", LABEL_DATA},
    {"LASTR", LABEL_DATA},
    {"LASTX", LABEL_DATA},
    {"LONGDATE", LABEL_META},
    {"MAX", LABEL_DATA},
    {"MAXA", LABEL_DATA},
    {"MAXR", LABEL_DATA},
    {"MAXX", LABEL_DATA},
    {"MAXY", LABEL_DATA},
    {"MIN", LABEL_DATA},
    {"MINA", LABEL_DATA},
    {"MINR", LABEL_DATA},
    {"MINX", LABEL_DATA},
    {"MINY", LABEL_DATA},
    {"MP", LABEL_META},
    {"NAMES", LABEL_NAMES},
    {"NPOINTS", LABEL_DATA},
    {"NTUPLES", LABEL_DATA},
    {"ORIGIN", LABEL_META},
    {"PAGE", LABEL_DATA},
    {"PATHLENGTH", LABEL_META},
    {"PEAKASSIGNMENTS", LABEL_DATA},
    {"PEAKTABLE", LABEL_DATA},
    {"PRESSURE", LABEL_META},
    {"RADATA", LABEL_DATA},
    {"REFRACTIVEINDEX", LABEL_META},
    {"RESOLUTION", LABEL_META},
    {"RETENTIONTIME", LABEL_TIME},
    {"RFACTOR", LABEL_DATA},
    {"RUNITS", LABEL_DATA},
    {"SAMPLEDESCRIPTION", LABEL_META},
    {"SAMPLINGPROCEDURE", LABEL_META},
    {"SOURCEREFERENCE", LABEL_META},
    {"STATE", LABEL_META},
    {"SYMBOL", LABEL_DATA},
    {"TEMPERATURE", LABEL_META},
    {"TIME", LABEL_META},
    {"UNITS", LABEL_DATA},
    {"VARDIM", LABEL_DATA},
    {"VARFORM", LABEL_DATA},
    {"VARNAME", LABEL_DATA},
    {"VARTYPE", LABEL_DATA},
    {"WISWESSER", LABEL_META},
    {"XFACTOR", LABEL_DATA},
    {"XLABEL", LABEL_META},
    {"XUNITS", LABEL_DATA},
    {"XYDATA", LABEL_DATA},
    {"XYPOINTS", LABEL_DATA},
    {"YFACTOR", LABEL_DATA},
    {"YLABEL", LABEL_META},
    {"YUNITS", LABEL_DATA},
};

static int by_key(const void *key, const void *row)
{
    return strcmp(key, ((const label_row *)row)->key);
}

static label_kind kind_of(const nps_jcamp_ldr *ldr)
{
    /* Too long to be normalised: none of ours. */
    if (!ldr->key[0] && ldr->label.n)
        return LABEL_PAIR;
    const label_row *row = bsearch(ldr->key, labels, sizeof labels / sizeof *labels, sizeof *labels, by_key);
    return row ? row->kind : LABEL_PAIR;
}

bool nps_jcamp_is_plain_value(nps_span value)
{
    return value.n && !memmem(value.p, value.n, "$$", 2) && !nps_span_starts(value, "##");
}

int nps_jcamp_mode_polarity(nps_span mode)
{
    char last = mode.n ? mode.p[mode.n - 1] : ' ';
    return last == '+' ? 1 : last == '-' ? -1 : 0;
}

static bool is_plain_byte(nps_span text, size_t i)
{
    unsigned char c = (unsigned char)text.p[i];
    bool edge = i == 0 || i + 1 == text.n;
    return c > 32 ? c != '$' && c != '%' && c != '=' && c != 127 : c == 32 && !edge;
}

void nps_jcamp_escape(nps_buf *b, nps_span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (is_plain_byte(text, i))
            nps_buf_putc(b, text.p[i]);
        else
            nps_buf_printf(b, "%%%02X", (unsigned char)text.p[i]);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void nps_jcamp_unescape(nps_buf *b, nps_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '%' && i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
        char c = low >= 0 ? (char)(high * 16 + low) : text.p[i];
        i += low >= 0 ? 2 : 0;
        if (c) /* which would end the text */
            nps_buf_putc(b, c);
    }
}

static nps_span span_of(const nps_buf *b)
{
    return (nps_span){b->data ? b->data : "", b->len};
}

static nps_status take_names(nps_spectrum *s, nps_span text, nps_err *err)
{
    nps_status st = NPS_OK;
    for (nps_span name; st == NPS_OK && nps_span_token(&text, "\n", &name);)
        st = nps_spectrum_add_synonym(s, name, err);
    return st;
}

static nps_status take_mode(nps_spectrum *s, nps_span label, nps_span mode, nps_err *err)
{
    int sign = nps_jcamp_mode_polarity(mode);
    if (sign && !s->polarity)
        s->polarity = sign;
    return nps_spectrum_set_text(s, NPS_TEXT_IONIZATION, label, mode, err);
}

static nps_status take_time(nps_spectrum *s, nps_span label, nps_span value, nps_err *err)
{
    double t;
    /* The range that every format of ours can keep. */
    if (s->retention_time_s > 0 || !nps_span_double(value, &t) || t < 1e-6 || t > 1e6)
        return nps_spectrum_add_meta(s, label, value, err);
    s->retention_time_s = t;
    return NPS_OK;
}

/* "name=escaped text" of our own records. */
static nps_status take_ours(nps_spectrum *s, label_kind kind, nps_span label, nps_span value, nps_err *err)
{
    nps_span left, right;
    if (!nps_span_split(value, '=', &left, &right))
        return nps_spectrum_add_meta(s, label, value, err);
    NPS_AUTO_BUF name = NPS_BUF_INIT(left.n), text = NPS_BUF_INIT(right.n);
    nps_jcamp_unescape(&name, left);
    nps_jcamp_unescape(&text, right);
    nps_status st = nps_buf_check(&name, err);
    if (st == NPS_OK)
        st = nps_buf_check(&text, err);
    if (st != NPS_OK)
        return st;
    if (kind == LABEL_OUR_META)
        return nps_spectrum_add_meta(s, span_of(&name), span_of(&text), err);
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++)
        if (nps_span_is(span_of(&name), nps_text_field_name((nps_text_field)f)))
            return nps_spectrum_set_text(s, (nps_text_field)f, label, span_of(&text), err);
    return nps_spectrum_add_meta(s, label, value, err);
}

static nps_status take_synonym(nps_spectrum *s, nps_span value, nps_err *err)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(value.n);
    nps_jcamp_unescape(&text, value);
    nps_status st = nps_buf_check(&text, err);
    return st == NPS_OK ? nps_spectrum_add_synonym(s, span_of(&text), err) : st;
}

static nps_status take_label(nps_spectrum *s, label_kind kind, nps_span label, nps_span text, nps_err *err)
{
    switch (kind) {
    case LABEL_DATA: break;
    case LABEL_META: return text.n ? nps_spectrum_add_meta(s, label, text, err) : NPS_OK;
    case LABEL_NAMES: return take_names(s, text, err);
    case LABEL_MODE: return take_mode(s, label, text, err);
    case LABEL_TIME: return text.n ? take_time(s, label, text, err) : NPS_OK;
    case LABEL_OUR_FIELD:
    case LABEL_OUR_META: return take_ours(s, kind, label, text, err);
    case LABEL_OUR_SYNONYM: return take_synonym(s, text, err);
    case LABEL_PAIR: return nps_spectrum_take_pair(s, label, text, err);
    }
    return NPS_OK;
}

nps_status nps_jcamp_take_fields(const nps_jcamp_block *b, size_t from, size_t end, nps_spectrum *s, nps_err *err)
{
    for (size_t i = from; i < end; i++) {
        const nps_jcamp_ldr *ldr = &b->ldr[i];
        label_kind kind = kind_of(ldr);
        if (kind == LABEL_DATA)
            continue;
        NPS_AUTO_BUF text = NPS_BUF_INIT(ldr->value.n);
        nps_jcamp_value_text(ldr, &text);
        nps_err why = {0};
        nps_status st = nps_buf_check(&text, &why);
        if (st == NPS_OK)
            st = take_label(s, kind, ldr->label, span_of(&text), &why);
        if (st != NPS_OK)
            return nps_fail_at(err, st, ldr->line, (size_t)(ldr->label.p - b->base) - 2, "%s", why.msg);
    }
    return NPS_OK;
}

bool nps_jcamp_is_plain_meta(const nps_spectrum *s, nps_span key, nps_span value)
{
    nps_jcamp_ldr ldr = {.label = key};
    nps_jcamp_normalise(key, ldr.key, sizeof ldr.key);
    if (!key.n || memchr(key.p, '=', key.n) || !nps_jcamp_is_plain_value(value))
        return false;
    bool marks_block = strcmp(ldr.key, "TITLE") == 0 || strcmp(ldr.key, "END") == 0;
    if (marks_block || !nps_jcamp_is_plain_value(key))
        return false;
    label_kind kind = kind_of(&ldr);
    return kind == LABEL_META || (kind == LABEL_PAIR && nps_spectrum_keeps_pair(s, key, value));
}
