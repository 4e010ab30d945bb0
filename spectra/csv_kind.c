#include "spectra/csv_kind.h"

#include "spectra/trace_unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum { WORD_IS, WORD_BEGINS, WORD_CONTAINS } word_match;

static const struct {
    const char *word; /* lower case */
    word_match match;
    int column; /* -1: either */
    size_t flag;
} words[] = {
#define FLAG(f) offsetof(nps_csv_words, f)
    {"m/z", WORD_BEGINS, 0, FLAG(mass)},
    {"mz", WORD_IS, 0, FLAG(mass)},
    {"m/e", WORD_BEGINS, 0, FLAG(mass)},
    {"mass", WORD_BEGINS, 0, FLAG(mass)},
    {"wavenumber", WORD_BEGINS, 0, FLAG(wavenumber)},
    {"cm-1", WORD_CONTAINS, 0, FLAG(wavenumber)},
    {"cm^-1", WORD_CONTAINS, 0, FLAG(wavenumber)},
    {"1/cm", WORD_CONTAINS, 0, FLAG(wavenumber)},
    {"cm\xe2\x81\xbb\xc2\xb9", WORD_CONTAINS, 0, FLAG(wavenumber)},
    {"cm\xe2\x88\x92" "1", WORD_CONTAINS, 0, FLAG(wavenumber)}, /* with a minus sign */
    {"cm-\xc2\xb9", WORD_CONTAINS, 0, FLAG(wavenumber)},
    {"cm-\xb9", WORD_CONTAINS, 0, FLAG(wavenumber)}, /* in Latin-1 */
    {"wavelength", WORD_BEGINS, 0, FLAG(wavelength)},
    {"nm", WORD_IS, 0, FLAG(nanometre)},
    {"nanomet", WORD_BEGINS, 0, FLAG(nanometre)},
    {"um", WORD_IS, 0, FLAG(micrometre)},
    {"\xc2\xb5m", WORD_IS, 0, FLAG(micrometre)},
    {"\xb5m", WORD_IS, 0, FLAG(micrometre)}, /* in Latin-1 */
    {"\xce\xbcm", WORD_IS, 0, FLAG(micrometre)},
    {"micromet", WORD_BEGINS, 0, FLAG(micrometre)},
    {"micron", WORD_BEGINS, 0, FLAG(micrometre)},
    {"raman", WORD_CONTAINS, -1, FLAG(raman)},
    {"absorb", WORD_BEGINS, 1, FLAG(absorbance)},
    {"abs", WORD_IS, 1, FLAG(absorbance)},
    {"a", WORD_IS, 1, FLAG(absorbance)},
    {"transmi", WORD_CONTAINS, 1, FLAG(transmittance)},
    {"%t", WORD_BEGINS, 1, FLAG(transmittance)},
    {"t", WORD_IS, 1, FLAG(transmittance)},
    {"reflect", WORD_CONTAINS, 1, FLAG(reflectance)},
    {"%r", WORD_IS, 1, FLAG(reflectance)},
    {"%", WORD_CONTAINS, 1, FLAG(percent)},
    {"percent", WORD_BEGINS, 1, FLAG(percent)},
    {"intens", WORD_BEGINS, 1, FLAG(counts)},
    {"abundance", WORD_IS, 1, FLAG(counts)},
    {"count", WORD_BEGINS, 1, FLAG(counts)},
#undef FLAG
};

static bool matches(const char *token, const char *word, word_match match)
{
    switch (match) {
    case WORD_IS: return strcmp(token, word) == 0;
    case WORD_BEGINS: return strncmp(token, word, strlen(word)) == 0;
    case WORD_CONTAINS: return strstr(token, word) != NULL;
    }
    return false;
}

bool nps_csv_words_add(nps_csv_words *w, nps_span title, int column)
{
    bool any = false;
    nps_span token;
    while (nps_span_token(&title, " \t()[]\"'_", &token)) {
        char text[64];
        if (token.n >= sizeof text)
            continue;
        for (size_t i = 0; i < token.n; i++)
            text[i] = token.p[i] >= 'A' && token.p[i] <= 'Z' ? (char)(token.p[i] + 32) : token.p[i];
        text[token.n] = '\0';
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if ((words[i].column < 0 || words[i].column == column) && matches(text, words[i].word, words[i].match)) {
                *(bool *)((char *)w + words[i].flag) = true;
                any = true;
            }
    }
    return any;
}

typedef struct {
    double min_x, max_x, min_y, max_y, median_y;
    bool even;   /* steps alike */
    bool smooth; /* steps change little from one to the next, as on a wavelength scale */
    bool whole;  /* all x whole numbers */
} shape;

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void look_at_steps(const double *sorted, size_t n, shape *ret)
{
    double mean = (sorted[n - 1] - sorted[0]) / (double)(n - 1), last = 0;
    ret->even = ret->smooth = n > 2 && mean > 0;
    ret->whole = true;
    for (size_t i = 0; i < n; i++) {
        ret->whole = ret->whole && sorted[i] == floor(sorted[i]);
        double step = i ? sorted[i] - sorted[i - 1] : mean;
        /* x is often rounded to two or three digits. */
        ret->even = ret->even && fabs(step - mean) <= 0.02 * mean + 0.01;
        ret->smooth = ret->smooth && (i < 2 || (step <= 1.25 * last + 0.01 && last <= 1.25 * step + 0.01));
        last = step;
    }
}

