#include "service/control_text.h"

#include <string.h>

const char nps_control_no_advice[] = "This is a look-up in tables and no legal advice.";

static const char confirm[] = "to be confirmed";

static bool is_convention(const nps_control_row *r)
{
    return r->list == NPS_CONTROL_1961 || r->list == NPS_CONTROL_1971 || r->list == NPS_CONTROL_1988;
}

const char *nps_control_status_name(const nps_control_row *r, uint32_t day)
{
    switch (nps_control_status_on(r, day)) {
    case NPS_CONTROL_NOT_YET: return "not-yet";
    case NPS_CONTROL_UNCLEAR: return "unclear";
    case NPS_CONTROL_ENDED: return "ended";
    case NPS_CONTROL_IN_FORCE: return is_convention(r) ? "controlled" : r->list == NPS_CONTROL_CLASS_RULE ? "in-force" : "listed";
    case NPS_CONTROL_NOT_LISTED: break;
    }
    return "not-listed";
}

/* --- one row --------------------------------------------------------------------------------------------------------------- */

void nps_control_put_list(nps_buf *b, const nps_control_row *r)
{
    switch (r->list) {
    case NPS_CONTROL_1961: nps_buf_printf(b, "Single Convention of 1961, Schedule %s", r->schedule); break;
    case NPS_CONTROL_1971: nps_buf_printf(b, "Convention of 1971, Schedule %s", r->schedule); break;
    case NPS_CONTROL_1988: nps_buf_printf(b, "precursor, Convention of 1988, %s", r->schedule); break;
    case NPS_CONTROL_NO_LEGITIMATE_USE: nps_buf_puts(b, "list of substances with no known legitimate use"); break;
    case NPS_CONTROL_SURVEILLANCE: nps_buf_puts(b, "surveillance list"); break;
    case NPS_CONTROL_LOOKED_UP: nps_buf_puts(b, "looked up"); break;
    case NPS_CONTROL_CLASS_RULE:
        nps_buf_printf(b, "class rule of %s: %s (%s)", r->country, r->clause, r->name);
        break;
    }
}

static void put_date(nps_buf *b, const char *word, const nps_control_date *d)
{
    const char *slash = strchr(d->text, '/');
    if (!*d->text)
        nps_buf_printf(b, ", %s a day that is not known", word);
    else if (!slash)
        nps_buf_printf(b, ", %s %s", word, d->text);
    else if (!d->first)
        nps_buf_printf(b, ", %s %s or earlier", word, slash + 1);
    else
        nps_buf_printf(b, ", %s some day from %.*s to %s", word, (int)(slash - d->text), d->text, slash + 1);
}

static void put_status(nps_buf *b, const char *day, uint32_t day_number, const nps_control_row *r)
{
    bool rule = r->list == NPS_CONTROL_CLASS_RULE;
    const char *on = is_convention(r) ? "controlled" : rule ? "in force" : "listed";
    switch (nps_control_status_on(r, day_number)) {
    case NPS_CONTROL_NOT_LISTED: return;
    case NPS_CONTROL_NOT_YET: nps_buf_printf(b, ": not yet %s on %s", on, day); break;
    case NPS_CONTROL_UNCLEAR: nps_buf_printf(b, ": unclear whether %s on %s, as the table does not know the day", on, day); break;
    case NPS_CONTROL_IN_FORCE: nps_buf_printf(b, ": %s on %s", on, day); break;
    case NPS_CONTROL_ENDED: nps_buf_printf(b, ": ended before %s", day); break;
    }
    if (rule)
        nps_buf_puts(b, "; it speaks of the class, and its wording decides whether a substance falls under it");
}

static void put_layer(nps_buf *b, const nps_control_row *r, const char *inchikey)
{
    if (!*inchikey || !*r->inchikey)
        return;
    switch (nps_control_compare_layer(r, nps_span_of(inchikey))) {
    case NPS_LAYER_SAME: break;
    case NPS_LAYER_ROW_OPEN: nps_buf_puts(b, "; listed without stereochemistry"); break;
    case NPS_LAYER_SUBSTANCE_OPEN: nps_buf_puts(b, "; listed as one stereoisomer or isotopologue, which the library does not name"); break;
    case NPS_LAYER_OTHER: nps_buf_puts(b, "; listed as another stereoisomer or isotopologue"); break;
    }
}

