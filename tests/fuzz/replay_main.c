/* Replays a fuzz corpus in the ordinary test run: every file of tests/fuzz/corpus/NAME goes through the target once. The
 * program's own name (replay_NAME) says which. Also takes files on the command line. */
#include "tests/support/nps_test.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *program;

static size_t replay_dir(const char *dir)
{
    DIR *d = opendir(dir);
    size_t n = 0;
    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        char path[2048];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        size_t len;
        char *data = nps_slurp(path, &len);
        if (!data)
            continue;
        LLVMFuzzerTestOneInput((const uint8_t *)data, len);
        free(data);
        n++;
    }
    closedir(d);
    return n;
}

static void corpus_holds(void **state)
{
    (void)state;
    const char *name = strstr(program, "replay_");
    assert_non_null(name);
    char relative[256];
    snprintf(relative, sizeof relative, "fuzz/corpus/%s", name + 7);
    size_t n = replay_dir(nps_test_path(relative));
    printf("%zu inputs replayed\n", n);
    assert_true(n > 0);
}

int main(int argc, char **argv)
{
    nps_core_init();
    program = argv[0];
    for (int i = 1; i < argc; i++) {
        size_t len;
        char *data = nps_slurp(argv[i], &len);
        if (data)
            LLVMFuzzerTestOneInput((const uint8_t *)data, len);
        free(data);
    }
    if (argc > 1)
        return 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(corpus_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
