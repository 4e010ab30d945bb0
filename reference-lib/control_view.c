#include "reference-lib/control_view.h"

#include "core/day.h"

#include <stdio.h>
#include <string.h>

static const struct {
    unsigned bit;
    const char *name;
} filters[] = {{NPS_CONTROL_SHOW_CONTROLLED, "controlled"},
               {NPS_CONTROL_SHOW_PRECURSOR, "precursor"},
               {NPS_CONTROL_SHOW_CLASS_RULE, "class-rule"},
               {NPS_CONTROL_SHOW_SURVEILLANCE, "surveillance"},
               {NPS_CONTROL_SHOW_NO_LEGITIMATE_USE, "no-legitimate-use"},
               {NPS_CONTROL_SHOW_NONE, "none"}};
enum { N_FILTER = sizeof filters / sizeof *filters };

bool nps_control_filter_parse(nps_span words, unsigned *ret_filter)
{
    unsigned filter = 0;
    for (nps_span word; nps_span_token(&words, ", ", &word);) {
        size_t i = 0;
        while (i < N_FILTER && (word.n != strlen(filters[i].name) || memcmp(word.p, filters[i].name, word.n) != 0))
            i++;
        if (i == N_FILTER)
            return false;
        filter |= filters[i].bit;
    }
    *ret_filter = filter;
    return true;
}

const char *nps_control_filter_name(unsigned bit)
{
    for (size_t i = 0; i < N_FILTER; i++)
        if (filters[i].bit == bit)
            return filters[i].name;
    return "";
}

nps_status nps_control_view_init(const nps_control *tables, const char *day, const char *today, bool sees_restricted,
                                 unsigned filter, nps_control_view *ret_view, nps_err *err)
{
    nps_control_view v = {.tables = tables, .sees_restricted = sees_restricted, .filter = filter};
    day = day && *day ? day : today;
    if (!nps_day_parse(nps_span_of(day), &v.day_number) || !nps_day_parse(nps_span_of(today), &v.today_number))
        return nps_fail(err, NPS_E_RANGE, "'%s' is no day like 2026-11-23", nps_quote(day, strlen(day)).s);
    snprintf(v.day, sizeof v.day, "%.10s", day);
    snprintf(v.today, sizeof v.today, "%.10s", today);
    *ret_view = v;
    return NPS_OK;
}

void nps_control_attach(const nps_control_view *view, nps_sample_verdict *v)
{
    v->control = view;
    for (size_t i = 0; i < v->n_spectra; i++)
        v->spectra[i]->control = view;
}

uint32_t nps_control_class_of(const nps_sample_verdict *v)
{
    const nps_class *best = NULL;
    for (size_t i = 0; i < v->n_spectra; i++)
        if (v->spectra[i]->n_classes && (!best || v->spectra[i]->classes[0].p > best->p))
            best = &v->spectra[i]->classes[0];
    return best ? best->class_name : 0;
}

static void add_rows(const nps_control_view *view, nps_control_rows rows, nps_control_shown *shown)
{
    for (size_t i = 0; i < rows.n; i++) {
        if (nps_control_is_restricted(rows.row[i]) && !view->sees_restricted)
            continue;
        if (shown->n < NPS_CONTROL_SHOWN_MAX)
            shown->row[shown->n++] = rows.row[i];
        else
            shown->left_out++;
    }
}

void nps_control_of_substance(const nps_control_view *view, const nps_library *lib, uint32_t substance,
                              nps_control_shown *ret_shown)
{
    ret_shown->n = ret_shown->left_out = 0;
    const char *key = nps_library_text(lib, lib->sub_inchikey[substance]);
    const char *class_name = nps_library_text(lib, lib->sub_class[substance]);
    add_rows(view, nps_control_of_key(view->tables, nps_span_of(key)), ret_shown);
    add_rows(view, nps_control_of_class(view->tables, nps_span_of(class_name)), ret_shown);
}

