#include "spectra/read_jcamp.h"

#include "spectra/jcamp_fields.h"

#include <stdlib.h>
#include <string.h>

/* Every page of NTUPLES repeats the text of its head in a spectrum of its own. */
enum { TUPLE_HEAD_TEXT_MAX = 64 << 10 };

typedef struct {
    nps_jcamp_block block;
    size_t from;    /* record where the next table is looked for */
    bool in_block;  /* the block has tables left to look for */
    bool any_table; /* it had one already */
} jcamp_state;

static size_t offset_of(const nps_jcamp_block *b, const nps_jcamp_ldr *ldr)
{
    return (size_t)(ldr->label.p - b->base) - 2;
}

static int sniff_jcamp(nps_span head)
{
    nps_scan s = nps_scan_init(head.p, head.n);
    bool junk = false;
    for (nps_span line; nps_scan_line(&s, &line);) {
        nps_span t = nps_span_trim(line);
        if (!t.n || nps_span_starts(t, "$$"))
            continue;
        if (!nps_span_starts(t, "##")) {
            junk = true;
            continue;
        }
        nps_span label, value;
        char key[32];
        if (!nps_span_split((nps_span){t.p + 2, t.n - 2}, '=', &label, &value))
            continue;
        nps_jcamp_normalise(label, key, sizeof key);
        if (strcmp(key, "TITLE") == 0)
            return junk ? 80 : 100;
        if (strcmp(key, "JCAMPDX") == 0 || strcmp(key, "DATATYPE") == 0)
            return 80;
    }
    return 0;
}

nps_jcamp_kind nps_jcamp_kind_of(const nps_jcamp_block *b)
{
    static const struct {
        const char *key;
        nps_jcamp_kind kind;
    } types[] = {{"MASSSPECTRUM", NPS_JCAMP_MASS},         {"CONTINUOUSMASSSPECTRUM", NPS_JCAMP_MASS},
                         {"INFRAREDSPECTRUM", NPS_JCAMP_INFRARED},
                 {"INFRARED", NPS_JCAMP_INFRARED},         {"IRSPECTRUM", NPS_JCAMP_INFRARED},
                 {"FTIRSPECTRUM", NPS_JCAMP_INFRARED},     {"MIDINFRAREDSPECTRUM", NPS_JCAMP_INFRARED},
                 {"INFRAREDTRANSFORMEDSPECTRUM", NPS_JCAMP_INFRARED}, {"NEARINFRAREDSPECTRUM", NPS_JCAMP_INFRARED},
                 {"NIRSPECTRUM", NPS_JCAMP_INFRARED},      {"ATRIRSPECTRUM", NPS_JCAMP_INFRARED},
                 {"FTIR", NPS_JCAMP_INFRARED},             {"IR", NPS_JCAMP_INFRARED},
                 {"RAMANSPECTRUM", NPS_JCAMP_RAMAN},       {"RAMAN", NPS_JCAMP_RAMAN},
                 {"FTRAMANSPECTRUM", NPS_JCAMP_RAMAN},     {"LINK", NPS_JCAMP_LINK}};
    const nps_jcamp_ldr *type = nps_jcamp_find(b, 0, b->n, "DATATYPE");
    char key[32];
    nps_jcamp_normalise(nps_jcamp_first_line(type ? type : nps_jcamp_find(b, 0, b->n, "NTUPLES")), key, sizeof key);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(key, types[i].key) == 0)
            return types[i].kind;
    return NPS_JCAMP_OTHER;
}

/* The head of a LINK, and what stands between the end of its last block and its own end, hold no spectrum. */
static bool is_wrapping(const nps_jcamp_block *b)
{
    if (nps_jcamp_kind_of(b) == NPS_JCAMP_LINK)
        return true;
    return !nps_jcamp_find(b, 0, b->n, "TITLE") && !nps_jcamp_count_tables(b, 0);
}

