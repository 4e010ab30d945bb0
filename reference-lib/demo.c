#include "reference-lib/demo.h"

#include "reference-lib/build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the generator invents: families share a fragment pattern, members differ by substituents that move a part of it,
 * laboratories differ in mass-dependent sensitivity, noise and threshold. */
enum {
    N_FAMILY = 6,
    N_MEMBER = 12, /* in the library; further ones are kept out to be novel */
    N_NOVEL_MEMBER = 2,
    N_LAB = 3,
    N_CORE_ION = 10,
    N_SIDE_ION = 8,
    N_BAND = 14,
    N_SAMPLE_MAX = 24,
    SEED = 20260101
};

typedef struct {
    uint64_t state;
} rng;

/* xorshift64* (Vigna 2016). */
static uint64_t next(rng *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * UINT64_C(2685821657736338717);
}

static double uniform(rng *r, double low, double high)
{
    return low + (high - low) * (double)(next(r) >> 11) * 0x1p-53;
}

static double gaussian(rng *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(r, 0, 1);
    return sum;
}

/* An independent stream for a thing named by numbers, so that adding one thing does not change the others. */
static rng stream(unsigned a, unsigned b, unsigned c)
{
    rng r = {(uint64_t)SEED * UINT64_C(0x9E3779B97F4A7C15) ^ ((uint64_t)a << 40 | (uint64_t)b << 20 | c)};
    for (int i = 0; i < 8; i++)
        next(&r);
    return r;
}

typedef struct {
    char name[48], class_name[32];
    double mass;           /* monoisotopic, Da */
    int n_ion;
    double ion[40], height[40];  /* Th, share of the base peak */
    double band[N_BAND], band_height[N_BAND], band_width[N_BAND]; /* cm-1 */
} substance;

struct nps_demo {
    substance family[N_FAMILY][N_MEMBER + N_NOVEL_MEMBER];
    substance unrelated;
    nps_spectrum *sample_spectrum[N_SAMPLE_MAX];
    char sample_file[N_SAMPLE_MAX][64];
    nps_demo_sample sample[N_SAMPLE_MAX];
    size_t n_sample;
};

static const char *const family_names[N_FAMILY] = {"Veldrane", "Quorine", "Tesmol", "Balixane", "Ormidel", "Zuvrine"};
static const char *const prefixes[N_MEMBER + N_NOVEL_MEMBER] = {"Ara", "Beno", "Cori", "Delu", "Efa",  "Fero", "Gila",
                                                                "Hemo", "Iso", "Jora", "Kedi", "Lumo", "Mira", "Novi"};

/* Mass moved by a member's substituent; 0 and repeated masses make look-alikes. */
static const double substituents[N_MEMBER + N_NOVEL_MEMBER] = {0,       14.01565, 14.01565, 28.0313, 15.99491,
                                                               17.99058, 33.96103, 30.01056, 42.04695, 26.01565,
                                                               77.91051, 44.98508, 56.0626,  67.98738};

static void add_ion(substance *s, double mz, double height)
{
    for (int i = 0; i < s->n_ion; i++)
        if (fabs(s->ion[i] - mz) < 0.3) {
            s->height[i] += height;
            return;
        }
    s->ion[s->n_ion] = mz;
    s->height[s->n_ion++] = height;
}

/* m/z with the mass defect of an organic ion. */
static double organic(double nominal)
{
    return floor(nominal) + 0.00048 * nominal;
}

