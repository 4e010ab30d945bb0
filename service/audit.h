/* The audit log: what was done, by whom, in the order in which it was committed. Append-only; each record is a leaf of a
 * Merkle tree (service/merkle.h), whose signed checkpoints show that nothing was changed or cut since.
 *
 * A record is one JSON object: "seq", "at", "member", "organisation", "action", "subject", "detail". It holds ids and words of
 * ours, never names of people, free text of users or measurements. */
#ifndef NPS_SERVICE_AUDIT_H
#define NPS_SERVICE_AUDIT_H

#include "service/db.h"
#include "service/store_accounts.h"

/* Adds a record in the transaction of what it tells. For jobs of the writer only. */
NPS_MUST_CHECK nps_status nps_audit_add(nps_db *db, const nps_actor *by, const char *action, const char *subject,
                                        const char *detail, nps_err *err);

#endif