static nps_status refuse_other(const nps_jcamp_block *b, nps_err *err)
{
    const nps_jcamp_ldr *structure = nps_jcamp_find(b, 0, b->n, "JCAMPCS");
    if (structure)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, structure->line, offset_of(b, structure),
                           "a chemical structure (JCAMP-CS) is not read here, only mass, infrared and Raman spectra");
    const nps_jcamp_ldr *type = nps_jcamp_find(b, 0, b->n, "DATATYPE");
    if (!type)
        type = nps_jcamp_find(b, 0, b->n, "NTUPLES");
    if (!type)
        return nps_fail_at(err, NPS_E_FORMAT, b->line, b->offset, "the block has no DATA TYPE");
    nps_span name = nps_jcamp_first_line(type);
    return nps_fail_at(err, NPS_E_UNSUPPORTED, type->line, offset_of(b, type),
                       "'%s' is not read here, only mass, infrared and Raman spectra", nps_quote(name.p, name.n).s);
}

static nps_status check_head(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_err *err)
{
    size_t text = 0;
    for (size_t i = 0; t->tuples && i < t->head_end; i++) {
        text += b->ldr[i].value.n;
        if (text > TUPLE_HEAD_TEXT_MAX)
            return nps_fail_at(err, NPS_E_LIMIT, b->ldr[i].line, offset_of(b, &b->ldr[i]),
                               "more than %d bytes of text before the first page", TUPLE_HEAD_TEXT_MAX);
    }
    return NPS_OK;
}

/* "T= 272": the page variable, which is the retention time where its unit is one of time. */
static nps_status take_page(const nps_jcamp_table *t, nps_spectrum *s, nps_err *err)
{
    nps_span text = nps_jcamp_first_line(t->page), name, value;
    double v = 0;
    bool seconds = nps_span_is(t->page_units, "SECONDS") || nps_span_is(t->page_units, "S");
    bool minutes = nps_span_is(t->page_units, "MINUTES") || nps_span_is(t->page_units, "MIN");
    if ((seconds || minutes) && nps_span_split(text, '=', &name, &value) && nps_span_double(value, &v) &&
        v >= 1e-6 && v <= (minutes ? 1e6 / 60 : 1e6)) {
        s->retention_time_s = minutes ? v * 60 : v;
        return NPS_OK;
    }
    return text.n ? nps_spectrum_add_meta(s, NPS_SPAN("PAGE"), text, err) : NPS_OK;
}

static nps_status take_fields(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_spectrum *s, nps_err *err)
{
    nps_status st = check_head(b, t, err);
    if (st == NPS_OK)
        st = nps_jcamp_take_fields(b, 0, t->head_end, s, err);
    if (st == NPS_OK && t->page)
        st = take_page(t, s, err);
    if (st == NPS_OK && t->tuples)
        st = nps_jcamp_take_fields(b, t->page_from, t->page_end, s, err);
    return st;
}

static nps_status settle(nps_jcamp_kind kind, nps_spectrum *s, nps_err *err)
{
    nps_status st = nps_spectrum_settle(s, err);
    if (st == NPS_OK && kind == NPS_JCAMP_MASS && !s->peaks.n)
        return nps_fail(err, NPS_E_FORMAT, "no peak of positive intensity");
    return st;
}

