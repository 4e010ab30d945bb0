#include "tests/support/nps_test.h"

#include "service/checkpoint.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

/* The example of the documentation of golang.org/x/mod/sumdb/note: key pair and note. */
#define GO_PUBLIC "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_SECRET "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
#define GO_TEXT "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
#define GO_LINE "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

/* A checkpoint that Go's checksum database published, and its key as every Go toolchain holds it. */
#define SUMDB_KEY "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define SUMDB "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n" \
    "\xe2\x80\x94 sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"

/* Form of a checkpoint of the specification. */
#define SOFA "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
enum { SOFA_BYTES = sizeof SOFA - 1 };
#define SOFA_LINE "\xe2\x80\x94 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

static nps_note_key key_of(const char *text)
{
    nps_note_key k;
    nps_err err = {0};
    assert_ok(nps_note_key_parse(text, strlen(text), &k, &err), &err);
    return k;
}

static const char *new_path(void)
{
    static char path[300];
    static int n;
    snprintf(path, sizeof path, "%s/key%d", nps_temp_dir(), n++);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
}

static nps_signing_key *go_key(void)
{
    nps_signing_key *k = NULL;
    nps_err err = {0};
    const char *path = new_path();
    write_file(path, GO_SECRET, 0600);
    assert_ok(nps_signing_key_open(path, "unused", &k, &err), &err);
    return k;
}

/* --- published values ----------------------------------------------------------------------------------------------------------- */

static void the_published_key_pair_gives_the_published_note(void **state)
{
    (void)state;
    NPS_AUTO(nps_signing_key) k = go_key();
    NPS_AUTO_BUF out = NPS_BUF_INIT(4096);
    uint8_t signature[NPS_SIGNATURE];
    const nps_note_key *known = nps_signing_key_public(k);
    nps_note_key_put(known, &out);
    assert_string_equal(out.data, GO_PUBLIC);
    nps_buf_clear(&out);
    nps_signing_key_sign(k, (nps_bytes){GO_TEXT, strlen(GO_TEXT)}, signature);
    nps_note_put_signature(known->name, known->id, signature, &out);
    assert_string_equal(out.data, GO_LINE);
}

static void published_notes_verify(void **state)
{
    (void)state;
    nps_note note;
    nps_checkpoint c;
    nps_err err = {0};
    nps_note_key peter = key_of(GO_PUBLIC), sumdb = key_of(SUMDB_KEY);
    assert_ok(nps_note_parse(GO_TEXT "\n" GO_LINE, strlen(GO_TEXT "\n" GO_LINE), &note, &err), &err);
    assert_ok(nps_note_verify(&note, &peter, &err), &err);
    assert_int_equal(nps_note_verify(&note, &sumdb, &err), NPS_E_NOT_FOUND);
    assert_string_equal(err.msg, "the note is not signed by 'sum.golang.org'");
    assert_ok(nps_checkpoint_verify(SUMDB, strlen(SUMDB), &sumdb, "go.sum database tree", &c, &err), &err);
    assert_int_equal(c.size, 6476701);
    assert_int_equal(c.extension.n, 0);
    assert_int_equal(nps_checkpoint_verify(SUMDB, strlen(SUMDB), &sumdb, NULL, &c, &err), NPS_E_DENIED);
    assert_string_equal(err.msg, "the checkpoint is of the log 'go.sum database tree'");
    assert_ok(nps_checkpoint_parse(SOFA "\n" SOFA_LINE, strlen(SOFA "\n" SOFA_LINE), &note, &c, &err), &err);
    assert_int_equal(c.size, 20852163);
    assert_int_equal(c.root[0], 0x0a);
}

/* --- keys -------------------------------------------------------------------------------------------------------------------------- */

