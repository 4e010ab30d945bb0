#include "service/report_plot.h"

#include "reference-lib/ir.h"
#include "reference-lib/prepare.h"

#include <math.h>
#include <string.h>

static void put_name(nps_buf *b, const nps_library *lib, const nps_hit *hit)
{
    nps_buf_put_xml(b, nps_library_text(lib, lib->sub_name[hit->substance]));
}

/* --- mass spectra --------------------------------------------------------------------------------------------------------- */

static float strongest(const float *y, size_t n)
{
    float top = 0;
    for (size_t i = 0; i < n; i++)
        top = y[i] > top ? y[i] : top;
    return top;
}

static void sticks(nps_buf *b, const double *mz, const float *y, size_t n, double low, double high, int down,
                   const char *colour)
{
    float top = strongest(y, n);
    nps_buf_printf(b, "<path stroke=\"%s\" stroke-width=\"1.5\" d=\"", colour);
    for (size_t i = 0; i < n; i++)
        nps_buf_printf(b, "M%.1f 120v%.1f", 40 + 740 * (mz[i] - low) / (high - low),
                       (down ? 105.0 : -105.0) * (double)(y[i] / top));
    nps_buf_puts(b, "\"/>");
}

void nps_report_mirror_plot(nps_buf *b, const nps_library *lib, const nps_spectrum *query, const nps_hit *hit)
{
    nps_peak_view r = nps_library_peak_row(lib, hit->entry), q = {query->peaks.mz, query->peaks.intensity, query->peaks.n};
    if (!r.n || !q.n)
        return;
    double low = fmin(q.mz[0], r.mz[0]) - 2, high = fmax(q.mz[q.n - 1], r.mz[r.n - 1]) + 2;
    nps_buf_puts(b, "<svg viewBox=\"0 0 800 250\" role=\"img\" aria-label=\"mirror plot: query above, best hit below\">"
                    "<line x1=\"40\" y1=\"120\" x2=\"780\" y2=\"120\" stroke=\"#333\"/>");
    sticks(b, q.mz, q.intensity, q.n, low, high, 0, "#0b5394");
    sticks(b, r.mz, r.intensity, r.n, low, high, 1, "#b45f06");
    for (int step = (int)low / 50 * 50 + 50; step < high; step += 50)
        nps_buf_printf(b, "<text x=\"%.1f\" y=\"245\" font-size=\"11\" text-anchor=\"middle\">%d</text>",
                       40 + 740 * (step - low) / (high - low), step);
    nps_buf_puts(b, "<text x=\"44\" y=\"14\" font-size=\"12\">query</text><text x=\"44\" y=\"228\" font-size=\"12\">");
    put_name(b, lib, hit);
    nps_buf_puts(b, "</text></svg>\n");
}

/* --- traces --------------------------------------------------------------------------------------------------------------- */

enum { LEFT = 60, RIGHT = 790, TOP = 26, BOTTOM = 230 };

typedef struct {
    float query[NPS_IR_GRID_N], reference[NPS_IR_GRID_N]; /* NaN: not measured; the query moved, on the library's axis */
    bool compared[NPS_IR_GRID_N];
    size_t from, to; /* grid points of the query */
    double least, most;
} overlay;

static nps_status rows_as_compared(const nps_library *lib, const nps_verdict *v, const nps_spectrum *s, const nps_hit *hit,
                                   overlay *o)
{
    const float *reference = nps_ir_row(lib, hit->entry);
    const nps_trace_prep *p = &v->trace_prep;
    float query[NPS_IR_GRID_N], room[NPS_IR_GRID_N];
    nps_status st = reference ? nps_prepare_trace(&s->trace, p, query, NULL) : NPS_E_NOT_FOUND;
    if (st != NPS_OK)
        return st;
    memcpy(o->reference, reference, sizeof o->reference);
    if (p->derivative) {
        memcpy(room, query, sizeof room);
        st = nps_ir_derivative(room, p->derivative, p->window, query, NULL);
        if (st == NPS_OK)
            st = nps_ir_derivative(reference, p->derivative, p->window, o->reference, NULL);
    }
    ptrdiff_t lag = (ptrdiff_t)lround(hit->moved_cm1 / NPS_IR_GRID_DX);
    for (ptrdiff_t i = 0; i < NPS_IR_GRID_N; i++)
        o->query[i] = i - lag >= 0 && i - lag < NPS_IR_GRID_N ? query[i - lag] : NAN;
    nps_ir_mask mask = nps_ir_mask_of(p);
    for (ptrdiff_t i = 0; i < NPS_IR_GRID_N; i++)
        o->compared[i] = !isnan(o->query[i]) && !isnan(o->reference[i]) && !nps_ir_is_masked(&mask, (size_t)i) &&
                         !nps_ir_is_masked(&mask, (size_t)(i - lag));
    return st;
}

static void fit_reference(overlay *o)
{
    double n = 0, x0 = 0, y0 = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        if (!o->compared[i])
            continue;
        if (n == 0) { /* about the first point, so that a large offset costs no digits */
            x0 = (double)o->reference[i];
            y0 = (double)o->query[i];
        }
        double x = (double)o->reference[i] - x0, y = (double)o->query[i] - y0;
        n++;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    double spread = n > 0 ? sxx - sx * sx / n : 0, factor = spread > 0 ? (sxy - sx * sy / n) / spread : 1;
    double offset = spread > 0 ? y0 - factor * x0 + (sy - factor * sx) / n : 0;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        o->reference[i] = (float)(factor * (double)o->reference[i] + offset);
}