static void invent(substance *s, unsigned family, unsigned member, double moved)
{
    /* Member 2 fragments like member 1: isomers that only another technique tells apart. */
    rng r = stream(family, 999, 0), own = stream(family, member == 2 ? 1 : member, 1), bands = stream(family, member, 2);
    double core = uniform(&r, 210, 300);
    s->mass = organic(core) + moved;
    double weight = 1;
    /* Ions of the core stay, ions with the substituent move. */
    for (int i = 0; i < N_CORE_ION; i++, weight *= 0.8)
        add_ion(s, organic(uniform(&r, 45, core - 60)), weight * uniform(&r, 0.3, 1));
    weight = 0.9;
    for (int i = 0; i < N_SIDE_ION; i++, weight *= 0.8)
        add_ion(s, organic(uniform(&r, 70, core - 15)) + moved, weight * uniform(&r, 0.3, 1));
    add_ion(s, s->mass, uniform(&r, 0.05, 0.5));
    for (int i = 0; i < 4; i++)
        add_ion(s, organic(uniform(&own, 41, core - 20)), uniform(&own, 0.03, 0.3));
    for (int i = 0; i < s->n_ion; i++)
        s->height[i] *= exp(0.25 * gaussian(&own));
    for (int i = 0; i < N_BAND; i++) {
        s->band[i] = uniform(&r, 620, 1780) + (i % 3 == 0 ? uniform(&bands, -40, 40) : 0);
        s->band_height[i] = uniform(&r, 0.1, 1) * exp(0.4 * gaussian(&bands));
        s->band_width[i] = uniform(&r, 6, 18);
    }
}

static nps_status set_texts(nps_spectrum *s, const substance *sub, unsigned lab, nps_err *err)
{
    char lab_name[40], date[16];
    snprintf(lab_name, sizeof lab_name, "Generator %u", lab + 1);
    snprintf(date, sizeof date, "%u", 2014 + (unsigned)sub->mass % 12);
    const struct {
        const char *key, *value;
    } pairs[] = {{"Name", sub->name},
                 {"Class", sub->class_name},
                 {"Contributor", lab_name},
                 {"License", "CC0-1.0"},
                 {"Date", date},
                 {"Comment", "generated, not measured; invented substance"}};
    nps_status st = NPS_OK;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && st == NPS_OK; i++)
        st = nps_spectrum_take_pair(s, nps_span_of(pairs[i].key), nps_span_of(pairs[i].value), err);
    s->exact_mass = sub->mass;
    s->nominal_mass = (int)sub->mass;
    return st;
}

static double counts(double height, double factor, rng *r)
{
    return floor(999 * height * factor * exp(0.08 * gaussian(r)) + uniform(r, 0, 1.5));
}

static nps_status make_ei(const substance *sub, unsigned lab, rng *r, nps_spectrum *s, nps_err *err)
{
    nps_status st = NPS_OK;
    double tilt = ((double)lab - 1) * 0.0015;
    s->technique = NPS_TECH_EI;
    for (int i = 0; i < sub->n_ion && st == NPS_OK; i++) {
        double y = counts(sub->height[i], exp(tilt * (sub->ion[i] - 150)), r);
        double mz = floor(sub->ion[i] + 0.1);
        if (y >= 1)
            st = nps_peaks_push(&s->peaks, mz, y, NULL, 0, 1000, err);
        /* Carbon-13: about 1.1 % a carbon, a carbon for every 14 Da. */
        double heavy = floor(y * 0.011 * mz / 14);
        if (st == NPS_OK && heavy >= 1)
            st = nps_peaks_push(&s->peaks, mz + 1, heavy, NULL, 0, 1000, err);
    }
    for (int i = 0; i < 6 && st == NPS_OK; i++)
        st = nps_peaks_push(&s->peaks, floor(uniform(r, 40, sub->mass)), floor(uniform(r, 1, 6)), NULL, 0, 1000, err);
    return st;
}

static nps_status make_msms(const substance *sub, unsigned lab, rng *r, nps_spectrum *s, nps_err *err)
{
    static const char *const energies[N_LAB] = {"15 eV", "20 eV", "30 eV"};
    nps_status st = nps_spectrum_take_pair(s, nps_span_of("Collision_energy"), nps_span_of(energies[lab]), err);
    if (st == NPS_OK)
        st = nps_spectrum_take_pair(s, nps_span_of("Precursor_type"), nps_span_of("[M+H]+"), err);
    s->technique = NPS_TECH_MSMS;
    s->precursor_mz = sub->mass + 1.007276;
    s->polarity = 1;
    for (int i = 1; i < sub->n_ion && st == NPS_OK; i += 2) {
        double y = counts(sub->height[i], exp(-0.002 * (double)lab * (sub->ion[i] - 120)), r);
        double mz = sub->ion[i] + 1.0073 + 0.0008 * gaussian(r);
        if (y >= 5 && mz < s->precursor_mz - 2)
            st = nps_peaks_push(&s->peaks, mz, y, NULL, 0, 1000, err);
    }
    return st;
}

