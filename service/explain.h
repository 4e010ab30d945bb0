/* Why a verdict is what it is, in sentences with numbers: the same words in text, JSON, page and report. Pure; each function
 * appends to b, without a line's end, and appends nothing where there is nothing to say.
 *
 * Of references that are not open to all neither peaks nor contributions are told, as enough made-up queries could rebuild a
 * spectrum from them. Open to all means nps_library_entry_is_public: what is told must not depend on the day. */
#ifndef NPS_SERVICE_EXPLAIN_H
#define NPS_SERVICE_EXPLAIN_H

#include "core/buf.h"
#include "reference-lib/verdict.h"

/* The outcome in words for people: "presumptive identification"; "identified" only where the minimum scheme of SWGDRUG and ASTM
 * E2329 is met, which one technique alone never does. */
const char *nps_explain_headline(nps_outcome outcome, bool minimum_scheme);

/* One sentence about hit i: in or out, and why. Names up to three of what contributes most to its evidence, each with what it
 * adds against a typical pair of one substance; of a hit too far behind the best: against the best. Measures of the query alone
 * and what adds less than NPS_EXPLAIN_LEAST are not named. */
#define NPS_EXPLAIN_LEAST 0.1
void nps_explain_hit(nps_buf *b, const nps_library *lib, const nps_verdict *v, size_t i);
/* What its numbers mean; one sentence for the whole table. */
extern const char nps_explain_legend[];

/* Substances that any spectrum of the sample leaves possible: the joint set first, in its order, then those that another
 * spectrum excludes. Returns their number; none where there is one spectrum, whose hits say it all. */
enum { NPS_EXPLAIN_CANDIDATES = 20 };
size_t nps_explain_candidates(const nps_sample_verdict *v, uint32_t ret_substance[NPS_EXPLAIN_CANDIDATES]);
/* One sentence: in or out of the joint set, and by which spectra. */
void nps_explain_candidate(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v, uint32_t substance);

/* What the best hit explains of the query, and which peaks have no partner, or why they are not told. */
void nps_explain_unexplained(nps_buf *b, const nps_library *lib, const nps_verdict *v);

/* How far the library covers what the query resembles, and its mass. */
void nps_explain_blindness(nps_buf *b, const nps_library *lib, const nps_verdict *v);

/* Advice i: what would help next, and what the library has to compare it with. */
void nps_explain_advice(nps_buf *b, const nps_verdict *v, size_t i);

/* "on 245 replicate pairs of rich spectra (library)": continues "calibrated". */
void nps_explain_basis(nps_buf *b, const nps_verdict *v);
/* What the evidence is made with, and from which data that was fitted. */
void nps_explain_model(nps_buf *b, const nps_verdict *v);
/* What speaks against relying on the stated error rate. @param doubts  NPS_DOUBT_* bits */
void nps_explain_doubts(nps_buf *b, unsigned doubts);

/* Decimals to show of a mass or m/z: none of a nominal one, where they would claim more than was measured. */
int nps_explain_decimals(double mass);

#endif
