#include "spectra/mzspeclib_fields.h"

#include "core/buf.h"

#include <string.h>

typedef nps_mzspeclib_attribute attribute;

typedef struct {
    nps_mzspeclib_library *lib;
    nps_mzspeclib_said *said;
    nps_spectrum *s;
    size_t max_line;
    const attribute *precursor; /* the best one */
    bool fragments;             /* of a gentle ionisation, or made by collisions */
} fields;

/* The attribute behind a[i] in its group, when it has this role. */
static const attribute *partner(const attribute *a, size_t n, size_t i, nps_mzspeclib_role role)
{
    bool there = i + 1 < n && a[i].group && a[i + 1].group == a[i].group && a[i + 1].section == a[i].section &&
                 a[i + 1].number == a[i].number && a[i + 1].term->role == role;
    return there ? &a[i + 1] : NULL;
}

static bool follows_its_value(const attribute *a, size_t i)
{
    nps_mzspeclib_role role = a[i].term->role;
    return i && (role != NPS_MZSPECLIB_FREE_VALUE || a[i - 1].term->role == NPS_MZSPECLIB_FREE_NAME) &&
           a[i - 1].term->role != NPS_MZSPECLIB_UNIT && partner(a, i + 1, i - 1, role);
}

static nps_status add_meta(fields *c, const attribute *a, const attribute *opt_unit, nps_err *err)
{
    nps_span value = nps_mzspeclib_value_name(a->value);
    nps_span unit = opt_unit ? nps_mzspeclib_value_name(opt_unit->value) : NPS_SPAN("");
    NPS_AUTO_BUF key = NPS_BUF_INIT(c->max_line + 64), text = NPS_BUF_INIT(2 * c->max_line + 64);
    if (nps_text_says_nothing(value))
        return NPS_OK;
    if (a->section == NPS_MZSPECLIB_ANALYTE && a->number > 1)
        nps_buf_printf(&key, "analyte %zu: ", a->number);
    if (a->section == NPS_MZSPECLIB_INTERPRETATION || a->section == NPS_MZSPECLIB_MEMBER)
        nps_buf_printf(&key, "interpretation %zu: ", a->number);
    nps_buf_add(&key, a->name.p, a->name.n);
    nps_buf_add(&text, value.p, value.n);
    if (unit.n) {
        nps_buf_putc(&text, ' ');
        nps_buf_add(&text, unit.p, unit.n);
    }
    nps_status st = nps_buf_check(&key, err);
    if (st == NPS_OK)
        st = nps_buf_check(&text, err);
    return st == NPS_OK
               ? nps_spectrum_add_meta(c->s, (nps_span){key.data, key.len}, (nps_span){text.data, text.len}, err)
               : st;
}

static bool in_range(nps_span value, double low, double high, double *ret_v)
{
    double v;
    if (!nps_span_double(value, &v) || v < low || v > high)
        return false;
    *ret_v = v;
    return true;
}

static bool take_retention_time(fields *c, const attribute *a, const attribute *opt_unit)
{
    double v, factor = 0;
    if (opt_unit && nps_mzspeclib_value_is(opt_unit->value, "UO:0000010"))
        factor = 1;
    if (opt_unit && nps_mzspeclib_value_is(opt_unit->value, "UO:0000031"))
        factor = 60;
    if (c->s->retention_time_s > 0 || !(factor > 0) || !in_range(a->value, 1e-6, 1e6 / 60, &v))
        return false;
    c->s->retention_time_s = v * factor;
    return true;
}

static bool take_polarity(fields *c, const attribute *a)
{
    int sign = nps_mzspeclib_value_is(a->value, "MS:1000130")   ? 1
               : nps_mzspeclib_value_is(a->value, "MS:1000129") ? -1
                                                                : 0;
    if (!sign || c->s->polarity)
        return false;
    c->s->polarity = sign;
    return true;
}

/* "39.0 eV", "30 % (normalized)". */
static nps_status take_energy(fields *c, const attribute *a, const attribute *opt_unit, nps_err *err)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(2 * c->max_line + 64);
    nps_span unit = opt_unit ? nps_mzspeclib_value_name(opt_unit->value) : NPS_SPAN("");
    if (nps_text_says_nothing(a->value))
        return NPS_OK;
    if (opt_unit && nps_mzspeclib_value_is(opt_unit->value, "UO:0000266"))
        unit = NPS_SPAN("eV");
    if (opt_unit && nps_mzspeclib_value_is(opt_unit->value, "UO:0000187"))
        unit = NPS_SPAN("%");
    nps_buf_add(&text, a->value.p, a->value.n);
    if (unit.n)
        nps_buf_putc(&text, ' ');
    nps_buf_add(&text, unit.p, unit.n);
    if (a->term->role == NPS_MZSPECLIB_NORMALIZED_ENERGY)
        nps_buf_puts(&text, " (normalized)");
    nps_status st = nps_buf_check(&text, err);
    return st == NPS_OK ? nps_spectrum_set_text(c->s, NPS_TEXT_ENERGY, a->name, (nps_span){text.data, text.len}, err)
                        : st;
}

