#include "service/generation.h"

#include "reference-lib/build.h"
#include "reference-lib/match.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/limits.h"
#include "spectra/read.h"

#include <stdlib.h>
#include <string.h>

const char *nps_entry_contribution(const nps_library *lib, uint32_t entry)
{
    const char *source = nps_library_text(lib, lib->entry_source[entry]);
    return strncmp(source, NPS_CONTRIBUTION_SOURCE, strlen(NPS_CONTRIBUTION_SOURCE)) == 0 ? source + strlen(NPS_CONTRIBUTION_SOURCE) : NULL;
}

/* --- which part a contribution belongs to --------------------------------------------------------------------------------------------- */

typedef enum { PART_PUBLIC, PART_MEMBERS, PART_CLOSED } part;

static part part_of(const char *visibility, const char *embargo, const char *today)
{
    if (strcmp(visibility, nps_visibility_name(NPS_VISIBLE_MATCH_ONLY)) == 0 || (*embargo && strcmp(embargo, today) > 0))
        return PART_CLOSED;
    return strcmp(visibility, nps_visibility_name(NPS_VISIBLE_MEMBERS)) == 0 ? PART_MEMBERS : PART_PUBLIC;
}

/* --- adding contributions ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_generation_task *task;
    const nps_contributions *given;
} making;

static nps_status add_spectra(nps_builder *b, const nps_contribution *c, const nps_buf *bytes, nps_err *err)
{
    NPS_AUTO(nps_reader) r = NULL;
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err why;
    if (nps_reader_open(bytes->data ? bytes->data : "", bytes->len, &limits, &r, &why) != NPS_OK)
        return NPS_OK; /* its check has told so */
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_status st = nps_reader_next(r, &s, &why);
        if (st == NPS_E_NOMEM)
            return nps_fail_nomem(err);
        if (st != NPS_OK)
            continue;
        if (!s)
            return NPS_OK;
        st = *c->credit ? nps_spectrum_set_text(s, NPS_TEXT_CONTRIBUTOR, nps_span_of("credit"), nps_span_of(c->credit), err) : NPS_OK;
        if (st == NPS_OK && *c->licence)
            st = nps_spectrum_set_text(s, NPS_TEXT_LICENCE, nps_span_of("licence"), nps_span_of(c->licence), err);
        if (st == NPS_OK)
            st = nps_builder_add(b, s, NULL, err);
        if (st != NPS_OK)
            return st;
    }
}

static nps_visibility visibility_of(const nps_contribution *c)
{
    for (nps_visibility v = NPS_VISIBLE_PUBLIC; v < NPS_VISIBLE_MATCH_ONLY; v++)
        if (strcmp(c->visibility, nps_visibility_name(v)) == 0)
            return v;
    return NPS_VISIBLE_MATCH_ONLY;
}

static nps_status add_contribution(const making *m, nps_builder *b, const nps_contribution *c, nps_err *err)
{
    char source[80];
    snprintf(source, sizeof source, NPS_CONTRIBUTION_SOURCE "%s", c->id);
    nps_status st = nps_builder_source(b, source, visibility_of(c), *c->embargo ? c->embargo : NULL, 0, err);
    for (int64_t i = 0; i < NPS_MAX_FILES && st == NPS_OK; i++) {
        NPS_AUTO_BUF bytes = NPS_BUF_INIT(NPS_MAX_BODY);
        nps_err why;
        nps_status got = nps_store_contribution_file(m->task->store, "", c->id, i, &bytes, NULL, 0, &why);
        if (got == NPS_E_NOT_FOUND)
            break;
        st = got == NPS_OK ? add_spectra(b, c, &bytes, err) : nps_fail(err, got, "%s", why.msg);
    }
    return st;
}

/* --- one part ------------------------------------------------------------------------------------------------------------------- */

