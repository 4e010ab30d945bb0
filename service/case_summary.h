/* What a novel verdict tells the world: the summary that goes into the case, the feed and the webhook. Nothing in it says
 * who sent the sample: no name of a file, sample, laboratory or country. */
#ifndef NPS_SERVICE_CASE_SUMMARY_H
#define NPS_SERVICE_CASE_SUMMARY_H

#include "reference-lib/verdict.h"
#include "service/json.h"

/* One JSON object: title, text, techniques, nearest (at most 5), classes, library, alpha, input_digests. */
void nps_case_summary(nps_buf *out, const nps_library *lib, const nps_sample_verdict *v);

/* Input digests by which samples join a case: those of the novel spectra, or of all usable ones when none is novel by
 * itself. @param ret_digest [NPS_MAX_SPECTRA]; returns their number */
size_t nps_case_digests(const nps_sample_verdict *v, char (*ret_digest)[65]);

#endif