static nps_status make_trace(nps_technique t, size_t n, nps_trace *ret, nps_spectrum *s, nps_err *err)
{
    s->technique = t;
    *ret = (nps_trace){.n = n, .x0_cm1 = 600, .dx_cm1 = 2, .y = nps_array(n, sizeof *ret->y)};
    return ret->y ? NPS_OK : nps_fail_nomem(err);
}

static nps_status make_ir(const substance *sub, unsigned lab, rng *r, nps_spectrum *s, nps_err *err)
{
    nps_status st = make_trace(NPS_TECH_IR, 1701, &s->trace, s, err);
    double slope = 1e-5 * ((double)lab - 1), thickness = uniform(r, 0.5, 1.5);
    for (size_t i = 0; st == NPS_OK && i < s->trace.n; i++) {
        double x = 600 + 2 * (double)i, y = 0.02 + slope * (x - 600);
        for (int b = 0; b < N_BAND; b++) {
            double d = (x - sub->band[b]) / sub->band_width[b];
            y += thickness * 0.6 * sub->band_height[b] / (1 + d * d);
        }
        double d = (x - 2930) / 25;
        y += thickness * 0.4 / (1 + d * d);
        s->trace.y[i] = (float)(y + 0.002 * gaussian(r));
    }
    return st;
}

/* The same vibrations, narrower and of other heights, on the fluorescence that nearly every sample adds. */
static nps_status make_raman(const substance *sub, rng *r, nps_spectrum *s, nps_err *err)
{
    nps_status st = make_trace(NPS_TECH_RAMAN, 1351, &s->trace, s, err);
    double fluorescence = uniform(r, 0.5, 4), centre = uniform(r, 1500, 2500), laser = uniform(r, 500, 2000);
    for (size_t i = 0; st == NPS_OK && i < s->trace.n; i++) {
        double x = 600 + 2 * (double)i, away = (x - centre) / 1400, y = fluorescence * exp(-away * away);
        for (int b = 0; b < N_BAND; b++) {
            double d = (x - sub->band[b]) / (0.5 * sub->band_width[b]);
            y += sub->band_height[(5 * b + 3) % N_BAND] / (1 + d * d);
        }
        double d = (x - 2940) / 20;
        y += 1.2 / (1 + d * d);
        s->trace.y[i] = (float)(laser * (y + 0.01 * gaussian(r)));
    }
    return st;
}

static nps_status make_spectrum(const substance *sub, nps_technique t, unsigned lab, unsigned number,
                                nps_spectrum **ret, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    rng r = stream((unsigned)(sub->mass * 1000), (unsigned)t * 16 + lab, number);
    st = set_texts(s, sub, lab, err);
    if (st == NPS_OK)
        st = t == NPS_TECH_EI ? make_ei(sub, lab, &r, s, err)
             : t == NPS_TECH_MSMS ? make_msms(sub, lab, &r, s, err)
             : t == NPS_TECH_IR   ? make_ir(sub, lab, &r, s, err)
                                  : make_raman(sub, &r, s, err);
    if (st == NPS_OK)
        st = nps_spectrum_settle(s, err);
    if (st == NPS_OK)
        *ret = nps_steal(s);
    return st;
}

/* --- samples ------------------------------------------------------------------------------------------------------------ */

/* Takes over *s, and what an unknown would not say of itself out of it. */
static nps_status keep_sample(nps_demo *d, nps_spectrum **spectrum, const char *what, nps_err *err)
{
    NPS_ASSERT(d->n_sample < N_SAMPLE_MAX);
    size_t i = d->n_sample;
    nps_spectrum *s = d->sample_spectrum[i] = nps_steal(*spectrum);
    static const nps_text_field secrets[] = {NPS_TEXT_CLASS, NPS_TEXT_CONTRIBUTOR};
    for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++) {
        free(s->text[secrets[k]]);
        s->text[secrets[k]] = NULL;
    }
    s->exact_mass = 0;
    s->nominal_mass = 0;
    snprintf(d->sample_file[i], sizeof d->sample_file[i], "%s-%s", what, nps_technique_name(s->technique));
    free(s->text[NPS_TEXT_NAME]);
    s->text[NPS_TEXT_NAME] = nps_strndup(d->sample_file[i], strlen(d->sample_file[i]));
    if (!s->text[NPS_TEXT_NAME])
        return nps_fail_nomem(err);
    d->sample[i] = (nps_demo_sample){d->sample_file[i], s};
    d->n_sample++;
    return NPS_OK;
}

