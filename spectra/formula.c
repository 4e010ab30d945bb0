#include "spectra/formula.h"

#include <math.h>
#include <stdio.h>

#define M_H 1.00782503190
#define M_C 12.0
#define M_N 14.00307400425
#define M_O 15.99491461926
#define M_F 18.99840316207
#define M_S 31.97207117354
#define M_CL 34.968852694
#define M_BR 78.9183376
#define M_I 126.9044719

/* The change upwards, the change downwards, its mass; common ones first. */
static const struct {
    const char *up, *down;
    double mass;
} changes[] = {
    {"+CH2", "-CH2", M_C + 2 * M_H},
    {"+C2H4", "-C2H4", 2 * M_C + 4 * M_H},
    {"+F -H", "+H -F", M_F - M_H},
    {"+O", "-O", M_O},
    {"+CH2O", "-CH2O", M_C + 2 * M_H + M_O},
    {"+Cl -H", "+H -Cl", M_CL - M_H},
    {"+H2", "-H2", 2 * M_H},
    {"+C3H6", "-C3H6", 3 * M_C + 6 * M_H},
    {"+Br -H", "+H -Br", M_BR - M_H},
    {"+C2H2O", "-C2H2O", 2 * M_C + 2 * M_H + M_O},
    {"+C4H8", "-C4H8", 4 * M_C + 8 * M_H},
    {"+C4H4", "-C4H4", 4 * M_C + 4 * M_H},
    {"+CO", "-CO", M_C + M_O},
    {"+CF3 -H", "+H -CF3", M_C + 3 * M_F - M_H},
    {"+C2H2", "-C2H2", 2 * M_C + 2 * M_H},
    {"+NO2 -H", "+H -NO2", M_N + 2 * M_O - M_H},
    {"+N -CH", "+CH -N", M_N - M_C - M_H},
    {"+S -O", "+O -S", M_S - M_O},
    {"+Cl -F", "+F -Cl", M_CL - M_F},
    {"+Br -Cl", "+Cl -Br", M_BR - M_CL},
    {"+CN -H", "+H -CN", M_C + M_N - M_H},
    {"+C6H4", "-C6H4", 6 * M_C + 4 * M_H},
    {"+H2O", "-H2O", 2 * M_H + M_O},
    {"+NH", "-NH", M_N + M_H},
    {"+CO2", "-CO2", M_C + 2 * M_O},
    {"+CHNO", "-CHNO", M_C + M_H + M_N + M_O},
    {"+I -H", "+H -I", M_I - M_H},
    {"+S", "-S", M_S},
    {"+SO2", "-SO2", M_S + 2 * M_O},
    {"+C5H10", "-C5H10", 5 * M_C + 10 * M_H},
    {"+C7H6", "-C7H6", 7 * M_C + 6 * M_H},
    {"+O -CH4", "+CH4 -O", M_O - M_C - 4 * M_H},
    {"+O -NH", "+NH -O", M_O - M_N - M_H},
    {"+F -CH3", "+CH3 -F", M_F - M_C - 3 * M_H},
};
enum { N_CHANGE = sizeof changes / sizeof *changes };

bool nps_formula_change(double delta_da, double tol_da, char out[static NPS_FORMULA_MAX])
{
    double magnitude = fabs(delta_da);
    out[0] = '\0';
    if (magnitude <= tol_da)
        return false; /* no change; otherwise every pair of a change and its opposite would fit */
    for (size_t i = 0; i < N_CHANGE; i++)
        if (fabs(fabs(changes[i].mass) - magnitude) <= tol_da) {
            bool up = (changes[i].mass > 0) == (delta_da > 0);
            snprintf(out, NPS_FORMULA_MAX, "%s", up ? changes[i].up : changes[i].down);
            return true;
        }
    /* Two changes together: the pair of smallest rank sum, so that common ones come first. */
    size_t best = 2 * N_CHANGE;
    for (size_t i = 0; i < N_CHANGE; i++)
        for (size_t j = i; j < N_CHANGE; j++)
            for (int signs = 0; signs < 4 && i + j < best; signs++) {
                double a = signs & 1 ? -changes[i].mass : changes[i].mass;
                double b = signs & 2 ? -changes[j].mass : changes[j].mass;
                if (fabs(a + b - delta_da) > tol_da)
                    continue;
                best = i + j;
                snprintf(out, NPS_FORMULA_MAX, "%s, %s", signs & 1 ? changes[i].down : changes[i].up,
                         signs & 2 ? changes[j].down : changes[j].up);
            }
    return best < 2 * N_CHANGE;
}
