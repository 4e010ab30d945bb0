#include "tests/support/nps_test.h"

#include "service/listen.h"

#include <unistd.h>

static nps_status open_at(const char *text, int *fd, char *url, size_t size)
{
    nps_listen_address a;
    nps_err err = {0};
    assert_ok(nps_listen_parse(text, &a, &err), &err);
    return nps_listen_open(&a, fd, url, size, &err);
}

static void port_0_becomes_a_real_port_that_nobody_else_can_take(void **state)
{
    (void)state;
    static const char *const any[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        char url[100], again[100];
        int fd, other;
        if (open_at(any[i], &fd, url, sizeof url) != NPS_OK)
            continue; /* a machine without IPv6 */
        assert_true(strlen(url) > strlen("http://") + strlen(any[i]) - 1);
        assert_int_equal(open_at(url + 7, &other, again, sizeof again), NPS_E_IO);
        close(fd);
        assert_ok(open_at(url + 7, &other, again, sizeof again), NULL);
        assert_string_equal(again, url);
        close(other);
    }
}

static void a_dead_socket_file_is_replaced_and_a_living_one_is_not(void **state)
{
    (void)state;
    char text[200], url[200];
    int fd, other;
    snprintf(text, sizeof text, "unix:%s/s", nps_temp_dir());
    assert_ok(open_at(text, &fd, url, sizeof url), NULL);
    assert_string_equal(url, text);
    assert_int_equal(open_at(text, &other, url, sizeof url), NPS_E_IO);
    close(fd);
    assert_ok(open_at(text, &fd, url, sizeof url), NULL);
    close(fd);
}

static void only_loopback_addresses_count_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1:1", true}, {"127.8.9.1:1", true}, {"[::1]:1", true}, {"0.0.0.0:1", false},
                 {"[::]:1", false},     {"192.0.2.1:1", false}, {"unix:/s", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_listen_address a;
        assert_ok(nps_listen_parse(cases[i].text, &a, NULL), NULL);
        assert_int_equal(a.is_loopback, cases[i].loopback);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(port_0_becomes_a_real_port_that_nobody_else_can_take),
                                       cmocka_unit_test(a_dead_socket_file_is_replaced_and_a_living_one_is_not),
                                       cmocka_unit_test(only_loopback_addresses_count_as_such)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