/* The filter that a row answers to on the view's day; 0: none. */
static unsigned filter_of(const nps_control_view *view, const nps_control_row *r)
{
    static const unsigned bit[NPS_CONTROL_LISTS] = {
        [NPS_CONTROL_1961] = NPS_CONTROL_SHOW_CONTROLLED,
        [NPS_CONTROL_1971] = NPS_CONTROL_SHOW_CONTROLLED,
        [NPS_CONTROL_1988] = NPS_CONTROL_SHOW_PRECURSOR,
        [NPS_CONTROL_NO_LEGITIMATE_USE] = NPS_CONTROL_SHOW_NO_LEGITIMATE_USE,
        [NPS_CONTROL_SURVEILLANCE] = NPS_CONTROL_SHOW_SURVEILLANCE,
        [NPS_CONTROL_CLASS_RULE] = NPS_CONTROL_SHOW_CLASS_RULE,
    };
    nps_control_status st = nps_control_status_on(r, view->day_number);
    return st == NPS_CONTROL_IN_FORCE || st == NPS_CONTROL_UNCLEAR ? bit[r->list] : 0;
}

bool nps_control_passes(const nps_control_view *view, const nps_library *lib, uint32_t substance)
{
    nps_control_shown shown;
    unsigned found = 0;
    if (!view || !view->filter)
        return true;
    nps_control_of_substance(view, lib, substance, &shown);
    for (size_t i = 0; i < shown.n; i++)
        found |= filter_of(view, shown.row[i]);
    return (found ? found : NPS_CONTROL_SHOW_NONE) & view->filter;
}

/* Whether a row says by itself what its substance is under on the day. */
static bool decides(const nps_control_view *view, const nps_control_row *r)
{
    return r->list != NPS_CONTROL_CLASS_RULE && filter_of(view, r);
}

void nps_control_signature(const nps_control_view *view, const nps_library *lib, uint32_t substance,
                           char ret_text[static NPS_CONTROL_SIGNATURE])
{
    nps_control_shown shown;
    size_t n = 0;
    *ret_text = '\0';
    nps_control_of_substance(view, lib, substance, &shown);
    for (size_t i = 0; i < shown.n; i++) {
        const nps_control_row *r = shown.row[i];
        char one[64];
        if (!decides(view, r))
            continue;
        bool sure = nps_control_status_on(r, view->day_number) == NPS_CONTROL_IN_FORCE;
        snprintf(one, sizeof one, "%s %s%s;", nps_control_list_name(r->list), r->schedule, sure ? "" : "?");
        /* Stereoisomers that are under the same say nothing new. */
        if (!strstr(ret_text, one) && n + strlen(one) < NPS_CONTROL_SIGNATURE)
            n += (size_t)snprintf(ret_text + n, NPS_CONTROL_SIGNATURE - n, "%s", one);
    }
}

bool nps_control_stereo_differs(const nps_control_view *view, const nps_library *lib, uint32_t substance)
{
    nps_control_shown shown;
    nps_control_of_substance(view, lib, substance, &shown);
    for (size_t i = 0; i < shown.n; i++)
        for (size_t k = 0; k < i; k++) {
            const nps_control_row *a = shown.row[i], *b = shown.row[k];
            /* The conventions' own names; other lists may call the same substance otherwise. */
            if (a->list > NPS_CONTROL_1988 || b->list > NPS_CONTROL_1988)
                continue;
            if (decides(view, a) && decides(view, b) && strcmp(a->name, b->name) != 0 &&
                (a->list != b->list || strcmp(a->schedule, b->schedule) != 0))
                return true;
        }
    return false;
}

bool nps_control_set_differs(const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n)
{
    char first[NPS_CONTROL_SIGNATURE], other[NPS_CONTROL_SIGNATURE];
    if (n)
        nps_control_signature(view, lib, set[0].substance, first);
    for (size_t i = 0; i < n; i++) {
        nps_control_signature(view, lib, set[i].substance, other);
        if (strcmp(first, other) != 0 || nps_control_stereo_differs(view, lib, set[i].substance))
            return true;
    }
    return false;
}