static nps_status new_builder(const nps_library *base, nps_builder **ret_builder, nps_err *err)
{
    nps_build_options o = {.name = base->name,
                           .builder = base->builder,
                           .created = base->created,
                           .licence = base->licence,
                           .infrared_prep = &base->trace_prep[NPS_TECH_IR],
                           .raman_prep = &base->trace_prep[NPS_TECH_RAMAN]};
    return nps_builder_new(&o, ret_builder, err);
}

/* The operator's library and the contributions up to a part: for the public and the members' part. */
static nps_status make_open(const making *m, part most, nps_library **ret_lib, nps_err *err)
{
    NPS_AUTO(nps_builder) b = NULL;
    const nps_generation_task *t = m->task;
    nps_status st = new_builder(t->base, &b, err);
    if (st == NPS_OK)
        st = nps_builder_add_entries(b, t->base, err);
    for (size_t i = 0; i < m->given->n && st == NPS_OK; i++) {
        const nps_contribution *c = &m->given->item[i];
        if (part_of(c->visibility, c->embargo, t->today) <= most)
            st = add_contribution(m, b, c, err);
    }
    return st == NPS_OK ? nps_builder_finish(b, t->threads, ret_lib, err) : st;
}

/* What an organisation has for itself alone. */
static nps_status make_closed(const making *m, const char *organisation, nps_library **ret_lib, nps_err *err)
{
    NPS_AUTO(nps_builder) b = NULL;
    const nps_generation_task *t = m->task;
    nps_status st = new_builder(t->base, &b, err);
    for (size_t i = 0; i < m->given->n && st == NPS_OK; i++) {
        const nps_contribution *c = &m->given->item[i];
        if (strcmp(c->organisation, organisation) == 0 && part_of(c->visibility, c->embargo, t->today) == PART_CLOSED)
            st = add_contribution(m, b, c, err);
    }
    nps_err why;
    if (st == NPS_OK && (st = nps_builder_finish(b, t->threads, ret_lib, &why)) != NPS_OK && st != NPS_E_FORMAT)
        nps_fail(err, st, "%s", why.msg);
    return st; /* NPS_E_FORMAT: nothing in it */
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    nps_library *open, *members;
    nps_closed_part *closed;
    size_t n_closed;
    const char **contribution;
} parts;

static void parts_done(parts *p)
{
    nps_library_release(p->open);
    nps_library_release(p->members);
    for (size_t i = 0; i < p->n_closed; i++)
        nps_library_release(p->closed[i].lib);
    free(p->closed);
    free(p->contribution);
}

static nps_status add_closed(const making *m, const char *organisation, parts *p, nps_err *err)
{
    for (size_t i = 0; i < p->n_closed; i++)
        if (strcmp(p->closed[i].organisation, organisation) == 0)
            return NPS_OK;
    nps_library *lib = NULL;
    nps_status st = make_closed(m, organisation, &lib, err);
    if (st == NPS_E_FORMAT)
        return NPS_OK;
    if (st != NPS_OK)
        return st;
    nps_closed_part *c = &p->closed[p->n_closed++];
    snprintf(c->organisation, sizeof c->organisation, "%s", organisation);
    c->lib = lib;
    return NPS_OK;
}

static nps_status make_parts(const making *m, parts *p, nps_err *err)
{
    const nps_generation_task *t = m->task;
    size_t n[3] = {0};
    for (size_t i = 0; i < m->given->n; i++)
        n[part_of(m->given->item[i].visibility, m->given->item[i].embargo, t->today)]++;
    p->closed = nps_array(m->given->n + 1, sizeof *p->closed);
    p->contribution = nps_array(m->given->n + 1, sizeof *p->contribution);
    if (!p->closed || !p->contribution)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < m->given->n; i++)
        p->contribution[i] = m->given->item[i].id;
    nps_status st = NPS_OK;
    /* The operator's library as it is, where nothing is to be added or kept apart: same id, nothing computed. */
    if (!n[PART_PUBLIC])
        p->open = nps_library_acquire((nps_library *)(uintptr_t)t->base);
    else
        st = make_open(m, PART_PUBLIC, &p->open, err);
    if (st == NPS_OK && n[PART_MEMBERS])
        st = make_open(m, PART_MEMBERS, &p->members, err);
    for (size_t i = 0; i < m->given->n && st == NPS_OK; i++)
        if (part_of(m->given->item[i].visibility, m->given->item[i].embargo, t->today) == PART_CLOSED)
            st = add_closed(m, m->given->item[i].organisation, p, err);
    return st;
}

