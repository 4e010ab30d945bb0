#include "service/db_url.h"

#include "core/scan.h"

#include <string.h>

static size_t scheme(const char *where)
{
    static const char *const names[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(where, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    return 0;
}

bool nps_db_is_url(const char *where)
{
    return scheme(where) != 0;
}

/* A parameter whose name says that it holds no secret. Written with %, a name could say anything. */
static bool may_show(nps_span parameter)
{
    static const char *const secret[] = {"password", "sslpassword"};
    nps_span name, value;
    if (memchr(parameter.p, '@', parameter.n) || !nps_span_split(parameter, '=', &name, &value) ||
        memchr(name.p, '%', name.n))
        return false;
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (nps_span_is(name, secret[i]))
            return false;
    return true;
}

void nps_db_url_show(const char *where, nps_buf *out)
{
    size_t n = scheme(where);
    if (!n) {
        nps_buf_puts(out, where);
        return;
    }
    /* A password with an unescaped '@', '/' or '?' moves what comes behind it: the last '@' is the one that surely ends it. */
    const char *user = where + n, *at = strrchr(user, '@'), *rest = at ? at + 1 : user;
    nps_buf_add(out, where, n);
    if (at) {
        const char *colon = memchr(user, ':', (size_t)(at - user));
        nps_buf_add(out, user, (size_t)((colon ? colon : at) - user));
        nps_buf_puts(out, colon ? ":***@" : "@");
    }
    size_t path = strcspn(rest, "?");
    nps_buf_add(out, rest, path);
    nps_span parameters = nps_span_of(rest + path), one;
    for (char mark = '?'; nps_span_token(&parameters, "?&", &one); mark = '&') {
        nps_buf_putc(out, mark);
        if (may_show(one))
            nps_buf_add(out, one.p, one.n);
        else
            nps_buf_puts(out, "***");
    }
}
