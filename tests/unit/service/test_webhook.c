#include "tests/support/nps_test.h"

#include "service/address.h"
#include "service/crypt.h"
#include "service/json_read.h"
#include "service/relay.h"
#include "service/webhook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>

/* The example of the Standard Webhooks reference libraries. */
static void a_signature_agrees_with_the_published_example(void **state)
{
    (void)state;
    nps_webhook_secret secret;
    NPS_AUTO_BUF out = NPS_BUF_INIT(256);
    nps_err err = {0};
    assert_ok(nps_webhook_secret_parse(NPS_SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), &secret, &err), &err);
    nps_webhook_sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, NPS_SPAN("{\"test\": 2432232314}"), &out);
    assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void a_secret_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ", "whsec_!!!!",
                                      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwx"};
    nps_webhook_secret secret;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(nps_webhook_secret_parse(nps_span_of(bad[i]), &secret, NULL), NPS_E_FORMAT);
}

static void only_global_unicast_addresses_are_public(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        {"8.8.8.8", true},          {"1.1.1.1", true},          {"9.255.255.255", true},  {"11.0.0.0", true},
        {"172.15.255.255", true},   {"172.32.0.0", true},       {"192.167.255.255", true}, {"100.63.255.255", true},
        {"100.128.0.0", true},      {"223.255.255.255", true},  {"198.17.255.255", true}, {"198.20.0.0", true},
        {"0.0.0.0", false},         {"10.1.2.3", false},        {"127.0.0.1", false},     {"127.255.255.255", false},
        {"169.254.169.254", false}, {"172.16.0.1", false},      {"172.31.255.255", false}, {"192.168.1.1", false},
        {"100.64.0.1", false},      {"100.127.255.255", false}, {"192.0.0.1", false},     {"192.0.2.1", false},
        {"198.18.0.1", false},      {"198.19.255.255", false},  {"198.51.100.7", false},  {"203.0.113.7", false},
        {"224.0.0.1", false},       {"255.255.255.255", false}, {"240.0.0.1", false},     {"2001:4860:4860::8888", true},
        {"2a00::1", true},          {"::", false},              {"::1", false},           {"::ffff:127.0.0.1", false},
        {"::ffff:8.8.8.8", true},   {"64:ff9b::10.0.0.1", false}, {"64:ff9b::8.8.8.8", true}, {"2002:7f00:1::", false},
        {"2002:808:808::", true},   {"fc00::1", false},         {"fd12::1", false},       {"fe80::1", false},
        {"ff02::1", false},         {"2001:db8::1", false},     {"2001::1", false},       {"3fff::1", false},
        {"::127.0.0.1", false},     {"100::1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sockaddr_in a4 = {.sin_family = AF_INET};
        struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
        const struct sockaddr *a = (const struct sockaddr *)(const void *)&a4;
        if (inet_pton(AF_INET, cases[i].text, &a4.sin_addr) != 1) {
            assert_int_equal(inet_pton(AF_INET6, cases[i].text, &a6.sin6_addr), 1);
            a = (const struct sockaddr *)(const void *)&a6;
        }
        if (nps_address_is_public(a) != cases[i].is_public)
            print_error("%s\n", cases[i].text);
        assert_int_equal(nps_address_is_public(a), cases[i].is_public);
    }
    const struct sockaddr unix_socket = {.sa_family = AF_UNIX};
    assert_false(nps_address_is_public(&unix_socket));
}

