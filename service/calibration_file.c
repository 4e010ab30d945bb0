#include "service/calibration_file.h"

#include "reference-lib/verdict.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/json_read.h"

#include <stdlib.h>
#include <string.h>

void nps_calibration_set_done(nps_calibration_set *s)
{
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        free((void *)(uintptr_t)s->technique[t].conformity);
        free((void *)(uintptr_t)s->technique[t].preparation);
    }
    *s = (nps_calibration_set){0};
}

void nps_calibration_file_write(nps_buf *out, const nps_library *lib, const nps_calibration_set *s, const char *created)
{
    nps_jw w = nps_jw_init(out);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "npswatch_calibration", 1);
    nps_jw_str(&w, "library", lib->generation);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_str(&w, "created", created);
    nps_jw_object(&w, "techniques");
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        const nps_calibration *c = &s->technique[t];
        if (!c->n)
            continue;
        nps_jw_object(&w, nps_technique_name(t));
        nps_jw_i64(&w, "pairs", (int64_t)c->n);
        if (!nps_technique_is_mass(t)) /* calibration prepares traces as the library says */
            nps_jw_str(&w, "preparation", lib->trace_prep_text[t]);
        nps_jw_array(&w, "conformity");
        for (uint64_t i = 0; i < c->n; i++)
            nps_jw_num(&w, NULL, c->conformity[i], 9);
        nps_jw_end(&w);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    nps_buf_putc(out, '\n');
}

static nps_status read_technique(const nps_json *techniques, nps_technique t, nps_calibration *ret, nps_err *err)
{
    const char *name = nps_technique_name(t);
    const nps_json *one = nps_json_member(techniques, name);
    const nps_json *list = one ? nps_json_member(one, "conformity") : NULL;
    size_t n = nps_json_count(list);
    double pairs = (double)n;
    if (!one)
        return NPS_OK;
    if (!n)
        return nps_fail(err, NPS_E_FORMAT, "%s: no conformity", name);
    nps_json_number(one, "pairs", &pairs);
    if (pairs != (double)n)
        return nps_fail(err, NPS_E_FORMAT, "%s: %zu conformities where %.0f are stated", name, n, pairs);
    NPS_AUTO_MEM(double *) v = nps_array(n, sizeof *v);
    if (!v)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!nps_json_item_number(list, i, &v[i]) || (i && v[i] < v[i - 1]))
            return nps_fail(err, NPS_E_FORMAT, "%s: conformity %zu is no number or out of order", name, i);
    const char *preparation = nps_json_text(one, "preparation");
    char *copy = preparation ? nps_strndup(preparation, strlen(preparation)) : NULL;
    if (preparation && !copy)
        return nps_fail_nomem(err);
    *ret = (nps_calibration){NPS_CALIBRATION_OWN, n, nps_steal(v), copy};
    return NPS_OK;
}

nps_status nps_calibration_file_read(const char *path, nps_calibration_set *ret_set, nps_err *err)
{
    enum { MAX_BYTES = 64 << 20 };
    nps_file f;
    NPS_AUTO(nps_json) doc = NULL;
    nps_status st = nps_file_open(path, MAX_BYTES, &f, err);
    if (st != NPS_OK)
        return st;
    st = nps_json_read(f.data, f.len, MAX_BYTES, &doc, err);
    nps_file_close(&f);
    if (st != NPS_OK)
        return st;
    double version, ruleset;
    if (!nps_json_number(doc, "npswatch_calibration", &version) || version != 1)
        return nps_fail(err, NPS_E_FORMAT, "this is no npswatch calibration");
    if (!nps_json_number(doc, "ruleset", &ruleset) || ruleset != NPS_RULESET)
        return nps_fail(err, NPS_E_UNSUPPORTED, "made for another ruleset than %d: calibrate again", NPS_RULESET);
    const nps_json *techniques = nps_json_member(doc, "techniques");
    if (!techniques)
        return nps_fail(err, NPS_E_FORMAT, "this calibration has no techniques");
    nps_calibration_set set = {0};
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT && st == NPS_OK; t++)
        st = read_technique(techniques, t, &set.technique[t], err);
    if (st == NPS_OK)
        *ret_set = set;
    else
        nps_calibration_set_done(&set);
    return st;
}
