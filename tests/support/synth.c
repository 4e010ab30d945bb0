#include "tests/support/synth.h"

#include <math.h>

static nps_spectrum *new_spectrum(nps_technique t)
{
    nps_spectrum *s = NULL;
    nps_err err;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    s->technique = t;
    return s;
}

static void push(nps_spectrum *s, double mz, double intensity)
{
    nps_err err;
    assert_ok(nps_peaks_push(&s->peaks, mz, intensity, NULL, 0, 100000, &err), &err);
}

/* Few strong, many weak. */
static double height(uint64_t *r)
{
    double u = nps_test_uniform(r);
    return 5 + 995 * u * u * u;
}

nps_spectrum *synth_ei(uint64_t *r)
{
    nps_spectrum *s = new_spectrum(NPS_TECH_EI);
    double mz = 30;
    for (size_t i = 0, n = 12 + nps_test_random(r) % 49; i < n; i++) {
        push(s, mz, height(r));
        mz += (double)(1 + nps_test_random(r) % 9);
    }
    return s;
}

nps_spectrum *synth_msms(uint64_t *r)
{
    nps_spectrum *s = new_spectrum(NPS_TECH_MSMS);
    s->precursor_mz = 150.03 + 500 * nps_test_uniform(r);
    s->polarity = 1;
    size_t n = 6 + nps_test_random(r) % 35;
    double step = (s->precursor_mz - 2.2 - 40) / (double)n, mz = 40.0123;
    for (size_t i = 0; i < n; i++) {
        push(s, mz + (step - 0.12) * nps_test_uniform(r), height(r));
        mz += step;
    }
    return s;
}

nps_spectrum *synth_ir(uint64_t *r)
{
    nps_spectrum *s = new_spectrum(NPS_TECH_IR);
    nps_trace *t = &s->trace;
    t->n = 851;
    t->x0_cm1 = 500;
    t->dx_cm1 = 4;
    t->y = calloc(t->n, sizeof *t->y);
    assert_non_null(t->y);
    for (int band = 0; band < 25; band++) {
        double at = band < 18 ? 550 + 1300 * nps_test_uniform(r) : 2500 + 1300 * nps_test_uniform(r);
        double width = 8 + 30 * nps_test_uniform(r), top = 0.05 + nps_test_uniform(r);
        for (size_t i = 0; i < t->n; i++) {
            double d = (nps_trace_x(t, i) - at) / width;
            t->y[i] += (float)(top * exp(-0.5 * d * d));
        }
    }
    return s;
}

nps_spectrum *synth_of(nps_technique t, uint64_t *r)
{
    return t == NPS_TECH_EI ? synth_ei(r) : t == NPS_TECH_MSMS ? synth_msms(r) : synth_ir(r);
}

nps_spectrum *synth_peaks(nps_technique t, double precursor, const double *mz, const float *intensity, size_t n)
{
    nps_spectrum *s = new_spectrum(t);
    s->precursor_mz = precursor;
    for (size_t i = 0; i < n; i++)
        push(s, mz[i], (double)intensity[i]);
    return s;
}

static double normal(uint64_t *r)
{
    double u = nps_test_uniform(r), v = nps_test_uniform(r);
    return sqrt(-2 * log(1 - u)) * cos(2 * 3.14159265358979323846 * v);
}

nps_spectrum *synth_replicate(const nps_spectrum *s, double noise, uint64_t *r)
{
    nps_spectrum *c = new_spectrum(s->technique);
    nps_err err;
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++)
        synth_text(c, (nps_text_field)f, s->text[f]);
    c->precursor_mz = s->precursor_mz;
    c->polarity = s->polarity;
    c->exact_mass = s->exact_mass;
    c->nominal_mass = s->nominal_mass;
    for (size_t i = 0; i < s->peaks.n; i++)
        push(c, s->peaks.mz[i], (double)s->peaks.intensity[i] * exp(noise * normal(r)));
    for (int k = 0; k < 2 && s->peaks.n && noise > 0; k++)
        push(c, s->peaks.mz[0] + 1 + (double)(nps_test_random(r) % 80), 6);
    assert_ok(nps_peaks_settle(&c->peaks, NULL, &err), &err);
    if (s->trace.n) {
        c->trace = s->trace;
        c->trace.y = calloc(s->trace.n, sizeof *c->trace.y);
        assert_non_null(c->trace.y);
        for (size_t i = 0; i < s->trace.n; i++)
            c->trace.y[i] = (float)((double)s->trace.y[i] + noise * 0.2 * normal(r));
    }
    return c;
}

