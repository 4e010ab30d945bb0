#include "service/contribution_check.h"

#include "service/cli.h"
#include "service/limits.h"
#include "service/store_contributions.h"
#include "spectra/formula_mass.h"
#include "spectra/quality.h"

#include <math.h>
#include <string.h>

/* Scores from which two spectra count as of one substance, or as strangers; what they say is a hint to a person. */
#define LIKE 0.9
#define UNLIKE 0.5

typedef struct {
    nps_jw *w;
    const nps_library *lib;
    size_t record, errors;
    const char *name;
} checking;

static void tell(checking *c, const char *kind, const char *severity, const char *text)
{
    c->errors += strcmp(severity, "error") == 0;
    nps_jw_object(c->w, NULL);
    nps_jw_i64(c->w, "record", (int64_t)c->record);
    if (c->name)
        nps_jw_str(c->w, "name", c->name);
    nps_jw_str(c->w, "kind", kind);
    nps_jw_str(c->w, "severity", severity);
    nps_jw_str(c->w, "text", text);
    nps_jw_end(c->w);
}

static void check_identity(checking *c, const nps_spectrum *s)
{
    const char *key = s->text[NPS_TEXT_INCHIKEY], *formula = s->text[NPS_TEXT_FORMULA], *adduct = s->text[NPS_TEXT_ADDUCT];
    char text[200];
    double mass = 0, shift;
    /* Readers keep valid ones only. */
    if (!key)
        tell(c, "no-key", "error", "no valid InChIKey: a name joins no records, as synonyms collide");
    if (formula && !nps_formula_mass(nps_span_of(formula), &mass))
        tell(c, "bad-formula", "error", "the formula cannot be read");
    if (mass > 0 && s->exact_mass > 0 && fabs(mass - s->exact_mass) > 0.01) {
        snprintf(text, sizeof text, "the formula weighs %.4f Da, the file says %.4f", mass, s->exact_mass);
        tell(c, "mass", "error", text);
    }
    if (mass > 0 && s->precursor_mz > 0 && adduct && nps_adduct_shift(nps_span_of(adduct), &shift) &&
        fabs(mass + shift - s->precursor_mz) > fmax(0.01, 2e-5 * s->precursor_mz)) {
        snprintf(text, sizeof text, "%s of the formula would have m/z %.4f, the file says %.4f", adduct, mass + shift, s->precursor_mz);
        tell(c, "precursor", "error", text);
    }
}

static bool same_skeleton(const char *a, const char *b)
{
    return a && b && strlen(a) >= 14 && strncmp(a, b, 14) == 0;
}

/* Whether the library has a spectrum of the substance that can be compared. */
static bool knows(const nps_library *lib, const char *key, nps_technique t)
{
    for (uint64_t i = 0; i < lib->n_substance; i++)
        if (same_skeleton(key, nps_library_text(lib, lib->sub_inchikey[i])))
            return nps_library_has_technique(lib, (uint32_t)i, t);
    return false;
}

static void check_neighbours(checking *c, const nps_spectrum *s, const nps_verdict *v)
{
    const char *key = s->text[NPS_TEXT_INCHIKEY];
    double own = 0, other = 0;
    const char *other_name = "";
    char text[300];
    for (size_t i = 0; i < v->n_hits; i++) {
        const nps_hit *h = &v->hits[i];
        bool same = same_skeleton(key, nps_library_text(c->lib, c->lib->sub_inchikey[h->substance]));
        if (same)
            own = fmax(own, h->score);
        else if (h->score > other) {
            other = h->score;
            other_name = nps_library_text(c->lib, c->lib->sub_name[h->substance]);
        }
    }
    if (own > 1 - 1e-6)
        tell(c, "duplicate", "warning", "the library has a spectrum with the same peaks of this substance");
    if (!key || !knows(c->lib, key, s->technique)) {
        if (other >= LIKE) {
            snprintf(text, sizeof text, "as near as %.2f to '%.100s', a substance of another structure", other, other_name);
            tell(c, "near", "note", text);
        }
        return;
    }
    if (own < UNLIKE && other >= LIKE) {
        snprintf(text, sizeof text, "unlike the library's spectra of this substance, %.2f like '%.100s': mislabelled?", other, other_name);
        tell(c, "mislabelled", "error", text);
    } else if (own < UNLIKE) {
        tell(c, "far", "warning", "unlike the library's spectra of this substance");
    } else if (other > own) {
        snprintf(text, sizeof text, "nearer to '%.100s' (%.2f) than to the library's spectra of its own substance (%.2f)", other_name, other, own);
        tell(c, "near", "note", text);
    }
}

