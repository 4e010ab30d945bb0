#include "service/multipart.h"

#include "service/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 }; /* RFC 2046, 5.1.1 */

typedef struct {
    nps_span all;
    const char *p, *end;
    char delimiter[BOUNDARY_MAX + 5]; /* "\r\n--boundary" */
    size_t delimiter_n;
} reader;

static nps_status fail(const reader *r, nps_status code, const char *at, const char *what, nps_err *err)
{
    size_t line = 1;
    for (const char *p = r->all.p; p < at; p++)
        line += *p == '\n';
    return nps_fail_at(err, code, line, (size_t)(at - r->all.p), "multipart: %s", what);
}

bool nps_multipart_is(const char *content_type)
{
    static const char name[] = "multipart/form-data";
    if (!content_type || strncasecmp(content_type, name, sizeof name - 1) != 0)
        return false;
    char next = content_type[sizeof name - 1];
    return next == '\0' || next == ';' || next == ' ' || next == '\t';
}

/* Next "; key=value" of a header; the value unquoted into out. 1: found, 0: end, -1: broken or too long. */
static int next_parameter(nps_span *rest, char *key, size_t key_size, char *out, size_t out_size)
{
    const char *p = rest->p, *end = rest->p + rest->n;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == end)
        return 0;
    if (*p++ != ';')
        return -1;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    const char *k = p;
    while (p < end && *p != '=' && *p != ';' && *p != ' ')
        p++;
    size_t key_n = (size_t)(p - k), n = 0;
    if (!key_n || key_n >= key_size || p == end || *p++ != '=')
        return -1;
    memcpy(key, k, key_n);
    key[key_n] = '\0';
    bool quoted = p < end && *p == '"';
    for (p += quoted; p < end && (quoted ? *p != '"' : *p != ';' && *p != ' ' && *p != '\t'); p++) {
        /* A backslash hides a quote or itself (RFC 7230); before anything else it is part of a Windows path. */
        if (quoted && *p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\'))
            p++;
        if (n + 1 >= out_size)
            return -1;
        out[n++] = *p;
    }
    if (quoted && (p == end || *p++ != '"'))
        return -1;
    out[n] = '\0';
    *rest = (nps_span){p, (size_t)(end - p)};
    return nps_text_is_clean((nps_span){out, n}) ? 1 : -1;
}

static nps_status take_boundary(const char *content_type, reader *r, nps_err *err)
{
    const char *from = strchr(content_type, ';');
    nps_span rest = nps_span_of(from ? from : "");
    char key[32], value[BOUNDARY_MAX + 1];
    int rc;
    while ((rc = next_parameter(&rest, key, sizeof key, value, sizeof value)) > 0) {
        size_t n = strlen(value);
        if (strcasecmp(key, "boundary") != 0)
            continue;
        if (!n || r->delimiter_n || value[n - 1] == ' ')
            break;
        r->delimiter_n = (size_t)snprintf(r->delimiter, sizeof r->delimiter, "\r\n--%s", value);
    }
    return rc == 0 && r->delimiter_n ? NPS_OK
                                     : nps_fail_at(err, NPS_E_FORMAT, 1, 0, "multipart: the boundary is missing or broken");
}

static void keep_base_name(char *name)
{
    const char *base = name;
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\')
            base = p + 1;
    memmove(name, base, strlen(base) + 1);
}

static bool take_disposition(nps_span value, nps_part *part)
{
    char key[32], text[1024];
    int rc;
    if (value.n < 9 || strncasecmp(value.p, "form-data", 9) != 0 || *part->name)
        return false;
    nps_span rest = {value.p + 9, value.n - 9};
    while ((rc = next_parameter(&rest, key, sizeof key, text, sizeof text)) > 0) {
        if (strcasecmp(key, "name") == 0) {
            if (*part->name || !*text || strlen(text) >= sizeof part->name)
                return false;
            memcpy(part->name, text, strlen(text) + 1);
        } else if (strcasecmp(key, "filename") == 0) {
            keep_base_name(text);
            if (part->is_file || strlen(text) >= sizeof part->file)
                return false;
            part->is_file = true;
            memcpy(part->file, text, strlen(text) + 1);
        }
    }
    return rc == 0 && *part->name;
}

