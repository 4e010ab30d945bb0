/* The answer about one spectrum, or about one sample of several spectra. Plain data; indices point into the library
 * generation that made it, which must be kept (pinned) as long as texts are looked up. */
#ifndef NPS_REFERENCE_LIB_VERDICT_H
#define NPS_REFERENCE_LIB_VERDICT_H

#include "reference-lib/evidence.h"
#include "spectra/formula.h"

enum { NPS_RULESET = 4 }; /* version of every threshold and coefficient in evidence.c, candidates.c, threshold.h, match.c, analog.c,
                           * mixture.c, index.h; part of each verdict */

typedef enum { NPS_IDENTIFIED, NPS_AMBIGUOUS, NPS_NOVEL, NPS_UNUSABLE } nps_outcome;
const char *nps_outcome_name(nps_outcome o); /* "identified", "ambiguous", "novel", "unusable" */

typedef struct {
    uint32_t entry, substance;
    double evidence;  /* ln odds of this substance against "none of the library" by this pair alone (evidence.h) */
    double conformity; /* from it and the odds that the library holds the substance (evidence.h): what the threshold is compared with */
    bool in_set;      /* its substance belongs to the verdict's set */
    double feature[NPS_FEATURE_MAX];      /* what the evidence rests on (nps_evidence_features) */
    double contribution[NPS_FEATURE_MAX]; /* what each adds to the evidence, against a typical pair of one substance */
    double score;     /* [0, 1] the technique's main similarity (ei: weighted cosine; msms: spectral entropy; ir: correlation) */
    double reverse;   /* [0, 1] the same over the peaks of the reference only */
    double explained; /* [0, 1] part of the query's intensity that the reference explains */
    uint32_t matched; /* peaks, or points of a trace, in common */
    /* ir, raman */
    double first_cm1, last_cm1; /* range that was compared */
    double moved_cm1;           /* by which the query was moved up */
} nps_hit;

/* A peak of the query, or of a reference, without a partner. */
typedef struct {
    double mz, share; /* (0, 1] of its list's intensity */
} nps_lone_peak;
enum { NPS_LONE_PEAKS = 10 };

/* How much the library knows of what the query resembles. */
typedef struct {
    uint32_t class_name;  /* text id */
    uint32_t substances;  /* of this class with a spectrum of the query's technique */
    uint16_t newest_year; /* of their entries' dates; 0: no entry of the class tells its date */
} nps_class_coverage;
enum { NPS_COVERED_CLASSES = 3 };

/* A measurement that would narrow the set down, or tell what a novel substance is. */
typedef struct {
    nps_technique technique;
    double energy_ev;      /* msms: energy at which most of these references were measured; 0: not known */
    uint32_t substances;   /* of those in question that the library has by this technique ... */
    uint32_t of;           /* ... and how many are in question */
} nps_advice;
enum { NPS_ADVICE_MAX = 4 };

typedef struct {
    uint32_t substance;
    double p; /* probability among the candidates and "something else" */
} nps_member;

/* A query peak that a reference peak explains when it is moved by the analogue's mass difference. */
typedef struct {
    double query_mz, reference_mz;
    double share; /* (0, 1] of the analogue's score */
} nps_analog_pair;
enum { NPS_ANALOG_PAIRS = 8 };

typedef struct {
    uint32_t entry, substance;
    double score;      /* [0, 1] direct and shifted peaks together, each peak used once (ei: analog.h; msms: search.h) */
    double plain;      /* [0, 1] the same of the direct peaks alone */
    bool mass_agrees;  /* ei: the entry's mass and the shift give the estimated molecular mass */
    double delta_mass; /* Da, query minus reference */
    nps_formula_change formula[NPS_FORMULA_LIST]; /* likely changes, most plausible first */
    size_t n_formula;
    uint32_t direct, shifted; /* matched peaks */
    nps_analog_pair pair[NPS_ANALOG_PAIRS]; /* shifted ones, largest share first; none where the entry is not open to all */
    size_t n_pair;
} nps_analog;
/* The most plausible change, "" when nothing plausible fits. */
static inline const char *nps_analog_formula(const nps_analog *a) { return a->n_formula ? a->formula[0].text : ""; }

typedef struct {
    uint32_t class_name; /* text id */
    double p;
} nps_class;

enum { NPS_MIXTURE_MAX = 6, NPS_ALIKE_MAX = 5 };

typedef struct {
    uint32_t entry, substance;
    double share;  /* (0, 1] of the explained signal; all add up to 1. Mass spectra: of the ions; traces: of the bands' norm */
    double gain;   /* explained by all less explained by all others */
    double worth;  /* [0, 1] part of what the others leave unexplained that it explains; the first one: of everything */
    uint32_t alike[NPS_ALIKE_MAX]; /* further substances that would explain nearly as much in its place, best first */
    size_t n_alike;
} nps_component;

typedef struct {
    nps_technique technique;
    nps_component component[NPS_MIXTURE_MAX]; /* largest share first */
    size_t n;         /* 0: no entry of the library has anything in common with the query */
    double explained; /* [0, 1] part of the query's signal (weighted sum of squares) */
    double single;    /* [0, 1] the same by the best one alone */
    /* What is left: query less components, in the query's own units. */
    float *residual_y;   /* traces: [NPS_IR_GRID_N], NaN where nothing was compared, can be below 0; otherwise NULL */
    nps_peaks residual;  /* mass spectra: peaks of which something is left */
} nps_mixture;
void nps_mixture_free(nps_mixture *m);
NPS_DEFINE_FREEP(nps_mixture)