/* --- the self-check ------------------------------------------------------------------------------------------------------------- */

static nps_status finds_itself(const nps_library *lib, uint32_t e, nps_workspace *w, bool *ret_found, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    NPS_AUTO(nps_verdict) v = NULL;
    nps_match_options o = nps_match_options_default();
    o.with_analogs = false;
    o.with_mixture = false;
    nps_status st = nps_library_spectrum(lib, e, &s, err);
    if (st == NPS_OK)
        st = nps_match(lib, s, &o, w, &v, err);
    if (st != NPS_OK)
        return st;
    /* A spectrum that is too poor to be asked about is no fault of the library. */
    *ret_found = v->outcome == NPS_UNUSABLE;
    for (size_t i = 0; i < v->n_hits && !*ret_found; i++)
        *ret_found = v->hits[i].substance == lib->entry_substance[e] && v->hits[i].score >= v->hits[0].score - 1e-6;
    return NPS_OK;
}

nps_status nps_generation_check(const nps_library *lib, size_t most, size_t *ret_asked, size_t *ret_failed, nps_err *err)
{
    NPS_AUTO(nps_workspace) w = NULL;
    size_t asked = 0, failed = 0;
    size_t n = lib->n_entry < most ? lib->n_entry : most;
    nps_status st = nps_workspace_new(&w, err);
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        uint32_t e = (uint32_t)(lib->n_entry * i / n);
        bool found = false;
        /* Traces are stored as prepared, so that asking with one would prepare it twice. */
        if (!nps_technique_is_mass((nps_technique)lib->entry_technique[e]))
            continue;
        st = finds_itself(lib, e, w, &found, err);
        asked++;
        failed += !found;
    }
    if (st == NPS_OK) {
        *ret_asked = asked;
        *ret_failed = failed;
    }
    return st;
}

enum { CHECK_MOST = 60 };

