#include "tests/support/nps_test.h"

#include "service/auth.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static nps_status bearer(const char *dir, const char *token)
{
    char header[200];
    snprintf(header, sizeof header, "Bearer %s", token);
    return nps_auth_check(dir, header, NULL);
}

static void a_new_token_is_good_and_its_text_is_nowhere_on_disk(void **state)
{
    (void)state;
    const char *dir = nps_temp_dir();
    char token[NPS_TOKEN_TEXT], path[600];
    struct stat st;
    size_t len;
    assert_false(nps_auth_exists(dir));
    assert_ok(nps_auth_create(dir, token, NULL), NULL);
    assert_true(nps_auth_exists(dir));
    assert_int_equal(strlen(token), NPS_TOKEN_TEXT - 1);
    assert_ok(bearer(dir, token), NULL);
    snprintf(path, sizeof path, "%s/admin-token", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *file = nps_slurp(path, &len);
    assert_non_null(file);
    assert_null(strstr(file, token + 21));
    free(file);
}

static void any_other_text_is_refused(void **state)
{
    (void)state;
    const char *dir = nps_temp_dir();
    char token[NPS_TOKEN_TEXT], header[200];
    assert_ok(nps_auth_create(dir, token, NULL), NULL);
    for (size_t i = 0; i < NPS_TOKEN_TEXT - 1; i++) {
        char other[NPS_TOKEN_TEXT];
        memcpy(other, token, sizeof other);
        other[i] = other[i] == 'x' ? 'y' : 'x';
        assert_int_equal(bearer(dir, other), NPS_E_DENIED);
    }
    static const char *const form[] = {"%s", "Basic %s", "Bearer", "Bearer  ", "Bearer %sx", "bearer_%s", "Bearer %s %s"};
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        size_t n = 0;
        for (const char *p = form[i]; *p && n + NPS_TOKEN_TEXT < sizeof header; p++) {
            if (p[0] == '%') {
                memcpy(header + n, token, NPS_TOKEN_TEXT - 1);
                n += NPS_TOKEN_TEXT - 1;
                p++;
            } else {
                header[n++] = *p;
            }
        }
        header[n] = '\0';
        assert_int_equal(nps_auth_check(dir, header, NULL), NPS_E_DENIED);
    }
    assert_int_equal(nps_auth_check(dir, NULL, NULL), NPS_E_DENIED);
    assert_int_equal(nps_auth_check(dir, "", NULL), NPS_E_DENIED);
}

static void a_new_token_revokes_the_old(void **state)
{
    (void)state;
    const char *dir = nps_temp_dir();
    char old[NPS_TOKEN_TEXT], new[NPS_TOKEN_TEXT];
    assert_ok(nps_auth_create(dir, old, NULL), NULL);
    assert_ok(nps_auth_create(dir, new, NULL), NULL);
    assert_int_equal(bearer(dir, old), NPS_E_DENIED);
    assert_ok(bearer(dir, new), NULL);
}

static void a_damaged_token_file_lets_nobody_in(void **state)
{
    (void)state;
    const char *dir = nps_temp_dir();
    char token[NPS_TOKEN_TEXT], path[600];
    size_t len;
    snprintf(path, sizeof path, "%s/admin-token", dir);
    assert_int_equal(bearer(dir, "nps_0"), NPS_E_IO);
    assert_ok(nps_auth_create(dir, token, NULL), NULL);
    char *file = nps_slurp(path, &len);
    for (size_t cut = 0; cut < len; cut += 7) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(file, 1, cut, f), cut);
        fclose(f);
        assert_int_equal(bearer(dir, token), NPS_E_IO);
    }
    free(file);
    assert_int_equal(nps_auth_create("/nowhere/at/all", token, NULL), NPS_E_IO);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_new_token_is_good_and_its_text_is_nowhere_on_disk),
                                       cmocka_unit_test(any_other_text_is_refused),
                                       cmocka_unit_test(a_new_token_revokes_the_old),
                                       cmocka_unit_test(a_damaged_token_file_lets_nobody_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
