#include "spectra/quality.h"

#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *nps_quality_text(nps_quality_bit bit)
{
    switch (bit) {
    case NPS_QUALITY_EMPTY: return "no peak at all";
    case NPS_QUALITY_FEW_PEAKS: return "too few peaks above 1 % of the base peak: EI needs 3; MS/MS 1, and to be called novel 1 beside the precursor";
    case NPS_QUALITY_NO_FINGERPRINT: return "the measured range holds less than 400 1/cm of the region 650 to 1800 1/cm";
    case NPS_QUALITY_FLAT: return "no band stands out of the noise";
    case NPS_QUALITY_SATURATED: return "some of the strongest signals are cut off (saturated detector or too thick a sample)";
    case NPS_QUALITY_NOISE: return "the peaks look like noise: very many of nearly the same height";
    case NPS_QUALITY_TECHNIQUE: return "the file does not say which technique this is";
    case NPS_QUALITY_BACKGROUND: return "nothing but air, water or column bleed";
    case NPS_QUALITY_WEAK: return "noise is more than a 40th of the strongest band";
    case NPS_QUALITY_FRINGES: return "interference fringes: a regular wave between 1850 and 2270 1/cm, as from a thin layer";
    case NPS_QUALITY_NEGATIVE: return "strong bands below the baseline: the background does not fit, or the unit is not absorbance";
    case NPS_QUALITY_UNCOMPARABLE: return "preparation and masks leave fewer than 200 points (400 1/cm) to compare";
    case NPS_QUALITY_OVERLOADED:
        return "so many signals are cut off at the top that their heights say nothing (saturated detector, or too thick a sample)";
    case NPS_QUALITY_NO_FRAGMENT: return "no fragment of 1 % beside the precursor: little more than a mass, so every substance of that mass is left in the set";
    case NPS_QUALITY_NO_REFERENCE: return "the library has no spectrum of this technique, polarity and range to compare with";
    }
    return "unknown reason";
}

unsigned nps_quality_obstacle(unsigned bits)
{
    bits &= ~(unsigned)(NPS_QUALITY_SATURATED | NPS_QUALITY_WEAK | NPS_QUALITY_FRINGES | NPS_QUALITY_NEGATIVE |
                       NPS_QUALITY_NO_FRAGMENT);
    return bits & -bits;
}

bool nps_quality_is_usable(unsigned bits)
{
    return !nps_quality_obstacle(bits);
}

/* m/z of air, water, solvents of no weight and polysiloxane column bleed (dimethylsiloxane ions). */
static bool is_background(unsigned mz)
{
    static const unsigned short ions[] = {14,  16,  17,  18,  20,  28,  29,  32,  33,  34,  40,  44,  73,  74,  75,
                                          133, 147, 148, 149, 191, 193, 207, 208, 209, 221, 222, 223, 251, 253, 265,
                                          267, 281, 282, 283, 295, 325, 327, 341, 355, 356, 357, 405, 415, 429, 430};
    for (size_t i = 0; i < sizeof ions / sizeof *ions; i++)
        if (ions[i] == mz)
            return true;
    return false;
}

/* Peaks at the very top: public spectra have two at most. */
enum { SATURATED_PEAKS = 3, OVERLOADED_PEAKS = 4, NOISE_PEAKS = 60 };
static const double precursor_margin = 1.6; /* Th, as cleaning has it (index.h) */