static bool find_ranges(overlay *o)
{
    o->from = 0;
    o->to = NPS_IR_GRID_N;
    while (o->from < o->to && isnan(o->query[o->from]))
        o->from++;
    while (o->to > o->from && isnan(o->query[o->to - 1]))
        o->to--;
    o->least = INFINITY;
    o->most = -INFINITY;
    for (size_t i = o->from; i < o->to; i++) { /* fmin and fmax pass over NaN */
        o->least = fmin(o->least, fmin((double)o->query[i], (double)o->reference[i]));
        o->most = fmax(o->most, fmax((double)o->query[i], (double)o->reference[i]));
    }
    return o->to > o->from + 1 && o->most > o->least && isfinite(o->most - o->least);
}

static double across(const overlay *o, double i)
{
    return LEFT + (RIGHT - LEFT) * ((double)(o->to - 1) - i) / (double)(o->to - 1 - o->from);
}

static double down(const overlay *o, double y)
{
    return BOTTOM - (BOTTOM - TOP) * (y - o->least) / (o->most - o->least);
}

static void put_line(nps_buf *b, const overlay *o, const float *y, const char *attributes)
{
    bool pen = false;
    nps_buf_printf(b, "<path fill=\"none\" %s d=\"", attributes);
    for (size_t i = o->from; i < o->to; i++) {
        if (!isnan(y[i]))
            nps_buf_printf(b, "%c%.1f %.1f", pen ? 'L' : 'M', across(o, (double)i), down(o, (double)y[i]));
        pen = !isnan(y[i]);
    }
    nps_buf_puts(b, "\"/>");
}

static void shade_what_is_left_out(nps_buf *b, const overlay *o)
{
    for (size_t i = o->from; i < o->to;) {
        size_t end = i;
        while (end < o->to && !o->compared[end])
            end++;
        if (end > i) {
            double left = across(o, fmin((double)end, (double)(o->to - 1))), right = across(o, (double)i);
            nps_buf_printf(b, "<rect fill=\"#e4e8ec\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", left, TOP,
                           right - left, BOTTOM - TOP);
        }
        i = end + 1;
    }
}

/* The next of 1, 2, 5 times a power of ten. */
static double round_step(double wanted)
{
    double base = pow(10, floor(log10(wanted)));
    return wanted <= base ? base : wanted <= 2 * base ? 2 * base : wanted <= 5 * base ? 5 * base : 10 * base;
}

static void put_axes(nps_buf *b, const overlay *o, const nps_verdict *v)
{
    static const char *const derivatives[] = {"", "1st derivative of ", "2nd derivative of "};
    bool raman = v->technique == NPS_TECH_RAMAN;
    double low = NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)o->from, high = NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)(o->to - 1);
    int step = high - low > 1500 ? 500 : 100;
    nps_buf_printf(b, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>", LEFT, BOTTOM, RIGHT, BOTTOM);
    for (int x = (int)ceil(low / step) * step; x <= high; x += step)
        nps_buf_printf(b, "<text x=\"%.1f\" y=\"246\" font-size=\"11\" text-anchor=\"middle\">%d</text>",
                       across(o, (x - NPS_IR_GRID_X0) / NPS_IR_GRID_DX), x);
    double height = round_step((o->most - o->least) / 4);
    for (double k = ceil(o->least / height); k * height <= o->most; k++)
        nps_buf_printf(b, "<text x=\"%d\" y=\"%.1f\" font-size=\"11\" text-anchor=\"end\">%.3g</text>", LEFT - 4,
                       down(o, k * height) + 4, k * height + 0.0);
    nps_buf_printf(b,
                   "<text x=\"%d\" y=\"264\" font-size=\"12\" text-anchor=\"middle\">%s, 1/cm</text><text transform=\"translate(12 "
                   "%d) rotate(-90)\" font-size=\"12\" text-anchor=\"middle\">%s%s</text>",
                   (LEFT + RIGHT) / 2, raman ? "Raman shift" : "wavenumber", (TOP + BOTTOM) / 2,
                   derivatives[v->trace_prep.derivative], raman ? "Raman intensity" : "absorbance");
}

void nps_report_trace_plot(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query,
                           const nps_hit *hit)
{
    overlay o;
    if (!query->trace.n || rows_as_compared(lib, v, query, hit, &o) != NPS_OK)
        return;
    fit_reference(&o);
    if (!find_ranges(&o))
        return;
    nps_buf_puts(b, "<svg viewBox=\"0 0 800 270\" role=\"img\" aria-label=\"query and best hit over wavenumber, high to low\">");
    shade_what_is_left_out(b, &o);
    put_axes(b, &o, v);
    put_line(b, &o, o.query, "stroke=\"#0b5394\" stroke-width=\"1.4\"");
    put_line(b, &o, o.reference, "stroke=\"#b45f06\" stroke-width=\"1.2\" stroke-dasharray=\"6 3\"");
    nps_buf_printf(b, "<text x=\"%d\" y=\"14\" font-size=\"12\" fill=\"#0b5394\">query, as compared", LEFT);
    if (hit->moved_cm1 != 0)
        nps_buf_printf(b, ", moved by %+.0f 1/cm", hit->moved_cm1);
    nps_buf_printf(b, "</text><text x=\"%d\" y=\"14\" font-size=\"12\" fill=\"#b45f06\" text-anchor=\"end\">", RIGHT);
    put_name(b, lib, hit);
    nps_buf_puts(b, ", scaled (dashed); shaded: not compared</text></svg>\n");
}
