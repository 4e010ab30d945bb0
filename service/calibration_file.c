#include "service/calibration_file.h"

#include "reference-lib/verdict.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/json_read.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 64 << 20 };

void nps_calibration_set_done(nps_calibration_set *s)
{
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        nps_calibration *c = &s->technique[t];
        free((void *)(uintptr_t)c->conformity);
        free((void *)(uintptr_t)c->kind);
        free((void *)(uintptr_t)c->model);
        free((void *)(uintptr_t)c->preparation);
        free((void *)(uintptr_t)c->generation);
    }
    *s = (nps_calibration_set){0};
}

/* --- writing -------------------------------------------------------------------------------------------------------------- */

enum { DIGITS = 17 }; /* a double comes back as it was */

static void put_numbers(nps_jw *w, const char *key, const double *v, size_t n)
{
    nps_jw_array(w, key);
    for (size_t i = 0; i < n; i++)
        nps_jw_digits(w, NULL, v[i], DIGITS);
    nps_jw_end(w);
}

static void put_model(nps_jw *w, nps_technique t, const nps_evidence_model *m)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    nps_jw_object(w, "model");
    nps_jw_digits(w, "intercept", m->intercept, DIGITS);
    put_numbers(w, "known", m->known, 3);
    nps_jw_digits(w, "room", m->room, DIGITS);
    nps_jw_array(w, "features");
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "name", f[i].name);
        nps_jw_digits(w, "weight", m->weight[i], DIGITS);
        nps_jw_digits(w, "typical", m->typical[i], DIGITS);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    nps_jw_end(w);
}

void nps_calibration_file_write(nps_buf *out, const nps_library *lib, const nps_own_calibration *own, const char *created)
{
    nps_jw w = nps_jw_init(out);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "npswatch_calibration", NPS_CALIBRATION_FILE_VERSION);
    nps_jw_str(&w, "library", lib->generation);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_str(&w, "created", created);
    nps_jw_object(&w, "techniques");
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        const nps_own_technique *x = &own->technique[t];
        if (!x->n)
            continue;
        nps_jw_object(&w, nps_technique_name(t));
        nps_jw_i64(&w, "pairs", (int64_t)x->n);
        nps_jw_i64(&w, "substances", (int64_t)x->substances);
        nps_jw_digits(&w, "drift_p", x->drift_p, DIGITS);
        if (!nps_technique_is_mass(t)) /* calibration prepares traces as the library says */
            nps_jw_str(&w, "preparation", lib->trace_prep_text[t]);
        put_numbers(&w, "conformity", x->conformity, x->n);
        nps_jw_array(&w, "kind");
        for (size_t i = 0; i < x->n; i++)
            nps_jw_str(&w, NULL, nps_kind_name((nps_kind)x->kind[i]));
        nps_jw_end(&w);
        if (x->refitted)
            put_model(&w, t, x->model);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    nps_buf_putc(out, '\n');
}

/* --- reading -------------------------------------------------------------------------------------------------------------- */

static nps_status read_pairs(const nps_json *one, const char *name, nps_calibration *c, nps_err *err)
{
    const nps_json *list = nps_json_member(one, "conformity"), *kinds = nps_json_member(one, "kind");
    size_t n = nps_json_count(list);
    double pairs;
    if (!n)
        return nps_fail(err, NPS_E_FORMAT, "%s: no conformity", name);
    if (!nps_json_number(one, "pairs", &pairs))
        return nps_fail(err, NPS_E_FORMAT, "%s: 'pairs' is no number", name);
    if (pairs != (double)n)
        return nps_fail(err, NPS_E_FORMAT, "%s: %zu conformities where %.0f are stated", name, n, pairs);
    if (nps_json_count(kinds) != n)
        return nps_fail(err, NPS_E_FORMAT, "%s: %zu kinds of %zu pairs", name, nps_json_count(kinds), n);
    NPS_AUTO_MEM(double *) v = nps_array(n, sizeof *v);
    NPS_AUTO_MEM(uint8_t *) kind = nps_array(n, sizeof *kind);
    if (!v || !kind)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!nps_json_item_number(list, i, &v[i]) || (i && v[i] < v[i - 1]))
            return nps_fail(err, NPS_E_FORMAT, "%s: conformity %zu is no number or out of order", name, i);
        const char *text = nps_json_item_text(kinds, i);
        while (kind[i] < NPS_KIND_COUNT && !(text && strcmp(text, nps_kind_name((nps_kind)kind[i])) == 0))
            kind[i]++;
        if (kind[i] == NPS_KIND_COUNT)
            return nps_fail(err, NPS_E_FORMAT, "%s: kind %zu is no kind of spectrum", name, i);
    }
    c->source = NPS_CALIBRATION_OWN;
    c->n = n;
    c->conformity = nps_steal(v);
    c->kind = nps_steal(kind);
    return NPS_OK;
}

