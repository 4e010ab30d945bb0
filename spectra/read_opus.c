/* Reads a Bruker OPUS file: the one spectrum that it is about.
 *
 * Such a file keeps every step of a measurement: interferograms, single-channel spectra of sample and reference, their
 * ratio. The result is read, absorbance before others; where there is none, absorbance is computed from the two
 * single-channel spectra. What else is stored is named in the metadata. Layout and its sources: opus_block.h. */
#include "spectra/opus_block.h"
#include "spectra/read_impl.h"

#include "core/buf.h"
#include "core/bytes.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

enum { PARAMETER_MAX = 900 };
/* Fundamental vibrations end below this; a Raman axis that goes further is no shift. */
static const double RAMAN_SHIFT_MAX_CM1 = 6000;

/* What is read, best first. */
static const struct {
    nps_opus_data data;
    nps_y_unit unit;
} results[] = {
    {NPS_OPUS_ABSORBANCE, NPS_Y_ABSORBANCE},
    {NPS_OPUS_ATR, NPS_Y_ABSORBANCE},
    {NPS_OPUS_TRANSMITTANCE, NPS_Y_TRANSMITTANCE},
    {NPS_OPUS_REFLECTANCE, NPS_Y_REFLECTANCE},
    {NPS_OPUS_LOG_REFLECTANCE, NPS_Y_ABSORBANCE},
    {NPS_OPUS_KUBELKA_MUNK, NPS_Y_KUBELKA_MUNK},
    {NPS_OPUS_RAMAN, NPS_Y_COUNTS},
};
enum { N_RESULT = sizeof results / sizeof *results };

/* A data block with what its status block says. */
typedef struct {
    nps_opus_block data, status;
    nps_span values; /* `points` floats at least */
    size_t points;
    double first_x, last_x, scale;
    nps_x_unit unit;
} curve;

typedef struct {
    nps_opus_directory dir;
    size_t max_points;
    nps_spectrum *s;
    size_t left;        /* bytes of parameters that may still be read: blocks of a sound file do not overlap */
    size_t n_parameter; /* kept as metadata */
} record;

static nps_span block_bytes(const record *c, const nps_opus_block *b)
{
    return nps_bytes_has(c->dir.file, b->place, b->size) ? (nps_span){c->dir.file.p + b->place, b->size}
                                                         : (nps_span){c->dir.file.p, 0};
}

static bool is_plain(const nps_opus_block *b)
{
    return nps_opus_is_data(b) && b->part == NPS_OPUS_AMPLITUDE && !b->detector && !b->derivative && !b->extension &&
           !b->unknown;
}

/* The block of this kind; the original one only where there is none from a later manipulation. */
static bool find_data(const record *c, nps_opus_data data, nps_opus_channel of, nps_opus_block *ret_block)
{
    bool any = false;
    for (size_t i = 0; i < c->dir.n; i++) {
        nps_opus_block b = nps_opus_block_at(&c->dir, i);
        if (!is_plain(&b) || b.data != (unsigned)data || b.of != of || (any && (b.original || !ret_block->original)))
            continue;
        *ret_block = b;
        any = true;
    }
    return any;
}

static nps_status find_status(const record *c, curve *v, nps_err *err)
{
    char name[120];
    for (size_t i = 0; i < c->dir.n; i++) {
        v->status = nps_opus_block_at(&c->dir, i);
        if (v->status.type != (v->data.type | NPS_OPUS_STATUS << 4))
            continue;
        if (!block_bytes(c, &v->status).n)
            return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->status.at + 8,
                                 "the file ends before or inside the status of its %s",
                                 nps_opus_describe(&v->data, name, sizeof name));
        return NPS_OK;
    }
    return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->data.at, "the %s has no status block, so no axis",
                         nps_opus_describe(&v->data, name, sizeof name));
}

static nps_status get_number(const record *c, const curve *v, const char *name, double *ret_v, size_t *ret_at,
                             nps_err *err)
{
    nps_opus_parameter p;
    nps_span status = block_bytes(c, &v->status);
    if (!nps_opus_find(status, name, &p) || p.kind == NPS_OPUS_TEXT)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->status.place, "the status block has no number %s (%s)", name,
                             nps_opus_parameter_name(nps_span_of(name)));
    *ret_at = v->status.place + p.at;
    *ret_v = p.kind == NPS_OPUS_INT ? (double)p.number : p.real;
    return NPS_OK;
}

