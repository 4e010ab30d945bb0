#include "service/signed_note.h"

#include "service/text.h"

#include <string.h>

enum { ED25519 = 1 }; /* signature type of the specification */

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

/* --- keys ---------------------------------------------------------------------------------------------------------------------- */

/* U+0085, U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F, U+3000: with those of ASCII all of White_Space. */
static bool has_wide_space(nps_span s)
{
    static const char *const space[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    for (size_t i = 0; i < sizeof space / sizeof *space; i++)
        if (memmem(s.p, s.n, space[i], strlen(space[i])))
            return true;
    for (size_t i = 0; i + 2 < s.n; i++)
        if (memcmp(s.p + i, "\xe2\x80", 2) == 0 && (unsigned char)s.p[i + 2] >= 0x80 && (unsigned char)s.p[i + 2] <= 0x8a)
            return true;
    return false;
}

bool nps_note_name_is_valid(nps_span name)
{
    return name.n && name.n < NPS_NOTE_NAME && nps_text_is_clean(name) && !memchr(name.p, ' ', name.n) &&
           !memchr(name.p, '+', name.n) && !has_wide_space(name);
}

void nps_note_key_make(const char *name, const uint8_t public_key[static NPS_SIGN_PUBLIC], nps_note_key *ret_key)
{
    nps_span n = nps_span_of(name);
    uint8_t hash[NPS_SHA256];
    const nps_bytes piece[] = {{n.p, n.n}, {"\n\x01", 2}, {public_key, NPS_SIGN_PUBLIC}};
    NPS_ASSERT(nps_note_name_is_valid(n));
    nps_note_key k = {0};
    nps_sha256(piece, 3, hash);
    memcpy(k.name, n.p, n.n);
    memcpy(k.id, hash, sizeof k.id);
    memcpy(k.public_key, public_key, sizeof k.public_key);
    *ret_key = k;
}

static void put_hex(const uint8_t *p, size_t n, nps_buf *out)
{
    for (size_t i = 0; i < n; i++)
        nps_buf_printf(out, "%02x", p[i]);
}

void nps_note_key_put(const nps_note_key *k, nps_buf *out)
{
    uint8_t typed[1 + NPS_SIGN_PUBLIC] = {ED25519};
    memcpy(typed + 1, k->public_key, NPS_SIGN_PUBLIC);
    nps_buf_printf(out, "%s+", k->name);
    put_hex(k->id, sizeof k->id, out);
    nps_buf_putc(out, '+');
    nps_base64_put((nps_bytes){typed, sizeof typed}, out);
}

nps_status nps_note_key_parse(const char *text, size_t len, nps_note_key *ret_key, nps_err *err)
{
    const char *first = len ? memchr(text, '+', len) : NULL;
    size_t at = first ? (size_t)(first - text) : len;
    char name[NPS_NOTE_NAME];
    uint8_t typed[1 + NPS_SIGN_PUBLIC];
    size_t n;
    if (!nps_note_name_is_valid((nps_span){text, at}))
        return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "a verifier key begins with a name without spaces");
    if (len - at < 10 || text[at + 9] != '+' || !nps_text_is_hex((nps_span){text + at + 1, 8}, 8))
        return nps_fail_at(err, NPS_E_FORMAT, 1, at, "a verifier key has '+', 8 hex digits and '+' after its name");
    if (!nps_base64_parse(text + at + 10, len - at - 10, typed, sizeof typed, &n) || !n)
        return nps_fail_at(err, NPS_E_FORMAT, 1, at + 10, "a verifier key ends in base64 of 33 bytes");
    if (typed[0] != ED25519)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 1, at + 10, "key of kind %u is not Ed25519", typed[0]);
    if (n != sizeof typed)
        return nps_fail_at(err, NPS_E_FORMAT, 1, at + 10, "a verifier key ends in base64 of 33 bytes");
    memcpy(name, text, at);
    name[at] = '\0';
    nps_note_key k;
    nps_note_key_make(name, typed + 1, &k);
    NPS_AUTO_BUF id = NPS_BUF_INIT(16);
    put_hex(k.id, sizeof k.id, &id);
    nps_status st = nps_buf_check(&id, err);
    if (st != NPS_OK)
        return st;
    if (memcmp(id.data, text + at + 1, 8) != 0)
        return nps_fail_at(err, NPS_E_FORMAT, 1, at + 1, "key id is not that of the name and the key (%s)", id.data);
    *ret_key = k;
    return NPS_OK;
}

/* --- notes ---------------------------------------------------------------------------------------------------------------------- */

/* Line and byte of a place. */
static nps_status fault(nps_err *err, nps_status st, const char *p, size_t at, const char *says)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += p[i] == '\n';
    return nps_fail_at(err, st, line, at, "%s", says);
}

