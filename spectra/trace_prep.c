#include "spectra/trace_prep.h"

#include "core/baseline.h"
#include "core/mem.h"
#include "core/savgol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DERIVATIVE_WINDOW = 9, WINDOW_MIN = 5, POLYNOMIAL = 2 };
static const double ATR_NEUTRAL_CM1 = 1000, LAMBDA_STEP_CM1 = 2, LAMBDA_DEFAULT = 1e6, P_DEFAULT = 0.001;
/* Raman bands are narrow: a baseline may bend more than under the bands of hydrogen bonds in the infrared. */
static const double RAMAN_LAMBDA = 1e5;
/* Far beyond it, weights of 0.001 drown in the rounding of the penalty. */
static const double LAMBDA_MOST = 1e9;

/* Where something else than the sample absorbs: water vapour in the instrument (rotation-vibration lines about 1595 and
 * 3657/3756 1/cm, Herzberg 1945), the two-phonon bands of a diamond crystal, and below the cut-off of narrow-band MCT
 * detectors. */
static const struct {
    const char *name;
    nps_mask_region region[2];
} named_masks[] = {{"co2", {{2280, 2400}, {0, 0}}},
                   {"water-vapour", {{1350, 1900}, {3550, 3950}}},
                   {"diamond", {{1900, 2300}, {0, 0}}},
                   {"below-650", {{0, 650}, {0, 0}}}};

static const char *const norm_names[] = {"none", "minmax", "vector", "snv", "area"};

nps_trace_prep nps_trace_prep_default(void)
{
    return (nps_trace_prep){
        .als_lambda = LAMBDA_DEFAULT, .als_p = P_DEFAULT, .n_mask = 1, .mask = {{2280, 2400}}};
}

nps_trace_prep nps_trace_prep_raman(void)
{
    return (nps_trace_prep){.baseline = NPS_BASELINE_ALS, .als_lambda = RAMAN_LAMBDA, .als_p = P_DEFAULT};
}

/* --- text form ---------------------------------------------------------------------------------------------------------- */

#define FAIL_STEP(err, step, text) nps_fail((err), NPS_E_RANGE, "preparation step '%s': %s", nps_quote((step).p, (step).n).s, (text))

static bool take_unsigned(nps_span s, unsigned low, unsigned high, unsigned *ret)
{
    uint64_t v;
    if (!nps_span_u64(s, &v) || v < low || v > high)
        return false;
    *ret = (unsigned)v;
    return true;
}

static nps_status parse_baseline(nps_span step, nps_span value, nps_trace_prep *p, nps_err *err)
{
    nps_span kind = {0}, lambda = {0}, asymmetry = {0};
    (void)nps_span_token(&value, ":", &kind);
    (void)nps_span_token(&value, ":", &lambda);
    (void)nps_span_token(&value, ":", &asymmetry);
    if (nps_span_is(kind, "rubber-band") && !lambda.n) {
        p->baseline = NPS_BASELINE_RUBBER_BAND;
        return NPS_OK;
    }
    if (!nps_span_is(kind, "als") || value.n)
        return FAIL_STEP(err, step, "the baseline is 'als', 'als:LAMBDA:P' or 'rubber-band'");
    p->baseline = NPS_BASELINE_ALS;
    if (lambda.n && (!nps_span_double(lambda, &p->als_lambda) || !(p->als_lambda >= 1 && p->als_lambda <= 1e12)))
        return FAIL_STEP(err, step, "LAMBDA is outside [1, 1e12]");
    if (asymmetry.n && (!nps_span_double(asymmetry, &p->als_p) || !(p->als_p >= 1e-6 && p->als_p < 0.5)))
        return FAIL_STEP(err, step, "P is outside [1e-6, 0.5)");
    return NPS_OK;
}

static bool take_window(nps_span s, unsigned *ret)
{
    return take_unsigned(s, WINDOW_MIN, NPS_SAVGOL_POINTS_MAX, ret) && *ret % 2 == 1;
}