static nps_status read_format(const record *c, const curve *v, nps_err *err)
{
    nps_opus_parameter p;
    if (nps_opus_find(block_bytes(c, &v->status), "DPF", &p) && (p.kind != NPS_OPUS_INT || p.number != 1))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, v->status.place + p.at,
                             "intensities in data format %d (DPF) instead of 1, floating point", p.number);
    return NPS_OK;
}

static nps_status read_points(const record *c, curve *v, nps_err *err)
{
    double points = 0;
    size_t at = 0;
    nps_status st = get_number(c, v, "NPT", &points, &at, err);
    if (st != NPS_OK)
        return st;
    if (!(points >= 2) || points != floor(points))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "%g points make no spectrum", points);
    if (points > (double)c->max_points)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, at, "%.0f points are more than the limit of %zu", points, c->max_points);
    v->points = (size_t)points;
    if (v->points > v->data.size / 4)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "%zu points are stated, but only %zu are stored", v->points,
                             v->data.size / 4);
    v->values = block_bytes(c, &v->data);
    if (!v->values.n)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->data.at + 8, "the file ends before or inside its intensities");
    return NPS_OK;
}

static nps_status read_unit(const record *c, curve *v, nps_err *err)
{
    static const struct {
        const char *code, *name;
    } refused[] = {{"LGW", "the logarithm of the wavenumber"}, {"MIN", "minutes"}, {"PNT", "points"}};
    nps_opus_parameter p;
    if (!nps_opus_find(block_bytes(c, &v->status), "DXU", &p) || p.kind != NPS_OPUS_TEXT)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->status.place, "the status block has no unit of the axis (DXU)");
    size_t at = v->status.place + p.at;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (nps_span_is(p.text, refused[i].code))
            return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, at, "a spectrum over %s", refused[i].name);
    if (nps_span_is(p.text, "WN"))
        v->unit = NPS_X_CM1;
    else if (nps_span_is(p.text, "MI"))
        v->unit = NPS_X_MICROMETRE;
    else
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, at, "unknown unit '%s' of the axis",
                             nps_quote(p.text.p, p.text.n).s);
    return NPS_OK;
}

static nps_status read_axis(const record *c, curve *v, nps_err *err)
{
    size_t first_at = 0, last_at = 0, scale_at = 0;
    nps_status st = get_number(c, v, "FXV", &v->first_x, &first_at, err);
    if (st == NPS_OK)
        st = get_number(c, v, "LXV", &v->last_x, &last_at, err);
    if (st == NPS_OK)
        st = get_number(c, v, "CSF", &v->scale, &scale_at, err);
    if (st != NPS_OK)
        return st;
    if (!isfinite(v->first_x) || !isfinite(v->last_x) || v->first_x == v->last_x)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, first_at, "an axis from %g to %g", v->first_x, v->last_x);
    if (!isfinite(v->scale) || v->scale == 0)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, scale_at, "intensities scaled by %g", v->scale);
    if (v->data.data == NPS_OPUS_RAMAN && (v->unit != NPS_X_CM1 || fmax(v->first_x, v->last_x) > RAMAN_SHIFT_MAX_CM1))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, first_at,
                             "a Raman spectrum from %g to %g is not over Raman shifts", v->first_x, v->last_x);
    return NPS_OK;
}

static nps_status read_curve(const record *c, const nps_opus_block *data, curve *v, nps_err *err)
{
    *v = (curve){.data = *data};
    nps_status st = find_status(c, v, err);
    if (st == NPS_OK)
        st = read_format(c, v, err);
    if (st == NPS_OK)
        st = read_points(c, v, err);
    if (st == NPS_OK)
        st = read_unit(c, v, err);
    return st == NPS_OK ? read_axis(c, v, err) : st;
}

static double step_of(const curve *v)
{
    return (v->last_x - v->first_x) / (double)(v->points - 1);
}

static double intensity(const curve *v, size_t i)
{
    return (double)nps_bytes_float(v->values, 4 * i) * v->scale;
}

static nps_status set_trace(record *c, const curve *v, double *x, const double *y, nps_y_unit unit, nps_err *err)
{
    double step = step_of(v);
    for (size_t i = 0; i < v->points; i++)
        x[i] = v->first_x + (double)i * step;
    nps_err why = {0};
    nps_status st = nps_spectrum_set_trace(c->s, x, y, v->points, v->unit, unit, c->max_points, NULL, &why);
    return st == NPS_OK ? NPS_OK : NPS_FAIL_BYTE(err, st, v->data.place, "%s", why.msg);
}