static nps_status look_at(const double *x, const double *y, size_t n, shape *ret, nps_err *err)
{
    double *sorted = nps_array(n, sizeof *sorted);
    if (!sorted)
        return nps_fail_nomem(err);
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    *ret = (shape){.min_x = sorted[0], .max_x = sorted[n - 1], .whole = true};
    if (n > 1)
        look_at_steps(sorted, n, ret);
    memcpy(sorted, y, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    ret->min_y = sorted[0];
    ret->max_y = sorted[n - 1];
    ret->median_y = sorted[n / 2];
    free(sorted);
    return NPS_OK;
}

static nps_status decide_x(const nps_csv_words *w, const shape *s, nps_x_unit *ret_unit, nps_err *err)
{
    /* Near infrared goes to 2500 nm and mid infrared from 2.5 to 50 um: above that only wavenumbers are left. */
    if (w->wavenumber || w->raman || (!w->nanometre && !w->micrometre && !w->wavelength && s->max_x > 2600))
        *ret_unit = NPS_X_CM1;
    else if (w->nanometre != w->micrometre)
        *ret_unit = w->nanometre ? NPS_X_NANOMETRE : NPS_X_MICROMETRE;
    else
        return nps_fail(err, NPS_E_FORMAT, "the unit of the first column is not clear; head it 'cm-1', 'nm' or 'um'");
    return NPS_OK;
}

static nps_status decide_y(const nps_csv_words *w, const shape *s, bool by_shape, nps_y_unit *ret_unit, nps_err *err)
{
    bool light = w->transmittance || w->reflectance;
    if ((w->absorbance && light) || (w->transmittance && w->reflectance))
        return nps_fail(err, NPS_E_FORMAT, "the head of the second column names more than one quantity");
    if (w->absorbance) {
        *ret_unit = NPS_Y_ABSORBANCE;
    } else if (light) {
        *ret_unit = w->transmittance ? (w->percent ? NPS_Y_PERCENT_T : NPS_Y_TRANSMITTANCE)
                                     : (w->percent ? NPS_Y_PERCENT_R : NPS_Y_REFLECTANCE);
        if (!w->percent && !nps_trace_scale(s->max_y, ret_unit))
            return nps_fail(err, NPS_E_FORMAT,
                            "values up to %g may be parts or percent; head the column '%%T' or '%%R'", s->max_y);
    } else if (by_shape && s->max_y > 10 && s->max_y < 130 && s->min_y > -5 && s->median_y > 0.6 * s->max_y) {
        *ret_unit = NPS_Y_PERCENT_T;
    } else if (by_shape && s->max_y > 0 && s->max_y <= 4 && s->median_y < 0.4 * s->max_y) {
        *ret_unit = NPS_Y_ABSORBANCE;
    } else {
        return nps_fail(
            err, NPS_E_FORMAT,
            "the second column is not clear; head it 'absorbance', 'transmittance', '%%T' or 'reflectance', or "
            "the first one 'Raman shift'");
    }
    return NPS_OK;
}

static nps_status decide_by_shape(const shape *s, size_t n, nps_csv_kind *ret, nps_err *err)
{
    bool nominal = s->whole && s->max_x <= 2000;
    bool spectral = s->min_x >= 50 && s->max_x <= 12000;
    if (s->even && n >= 200 && spectral && !nominal) {
        *ret = (nps_csv_kind){.technique = NPS_TECH_IR, .x_unit = NPS_X_CM1};
        return decide_y(&(nps_csv_words){0}, s, true, &ret->y_unit, err);
    }
    bool peaks = !s->smooth || (n < 50 && s->max_x <= 2000);
    if (!peaks || s->min_x <= 0 || s->max_x > 5000 || s->min_y < 0)
        return nps_fail(err, NPS_E_FORMAT,
                        "two columns without a head can be a mass spectrum or an infrared trace here; head them 'm/z, "
                        "intensity' or 'cm-1, absorbance'");
    *ret = (nps_csv_kind){.technique = NPS_TECH_UNKNOWN};
    return NPS_OK;
}

nps_status nps_csv_decide(const nps_csv_words *w, nps_technique claim, const double *x, const double *y, size_t n,
                          nps_csv_kind *ret_kind, nps_err *err)
{
    shape s;
    nps_status st = look_at(x, y, n, &s, err);
    if (st != NPS_OK)
        return st;
    bool x_light = w->wavenumber || w->wavelength || w->nanometre || w->micrometre;
    bool y_light = w->absorbance || w->transmittance || w->reflectance;
    bool raman = w->raman || claim == NPS_TECH_RAMAN;
    bool light = x_light || y_light || raman || claim == NPS_TECH_IR;
    bool mass = w->mass || (claim != NPS_TECH_UNKNOWN && nps_technique_is_mass(claim));
    if ((mass && light) || (raman && (y_light || claim == NPS_TECH_IR)))
        return nps_fail(err, NPS_E_FORMAT, "the heads of the columns contradict each other or the stated technique");
    nps_csv_kind kind = {.technique = mass ? claim : raman ? NPS_TECH_RAMAN : NPS_TECH_IR, .y_unit = NPS_Y_COUNTS};
    if (!mass && !light) {
        st = decide_by_shape(&s, n, &kind, err);
    } else if (light) {
        st = decide_x(w, &s, &kind.x_unit, err);
        if (st == NPS_OK && !raman)
            st = decide_y(w, &s, false, &kind.y_unit, err);
    }
    if (st == NPS_OK)
        *ret_kind = kind;
    return st;
}