static nps_status measure(const nps_demo *d, const substance *sub, nps_technique t, unsigned part, nps_spectrum **ret,
                          nps_err *err)
{
    unsigned i = (unsigned)d->n_sample;
    return make_spectrum(sub, t, i % N_LAB, 77 + i + 100 * part, ret, err);
}

static nps_status add_sample(nps_demo *d, const substance *sub, nps_technique t, const char *what, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = measure(d, sub, t, 0, &s, err);
    return st == NPS_OK ? keep_sample(d, &s, what, err) : st;
}

/* Ions of a mass spectrum; of a trace the root of the sum of squares about its mean. */
static double signal_of(const nps_spectrum *s)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < s->peaks.n; i++)
        sum += (double)s->peaks.intensity[i];
    if (!s->trace.n)
        return sum;
    for (size_t i = 0; i < s->trace.n; i++) {
        sum += (double)s->trace.y[i];
        squares += (double)s->trace.y[i] * (double)s->trace.y[i];
    }
    return sqrt(squares - sum * sum / (double)s->trace.n);
}

/* Adds `by` times the peaks of b, at whole m/z, to those of a. */
static nps_status add_peaks(nps_spectrum *a, const nps_spectrum *b, double by, nps_err *err)
{
    enum { MZ_MAX = 1000 };
    NPS_AUTO_MEM(double *) sum = nps_array(MZ_MAX, sizeof *sum);
    if (!sum)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < a->peaks.n; i++)
        sum[(size_t)a->peaks.mz[i]] += (double)a->peaks.intensity[i];
    for (size_t i = 0; i < b->peaks.n; i++)
        sum[(size_t)b->peaks.mz[i]] += by * (double)b->peaks.intensity[i];
    nps_peaks_done(&a->peaks);
    nps_status st = NPS_OK;
    for (size_t mz = 1; mz < MZ_MAX && st == NPS_OK; mz++)
        if (sum[mz] >= 1)
            st = nps_peaks_push(&a->peaks, (double)mz, floor(sum[mz]), NULL, 0, MZ_MAX, err);
    return st == NPS_OK ? nps_spectrum_settle(a, err) : st;
}

/* Two substances, 60:40 by signal. */
static nps_status add_mixture(nps_demo *d, const substance *more, const substance *less, nps_technique t, nps_err *err)
{
    NPS_AUTO(nps_spectrum) a = NULL;
    NPS_AUTO(nps_spectrum) b = NULL;
    nps_status st = measure(d, more, t, 0, &a, err);
    if (st == NPS_OK)
        st = measure(d, less, t, 1, &b, err);
    if (st != NPS_OK)
        return st;
    double by = 40.0 / 60 * signal_of(a) / signal_of(b);
    if (t == NPS_TECH_EI)
        st = add_peaks(a, b, by, err);
    for (size_t i = 0; i < a->trace.n; i++)
        a->trace.y[i] = (float)((double)a->trace.y[i] + by * (double)b->trace.y[i]);
    return st == NPS_OK ? keep_sample(d, &a, "mixture", err) : st;
}

