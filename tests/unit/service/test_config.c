#include "tests/support/nps_test.h"

#include "service/config.h"

static nps_status parse(nps_config *c, const char *text, nps_err *err)
{
    return nps_config_parse(c, text, strlen(text), err);
}

static void a_file_is_read(void **state)
{
    (void)state;
    nps_config c;
    nps_err err = {0};
    nps_config_init(&c);
    assert_ok(parse(&c, "# npswatch\n\nlisten = [::1]:0\r\ndata=/d\nlibrary = /l.h5 \nsearch_slots = 3\n"
                        "public_url = https://nps.example/\nwebhook_retry_s = 0 0.5, 7\n", &err), &err);
    assert_ok(nps_config_settle(&c, &err), &err);
    assert_string_equal(c.listen, "[::1]:0");
    assert_string_equal(c.library, "/l.h5");
    assert_string_equal(c.public_url, "https://nps.example");
    assert_int_equal(c.search_slots, 3);
    assert_int_equal(c.n_webhook_retry, 3);
    assert_int_equal(c.webhook_retry_ms[1], 500);
    assert_true(c.anonymous_identify);
}

static void faults_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nps_status st;
        size_t line;
        const char *says;
    } cases[] = {
        {"\nlisten\n", NPS_E_FORMAT, 2, "a line is neither 'key = value' nor a comment"},
        {"colour = red\n", NPS_E_FORMAT, 1, "unknown key 'colour'"},
        {"data=a\ndata=b\n", NPS_E_FORMAT, 2, "key 'data' is given twice"},
        {"max_connections = 3", NPS_E_RANGE, 1, "'max_connections' is outside 4..4096"},
        {"max_connections = 4097", NPS_E_RANGE, 1, "'max_connections' is outside 4..4096"},
        {"max_connections = many", NPS_E_RANGE, 1, "'max_connections' is outside 4..4096"},
        {"max_connections = 18446744073709551615", NPS_E_RANGE, 1, "'max_connections' is outside 4..4096"},
        {"anonymous_identify = maybe", NPS_E_RANGE, 1, "'anonymous_identify' takes yes or no"},
        {"public_url = ftp://x", NPS_E_RANGE, 1, "'public_url' is no http or https address"},
        {"public_url = https://", NPS_E_RANGE, 1, "'public_url' is no http or https address"},
        {"public_url = https:////", NPS_E_RANGE, 1, "'public_url' is no http or https address"},
        {"public_url = https://a b", NPS_E_RANGE, 1, "'public_url' is no http or https address"},
        {"webhook_retry_s = ", NPS_E_RANGE, 1, "'webhook_retry_s' is empty"},
        {"webhook_retry_s = 1 -1", NPS_E_RANGE, 1, "'webhook_retry_s' takes 1 to 20 waits of 0 to 604800 seconds"},
        {"store = /var/lib/npswatch", NPS_E_RANGE, 1, "'store' is no postgresql:// address"},
        {"store = mysql://me:secret@h/db", NPS_E_RANGE, 1, "'store' is no postgresql:// address"},
        {"title = a\x01", NPS_E_RANGE, 1, "'title' is longer than 127 bytes or holds control bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_config c;
        nps_err err = {0};
        nps_config_init(&c);
        assert_int_equal(parse(&c, cases[i].text, &err), cases[i].st);
        assert_int_equal(err.line, cases[i].line);
        assert_string_equal(err.msg, cases[i].says);
    }
}

static void bad_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"localhost:80", "127.0.0.1", "127.0.0.1:65536", "[::1:80", "::1:80", ":80", "127.1:80",
                                      "unix:relative", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nps_config c;
        nps_config_init(&c);
        assert_int_equal(nps_config_set(&c, "listen", bad[i], NULL), NPS_E_RANGE);
    }
}

