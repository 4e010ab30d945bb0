#include "tests/support/nps_test.h"

#include "service/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        memcpy(&s, &four, sizeof four);
    else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        memcpy(&s, &six, sizeof six);
    else
        s.ss_family = AF_UNIX;
    return s;
}

static void connections_have_numeric_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown, *subject;
        bool loopback;
    } cases[] = {{"192.0.2.7", "192.0.2.7", "192.0.2.7", false},
                 {"127.0.0.1", "127.0.0.1", "127.0.0.1", true},
                 {"127.255.0.9", "127.255.0.9", "127.255.0.9", true},
                 {"128.0.0.1", "128.0.0.1", "128.0.0.1", false},
                 {"::1", "::1", "::", true},
                 {"::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1", true},
                 {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7", false},
                 {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", false},
                 {"2001:DB8:1:2::9", "2001:db8:1:2::9", "2001:db8:1:2::", false},
                 {"/a/socket", "", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sockaddr_storage s = address(cases[i].text);
        char text[NPS_PEER_TEXT], subject[NPS_PEER_TEXT];
        nps_peer_text((const struct sockaddr *)&s, text);
        nps_peer_subject(text, subject);
        assert_string_equal(text, cases[i].shown);
        assert_string_equal(subject, cases[i].subject);
        assert_int_equal(nps_peer_is_loopback((const struct sockaddr *)&s), cases[i].loopback);
    }
    assert_false(nps_peer_is_loopback(NULL));
}

static void the_last_forwarded_element_counts_when_it_is_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *value, *peer; /* NULL: none */
    } cases[] = {{"192.0.2.1", "192.0.2.1"},
                 {"10.0.0.1, 192.0.2.1", "192.0.2.1"},
                 {"forged,, 192.0.2.1 ", "192.0.2.1"},
                 {"2001:DB8::1", "2001:db8::1"},
                 {"::ffff:192.0.2.1", "192.0.2.1"},
                 {"192.0.2.1, ", NULL},
                 {"192.0.2.1:80", NULL},
                 {"[2001:db8::1]", NULL},
                 {"fe80::1%eth0", NULL},
                 {"192.0.2.1, unknown", NULL},
                 {"192.0.2.1, 1.2.3", NULL},
                 {"0x7f.1", NULL},
                 {"", NULL},
                 {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NPS_PEER_TEXT] = "before";
        bool good = nps_peer_forwarded(nps_span_of(cases[i].value), text);
        if (good != (cases[i].peer != NULL))
            print_error("'%s': %s\n", cases[i].value, text);
        assert_int_equal(good, cases[i].peer != NULL);
        assert_string_equal(text, cases[i].peer ? cases[i].peer : "before");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(connections_have_numeric_addresses),
                                       cmocka_unit_test(the_last_forwarded_element_counts_when_it_is_an_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
