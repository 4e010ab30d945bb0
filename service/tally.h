/* Counts of how often contributions were among the hits of questions that leave no trace: kept in memory, handed to the store
 * now and then. Any thread. */
#ifndef NPS_SERVICE_TALLY_H
#define NPS_SERVICE_TALLY_H

#include "service/store_notices.h"

typedef struct nps_tally nps_tally;
NPS_MUST_CHECK nps_status nps_tally_new(nps_tally **ret_tally, nps_err *err);
void nps_tally_free(nps_tally *t);
/* Beyond what there is room for until the next flush, counts are lost. */
void nps_tally_add(nps_tally *t, const char *contribution, const char *day);
NPS_MUST_CHECK nps_status nps_tally_flush(nps_tally *t, nps_store *s, nps_err *err);

#endif
