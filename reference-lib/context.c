#include "reference-lib/context.h"

#include "spectra/energy.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- dates ---------------------------------------------------------------------------------------------------------------- */

/* Whether letters of the key, whatever stands between them, spell one of the words that formats head a date with. */
static bool heads_date(const char *key)
{
    static const char *const words[] = {"date", "longdate", "recorddate", "acquisitiondate", "dateofmeasurement"};
    char letters[24];
    size_t n = 0;
    for (; *key && n < sizeof letters - 1; key++)
        if (isalpha((unsigned char)*key))
            letters[n++] = (char)tolower((unsigned char)*key);
    letters[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!*key && strcmp(letters, words[i]) == 0)
            return true;
    return false;
}

/* The first number of four digits that can be a year. */
static unsigned year_in(const char *text)
{
    enum { FIRST = 1950, LAST = 2100 };
    for (const char *p = text; *p;) {
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        char *end;
        unsigned long v = strtoul(p, &end, 10);
        if (end - p == 4 && v >= FIRST && v <= LAST)
            return (unsigned)v;
        p = end;
    }
    return 0;
}

unsigned nps_entry_year(const nps_library *lib, uint32_t e)
{
    for (uint64_t i = lib->meta_at[e]; i < lib->meta_at[e + 1]; i++) {
        unsigned year = heads_date(nps_library_text(lib, lib->meta_key[i])) ? year_in(nps_library_text(lib, lib->meta_value[i])) : 0;
        if (year)
            return year;
    }
    return 0;
}

/* --- what the library covers ---------------------------------------------------------------------------------------------- */

static nps_class_coverage cover(const nps_library *lib, uint32_t class_name, nps_technique t)
{
    nps_class_coverage c = {.class_name = class_name};
    for (uint32_t s = 0; s < lib->n_substance; s++) {
        if (lib->sub_class[s] != class_name || !nps_library_has_technique(lib, s, t))
            continue;
        c.substances++;
        for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1]; i++) {
            unsigned year = nps_entry_year(lib, lib->sub_entry[i]);
            c.newest_year = year > c.newest_year ? (uint16_t)year : c.newest_year;
        }
    }
    return c;
}

static uint32_t count_at_precursor(const nps_library *lib, const nps_prepared *q, const nps_match_options *o)
{
    size_t low = 0, high = lib->n_precursor;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (lib->precursor_mz[mid] < q->precursor - NPS_UNIT_TOL)
            low = mid + 1;
        else
            high = mid;
    }
    uint32_t n = 0;
    for (; low < lib->n_precursor && lib->precursor_mz[low] <= q->precursor + NPS_UNIT_TOL; low++) {
        double other = lib->precursor_mz[low];
        nps_filter f = nps_filter_all();
        f.polarity = q->polarity;
        n += fabs(other - q->precursor) <= nps_precursor_tolerance(q, o->tol_precursor_ppm, other) &&
             nps_filter_passes(lib, &f, lib->precursor_entry[low]);
    }
    return n;
}

static uint32_t count_at_nominal(const nps_library *lib, int32_t mass)
{
    uint32_t n = 0;
    for (uint32_t e = 0; e < lib->n_entry; e++)
        n += lib->entry_technique[e] == NPS_TECH_EI && lib->sub_nominal[lib->entry_substance[e]] == mass;
    return n;
}

static void cover_mass(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_verdict *v)
{
    if (nps_technique_is_fragment(q->technique) && q->precursor > 0) {
        v->mass = q->precursor;
        v->mass_entries = count_at_precursor(lib, q, o);
    } else if (q->technique == NPS_TECH_EI && v->molecular_mass > 0) {
        v->mass = v->molecular_mass;
        v->mass_entries = count_at_nominal(lib, v->molecular_mass);
    }
}

/* --- what would settle it --------------------------------------------------------------------------------------------------- */

/* Substances in question: those of the set, or of a novel query what it resembles. */
static nps_status list_in_question(const nps_verdict *v, uint32_t **ret, size_t *ret_n, nps_err *err)
{
    enum { RELATIVES = 10 };
    uint32_t *s = nps_array(v->n_set + RELATIVES, sizeof *s);
    if (!s)
        return nps_fail_nomem(err);
    size_t n = 0;
    for (size_t i = 0; i < v->n_set; i++)
        s[n++] = v->set[i].substance;
    for (size_t i = 0; !v->n_set && i < v->n_analogs && n < RELATIVES; i++) {
        size_t k = 0;
        while (k < n && s[k] != v->analogs[i].substance)
            k++;
        if (k == n)
            s[n++] = v->analogs[i].substance;
    }
    *ret = s;
    *ret_n = n;
    return NPS_OK;
}

/* The energy, in whole eV, that most of their MS/MS entries were measured at; the lower one of two. */
static double usual_energy(const nps_library *lib, const uint32_t *s, size_t n)
{
    enum { ENERGIES = 200 };
    uint32_t count[ENERGIES] = {0}, best = 0;
    for (size_t i = 0; i < n; i++)
        for (uint64_t k = lib->sub_entry_at[s[i]]; k < lib->sub_entry_at[s[i] + 1]; k++) {
            uint32_t e = lib->sub_entry[k];
            double ev = nps_energy_ev(nps_library_text(lib, lib->entry_energy[e]), lib->entry_precursor[e]);
            if (lib->entry_technique[e] == NPS_TECH_MSMS && ev >= 0.5 && ev < ENERGIES - 1)
                count[lround(ev)]++;
        }
    for (uint32_t i = 1; i < ENERGIES; i++)
        best = count[i] > count[best] ? i : best;
    return best;
}

/* Keeps them by the number of references; where they are as many, in the order of the choices. */
static void insert_advice(nps_verdict *v, nps_advice a)
{
    size_t i = v->n_advice++;
    for (; i > 0 && v->advice[i - 1].substances < a.substances; i--)
        v->advice[i] = v->advice[i - 1];
    v->advice[i] = a;
}

/* A technique of another principle; one without references is named only where it is the first choice of all, as it cannot tell
 * the substances apart but completes the minimum scheme. */
static void advise(const nps_library *lib, nps_technique own, const uint32_t *s, size_t n, nps_verdict *v)
{
    static const nps_technique choices[] = {NPS_TECH_IR, NPS_TECH_MSMS, NPS_TECH_EI, NPS_TECH_RAMAN};
    bool first = true;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        nps_technique t = choices[i];
        if (nps_technique_compares(own, t))
            continue;
        nps_advice a = {.technique = t, .of = (uint32_t)n};
        for (size_t k = 0; k < n; k++)
            a.substances += nps_library_has_technique(lib, s[k], t);
        if (t == NPS_TECH_MSMS)
            a.energy_ev = usual_energy(lib, s, n);
        if (a.substances || first)
            insert_advice(v, a);
        first = false;
    }
}

nps_status nps_find_context(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_verdict *v, nps_err *err)
{
    for (size_t i = 0; i < v->n_classes && v->n_covered < NPS_COVERED_CLASSES; i++)
        v->covered[v->n_covered++] = cover(lib, v->classes[i].class_name, q->technique);
    cover_mass(lib, q, o, v);
    NPS_AUTO_MEM(uint32_t *) asked = NULL;
    size_t n = 0;
    nps_status st = list_in_question(v, &asked, &n, err);
    if (st == NPS_OK)
        advise(lib, q->technique, asked, n, v);
    return st;
}
