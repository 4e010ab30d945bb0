#include "service/reliability_plot.h"

#include "core/stats.h"
#include "reference-lib/evidence_fit.h"

#include <math.h>
#include <string.h>

/* --- bins ------------------------------------------------------------------------------------------------------------------ */

void nps_reliability_bins(const nps_fit_answer *a, size_t n, bool of_known, nps_reliability_bin ret[NPS_RELIABILITY_BINS])
{
    double squares[NPS_RELIABILITY_BINS] = {0};
    memset(ret, 0, NPS_RELIABILITY_BINS * sizeof *ret);
    for (size_t i = 0; i < n; i++) {
        double p = of_known ? a[i].known : a[i].p;
        size_t k = (size_t)fmin(NPS_RELIABILITY_BINS - 1, floor(p * NPS_RELIABILITY_BINS));
        ret[k].n++;
        ret[k].weight += a[i].weight;
        ret[k].stated += a[i].weight * p;
        ret[k].observed += (of_known ? a[i].is_known : a[i].right) ? a[i].weight : 0;
        squares[k] += a[i].weight * a[i].weight;
    }
    for (size_t k = 0; k < NPS_RELIABILITY_BINS; k++) {
        nps_reliability_bin *b = &ret[k];
        if (!b->n)
            continue;
        b->stated /= b->weight;
        b->observed /= b->weight;
        double worth = b->weight * b->weight / squares[k]; /* equal weights: n (Kish 1965) */
        nps_proportion_interval(b->observed * worth, worth, 0.9, &b->low, &b->high);
    }
}

double nps_reliability_gap(const nps_reliability_bin bin[NPS_RELIABILITY_BINS])
{
    double sum = 0, total = 0;
    for (size_t k = 0; k < NPS_RELIABILITY_BINS; k++) {
        sum += bin[k].weight * fabs(bin[k].stated - bin[k].observed);
        total += bin[k].weight;
    }
    return total > 0 ? sum / total : 0;
}

/* --- drawing --------------------------------------------------------------------------------------------------------------- */

enum { WIDTH = 760, HEAD = 62, ROW = 400, SIDE = 270, LEFT = 66, STEP = 370, TOP = 62 };

/* Colours have their dark twins; marks differ in shape as well. */
static const char style[] =
    "<style>svg{background:#fff;color:#222;font:12px sans-serif}text{fill:currentColor}.line{stroke:currentColor;fill:none}"
    ".grid{stroke:currentColor;opacity:.15}.before{stroke:#0b5394;fill:#0b5394}.after{stroke:#b45f06;fill:#b45f06}"
    "text.before,text.after{stroke:none}@media(prefers-color-scheme:dark){svg{background:#16191d;color:#e6e6e6}"
    ".before{stroke:#7fb2e5;fill:#7fb2e5}.after{stroke:#f2a65a;fill:#f2a65a}}</style>\n";

typedef struct {
    nps_buf *b;
    double x, y; /* corner of the panel at 0, 0: lower left */
} panel;

static double across(const panel *p, double v)
{
    return p->x + SIDE * v;
}

static double up(const panel *p, double v)
{
    return p->y - SIDE * v;
}

