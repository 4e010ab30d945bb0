#include "spectra/formula_mass.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *symbol;
    double mass;
} elements[] = {{"C", 12.0},          {"H", 1.00782503223},  {"N", 14.00307400443}, {"O", 15.99491461957}, {"S", 31.9720711744},
                {"P", 30.97376199842}, {"F", 18.99840316273}, {"Cl", 34.968852682}, {"Br", 78.9183376},    {"I", 126.9044719},
                {"Si", 27.97692653465}, {"B", 11.00930536},   {"Na", 22.989769282}, {"K", 38.9637064864},  {"Li", 7.0160034366},
                {"Se", 79.9165218},    {"D", 2.01410177812}, {"Ca", 39.962590863},  {"Mg", 23.985041697}};

static const struct {
    const char *adduct;
    double shift;
} adducts[] = {{"[M+H]+", 1.007276467},  {"[M]+", -0.00054858},     {"[M+Na]+", 22.98922070}, {"[M+K]+", 38.96315791},
               {"[M+NH4]+", 18.03382554}, {"[M-H]-", -1.007276467}, {"[M+Cl]-", 34.96940126}, {"[M+HCOO]-", 44.99765397},
               {"[M-H2O+H]+", -17.00328822}, {"[M+CH3COO]-", 59.01330403}};

bool nps_formula_mass(nps_span formula, double *ret_mass)
{
    double sum = 0;
    size_t i = 0;
    while (i < formula.n) {
        const char *p = formula.p + i;
        size_t left = formula.n - i, n = 0, k = 0;
        if (i && (*p == '+' || *p == '-') && left <= 2)
            break;
        /* The longer symbol first: Cl before C. */
        for (size_t width = 2; width >= 1 && !n; width--)
            for (k = 0; k < sizeof elements / sizeof *elements; k++)
                if (strlen(elements[k].symbol) == width && left >= width && memcmp(p, elements[k].symbol, width) == 0) {
                    n = width;
                    break;
                }
        if (!n)
            return false;
        i += n;
        size_t digits = 0;
        unsigned long count = 0;
        for (; i < formula.n && isdigit((unsigned char)formula.p[i]) && digits < 4; i++, digits++)
            count = count * 10 + (unsigned long)(formula.p[i] - '0');
        if (digits && !count)
            return false;
        sum += elements[k].mass * (double)(digits ? count : 1);
    }
    if (!(sum > 0))
        return false;
    *ret_mass = sum;
    return true;
}

bool nps_adduct_shift(nps_span adduct, double *ret_shift)
{
    for (size_t i = 0; i < sizeof adducts / sizeof *adducts; i++)
        if (nps_span_is(adduct, adducts[i].adduct)) {
            *ret_shift = adducts[i].shift;
            return true;
        }
    return false;
}