static nps_status take_result(record *c, const curve *v, nps_y_unit unit, nps_err *err)
{
    c->s->technique = v->data.data == NPS_OPUS_RAMAN ? NPS_TECH_RAMAN : NPS_TECH_IR;
    NPS_AUTO_MEM(double *) x = nps_array(2 * v->points, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < v->points; i++)
        x[v->points + i] = intensity(v, i);
    return set_trace(c, v, x, x + v->points, unit, err);
}

/* The reference often reaches a few points further than the sample, on the same grid: *ret_shift is its point at the
 * sample's first. */
static nps_status match_axes(const curve *sample, const curve *reference, size_t *ret_shift, nps_err *err)
{
    double step = step_of(sample), shift = (sample->first_x - reference->first_x) / step, whole = round(shift);
    bool same_grid = sample->unit == reference->unit && fabs(shift - whole) < 1e-3 &&
                     fabs(step_of(reference) - step) * (double)sample->points < 1e-3 * fabs(step);
    if (!same_grid || !(whole >= 0) || whole + (double)sample->points > (double)reference->points)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, reference->data.at,
                             "the single-channel spectra of sample and reference have different axes");
    *ret_shift = (size_t)whole;
    return NPS_OK;
}

static nps_status take_ratio(record *c, const curve *sample, const curve *reference, nps_err *err)
{
    size_t shift = 0;
    nps_status st = match_axes(sample, reference, &shift, err);
    if (st != NPS_OK)
        return st;
    c->s->technique = NPS_TECH_IR;
    NPS_AUTO_MEM(double *) x = nps_array(2 * sample->points, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < sample->points; i++) {
        double light = intensity(reference, shift + i), through = intensity(sample, i);
        if (!isfinite(light))
            return NPS_FAIL_BYTE(err, NPS_E_FORMAT, reference->data.place, "point %zu is not finite", shift + i + 1);
        x[sample->points + i] = light > 0 ? through / light : 0;
    }
    return set_trace(c, sample, x, x + sample->points, NPS_Y_TRANSMITTANCE, err);
}

/* The data blocks by name, but for `but`; empty when there are none. */
static void list_data(const record *c, const curve *but, size_t n_but, nps_buf *b)
{
    for (size_t i = 0; i < c->dir.n; i++) {
        nps_opus_block block = nps_opus_block_at(&c->dir, i);
        bool skip = !nps_opus_is_data(&block);
        for (size_t k = 0; k < n_but; k++)
            skip = skip || block.at == but[k].data.at;
        char name[160];
        if (!skip)
            nps_buf_printf(b, "%s%s", b->len ? ", " : "", nps_opus_describe(&block, name, sizeof name));
    }
}

static nps_status refuse(const record *c, nps_err *err)
{
    NPS_AUTO_BUF list = NPS_BUF_INIT((size_t)1 << 18);
    list_data(c, NULL, 0, &list);
    if (nps_buf_check(&list, NULL) == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    if (!list.len)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, c->dir.at, "the file holds no data");
    return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, c->dir.at, "no spectrum that can be read; the file holds: %s",
                         list.data);
}

static nps_status add_parameter(record *c, const nps_opus_parameter *p, bool of_reference, nps_err *err)
{
    const char *name = nps_opus_parameter_name(p->name);
    char key[160];
    nps_quoted code = nps_quote(p->name.p, p->name.n);
    snprintf(key, sizeof key, "%s%s%s%s", of_reference ? "Reference: " : "", name ? name : code.s, name ? ", " : "",
             name ? code.s : "");
    NPS_AUTO_BUF number = NPS_BUF_INIT(64);
    nps_span value = p->text;
    if (p->kind != NPS_OPUS_TEXT) {
        if (p->kind == NPS_OPUS_INT)
            nps_buf_printf(&number, "%d", p->number);
        else
            nps_buf_put_double(&number, p->real);
        nps_status st = nps_buf_check(&number, err);
        if (st != NPS_OK)
            return st;
        value = (nps_span){number.data, number.len};
    }
    if (nps_text_says_nothing(value) || c->n_parameter >= PARAMETER_MAX)
        return NPS_OK;
    c->n_parameter++;
    return nps_spectrum_add_meta(c->s, nps_span_of(key), value, err);
}

static nps_status take_parameter(record *c, const nps_opus_parameter *p, bool of_reference, nps_err *err)
{
    if (p->kind == NPS_OPUS_TEXT && !of_reference && memcmp(p->name.p, "SNM", 3) == 0)
        return nps_spectrum_set_text(c->s, NPS_TEXT_NAME, p->name, p->text, err);
    if (p->kind == NPS_OPUS_TEXT && !of_reference && memcmp(p->name.p, "INS", 3) == 0)
        return nps_spectrum_set_text(c->s, NPS_TEXT_INSTRUMENT, p->name, p->text, err);
    if (p->kind == NPS_OPUS_DOUBLE && !isfinite(p->real))
        return NPS_OK;
    return add_parameter(c, p, of_reference, err);
}

