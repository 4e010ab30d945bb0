#include "service/first_accounts.h"

#include "service/auth.h"
#include "service/clock.h"
#include "service/crypt.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *organisation, *login;
    unsigned role;
    bool always;
} accounts[] = {{"Service", "admin", NPS_ROLE_ADMIN, true},
                {"Service", "auditor", NPS_ROLE_AUDITOR, false},
                {"Service", "curator", NPS_ROLE_CURATOR, false},
                {"Service", "coordinator", NPS_ROLE_COORDINATOR, false},
                {"Demonstration laboratory", "lab", NPS_ROLE_LAB, false},
                {"Demonstration partner", "partner", NPS_ROLE_PARTNER, false}};

static nps_status make_account(nps_store *s, const nps_actor *by, const char *organisation, size_t i, FILE *out, nps_err *err)
{
    nps_account m;
    char id[NPS_ACCOUNT_ID], token[NPS_TOKEN_TEXT];
    int64_t year_ms = (int64_t)365 * 86400000;
    nps_status st = nps_store_member_add(s, by, organisation, accounts[i].login, accounts[i].role, NULL, &m, err);
    if (st == NPS_OK)
        st = nps_auth_token_make(s, by, m.id, "first", NPS_SCOPES_ALL, by->now_ms + year_ms, id, token, err);
    if (st != NPS_OK)
        return st;
    fprintf(out, "npswatch: %s token, shown this once: %s\n", accounts[i].login, token);
    nps_secret_wipe(token, sizeof token);
    return NPS_OK;
}

nps_status nps_first_accounts(nps_store *s, bool demo, FILE *out, nps_err *err)
{
    nps_accounts there;
    nps_organisation o = {0};
    nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    int64_t orphans = 0;
    nps_status st = nps_store_members(s, "", &there, err);
    if (st != NPS_OK)
        return st;
    bool some = there.n > 0;
    free(there.item);
    if (!some)
        st = nps_store_samples_orphaned(s, &orphans, err);
    for (size_t i = 0; !some && i < sizeof accounts / sizeof *accounts && st == NPS_OK; i++) {
        bool lab = accounts[i].role == NPS_ROLE_LAB;
        if (!demo && !accounts[i].always && !(lab && orphans))
            continue;
        if (strcmp(o.name, accounts[i].organisation) != 0)
            st = nps_store_organisation_add(s, &by, lab && orphans ? "Laboratory" : accounts[i].organisation, "", &o, err);
        if (st == NPS_OK)
            st = make_account(s, &by, o.id, i, out, err);
        if (st == NPS_OK && lab && orphans)
            st = nps_store_samples_adopt(s, &by, o.id, err);
    }
    return st;
}