static nps_status parse_filter(nps_span step, nps_span value, bool derivative, nps_trace_prep *p, nps_err *err)
{
    nps_span order = value, window = {0};
    if (p->window)
        return FAIL_STEP(err, step, "a derivative smooths already; only one of 'smooth' and 'derivative' goes");
    if (!derivative)
        return take_window(value, &p->window) ? NPS_OK : FAIL_STEP(err, step, "POINTS is odd, 5 to 101");
    p->window = DERIVATIVE_WINDOW;
    (void)nps_span_split(value, ':', &order, &window);
    if (!take_unsigned(order, 1, 2, &p->derivative) || (window.n && !take_window(window, &p->window)))
        return FAIL_STEP(err, step, "the derivative is 1 or 2, with ':POINTS' odd, 5 to 101");
    return NPS_OK;
}

static nps_status add_mask(nps_span step, nps_mask_region r, nps_trace_prep *p, nps_err *err)
{
    if (!(r.low_cm1 >= 0 && r.low_cm1 < r.high_cm1 && r.high_cm1 <= 20000))
        return FAIL_STEP(err, step, "a region is LOW-HIGH in 1/cm, within 0 to 20000");
    if (p->n_mask == NPS_MASK_MAX)
        return FAIL_STEP(err, step, "at most 8 regions");
    p->mask[p->n_mask++] = r;
    return NPS_OK;
}

static nps_status parse_region(nps_span step, nps_span region, nps_trace_prep *p, nps_err *err)
{
    for (size_t i = 0; i < sizeof named_masks / sizeof *named_masks; i++) {
        if (!nps_span_is(region, named_masks[i].name))
            continue;
        nps_status st = add_mask(step, named_masks[i].region[0], p, err);
        if (st == NPS_OK && named_masks[i].region[1].high_cm1 > 0)
            st = add_mask(step, named_masks[i].region[1], p, err);
        return st;
    }
    nps_span low, high;
    nps_mask_region r;
    if (!nps_span_split(region, '-', &low, &high) || !nps_span_double(low, &r.low_cm1) || !nps_span_double(high, &r.high_cm1))
        return FAIL_STEP(err, step, "regions are co2, water-vapour, diamond, below-650 or LOW-HIGH in 1/cm, set off by '+'");
    return add_mask(step, r, p, err);
}

static nps_status parse_mask(nps_span step, nps_span value, nps_trace_prep *p, nps_err *err)
{
    nps_status st = NPS_OK;
    p->n_mask = 0;
    if (nps_span_is(value, "none"))
        return NPS_OK;
    for (nps_span region; st == NPS_OK && nps_span_token(&value, "+", &region);)
        st = parse_region(step, nps_span_trim(region), p, err);
    return st == NPS_OK && !p->n_mask ? FAIL_STEP(err, step, "no region is named") : st;
}

/* *seen has a bit for each step that came before. */
static nps_status parse_step(nps_span step, unsigned *seen, nps_trace_prep *p, nps_err *err)
{
    static const char *const once[] = {"atr", "baseline", "mask", "normalise"};
    nps_span key = step, value = {0};
    (void)nps_span_split(step, '=', &key, &value);
    for (unsigned i = 0; i < sizeof once / sizeof *once; i++) {
        if (!nps_span_is(key, once[i]))
            continue;
        if (*seen & 1U << i)
            return FAIL_STEP(err, step, "named twice");
        *seen |= 1U << i;
    }
    if (nps_span_is(step, "atr")) {
        p->atr = true;
        return NPS_OK;
    }
    if (nps_span_is(key, "baseline"))
        return parse_baseline(step, value, p, err);
    if (nps_span_is(key, "smooth") || nps_span_is(key, "derivative"))
        return parse_filter(step, value, nps_span_is(key, "derivative"), p, err);
    if (nps_span_is(key, "mask"))
        return parse_mask(step, value, p, err);
    if (nps_span_is(key, "normalise"))
        for (nps_norm n = NPS_NORM_NONE; n <= NPS_NORM_AREA; n++)
            if (nps_span_is(value, norm_names[n])) {
                p->norm = n;
                return NPS_OK;
            }
    return FAIL_STEP(err, step, "none of atr, baseline=, smooth=, derivative=, normalise=, mask=");
}

