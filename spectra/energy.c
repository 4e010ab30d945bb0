#include "spectra/energy.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

double nps_energy_ev(const char *text, double precursor)
{
    double value = 0;
    size_t numbers = 0;
    for (const char *p = text; *p;) {
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        char *end;
        value = strtod(p, &end);
        numbers++;
        p = end;
    }
    if (numbers != 1 || !(value > 0 && value < 1000))
        return 0;
    bool normalised = strchr(text, '%') || strstr(text, "NCE") || strstr(text, "nominal");
    return !normalised ? value : precursor > 0 ? value * precursor / 500 : 0;
}