static nps_status make_samples(nps_demo *d, nps_err *err)
{
    static const nps_technique techniques[] = {NPS_TECH_EI, NPS_TECH_MSMS, NPS_TECH_IR};
    nps_status st = NPS_OK;
    for (size_t t = 0; t < 3 && st == NPS_OK; t++) {
        st = add_sample(d, &d->family[0][4], techniques[t], "known", err);
        if (st == NPS_OK)
            st = add_sample(d, &d->family[2][1], techniques[t], "isomers", err);
        if (st == NPS_OK)
            st = add_sample(d, &d->family[1][N_MEMBER], techniques[t], "novel-a", err);
        if (st == NPS_OK)
            st = add_sample(d, &d->family[3][N_MEMBER + 1], techniques[t], "novel-b", err);
        if (st == NPS_OK)
            st = add_sample(d, &d->unrelated, techniques[t], "novel-unrelated", err);
    }
    if (st == NPS_OK)
        st = add_mixture(d, &d->family[0][4], &d->family[4][6], NPS_TECH_EI, err);
    if (st == NPS_OK)
        st = add_mixture(d, &d->family[0][4], &d->family[4][6], NPS_TECH_IR, err);
    if (st == NPS_OK)
        st = add_sample(d, &d->family[0][4], NPS_TECH_RAMAN, "known", err);
    return st;
}

nps_status nps_demo_new(nps_demo **ret_demo, nps_err *err)
{
    NPS_AUTO(nps_demo) d = nps_array(1, sizeof *d);
    if (!d)
        return nps_fail_nomem(err);
    for (unsigned f = 0; f < N_FAMILY; f++)
        for (unsigned m = 0; m < N_MEMBER + N_NOVEL_MEMBER; m++) {
            substance *s = &d->family[f][m];
            snprintf(s->name, sizeof s->name, "%s%c%s (invented)", prefixes[m], family_names[f][0] + 32,
                     family_names[f] + 1);
            snprintf(s->class_name, sizeof s->class_name, "%ss (invented)", family_names[f]);
            invent(s, f, m, substituents[m]);
        }
    snprintf(d->unrelated.name, sizeof d->unrelated.name, "Solitane (invented)");
    invent(&d->unrelated, 77, 0, 0);
    nps_status st = make_samples(d, err);
    if (st == NPS_OK)
        *ret_demo = nps_steal(d);
    return st;
}

void nps_demo_free(nps_demo *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < N_SAMPLE_MAX; i++)
        nps_spectrum_free(d->sample_spectrum[i]);
    free(d);
}

size_t nps_demo_n_samples(const nps_demo *d)
{
    return d ? d->n_sample : 0;
}

const nps_demo_sample *nps_demo_sample_get(const nps_demo *d, size_t i)
{
    return &d->sample[i];
}

/* --- library ------------------------------------------------------------------------------------------------------------ */

static nps_status add_replicates(nps_builder *b, const substance *sub, nps_err *err)
{
    static const nps_technique techniques[] = {NPS_TECH_EI, NPS_TECH_MSMS, NPS_TECH_IR, NPS_TECH_RAMAN};
    nps_status st = NPS_OK;
    for (size_t t = 0; t < sizeof techniques / sizeof *techniques; t++)
        for (unsigned lab = 0; lab < N_LAB && st == NPS_OK; lab++) {
            NPS_AUTO(nps_spectrum) s = NULL;
            st = make_spectrum(sub, techniques[t], lab, 0, &s, err);
            if (st == NPS_OK)
                st = nps_builder_add(b, s, NULL, err);
        }
    return st;
}

nps_status nps_demo_library(const nps_demo *d, const char *builder, const char *created, unsigned threads,
                            nps_library **ret_library, nps_err *err)
{
    NPS_AUTO(nps_builder) b = NULL;
    nps_build_options o = {.name = "Demonstration (generated, not measured)",
                           .builder = builder,
                           .created = created,
                           .licence = "CC0-1.0"};
    nps_status st = nps_builder_new(&o, &b, err);
    if (st == NPS_OK)
        st = nps_builder_source(b, "generator", NPS_VISIBLE_PUBLIC, NULL, NPS_ENTRY_GENERATED, err);
    for (unsigned f = 0; f < N_FAMILY; f++)
        for (unsigned m = 0; m < N_MEMBER && st == NPS_OK; m++)
            st = add_replicates(b, &d->family[f][m], err);
    if (st == NPS_OK)
        st = nps_builder_source_line(b, "generated by npswatch from a fixed seed; invented substances, not measured", err);
    return st == NPS_OK ? nps_builder_finish(b, threads, ret_library, err) : st;
}
