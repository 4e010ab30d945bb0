/* Walks tests/data/invalid/FORMAT/CASE.in: each must be refused as CASE.err says, in four lines: status, line, byte,
 * and a part of the message. The folder "any" holds what no format is found for. */
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <dirent.h>

static char folder[1024];

/* The next line of the text, terminated in place. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    *text = end + 1;
    return line;
}

static void check_case(const char *format, const char *name)
{
    char path[4096];
    size_t len, err_len;
    snprintf(path, sizeof path, "%s/%s/%s.in", folder, format, name);
    char *input = nps_slurp(path, &len);
    snprintf(path, sizeof path, "%s/%s/%s.err", folder, format, name);
    char *expected = nps_slurp(path, &err_len), *rest = expected;
    if (!input || !expected)
        fail_msg("%s is not there or lacks its other half", path);
    nps_read_limits limits = nps_read_limits_for_upload();
    AUTO_READING r = read_bytes(input, len, &limits);
    const nps_err *e = &r.err[0];
    print_message("%s/%s: line %zu, byte %zu: %s\n", format, name, e->line, e->offset, e->msg);
    assert_true(r.open != NPS_OK || r.n_err > 0);
    if (strcmp(format, "any") != 0)
        assert_string_equal(r.format, format);
    assert_string_equal(nps_status_name(e->code), next_line(&rest));
    assert_int_equal(e->line, strtoull(next_line(&rest), NULL, 10));
    assert_int_equal(e->offset, strtoull(next_line(&rest), NULL, 10));
    const char *part = next_line(&rest);
    if (!strstr(e->msg, part))
        fail_msg("'%s' does not hold '%s'", e->msg, part);
    free(input);
    free(expected);
}

static size_t check_format(const char *format)
{
    char path[2048];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", folder, format);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len < 4 || strcmp(e->d_name + len - 3, ".in") != 0)
            continue;
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(len - 3), e->d_name);
        check_case(format, name);
        n++;
    }
    closedir(d);
    return n;
}

static void every_bad_input_is_refused_at_its_place(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", nps_test_path("data/invalid"));
    DIR *d = opendir(folder);
    assert_non_null(d);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            n += check_format(e->d_name);
    closedir(d);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bad_input_is_refused_at_its_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
