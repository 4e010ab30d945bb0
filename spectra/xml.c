#include "spectra/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 << 10, RUN = 512, TAG_MAX = 1 << 20, NAMES_MAX = 2000, SLOTS = 4096 };

struct nps_xml {
    XML_Parser parser;
    nps_xml_handlers handlers;
    void *user;
    nps_span text;
    size_t fed;           /* bytes given to expat or skipped */
    size_t skipped;       /* among them: runs of text that expat need not see */
    size_t start_behind;  /* byte behind the last tag that began an element */
    bool cut;             /* the last piece ended before a long run of text */
    bool cut_in_vain;     /* and that may not be skipped */
    bool paused, failed;
    nps_err why; /* of failed */
    size_t depth;
    size_t line, line_at; /* line of the byte line_at */
    size_t n_names;
    uint64_t name_hash[SLOTS]; /* of the names seen; 0: free */
};

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

/* Line of a byte that does not lie before the last one asked for. */
static size_t line_of(nps_xml *x, size_t at)
{
    while (x->line_at < at) {
        const char *lf = memchr(x->text.p + x->line_at, '\n', at - x->line_at);
        x->line += lf != NULL;
        x->line_at = lf ? (size_t)(lf - x->text.p) + 1 : at;
    }
    return x->line;
}

static void fail_at(nps_xml *x, size_t at, nps_status code, const char *what)
{
    nps_err why;
    nps_fail_at(&why, code, line_of(x, at), at, "%s", what);
    nps_xml_fail(x, &why);
}

static void fail_here(nps_xml *x, nps_status code, const char *what)
{
    fail_at(x, nps_xml_offset(x), code, what);
}

/* expat keeps every name it has met, so their number is bounded. */
static bool meet_name(nps_xml *x, const char *name)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * 0x100000001b3u;
    h += !h;
    size_t i = h % SLOTS;
    for (; x->name_hash[i]; i = (i + 1) % SLOTS)
        if (x->name_hash[i] == h)
            return true;
    if (x->n_names == NAMES_MAX)
        return false;
    x->name_hash[i] = h;
    x->n_names++;
    return true;
}

static bool meet_names(nps_xml *x, const char *name, const char *const *attr)
{
    bool good = meet_name(x, name);
    for (; good && attr[0]; attr += 2)
        good = meet_name(x, attr[0]);
    return good;
}

static void on_start(void *user, const char *name, const char **attr)
{
    nps_xml *x = user;
    if (x->failed)
        return;
    x->depth++;
    x->start_behind = nps_xml_behind(x);
    if (x->depth > NPS_XML_DEPTH_MAX)
        fail_here(x, NPS_E_LIMIT, "XML elements nested more than 64 deep");
    else if (!meet_names(x, name, (const char *const *)attr))
        fail_here(x, NPS_E_LIMIT, "more than 2000 different names of XML elements and attributes");
    else
        x->handlers.start(x->user, x, local_name(name), (const char *const *)attr);
}

static void on_end(void *user, const char *name)
{
    nps_xml *x = user;
    if (x->failed)
        return;
    x->handlers.end(x->user, x, local_name(name));
    x->depth--;
}

static void on_doctype(void *user, const char *name, const char *system_id, const char *public_id, int has_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    nps_xml *x = user;
    /* It is told at its end. */
    static const char begin[] = "<!DOCTYPE";
    const char *from = memmem(x->text.p, x->text.n, begin, sizeof begin - 1);
    fail_at(x, from ? (size_t)(from - x->text.p) : 0, NPS_E_UNSUPPORTED, "a DOCTYPE, which is not read here");
}

nps_status nps_xml_new(nps_span text, const nps_xml_handlers *handlers, void *user, nps_xml **ret_xml, nps_err *err)
{
    NPS_AUTO(nps_xml) x = nps_array(1, sizeof *x);
    if (!x || !(x->parser = XML_ParserCreate(NULL)))
        return nps_fail_nomem(err);
    x->handlers = *handlers;
    x->user = user;
    x->text = text;
    x->line = 1;
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    *ret_xml = nps_steal(x);
    return NPS_OK;
}

void nps_xml_free(nps_xml *x)
{
    if (x && x->parser)
        XML_ParserFree(x->parser);
    free(x);
}

static nps_status explain(nps_xml *x, nps_err *err)
{
    enum XML_Error e = XML_GetErrorCode(x->parser);
    if (e == XML_ERROR_NO_MEMORY)
        return nps_fail_nomem(err);
    size_t at = nps_xml_offset(x);
    size_t line = line_of(x, at);
    if (e == XML_ERROR_UNKNOWN_ENCODING || e == XML_ERROR_INCORRECT_ENCODING)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, line, at, "the XML has an encoding that is not read here");
    if (x->fed == x->text.n && (e == XML_ERROR_NO_ELEMENTS || e == XML_ERROR_UNCLOSED_TOKEN ||
                                e == XML_ERROR_PARTIAL_CHAR || e == XML_ERROR_UNCLOSED_CDATA_SECTION))
        return nps_fail_at(err, NPS_E_FORMAT, line, at, "the XML ends in the middle");
    return nps_fail_at(err, NPS_E_FORMAT, line, at, "the XML is broken: %s", XML_ErrorString(e));
}

