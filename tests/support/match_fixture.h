/* What the tests of verdicts share: one workspace, and asking it. */
#ifndef NPS_TESTS_SUPPORT_MATCH_FIXTURE_H
#define NPS_TESTS_SUPPORT_MATCH_FIXTURE_H

#include "tests/support/synth.h"

static nps_workspace *w;

static inline int setup(void **state)
{
    (void)state;
    return nps_workspace_new(&w, NULL);
}

static inline int teardown(void **state)
{
    (void)state;
    nps_workspace_free(w);
    return 0;
}

static inline nps_verdict *ask(const nps_library *lib, const nps_spectrum *q, const nps_match_options *o)
{
    nps_match_options standard = nps_match_options_default();
    nps_verdict *v = NULL;
    nps_err err;
    assert_ok(nps_match(lib, q, o ? o : &standard, w, &v, &err), &err);
    return v;
}

static inline bool set_holds(const nps_verdict *v, uint32_t substance)
{
    for (size_t i = 0; i < v->n_set; i++)
        if (v->set[i].substance == substance)
            return true;
    return false;
}

#endif
