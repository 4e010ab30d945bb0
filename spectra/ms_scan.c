#include "spectra/ms_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static nps_status open_walk(nps_ms_walk *w, nps_reader *r, const nps_xml_handlers *handlers, nps_err *err)
{
    w->r = r;
    nps_span text = {r->scan.start, (size_t)(r->scan.end - r->scan.start)};
    return nps_xml_new(text, handlers, w, &w->xml, err);
}

void nps_ms_done(nps_ms_walk *w)
{
    nps_xml_free(w->xml);
    nps_spectrum_free(w->current.s);
    nps_spectrum_free(w->ready.s);
    nps_ms_scratch_done(&w->scratch);
    nps_ms_values_done(&w->mz);
    nps_ms_values_done(&w->intensity);
}

/* --- gathering a scan ------------------------------------------------------------------------------------------- */

void nps_ms_begin(nps_ms_walk *w)
{
    nps_err err = {0};
    nps_spectrum *s = NULL;
    NPS_ASSERT(!w->ready.s);
    w->ready = w->current;
    w->current = (nps_ms_scan){0};
    if (nps_spectrum_new(&s, &err) != NPS_OK) {
        nps_xml_fail(w->xml, &err);
        return;
    }
    s->line = nps_xml_line(w->xml);
    s->offset = nps_xml_offset(w->xml);
    w->current.s = s;
    nps_xml_pause(w->xml);
}

void nps_ms_refuse(nps_ms_walk *w, nps_status code, const char *fmt, ...)
{
    nps_err err;
    va_list ap;
    va_start(ap, fmt);
    char text[sizeof err.msg];
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    nps_ms_check(w, nps_fail(&err, code, "%s", text), &err);
}

void nps_ms_check(nps_ms_walk *w, nps_status st, const nps_err *err)
{
    if (st == NPS_OK || w->current.fault.code != NPS_OK)
        return;
    nps_err why = *err;
    if (!why.line) {
        why.line = nps_xml_line(w->xml);
        why.offset = nps_xml_offset(w->xml);
    }
    if (st == NPS_E_NOMEM)
        nps_xml_fail(w->xml, &why);
    else
        w->current.fault = why;
}

void nps_ms_take_pair(nps_ms_walk *w, const char *key, const char *value)
{
    nps_err err = {0};
    if (nps_ms_inside(w))
        nps_ms_check(w, nps_spectrum_take_pair(w->current.s, nps_span_of(key), nps_span_of(value), &err), &err);
}

void nps_ms_add_meta(nps_ms_walk *w, const char *key, const char *value)
{
    nps_err err = {0};
    if (nps_ms_inside(w))
        nps_ms_check(w, nps_spectrum_add_meta(w->current.s, nps_span_of(key), nps_span_of(value), &err), &err);
}

void nps_ms_set_text(nps_ms_walk *w, nps_text_field f, const char *key, const char *value)
{
    nps_err err = {0};
    if (nps_ms_inside(w))
        nps_ms_check(w, nps_spectrum_set_text(w->current.s, f, nps_span_of(key), nps_span_of(value), &err), &err);
}

/* --- a scan that is complete ------------------------------------------------------------------------------------ */

static void split_pairs(nps_ms_values *pairs, nps_ms_values *intensity)
{
    intensity->n = pairs->n /= 2;
    for (size_t i = 0; i < pairs->n; i++) {
        intensity->v[i] = pairs->v[2 * i + 1];
        pairs->v[i] = pairs->v[2 * i];
    }
}

static nps_status decode_pairs(nps_ms_walk *w, const nps_ms_scan *c, nps_err *err)
{
    nps_status st = nps_ms_array_decode(&c->mz, "peaks", 2, &w->r->limits, &w->scratch, &w->mz, err);
    if (st == NPS_OK)
        st = nps_grow(&w->intensity.v, &w->intensity.cap, w->mz.n / 2 + 1, sizeof *w->intensity.v,
                      SIZE_MAX / sizeof *w->intensity.v, err);
    if (st == NPS_OK)
        split_pairs(&w->mz, &w->intensity);
    return st;
}

