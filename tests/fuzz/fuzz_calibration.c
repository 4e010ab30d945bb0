/* Property: a calibration that is taken keeps what verdicts rely on, and written again reads the same. */
#include "service/calibration_file.h"

#include "reference-lib/evidence.h"
#include "reference-lib/library.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_model(nps_technique t, const nps_evidence_model *m)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    NPS_ASSERT(isfinite(m->intercept) && m->known[1] >= 0);
    for (size_t i = 0; i < n; i++)
        NPS_ASSERT(isfinite(m->weight[i]) && f[i].sign * m->weight[i] >= 0);
}

static void check_technique(nps_technique t, const nps_calibration *c)
{
    NPS_ASSERT(c->source == NPS_CALIBRATION_OWN && c->generation && c->kind);
    NPS_ASSERT((c->preparation == NULL) == nps_technique_is_mass(t));
    for (uint64_t i = 0; i < c->n; i++) {
        NPS_ASSERT(isfinite(c->conformity[i]) && (!i || c->conformity[i] >= c->conformity[i - 1]));
        NPS_ASSERT(c->kind[i] < NPS_KIND_COUNT);
    }
    if (c->model)
        check_model(t, c->model);
}

/* The set as if it had just been made; borrows. */
static nps_own_technique as_made(const nps_calibration *c)
{
    return (nps_own_technique){.n = c->n,
                               .conformity = (double *)(uintptr_t)c->conformity,
                               .kind = (uint8_t *)(uintptr_t)c->kind,
                               .refitted = c->model != NULL,
                               .model = (nps_evidence_model *)(uintptr_t)c->model,
                               .drift_p = c->drift ? 0 : 1};
}

static void write_again(const nps_calibration_set *set, nps_buf *out)
{
    nps_library lib = {0};
    nps_own_calibration own = {0};
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        own.technique[t] = as_made(&set->technique[t]);
        lib.trace_prep_text[t] = set->technique[t].preparation;
    }
    nps_calibration_file_write(out, &lib, &own, "2026-11-23T12:00:00Z");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nps_calibration_set set = {0}, again = {0};
    nps_err err = {0};
    NPS_AUTO_BUF one = NPS_BUF_INIT((size_t)64 << 20);
    NPS_AUTO_BUF two = NPS_BUF_INIT((size_t)64 << 20);
    if (nps_calibration_file_parse((const char *)data, size, &set, &err) != NPS_OK) {
        NPS_ASSERT(*err.msg);
        return 0;
    }
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++)
        if (set.technique[t].n)
            check_technique(t, &set.technique[t]);
    write_again(&set, &one);
    NPS_ASSERT(nps_calibration_file_parse(one.data, one.len, &again, &err) == NPS_OK);
    write_again(&again, &two);
    NPS_ASSERT(strcmp(one.data, two.data) == 0);
    nps_calibration_set_done(&set);
    nps_calibration_set_done(&again);
    return 0;
}