static nps_status check_parts(const nps_holding *h, nps_jw *w, bool *ret_good, nps_err *err)
{
    nps_status st = NPS_OK;
    bool good = true;
    nps_jw_array(w, "self_check");
    for (size_t i = 0; i < h->n_closed + 2 && st == NPS_OK; i++) {
        const nps_library *lib = i == 0 ? h->open : i == 1 ? h->members : h->closed[i - 2].lib;
        size_t asked = 0, failed = 0;
        if (i == 1 && h->members == h->open)
            continue;
        st = nps_generation_check(lib, CHECK_MOST, &asked, &failed, err);
        good = good && !failed;
        nps_jw_object(w, NULL);
        nps_jw_str(w, "part", i == 0 ? "public" : i == 1 ? "members" : "closed");
        nps_jw_str(w, "library", lib->generation);
        nps_jw_i64(w, "entries", (int64_t)lib->n_entry);
        nps_jw_i64(w, "asked", (int64_t)asked);
        nps_jw_i64(w, "failed", (int64_t)failed);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    *ret_good = good;
    return st;
}

/* Entries of the new public and members' parts that the old ones had not, and the other way round, by contribution. */
static void put_changes(nps_jw *w, const nps_holding *now, const nps_generation_task *t, const parts *p, const nps_contributions *given)
{
    NPS_AUTO_HOLDING before = NULL;
    char active[33] = "";
    nps_err ignored;
    if (nps_store_generation_active(t->store, active, &ignored) == NPS_OK && *active &&
        nps_holding_open(t->generations, active, NPS_OPEN_TRUST_MARK, &before, &ignored) != NPS_OK)
        before = NULL;
    (void)p;
    nps_jw_str(w, "parent", active);
    nps_jw_i64(w, "entries_before", before ? (int64_t)before->members->n_entry : 0);
    nps_jw_i64(w, "entries", (int64_t)now->members->n_entry);
    nps_jw_i64(w, "substances_before", before ? (int64_t)before->members->n_substance : 0);
    nps_jw_i64(w, "substances", (int64_t)now->members->n_substance);
    nps_jw_array(w, "contributions");
    for (size_t i = 0; i < given->n; i++)
        nps_jw_str(w, NULL, given->item[i].id);
    nps_jw_end(w);
}

static nps_status record(const nps_generation_task *t, const parts *p, const nps_contributions *given, const char *id, const nps_buf *manifest,
                         bool *ret_good, nps_err *err)
{
    NPS_AUTO_HOLDING h = NULL;
    NPS_AUTO_BUF report = NPS_BUF_INIT((size_t)1 << 22);
    char parent[33] = "";
    nps_jw w = nps_jw_init(&report);
    nps_status st = nps_holding_open(t->generations, id, NPS_OPEN_VERIFY, &h, err);
    if (st != NPS_OK)
        return st;
    nps_jw_object(&w, NULL);
    put_changes(&w, h, t, p, given);
    st = check_parts(h, &w, ret_good, err);
    nps_jw_bool(&w, "good", *ret_good);
    nps_jw_end(&w);
    if (st == NPS_OK)
        st = nps_buf_check(&report, err);
    if (st == NPS_OK)
        st = nps_store_generation_active(t->store, parent, err);
    if (st != NPS_OK)
        return st;
    nps_generation_new g = {.id = id,
                            .parent = parent,
                            .base = t->base->generation,
                            .manifest = manifest->data,
                            .report = report.data,
                            .contribution = p->contribution,
                            .n_contribution = given->n};
    return nps_store_generation_add(t->store, t->by, &g, err);
}

nps_status nps_generation_make(const nps_generation_task *t, char ret_id[static NPS_HOLDING_ID], bool *ret_good, nps_err *err)
{
    nps_contributions given = {0};
    parts p = {0};
    char id[NPS_HOLDING_ID];
    bool good = false;
    NPS_AUTO_BUF manifest = NPS_BUF_INIT((size_t)1 << 22);
    nps_status st = nps_store_contributions_accepted(t->store, &given, err);
    making m = {.task = t, .given = &given};
    if (st == NPS_OK)
        st = make_parts(&m, &p, err);
    if (st == NPS_OK) {
        nps_holding_parts h = {.open = p.open,
                               .opt_members = p.members,
                               .closed = p.closed,
                               .n_closed = p.n_closed,
                               .base = t->base->generation,
                               .contribution = p.contribution,
                               .n_contribution = given.n};
        st = nps_holding_write(t->generations, &h, id, &manifest, err);
    }
    if (st == NPS_OK)
        st = nps_buf_check(&manifest, err);
    if (st == NPS_OK)
        st = record(t, &p, &given, id, &manifest, &good, err);
    parts_done(&p);
    nps_contributions_done(&given);
    if (st != NPS_OK)
        return st;
    snprintf(ret_id, NPS_HOLDING_ID, "%s", id);
    *ret_good = good;
    return NPS_OK;
}

nps_status nps_generation_next_day(nps_store *s, const char *today, char ret_day[static NPS_DAY_TEXT], nps_err *err)
{
    nps_contributions given;
    nps_status st = nps_store_contributions_accepted(s, &given, err);
    if (st != NPS_OK)
        return st;
    *ret_day = '\0';
    for (size_t i = 0; i < given.n; i++) {
        const char *day = given.item[i].embargo;
        if (strcmp(day, today) > 0 && (!*ret_day || strcmp(day, ret_day) < 0))
            snprintf(ret_day, NPS_DAY_TEXT, "%s", day);
    }
    nps_contributions_done(&given);
    return NPS_OK;
}
