/* What the tests of the store share: the two engines as places where a fresh store can be made, and samples to put there.
 * Header only; group set-up store_servers_start, tear-down store_servers_stop. */
#ifndef NPS_TESTS_SUPPORT_STORE_FIXTURE_H
#define NPS_TESTS_SUPPORT_STORE_FIXTURE_H

#include "tests/support/nps_test.h"
#include "tests/support/pg.h"

#include "service/crypt.h"
#include "service/store.h"

#include <sys/stat.h>

static nps_test_pg store_pg;

static inline int store_servers_start(void **state)
{
    (void)state;
    return nps_test_pg_start(&store_pg) ? 0 : 1;
}

static inline int store_servers_stop(void **state)
{
    (void)state;
    nps_test_pg_stop(&store_pg);
    return 0;
}

/* An engine, as a test's state; `where` is what nps_store_open takes. */
typedef struct {
    bool pg;
    char where[400];
} place;

/* An empty one; `name` tells several of one test apart. */
static inline void fresh_place(place *p, const char *dir, const char *name)
{
    if (p->pg) {
        nps_test_pg_database(&store_pg, p->where, sizeof p->where);
    } else {
        snprintf(p->where, sizeof p->where, "%s/%s", dir, name);
        assert_int_equal(mkdir(p->where, 0700), 0);
    }
}

static inline int set_up_place(void **state)
{
    fresh_place(*state, nps_temp_dir(), "store");
    return 0;
}

static place on_sqlite __attribute__((unused)) = {.pg = false};
static place on_postgresql __attribute__((unused)) = {.pg = true};

/* A test for each engine, in the list of tests. */
#define ON_BOTH(test)                                                                  \
    {"sqlite: " #test, test, set_up_place, NULL, &on_sqlite},                          \
    {"postgresql: " #test, test, set_up_place, NULL, &on_postgresql}

static inline nps_store *store_at(void **state)
{
    const place *p = *state;
    nps_store *s;
    nps_err err = {0};
    assert_ok(nps_store_open(p->where, &s, &err), &err);
    return s;
}

static inline nps_store *reopen(nps_store *s, void **state)
{
    nps_store_close(s);
    return store_at(state);
}

typedef struct {
    char id[NPS_SAMPLE_ID], uuid[NPS_UUID_TEXT], digest[2][65];
    nps_store_file file;
    nps_sample_facts facts;
    nps_store_sample_new n;
} draft; /* stays where it is made */

/* A sample with one file; novel with the digest "aaa..." of that letter, unless the letter is 0. */
static inline void make_draft(draft *d, char letter)
{
    *d = (draft){0};
    nps_random_hex(16, d->id);
    nps_random_uuid(d->uuid);
    memset(d->digest[0], letter ? letter : '-', 64);
    d->file = (nps_store_file){"a.msp", "text/plain", NPS_SPAN("Name: \0 x\xff")};
    d->facts.tlp = NPS_TLP_AMBER;
    d->n = (nps_store_sample_new){.id = d->id, .organisation = "", .member = "", .received_ms = 1764000000000, .facts = &d->facts,
                                  .file = &d->file, .n_file = 1, .request_digest = "r", .digest = (const char(*)[65])d->digest,
                                  .n_digest = letter != 0, .case_uuid = d->uuid, .case_summary = "{\"title\":\"t\"}"};
    d->n.evaluation = (nps_store_evaluation){.reason = "submission", .at_ms = 1764000000000, .holding = "h", .generation = "g",
                                             .ruleset = 4, .program = "p", .calibration = "", .control = "", .today = "2025-11-24",
                                             .options = "alpha=0.05\n", .outcome = letter ? "novel" : "identified",
                                             .verdict = "{\"verdict\":\"x\"}"};
}

static inline nps_store_receipt add(nps_store *s, draft *d)
{
    nps_store_receipt r;
    nps_err err = {0};
    assert_ok(nps_store_sample_add(s, &d->n, 0, &r, &err), &err);
    return r;
}

/* Claims the next event; true when there is one. */
static inline bool next_event(nps_store *s, int64_t now_ms, nps_store_event *e)
{
    bool found = false;
    int64_t due;
    nps_err err = {0};
    assert_ok(nps_store_event_next(s, "me", now_ms, 1000, e, &found, &due, &err), &err);
    return found;
}

static inline nps_store_counts counts_of(nps_store *s)
{
    nps_store_counts c = {0};
    nps_err err = {0};
    assert_ok(nps_store_count(s, &c, &err), &err);
    return c;
}

#endif
