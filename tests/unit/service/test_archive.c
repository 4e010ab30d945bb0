#include "service/archive.h"
#include "tests/support/zip_file.h"

#include "core/mem.h"

static char path[300];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/a.zip", nps_temp_dir());
    return 0;
}

#define TEXT(name, data) {(name), (data), sizeof(data) - 1, NULL, false}

static char *zipped(const zip_member *m, size_t n, size_t *ret_len)
{
    assert_true(zip_write(path, m, n));
    char *data = nps_slurp(path, ret_len);
    assert_non_null(data);
    return data;
}

static void members_come_in_the_order_of_a_folder_without_folders_and_hidden_files(void **state)
{
    (void)state;
    static const zip_member m[] = {TEXT("b.txt", "1"), TEXT("a.txt", "2"),         TEXT("a/z.txt", "3"), {"a/", NULL, 0, NULL, false},
                                   TEXT(".x", "4"),    TEXT("a/.y/c.txt", "5"),    TEXT("a b", "6"),
                                   TEXT("\xc3\xa4", "7"), TEXT("__MACOSX/._b.txt", "8")};
    static const char *const want[] = {"a/z.txt", "a b", "a.txt", "b.txt", "\xc3\xa4"};
    static const char *const content[] = {"3", "6", "2", "1", "7"};
    size_t len;
    NPS_AUTO_MEM(char *) data = zipped(m, sizeof m / sizeof *m, &len);
    nps_read_limits limits = nps_read_limits_for_upload();
    NPS_AUTO(nps_archive) a = NULL;
    nps_err err;
    assert_true(nps_archive_is(data, len));
    assert_false(nps_archive_is("PK\003", 3));
    assert_ok(nps_archive_open(data, len, &limits, &a, &err), &err);
    assert_int_equal(nps_archive_n(a), 5);
    for (size_t i = 0; i < 5; i++) {
        NPS_AUTO_MEM(char *) text = NULL;
        size_t n = 0;
        assert_string_equal(nps_archive_name(a, i), want[i]);
        assert_ok(nps_archive_read(a, i, &text, &n, &err), &err);
        assert_int_equal(n, 1);
        assert_memory_equal(text, content[i], 1);
    }
}

static nps_status read_one(const char *data, size_t len, const nps_read_limits *limits, nps_err *err)
{
    NPS_AUTO(nps_archive) a = NULL;
    NPS_AUTO_MEM(char *) text = NULL;
    size_t n = 0;
    nps_status st = nps_archive_open(data, len, limits, &a, err);
    for (size_t i = 0; st == NPS_OK && i < nps_archive_n(a); i++) {
        free(nps_steal(text));
        st = nps_archive_read(a, i, &text, &n, err);
    }
    return st;
}

static void an_archive_cannot_inflate_beyond_its_limits(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    NPS_AUTO_MEM(char *) zeros = nps_array(SIZE, 1);
    const zip_member bomb = {"bomb", zeros, SIZE, NULL, false};
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err err;
    size_t len;
    NPS_AUTO_MEM(char *) data = zipped(&bomb, 1, &len);
    assert_int_equal(read_one(data, len, &limits, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "the archive inflates to more than 200 times its size: the rest of it is not read");
    limits.max_gzip_ratio = 2000;
    assert_ok(read_one(data, len, &limits, &err), &err);
    limits.max_bytes = SIZE - 1;
    assert_int_equal(read_one(data, len, &limits, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "the archive inflates to more than the limit of 3145727 bytes: the rest of it is not read");
    /* The limit holds for all members together. */
    const zip_member two[] = {{"a", zeros, SIZE / 2, NULL, true}, {"b", zeros, SIZE / 2, NULL, true}};
    NPS_AUTO_MEM(char *) both = zipped(two, 2, &len);
    assert_int_equal(read_one(both, len, &limits, &err), NPS_E_LIMIT);
    limits.max_bytes = SIZE;
    assert_ok(read_one(both, len, &limits, &err), &err);
}

static void an_encrypted_member_is_refused(void **state)
{
    (void)state;
    const zip_member m = {"secret.spa", "abc", 3, "password", false};
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err err;
    size_t len;
    if (!zip_write(path, &m, 1)) {
        print_message("skipped: this zip library cannot encrypt\n");
        skip();
    }
    NPS_AUTO_MEM(char *) data = nps_slurp(path, &len);
    assert_int_equal(read_one(data, len, &limits, &err), NPS_E_UNSUPPORTED);
    assert_string_equal(err.msg, "the member is encrypted: unpack the archive with its password first");
}

static void an_archive_of_too_many_members_is_refused(void **state)
{
    (void)state;
    enum { N = NPS_ARCHIVE_MEMBERS_MAX + 1 };
    NPS_AUTO_MEM(zip_member *) m = nps_array(N, sizeof *m);
    char(*names)[8] = nps_array(N, sizeof *names);
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        m[i] = (zip_member){names[i], "", 0, NULL, true};
    }
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err err;
    size_t len;
    NPS_AUTO_MEM(char *) data = zipped(m, N, &len);
    assert_int_equal(read_one(data, len, &limits, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "100001 members of a zip archive are more than the limit of 100000");
    NPS_AUTO_MEM(char *) most = zipped(m, N - 1, &len);
    assert_ok(read_one(most, len, &limits, &err), &err);
    free(names);
}

/* Whatever is cut off or changed: an error or other bytes, never a crash. */
static void a_damaged_archive_is_an_error(void **state)
{
    (void)state;
    static const zip_member m[] = {TEXT("a.txt", "some text, some text, some text, some text"), TEXT("b/c.txt", "more of it")};
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err err;
    size_t len;
    NPS_AUTO_MEM(char *) data = zipped(m, 2, &len);
    for (size_t n = 4; n < len; n++) { /* less does not begin like an archive */
        NPS_AUTO_MEM(char *) cut = nps_array(n + 1, 1);
        memcpy(cut, data, n);
        assert_int_not_equal(read_one(cut, n, &limits, &err), NPS_OK);
    }
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            data[i] = (char)(data[i] ^ (1 << bit));
            if (read_one(data, len, &limits, &err) != NPS_OK)
                assert_true(err.msg[0] != '\0');
            data[i] = (char)(data[i] ^ (1 << bit));
        }
    data[len / 2 < 40 ? 35 : 40] ^= 0x55; /* inside the packed text */
    assert_int_equal(read_one(data, len, &limits, &err), NPS_E_FORMAT);
    assert_non_null(strstr(err.msg, "damaged"));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_the_order_of_a_folder_without_folders_and_hidden_files),
        cmocka_unit_test(an_archive_cannot_inflate_beyond_its_limits),
        cmocka_unit_test(an_encrypted_member_is_refused),
        cmocka_unit_test(an_archive_of_too_many_members_is_refused),
        cmocka_unit_test(a_damaged_archive_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