static nps_status decode(nps_ms_walk *w, const nps_ms_scan *c, nps_err *err)
{
    w->mz.n = w->intensity.n = 0;
    if (!c->has_mz && !c->has_intensity && c->mz.claim)
        return nps_fail(err, NPS_E_FORMAT, "the scan states %zu numbers and has none", c->mz.claim);
    if (!c->has_mz && !c->has_intensity)
        return NPS_OK;
    if (c->pairs)
        return decode_pairs(w, c, err);
    if (!c->has_mz || !c->has_intensity)
        return nps_fail(err, NPS_E_FORMAT, "the scan has no %s array", c->has_mz ? "intensity" : "m/z");
    nps_status st = nps_ms_array_decode(&c->mz, "m/z", 1, &w->r->limits, &w->scratch, &w->mz, err);
    if (st == NPS_OK)
        st = nps_ms_array_decode(&c->intensity, "intensity", 1, &w->r->limits, &w->scratch, &w->intensity, err);
    if (st == NPS_OK && w->mz.n != w->intensity.n)
        return nps_fail_at(err, NPS_E_FORMAT, c->intensity.line, c->intensity.offset,
                           "%zu intensities do not go with %zu m/z values", w->intensity.n, w->mz.n);
    return st;
}

/* What is no peak whatever else it is: intensity 0, the m/z of which may be anything, and m/z 0, as some programs begin a
 * scan with. */
static bool is_nothing(double mz, double intensity, nps_spectrum *s)
{
    s->repairs[NPS_REPAIR_ZERO] += intensity == 0;
    s->repairs[NPS_REPAIR_NO_MZ] += intensity != 0 && mz == 0;
    return intensity == 0 || mz == 0;
}

static nps_status push_peaks(nps_ms_walk *w, nps_spectrum *s, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < w->mz.n && st == NPS_OK; i++)
        if (!is_nothing(w->mz.v[i], w->intensity.v[i], s))
            st = nps_peaks_push(&s->peaks, w->mz.v[i], w->intensity.v[i], NULL, 0, w->r->limits.max_points, err);
    return st;
}

static nps_status find_peaks(nps_ms_walk *w, nps_ms_scan *c, nps_err *err)
{
    if (c->shape == NPS_MS_PROFILE)
        return nps_spectrum_push_profile(c->s, w->mz.v, w->intensity.v, w->mz.n, w->r->limits.max_points, err);
    return push_peaks(w, c->s, err);
}

/* A scan of fragments is MS/MS whatever the source; an MS1 scan is a spectrum to search only after electron or DART
 * ionisation. */
static void set_technique(nps_ms_scan *c)
{
    c->s->technique_told = true;
    c->s->technique = c->level > 1 || c->s->precursor_mz > 0 ? NPS_TECH_MSMS
                      : c->source == NPS_MS_EI               ? NPS_TECH_EI
                      : c->source == NPS_MS_DART             ? NPS_TECH_DART
                                                             : NPS_TECH_UNKNOWN;
}

/* *ret_spectrum is NULL when the scan has no peaks. */
static nps_status finish(nps_ms_walk *w, nps_ms_scan *c, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_status st = c->fault.code;
    if (st != NPS_OK) {
        if (err)
            *err = c->fault;
        return st;
    }
    if (err)
        err->line = 0;
    st = decode(w, c, err);
    if (st == NPS_OK)
        st = find_peaks(w, c, err);
    if (st == NPS_OK) {
        set_technique(c);
        st = nps_spectrum_settle(c->s, err);
    }
    if (st != NPS_OK && err && !err->line) {
        err->line = c->s->line;
        err->offset = c->s->offset;
    }
    if (st == NPS_OK && c->s->peaks.n)
        *ret_spectrum = nps_steal(c->s);
    return st;
}

/* --- the walk --------------------------------------------------------------------------------------------------- */

