#include "service/case_summary.h"

#include "service/limits.h"
#include "service/report.h"

#include <math.h>
#include <string.h>

enum { NEAREST = 5 };

static bool counts(const nps_verdict *v, bool any_novel)
{
    return any_novel ? v->outcome == NPS_NOVEL : v->outcome != NPS_UNUSABLE;
}

static bool has_novel(const nps_sample_verdict *v)
{
    for (size_t i = 0; i < v->n_spectra; i++)
        if (v->spectra[i]->outcome == NPS_NOVEL)
            return true;
    return false;
}

size_t nps_case_digests(const nps_sample_verdict *v, char (*ret_digest)[65])
{
    bool novel = has_novel(v);
    size_t n = 0;
    for (size_t i = 0; i < v->n_spectra && n < NPS_MAX_SPECTRA; i++)
        if (counts(v->spectra[i], novel))
            memcpy(ret_digest[n++], v->spectra[i]->input_digest, 65);
    return n;
}

/* The best analogue of all spectra; NULL when no spectrum has one. */
static const nps_analog *nearest_of(const nps_sample_verdict *v)
{
    const nps_analog *best = NULL;
    for (size_t i = 0; i < v->n_spectra; i++)
        for (size_t k = 0; k < v->spectra[i]->n_analogs; k++)
            if (!best || v->spectra[i]->analogs[k].score > best->score)
                best = &v->spectra[i]->analogs[k];
    return best;
}

static void put_words(nps_jw *w, const nps_library *lib, const nps_sample_verdict *v)
{
    const nps_analog *a = nearest_of(v);
    NPS_AUTO_BUF title = NPS_BUF_INIT((size_t)1 << 20);
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_buf_puts(&title, "Unknown substance");
    if (a) {
        nps_buf_printf(&title, ", nearest to %s", nps_library_text(lib, lib->sub_name[a->substance]));
        if (fabs(a->delta_mass) >= 0.0005)
            nps_buf_printf(&title, " %+.*f Da", a->delta_mass == rint(a->delta_mass) ? 0 : 3, a->delta_mass);
        if (a->n_formula)
            nps_buf_printf(&title, " (%s)", nps_analog_formula(a));
    }
    nps_buf_printf(&text,
                   "A sample of good quality fits no substance of the reference library (generation %s, error rate %g, "
                   "ruleset %d). This is an automatic finding that no person has reviewed yet.",
                   lib->generation, v->alpha, NPS_RULESET);
    /* Known substances cut with each other fit no single one: whoever reviews the case should see that first. */
    const nps_mixture *mixture = NULL;
    for (size_t i = 0; i < v->n_spectra && !mixture; i++)
        mixture = v->spectra[i]->mixture;
    if (mixture) {
        nps_buf_putc(&text, ' ');
        nps_report_mixture_statement(&text, lib, mixture);
    }
    if (lib->generated)
        nps_buf_puts(&text, " The library holds generated demonstration spectra: this finding means nothing in the world.");
    nps_buf_fail_with(w->out, &title);
    nps_buf_fail_with(w->out, &text);
    nps_jw_str(w, "title", title.data ? title.data : "");
    nps_jw_str(w, "text", text.data ? text.data : "");
}

static bool was_put(const nps_analog *const *put, size_t n, const nps_analog *a)
{
    for (size_t i = 0; i < n; i++)
        if (put[i]->substance == a->substance)
            return true;
    return false;
}

/* Each substance once: with the entry that fits best, which comes first. */
static void put_nearest(nps_jw *w, const nps_library *lib, const nps_sample_verdict *v)
{
    const nps_analog *put[NEAREST];
    size_t n = 0;
    nps_jw_array(w, "nearest");
    for (size_t i = 0; i < v->n_spectra; i++)
        for (size_t k = 0; k < v->spectra[i]->n_analogs && n < NEAREST; k++) {
            const nps_analog *a = &v->spectra[i]->analogs[k];
            if (was_put(put, n, a))
                continue;
            put[n++] = a;
            nps_jw_object(w, NULL);
            nps_jw_str(w, "technique", nps_technique_name(v->spectra[i]->technique));
            nps_jw_str(w, "name", nps_library_text(lib, lib->sub_name[a->substance]));
            nps_jw_str(w, "inchikey", nps_library_text(lib, lib->sub_inchikey[a->substance]));
            nps_jw_str(w, "class", nps_library_text(lib, lib->sub_class[a->substance]));
            nps_jw_num(w, "score", a->score, 4);
            nps_jw_num(w, "delta_mass", a->delta_mass, 4);
            nps_jw_str(w, "delta_formula", nps_analog_formula(a));
            nps_jw_end(w);
        }
    nps_jw_end(w);
}

static void put_classes(nps_jw *w, const nps_library *lib, const nps_sample_verdict *v)
{
    nps_jw_array(w, "classes");
    for (size_t i = 0; i < v->n_spectra; i++)
        for (size_t k = 0; k < v->spectra[i]->n_classes && k < 3; k++) {
            nps_jw_object(w, NULL);
            nps_jw_str(w, "technique", nps_technique_name(v->spectra[i]->technique));
            nps_jw_str(w, "class", nps_library_text(lib, v->spectra[i]->classes[k].class_name));
            nps_jw_num(w, "p", v->spectra[i]->classes[k].p, 4);
            nps_jw_end(w);
        }
    nps_jw_end(w);
}

void nps_case_summary(nps_buf *out, const nps_library *lib, const nps_sample_verdict *v)
{
    char digest[NPS_MAX_SPECTRA][65];
    bool seen[NPS_TECH_COUNT] = {false};
    nps_jw w = nps_jw_init(out);
    nps_jw_object(&w, NULL);
    put_words(&w, lib, v);
    nps_jw_array(&w, "techniques");
    for (size_t i = 0; i < v->n_spectra; i++)
        if (!seen[v->spectra[i]->technique]) {
            seen[v->spectra[i]->technique] = true;
            nps_jw_str(&w, NULL, nps_technique_name(v->spectra[i]->technique));
        }
    nps_jw_end(&w);
    put_nearest(&w, lib, v);
    put_classes(&w, lib, v);
    nps_jw_object(&w, "library");
    nps_jw_str(&w, "generation", lib->generation);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_bool(&w, "measured", !lib->generated);
    nps_jw_end(&w);
    nps_jw_num(&w, "alpha", v->alpha, 6);
    nps_jw_array(&w, "input_digests");
    size_t n = nps_case_digests(v, digest);
    for (size_t i = 0; i < n; i++)
        nps_jw_str(&w, NULL, digest[i]);
    nps_jw_end(&w);
    nps_jw_end(&w);
}
