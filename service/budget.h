/* What is left of a caller's requests, and how the answer says so: the fields RateLimit-Policy and RateLimit of the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers, in the form of lists of named policies). */
#ifndef NPS_SERVICE_BUDGET_H
#define NPS_SERVICE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { NPS_BUDGET_DEFAULT, NPS_BUDGET_ANONYMOUS, NPS_BUDGET_LOGIN, NPS_BUDGETS } nps_budget_kind;

enum { NPS_WINDOW_MS = 60000 };

typedef struct {
    bool counted;    /* false: the request counts against nothing, all else is 0 */
    bool allowed;
    nps_budget_kind kind;
    int64_t limit;   /* requests a window */
    int64_t left;    /* of these, as far as this process knows */
    int64_t reset_s; /* until the next window, at least 1 */
} nps_budget;

const char *nps_budget_name(nps_budget_kind k); /* "default", "anonymous", "login" */

/* Values of the two fields: "default";q=1200;w=60 and "default";r=57;t=12. */
enum { NPS_BUDGET_TEXT = 96 };
void nps_budget_text(const nps_budget *b, char ret_policy[static NPS_BUDGET_TEXT], char ret_state[static NPS_BUDGET_TEXT]);

#endif