static void put_frame(const panel *p, const char *title)
{
    nps_buf_printf(p->b, "<text x=\"%.0f\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n", p->x, up(p, 1) - 10, title);
    for (int k = 0; k <= NPS_RELIABILITY_BINS; k++) {
        double v = (double)k / NPS_RELIABILITY_BINS;
        nps_buf_printf(p->b, "<path class=\"grid\" d=\"M%.1f %.1fV%.1fM%.1f %.1fH%.1f\"/>", across(p, v), up(p, 0), up(p, 1),
                       across(p, 0), up(p, v), across(p, 1));
        if (k % 2)
            continue;
        nps_buf_printf(p->b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.1f</text>", across(p, v), up(p, 0) + 16, v);
        nps_buf_printf(p->b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>\n", across(p, 0) - 6, up(p, v) + 4, v);
    }
    nps_buf_printf(p->b, "<path class=\"line\" d=\"M%.1f %.1fH%.1fV%.1fH%.1fZ\"/>", across(p, 0), up(p, 0), across(p, 1), up(p, 1),
                   across(p, 0));
    nps_buf_printf(p->b, "<path class=\"line\" stroke-dasharray=\"4 4\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", across(p, 0), up(p, 0),
                   across(p, 1), up(p, 1));
    nps_buf_printf(p->b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">stated probability</text>", across(p, 0.5),
                   up(p, 0) + 32);
    nps_buf_printf(p->b, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">observed fraction</text>\n",
                   across(p, 0) - 40, up(p, 0.5));
}

/* @param series  0: before, 1: after the refit */
static void put_series(const panel *p, const nps_fit_answer *a, size_t n, bool of_known, int series)
{
    static const char *const classes[] = {"before", "after"};
    nps_reliability_bin bin[NPS_RELIABILITY_BINS];
    nps_reliability_bins(a, n, of_known, bin);
    double below = up(p, 0) + 48 + 14 * series;
    for (size_t k = 0; k < NPS_RELIABILITY_BINS; k++) {
        const nps_reliability_bin *v = &bin[k];
        if (!v->n)
            continue;
        double x = across(p, v->stated) + (series ? 1.5 : -1.5), y = up(p, v->observed);
        nps_buf_printf(p->b, "<g class=\"%s\"><title>stated %.3f, observed %.3f (90 %% interval %.3f to %.3f), %zu answers</title>",
                       classes[series], v->stated, v->observed, v->low, v->high, v->n);
        nps_buf_printf(p->b, "<path stroke-width=\"1.5\" d=\"M%.1f %.1fV%.1f\"/>", x, up(p, v->low), up(p, v->high));
        if (series)
            nps_buf_printf(p->b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\"/></g>", x - 3.5, y - 3.5);
        else
            nps_buf_printf(p->b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></g>", x, y);
        nps_buf_printf(p->b, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" font-size=\"10\" text-anchor=\"middle\">%zu</text>\n",
                       classes[series], across(p, ((double)k + 0.5) / NPS_RELIABILITY_BINS), below, v->n);
    }
    nps_buf_printf(p->b, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">mean gap %.3f</text>\n", classes[series], across(p, 0.03),
                   up(p, 0.94 - 0.06 * series), nps_reliability_gap(bin));
}

static void put_technique(nps_buf *b, const nps_own_technique *x, const char *name, double top)
{
    static const char *const titles[] = {"The best candidate is right", "The substance is in the library"};
    nps_buf_printf(b, "<text x=\"20\" y=\"%.0f\" font-size=\"14\">%s: %zu answers about replicates that %s</text>\n", top + 18,
                   name, x->n_answers, x->after ? "the refit has not seen" : "nothing was fitted on");
    for (int k = 0; k < 2; k++) {
        panel p = {b, LEFT + STEP * k, top + TOP + SIDE};
        put_frame(&p, titles[k]);
        put_series(&p, x->before, x->n_answers, k, 0);
        if (x->after)
            put_series(&p, x->after, x->n_answers, k, 1);
    }
}

void nps_reliability_plot(nps_buf *b, const nps_own_calibration *own, const char *library)
{
    int rows = 0;
    bool refitted = false;
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        rows += own->technique[t].n_answers > 0;
        refitted = refitted || own->technique[t].after;
    }
    int height = HEAD + ROW * rows;
    nps_buf_printf(b,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                   "aria-labelledby=\"title desc\">\n<title id=\"title\">Reliability of npswatch on own replicates, library ",
                   WIDTH, height, WIDTH, height);
    nps_buf_put_xml(b, library);
    nps_buf_puts(b, "</title>\n<desc id=\"desc\">Stated probability against the fraction of answers that were right, in ten "
                    "bins with 90 % intervals and the number of answers. Points on the diagonal keep what they state; points below it state "
                    "too much. Each replicate is asked as it is and, at half the weight, as if its substance were not in the "
                    "library.</desc>\n");
    nps_buf_puts(b, style);
    nps_buf_puts(b, "<text x=\"20\" y=\"26\" font-size=\"16\">Reliability on own replicates, library ");
    nps_buf_put_xml(b, library);
    nps_buf_puts(b, "</text>\n<text class=\"before\" x=\"20\" y=\"48\">\u25cf coefficients of the ruleset</text>");
    if (refitted)
        nps_buf_puts(b, "<text class=\"after\" x=\"230\" y=\"48\">\u25a0 refitted on own replicates</text>");
    nps_buf_puts(b, "<text x=\"440\" y=\"48\">bars: 90 % intervals; numbers: answers</text>\n");
    double top = HEAD;
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        if (!own->technique[t].n_answers)
            continue;
        put_technique(b, &own->technique[t], nps_technique_name(t), top);
        top += ROW;
    }
    nps_buf_puts(b, "</svg>\n");
}