/* Why a calibration may not fit. */
enum {
    NPS_DOUBT_FEW = 1,        /* too few pairs to exclude anything at this alpha: every candidate is in the set */
    NPS_DOUBT_GENERAL = 2,    /* the pairs are not of this library: the program's general table */
    NPS_DOUBT_GENERATION = 4, /* own pairs were compared with another generation of the library */
    NPS_DOUBT_DRIFT = 8       /* own pairs agree differently with their references than the library's pairs with each other */
};
const char *nps_doubt_text(unsigned bit); /* one clause: "the library has changed since ..." */

typedef struct {
    nps_outcome outcome;
    nps_technique technique;
    double alpha;
    double p_known; /* probability that the substance is in the library, at even odds beforehand */
    nps_member *set;
    size_t n_set;
    nps_hit *hits;
    size_t n_hits;
    nps_analog *analogs;
    size_t n_analogs;
    /* ei: nominal molecular mass that the analogues and the molecular ion agree on; 0: none. Analogues whose own mass and
     * shift give it are listed first. */
    int32_t molecular_mass;
    uint32_t mass_support; /* substances that propose it */
    nps_class *classes;
    size_t n_classes;
    /* Of the best hit: what of the query it lacks, and what of it the query lacks, largest first; nothing is
     * told where that reference is not open to all. */
    nps_lone_peak unexplained[NPS_LONE_PEAKS], missing[NPS_LONE_PEAKS];
    size_t n_unexplained, n_missing;
    /* How blind the library is here: its coverage of the classes voted for, best first, and of the query's mass. */
    nps_class_coverage covered[NPS_COVERED_CLASSES];
    size_t n_covered;
    double mass;            /* Da or m/z: precursor, or estimated molecular mass; 0: not known */
    uint32_t mass_entries;  /* entries of the technique at it: precursor within tolerance, or nominal mass equal */
    nps_advice advice[NPS_ADVICE_MAX]; /* most useful first */
    size_t n_advice;
    /* The threshold and how well it is known. */
    nps_calibration_source calibration;
    uint64_t calibration_n; /* pairs that the threshold was taken from */
    bool refitted;          /* evidence by coefficients that were refitted on the laboratory's own replicates */
    nps_kind kind;          /* of spectrum; NPS_KIND_ANY: the threshold is that of all kinds */
    unsigned doubts;        /* NPS_DOUBT_* bits: why the stated coverage may not hold */
    double threshold;                   /* conformity at and above which a substance belongs to the set */
    double coverage_low, coverage_high; /* 90 % interval of the true coverage for this many pairs (Beta distribution) */
    nps_mixture *mixture; /* owned; NULL: not asked for, or none (mixture.h) */
    /* ir, raman: how query and references were prepared and compared. */
    nps_trace_prep trace_prep;
    double max_lag_cm1; /* whole steps of the grid */
    /* Quality. */
    unsigned quality;                  /* bits: spectra/quality.h */
    size_t repairs[NPS_REPAIR_COUNT];  /* what the reader repaired */
    char input_digest[65];             /* BLAKE2b-256 of the spectrum as searched, hex */
    const struct nps_control_view *control; /* borrowed; how control status is told (control_view.h); NULL: not at all */
} nps_verdict;

void nps_verdict_free(nps_verdict *v);
NPS_DEFINE_FREEP(nps_verdict)

/* Kinds of evidence that the minimum scheme counts; the retention index of a reference within NPS_RETENTION_TOL of the
 * query's (between laboratories, columns of one phase). */
enum { NPS_SUPPORT_MASS = 1, NPS_SUPPORT_INFRARED = 2, NPS_SUPPORT_RAMAN = 4, NPS_SUPPORT_RETENTION = 8 };
#define NPS_RETENTION_TOL 20.0
const char *nps_support_name(unsigned bit); /* "mass spectrometry", ... */

/* Several spectra of one sample. The set is what no technique excludes; a technique by which the library has no spectrum of
 * a substance cannot exclude it. Each spectrum is asked at alpha / n, so that the joint set keeps the coverage 1 - alpha
 * (Bonferroni). */
typedef struct {
    nps_outcome outcome;
    double alpha, p_known;
    nps_member *set;
    size_t n_set;
    nps_verdict **spectra; /* [n_spectra], owned, in the order given */
    size_t n_spectra;
    bool conflict;         /* each usable spectrum fits something, but no substance fits them all: ambiguous, set of all */
    unsigned support;      /* NPS_SUPPORT_* bits: what supports the one substance that is left */
    bool minimum_scheme;   /* two different techniques, one of them of SWGDRUG category A (ASTM E2329), support it */
    char missing[120];     /* what the minimum scheme still asks for; "" when met */
    const struct nps_control_view *control; /* as in nps_verdict */
} nps_sample_verdict;

void nps_sample_verdict_free(nps_sample_verdict *v);
NPS_DEFINE_FREEP(nps_sample_verdict)

#endif