static void mangled_verifier_keys_are_refused(void **state)
{
    (void)state;
    nps_note_key k;
    const size_t n = strlen(GO_PUBLIC);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j <= n; j++)
            if (i || j != n)
                assert_int_not_equal(nps_note_key_parse(GO_PUBLIC + i, j - i, &k, NULL), NPS_OK);
    char text[] = GO_PUBLIC;
    for (size_t i = 0; i < n; i++) {
        text[i]++;
        assert_int_not_equal(nps_note_key_parse(text, n, &k, NULL), NPS_OK);
        text[i]--;
    }
    static const struct {
        const char *text;
        nps_status st;
        size_t at;
        const char *says;
    } cases[] = {
        {"", NPS_E_FORMAT, 0, "a verifier key begins with a name without spaces"},
        {"Peter Neumann+c74f20a3+ARpc", NPS_E_FORMAT, 0, "a verifier key begins with a name without spaces"},
        {"a\xc2\xa0+c74f20a3+ARpc", NPS_E_FORMAT, 0, "a verifier key begins with a name without spaces"},
        {"a\xe2\x80\x83z+c74f20a3+ARpc", NPS_E_FORMAT, 0, "a verifier key begins with a name without spaces"},
        {"a+C74F20A3+ARpc", NPS_E_FORMAT, 1, "a verifier key has '+', 8 hex digits and '+' after its name"},
        {"a+c74f20a3+ARp", NPS_E_FORMAT, 11, "a verifier key ends in base64 of 33 bytes"},
        {"a+c74f20a3+ARpc", NPS_E_FORMAT, 11, "a verifier key ends in base64 of 33 bytes"},
        {"a+c74f20a3+BBpc", NPS_E_UNSUPPORTED, 11, "key of kind 4 is not Ed25519"},
        {"PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NPS_E_FORMAT, 13,
         "key id is not that of the name and the key ("},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_err err = {0};
        assert_int_equal(nps_note_key_parse(cases[i].text, strlen(cases[i].text), &k, &err), cases[i].st);
        assert_int_equal(err.offset, cases[i].at);
        assert_non_null(strstr(err.msg, cases[i].says));
    }
}

static void a_key_is_made_once_and_found_again(void **state)
{
    (void)state;
    struct stat s;
    nps_err err = {0};
    char path[300];
    snprintf(path, sizeof path, "%s", new_path());
    NPS_AUTO(nps_signing_key) a = NULL;
    NPS_AUTO(nps_signing_key) b = NULL;
    assert_ok(nps_signing_key_open(path, "nps.example/audit", &a, &err), &err);
    assert_ok(nps_signing_key_open(path, "other.example", &b, &err), &err);
    assert_memory_equal(nps_signing_key_public(a), nps_signing_key_public(b), sizeof(nps_note_key));
    assert_string_equal(nps_signing_key_public(b)->name, "nps.example/audit");
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_int_equal(s.st_nlink, 1);
    size_t len;
    char *text = nps_slurp(path, &len);
    assert_int_equal(strncmp(text, "PRIVATE+KEY+nps.example/audit+", 30), 0);
    free(text);
    NPS_AUTO(nps_signing_key) c = NULL;
    assert_ok(nps_signing_key_open(new_path(), "nps.example/audit", &c, &err), &err);
    assert_memory_not_equal(nps_signing_key_public(a)->public_key, nps_signing_key_public(c)->public_key, NPS_SIGN_PUBLIC);
}