unsigned nps_quality_check_peaks(nps_technique t, double precursor_mz, nps_peak_view p)
{
    if (!p.n)
        return NPS_QUALITY_EMPTY;
    double end = t == NPS_TECH_MSMS && precursor_mz > 0 ? precursor_mz - precursor_margin : INFINITY;
    double top = 0, sum = 0, background = 0, squares = 0;
    for (size_t i = 0; i < p.n; i++)
        top = fmax(top, (double)p.intensity[i]);
    size_t strong = 0, fragments = 0, at_top = 0;
    for (size_t i = 0; i < p.n; i++) {
        double y = (double)p.intensity[i];
        strong += y >= 0.01 * top;
        fragments += y >= 0.01 * top && p.mz[i] < end;
        at_top += y >= 0.9999 * top;
        sum += y;
        squares += y * y;
        if (t == NPS_TECH_EI && is_background((unsigned)(p.mz[i] + 0.38)))
            background += y;
    }
    unsigned bits = 0;
    size_t needed = t == NPS_TECH_EI ? 3 : 1;
    if (strong < needed)
        bits |= NPS_QUALITY_FEW_PEAKS;
    if (!fragments)
        bits |= NPS_QUALITY_NO_FRAGMENT;
    if (at_top >= OVERLOADED_PEAKS)
        bits |= NPS_QUALITY_OVERLOADED;
    else if (at_top >= SATURATED_PEAKS)
        bits |= NPS_QUALITY_SATURATED;
    /* The inverse participation ratio counts peaks that carry the signal; real spectra have few, noise has all. Of 16,000 public
     * mass spectra none of 60 peaks or more reaches 0.7. */
    if (p.n >= NOISE_PEAKS && sum * sum / squares > 0.7 * (double)p.n)
        bits |= NPS_QUALITY_NOISE;
    if (t == NPS_TECH_EI && background > 0.95 * sum)
        bits |= NPS_QUALITY_BACKGROUND;
    return bits;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* What the height of a trace is judged by. */
typedef struct {
    double min, median, max;
    double noise; /* standard deviation */
    bool known;   /* false: memory was short, and nothing is judged by it */
} trace_level;

static trace_level level_of(const nps_trace *t)
{
    trace_level l = {0};
    NPS_AUTO_MEM(float *) sorted = nps_array(t->n, sizeof *sorted);
    if (!sorted)
        return l;
    memcpy(sorted, t->y, t->n * sizeof *sorted);
    qsort(sorted, t->n, sizeof *sorted, ascending);
    l = (trace_level){.min = (double)sorted[0], .median = (double)sorted[t->n / 2], .max = (double)sorted[t->n - 1], .known = true};
    /* Second differences cancel bands and baseline and leave the noise of neighbouring points, 6 times its variance; their
     * median does not mind sharp bands. */
    for (size_t i = 2; i < t->n; i++)
        sorted[i - 2] = (float)fabs((double)t->y[i] - 2 * (double)t->y[i - 1] + (double)t->y[i - 2]);
    qsort(sorted, t->n - 2, sizeof *sorted, ascending);
    l.noise = (double)sorted[(t->n - 2) / 2] / (0.6745 * sqrt(6));
    return l;
}

/* Longest run of points at the very top. */
static size_t plateau(const nps_trace *t, double max)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < t->n; i++) {
        run = (double)t->y[i] >= max - 1e-6 * fabs(max) ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Takes a parabola out of n values, by least squares over x = -1 .. 1. */
static void take_parabola(double *y, size_t n)
{
    double s0 = 0, s2 = 0, s4 = 0, t0 = 0, t1 = 0, t2 = 0;
    for (size_t i = 0; i < n; i++) {
        double x = 2 * (double)i / (double)(n - 1) - 1;
        s0 += 1;
        s2 += x * x;
        s4 += x * x * x * x;
        t0 += y[i];
        t1 += x * y[i];
        t2 += x * x * y[i];
    }
    double det = s0 * s4 - s2 * s2, a = (t0 * s4 - t2 * s2) / det, c = (t2 * s0 - t0 * s2) / det, b = t1 / s2;
    for (size_t i = 0; i < n; i++) {
        double x = 2 * (double)i / (double)(n - 1) - 1;
        y[i] -= a + b * x + c * x * x;
    }
}

/* Whether one wave of at least three and a half periods carries most of what varies between 1850 and 2270 1/cm, where hardly
 * any molecule absorbs: the mark of light reflected inside a plane layer (period 1 / (2 thickness refractive index)). */
static bool has_fringes(const nps_trace *t, const trace_level *l)
{
    enum { POINTS_MAX = 4000, TRIALS = 160 };
    static const double low = 1850, high = 2270, least_periods = 3.5, most_periods = 42;
    if (nps_trace_x(t, 0) > low || nps_trace_x(t, t->n - 1) < high)
        return false;
    size_t from = (size_t)ceil((low - t->x0_cm1) / t->dx_cm1), n = (size_t)floor((high - low) / t->dx_cm1);
    NPS_AUTO_MEM(double *) y = nps_array(n, sizeof *y);
    if (!y || n < 4 * most_periods / 2 || n > POINTS_MAX || from + n > t->n)
        return false;
    double all = 0, most = 0;
    for (size_t i = 0; i < n; i++)
        y[i] = (double)t->y[from + i];
    take_parabola(y, n);
    for (size_t i = 0; i < n; i++)
        all += y[i] * y[i];
    for (size_t k = 0; k < TRIALS; k++) {
        double periods = least_periods * pow(most_periods / least_periods, (double)k / (TRIALS - 1));
        double angle = 2 * M_PI * periods / (double)n, c = 0, s = 0;
        for (size_t i = 0; i < n; i++) {
            c += y[i] * cos(angle * (double)i);
            s += y[i] * sin(angle * (double)i);
        }
        most = fmax(most, 2 * (c * c + s * s) / (double)n);
    }
    double amplitude = sqrt(2 * most / (double)n);
    return most > 0.7 * all && amplitude > 0.01 * (l->max - l->min) && amplitude > 3 * l->noise;
}

/* Less than a thousandth of the light is not measured linearly; nor is a plateau at the very top. */
static unsigned check_top(const nps_trace *t, const trace_level *l, bool infrared)
{
    static const double dark_from = 3; /* absorbance */
    double height = l->max - l->min;
    size_t dark = 0, top = plateau(t, l->max);
    for (size_t i = 0; i < t->n; i++)
        dark += infrared && (double)t->y[i] >= dark_from;
    bool flat = top >= 8 && l->max - l->median > 0.2 * height;
    if (dark > t->n / 10 || (flat && top > t->n / 10))
        return NPS_QUALITY_OVERLOADED;
    return dark > t->n / 50 || flat ? NPS_QUALITY_SATURATED : 0;
}

static unsigned check_trace(const nps_spectrum *s)
{
    const nps_trace *t = &s->trace;
    if (t->n < 3) /* a straight line has no band */
        return NPS_QUALITY_EMPTY;
    unsigned bits = 0;
    double low = fmax(t->x0_cm1, 650), high = fmin(nps_trace_x(t, t->n - 1), 1800);
    if (high - low < 400)
        bits |= NPS_QUALITY_NO_FINGERPRINT;
    trace_level l = level_of(t);
    if (!l.known)
        return bits;
    bool infrared = s->technique == NPS_TECH_IR;
    double height = l.max - l.min;
    if (!(height > 8 * l.noise) || height < 1e-9)
        bits |= NPS_QUALITY_FLAT;
    else if (height < 40 * l.noise)
        bits |= NPS_QUALITY_WEAK;
    bits |= check_top(t, &l, infrared);
    if (has_fringes(t, &l))
        bits |= NPS_QUALITY_FRINGES;
    if (infrared && l.median - l.min > 0.5 * (l.max - l.median) && l.median - l.min > 0.02)
        bits |= NPS_QUALITY_NEGATIVE;
    return bits;
}

unsigned nps_quality_check(const nps_spectrum *s)
{
    if (s->technique == NPS_TECH_UNKNOWN)
        return s->peaks.n ? NPS_QUALITY_TECHNIQUE : NPS_QUALITY_EMPTY;
    return nps_technique_is_mass(s->technique) ? nps_quality_check_peaks(s->technique, s->precursor_mz, nps_peaks_view(&s->peaks))
                                               : check_trace(s);
}