/* Far beyond whatever is fitted, and finite in every sum. */
static bool is_coefficient(double v)
{
    static const double most = 1e6;
    return v >= -most && v <= most;
}

static nps_status read_feature(const nps_json *list, size_t i, const nps_feature *f, const char *name, nps_evidence_model *m,
                               nps_err *err)
{
    const nps_json *one = nps_json_item(list, i);
    const char *told = nps_json_text(one, "name");
    if (!told || strcmp(told, f->name) != 0)
        return nps_fail(err, NPS_E_FORMAT, "%s: feature %zu of the model is not '%s'", name, i, f->name);
    if (!nps_json_number(one, "weight", &m->weight[i]) || !is_coefficient(m->weight[i]))
        return nps_fail(err, NPS_E_FORMAT, "%s: the weight of '%s' is no number in -1e6 .. 1e6", name, f->name);
    if (!nps_json_number(one, "typical", &m->typical[i]) || !is_coefficient(m->typical[i]))
        return nps_fail(err, NPS_E_FORMAT, "%s: the typical value of '%s' is no number in -1e6 .. 1e6", name, f->name);
    if (f->sign * m->weight[i] < 0)
        return nps_fail(err, NPS_E_FORMAT, "%s: the weight of '%s' has the wrong sign", name, f->name);
    return NPS_OK;
}

static nps_status read_parts(const nps_json *model, nps_technique t, nps_evidence_model *m, nps_err *err)
{
    enum { KNOWN = sizeof m->known / sizeof *m->known };
    const char *name = nps_technique_name(t);
    const nps_json *list = nps_json_member(model, "features"), *known = nps_json_member(model, "known");
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    if (!nps_json_number(model, "intercept", &m->intercept) || !is_coefficient(m->intercept))
        return nps_fail(err, NPS_E_FORMAT, "%s: the intercept of the model is no number in -1e6 .. 1e6", name);
    if (!nps_json_number(model, "room", &m->room) || !is_coefficient(m->room))
        return nps_fail(err, NPS_E_FORMAT, "%s: the room of the model is no number in -1e6 .. 1e6", name);
    if (nps_json_count(known) != KNOWN)
        return nps_fail(err, NPS_E_FORMAT, "%s: 'known' of the model has not %d numbers", name, KNOWN);
    for (size_t i = 0; i < KNOWN; i++)
        if (!nps_json_item_number(known, i, &m->known[i]) || !is_coefficient(m->known[i]))
            return nps_fail(err, NPS_E_FORMAT, "%s: number %zu of 'known' is no number in -1e6 .. 1e6", name, i);
    if (m->known[1] < 0)
        return nps_fail(err, NPS_E_FORMAT, "%s: number 1 of 'known' is negative: better evidence would speak against", name);
    if (nps_json_count(list) != n)
        return nps_fail(err, NPS_E_FORMAT, "%s: the model has %zu features, not %zu", name, nps_json_count(list), n);
    nps_status st = NPS_OK;
    for (size_t i = 0; i < n && st == NPS_OK; i++)
        st = read_feature(list, i, &f[i], name, m, err);
    return st;
}

