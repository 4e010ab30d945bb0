/* The built program itself: is it protected as the Makefile asks for? What counts is what the linker made of it. */
#include "tests/support/nps_test.h"
#include "tests/support/serve.h"

static char *headers; /* readelf: program headers, dynamic section, notes, dynamic symbols */

static bool says(const char *text)
{
    bool found = strstr(headers, text);
    if (!found)
        print_error("'%s' is not in what readelf says\n", text);
    return found;
}

/* The line that begins, after blanks, with this word. */
static const char *line_of(const char *word)
{
    for (const char *p = headers; p; p = strchr(p, '\n')) {
        p += strspn(p, " \n");
        if (strncmp(p, word, strlen(word)) == 0)
            return p;
    }
    return NULL;
}

static void it_is_placed_anywhere(void **state)
{
    (void)state;
    assert_true(says("Type:                              DYN (Position-Independent Executable file)"));
}

static void what_the_loader_writes_is_read_only_afterwards(void **state)
{
    (void)state;
    assert_non_null(line_of("GNU_RELRO"));
    assert_true(says("BIND_NOW"));
}

static void no_memory_is_writable_and_executable(void **state)
{
    (void)state;
    const char *stack = line_of("GNU_STACK");
    assert_non_null(stack);
    assert_null(memmem(stack, 140, "RWE", 3));
    assert_null(strstr(headers, " RWE "));
    assert_null(line_of("(TEXTREL)"));
}

/* ENDBR64 stands where a jump may land. Whether the kernel enforces it is the mark "IBT, SHSTK" of the whole program, which
 * the linker sets only when the system's start-up files have it too: those of Debian 12 do not. */
static void places_to_jump_to_are_marked(void **state)
{
    (void)state;
#if defined(__x86_64__)
    size_t len, n = 0;
    char *program = nps_slurp(NPS_PROGRAM, &len);
    assert_non_null(program);
    for (const char *p = program; (p = memmem(p, len - (size_t)(p - program), "\xf3\x0f\x1e\xfa", 4)) != NULL; p += 4)
        n++;
    free(program);
    print_message("%zu places\n", n);
    assert_true(n > 500);
#else
    skip();
#endif
}

static void buffers_and_the_stack_are_watched(void **state)
{
    (void)state;
    assert_true(says("__stack_chk_fail"));
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
    assert_true(says("__snprintf_chk"));
    assert_true(says("__memcpy_chk"));
#endif
}

static void no_path_of_the_build_machine_is_searched_for_libraries(void **state)
{
    (void)state;
    assert_null(strstr(headers, "(RPATH)"));
    assert_null(strstr(headers, "(RUNPATH)"));
}

static int set_up(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    const char *const argv[] = {"/usr/bin/readelf", "--wide", "--file-header", "--program-headers", "--dynamic", "--notes",
                                "--dyn-syms", NPS_PROGRAM, NULL};
    headers = calloc(1, SIZE);
    return headers && nps_test_program(argv, headers, SIZE, NULL, 0) == 0 ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    free(headers);
    return 0;
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_placed_anywhere),
        cmocka_unit_test(what_the_loader_writes_is_read_only_afterwards),
        cmocka_unit_test(no_memory_is_writable_and_executable),
        cmocka_unit_test(places_to_jump_to_are_marked),
        cmocka_unit_test(buffers_and_the_stack_are_watched),
        cmocka_unit_test(no_path_of_the_build_machine_is_searched_for_libraries),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