nps_status nps_trace_prep_parse(nps_span text, nps_trace_prep *ret, nps_err *err)
{
    nps_trace_prep p = nps_trace_prep_default();
    nps_status st = NPS_OK;
    text = nps_span_trim(text);
    unsigned seen = 0;
    if (!nps_span_is(text, "none"))
        for (nps_span step; st == NPS_OK && nps_span_token(&text, ",", &step);)
            if (nps_span_trim(step).n)
                st = parse_step(nps_span_trim(step), &seen, &p, err);
    if (st == NPS_OK)
        *ret = p;
    return st;
}

void nps_trace_prep_text(nps_buf *b, const nps_trace_prep *p)
{
    if (p->atr)
        nps_buf_puts(b, "atr,");
    if (p->baseline == NPS_BASELINE_ALS) {
        nps_buf_puts(b, "baseline=als:");
        nps_buf_put_double(b, p->als_lambda);
        nps_buf_putc(b, ':');
        nps_buf_put_double(b, p->als_p);
        nps_buf_putc(b, ',');
    }
    if (p->baseline == NPS_BASELINE_RUBBER_BAND)
        nps_buf_puts(b, "baseline=rubber-band,");
    if (p->window && p->derivative)
        nps_buf_printf(b, "derivative=%u:%u,", p->derivative, p->window);
    else if (p->window)
        nps_buf_printf(b, "smooth=%u,", p->window);
    if (p->norm != NPS_NORM_NONE)
        nps_buf_printf(b, "normalise=%s,", norm_names[p->norm]);
    nps_buf_puts(b, p->n_mask ? "mask=" : "mask=none");
    for (size_t i = 0; i < p->n_mask; i++) {
        if (i)
            nps_buf_putc(b, '+');
        nps_buf_put_double(b, p->mask[i].low_cm1);
        nps_buf_putc(b, '-');
        nps_buf_put_double(b, p->mask[i].high_cm1);
    }
}

void nps_trace_prep_describe(const nps_trace_prep *p, void (*step)(void *arg, const char *key, const char *sentence),
                             void *arg)
{
    char text[400];
    static const char *const norms[] = {"", "scaled to a least value of 0 and a largest of 1", "scaled to a sum of squares of 1",
                                        "mean taken off, scaled to a standard deviation of 1",
                                        "scaled to a mean absolute value of 1"};
    if (p->atr)
        step(arg, "atr", "ATR correction: absorbance times wavenumber / 1000 1/cm");
    if (p->baseline == NPS_BASELINE_ALS) {
        snprintf(text, sizeof text, "baseline by asymmetric least squares taken off (lambda %g at 2 1/cm, p %g)",
                 p->als_lambda, p->als_p);
        step(arg, "baseline", text);
    } else if (p->baseline == NPS_BASELINE_RUBBER_BAND) {
        step(arg, "baseline", "rubber-band baseline taken off");
    }
    if (p->window) {
        snprintf(text, sizeof text, "Savitzky-Golay %s, quadratic, %u points",
                 p->derivative == 0 ? "smoothing" : p->derivative == 1 ? "first derivative" : "second derivative", p->window);
        step(arg, p->derivative ? "derivative" : "smooth", text);
    }
    if (p->norm != NPS_NORM_NONE)
        step(arg, "normalise", norms[p->norm]);
    int n = snprintf(text, sizeof text, p->n_mask ? "not compared:" : "no region left out");
    for (size_t i = 0; i < p->n_mask && n > 0 && (size_t)n < sizeof text; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s %g to %g 1/cm", i ? "," : "", p->mask[i].low_cm1,
                      p->mask[i].high_cm1);
    step(arg, "mask", text);
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

/* Means of k points each, the last of the rest; returns their number. */
static size_t coarsen(const double *y, size_t n, size_t k, double *ret_y)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i += k, m++) {
        size_t end = i + k < n ? i + k : n;
        ret_y[m] = 0;
        for (size_t j = i; j < end; j++)
            ret_y[m] += y[j] / (double)(end - i);
    }
    return m;
}

