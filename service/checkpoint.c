#include "service/checkpoint.h"

#include "service/text.h"

#include <string.h>

/* Whole lines of clean text, none of them empty. */
static bool lines_are_whole(nps_span s)
{
    if (s.n && s.p[s.n - 1] != '\n')
        return false;
    for (size_t from = 0; from < s.n;) {
        const char *lf = memchr(s.p + from, '\n', s.n - from);
        size_t end = (size_t)(lf - s.p);
        if (end == from || !nps_text_is_clean((nps_span){s.p + from, end - from}))
            return false;
        from = end + 1;
    }
    return true;
}

nps_status nps_checkpoint_put(const nps_checkpoint *c, nps_buf *out, nps_err *err)
{
    if (!c->origin.n || !nps_text_is_clean(c->origin))
        return nps_fail(err, NPS_E_RANGE, "origin of a checkpoint is empty or has control bytes");
    if (!lines_are_whole(c->extension))
        return nps_fail(err, NPS_E_RANGE, "extension of a checkpoint is not whole lines of text");
    nps_buf_add(out, c->origin.p, c->origin.n);
    nps_buf_printf(out, "\n%llu\n", (unsigned long long)c->size);
    nps_base64_put((nps_bytes){c->root, sizeof c->root}, out);
    nps_buf_putc(out, '\n');
    nps_buf_add(out, c->extension.p, c->extension.n);
    return nps_buf_check(out, err);
}

nps_status nps_checkpoint_sign(uint64_t size, const uint8_t root[static NPS_MERKLE_HASH], const nps_signing_key *key,
                               nps_buf *out, nps_err *err)
{
    const nps_note_key *k = nps_signing_key_public(key);
    nps_checkpoint c = {.origin = nps_span_of(k->name), .size = size};
    memcpy(c.root, root, sizeof c.root);
    NPS_AUTO_BUF text = NPS_BUF_INIT(4096);
    nps_status st = nps_checkpoint_put(&c, &text, err);
    if (st != NPS_OK)
        return st;
    uint8_t signature[NPS_SIGNATURE];
    nps_signing_key_sign(key, (nps_bytes){text.data, text.len}, signature);
    nps_buf_add(out, text.data, text.len);
    nps_buf_putc(out, '\n');
    nps_note_put_signature(k->name, k->id, signature, out);
    return nps_buf_check(out, err);
}

/* Decimal without leading zeros. */
static bool take_size(nps_span s, uint64_t *ret_size)
{
    return s.n && (s.p[0] != '0' || s.n == 1) && s.p[0] >= '0' && s.p[0] <= '9' && s.p[s.n - 1] >= '0' &&
           nps_span_u64(s, ret_size);
}

nps_status nps_checkpoint_parse(const char *p, size_t len, nps_note *ret_note, nps_checkpoint *ret_checkpoint, nps_err *err)
{
    nps_note note;
    nps_checkpoint c = {0};
    nps_span line[3];
    size_t at = 0;
    nps_status st = nps_note_parse(p, len, &note, err);
    if (st != NPS_OK)
        return st;
    static const char *const missing[] = {"a checkpoint has no origin", "a checkpoint has no tree size",
                                          "a checkpoint has no root hash"};
    for (size_t i = 0; i < 3; i++) {
        const char *lf = at < note.text.n ? memchr(note.text.p + at, '\n', note.text.n - at) : NULL;
        line[i] = (nps_span){p + at, lf ? (size_t)(lf - p) - at : 0};
        if (!line[i].n)
            return nps_fail_at(err, NPS_E_FORMAT, i + 1, at, "%s", missing[i]);
        at += line[i].n + 1;
    }
    c.origin = line[0];
    if (!take_size(line[1], &c.size))
        return nps_fail_at(err, NPS_E_FORMAT, 2, (size_t)(line[1].p - p), "tree size is no decimal number of 64 bits");
    size_t n;
    if (!nps_base64_parse(line[2].p, line[2].n, c.root, sizeof c.root, &n) || n != sizeof c.root)
        return nps_fail_at(err, NPS_E_FORMAT, 3, (size_t)(line[2].p - p), "root hash is not base64 of 32 bytes");
    c.extension = (nps_span){p + at, note.text.n - at};
    /* The note's lines are clean already, and its text ends in a newline: what is left to find is an empty line. */
    for (size_t i = at, number = 4; i < note.text.n; i++) {
        if (p[i] == '\n' && p[i - 1] == '\n')
            return nps_fail_at(err, NPS_E_FORMAT, number, i, "an extension line is empty");
        number += p[i] == '\n';
    }
    *ret_note = note;
    *ret_checkpoint = c;
    return NPS_OK;
}

nps_status nps_checkpoint_verify(const char *p, size_t len, const nps_note_key *key, const char *origin,
                                 nps_checkpoint *ret_checkpoint, nps_err *err)
{
    nps_span want = nps_span_of(origin ? origin : key->name);
    nps_note note;
    nps_checkpoint c;
    nps_status st = nps_checkpoint_parse(p, len, &note, &c, err);
    if (st == NPS_OK)
        st = nps_note_verify(&note, key, err);
    if (st != NPS_OK)
        return st;
    if (c.origin.n != want.n || memcmp(c.origin.p, want.p, want.n) != 0)
        return nps_fail(err, NPS_E_DENIED, "the checkpoint is of the log '%s'", nps_quote(c.origin.p, c.origin.n).s);
    *ret_checkpoint = c;
    return NPS_OK;
}
