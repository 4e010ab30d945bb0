/* The handlers, one a route (route.c). Each may run in many threads at a time. */
#ifndef NPS_SERVICE_API_H
#define NPS_SERVICE_API_H

#include "service/route.h"

nps_handler nps_api_healthz, nps_api_readyz, nps_api_metrics, nps_api_openapi, nps_api_asset; /* api_ops.c */
nps_handler nps_api_session_begin, nps_api_session_get, nps_api_session_end, nps_api_password; /* api_session.c */
nps_handler nps_api_tokens, nps_api_token_post, nps_api_token_rotate, nps_api_token_delete, nps_api_member_token; /* api_tokens.c */
nps_handler nps_api_organisations, nps_api_organisation_post, nps_api_organisation_get, nps_api_organisation_patch; /* api_accounts.c */
nps_handler nps_api_members, nps_api_member_post, nps_api_member_get, nps_api_member_patch;    /* api_accounts.c */
nps_handler nps_api_memoranda, nps_api_memorandum_post;                                        /* api_accounts.c */
nps_handler nps_api_identify;                                               /* api_identify.c */
nps_handler nps_api_sample_post, nps_api_samples, nps_api_sample_get, nps_api_sample_file, nps_api_sample_delete; /* api_samples.c */
nps_handler nps_api_evaluation_post, nps_api_evaluation_get;                /* api_samples.c */
nps_handler nps_api_batch_post, nps_api_batch_get, nps_api_batch_items;     /* api_batches.c */
nps_handler nps_api_notices, nps_api_notice_read;                           /* api_notices.c */
nps_handler nps_api_export;                                                 /* api_export.c */
nps_handler nps_api_contribution_post, nps_api_contributions, nps_api_contribution_get, nps_api_contribution_file; /* api_contributions.c */
nps_handler nps_api_contribution_decision, nps_api_contribution_patch, nps_api_contribution_delete, nps_api_usage;
nps_handler nps_api_generations, nps_api_generation_get, nps_api_generation_post, nps_api_generation_activate; /* api_generations.c */
nps_handler nps_api_audit, nps_api_audit_checkpoint, nps_api_audit_key, nps_api_audit_inclusion, nps_api_audit_consistency; /* api_audit.c */
nps_handler nps_api_cases;                                                  /* api_cases.c */
nps_handler nps_api_library, nps_api_library_entry;                         /* api_library.c */
nps_handler nps_api_control;                                                /* api_control.c */
nps_handler nps_api_reload, nps_api_retry;                                  /* api_admin.c */
nps_handler nps_api_feed_atom, nps_api_feed_json;                           /* api_feed.c */

#endif