/* The start of the signature lines: after the last empty line. 0: there is none with a text before it. */
static size_t end_of_text(const char *p, size_t len)
{
    for (size_t i = len; i >= 2; i--)
        if (p[i - 1] == '\n' && p[i - 2] == '\n')
            return i;
    return 0;
}

/* Base64 of 4 + n bytes; what has another size than Ed25519's is only checked to be base64. */
static bool take_signature(const char *p, size_t n, struct nps_note_signature *ret)
{
    uint8_t raw[NPS_NOTE_LINE];
    size_t len;
    if (!nps_base64_parse(p, n, raw, sizeof raw, &len) || len <= sizeof ret->id)
        return false;
    memcpy(ret->id, raw, sizeof ret->id);
    ret->sized = len == sizeof ret->id + NPS_SIGNATURE;
    if (ret->sized)
        memcpy(ret->signature, raw + sizeof ret->id, NPS_SIGNATURE);
    return true;
}

/* One signature line without its end. */
static nps_status take_line(const char *p, size_t at, size_t end, nps_note *note, nps_err *err)
{
    size_t d = sizeof dash - 1;
    if (note->n_signature == NPS_NOTE_SIGNATURES)
        return fault(err, NPS_E_LIMIT, p, at, "a note has more than 32 signatures");
    if (end - at < d || memcmp(p + at, dash, d) != 0)
        return fault(err, NPS_E_FORMAT, p, at, "a signature line does not begin with an em dash and a space");
    size_t name = at + d;
    const char *space = memchr(p + name, ' ', end - name);
    struct nps_note_signature s = {.name = {p + name, space ? (size_t)(space - p) - name : 0}};
    if (!nps_note_name_is_valid(s.name))
        return fault(err, NPS_E_FORMAT, p, name, "a signature line has no key name");
    size_t base64 = name + s.name.n + 1;
    if (end - base64 > NPS_NOTE_LINE)
        return fault(err, NPS_E_LIMIT, p, base64, "a signature is longer than 8192 bytes");
    if (!take_signature(p + base64, end - base64, &s))
        return fault(err, NPS_E_FORMAT, p, base64, "a signature is not base64 of a key id and more");
    note->signature[note->n_signature++] = s;
    return NPS_OK;
}

nps_status nps_note_parse(const char *p, size_t len, nps_note *ret_note, nps_err *err)
{
    nps_note note = {0};
    if (len > NPS_NOTE_MAX)
        return nps_fail_at(err, NPS_E_LIMIT, 1, 0, "a note is longer than %d bytes", NPS_NOTE_MAX);
    for (size_t from = 0; from < len;) {
        const char *lf = memchr(p + from, '\n', len - from);
        size_t end = lf ? (size_t)(lf - p) : len;
        if (!nps_text_is_clean((nps_span){p + from, end - from}))
            return fault(err, NPS_E_FORMAT, p, from, "a line has control bytes or is not UTF-8");
        from = end + 1;
    }
    if (!len || p[len - 1] != '\n')
        return fault(err, NPS_E_FORMAT, p, len, "a note does not end in a newline");
    size_t at = end_of_text(p, len);
    if (!at || at == len)
        return fault(err, NPS_E_FORMAT, p, len, "a note has no signature lines after an empty line");
    note.text = (nps_span){p, at - 1};
    while (at < len) {
        size_t end = (size_t)((const char *)memchr(p + at, '\n', len - at) - p);
        nps_status st = take_line(p, at, end, &note, err);
        if (st != NPS_OK)
            return st;
        at = end + 1;
    }
    *ret_note = note;
    return NPS_OK;
}

nps_status nps_note_verify(const nps_note *note, const nps_note_key *key, nps_err *err)
{
    size_t good = 0;
    for (size_t i = 0; i < note->n_signature; i++) {
        const struct nps_note_signature *s = &note->signature[i];
        if (s->name.n != strlen(key->name) || memcmp(s->name.p, key->name, s->name.n) != 0 ||
            memcmp(s->id, key->id, sizeof s->id) != 0)
            continue;
        if (!s->sized || !nps_signature_holds(key->public_key, (nps_bytes){note->text.p, note->text.n}, s->signature))
            return nps_fail(err, NPS_E_DENIED, "signature of '%s' does not hold", nps_quote(key->name, s->name.n).s);
        good++;
    }
    return good ? NPS_OK
                : nps_fail(err, NPS_E_NOT_FOUND, "the note is not signed by '%s'",
                           nps_quote(key->name, strlen(key->name)).s);
}

void nps_note_put_signature(const char *name, const uint8_t id[static 4], const uint8_t signature[static NPS_SIGNATURE],
                            nps_buf *out)
{
    uint8_t raw[4 + NPS_SIGNATURE];
    memcpy(raw, id, 4);
    memcpy(raw + 4, signature, NPS_SIGNATURE);
    nps_buf_printf(out, "%s%s ", dash, name);
    nps_base64_put((nps_bytes){raw, sizeof raw}, out);
    nps_buf_putc(out, '\n');
}
