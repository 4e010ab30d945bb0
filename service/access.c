#include "service/access.h"

#include <string.h>

static const char *const role_names[NPS_ROLE_COUNT] = {"lab", "partner", "curator", "coordinator", "auditor", "admin"};
static const char *const scope_names[NPS_SCOPE_COUNT] = {"identify", "samples:read", "samples:write", "contributions:read",
                                                         "contributions:write", "curate", "cases", "audit", "admin", "account"};

static const char *name_of(const char *const *names, int n, unsigned bit)
{
    for (int i = 0; i < n; i++)
        if (bit == 1u << i)
            return names[i];
    return "unknown";
}

const char *nps_role_name(nps_role r)
{
    return name_of(role_names, NPS_ROLE_COUNT, r);
}

const char *nps_scope_name(nps_scope s)
{
    return name_of(scope_names, NPS_SCOPE_COUNT, s);
}

static nps_status parse(const char *text, const char *const *names, int n, const char *what, unsigned *ret_bits, nps_err *err)
{
    nps_span rest = nps_span_of(text), word;
    unsigned bits = 0;
    while (nps_span_token(&rest, " ,", &word)) {
        int i = 0;
        while (i < n && (word.n != strlen(names[i]) || memcmp(word.p, names[i], word.n) != 0))
            i++;
        if (i == n)
            return nps_fail(err, NPS_E_RANGE, "unknown %s '%s'", what, nps_quote(word.p, word.n).s);
        bits |= 1u << i;
    }
    if (!bits)
        return nps_fail(err, NPS_E_RANGE, "no %s is given", what);
    *ret_bits = bits;
    return NPS_OK;
}

nps_status nps_roles_parse(const char *text, unsigned *ret_roles, nps_err *err)
{
    return parse(text, role_names, NPS_ROLE_COUNT, "role", ret_roles, err);
}

nps_status nps_scopes_parse(const char *text, unsigned *ret_scopes, nps_err *err)
{
    return parse(text, scope_names, NPS_SCOPE_COUNT, "scope", ret_scopes, err);
}

nps_status nps_roles_check(unsigned roles, nps_err *err)
{
    if (!roles || roles & ~(unsigned)NPS_ROLES_ALL)
        return nps_fail(err, NPS_E_RANGE, "a member has at least one of the known roles");
    if (roles & NPS_ROLE_AUDITOR && roles != NPS_ROLE_AUDITOR)
        return nps_fail(err, NPS_E_RANGE, "an auditor oversees compliance and holds no other role");
    if (roles & NPS_ROLE_ADMIN && roles != NPS_ROLE_ADMIN)
        return nps_fail(err, NPS_E_RANGE, "an admin makes accounts and holds no other role");
    return NPS_OK;
}