static void private_targets_are_refused_however_they_are_written(void **state)
{
    (void)state;
    static const char *const url[] = {"https://127.0.0.1:9/",  "https://2130706433:9/", "https://0x7f.1:9/",
                                      "https://localhost:9/",  "https://[::1]:9/",      "https://[::ffff:127.0.0.1]:9/",
                                      "https://0.0.0.0:9/",    "https://10.0.0.1:9/",   "https://169.254.169.254/"};
    nps_webhook_secret secret = {.n = 24};
    atomic_bool stop = false;
    for (size_t i = 0; i < sizeof url / sizeof *url; i++) {
        nps_webhook w = {.url = url[i], .secret = &secret, .timeout_ms = 5000, .stop = &stop};
        nps_webhook_answer a;
        nps_webhook_send(&w, "id", NPS_SPAN("{}"), 1, &a);
        assert_int_equal(a.http, 0);
        assert_string_equal(a.fault, "the address is not public");
    }
    static const char *const other[] = {"http://example.invalid/", "file:///etc/passwd", "gopher://127.0.0.1/"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        nps_webhook w = {.url = other[i], .secret = &secret, .timeout_ms = 5000, .stop = &stop};
        nps_webhook_answer a;
        nps_webhook_send(&w, "id", NPS_SPAN("{}"), 1, &a);
        assert_int_equal(a.http, 0);
        assert_string_equal(a.fault, "Unsupported protocol");
    }
}

static void tries_follow_the_published_schedule_and_then_end(void **state)
{
    (void)state;
    nps_config c;
    nps_config_init(&c);
    static const int64_t wait_s[] = {0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    int64_t due, low = INT64_MAX, high = 0;
    for (int64_t i = 0; i < 10; i++)
        for (int k = 0; k < 200; k++) {
            assert_true(nps_relay_schedule(&c, i, 0, 1000000, &due));
            int64_t wait = due - 1000000;
            assert_true(wait >= wait_s[i] * 800 && wait <= wait_s[i] * 1200);
            if (i == 9 && wait < low)
                low = wait;
            if (i == 9 && wait > high)
                high = wait;
        }
    assert_true(high - low > 86400 * 200); /* there is jitter */
    assert_false(nps_relay_schedule(&c, 10, 0, 0, &due));
    assert_true(nps_relay_schedule(&c, 1, 60, 0, &due));
    assert_int_equal(due, 60000);
    assert_true(nps_relay_schedule(&c, 1, 1000000000, 0, &due));
    assert_int_equal(due, 86400000);
}

static void an_event_is_a_cloud_event_and_the_same_at_each_try(void **state)
{
    (void)state;
    char data[] = "{\"title\":\"x\"}";
    nps_store_event e = {.event = "0b9a5f6e-0000-4000-8000-000000000001", .type = "org.npswatch.case.opened",
                         .subject = "NPS-2026-0001", .created_ms = 1763927999123, .data = data};
    NPS_AUTO_BUF one = NPS_BUF_INIT(4096), two = NPS_BUF_INIT(4096);
    NPS_AUTO(nps_json) doc = NULL;
    nps_err err = {0};
    nps_relay_body(&e, "https://nps.example", &one);
    e.attempts = 4;
    nps_relay_body(&e, "https://nps.example", &two);
    assert_string_equal(one.data, two.data);
    assert_ok(nps_json_read(one.data, one.len, 4096, &doc, &err), &err);
    assert_string_equal(nps_json_text(doc, "specversion"), "1.0");
    assert_string_equal(nps_json_text(doc, "id"), e.event);
    assert_string_equal(nps_json_text(doc, "source"), "https://nps.example");
    assert_string_equal(nps_json_text(doc, "type"), e.type);
    assert_string_equal(nps_json_text(doc, "time"), "2025-11-23T19:59:59.123Z");
    const nps_json *body = nps_json_member(doc, "data");
    assert_string_equal(nps_json_text(body, "case"), "NPS-2026-0001");
    assert_string_equal(nps_json_text(nps_json_member(body, "summary"), "title"), "x");
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_signature_agrees_with_the_published_example),
                                       cmocka_unit_test(a_secret_that_is_none_is_refused),
                                       cmocka_unit_test(only_global_unicast_addresses_are_public),
                                       cmocka_unit_test(private_targets_are_refused_however_they_are_written),
                                       cmocka_unit_test(tries_follow_the_published_schedule_and_then_end),
                                       cmocka_unit_test(an_event_is_a_cloud_event_and_the_same_at_each_try)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
