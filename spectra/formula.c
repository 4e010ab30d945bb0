#include "spectra/formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define M_H 1.00782503190
#define M_C 12.0
#define M_N 14.00307400425
#define M_O 15.99491461926
#define M_F 18.99840316207
#define M_S 31.97207117354
#define M_CL 34.968852694
#define M_BR 78.9183376
#define M_I 126.9044719
#define M_SI 27.97692653442
#define M_D 2.01410177785

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
    {"+C3H4", "-C3H4", 3 * M_C + 4 * M_H},
    {"+C4H6", "-C4H6", 4 * M_C + 6 * M_H},
    {"+C5H8", "-C5H8", 5 * M_C + 8 * M_H},
    {"+C8H8", "-C8H8", 8 * M_C + 8 * M_H},
    {"+C3H8Si", "-C3H8Si", 3 * M_C + 8 * M_H + M_SI},           /* trimethylsilyl for H */
    {"+C2F3O -H", "+H -C2F3O", 2 * M_C + 3 * M_F + M_O - M_H},  /* trifluoroacetyl for H */
    {"+C3F5O -H", "+H -C3F5O", 3 * M_C + 5 * M_F + M_O - M_H},  /* pentafluoropropionyl for H */
    {"+C4F7O -H", "+H -C4F7O", 4 * M_C + 7 * M_F + M_O - M_H},  /* heptafluorobutyryl for H */
    {"+D3 -H3", "+H3 -D3", 3 * (M_D - M_H)},
    {"+D5 -H5", "+H5 -D5", 5 * (M_D - M_H)},
};
enum { N_CHANGE = sizeof changes / sizeof *changes };

/* Atoms that the table deals in. */
enum { A_C, A_H, A_N, A_O, A_F, A_S, A_CL, A_BR, A_I, A_SI, A_D, N_ATOM };
typedef struct {
    int n[N_ATOM];
} atoms;

static int atom_of(const char *p, size_t letters)
{
    static const char names[N_ATOM][3] = {"C", "H", "N", "O", "F", "S", "Cl", "Br", "I", "Si", "D"};
    for (int a = 0; a < N_ATOM; a++)
        if (strlen(names[a]) == letters && strncmp(p, names[a], letters) == 0)
            return a;
    return -1;
}

/* Adds the atoms of a formula that ends at a blank, a comma or the terminator; brackets and charges are passed over. */
static bool count_atoms(const char *p, atoms *sum)
{
    bool any = false;
    while (*p && *p != ' ' && *p != ',') {
        if (*p < 'A' || *p > 'Z') {
            p++;
            continue;
        }
        size_t letters = p[1] >= 'a' && p[1] <= 'z' ? 2 : 1;
        int atom = atom_of(p, letters), count = 0;
        for (p += letters; *p >= '0' && *p <= '9'; p++)
            if (count < 10000)
                count = count * 10 + (*p - '0');
        if (atom >= 0)
            sum->n[atom] += sum->n[atom] < 1000000 ? (count ? count : 1) : 0;
        any = true;
    }
    return any;
}

/* Whether the reference has what a change takes away: the parts behind '-'. */
static bool can_lose(const char *reference, const char *first, const char *second)
{
    atoms have = {{0}}, lost = {{0}};
    if (!reference || !count_atoms(reference, &have))
        return true;
    for (int k = 0; k < 2; k++)
        for (const char *p = k ? second : first; (p = strchr(p, '-')); p++)
            count_atoms(p + 1, &lost);
    for (int a = 0; a < N_ATOM; a++)
        if (lost.n[a] > have.n[a])
            return false;
    return true;
}

static const char *wording(size_t i, bool down)
{
    return down ? changes[i].down : changes[i].up;
}

/* The list so far, by rank. */
typedef struct {
    nps_formula_change *change;
    size_t rank[NPS_FORMULA_LIST];
    size_t n;
} ranked;

static void strike(ranked *list, size_t at)
{
    list->n--;
    for (size_t i = at; i < list->n; i++) {
        list->change[i] = list->change[i + 1];
        list->rank[i] = list->rank[i + 1];
    }
}

/* Keeps the smallest ranks; of equal ones the first. Changes of the same atoms in sum (+C2H4 -CH2 is +CH2) count once. */
static void offer(ranked *list, size_t rank, const char *first, const char *second, double mass)
{
    for (size_t i = 0; i < list->n; i++)
        if (fabs(list->change[i].mass - mass) < 1e-7) {
            if (list->rank[i] <= rank)
                return;
            strike(list, i);
            break;
        }
    size_t at = list->n;
    while (at > 0 && rank < list->rank[at - 1])
        at--;
    if (at == NPS_FORMULA_LIST)
        return;
    if (list->n < NPS_FORMULA_LIST)
        list->n++;
    for (size_t i = list->n - 1; i > at; i--) {
        list->change[i] = list->change[i - 1];
        list->rank[i] = list->rank[i - 1];
    }
    list->rank[at] = rank;
    list->change[at].mass = mass;
    snprintf(list->change[at].text, NPS_FORMULA_MAX, "%s%s%s", first, *second ? ", " : "", second);
}

void nps_formula_changes(double delta_da, double tol_da, const char *reference,
                         nps_formula_change ret[static NPS_FORMULA_LIST], size_t *ret_n)
{
    ranked list = {.change = ret};
    *ret_n = 0;
    if (fabs(delta_da) <= tol_da)
        return; /* no change; otherwise every pair of a change and its opposite would fit */
    for (size_t i = 0; i < N_CHANGE; i++)
        for (int down = 0; down < 2; down++) {
            double mass = down ? -changes[i].mass : changes[i].mass;
            if (fabs(mass - delta_da) <= tol_da && can_lose(reference, wording(i, down), ""))
                offer(&list, i, wording(i, down), "", mass);
        }
    /* Two changes together: the pair of smallest rank sum, so that common ones come first. */
    for (size_t i = 0; i < N_CHANGE; i++)
        for (size_t j = i; j < N_CHANGE; j++)
            for (int signs = 0; signs < 4; signs++) {
                bool down_a = signs & 1, down_b = signs & 2;
                double mass = (down_a ? -changes[i].mass : changes[i].mass) + (down_b ? -changes[j].mass : changes[j].mass);
                if (fabs(mass - delta_da) <= tol_da && can_lose(reference, wording(i, down_a), wording(j, down_b)))
                    offer(&list, N_CHANGE + i + j, wording(i, down_a), wording(j, down_b), mass);
            }
    *ret_n = list.n;
}
