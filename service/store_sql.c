#include "service/store_sql.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static nps_query ask(nps_db *db, const char *sql, const char *types, va_list ap)
{
    nps_query q = nps_query_begin(db, sql);
    for (; *types; types++) {
        NPS_ASSERT(*types == 't' || *types == 'i');
        if (*types == 't')
            nps_query_text(&q, va_arg(ap, const char *));
        else
            nps_query_i64(&q, va_arg(ap, int64_t));
    }
    return q;
}

nps_query nps_ask(nps_db *db, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    nps_query q = ask(db, sql, types, ap);
    va_end(ap);
    return q;
}

nps_status nps_tell(nps_db *db, nps_err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    nps_query q = ask(db, sql, types, ap);
    va_end(ap);
    return nps_query_run(&q, err);
}

nps_status nps_told_one(nps_db *db, const char *what, nps_err *err)
{
    return nps_db_changes(db) ? NPS_OK : nps_fail(err, NPS_E_NOT_FOUND, "there is no such %s", what);
}

nps_status nps_ask_exists(nps_db *db, bool *ret_exists, nps_err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    nps_query q = ask(db, sql, types, ap);
    va_end(ap);
    bool exists = nps_query_next(&q);
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK)
        *ret_exists = exists;
    return st;
}

nps_status nps_ask_i64(nps_db *db, int64_t otherwise, int64_t *ret_v, nps_err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    nps_query q = ask(db, sql, types, ap);
    va_end(ap);
    int64_t v = nps_query_next(&q) ? nps_query_get_i64(&q, 0) : otherwise;
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK)
        *ret_v = v;
    return st;
}

nps_status nps_list_grow(void *list, size_t n, size_t size, nps_err *err)
{
    if (n & (n - 1))
        return NPS_OK; /* room was made at the last power of two */
    void *old;
    memcpy(&old, list, sizeof old);
    void *grown = reallocarray(old, n ? 2 * n : 1, size);
    if (!grown)
        return nps_fail_nomem(err);
    memcpy(list, &grown, sizeof grown);
    return NPS_OK;
}