static nps_status read_model(const nps_json *model, nps_technique t, nps_calibration *c, nps_err *err)
{
    NPS_AUTO_MEM(nps_evidence_model *) m = nps_array(1, sizeof *m);
    if (!m)
        return nps_fail_nomem(err);
    *m = *nps_evidence_model_of(t); /* novelty: of the ruleset */
    m->provenance = "own replicates";
    nps_status st = read_parts(model, t, m, err);
    if (st == NPS_OK)
        c->model = nps_steal(m);
    return st;
}

/* The text of a member, copied. */
static nps_status read_text(const nps_json *one, const char *key, const char *where, const char **ret, nps_err *err)
{
    const char *text = nps_json_text(one, key);
    if (!text)
        return nps_fail(err, NPS_E_FORMAT, "%s: '%s' is no text", where, key);
    *ret = nps_strndup(text, strlen(text));
    return *ret ? NPS_OK : nps_fail_nomem(err);
}

static nps_status read_technique(const nps_json *doc, const nps_json *techniques, nps_technique t, nps_calibration *c, nps_err *err)
{
    const char *name = nps_technique_name(t);
    const nps_json *one = nps_json_member(techniques, name);
    double drift_p;
    if (!one)
        return NPS_OK;
    const nps_json *model = nps_json_member(one, "model");
    nps_status st = read_pairs(one, name, c, err);
    if (st != NPS_OK)
        return st;
    if (!nps_json_number(one, "drift_p", &drift_p) || drift_p < 0 || drift_p > 1)
        return nps_fail(err, NPS_E_FORMAT, "%s: 'drift_p' is no number in 0 .. 1", name);
    c->drift = drift_p < NPS_DRIFT_LEVEL;
    st = read_text(doc, "library", "calibration", &c->generation, err);
    if (st == NPS_OK && !nps_technique_is_mass(t))
        st = read_text(one, "preparation", name, &c->preparation, err);
    return st == NPS_OK && model ? read_model(model, t, c, err) : st;
}

nps_status nps_calibration_file_parse(const char *text, size_t len, nps_calibration_set *ret_set, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    double version, ruleset;
    nps_status st = nps_json_read(text, len, MAX_BYTES, &doc, err);
    if (st != NPS_OK)
        return st;
    if (!nps_json_number(doc, "npswatch_calibration", &version))
        return nps_fail(err, NPS_E_FORMAT, "this is no npswatch calibration");
    if (version != NPS_CALIBRATION_FILE_VERSION)
        return nps_fail(err, NPS_E_UNSUPPORTED, "calibration of version %.0f, not %d: calibrate again", version,
                        NPS_CALIBRATION_FILE_VERSION);
    if (!nps_json_number(doc, "ruleset", &ruleset) || ruleset != NPS_RULESET)
        return nps_fail(err, NPS_E_UNSUPPORTED, "made for another ruleset than %d: calibrate again", NPS_RULESET);
    const nps_json *techniques = nps_json_member(doc, "techniques");
    nps_calibration_set set = {0};
    size_t found = 0;
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT && st == NPS_OK; t++) {
        st = read_technique(doc, techniques, t, &set.technique[t], err);
        found += set.technique[t].n > 0;
    }
    if (st == NPS_OK && !found)
        st = nps_fail(err, NPS_E_FORMAT, "this calibration has no technique that is known here");
    if (st == NPS_OK)
        *ret_set = set;
    else
        nps_calibration_set_done(&set);
    return st;
}

nps_status nps_calibration_file_read(const char *path, nps_calibration_set *ret_set, nps_err *err)
{
    nps_file f;
    nps_status st = nps_file_open(path, MAX_BYTES, &f, err);
    if (st != NPS_OK)
        return st;
    st = nps_calibration_file_parse(f.data, f.len, ret_set, err);
    nps_file_close(&f);
    return st;
}
