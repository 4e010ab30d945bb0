#include "spectra/trace_unit.h"

#include <math.h>
#include <string.h>

static const double PARTS_MAX = 2, PERCENT_MIN = 5;

void nps_unit_fold(nps_span unit, char *folded, size_t size)
{
    size_t m = 0;
    for (size_t i = 0; i < unit.n && m + 1 < size; i++) {
        unsigned char c = (unsigned char)unit.p[i];
        if (c >= 'a' && c <= 'z')
            folded[m++] = (char)(c - 32);
        else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%')
            folded[m++] = (char)c;
        else if (c == 0xB5 || c == 0xBC)
            folded[m++] = 'U';
        else if (c == 0xB9)
            folded[m++] = '1';
    }
    folded[m] = '\0';
}

static bool begins_with_any(const char *folded, const char *const *words)
{
    for (; *words; words++)
        if (strncmp(folded, *words, strlen(*words)) == 0)
            return true;
    return false;
}

static bool is_any(const char *folded, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(folded, *words) == 0)
            return true;
    return false;
}

bool nps_x_unit_find(nps_span label, nps_x_unit *ret_unit)
{
    static const char *const per_cm[] = {"WAVENUMBER", "RAMANSHIFT", "RECIPROCALC", "INVERSEC", NULL};
    static const char *const micro[] = {"MICROMET", "MICRON", "UM", "WAVELENGTHUM", "WAVELENGTHMICRO", NULL};
    static const char *const nano[] = {"NANOMET", "NM", "WAVELENGTHNM", "WAVELENGTHNANO", NULL};
    char unit[48];
    nps_unit_fold(label, unit, sizeof unit);
    if (strstr(unit, "CM1") || strstr(unit, "1CM") || begins_with_any(unit, per_cm))
        *ret_unit = NPS_X_CM1;
    else if (begins_with_any(unit, micro))
        *ret_unit = NPS_X_MICROMETRE;
    else if (begins_with_any(unit, nano))
        *ret_unit = NPS_X_NANOMETRE;
    else
        return false;
    return true;
}

bool nps_y_unit_find(nps_span label, nps_y_unit *ret_unit, bool *ret_unsaid)
{
    static const char *const absorbing[] = {"ABS", "LOG1", "LOG101", "OPTICALDENSITY", "MICROMOLMOL", "MOLARABS",
                                            "EXTINCTION", NULL};
    static const char *const absorbing_exactly[] = {"A", "LOGR", "LOGT", NULL};
    static const char *const passing[] = {"TRANS", "PERCENTTRANS", "PERCENTT", NULL};
    static const char *const returned[] = {"REFL", "PERCENTREFL", "PERCENTR", NULL};
    char unit[48];
    nps_unit_fold(label, unit, sizeof unit);
    const char *word = unit + (unit[0] == '%');
    bool percent = strchr(unit, '%') || strncmp(unit, "PERCENT", 7) == 0;
    *ret_unsaid = false;
    if (begins_with_any(word, absorbing) || is_any(unit, absorbing_exactly)) {
        *ret_unit = NPS_Y_ABSORBANCE;
    } else if (strncmp(word, "KUBELKAMUNK", 11) == 0 || strcmp(unit, "KM") == 0) {
        *ret_unit = NPS_Y_KUBELKA_MUNK;
    } else if (strcmp(word, "T") == 0 || begins_with_any(word, passing)) {
        *ret_unit = percent ? NPS_Y_PERCENT_T : NPS_Y_TRANSMITTANCE;
        *ret_unsaid = !percent;
    } else if (strcmp(word, "R") == 0 || begins_with_any(word, returned)) {
        *ret_unit = percent ? NPS_Y_PERCENT_R : NPS_Y_REFLECTANCE;
        *ret_unsaid = !percent;
    } else {
        return false;
    }
    return true;
}

bool nps_trace_scale(double largest, nps_y_unit *unit)
{
    if (largest >= PERCENT_MIN)
        *unit = *unit == NPS_Y_TRANSMITTANCE ? NPS_Y_PERCENT_T : NPS_Y_PERCENT_R;
    return largest <= PARTS_MAX || largest >= PERCENT_MIN;
}

double nps_trace_largest(const double *y, size_t n)
{
    double max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, y[i]);
    return max;
}