static void put_seen(nps_buf *b, const nps_control_row *r)
{
    if (nps_control_is_verified(r))
        return;
    if (r->seen == NPS_SEEN_RECOMMENDATION)
        nps_buf_printf(b, "; a recommendation was seen, its adoption is %s", confirm);
    else if (r->seen == NPS_SEEN_PRESS)
        nps_buf_printf(b, "; a press report was seen, the text is %s", confirm);
    else
        nps_buf_printf(b, "; %s", confirm);
}

void nps_control_put_row(nps_buf *b, const char *day, uint32_t day_number, const nps_control_row *r, const char *inchikey)
{
    nps_control_put_list(b, r);
    if (r->list != NPS_CONTROL_CLASS_RULE)
        nps_buf_printf(b, ", as %s", r->name);
    if (r->list != NPS_CONTROL_LOOKED_UP)
        put_date(b, "since", &r->since);
    if (*r->until.text)
        put_date(b, "until", &r->until);
    put_status(b, day, day_number, r);
    if (*r->note)
        nps_buf_printf(b, "; %s", r->note);
    put_layer(b, r, inchikey);
    put_seen(b, r);
}

/* --- one substance --------------------------------------------------------------------------------------------------------- */

/* "1971, II, unclear on 2013-05-01, to be confirmed"; false for a row that has nothing to say here. */
static bool put_brief(nps_buf *b, const nps_control_view *view, const nps_control_row *r, const char *before)
{
    nps_control_status st = nps_control_status_on(r, view->day_number);
    if (r->list == NPS_CONTROL_CLASS_RULE || st == NPS_CONTROL_ENDED)
        return false;
    nps_buf_puts(b, before);
    if (r->list == NPS_CONTROL_LOOKED_UP)
        nps_buf_puts(b, "in none of the lists");
    else
        nps_buf_printf(b, "%s%s%s", nps_control_list_name(r->list), *r->schedule ? ", " : "", r->schedule);
    if (st == NPS_CONTROL_UNCLEAR || st == NPS_CONTROL_NOT_YET)
        nps_buf_printf(b, ", %s on %s", st == NPS_CONTROL_UNCLEAR ? "unclear" : "not yet", view->day);
    if (!nps_control_is_verified(r))
        nps_buf_printf(b, ", %s", confirm);
    return true;
}

static bool is_hidden(const nps_control_view *view, const nps_control_row *r)
{
    return nps_control_is_restricted(r) && !view->sees_restricted;
}

/* A row without InChIKey may mean this very substance: nothing is joined, but nothing is kept silent. */
static void put_nothing(nps_buf *b, const nps_control_view *view, const char *formula)
{
    nps_control_rows rows = nps_control_of_formula(view->tables, nps_span_of(formula));
    size_t keyless = 0;
    for (size_t i = 0; i < rows.n; i++)
        keyless += !*rows.row[i]->inchikey && !is_hidden(view, rows.row[i]);
    nps_buf_puts(b, "not in these tables");
    if (keyless)
        nps_buf_puts(b, " by structure, but its formula is, in a row that has no InChIKey");
}

void nps_control_put_short(nps_buf *b, const nps_control_view *view, const nps_library *lib, uint32_t substance)
{
    nps_control_shown shown;
    NPS_AUTO_BUF said = NPS_BUF_INIT((size_t)1 << 16);
    size_t n = 0;
    nps_control_of_substance(view, lib, substance, &shown);
    for (size_t i = 0; i < shown.n; i++) {
        NPS_AUTO_BUF one = NPS_BUF_INIT((size_t)1 << 12);
        if (!put_brief(&one, view, shown.row[i], "") || (said.data && one.data && strstr(said.data, one.data)))
            continue;
        nps_buf_printf(&said, "%s%s", n++ ? "; " : "", one.data ? one.data : "");
        nps_buf_fail_with(&said, &one);
    }
    nps_buf_fail_with(b, &said);
    if (n)
        nps_buf_puts(b, said.data ? said.data : "");
    else
        put_nothing(b, view, nps_library_text(lib, lib->sub_formula[substance]));
}

