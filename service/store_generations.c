/* The store: library generations, which one is in use, and what answers rested on. */
#include "service/audit.h"
#include "service/store_contributions.h"
#include "service/store_impl.h"
#include "service/store_job_insert.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

void nps_generations_done(nps_generations *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->item[i].report);
    free(g->item);
    *g = (nps_generations){0};
}

typedef struct {
    const nps_actor *by;
    const nps_generation_new *g;
    const char *id, *expected;
    const nps_reference_keys *keys;
    int64_t before;
    size_t limit;
    void *to;
} generation_job;

static nps_status add_generation(nps_db *db, void *arg, nps_err *err)
{
    generation_job *j = arg;
    const nps_generation_new *g = j->g;
    bool there;
    int64_t seq;
    nps_status st = nps_ask_exists(db, &there, err, "SELECT 1 FROM generations WHERE id=?", "t", g->id);
    /* Made again, from what is accepted now: what changed since it was made first is as it was then. */
    if (st == NPS_OK && there)
        st = nps_tell(db, err, "UPDATE generations SET created_ms=? WHERE id=?", "it", j->by->now_ms, g->id);
    if (st != NPS_OK || there)
        return st;
    st = nps_ask_i64(db, 0, &seq, err, "SELECT coalesce(max(seq),0)+1 FROM generations", "");
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO generations(id,seq,created_ms,member,parent,base,manifest,report) VALUES(?,?,?,?,?,?,?,?)", "tiittttt",
                      g->id, seq, j->by->now_ms, j->by->member, g->parent, g->base, g->manifest, g->report);
    for (size_t i = 0; i < g->n_contribution && st == NPS_OK; i++)
        st = nps_tell(db, err, "INSERT INTO generation_parts(generation,contribution) VALUES(?,?)", "tt", g->id, g->contribution[i]);
    return st == NPS_OK ? nps_audit_add(db, j->by, "generation.add", g->id, g->base, err) : st;
}

nps_status nps_store_generation_add(nps_store *s, const nps_actor *by, const nps_generation_new *g, nps_err *err)
{
    return nps_store_write(s, add_generation, &(generation_job){.by = by, .g = g}, err);
}

static nps_status get_active(nps_db *db, char id[static 33], nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT generation FROM active_generation WHERE id=1");
    *id = '\0';
    if (nps_query_next(&q))
        nps_query_get_text(&q, 0, id, 33);
    return nps_query_end(&q, err);
}