void synth_text(nps_spectrum *s, nps_text_field f, const char *text)
{
    free(s->text[f]);
    s->text[f] = text ? strdup(text) : NULL;
    assert_true(!text || s->text[f]);
}

const char *synth_inchikey(unsigned n)
{
    static _Thread_local char key[28];
    for (int i = 13; i >= 0; i--, n /= 26)
        key[i] = (char)('A' + n % 26);
    memcpy(key + 14, "-UHFFFAOYSA-N", 14);
    return key;
}

void synth_label(nps_spectrum *s, unsigned substance, unsigned lab)
{
    char text[64];
    snprintf(text, sizeof text, "substance %u", substance);
    synth_text(s, NPS_TEXT_NAME, text);
    synth_text(s, NPS_TEXT_INCHIKEY, synth_inchikey(substance));
    snprintf(text, sizeof text, "lab %u", lab);
    synth_text(s, NPS_TEXT_CONTRIBUTOR, text);
    snprintf(text, sizeof text, "s%u-lab %u", substance, lab);
    synth_text(s, NPS_TEXT_ID, text);
}

nps_builder *synth_builder(nps_note_fn *note, void *arg)
{
    nps_build_options o = {.name = "synthetic",
                           .builder = "tests",
                           .created = "2026-11-23T12:00:00Z",
                           .licence = "none needed",
                           .note = note,
                           .note_arg = arg};
    nps_builder *b = NULL;
    nps_err err;
    assert_ok(nps_builder_new(&o, &b, &err), &err);
    assert_ok(nps_builder_source(b, "synth.msp", NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
    return b;
}

void synth_add(nps_builder *b, const nps_spectrum *s)
{
    nps_err err;
    assert_ok(nps_builder_add(b, s, NULL, &err), &err);
}

nps_library *synth_finish(nps_builder *b)
{
    nps_library *lib = NULL;
    nps_err err;
    assert_ok(nps_builder_finish(b, 2, &lib, &err), &err);
    nps_builder_free(b);
    return lib;
}

nps_verdict *synth_verdict(const nps_library *lib, const nps_spectrum *s)
{
    NPS_AUTO(nps_workspace) w = NULL;
    nps_match_options o = nps_match_options_default();
    nps_verdict *v = NULL;
    nps_err err;
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match(lib, s, &o, w, &v, &err), &err);
    return v;
}

synth_set synth_library(const synth_plan *p)
{
    uint64_t r = p->seed;
    const struct {
        nps_technique t;
        bool wanted;
    } kinds[] = {{NPS_TECH_EI, p->ei}, {NPS_TECH_MSMS, p->msms}, {NPS_TECH_IR, p->ir}};
    synth_set set = {.s = calloc(3 * p->substances * p->labs, sizeof *set.s)};
    assert_non_null(set.s);
    nps_builder *b = synth_builder(NULL, NULL);
    for (size_t k = 0; k < 3; k++)
        for (unsigned i = 0; i < p->substances && kinds[k].wanted; i++) {
            nps_spectrum *pure = synth_of(kinds[k].t, &r);
            for (unsigned lab = 0; lab < p->labs; lab++) {
                nps_spectrum *s = synth_replicate(pure, p->noise, &r);
                synth_label(s, i, lab);
                synth_add(b, s);
                set.s[set.n++] = s;
            }
            nps_spectrum_free(pure);
        }
    set.lib = synth_finish(b);
    assert_int_equal(set.lib->n_entry, set.n);
    return set;
}

void synth_set_done(synth_set *s)
{
    for (size_t i = 0; i < s->n; i++)
        nps_spectrum_free(s->s[i]);
    free(s->s);
    nps_library_release(s->lib);
    *s = (synth_set){0};
}