/* Class rules that are in force or may be, one a country; with `clauses` each with its clause. Returns how many. */
static size_t put_rules(nps_buf *b, const nps_control_view *view, const nps_control_row *const *row, size_t n, bool clauses)
{
    size_t told = 0;
    for (size_t i = 0; i < n; i++) {
        const nps_control_row *r = row[i];
        nps_control_status st = nps_control_status_on(r, view->day_number);
        if (r->list != NPS_CONTROL_CLASS_RULE || (st != NPS_CONTROL_IN_FORCE && st != NPS_CONTROL_UNCLEAR))
            continue;
        nps_buf_printf(b, "%s%s", told++ ? ", " : "", r->country);
        if (clauses)
            nps_buf_printf(b, " (%s%s%s%s)", r->clause, st == NPS_CONTROL_UNCLEAR ? ", unclear on " : "",
                           st == NPS_CONTROL_UNCLEAR ? view->day : "", nps_control_is_verified(r) ? "" : ", to be confirmed");
        else
            nps_buf_puts(b, nps_control_is_verified(r) ? "" : " (to be confirmed)");
    }
    return told;
}

void nps_control_put_cell(nps_buf *b, const nps_control_view *view, const nps_library *lib, uint32_t substance)
{
    nps_control_shown shown;
    NPS_AUTO_BUF rules = NPS_BUF_INIT((size_t)1 << 16);
    nps_control_put_short(b, view, lib, substance);
    nps_control_of_substance(view, lib, substance, &shown);
    size_t n = put_rules(&rules, view, shown.row, shown.n, false);
    nps_buf_fail_with(b, &rules);
    if (n)
        nps_buf_printf(b, "; class rule%s: %s", n == 1 ? "" : "s", rules.data ? rules.data : "");
}

/* --- a verdict ------------------------------------------------------------------------------------------------------------- */

enum { GROUPS = 8, NAMES = 4, GROUPED_MAX = 256 /* members that are put into groups */ };

static const char *name_of(const nps_library *lib, uint32_t substance)
{
    return nps_library_text(lib, lib->sub_name[substance]);
}

/* Members that are told alike: the first of each group, and how many it has. */
typedef struct {
    size_t first[GROUPS], size[GROUPS], n, beyond; /* members that fit no group any more */
    char words[GROUPS][NPS_CONTROL_SIGNATURE];
    size_t of[GROUPED_MAX]; /* group of member i; GROUPS: none */
} grouping;

static void group_members(const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n, grouping *g)
{
    *g = (grouping){0};
    for (size_t i = 0; i < n; i++) {
        char words[NPS_CONTROL_SIGNATURE];
        NPS_AUTO_BUF said = NPS_BUF_INIT((size_t)1 << 16);
        nps_control_put_short(&said, view, lib, set[i].substance);
        snprintf(words, sizeof words, "%s", said.data ? said.data : "");
        size_t k = 0;
        while (k < g->n && strcmp(g->words[k], words) != 0)
            k++;
        if (i >= GROUPED_MAX || k == GROUPS) {
            g->beyond++;
            if (i < GROUPED_MAX)
                g->of[i] = GROUPS;
            continue;
        }
        if (k == g->n) {
            memcpy(g->words[k], words, sizeof words);
            g->first[g->n++] = i;
        }
        g->size[k]++;
        g->of[i] = k;
    }
}

/* "metamfetamine and 3 more (1971, II, to be confirmed)" */
static void put_group(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, const grouping *g, size_t k)
{
    size_t told = 0;
    for (size_t i = g->first[k]; i < n && i < GROUPED_MAX && told < NAMES; i++)
        if (g->of[i] == k)
            nps_buf_printf(b, "%s%s", told++ ? ", " : "", name_of(lib, set[i].substance));
    if (g->size[k] > told)
        nps_buf_printf(b, " and %zu more", g->size[k] - told);
    nps_buf_printf(b, " (%s)", g->words[k]);
}

static void put_set(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n)
{
    grouping g;
    group_members(view, lib, set, n, &g);
    if (n == 1) {
        nps_buf_printf(b, "%s: %s.", name_of(lib, set[0].substance), g.words[0]);
        return;
    }
    nps_buf_puts(b, "The set holds ");
    for (size_t k = 0; k < g.n; k++) {
        nps_buf_puts(b, !k ? "" : k + 1 == g.n && !g.beyond ? " and " : ", ");
        put_group(b, lib, set, n, &g, k);
    }
    if (g.beyond)
        nps_buf_printf(b, " and %zu more", g.beyond);
    nps_buf_puts(b, nps_control_set_differs(view, lib, set, n) ? ": this measurement does not decide which." : ".");
}

