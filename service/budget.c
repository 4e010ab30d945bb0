#include "service/budget.h"

#include <stdio.h>

const char *nps_budget_name(nps_budget_kind k)
{
    static const char *const names[NPS_BUDGETS] = {"default", "anonymous", "login"};
    return names[k];
}

void nps_budget_text(const nps_budget *b, char ret_policy[static NPS_BUDGET_TEXT], char ret_state[static NPS_BUDGET_TEXT])
{
    const char *name = nps_budget_name(b->kind);
    snprintf(ret_policy, NPS_BUDGET_TEXT, "\"%s\";q=%lld;w=%d", name, (long long)b->limit, NPS_WINDOW_MS / 1000);
    snprintf(ret_state, NPS_BUDGET_TEXT, "\"%s\";r=%lld;t=%lld", name, (long long)b->left, (long long)b->reset_s);
}
