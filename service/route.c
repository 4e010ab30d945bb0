#include "service/route.h"

#include "core/scan.h"
#include "service/api.h"
#include "service/judge.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_PARAMETERS NPS_QUESTION_KEYS " file"
#define LAB NPS_ROLE_LAB
#define PARTNER NPS_ROLE_PARTNER
#define CURATOR NPS_ROLE_CURATOR
#define COORDINATOR NPS_ROLE_COORDINATOR
#define AUDITOR NPS_ROLE_AUDITOR
#define ADMIN NPS_ROLE_ADMIN
#define EVERY_ROLE NPS_ROLES_ALL
#define SMALL NPS_MAX_SMALL_BODY
#define SCOPE(name) NPS_SCOPE_##name

static const nps_route table[] = {
    /* method, path, handler, open to, roles, of these see all organisations, scope, largest body, parameters */
    {"GET", "/healthz", nps_api_healthz, NPS_OPEN_TO_ALL | NPS_NOT_COUNTED, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/readyz", nps_api_readyz, NPS_OPEN_TO_ALL | NPS_NOT_COUNTED, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/metrics", nps_api_metrics, NPS_OPEN_LOCALLY | NPS_NOT_COUNTED, ADMIN, 0, SCOPE(ADMIN), 0, ""},
    {"GET", "/v1/library", nps_api_library, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/v1/library/entries/{}", nps_api_library_entry, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, "generation"},
    {"GET", "/v1/control", nps_api_control, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, "inchikey formula list class country date cursor limit"},
    {"GET", "/feeds/advisories.atom", nps_api_feed_atom, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/feeds/advisories.json", nps_api_feed_json, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, ""},

    {"POST", "/v1/session", nps_api_session_begin, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, SMALL, ""},
    {"GET", "/v1/session", nps_api_session_get, 0, EVERY_ROLE, 0, 0, 0, ""},
    {"DELETE", "/v1/session", nps_api_session_end, 0, EVERY_ROLE, 0, 0, 0, ""},
    {"POST", "/v1/password", nps_api_password, 0, EVERY_ROLE, 0, SCOPE(ACCOUNT), SMALL, ""},
    {"GET", "/v1/tokens", nps_api_tokens, 0, EVERY_ROLE, 0, SCOPE(ACCOUNT), 0, ""},
    {"POST", "/v1/tokens", nps_api_token_post, 0, EVERY_ROLE, 0, SCOPE(ACCOUNT), SMALL, ""},
    {"POST", "/v1/tokens/{}/rotate", nps_api_token_rotate, 0, EVERY_ROLE, 0, SCOPE(ACCOUNT), SMALL, ""},
    {"DELETE", "/v1/tokens/{}", nps_api_token_delete, 0, EVERY_ROLE, 0, SCOPE(ACCOUNT), 0, ""},
    {"GET", "/v1/organisations", nps_api_organisations, 0, ADMIN | AUDITOR, ADMIN | AUDITOR, 0, 0, ""},
    {"POST", "/v1/organisations", nps_api_organisation_post, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},
    {"GET", "/v1/organisations/{}", nps_api_organisation_get, 0, ADMIN | AUDITOR, ADMIN | AUDITOR, 0, 0, ""},
    {"PATCH", "/v1/organisations/{}", nps_api_organisation_patch, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},
    {"GET", "/v1/members", nps_api_members, 0, ADMIN | AUDITOR, ADMIN | AUDITOR, 0, 0, "organisation"},
    {"POST", "/v1/members", nps_api_member_post, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},
    {"GET", "/v1/members/{}", nps_api_member_get, 0, ADMIN | AUDITOR, ADMIN | AUDITOR, 0, 0, ""},
    {"PATCH", "/v1/members/{}", nps_api_member_patch, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},
    {"POST", "/v1/members/{}/tokens", nps_api_member_token, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},
    {"GET", "/v1/memoranda", nps_api_memoranda, 0, PARTNER | ADMIN | AUDITOR, ADMIN | AUDITOR, 0, 0, ""},
    {"POST", "/v1/memoranda", nps_api_memorandum_post, 0, ADMIN, ADMIN, SCOPE(ADMIN), SMALL, ""},

    {"POST", "/v1/identify", nps_api_identify, NPS_OPEN_BY_CONFIG, LAB | PARTNER | CURATOR | COORDINATOR, 0, SCOPE(IDENTIFY),
     NPS_MAX_BODY, SAMPLE_PARAMETERS},
    {"POST", "/v1/samples", nps_api_sample_post, 0, LAB, 0, SCOPE(SAMPLES_WRITE), NPS_MAX_BODY, SAMPLE_PARAMETERS " " NPS_SAMPLE_FACT_KEYS},
    {"GET", "/v1/samples", nps_api_samples, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, "cursor limit outcome"},
    {"GET", "/v1/samples/{}", nps_api_sample_get, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, ""},
    {"DELETE", "/v1/samples/{}", nps_api_sample_delete, 0, LAB, 0, SCOPE(SAMPLES_WRITE), 0, ""},
    {"GET", "/v1/samples/{}/files/{}", nps_api_sample_file, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, ""},
    {"POST", "/v1/samples/{}/evaluations", nps_api_evaluation_post, 0, LAB, 0, SCOPE(SAMPLES_WRITE), SMALL, ""},
    {"GET", "/v1/samples/{}/evaluations/{}", nps_api_evaluation_get, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, ""},
    {"POST", "/v1/batches", nps_api_batch_post, 0, LAB, 0, SCOPE(SAMPLES_WRITE), NPS_MAX_BODY, NPS_QUESTION_KEYS " " NPS_SAMPLE_FACT_KEYS},
    {"GET", "/v1/batches/{}", nps_api_batch_get, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, ""},
    {"GET", "/v1/batches/{}/items", nps_api_batch_items, 0, LAB, 0, SCOPE(SAMPLES_READ), 0, "cursor"},
    {"GET", "/v1/notices", nps_api_notices, 0, LAB | PARTNER, 0, 0, 0, "cursor"},
    {"POST", "/v1/notices/{}/read", nps_api_notice_read, 0, LAB | PARTNER, 0, 0, SMALL, ""},
    {"GET", "/v1/export", nps_api_export, 0, LAB | PARTNER, 0, SCOPE(SAMPLES_READ), 0, ""},

    {"POST", "/v1/contributions", nps_api_contribution_post, 0, PARTNER, 0, SCOPE(CONTRIBUTIONS_WRITE), NPS_MAX_BODY,
     "file visibility embargo licence memorandum credit"},
    {"GET", "/v1/contributions", nps_api_contributions, 0, PARTNER | CURATOR, CURATOR, SCOPE(CONTRIBUTIONS_READ), 0, "cursor limit state"},
    {"GET", "/v1/contributions/{}", nps_api_contribution_get, 0, PARTNER | CURATOR, CURATOR, SCOPE(CONTRIBUTIONS_READ), 0, ""},
    {"GET", "/v1/contributions/{}/files/{}", nps_api_contribution_file, 0, PARTNER | CURATOR, CURATOR, SCOPE(CONTRIBUTIONS_READ), 0, ""},
    {"PATCH", "/v1/contributions/{}", nps_api_contribution_patch, 0, PARTNER, 0, SCOPE(CONTRIBUTIONS_WRITE), SMALL, ""},
    {"DELETE", "/v1/contributions/{}", nps_api_contribution_delete, 0, PARTNER, 0, SCOPE(CONTRIBUTIONS_WRITE), 0, ""},
    {"POST", "/v1/contributions/{}/decision", nps_api_contribution_decision, 0, CURATOR, CURATOR, SCOPE(CURATE), SMALL, ""},
    {"GET", "/v1/usage", nps_api_usage, 0, PARTNER, 0, SCOPE(CONTRIBUTIONS_READ), 0, "since"},
    {"GET", "/v1/generations", nps_api_generations, 0, CURATOR | ADMIN, CURATOR | ADMIN, 0, 0, "cursor"},
    {"GET", "/v1/generations/{}", nps_api_generation_get, 0, CURATOR | ADMIN, CURATOR | ADMIN, 0, 0, ""},
    {"POST", "/v1/generations", nps_api_generation_post, 0, CURATOR, CURATOR, SCOPE(CURATE), SMALL, ""},
    {"POST", "/v1/generations/{}/activate", nps_api_generation_activate, 0, CURATOR, CURATOR, SCOPE(CURATE), SMALL, ""},

    {"GET", "/v1/cases", nps_api_cases, 0, COORDINATOR, COORDINATOR, SCOPE(CASES), 0, "cursor limit"},

    {"GET", "/v1/audit", nps_api_audit, 0, AUDITOR, AUDITOR, SCOPE(AUDIT), 0, "cursor limit"},
    {"GET", "/v1/audit/inclusion", nps_api_audit_inclusion, 0, AUDITOR, AUDITOR, SCOPE(AUDIT), 0, "index size"},
    {"GET", "/v1/audit/consistency", nps_api_audit_consistency, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, "from size"},
    {"GET", "/v1/audit/checkpoint", nps_api_audit_checkpoint, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/v1/audit/key", nps_api_audit_key, NPS_OPEN_TO_ALL, EVERY_ROLE, 0, 0, 0, ""},

    {"POST", "/v1/admin/reload", nps_api_reload, 0, ADMIN, 0, SCOPE(ADMIN), SMALL, ""},
    {"POST", "/v1/admin/retry", nps_api_retry, 0, ADMIN, 0, SCOPE(ADMIN), SMALL, ""},

    {"GET", "/openapi.json", nps_api_openapi, NPS_OPEN_TO_ALL | NPS_NOT_COUNTED, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/", nps_api_asset, NPS_OPEN_TO_ALL | NPS_NOT_COUNTED, EVERY_ROLE, 0, 0, 0, ""},
    {"GET", "/{}", nps_api_asset, NPS_OPEN_TO_ALL | NPS_NOT_COUNTED, EVERY_ROLE, 0, 0, 0, ""},
};

nps_status nps_route_check(const nps_route *route, const nps_principal *by, bool anonymous_identify, bool is_local, nps_err *err)
{
    if (route->open & NPS_OPEN_TO_ALL || (route->open & NPS_OPEN_LOCALLY && is_local))
        return NPS_OK;
    if (by->means == NPS_BY_NOTHING)
        return route->open & NPS_OPEN_BY_CONFIG && anonymous_identify
                   ? NPS_OK
                   : nps_fail(err, NPS_E_DENIED, "sign in, or send a token (Authorization: Bearer nps_...)");
    if (!(route->roles & by->roles))
        return nps_fail(err, NPS_E_DENIED, "none of your roles may do this");
    if (route->scope & ~by->scopes)
        return nps_fail(err, NPS_E_DENIED, "the token lacks the scope '%s'", nps_scope_name((nps_scope)route->scope));
    return NPS_OK;
}

const char *nps_request_owner(const nps_request *req)
{
    return req->route->sees_all & req->by.roles ? "" : req->by.organisation;
}

const nps_route *nps_route_table(size_t *ret_n)
{
    *ret_n = sizeof table / sizeof *table;
    return table;
}

static bool fits(const char *pattern, const char *path, char param[2][NPS_PARAM_MAX])
{
    size_t n_param = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '{') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        size_t n = strcspn(path, "/");
        if (!n || n >= NPS_PARAM_MAX)
            return false;
        memcpy(param[n_param], path, n);
        param[n_param++][n] = '\0';
        path += n;
        pattern++;
    }
    return *path == '\0';
}

const nps_route *nps_route_find(const char *method, const char *path, char param[2][NPS_PARAM_MAX],
                                const char **ret_allow)
{
    static const struct {
        const char *method, *allow;
    } methods[] = {{"GET", "GET, HEAD"}, {"POST", "POST"}, {"PATCH", "PATCH"}, {"DELETE", "DELETE"}};
    static _Thread_local char allowed[64];
    unsigned known = 0;
    bool head = strcmp(method, "HEAD") == 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!fits(table[i].pattern, path, param))
            continue;
        if (strcmp(table[i].method, head ? "GET" : method) == 0)
            return &table[i];
        for (unsigned m = 0; m < sizeof methods / sizeof *methods; m++)
            known |= strcmp(table[i].method, methods[m].method) == 0 ? 1u << m : 0;
    }
    *allowed = '\0';
    for (unsigned m = 0; m < sizeof methods / sizeof *methods; m++)
        if (known & 1u << m)
            snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s", *allowed ? ", " : "", methods[m].allow);
    *ret_allow = allowed;
    return NULL;
}

bool nps_route_knows(const nps_route *route, const char *parameter)
{
    nps_span rest = nps_span_of(route->parameters), word;
    while (nps_span_token(&rest, " ", &word))
        if (word.n == strlen(parameter) && memcmp(word.p, parameter, word.n) == 0)
            return true;
    return false;
}
