#include "spectra/jcamp_block.h"

#include <stdlib.h>
#include <string.h>

enum { LDR_MAX = 100000 };

void nps_jcamp_block_done(nps_jcamp_block *b)
{
    free(b->ldr);
    *b = (nps_jcamp_block){0};
}

void nps_jcamp_normalise(nps_span label, char *key, size_t size)
{
    size_t m = 0;
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        if (c == ' ' || c == '\t' || c == '-' || c == '/' || c == '_')
            continue;
        if (m + 1 == size) {
            m = 0;
            break;
        }
        key[m++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    key[m] = '\0';
}

/* Whether a line begins a record; then its label, and the value as far as this line goes. */
static bool split_label(nps_span line, nps_jcamp_ldr *ret_ldr, bool *ret_sign)
{
    nps_span s = nps_span_trim(line);
    if (!nps_span_starts(s, "##"))
        return false;
    const char *end = line.p + line.n;
    const char *sign = memchr(s.p, '=', s.n);
    const char *comment = memmem(s.p, s.n, "$$", 2);
    if (comment && sign && comment < sign)
        sign = NULL;
    const char *stop = sign ? sign : comment ? comment : end;
    ret_ldr->label = nps_span_trim((nps_span){s.p + 2, (size_t)(stop - s.p) - 2});
    ret_ldr->value = sign ? (nps_span){sign + 1, (size_t)(end - sign) - 1} : (nps_span){stop, (size_t)(end - stop)};
    *ret_sign = sign;
    nps_jcamp_normalise(ret_ldr->label, ret_ldr->key, sizeof ret_ldr->key);
    return true;
}

static nps_status add(nps_jcamp_block *b, const nps_jcamp_ldr *ldr, nps_err *err)
{
    nps_status st = nps_grow(&b->ldr, &b->cap, b->n + 1, sizeof *b->ldr, LDR_MAX, NULL);
    size_t at = (size_t)(ldr->label.p - b->base);
    if (st == NPS_E_LIMIT)
        return nps_fail_at(err, st, ldr->line, at, "more than %d labelled records in one block", LDR_MAX);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    if (!b->n) {
        b->line = ldr->line;
        b->offset = at - 2;
    }
    b->ldr[b->n++] = *ldr;
    return NPS_OK;
}

/* One line of the input. *ret_over when the block ends with or before it. */
static nps_status take_line(nps_reader *r, nps_jcamp_block *b, bool *had_title, nps_span line, nps_scan before,
                            bool *ret_over, nps_err *err)
{
    nps_jcamp_ldr ldr = {.line = r->scan.line};
    bool sign = false;
    if (!split_label(line, &ldr, &sign)) {
        if (b->n)
            b->ldr[b->n - 1].value.n = (size_t)(line.p + line.n - b->ldr[b->n - 1].value.p);
        return NPS_OK;
    }
    bool title = strcmp(ldr.key, "TITLE") == 0;
    if (title && *had_title) {
        r->scan = before;
        *ret_over = true;
        return NPS_OK;
    }
    *had_title |= title;
    if (strcmp(ldr.key, "END") == 0) {
        /* The end of a LINK around the blocks before belongs to no block of its own. */
        *ret_over = b->n > 0;
        return NPS_OK;
    }
    b->missing_signs += !sign;
    return add(b, &ldr, err);
}

nps_status nps_jcamp_block_read(nps_reader *r, nps_jcamp_block *b, bool *ret_any, nps_err *err)
{
    b->n = b->missing_signs = 0;
    b->base = r->scan.start;
    bool had_title = false, over = false, seen = false;
    nps_status first = NPS_OK;
    while (!over) {
        nps_scan before = r->scan;
        nps_span line;
        bool any = false;
        /* A broken line does not end the block: what follows it must not be taken for a block of its own. */
        nps_status st = nps_reader_line(r, &line, &any, first == NPS_OK ? err : NULL);
        if (st == NPS_OK) {
            if (!any)
                break;
            st = take_line(r, b, &had_title, line, before, &over, first == NPS_OK ? err : NULL);
            if (st == NPS_E_NOMEM)
                return st;
        }
        seen = true;
        if (first == NPS_OK)
            first = st;
    }
    if (first != NPS_OK)
        return first;
    *ret_any = b->n > 0 && seen;
    return NPS_OK;
}

const nps_jcamp_ldr *nps_jcamp_find(const nps_jcamp_block *b, size_t from, size_t end, const char *key)
{
    for (size_t i = from; i < end; i++)
        if (strcmp(b->ldr[i].key, key) == 0)
            return &b->ldr[i];
    return NULL;
}

bool nps_jcamp_value_line(nps_scan *s, nps_span *ret_line)
{
    nps_span line;
    if (!nps_scan_line(s, &line))
        return false;
    const char *comment = line.n ? memmem(line.p, line.n, "$$", 2) : NULL;
    if (comment)
        line.n = (size_t)(comment - line.p);
    *ret_line = nps_span_trim(line);
    return true;
}

nps_span nps_jcamp_first_line(const nps_jcamp_ldr *ldr)
{
    nps_span line = {"", 0};
    if (ldr) {
        nps_scan s = nps_scan_init(ldr->value.p, ldr->value.n);
        if (!nps_jcamp_value_line(&s, &line))
            line = (nps_span){"", 0};
    }
    return line;
}

void nps_jcamp_value_text(const nps_jcamp_ldr *ldr, nps_buf *b)
{
    nps_scan s = nps_scan_init(ldr->value.p, ldr->value.n);
    for (nps_span line; nps_jcamp_value_line(&s, &line);) {
        if (!line.n)
            continue;
        if (b->len)
            nps_buf_putc(b, '\n');
        nps_buf_add(b, line.p, line.n);
    }
}