static void what_must_fit_together_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"library=l", "no 'data' folder is given"},
                 {"data=d", "no 'library' file is given"},
                 {"data=d\nlibrary=l\ntls_key=k", "'tls_certificate' and 'tls_key' go together"},
                 {"data=d\nlibrary=l\ntls_certificate=c", "'tls_certificate' and 'tls_key' go together"},
                 {"data=d\nlibrary=l\ntls_certificate=c\ntls_key=k\nlisten=unix:/s",
                  "'tls_certificate' is of no use on a unix socket"},
                 {"data=d\nlibrary=l\nwebhook_url=https://x.example/",
                  "'webhook_url' needs 'webhook_secret_file': deliveries are always signed"},
                 {"data=d\nlibrary=l\nwebhook_secret_file=s\nwebhook_url=http://x.example/",
                  "'webhook_url' must be https (or set webhook_allow_private = yes)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_config c;
        nps_err err = {0};
        nps_config_init(&c);
        assert_ok(parse(&c, cases[i].text, &err), &err);
        assert_int_equal(nps_config_settle(&c, &err), NPS_E_RANGE);
        assert_string_equal(err.msg, cases[i].says);
    }
}

static void anonymous_identify_is_on_by_default_on_loopback_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool on;
    } cases[] = {{"listen=127.0.0.1:1", true}, {"listen=0.0.0.0:1", false}, {"listen=[::]:1", false}, {"listen=unix:/s", false},
                 {"listen=systemd", false},
                 {"listen=0.0.0.0:1\nanonymous_identify=yes", true}, {"anonymous_identify=no", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_config c;
        nps_err err = {0};
        nps_config_init(&c);
        assert_ok(parse(&c, "data=d\nlibrary=l\n", &err), &err);
        assert_ok(parse(&c, cases[i].text, &err), &err);
        assert_ok(nps_config_settle(&c, &err), &err);
        assert_int_equal(c.anonymous_identify, cases[i].on);
    }
}

static void what_is_printed_reads_back_the_same(void **state)
{
    (void)state;
    nps_config a, b;
    nps_err err = {0};
    NPS_AUTO_BUF one = NPS_BUF_INIT(65536), two = NPS_BUF_INIT(65536);
    nps_config_init(&a);
    assert_ok(parse(&a, "data=/d\nlibrary=/l\nwebhook_retry_s=0 0.25 9\ntitle=\xc3\x84lter\nmax_connections=9\n", &err), &err);
    assert_ok(nps_config_settle(&a, &err), &err);
    nps_config_print(&a, &one);
    nps_config_init(&b);
    assert_ok(nps_config_parse(&b, one.data, one.len, &err), &err);
    assert_ok(nps_config_settle(&b, &err), &err);
    nps_config_print(&b, &two);
    assert_string_equal(one.data, two.data);
}

static void a_password_is_taken_but_not_printed(void **state)
{
    (void)state;
    nps_config c;
    nps_err err = {0};
    NPS_AUTO_BUF text = NPS_BUF_INIT(65536);
    nps_config_init(&c);
    assert_string_equal(c.store, "");
    assert_ok(parse(&c, "data=/d\nlibrary=/l\nstore = postgresql://me:secret@db.example/nps?sslmode=verify-full\n", &err), &err);
    assert_string_equal(c.store, "postgresql://me:secret@db.example/nps?sslmode=verify-full");
    nps_config_print(&c, &text);
    assert_null(strstr(text.data, "secret@"));
    assert_non_null(strstr(text.data, "\nstore = postgresql://me:***@db.example/nps?sslmode=verify-full\n"));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_is_read),
                                       cmocka_unit_test(faults_are_named_with_their_line),
                                       cmocka_unit_test(bad_addresses_are_refused),
                                       cmocka_unit_test(what_must_fit_together_is_checked),
                                       cmocka_unit_test(anonymous_identify_is_on_by_default_on_loopback_only),
                                       cmocka_unit_test(a_password_is_taken_but_not_printed),
                                       cmocka_unit_test(what_is_printed_reads_back_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