/* The last evaluations that rested on a reference which the new generation has not: their samples are judged again. */
static nps_status judge_again(nps_db *db, const generation_job *j, nps_err *err)
{
    nps_status st = NPS_OK;
    struct {
        char id[NPS_SAMPLE_ID];
    } *list = NULL;
    size_t n = 0;
    nps_query q = nps_ask(db,
                          "SELECT r.sample,r.reference,CASE WHEN p.contribution IS NULL THEN 0 ELSE 1 END FROM relied r"
                          " JOIN samples s ON s.id=r.sample AND s.last_evaluation=r.n"
                          " LEFT JOIN generation_parts p ON p.generation=? AND p.contribution=r.reference WHERE s.state='kept' ORDER BY r.sample",
                          "t", j->id);
    while (st == NPS_OK && nps_query_next(&q)) {
        char sample[NPS_SAMPLE_ID], reference[NPS_REFERENCE_KEY];
        NPS_GET_TEXT(&q, 0, sample);
        NPS_GET_TEXT(&q, 1, reference);
        bool is_base = nps_reference_is_base(reference);
        bool there = is_base ? !j->keys || nps_reference_keys_hold(j->keys, reference) : nps_query_get_i64(&q, 2) != 0;
        if (there || (n && strcmp(list[n - 1].id, sample) == 0))
            continue;
        st = nps_list_grow(&list, n, sizeof *list, err);
        if (st != NPS_OK)
            break;
        memcpy(list[n++].id, sample, sizeof sample);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    st = st == NPS_OK ? end : st;
    for (size_t i = 0; i < n && st == NPS_OK; i++)
        st = nps_job_insert(db, NPS_JOB_EVALUATE, list[i].id, "reference", j->by->now_ms, err);
    free(list);
    return st;
}

static nps_status activate(nps_db *db, void *arg, nps_err *err)
{
    generation_job *j = arg;
    char now[33];
    bool there;
    nps_status st = get_active(db, now, err);
    if (st == NPS_OK && *j->expected && strcmp(now, j->expected) != 0)
        st = nps_fail(err, NPS_E_STALE, "another generation is in use meanwhile");
    if (st == NPS_OK)
        st = nps_ask_exists(db, &there, err, "SELECT 1 FROM generations WHERE id=?", "t", j->id);
    if (st == NPS_OK && !there)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such generation");
    bool overtaken = false;
    /* What its owner has taken back, or shows to fewer, comes back by no older generation, nor by one that was being made. */
    if (st == NPS_OK)
        st = nps_ask_exists(db, &overtaken, err,
                            "SELECT 1 FROM generation_parts p JOIN generations g ON g.id=p.generation JOIN contributions c ON c.id=p.contribution"
                            " WHERE p.generation=? AND (c.state<>'accepted' OR c.terms_ms>=g.created_ms)",
                            "t", j->id);
    if (st == NPS_OK && overtaken)
        st = nps_fail(err, NPS_E_STALE, "the generation holds what was withdrawn, or put under other terms, since it was made");
    if (st != NPS_OK || strcmp(now, j->id) == 0)
        return st;
    st = nps_tell(db, err,
                  "INSERT INTO active_generation(id,generation,since_ms) VALUES(1,?,?) ON CONFLICT(id) DO UPDATE SET"
                  " generation=excluded.generation, since_ms=excluded.since_ms",
                  "ti", j->id, j->by->now_ms);
    if (st == NPS_OK)
        st = judge_again(db, j, err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "generation.activate", j->id, now, err) : st;
}

nps_status nps_store_generation_activate(nps_store *s, const nps_actor *by, const char *id, const char *expected,
                                         const nps_reference_keys *opt_keys, nps_err *err)
{
    return nps_store_write(s, activate, &(generation_job){.by = by, .id = id, .expected = expected, .keys = opt_keys}, err);
}

static nps_status read_active(nps_db *db, void *arg, nps_err *err)
{
    generation_job *j = arg;
    return get_active(db, j->to, err);
}

nps_status nps_store_generation_active(nps_store *s, char ret_id[static 33], nps_err *err)
{
    return nps_store_read(s, read_active, &(generation_job){.to = ret_id}, err);
}

#define COLUMNS                                                                                                                    \
    "SELECT g.id,g.parent,g.base,g.member,g.seq,g.created_ms,CASE WHEN a.generation IS NULL THEN 0 ELSE 1 END,g.report FROM generations g" \
    " LEFT JOIN active_generation a ON a.generation=g.id"

static void get_row(nps_query *q, nps_generation *g)
{
    NPS_GET_TEXT(q, 0, g->id);
    NPS_GET_TEXT(q, 1, g->parent);
    NPS_GET_TEXT(q, 2, g->base);
    NPS_GET_TEXT(q, 3, g->member);
    g->seq = nps_query_get_i64(q, 4);
    g->created_ms = nps_query_get_i64(q, 5);
    g->active = nps_query_get_i64(q, 6) != 0;
    g->report = nps_query_get_copy(q, 7);
}

static nps_status list_generations(nps_db *db, void *arg, nps_err *err)
{
    generation_job *j = arg;
    nps_generations *list = j->to;
    nps_query q = nps_ask(db, COLUMNS " WHERE g.seq<? ORDER BY g.seq DESC LIMIT ?", "ii", j->before, (int64_t)j->limit + 1);
    while (nps_query_next(&q)) {
        list->more = list->n == j->limit;
        if (!list->more)
            get_row(&q, &list->item[list->n++]);
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_generations(nps_store *s, int64_t before, size_t limit, nps_generations *ret_list, nps_err *err)
{
    nps_generations list = {.item = nps_array(limit, sizeof *list.item)};
    if (!list.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, list_generations, &(generation_job){.before = before, .limit = limit, .to = &list}, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        nps_generations_done(&list);
    return st;
}

static nps_status get_generation(nps_db *db, void *arg, nps_err *err)
{
    generation_job *j = arg;
    nps_query q = nps_ask(db, COLUMNS " WHERE g.id=?", "t", j->id);
    bool found = nps_query_next(&q);
    if (found)
        get_row(&q, j->to);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such generation") : st;
}

nps_status nps_store_generation_get(nps_store *s, const char *id, nps_generation *ret_generation, nps_err *err)
{
    nps_generation g = {0};
    nps_status st = nps_store_read(s, get_generation, &(generation_job){.id = id, .to = &g}, err);
    if (st == NPS_OK)
        *ret_generation = g;
    else
        free(g.report);
    return st;
}

/* --- artifacts ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *digest, *kind;
    nps_span bytes;
    nps_buf *out;
} artifact_job;

static nps_status put_artifact(nps_db *db, void *arg, nps_err *err)
{
    artifact_job *j = arg;
    nps_query q = nps_ask(db, "INSERT INTO artifacts(digest,kind,bytes) VALUES(?,?,?) ON CONFLICT DO NOTHING", "tt", j->digest, j->kind);
    nps_query_blob(&q, j->bytes);
    return nps_query_run(&q, err);
}

nps_status nps_store_artifact_put(nps_store *s, const char *digest, const char *kind, nps_span bytes, nps_err *err)
{
    return nps_store_write(s, put_artifact, &(artifact_job){.digest = digest, .kind = kind, .bytes = bytes}, err);
}

static nps_status get_artifact(nps_db *db, void *arg, nps_err *err)
{
    artifact_job *j = arg;
    nps_query q = nps_ask(db, "SELECT bytes FROM artifacts WHERE digest=?", "t", j->digest);
    bool found = nps_query_next(&q);
    if (found) {
        nps_span bytes = nps_query_get_bytes(&q, 0);
        nps_buf_add(j->out, bytes.p, bytes.n);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "what this answer rested on was not kept") : st;
}

nps_status nps_store_artifact_get(nps_store *s, const char *digest, nps_buf *out, nps_err *err)
{
    nps_status st = nps_store_read(s, get_artifact, &(artifact_job){.digest = digest, .out = out}, err);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}
