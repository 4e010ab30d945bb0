/* The page in a real browser: tests/browser/page.mjs drives it against the real program; its lines are the checks. */
#include "tests/support/nps_test.h"

static void the_page_takes_a_chemist_from_file_to_verdict(void **state)
{
    (void)state;
    char command[4096];
    const char *dir = nps_temp_dir();
    snprintf(command, sizeof command,
             "'%s' library demo -o '%s/demo.h5' --samples '%s/samples' && cd '%s/tests/browser' && "
             "timeout 540 node page.mjs '%s' '%s' 2>&1",
             NPS_PROGRAM, dir, dir, NPS_SOURCE_DIR, NPS_PROGRAM, dir);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    char line[4096];
    size_t good = 0;
    while (fgets(line, sizeof line, out)) {
        fputs(line, stdout);
        good += strncmp(line, "ok: ", 4) == 0;
    }
    assert_int_equal(pclose(out), 0);
    assert_true(good >= 250);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_page_takes_a_chemist_from_file_to_verdict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