static nps_status build(nps_reader *r, const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p,
                        nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_jcamp_table_read(b, t, r->limits.max_points, p, err);
    if (st == NPS_OK)
        st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    const nps_jcamp_ldr *start = t->page ? t->page : &b->ldr[0];
    nps_jcamp_kind kind = nps_jcamp_kind_of(b);
    s->line = start->line;
    s->offset = offset_of(b, start);
    if (kind != NPS_JCAMP_MASS)
        s->technique = kind == NPS_JCAMP_RAMAN ? NPS_TECH_RAMAN : NPS_TECH_IR;
    s->repairs[NPS_REPAIR_HEADER] += b->missing_signs;
    s->repairs[NPS_REPAIR_DECIMAL_COMMA] += p->commas + t->commas;
    s->repairs[NPS_REPAIR_CHECKPOINT] += p->bad_checks;
    s->repairs[NPS_REPAIR_MISSING_POINT] += p->missing;
    s->repairs[NPS_REPAIR_PEAK_COUNT] += t->n_points && t->n_points != p->n;
    st = take_fields(b, t, s, err);
    if (st == NPS_OK)
        st = kind == NPS_JCAMP_MASS ? nps_jcamp_set_peaks(b, t, p, r->limits.max_points, s, err)
                                    : nps_jcamp_set_trace(b, t, p, r->limits.max_points, s, err);
    nps_err why = {0};
    if (nps_reader_refuse(r, s, st) != NPS_OK)
        return st;
    st = settle(kind, s, &why);
    if (nps_reader_refuse(r, s, st) != NPS_OK)
        return nps_fail_at(err, st, t->data->line, offset_of(b, t->data), "%s", why.msg);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

/* The next table of the block in hand as a spectrum; *ret_spectrum stays NULL when the block has no more. */
static nps_status next_table(nps_reader *r, jcamp_state *js, nps_spectrum **ret_spectrum, nps_err *err)
{
    const nps_jcamp_block *b = &js->block;
    nps_jcamp_table t;
    bool any = false;
    nps_status st = nps_jcamp_table_next(b, &js->from, &t, &any, err);
    if (st == NPS_OK && !any) {
        js->in_block = false;
        return js->any_table ? NPS_OK
                             : nps_fail_at(err, NPS_E_FORMAT, b->line, b->offset, "the block has no table of data");
    }
    js->any_table = true;
    if (st != NPS_OK)
        return st;
    /* Plain blocks describe one table; a further one is most often the peaks picked from the spectrum. */
    js->in_block = t.tuples;
    nps_jcamp_points p = {0};
    st = build(r, b, &t, &p, ret_spectrum, err);
    /* Repeat counts unfold also in a table that is refused. */
    r->unfolded += st == NPS_OK ? 0 : p.n * sizeof *p.y;
    nps_jcamp_points_done(&p);
    if (st == NPS_OK && !t.tuples)
        (*ret_spectrum)->repairs[NPS_REPAIR_FURTHER_TABLE] += nps_jcamp_count_tables(b, js->from);
    return st;
}

static nps_status next_block(nps_reader *r, jcamp_state *js, bool *ret_any, nps_err *err)
{
    bool any = false;
    nps_status st = nps_jcamp_block_read(r, &js->block, &any, err);
    if (st != NPS_OK)
        return st;
    *ret_any = any;
    js->from = 0;
    js->any_table = false;
    js->in_block = any && !is_wrapping(&js->block);
    if (js->in_block && nps_jcamp_kind_of(&js->block) == NPS_JCAMP_OTHER) {
        js->in_block = false;
        return refuse_other(&js->block, err);
    }
    return NPS_OK;
}

static nps_status next_jcamp(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state && !(r->state = nps_array(1, sizeof(jcamp_state))))
        return nps_fail_nomem(err);
    jcamp_state *js = r->state;
    nps_spectrum *s = NULL;
    nps_status st = NPS_OK;
    bool any = true;
    while (st == NPS_OK && !s && any)
        st = js->in_block ? next_table(r, js, &s, err) : next_block(r, js, &any, err);
    if (st == NPS_OK)
        *ret_spectrum = s;
    return st;
}

static void done_jcamp(nps_reader *r)
{
    jcamp_state *js = r->state;
    if (js)
        nps_jcamp_block_done(&js->block);
    free(js);
    r->state = NULL;
}

const nps_format nps_format_jcamp = {.name = "jcamp-dx", .sniff = sniff_jcamp, .next = next_jcamp, .done = done_jcamp};