static nps_status take_ionization(fields *c, const attribute *a, nps_err *err)
{
    static const struct {
        const char *accession, *name;
    } known[] = {{"MS:1000389", "EI"}, {"MS:1000073", "ESI"}, {"MS:1000070", "APCI"}, {"MS:1000071", "CI"}};
    nps_span name = nps_mzspeclib_value_name(a->value);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (nps_mzspeclib_value_is(a->value, known[i].accession))
            name = nps_span_of(known[i].name);
    bool electrons = nps_span_is(name, "EI") || nps_span_starts(name, "electron ");
    c->fragments = c->fragments || (!electrons && !nps_text_says_nothing(name));
    return nps_spectrum_set_text(c->s, NPS_TEXT_IONIZATION, a->name, name, err);
}

static bool take_count(fields *c, const attribute *a)
{
    if (c->said->has_count || !nps_span_u64(a->value, &c->said->count))
        return false;
    c->said->has_count = true;
    return true;
}

static nps_status take_free_pair(fields *c, const attribute *name, const attribute *opt_value, nps_err *err)
{
    if (!opt_value || (name->section == NPS_MZSPECLIB_ANALYTE && name->number > 1))
        return add_meta(c, opt_value ? opt_value : name, NULL, err);
    return nps_text_says_nothing(opt_value->value) ? NPS_OK
                                                   : nps_spectrum_take_pair(c->s, name->value, opt_value->value, err);
}

/* Attribute i of n: own ones, or those of a set. */
static nps_status apply(fields *c, const attribute *list, size_t n, size_t i, nps_err *err)
{
    const attribute *a = &list[i], *unit = partner(list, n, i, NPS_MZSPECLIB_UNIT);
    bool first = a->section == NPS_MZSPECLIB_SPECTRUM || a->section == NPS_MZSPECLIB_LIBRARY ||
                 (a->section == NPS_MZSPECLIB_ANALYTE && a->number == 1);
    nps_mzspeclib_role role = a->term->role;
    if ((role == NPS_MZSPECLIB_UNIT || role == NPS_MZSPECLIB_FREE_VALUE) && follows_its_value(list, i))
        return NPS_OK;
    uint64_t level;
    bool taken = false;
    switch (first ? role : NPS_MZSPECLIB_OTHER) {
    case NPS_MZSPECLIB_TEXT:
        return nps_spectrum_set_text(c->s, (nps_text_field)a->term->field, a->name, nps_mzspeclib_value_name(a->value),
                                     err);
    case NPS_MZSPECLIB_ENERGY:
    case NPS_MZSPECLIB_NORMALIZED_ENERGY: return take_energy(c, a, unit, err);
    case NPS_MZSPECLIB_IONIZATION: return take_ionization(c, a, err);
    case NPS_MZSPECLIB_FREE_NAME: return take_free_pair(c, a, partner(list, n, i, NPS_MZSPECLIB_FREE_VALUE), err);
    case NPS_MZSPECLIB_PRECURSOR: taken = a == c->precursor; break;
    case NPS_MZSPECLIB_RT: taken = take_retention_time(c, a, unit); break;
    case NPS_MZSPECLIB_EXACT_MASS:
        taken = !(c->s->exact_mass > 0) && in_range(a->value, 1e-3, 1e6, &c->s->exact_mass);
        break;
    case NPS_MZSPECLIB_POLARITY: taken = take_polarity(c, a); break;
    case NPS_MZSPECLIB_PEAK_COUNT: taken = take_count(c, a); break;
    case NPS_MZSPECLIB_SET_NAME: taken = true; break;
    case NPS_MZSPECLIB_LEVEL: c->fragments = c->fragments || (nps_span_u64(a->value, &level) && level > 1); break;
    case NPS_MZSPECLIB_DISSOCIATION: c->fragments = true; break;
    case NPS_MZSPECLIB_CHARGE:
    case NPS_MZSPECLIB_FREE_VALUE:
    case NPS_MZSPECLIB_UNIT:
    case NPS_MZSPECLIB_OTHER: break;
    }
    return taken ? NPS_OK : add_meta(c, a, unit, err);
}

static bool is_for_all(const nps_mzspeclib_set *set)
{
    return nps_span_is(set->name, "all");
}

