#include "tests/support/nps_test.h"

#include "service/trace.h"

#include <sodium.h>

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static void only_version_00_in_its_exact_form_is_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"00-" ID "-" SPAN "-01", true},
                 {"00-" ID "-" SPAN "-00", true},
                 {"00-" ID "-" SPAN "-ff", true},
                 {"", false},
                 {"00", false},
                 {"01-" ID "-" SPAN "-01", false},
                 {"ff-" ID "-" SPAN "-01", false},
                 {"00-" ID "-" SPAN "-01-more", false},
                 {"00-" ID "-" SPAN "-1", false},
                 {"00-" ID "-" SPAN "-0", false},
                 {"00-" ID "-" SPAN "-0g", false},
                 {"00-" ID "-" SPAN "_01", false},
                 {"00_" ID "-" SPAN "-01", false},
                 {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false},
                 {"00-" ID "-00F067AA0BA902B7-01", false},
                 {"00-00000000000000000000000000000000-" SPAN "-01", false},
                 {"00-" ID "-0000000000000000-01", false},
                 {"00-4bf92f3577b34da6a3ce929d0e0e473 -" SPAN "-01", false},
                 {" 00-" ID "-" SPAN "-01", false},
                 {"00-" ID "-" SPAN "-01 ", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char next[NPS_TRACE_TEXT];
        if (nps_trace_is_valid(cases[i].text) != cases[i].valid)
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(nps_trace_is_valid(cases[i].text), cases[i].valid);
        nps_trace_go_on(cases[i].text, next);
        assert_int_equal(*next != '\0', cases[i].valid);
    }
    assert_false(nps_trace_is_valid(NULL));
}

static void a_trace_goes_on_with_new_spans_and_only_the_flag_that_is_known(void **state)
{
    (void)state;
    char a[NPS_TRACE_TEXT], b[NPS_TRACE_TEXT], id[NPS_TRACE_ID], span[NPS_SPAN_ID];
    nps_trace_go_on("00-" ID "-" SPAN "-ff", a);
    nps_trace_go_on(a, b);
    assert_true(nps_trace_is_valid(a) && nps_trace_is_valid(b));
    assert_memory_equal(a, "00-" ID "-", 36);
    assert_memory_equal(b, "00-" ID "-", 36);
    assert_string_equal(a + 52, "-01");
    assert_string_not_equal(a, b);
    nps_trace_ids(a, id, span);
    assert_string_equal(id, ID);
    assert_memory_equal(span, a + 36, 16);
    assert_string_not_equal(span, SPAN);
    nps_trace_go_on("00-" ID "-" SPAN "-02", a);
    assert_string_equal(a + 52, "-00");
}

static void a_header_counts_only_when_it_comes_once(void **state)
{
    (void)state;
    static const nps_field header[] = {{"Host", "x"}, {"TraceParent", "00-" ID "-" SPAN "-01"}, {"traceparent", "00-" ID "-" SPAN "-01"}};
    char trace[NPS_TRACE_TEXT] = "-";
    nps_request req = {.header = header, .n_header = 1};
    nps_trace_of_request(&req, trace);
    assert_string_equal(trace, "");
    req.n_header = 2;
    nps_trace_of_request(&req, trace);
    assert_true(nps_trace_is_valid(trace));
    req.n_header = 3;
    nps_trace_of_request(&req, trace);
    assert_string_equal(trace, "");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_version_00_in_its_exact_form_is_valid),
                                       cmocka_unit_test(a_trace_goes_on_with_new_spans_and_only_the_flag_that_is_known),
                                       cmocka_unit_test(a_header_counts_only_when_it_comes_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
