#include "spectra/quality.h"

#include <math.h>

const char *nps_quality_text(nps_quality_bit bit)
{
    switch (bit) {
    case NPS_QUALITY_EMPTY: return "no peak at all";
    case NPS_QUALITY_FEW_PEAKS: return "fewer than 3 peaks above 1 % of the base peak";
    case NPS_QUALITY_NO_FINGERPRINT: return "the measured range holds less than 400 1/cm of the region 650 to 1800 1/cm";
    case NPS_QUALITY_FLAT: return "no band stands out of the noise";
    case NPS_QUALITY_SATURATED: return "the strongest signals are cut off (saturated detector or too thick a sample)";
    case NPS_QUALITY_NOISE: return "the peaks look like noise: very many of nearly the same height";
    case NPS_QUALITY_TECHNIQUE: return "the file does not say which technique this is";
    case NPS_QUALITY_BACKGROUND: return "nothing but air, water or column bleed";
    }
    return "unknown reason";
}

bool nps_quality_is_usable(unsigned bits)
{
    return !(bits & ~(unsigned)(NPS_QUALITY_SATURATED));
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

static unsigned check_peaks(const nps_spectrum *s)
{
    const nps_peaks *p = &s->peaks;
    if (!p->n)
        return NPS_QUALITY_EMPTY;
    double top = 0, sum = 0, background = 0, squares = 0;
    for (size_t i = 0; i < p->n; i++)
        top = fmax(top, (double)p->intensity[i]);
    size_t strong = 0, at_top = 0;
    for (size_t i = 0; i < p->n; i++) {
        double y = (double)p->intensity[i];
        strong += y >= 0.01 * top;
        at_top += y >= 0.9999 * top;
        sum += y;
        squares += y * y;
        if (s->technique == NPS_TECH_EI && is_background((unsigned)(p->mz[i] + 0.38)))
            background += y;
    }
    unsigned bits = 0;
    size_t needed = s->technique == NPS_TECH_EI ? 3 : 1;
    if (strong < needed)
        bits |= NPS_QUALITY_FEW_PEAKS;
    if (at_top >= 4)
        bits |= NPS_QUALITY_SATURATED;
    /* The inverse participation ratio counts peaks that carry the signal; real spectra have few, noise has all. */
    if (p->n >= 100 && sum * sum / squares > 0.7 * (double)p->n)
        bits |= NPS_QUALITY_NOISE;
    if (s->technique == NPS_TECH_EI && background > 0.95 * sum)
        bits |= NPS_QUALITY_BACKGROUND;
    return bits;
}

static unsigned check_trace(const nps_spectrum *s)
{
    const nps_trace *t = &s->trace;
    if (t->n < 2)
        return NPS_QUALITY_EMPTY;
    unsigned bits = 0;
    double low = fmax(t->x0_cm1, 650), high = fmin(nps_trace_x(t, t->n - 1), 1800);
    if (high - low < 400)
        bits |= NPS_QUALITY_NO_FINGERPRINT;
    double min = INFINITY, max = -INFINITY, noise = 0;
    for (size_t i = 0; i < t->n; i++) {
        min = fmin(min, (double)t->y[i]);
        max = fmax(max, (double)t->y[i]);
    }
    size_t at_top = 0;
    for (size_t i = 0; i < t->n; i++) {
        at_top += s->technique == NPS_TECH_IR && (double)t->y[i] >= 5.999;
        /* Second differences cancel bands and baseline and leave the noise of neighbouring points. */
        if (i >= 2)
            noise += fabs((double)t->y[i] - 2 * (double)t->y[i - 1] + (double)t->y[i - 2]);
    }
    noise /= (double)t->n;
    if (!(max - min > 4 * noise) || max - min < 1e-9)
        bits |= NPS_QUALITY_FLAT;
    if (at_top > t->n / 50)
        bits |= NPS_QUALITY_SATURATED;
    return bits;
}

unsigned nps_quality_check(const nps_spectrum *s)
{
    if (s->technique == NPS_TECH_UNKNOWN)
        return s->peaks.n ? NPS_QUALITY_TECHNIQUE : NPS_QUALITY_EMPTY;
    return nps_technique_is_mass(s->technique) ? check_peaks(s) : check_trace(s);
}