static const char *find_byte(const nps_xml *x, char c, size_t from, size_t to)
{
    return memchr(x->text.p + from, c, to - from);
}

/* Where the next piece ends: in front of a long run of text behind a tag, if one is near. */
static size_t piece_end(nps_xml *x)
{
    x->cut = false;
    size_t end = x->text.n - x->fed < PIECE ? x->text.n : x->fed + PIECE;
    for (size_t p = x->fed; !x->cut_in_vain && p < end;) {
        size_t limit = x->text.n - p < RUN ? x->text.n : p + RUN;
        const char *lt = find_byte(x, '<', p, limit);
        if (!lt && limit - p == RUN && p > x->fed) {
            x->cut = true;
            return p;
        }
        lt = lt ? lt : find_byte(x, '<', limit < end ? limit : end, end);
        const char *gt = lt && (size_t)(lt - x->text.p) < end ? find_byte(x, '>', (size_t)(lt - x->text.p), end) : NULL;
        if (!gt)
            break;
        p = (size_t)(gt - x->text.p) + 1;
    }
    return end;
}

/* Text behind a tag that begins an element goes on to the next '<'. Base64 by the megabyte is nothing that expat has to
 * look at: the formats take it from the bytes and check it themselves. */
static void skip_run(nps_xml *x)
{
    bool content = x->depth && x->start_behind == x->fed;
    x->cut_in_vain = x->cut && !content;
    if (!content)
        return;
    const char *lt = find_byte(x, '<', x->fed, x->text.n);
    size_t run = lt ? (size_t)(lt - x->text.p) - x->fed : 0;
    if (run < RUN)
        return;
    x->fed += run;
    x->skipped += run;
}

/* Feeds the next piece, or goes on with the one that a pause has cut. */
static enum XML_Status step(nps_xml *x)
{
    if (x->paused) {
        x->paused = false;
        return XML_ResumeParser(x->parser);
    }
    skip_run(x);
    size_t n = piece_end(x) - x->fed;
    const char *from = x->text.p + x->fed;
    x->fed += n;
    return XML_Parse(x->parser, from, (int)n, x->fed == x->text.n);
}

nps_status nps_xml_walk(nps_xml *x, bool *ret_ended, nps_err *err)
{
    for (;;) {
        enum XML_Status status = step(x);
        if (x->failed) {
            if (err)
                *err = x->why;
            return x->why.code;
        }
        if (status == XML_STATUS_ERROR)
            return explain(x, err);
        bool ended = !x->paused && x->fed == x->text.n;
        if (x->paused || ended) {
            *ret_ended = ended;
            return NPS_OK;
        }
        /* A piece that does not complete a tag is looked at again with the next one. */
        size_t at = nps_xml_offset(x);
        if (x->fed - at > TAG_MAX)
            return nps_fail_at(err, NPS_E_LIMIT, line_of(x, at), at, "an XML tag of more than %d bytes", TAG_MAX);
    }
}

void nps_xml_pause(nps_xml *x)
{
    if (!x->failed && XML_StopParser(x->parser, XML_TRUE) == XML_STATUS_OK)
        x->paused = true;
}

void nps_xml_fail(nps_xml *x, const nps_err *why)
{
    if (x->failed)
        return;
    x->failed = true;
    x->why = *why;
    XML_StopParser(x->parser, XML_FALSE);
}

size_t nps_xml_depth(const nps_xml *x)
{
    return x->depth;
}

size_t nps_xml_offset(const nps_xml *x)
{
    XML_Index index = XML_GetCurrentByteIndex(x->parser);
    size_t at = index < 0 ? 0 : (size_t)index + x->skipped;
    return at < x->text.n ? at : x->text.n;
}

size_t nps_xml_behind(const nps_xml *x)
{
    int n = XML_GetCurrentByteCount(x->parser);
    size_t at = nps_xml_offset(x);
    return n > 0 && (size_t)n <= x->text.n - at ? at + (size_t)n : at;
}

size_t nps_xml_line(nps_xml *x)
{
    return line_of(x, nps_xml_offset(x));
}

nps_span nps_xml_inner(const nps_xml *x, size_t behind)
{
    size_t at = nps_xml_offset(x);
    return at > behind ? (nps_span){x->text.p + behind, at - behind} : (nps_span){x->text.p + behind, 0};
}

const char *nps_xml_attr(const char *const *attr, const char *name)
{
    for (; attr[0]; attr += 2)
        if (strcmp(local_name(attr[0]), name) == 0)
            return attr[1];
    return NULL;
}