static nps_status take_block(record *c, const nps_opus_block *b, nps_err *err)
{
    nps_span bytes = block_bytes(c, b);
    if (bytes.n > c->left)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, b->at + 4, "the parameter blocks claim more bytes than the file has");
    c->left -= bytes.n;
    nps_opus_parameter p;
    nps_status st = NPS_OK;
    for (size_t at = 0; st == NPS_OK && nps_opus_next(bytes, &at, &p);)
        st = take_parameter(c, &p, b->of == NPS_OPUS_REFERENCE, err);
    return st;
}

/* Parameters of the measurement, and those that describe the curves read. */
static nps_status take_parameters(record *c, const curve *read, size_t n_read, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < c->dir.n && st == NPS_OK; i++) {
        nps_opus_block b = nps_opus_block_at(&c->dir, i);
        bool wanted = b.parameters > NPS_OPUS_STATUS && !b.extension;
        for (size_t k = 0; k < n_read; k++)
            wanted = wanted || b.at == read[k].status.at;
        if (wanted)
            st = take_block(c, &b, err);
    }
    return st;
}

static nps_status describe(record *c, const curve *read, size_t n_read, nps_err *err)
{
    char name[160];
    NPS_AUTO_BUF list = NPS_BUF_INIT((size_t)1 << 18);
    list_data(c, read, n_read, &list);
    nps_span what =
        n_read == 2 ? NPS_SPAN("absorbance, computed as -log10 of the single-channel spectra of sample and reference")
                    : nps_span_of(nps_opus_describe(&read->data, name, sizeof name));
    nps_status st = nps_buf_check(&list, err);
    if (st == NPS_OK)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("Spectrum read"), what, err);
    if (st == NPS_OK && list.len)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("Stored beside the spectrum"), (nps_span){list.data, list.len}, err);
    return st == NPS_OK ? take_parameters(c, read, n_read, err) : st;
}

static bool find_result(const record *c, nps_opus_block *ret_block, nps_y_unit *ret_unit)
{
    for (size_t i = 0; i < N_RESULT; i++) {
        *ret_unit = results[i].unit;
        if (find_data(c, results[i].data, NPS_OPUS_RATIO, ret_block) ||
            (results[i].data == NPS_OPUS_RAMAN && find_data(c, results[i].data, NPS_OPUS_SAMPLE, ret_block)))
            return true;
    }
    return false;
}

static nps_status read_record(record *c, nps_err *err)
{
    nps_opus_block block, reference;
    nps_y_unit unit;
    curve read[2];
    size_t n = find_result(c, &block, &unit) ? 1 : 0;
    if (!n && find_data(c, NPS_OPUS_SINGLE_CHANNEL, NPS_OPUS_SAMPLE, &block) &&
        find_data(c, NPS_OPUS_SINGLE_CHANNEL, NPS_OPUS_REFERENCE, &reference))
        n = 2;
    if (!n)
        return refuse(c, err);
    nps_status st = read_curve(c, &block, &read[0], err);
    if (st == NPS_OK && n == 2)
        st = read_curve(c, &reference, &read[1], err);
    if (st == NPS_OK)
        st = n == 2 ? take_ratio(c, &read[0], &read[1], err) : take_result(c, &read[0], unit, err);
    if (st == NPS_OK)
        st = describe(c, read, n, err);
    return st == NPS_OK ? nps_spectrum_settle(c->s, err) : st;
}

static nps_status opus_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_span file = {r->scan.start, (size_t)(r->scan.end - r->scan.start)};
    r->at_end = true;
    r->scan.p = r->scan.end;
    NPS_AUTO(nps_spectrum) s = NULL;
    record c = {.max_points = r->limits.max_points, .left = file.n};
    nps_status st = nps_opus_open(file, &c.dir, err);
    if (st == NPS_OK)
        st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    c.s = s;
    st = read_record(&c, err);
    if (st == NPS_OK)
        *ret_spectrum = nps_steal(s);
    return st;
}

static int opus_sniff(nps_span head)
{
    return nps_opus_is(head) ? 100 : 0;
}

const nps_format nps_format_opus = {.name = "opus", .sniff = opus_sniff, .next = opus_next, .binary = true};