/* The sections of a set must be in the record. */
static bool applies(const fields *c, const nps_mzspeclib_set *set)
{
    bool there = set->section == NPS_MZSPECLIB_SPECTRUM ||
                 (set->section == NPS_MZSPECLIB_ANALYTE && c->said->n_analyte) ||
                 (set->section == NPS_MZSPECLIB_INTERPRETATION && c->said->n_interpretation);
    return there && (set->claimed || is_for_all(set));
}

static bool same(nps_span a, nps_span b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static bool says(const attribute *list, size_t n, const attribute *a)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].section == a->section && list[i].number == a->number && same(list[i].accession, a->accession))
            return true;
    return false;
}

/* Whether the record, or a set that it claims, says what the attribute of this set says. */
static bool is_said_nearer(const fields *c, const nps_mzspeclib_set *set, const attribute *a)
{
    const nps_mzspeclib_library *lib = c->lib;
    if (a->term->role == NPS_MZSPECLIB_FREE_NAME || a->term->role == NPS_MZSPECLIB_FREE_VALUE)
        return false;
    if (says(lib->own, lib->n_own, a))
        return true;
    for (size_t k = 1; k < lib->n_set && is_for_all(set); k++)
        if (lib->set[k].claimed && !is_for_all(&lib->set[k]) &&
            says(lib->set_attribute + lib->set[k].first, lib->set[k].n, a))
            return true;
    return false;
}

static nps_status apply_set(fields *c, const nps_mzspeclib_set *set, nps_err *err)
{
    const attribute *list = c->lib->set_attribute + set->first;
    nps_status st = NPS_OK;
    for (size_t i = 0; i < set->n && st == NPS_OK; i++)
        if (!is_said_nearer(c, set, &list[i]))
            st = apply(c, list, set->n, i, err);
    return st;
}

/* Of the library as a whole only what a user of one spectrum needs. */
static nps_status apply_library(fields *c, nps_err *err)
{
    static const char *const needed[] = {"MS:1003188", "MS:1003187", "MS:1003197", "MS:1000590", "MS:1000586"};
    const nps_mzspeclib_set *set = &c->lib->set[0];
    nps_status st = NPS_OK;
    for (size_t k = 0; k < sizeof needed / sizeof *needed; k++)
        for (size_t i = 0; i < set->n && st == NPS_OK; i++)
            if (nps_span_is(c->lib->set_attribute[set->first + i].accession, needed[k]))
                st = apply(c, c->lib->set_attribute + set->first, set->n, i, err);
    return st;
}

static void claim_sets(nps_mzspeclib_library *lib)
{
    for (size_t k = 0; k < lib->n_set; k++)
        lib->set[k].claimed = false;
    for (size_t i = 0; i < lib->n_own; i++)
        for (size_t k = 1; k < lib->n_set && lib->own[i].term->role == NPS_MZSPECLIB_SET_NAME; k++)
            if (lib->set[k].section == lib->own[i].section && same(lib->set[k].name, lib->own[i].value))
                lib->set[k].claimed = true;
}

static void choose_precursor(fields *c, const attribute *list, size_t n)
{
    double mz;
    for (size_t i = 0; i < n; i++) {
        const attribute *a = &list[i];
        bool first = a->section == NPS_MZSPECLIB_SPECTRUM || (a->section == NPS_MZSPECLIB_ANALYTE && a->number == 1);
        if (!first || a->term->role != NPS_MZSPECLIB_PRECURSOR || !in_range(a->value, 1e-3, 1e6, &mz) ||
            (c->precursor && c->precursor->term->field <= a->term->field))
            continue;
        c->precursor = a;
        c->s->precursor_mz = mz;
    }
}

static nps_status apply_all(fields *c, nps_err *err)
{
    nps_mzspeclib_library *lib = c->lib;
    claim_sets(lib);
    choose_precursor(c, lib->own, lib->n_own);
    nps_status st = NPS_OK;
    for (size_t i = 0; i < lib->n_own && st == NPS_OK; i++)
        st = apply(c, lib->own, lib->n_own, i, err);
    for (int all = 0; all < 2; all++)
        for (size_t k = 1; k < lib->n_set && st == NPS_OK; k++)
            if (applies(c, &lib->set[k]) && is_for_all(&lib->set[k]) == (all == 1))
                st = apply_set(c, &lib->set[k], err);
    return st == NPS_OK ? apply_library(c, err) : st;
}

nps_status nps_mzspeclib_apply(nps_mzspeclib_library *lib, nps_mzspeclib_said *said, size_t max_line, nps_spectrum *s,
                               nps_err *err)
{
    fields c = {.lib = lib, .said = said, .s = s, .max_line = max_line};
    nps_status st = apply_all(&c, err);
    if (st == NPS_OK && c.fragments && s->technique == NPS_TECH_UNKNOWN)
        s->technique = NPS_TECH_MSMS;
    return st;
}