/* Headers of a part up to the empty line. */
static nps_status take_headers(reader *r, nps_part *part, nps_err *err)
{
    const char *from = r->p;
    for (;;) {
        const char *eol = memmem(r->p, (size_t)(r->end - r->p), "\r\n", 2);
        if (!eol || eol - from > NPS_MAX_PART_HEADER)
            return fail(r, eol ? NPS_E_LIMIT : NPS_E_FORMAT, r->p, "headers of a part do not end or are too long", err);
        nps_span line = {r->p, (size_t)(eol - r->p)}, key, value;
        const char *at = r->p;
        r->p = eol + 2;
        if (!line.n)
            return *part->name ? NPS_OK : fail(r, NPS_E_FORMAT, at, "a part without Content-Disposition", err);
        if (!nps_text_is_clean(line) || line.p[0] == ' ' || !nps_span_split(line, ':', &key, &value) || !key.n)
            return fail(r, NPS_E_FORMAT, at, "a header line of a part is broken", err);
        if (nps_span_is(key, "Content-Disposition") && !take_disposition(value, part))
            return fail(r, NPS_E_FORMAT, at, "Content-Disposition is not form-data with a name of at most 63 bytes", err);
        if (nps_span_is(key, "Content-Transfer-Encoding") && !nps_span_is(value, "binary") &&
            !nps_span_is(value, "8bit") && !nps_span_is(value, "7bit"))
            return fail(r, NPS_E_FORMAT, at, "Content-Transfer-Encoding is not supported (RFC 7578, 4.7)", err);
        if (nps_span_is(key, "Content-Type"))
            snprintf(part->type, sizeof part->type, "%.*s", (int)(value.n < 127 ? value.n : 127), value.p);
    }
}

static bool only_blanks(const char *p, const char *end)
{
    while (p < end && (*p == '\r' || *p == '\n' || *p == ' ' || *p == '\t'))
        p++;
    return p == end;
}

nps_status nps_multipart_parse(const char *content_type, nps_span body, nps_part *ret_part, size_t *ret_n_part,
                               nps_err *err)
{
    reader r = {.all = body, .p = body.p, .end = body.p + body.n};
    size_t n = 0;
    nps_status st = take_boundary(content_type, &r, err);
    if (st != NPS_OK)
        return st;
    /* The first boundary begins the body; the others begin with the line end before them. */
    size_t first_n = r.delimiter_n - 2;
    if (body.n < first_n || memcmp(r.p, r.delimiter + 2, first_n) != 0)
        return fail(&r, NPS_E_FORMAT, r.p, "the body does not begin with its boundary", err);
    r.p += first_n;
    for (;;) {
        if (r.end - r.p >= 2 && memcmp(r.p, "--", 2) == 0) {
            if (!only_blanks(r.p + 2, r.end))
                return fail(&r, NPS_E_FORMAT, r.p + 2, "data after the closing boundary", err);
            *ret_n_part = n;
            return NPS_OK;
        }
        while (r.p < r.end && (*r.p == ' ' || *r.p == '\t'))
            r.p++;
        if (r.end - r.p < 2 || memcmp(r.p, "\r\n", 2) != 0)
            return fail(&r, NPS_E_FORMAT, r.p, "a boundary line is broken", err);
        r.p += 2;
        if (n == NPS_MAX_PARTS)
            return fail(&r, NPS_E_LIMIT, r.p, "too many parts", err);
        nps_part *part = &ret_part[n++];
        *part = (nps_part){0};
        st = take_headers(&r, part, err);
        if (st != NPS_OK)
            return st;
        /* An empty body may share its line end with the empty line of the headers. */
        const char *from = r.p;
        const char *stop = memmem(r.p - 2, (size_t)(r.end - r.p) + 2, r.delimiter, r.delimiter_n);
        if (!stop)
            return fail(&r, NPS_E_FORMAT, from, "the closing boundary is missing", err);
        part->body = stop < from ? (nps_span){from, 0} : (nps_span){from, (size_t)(stop - from)};
        r.p = stop + r.delimiter_n;
    }
}