static nps_status check_spectrum(nps_app *app, checking *c, const nps_spectrum *s, nps_err *err)
{
    NPS_AUTO(nps_verdict) v = NULL;
    nps_match_options o = nps_match_options_default();
    unsigned slot, bits = nps_quality_check(s);
    o.with_analogs = false;
    o.with_mixture = false;
    c->name = s->text[NPS_TEXT_NAME];
    check_identity(c, s);
    if (nps_quality_obstacle(bits)) {
        tell(c, "unusable", "error", nps_quality_text((nps_quality_bit)nps_quality_obstacle(bits)));
        return NPS_OK;
    }
    /* One spectrum a turn, so that others come in between. */
    nps_status st = nps_gate_enter(app->gate, 600000, &slot, err);
    if (st != NPS_OK)
        return st;
    st = nps_match(c->lib, s, &o, app->workspace[slot], &v, err);
    nps_gate_leave(app->gate, slot);
    if (st == NPS_OK)
        check_neighbours(c, s, v);
    return st;
}

static nps_status check_file(nps_app *app, checking *c, const nps_buf *bytes, nps_err *err)
{
    NPS_AUTO(nps_reader) r = NULL;
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err why = {0};
    char text[300];
    if (nps_reader_open(bytes->data ? bytes->data : "", bytes->len, &limits, &r, &why) != NPS_OK) {
        c->record++;
        tell(c, "unreadable", "error", nps_err_text(&why, text, sizeof text));
        return NPS_OK;
    }
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_status st = nps_reader_next(r, &s, &why);
        if (st == NPS_E_NOMEM)
            return nps_fail_nomem(err);
        if (st == NPS_OK && !s)
            return NPS_OK;
        c->record++;
        c->name = NULL;
        if (c->record > NPS_MAX_CONTRIBUTED) {
            tell(c, "unreadable", "error", "more than 500 spectra: send them in several contributions");
            return NPS_OK;
        }
        if (st != NPS_OK)
            tell(c, "unreadable", "error", nps_err_text(&why, text, sizeof text));
        else
            st = check_spectrum(app, c, s, err);
        if (s && st != NPS_OK)
            return st;
    }
}

nps_status nps_contribution_check(nps_app *app, const char *id, nps_err *err)
{
    NPS_AUTO_BUF findings = NPS_BUF_INIT((size_t)8 << 20);
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    nps_jw w = nps_jw_init(&findings);
    checking c = {.w = &w, .lib = held->members};
    nps_status st = NPS_OK;
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "generation", held->id);
    nps_jw_array(&w, "findings");
    for (int64_t i = 0; i < NPS_MAX_FILES && st == NPS_OK; i++) {
        NPS_AUTO_BUF bytes = NPS_BUF_INIT(NPS_MAX_BODY);
        nps_err why;
        nps_status got = nps_store_contribution_file(app->store, "", id, i, &bytes, NULL, 0, &why);
        if (got == NPS_E_NOT_FOUND)
            break;
        st = got == NPS_OK ? check_file(app, &c, &bytes, err) : nps_fail(err, got, "%s", why.msg);
    }
    nps_jw_end(&w);
    nps_jw_i64(&w, "spectra", (int64_t)c.record);
    nps_jw_i64(&w, "errors", (int64_t)c.errors);
    nps_jw_end(&w);
    if (st == NPS_OK)
        st = nps_buf_check(&findings, err);
    return st == NPS_OK ? nps_store_contribution_checked(app->store, id, (int64_t)c.record, findings.data, err) : st;
}