static nps_status find_als(const double *y, size_t n, double dx_cm1, const nps_trace_prep *p, double *ret_z, nps_err *err)
{
    /* Second differences grow with the square of the step, the penalty with their square. Where that is more than the equations
     * bear in doubles, the baseline, which is smooth, is found on means of neighbours and drawn straight between them. */
    double least_cm1 = LAMBDA_STEP_CM1 * pow(p->als_lambda / LAMBDA_MOST, 0.25);
    size_t k = (size_t)fmin(fmax(ceil(least_cm1 / dx_cm1), 1), (double)n);
    double lambda = fmax(p->als_lambda * pow(LAMBDA_STEP_CM1 / ((double)k * dx_cm1), 4), 1);
    if (k == 1)
        return nps_baseline_als(y, n, fmin(lambda, LAMBDA_MOST), p->als_p, ret_z, err);
    NPS_AUTO_MEM(double *) mean = nps_array(2 * (n / k + 1), sizeof *mean);
    if (!mean)
        return nps_fail_nomem(err);
    size_t m = coarsen(y, n, k, mean);
    double *z = mean + n / k + 1;
    nps_status st = nps_baseline_als(mean, m, fmin(lambda, LAMBDA_MOST), p->als_p, z, err);
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        double at = ((double)i - 0.5 * (double)(k - 1)) / (double)k;
        size_t j = at < 0 ? 0 : at >= (double)(m - 2) ? m - 2 : (size_t)at;
        ret_z[i] = z[j] + (at - (double)j) * (z[j + 1] - z[j]);
    }
    return st;
}

static nps_status take_baseline(double *y, double *room, size_t n, double dx_cm1, const nps_trace_prep *p, nps_err *err)
{
    nps_status st = NPS_OK;
    if (p->baseline == NPS_BASELINE_RUBBER_BAND) {
        st = nps_baseline_rubber_band(y, n, room, err);
    } else {
        st = find_als(y, n, dx_cm1, p, room, err);
    }
    for (size_t i = 0; i < n && st == NPS_OK; i++)
        y[i] -= room[i];
    return st;
}

static void normalise(double *y, size_t n, nps_norm norm)
{
    double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, absolute = 0;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
        sum += y[i];
        squares += y[i] * y[i];
        absolute += fabs(y[i]);
    }
    double mean = sum / (double)n, deviations = 0;
    for (size_t i = 0; i < n; i++)
        deviations += (y[i] - mean) * (y[i] - mean);
    double off = norm == NPS_NORM_MINMAX ? low : norm == NPS_NORM_SNV ? mean : 0;
    double by = norm == NPS_NORM_MINMAX   ? high - low
                : norm == NPS_NORM_VECTOR ? sqrt(squares)
                : norm == NPS_NORM_SNV    ? sqrt(deviations / (double)n)
                                          : absolute / (double)n;
    for (size_t i = 0; i < n && by > 0; i++)
        y[i] = (y[i] - off) / by;
}

static nps_status apply(double *y, double *room, const nps_trace *t, const nps_trace_prep *p, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < t->n; i++)
        y[i] = (double)t->y[i] * (p->atr ? nps_trace_x(t, i) / ATR_NEUTRAL_CM1 : 1);
    if (p->baseline != NPS_BASELINE_NONE)
        st = take_baseline(y, room, t->n, t->dx_cm1, p, err);
    if (st == NPS_OK && p->window) {
        st = nps_savgol(y, t->n, p->window, POLYNOMIAL, p->derivative, room, err);
        if (st == NPS_OK)
            memcpy(y, room, t->n * sizeof *y);
    }
    if (st == NPS_OK && p->norm != NPS_NORM_NONE)
        normalise(y, t->n, p->norm);
    return st;
}

nps_status nps_trace_prepare(nps_trace *t, const nps_trace_prep *p, nps_err *err)
{
    if (!p->atr && p->baseline == NPS_BASELINE_NONE && !p->window && p->norm == NPS_NORM_NONE)
        return NPS_OK;
    NPS_AUTO_MEM(double *) y = nps_array(2 * t->n, sizeof *y);
    if (!y)
        return nps_fail_nomem(err);
    nps_status st = apply(y, y + t->n, t, p, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite((float)y[i]))
            return nps_fail(err, NPS_E_NUMERIC, "point %zu of the prepared trace is not finite", i);
    for (size_t i = 0; i < t->n; i++)
        t->y[i] = (float)y[i];
    return NPS_OK;
}
