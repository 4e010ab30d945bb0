#include "service/difference.h"

#include "service/json_read.h"
#include "service/limits.h"

#include <string.h>

static const char *substance(const nps_json *set, size_t i)
{
    const char *key = nps_json_text(nps_json_item(set, i), "substance");
    return key ? key : "";
}

static bool holds(const nps_json *set, const char *key)
{
    for (size_t i = 0; i < nps_json_count(set); i++)
        if (strcmp(substance(set, i), key) == 0)
            return true;
    return false;
}

/* Those of `of` that `other` has not. */
static size_t put_only(nps_jw *w, const char *key, const nps_json *of, const nps_json *other)
{
    size_t n = 0;
    nps_jw_array(w, key);
    for (size_t i = 0; i < nps_json_count(of); i++) {
        const nps_json *m = nps_json_item(of, i);
        if (holds(other, substance(of, i)))
            continue;
        nps_jw_object(w, NULL);
        nps_jw_str(w, "name", nps_json_text(m, "name"));
        nps_jw_str(w, "inchikey", nps_json_text(m, "inchikey"));
        nps_jw_end(w);
        n++;
    }
    nps_jw_end(w);
    return n;
}

nps_status nps_jw_difference(nps_jw *w, const char *before, const char *after, nps_err *err)
{
    NPS_AUTO(nps_json) a = NULL;
    NPS_AUTO(nps_json) b = NULL;
    nps_err why;
    nps_status st = nps_json_read(before, strlen(before), NPS_MAX_REPLY, &a, &why);
    if (st == NPS_OK)
        st = nps_json_read(after, strlen(after), NPS_MAX_REPLY, &b, &why);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    const char *was = st == NPS_OK ? nps_json_text(a, "verdict") : NULL, *is = st == NPS_OK ? nps_json_text(b, "verdict") : NULL;
    if (!was || !is)
        return nps_fail(err, NPS_E_CORRUPT, "a stored verdict is damaged");
    nps_jw_str(w, "before", was);
    nps_jw_str(w, "after", is);
    nps_jw_str(w, "generation_before", nps_json_text(nps_json_member(a, "library"), "generation"));
    nps_jw_str(w, "generation_after", nps_json_text(nps_json_member(b, "library"), "generation"));
    size_t n = put_only(w, "removed", nps_json_member(a, "set"), nps_json_member(b, "set"));
    n += put_only(w, "added", nps_json_member(b, "set"), nps_json_member(a, "set"));
    nps_jw_bool(w, "changed", n > 0 || strcmp(was, is) != 0);
    return NPS_OK;
}