/* Stereoisomers that are under different schedules, which joining by the skeleton cannot tell apart. */
static void put_stereo(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n)
{
    for (size_t i = 0; i < n && i < GROUPS; i++) {
        nps_control_shown shown;
        size_t told = 0;
        if (!nps_control_stereo_differs(view, lib, set[i].substance))
            continue;
        nps_control_of_substance(view, lib, set[i].substance, &shown);
        nps_buf_puts(b, " Stereoisomers of one skeleton are listed differently: ");
        for (size_t k = 0; k < shown.n; k++) {
            NPS_AUTO_BUF one = NPS_BUF_INIT((size_t)1 << 12);
            if (put_brief(&one, view, shown.row[k], "") && one.data)
                nps_buf_printf(b, "%s%s (%s)", told++ ? ", " : "", shown.row[k]->name, one.data);
        }
        nps_buf_puts(b, "; neither this measurement nor the tables' key tells them apart.");
    }
}

static bool in_set(const nps_library *lib, const nps_member *set, size_t n, const char *inchikey)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(nps_library_text(lib, lib->sub_inchikey[set[i].substance]), inchikey, 14) == 0)
            return true;
    return false;
}

/* Listed substances of this formula that are not in the set. */
static void put_isomers(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n,
                        const char *formula)
{
    nps_control_rows rows = nps_control_of_formula(view->tables, nps_span_of(formula));
    size_t told = 0, more = 0;
    for (size_t i = 0; i < rows.n; i++) {
        const nps_control_row *r = rows.row[i];
        NPS_AUTO_BUF one = NPS_BUF_INIT((size_t)1 << 12);
        if (is_hidden(view, r) || r->list == NPS_CONTROL_LOOKED_UP || (*r->inchikey && in_set(lib, set, n, r->inchikey)) ||
            !put_brief(&one, view, r, ""))
            continue;
        if (told == NAMES) {
            more++;
            continue;
        }
        if (!told++)
            nps_buf_printf(b, " Of the formula %s the tables also list ", formula);
        nps_buf_printf(b, "%s%s (%s)", told > 1 ? ", " : "", r->name, one.data ? one.data : "");
    }
    if (more)
        nps_buf_printf(b, " and %zu more", more);
    nps_buf_puts(b, told ? "." : "");
}

/* The formulae of the members, each once, in their order. */
static void put_all_isomers(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n)
{
    enum { FORMULAE = 3 };
    uint32_t formula[FORMULAE];
    size_t told = 0;
    for (size_t i = 0; i < n && told < FORMULAE; i++) {
        uint32_t f = lib->sub_formula[set[i].substance];
        size_t k = 0;
        while (k < told && formula[k] != f)
            k++;
        if (k < told || !f)
            continue;
        formula[told++] = f;
        put_isomers(b, view, lib, set, n, nps_library_text(lib, f));
    }
}

static void put_class(nps_buf *b, const nps_control_view *view, const nps_library *lib, uint32_t class_name)
{
    const char *name = nps_library_text(lib, class_name);
    nps_control_rows rows = nps_control_of_class(view->tables, nps_span_of(name));
    NPS_AUTO_BUF rules = NPS_BUF_INIT((size_t)1 << 16);
    size_t n = put_rules(&rules, view, rows.row, rows.n, true);
    nps_buf_fail_with(b, &rules);
    nps_buf_puts(b, "No substance was found that could be looked up.");
    if (n)
        nps_buf_printf(b, " Class rules that speak of its likeliest class, %s: %s; their wording decides whether it falls under them.",
                       name, rules.data ? rules.data : "");
}

void nps_control_put_statement(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set,
                               size_t n_set, uint32_t class_name)
{
    if (n_set)
        put_set(b, view, lib, set, n_set);
    else
        put_class(b, view, lib, class_name);
    put_stereo(b, view, lib, set, n_set);
    put_all_isomers(b, view, lib, set, n_set);
    nps_buf_printf(b, " Control status on %s, tables '%s', digest %.12s. %s", view->day, nps_control_name(view->tables),
                   nps_control_digest(view->tables), nps_control_no_advice);
}

void nps_control_put_filter(nps_buf *b, const nps_control_view *view)
{
    size_t n = 0;
    if (!view || !view->filter)
        return;
    nps_buf_puts(b, "Hits and analogues are listed by their control status only where it is: ");
    for (unsigned bit = 1; bit <= NPS_CONTROL_SHOW_NONE; bit <<= 1)
        if (view->filter & bit)
            nps_buf_printf(b, "%s%s", n++ ? ", " : "", nps_control_filter_name(bit));
    nps_buf_puts(b, ".");
}