/* To the beginning of the next scan, or the end: then w->ready is the one before. */
static void advance(nps_ms_walk *w)
{
    bool ended = false;
    w->broken = nps_xml_walk(w->xml, &ended, &w->why);
    w->over = ended || w->broken != NPS_OK;
    if (w->over && (w->broken == NPS_OK || w->current.ended)) {
        w->ready = w->current;
        w->current = (nps_ms_scan){0};
    }
}

/* The scan of the reader follows the XML, for its progress and its limit on records. */
static void follow(nps_ms_walk *w)
{
    nps_scan *scan = &w->r->scan;
    scan->p = w->over ? scan->end : scan->start + w->current.s->offset;
    scan->line = w->over ? scan->line : w->current.s->line - 1;
}

static nps_status tell_end(nps_ms_walk *w, nps_spectrum **ret_spectrum, nps_err *err)
{
    w->r->at_end = true;
    if (w->broken != NPS_OK) {
        if (err)
            *err = w->why;
        return w->broken;
    }
    if (!w->r->n_records)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, nps_xml_line(w->xml), nps_xml_offset(w->xml),
                           "the file holds no mass spectrum with peaks, only %zu empty scans and %zu chromatograms",
                           w->empty, w->chromatograms);
    *ret_spectrum = NULL;
    return NPS_OK;
}

static nps_status next_scan(nps_ms_walk *w, nps_spectrum **ret_spectrum, nps_err *err)
{
    for (;;) {
        if (!w->ready.s) {
            if (w->over)
                return tell_end(w, ret_spectrum, err);
            advance(w);
            follow(w);
            continue;
        }
        nps_spectrum *s = NULL;
        nps_status st = nps_reader_refuse(w->r, w->ready.s, finish(w, &w->ready, &s, err));
        nps_spectrum_free(w->ready.s);
        w->ready = (nps_ms_scan){0};
        if (w->over && w->broken == NPS_OK && (st != NPS_OK || s))
            w->r->at_end = true;
        if (st != NPS_OK)
            return st;
        if (s) {
            *ret_spectrum = s;
            return NPS_OK;
        }
        w->empty++;
    }
}

nps_status nps_ms_next(nps_reader *r, size_t size, const nps_xml_handlers *handlers, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state) {
        r->state = nps_array(1, size);
        nps_status st = r->state ? open_walk(r->state, r, handlers, err) : nps_fail_nomem(err);
        if (st != NPS_OK)
            return nps_reader_place(r, err, st, r->scan.p);
    }
    return next_scan(r->state, ret_spectrum, err);
}

/* --- sniffing --------------------------------------------------------------------------------------------------- */

static const char *find(const char *p, const char *end, const char *text)
{
    return memmem(p, (size_t)(end - p), text, strlen(text));
}

static bool ends_name(char c)
{
    return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '[';
}

static nps_span name_at(const char *p, const char *end)
{
    const char *q = p;
    for (; q < end && !ends_name(*q); q++)
        if (*q == ':')
            p = q + 1;
    return (nps_span){p, (size_t)(q - p)};
}

nps_span nps_ms_root(nps_span head)
{
    static const char doctype[] = "<!DOCTYPE";
    const char *p = head.p, *end = p + head.n;
    for (;;) {
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
            p++;
        if (end - p < 2 || *p != '<')
            return (nps_span){p, 0};
        const char *close = p[1] == '?' ? "?>" : p[1] == '!' && end - p >= 4 && p[2] == '-' ? "-->" : NULL;
        /* A document type names the root, too; it is left to the reader to refuse it. */
        if (!close && (size_t)(end - p) > sizeof doctype && memcmp(p, doctype, sizeof doctype - 1) == 0)
            return name_at(p + sizeof doctype, end);
        if (!close)
            return name_at(p + 1, end);
        const char *q = find(p, end, close);
        if (!q)
            return (nps_span){p, 0};
        p = q + strlen(close);
    }
}
