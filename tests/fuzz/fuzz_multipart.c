/* Input: the Content-Type up to the first line end, then the body. Property: parts lie inside the body, in order. */
#include "core/err.h"
#include "service/multipart.h"
#include "service/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nps_part part[NPS_MAX_PARTS];
    const uint8_t *eol = size ? memchr(data, '\n', size) : NULL;
    char type[256];
    size_t n, type_n = eol ? (size_t)(eol - data) : 0;
    if (!eol || type_n >= sizeof type)
        return 0;
    memcpy(type, data, type_n);
    type[type_n] = '\0';
    nps_span body = {(const char *)eol + 1, size - type_n - 1};
    nps_err err = {0};
    if (nps_multipart_parse(type, body, part, &n, &err) != NPS_OK) {
        NPS_ASSERT(err.line >= 1 && err.offset <= body.n && *err.msg);
        return 0;
    }
    const char *last = body.p;
    for (size_t i = 0; i < n; i++) {
        NPS_ASSERT(part[i].body.p >= last && part[i].body.p + part[i].body.n <= body.p + body.n);
        NPS_ASSERT(*part[i].name && nps_text_is_clean(nps_span_of(part[i].name)) &&
                   nps_text_is_clean(nps_span_of(part[i].file)) && !strchr(part[i].file, '/'));
        last = part[i].body.p + part[i].body.n;
    }
    return 0;
}
