/* From the raw points of a JCAMP-DX table to a peak list or a trace: units, missing points, notes. */
#include "spectra/jcamp_fields.h"
#include "spectra/read_jcamp.h"
#include "spectra/trace_unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAIL_DATA(b, t, code, ...) \
    nps_fail_at(err, (code), (t)->data->line, (size_t)((t)->data->label.p - (b)->base) - 2, __VA_ARGS__)

static bool begins_with_any(const char *folded, const char *const *words)
{
    for (; *words; words++)
        if (strncmp(folded, *words, strlen(*words)) == 0)
            return true;
    return false;
}

static nps_status y_unit_of(const nps_jcamp_block *b, const nps_jcamp_table *t, const nps_jcamp_points *p,
                            nps_y_unit *ret_unit, nps_err *err)
{
    bool unsaid = false;
    nps_quoted name = nps_quote(t->y_units.p, t->y_units.n);
    if (!nps_y_unit_find(t->y_units, ret_unit, &unsaid))
        return FAIL_DATA(b, t, NPS_E_UNSUPPORTED, "ordinate in '%s' is neither absorbance nor transmittance", name.s);
    double largest = nps_trace_largest(p->y, p->n);
    if (unsaid && !nps_trace_scale(largest, ret_unit))
        return FAIL_DATA(b, t, NPS_E_UNSUPPORTED, "'%s' up to %g may be parts or per cent", name.s, largest);
    return NPS_OK;
}

/* Our own writer states the grid to the last bit, which FIRSTX and LASTX cannot. */
static void take_grid(const nps_jcamp_block *b, nps_trace *trace)
{
    nps_span rest = nps_jcamp_first_line(nps_jcamp_find(b, 0, b->n, "$NPSGRID")), first, step;
    double x0, dx;
    if (!nps_span_token(&rest, " ", &first) || !nps_span_token(&rest, " ", &step) || !nps_span_double(first, &x0) ||
        !nps_span_double(step, &dx))
        return;
    if (x0 == trace->x0_cm1 && dx > 0 && fabs(dx - trace->dx_cm1) <= 1e-6 * trace->dx_cm1)
        trace->dx_cm1 = dx;
}

nps_status nps_jcamp_set_trace(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p,
                               size_t max_points, nps_spectrum *s, nps_err *err)
{
    nps_x_unit x_unit = NPS_X_CM1;
    nps_y_unit y_unit = NPS_Y_COUNTS;
    if (t->peaks)
        return FAIL_DATA(b, t, NPS_E_UNSUPPORTED, "a peak table is not enough of an infrared or Raman spectrum");
    if (!nps_x_unit_find(t->x_units, &x_unit))
        return FAIL_DATA(b, t, NPS_E_UNSUPPORTED, "abscissa in '%s' is neither wavenumber nor wavelength",
                         nps_quote(t->x_units.p, t->x_units.n).s);
    nps_status st = NPS_OK;
    if (s->technique == NPS_TECH_IR)
        st = y_unit_of(b, t, p, &y_unit, err);
    if (st != NPS_OK)
        return st;
    p->n = nps_trace_fill_missing(p->x, p->y, p->n, NULL);
    bool resampled = false;
    nps_err why = {0};
    st = nps_spectrum_set_trace(s, p->x, p->y, p->n, x_unit, y_unit, max_points, &resampled, &why);
    if (st != NPS_OK)
        return FAIL_DATA(b, t, st, "%s", why.msg);
    if (!resampled && x_unit == NPS_X_CM1)
        take_grid(b, &s->trace);
    return NPS_OK;
}

/* Peak notes by the number of their peak, ascending, as our writer leaves them: "12 escaped text" a line. */
typedef struct {
    nps_scan lines;
    uint64_t peak; /* that the pending text belongs to */
    nps_span text;
    bool pending;
} note_walk;

static void next_note(note_walk *w)
{
    w->pending = false;
    for (nps_span line; !w->pending && nps_jcamp_value_line(&w->lines, &line);) {
        nps_span number;
        if (nps_span_token(&line, " ", &number) && nps_span_u64(number, &w->peak)) {
            w->text = nps_span_trim(line);
            w->pending = true;
        }
    }
}

static nps_status push(const nps_jcamp_points *p, size_t i, note_walk *w, size_t max_points, nps_spectrum *s, nps_err *err)
{
    while (w->pending && w->peak < i)
        next_note(w);
    NPS_AUTO_BUF note = NPS_BUF_INIT(w->text.n);
    if (w->pending && w->peak == i)
        nps_jcamp_unescape(&note, w->text);
    nps_status st = nps_buf_check(&note, err);
    if (st != NPS_OK)
        return st;
    return nps_spectrum_push_peak(s, p->x[i], p->y[i], (nps_span){note.data, note.len}, max_points, err);
}

static nps_status check_mass_table(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_err *err)
{
    static const char *const mass[] = {"MZ", "ME", "MASS", "AMU", "DA", "TH", "U", NULL};
    char unit[48];
    nps_unit_fold(t->x_units, unit, sizeof unit);
    if (unit[0] && !begins_with_any(unit, mass))
        return FAIL_DATA(b, t, NPS_E_UNSUPPORTED, "a mass spectrum over '%s' instead of m/z",
                         nps_quote(t->x_units.p, t->x_units.n).s);
    return NPS_OK;
}

static nps_status set_profile(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p, size_t max_points,
                              nps_spectrum *s, nps_err *err)
{
    nps_err why = {0};
    p->n = nps_trace_fill_missing(p->x, p->y, p->n, NULL);
    nps_status st = nps_spectrum_push_profile(s, p->x, p->y, p->n, max_points, &why);
    return st == NPS_OK ? st : FAIL_DATA(b, t, st, "%s", why.msg);
}

nps_status nps_jcamp_set_peaks(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p,
                               size_t max_points, nps_spectrum *s, nps_err *err)
{
    nps_status st = check_mass_table(b, t, err);
    if (st == NPS_OK && t->even && nps_is_profile(p->x, p->n))
        return set_profile(b, t, p, max_points, s, err);
    const nps_jcamp_ldr *notes = nps_jcamp_find(b, 0, t->head_end, "$NPSNOTE");
    note_walk w = {.lines = nps_scan_init(notes ? notes->value.p : "", notes ? notes->value.n : 0)};
    next_note(&w);
    for (size_t i = 0; i < p->n && st == NPS_OK; i++) {
        if (isnan(p->y[i]))
            continue;
        if (p->y[i] == 0) { /* also where some writers open the table with the point 0, 0 */
            s->repairs[NPS_REPAIR_ZERO]++;
            continue;
        }
        nps_err why = {0};
        st = push(p, i, &w, max_points, s, &why);
        if (st != NPS_OK) {
            const nps_jcamp_mark *m = nps_jcamp_mark_of(p, i);
            return nps_fail_at(err, st, m->line, (size_t)(m->at - b->base), "%s", why.msg);
        }
    }
    return st;
}