static void key_files_that_cannot_serve_are_refused_and_stay(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        nps_status st;
        const char *says;
    } cases[] = {
        {GO_SECRET, 0644, NPS_E_DENIED, "is open to others (mode 644); chmod 600 it"},
        {GO_SECRET, 0620, NPS_E_DENIED, "is open to others (mode 620); chmod 600 it"},
        {GO_SECRET, 0440, NPS_OK, NULL},
        {"", 0600, NPS_E_FORMAT, "is no line PRIVATE+KEY+name+id+key, or damaged"},
        {GO_SECRET "\n", 0600, NPS_E_FORMAT, "is no line"},
        {GO_PUBLIC "\n", 0600, NPS_E_FORMAT, "is no line"},
        {"PRIVATE+KEY+", 0600, NPS_E_FORMAT, "is no line"},
        {"PRIVATE+KEY+a+00000000+\n", 0600, NPS_E_FORMAT, "is no line"},
        {"PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n", 0600, NPS_E_FORMAT, "or damaged"},
        {"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFy\n", 0600, NPS_E_FORMAT, "or damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_err err = {0};
        NPS_AUTO(nps_signing_key) k = NULL;
        const char *path = new_path();
        write_file(path, cases[i].text, cases[i].mode);
        assert_int_equal(nps_signing_key_open(path, "a", &k, &err), cases[i].st);
        assert_true(!cases[i].says || strstr(err.msg, cases[i].says));
        size_t len;
        char *now = nps_slurp(path, &len);
        assert_string_equal(now, cases[i].text);
        free(now);
    }
    nps_err err = {0};
    NPS_AUTO(nps_signing_key) k = NULL;
    assert_int_equal(nps_signing_key_open(new_path(), "two words", &k, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "'two words' is no name of a signing key");
    assert_int_equal(nps_signing_key_open("/nowhere/key", "a", &k, &err), NPS_E_IO);
    assert_string_equal(err.msg, "signing key '/nowhere/key' cannot be written: No such file or directory");
    assert_int_equal(nps_signing_key_open(nps_temp_dir(), "a", &k, &err), NPS_E_IO);
}

/* --- notes ----------------------------------------------------------------------------------------------------------------------- */

static void a_signed_checkpoint_verifies_and_every_changed_byte_is_found(void **state)
{
    (void)state;
    NPS_AUTO(nps_signing_key) k = go_key();
    NPS_AUTO_BUF out = NPS_BUF_INIT(4096);
    nps_checkpoint c;
    nps_note note;
    nps_err err = {0};
    uint8_t root[NPS_MERKLE_HASH];
    nps_merkle_leaf("x", 1, root);
    const nps_note_key *known = nps_signing_key_public(k);
    assert_ok(nps_checkpoint_sign(UINT64_MAX, root, k, &out, &err), &err);
    assert_ok(nps_checkpoint_verify(out.data, out.len, known, NULL, &c, &err), &err);
    assert_true(c.size == UINT64_MAX);
    assert_memory_equal(c.root, root, sizeof root);
    assert_true(nps_span_is(c.origin, "PeterNeumann"));
    for (size_t i = 0; i < out.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            out.data[i] = (char)(out.data[i] ^ 1 << bit);
            assert_int_not_equal(nps_checkpoint_verify(out.data, out.len, known, NULL, &c, NULL), NPS_OK);
            out.data[i] = (char)(out.data[i] ^ 1 << bit);
        }
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(nps_checkpoint_parse(out.data, n, &note, &c, NULL), NPS_E_FORMAT);
}

/* Witnesses sign the same text, some in other ways; none of that may stop those who know our key only. */
static void signatures_of_others_are_passed_over_and_false_ones_of_ours_are_not(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_note note;
    nps_err err = {0};
    nps_note_key peter = key_of(GO_PUBLIC);
    nps_buf_puts(&b, GO_TEXT "\n");
    for (int i = 1; i < NPS_NOTE_SIGNATURES; i++)
        nps_buf_printf(&b, "\xe2\x80\x94 witness%d.example %s\n", i, i % 2 ? "AAAAAAAA" : "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8");
    nps_buf_puts(&b, GO_LINE);
    assert_ok(nps_note_parse(b.data, b.len, &note, &err), &err);
    assert_int_equal(note.n_signature, NPS_NOTE_SIGNATURES);
    assert_ok(nps_note_verify(&note, &peter, &err), &err);
    nps_buf_puts(&b, GO_LINE);
    assert_int_equal(nps_note_parse(b.data, b.len, &note, &err), NPS_E_LIMIT);
    assert_int_equal(err.line, 3 + NPS_NOTE_SIGNATURES + 1);
    assert_string_equal(err.msg, "a note has more than 32 signatures");
    /* Beside a good signature of the key, one that bears its id and does not hold. */
    nps_buf_clear(&b);
    nps_buf_puts(&b, GO_TEXT "\n" GO_LINE "\xe2\x80\x94 PeterNeumann x08go/ZJkuA=\n");
    assert_ok(nps_note_parse(b.data, b.len, &note, &err), &err);
    assert_int_equal(nps_note_verify(&note, &peter, &err), NPS_E_DENIED);
    assert_string_equal(err.msg, "signature of 'PeterNeumann' does not hold");
}

static void malformed_notes_are_refused_with_line_and_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line, at;
        const char *says;
    } cases[] = {
        {"", 1, 0, "a note does not end in a newline"},
        {SOFA, 4, SOFA_BYTES, "a note has no signature lines after an empty line"},
        {SOFA "\n", 5, SOFA_BYTES + 1, "a note has no signature lines after an empty line"},
        {SOFA "\n\n" SOFA_LINE, 4, SOFA_BYTES, "an extension line is empty"},
        {SOFA "\n- x AAAAAAAA\n", 5, SOFA_BYTES + 1, "a signature line does not begin with an em dash and a space"},
        {SOFA "\n\xe2\x80\x94 AAAAAAAA\n", 5, SOFA_BYTES + 5, "a signature line has no key name"},
        {SOFA "\n\xe2\x80\x94 a+b AAAAAAAA\n", 5, SOFA_BYTES + 5, "a signature line has no key name"},
        {SOFA "\n\xe2\x80\x94 x AAAA\n", 5, SOFA_BYTES + 7, "a signature is not base64 of a key id and more"},
        {SOFA "\n\xe2\x80\x94 x AAAAAAA\n", 5, SOFA_BYTES + 7, "a signature is not base64 of a key id and more"},
        {SOFA "\n\xe2\x80\x94 x  AAAAAAAA\n", 5, SOFA_BYTES + 7, "a signature is not base64 of a key id and more"},
        {SOFA "\n\xe2\x80\x94 x AAAAAAAA \n", 5, SOFA_BYTES + 7, "a signature is not base64 of a key id and more"},
        {"a\r\n1\n\n\xe2\x80\x94 x AAAAAAAA\n", 1, 0, "a line has control bytes or is not UTF-8"},
        {"a\n\xff\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "a line has control bytes or is not UTF-8"},
        {"\n\n\xe2\x80\x94 x AAAAAAAA\n", 1, 0, "a checkpoint has no origin"},
        {"a\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "a checkpoint has no tree size"},
        {"a\n1\n\n\xe2\x80\x94 x AAAAAAAA\n", 3, 4, "a checkpoint has no root hash"},
        {"a\n01\nx\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "tree size is no decimal number of 64 bits"},
        {"a\n 1\nx\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "tree size is no decimal number of 64 bits"},
        {"a\n-1\nx\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "tree size is no decimal number of 64 bits"},
        {"a\n18446744073709551616\nx\n\n\xe2\x80\x94 x AAAAAAAA\n", 2, 2, "tree size is no decimal number of 64 bits"},
        {"a\n0\nAAAA\n\n\xe2\x80\x94 x AAAAAAAA\n", 3, 4, "root hash is not base64 of 32 bytes"},
        {"a\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n\n\xe2\x80\x94 x AAAAAAAA\n", 3, 4,
         "root hash is not base64 of 32 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_note note;
        nps_checkpoint c;
        nps_err err = {0};
        assert_int_equal(nps_checkpoint_parse(cases[i].text, strlen(cases[i].text), &note, &c, &err), NPS_E_FORMAT);
        assert_string_equal(err.msg, cases[i].says);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.offset, cases[i].at);
    }
}

static void long_notes_are_refused(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_note note;
    nps_err err = {0};
    nps_buf_puts(&b, "a\n\n\xe2\x80\x94 x ");
    for (int i = 0; i < NPS_NOTE_LINE / 4; i++)
        nps_buf_puts(&b, "AAAA");
    nps_buf_puts(&b, "\n");
    assert_ok(nps_note_parse(b.data, b.len, &note, &err), &err);
    assert_false(note.signature[0].sized);
    b.len--;
    nps_buf_puts(&b, "AAAA\n");
    assert_int_equal(nps_note_parse(b.data, b.len, &note, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "a signature is longer than 8192 bytes");
    while (b.len <= NPS_NOTE_MAX)
        nps_buf_puts(&b, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_int_equal(nps_note_parse(b.data, b.len, &note, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "a note is longer than 524288 bytes");
}

static void what_would_read_back_as_something_else_is_not_written(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    const nps_checkpoint bad[] = {{.origin = {"", 0}},
                                  {.origin = NPS_SPAN("evil\n999")},
                                  {.origin = NPS_SPAN("a"), .extension = NPS_SPAN("no end")},
                                  {.origin = NPS_SPAN("a"), .extension = NPS_SPAN("\n")},
                                  {.origin = NPS_SPAN("a"), .extension = NPS_SPAN("x\n\ny\n")}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(nps_checkpoint_put(&bad[i], &b, NULL), NPS_E_RANGE);
    assert_int_equal(b.len, 0);
    const nps_checkpoint good = {.origin = NPS_SPAN("a"), .size = 7, .extension = NPS_SPAN("x\ny z\n")};
    nps_checkpoint c;
    nps_note note;
    nps_err err = {0};
    assert_ok(nps_checkpoint_put(&good, &b, &err), &err);
    nps_buf_puts(&b, "\n" GO_LINE);
    assert_ok(nps_checkpoint_parse(b.data, b.len, &note, &c, &err), &err);
    assert_int_equal(c.extension.n, 6);
    assert_memory_equal(c.extension.p, "x\ny z\n", 6);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_key_pair_gives_the_published_note),
        cmocka_unit_test(published_notes_verify),
        cmocka_unit_test(mangled_verifier_keys_are_refused),
        cmocka_unit_test(a_key_is_made_once_and_found_again),
        cmocka_unit_test(key_files_that_cannot_serve_are_refused_and_stay),
        cmocka_unit_test(a_signed_checkpoint_verifies_and_every_changed_byte_is_found),
        cmocka_unit_test(signatures_of_others_are_passed_over_and_false_ones_of_ours_are_not),
        cmocka_unit_test(malformed_notes_are_refused_with_line_and_byte),
        cmocka_unit_test(long_notes_are_refused),
        cmocka_unit_test(what_would_read_back_as_something_else_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
