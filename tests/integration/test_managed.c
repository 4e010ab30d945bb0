/* The program as a service manager runs it: its words to the manager, a socket that is passed on, TLS. */
#include "tests/support/nps_test.h"
#include "tests/support/serve.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char dir[80], certificate[300], key[300], other_key[300];

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static nps_test_answer get(const char *base, const char *path)
{
    char url[300];
    snprintf(url, sizeof url, "%s%s", base, path);
    return nps_test_http("GET", url, NULL, NULL, 0);
}

static void expect_status(const char *base, const char *path, long status)
{
    nps_test_answer a = get(base, path);
    long got = a.status;
    nps_test_answer_done(&a);
    assert_int_equal(got, status);
}

/* --- words to the manager ----------------------------------------------------------------------------------------------------------- */

static int manager_fd;
static char heard[4096];

static void start_manager(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/n", dir);
    unlink(a.sun_path);
    manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager_fd, (const struct sockaddr *)&a, sizeof a), 0);
    setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

static void stop_manager(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(manager_fd);
}

/* Waits for a datagram that holds the text; false after wait_ms. */
static bool hear(const char *text, int wait_ms)
{
    struct pollfd p = {.fd = manager_fd, .events = POLLIN};
    for (int64_t until = now_ms() + wait_ms; now_ms() < until;) {
        ssize_t n = poll(&p, 1, (int)(until - now_ms())) == 1 ? recv(manager_fd, heard, sizeof heard - 1, 0) : -1;
        heard[n > 0 ? n : 0] = '\0';
        if (strstr(heard, text))
            return true;
    }
    return false;
}

static void ready_reload_pings_and_stop_are_told(void **state)
{
    (void)state;
    nps_test_server s = {0};
    start_manager();
    setenv("WATCHDOG_USEC", "300000", 1);
    nps_test_serve(&s, dir, NULL);
    assert_true(hear("READY=1\nSTATUS=serving", 10000));
    for (int i = 0; i < 3; i++)
        assert_true(hear("WATCHDOG=1\nSTATUS=serving", 10000));
    kill(s.pid, SIGHUP);
    assert_true(hear("RELOADING=1\nMONOTONIC_USEC=", 10000));
    assert_true(hear("READY=1", 10000));
    expect_status(s.url, "/readyz", 200);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    assert_true(hear("STOPPING=1", 1000));
    stop_manager();
}

static void a_program_that_cannot_start_never_says_ready(void **state)
{
    (void)state;
    char store[300], lib[300];
    start_manager();
    snprintf(store, sizeof store, "%s/store", dir);
    snprintf(lib, sizeof lib, "%s/none.h5", dir);
    const char *const argv[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--listen", "127.0.0.1:0", NULL};
    assert_int_equal(nps_test_program(argv, NULL, 0, NULL, 0), 1);
    assert_false(hear("READY=1", 100));
    stop_manager();
}

/* --- a socket that is passed on ------------------------------------------------------------------------------------------------------ */

static int open_listener(int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void a_passed_socket_is_served_and_loses_nobody_over_a_restart(void **state)
{
    (void)state;
    static const char *const options[] = {"--listen", "systemd", NULL};
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    nps_test_server s = {0};
    int port;
    nps_test_passed_fd = open_listener(&port);
    for (int round = 0; round < 2; round++) {
        /* The client comes while no service runs, and waits in the socket's queue. */
        int fd = nps_test_connect(port);
        assert_true(fd >= 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
        nps_test_serve(&s, dir, options);
        assert_int_equal(s.port, port);
        char answer[2000];
        size_t n = 0;
        for (ssize_t k; n + 1 < sizeof answer && (k = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0;)
            n += (size_t)k;
        answer[n] = '\0';
        close(fd);
        assert_non_null(strstr(answer, "HTTP/1.1 200"));
        /* Whether such a socket is loopback the configuration cannot know, so identifying takes a token unless it says no. */
        char url[100];
        snprintf(url, sizeof url, "%s/v1/identify", s.url);
        nps_test_answer a = nps_test_http("POST", url, NULL, "x", 1);
        long status = a.status;
        nps_test_answer_done(&a);
        assert_int_equal(status, 401);
        assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    }
    close(nps_test_passed_fd);
    nps_test_passed_fd = -1;
}

static void sockets_that_cannot_serve_are_named(void **state)
{
    (void)state;
    char err[600], store[300], lib[300];
    snprintf(store, sizeof store, "%s/store", dir);
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    const char *const argv[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--listen", "systemd", NULL};
    assert_int_equal(nps_test_program(argv, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "no socket was passed on: 'listen = systemd' needs a socket unit"));
    nps_test_passed_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(nps_test_program(argv, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "the socket that was passed on is no listening stream socket"));
    close(nps_test_passed_fd);
    nps_test_passed_fd = -1;
}

/* --- TLS ---------------------------------------------------------------------------------------------------------------------------------- */

static void make_certificate(const char *key_path, const char *certificate_path)
{
    const char *const argv[] = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                                "-nodes", "-days", "2", "-subj", "/CN=npswatch test", "-addext",
                                "subjectAltName=IP:127.0.0.1", "-keyout", key_path, "-out", certificate_path, NULL};
    assert_int_equal(nps_test_program(argv, NULL, 0, NULL, 0), 0);
}

/* A handshake with one version of TLS at most and at least. */
static CURLcode shake_hands(const nps_test_server *s, long least, long most, CURL **ret_c)
{
    CURL *c = curl_easy_init();
    curl_easy_setopt(c, CURLOPT_URL, s->url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(c, CURLOPT_CAINFO, certificate);
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, least | most);
    CURLcode rc = curl_easy_perform(c);
    if (ret_c && rc == CURLE_OK)
        *ret_c = c;
    else
        curl_easy_cleanup(c);
    return rc;
}

static void serve_tls(nps_test_server *s, const char *more, const char *value)
{
    const char *const options[] = {"--tls-certificate", certificate, "--tls-key", key, more, value, NULL};
    nps_test_serve(s, dir, options);
    nps_test_ca = certificate;
}

static void the_service_speaks_tls_and_says_so(void **state)
{
    (void)state;
    nps_test_server s = {0};
    serve_tls(&s, NULL, NULL);
    assert_int_equal(strncmp(s.url, "https://127.0.0.1:", 18), 0);
    nps_test_answer a = get(s.url, "/readyz");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "Strict-Transport-Security: max-age=31536000"));
    nps_test_answer_done(&a);
    a = get(s.url, "/feeds/advisories.atom");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, s.url));
    nps_test_answer_done(&a);
    /* A larger reply and a body, in many records. */
    a = get(s.url, "/");
    assert_int_equal(a.status, 200);
    nps_test_answer_done(&a);
    assert_int_equal(shake_hands(&s, CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3, NULL), CURLE_OK);
    assert_int_equal(shake_hands(&s, CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2, NULL), CURLE_OK);
    assert_int_equal(shake_hands(&s, CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1, NULL), CURLE_SSL_CONNECT_ERROR);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    nps_test_ca = NULL;
}

static void without_tls_there_is_no_hsts(void **state)
{
    (void)state;
    nps_test_server s = {0};
    nps_test_serve(&s, dir, NULL);
    nps_test_answer a = get(s.url, "/readyz");
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.head, "Strict-Transport"));
    nps_test_answer_done(&a);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void plain_http_and_noise_on_the_tls_port_end_cleanly(void **state)
{
    (void)state;
    static const char plain[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    nps_test_server s = {0};
    uint64_t random = nps_test_seed();
    serve_tls(&s, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        char out[2000], noise[200];
        for (size_t k = 0; k < sizeof noise; k++)
            noise[k] = (char)nps_test_random(&random);
        noise[0] = i % 2 ? 22 : noise[0]; /* a handshake record, it says */
        int64_t begin = now_ms();
        long n = i ? nps_test_raw(s.port, noise, sizeof noise, out, sizeof out, 1000)
                   : nps_test_raw(s.port, plain, strlen(plain), out, sizeof out, 5000);
        assert_true(n >= 0 && !strstr(out, "HTTP/"));
        if (!i)
            assert_true(now_ms() - begin < 4000);
    }
    expect_status(s.url, "/readyz", 200);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    nps_test_ca = NULL;
}

/* Drips a byte every 100 ms; milliseconds until the server closes. */
static int64_t drip(CURL *c, const char *begin)
{
    int64_t from = now_ms();
    size_t n;
    if (curl_easy_send(c, begin, strlen(begin), &n) != CURLE_OK)
        return -1;
    while (now_ms() - from < 10000) {
        char byte;
        CURLcode rc = curl_easy_recv(c, &byte, 1, &n);
        if (rc != CURLE_AGAIN)
            break;
        if (curl_easy_send(c, "x", 1, &n) != CURLE_OK)
            break;
        usleep(100000);
    }
    return now_ms() - from;
}

static void deadlines_hold_on_tls_connections(void **state)
{
    (void)state;
    nps_test_server s = {0};
    const char *const options[] = {"--tls-certificate", certificate, "--tls-key", key, "--header-timeout-ms", "800",
                                   "--body-timeout-ms", "1600", NULL};
    char out[100];
    CURL *c = NULL;
    nps_test_serve(&s, dir, options);
    nps_test_ca = certificate;
    /* No handshake at all. */
    int64_t begin = now_ms();
    nps_test_raw(s.port, "", 0, out, sizeof out, 10000);
    assert_true(now_ms() - begin >= 700 && now_ms() - begin < 5000);
    /* A handshake, then headers that never end. */
    assert_int_equal(shake_hands(&s, CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_DEFAULT, &c), CURLE_OK);
    int64_t took = drip(c, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    curl_easy_cleanup(c);
    assert_true(took >= 400 && took < 5000);
    /* Headers, then a body that never ends. */
    assert_int_equal(shake_hands(&s, CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_DEFAULT, &c), CURLE_OK);
    took = drip(c, "POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n");
    curl_easy_cleanup(c);
    assert_true(took >= 1200 && took < 6000);
    expect_status(s.url, "/readyz", 200);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    nps_test_ca = NULL;
}

static void certificates_that_cannot_serve_are_named(void **state)
{
    (void)state;
    char store[300], lib[300], none[300], big[300];
    snprintf(store, sizeof store, "%s/store", dir);
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(none, sizeof none, "%s/none.pem", dir);
    snprintf(big, sizeof big, "%s/big.pem", dir);
    assert_int_equal(close(open(big, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    assert_int_equal(truncate(big, (1 << 20) + 1), 0);
    const struct {
        const char *certificate, *key, *says;
        int rc;
    } cases[] = {
        {none, key, "tls_certificate: '", 1},
        {key, certificate, "holds no PEM block 'CERTIFICATE'", 1},
        {certificate, certificate, "holds no PEM block 'PRIVATE KEY'", 1},
        {big, key, "is larger than 1 MiB", 1},
        {certificate, other_key, "the HTTP server cannot start on '127.0.0.1:0': ", 1},
        {certificate, "", "'tls_certificate' and 'tls_key' go together", 2},
        {"", key, "'tls_certificate' and 'tls_key' go together", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char err[600];
        const char *const argv[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--listen", "127.0.0.1:0",
                                    "--tls-certificate", cases[i].certificate, "--tls-key", cases[i].key, NULL};
        assert_int_equal(nps_test_program(argv, NULL, 0, err, sizeof err), cases[i].rc);
        if (!strstr(err, cases[i].says))
            print_error("expected '%s' in: %s\n", cases[i].says, err);
        assert_non_null(strstr(err, cases[i].says));
    }
    const char *const on_unix[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--listen", "unix:/x",
                                   "--tls-certificate", certificate, "--tls-key", key, NULL};
    char err[600];
    assert_int_equal(nps_test_program(on_unix, NULL, 0, err, sizeof err), 2);
    assert_non_null(strstr(err, "'tls_certificate' is of no use on a unix socket"));
}

/* ------------------------------------------------------------------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    snprintf(certificate, sizeof certificate, "%s/certificate.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    snprintf(other_key, sizeof other_key, "%s/other-key.pem", dir);
    nps_test_demo(dir);
    make_certificate(other_key, certificate);
    make_certificate(key, certificate);
    return 0;
}

int main(void)
{
    nps_core_init();
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_reload_pings_and_stop_are_told),
        cmocka_unit_test(a_program_that_cannot_start_never_says_ready),
        cmocka_unit_test(a_passed_socket_is_served_and_loses_nobody_over_a_restart),
        cmocka_unit_test(sockets_that_cannot_serve_are_named),
        cmocka_unit_test(the_service_speaks_tls_and_says_so),
        cmocka_unit_test(without_tls_there_is_no_hsts),
        cmocka_unit_test(plain_http_and_noise_on_the_tls_port_end_cleanly),
        cmocka_unit_test(deadlines_hold_on_tls_connections),
        cmocka_unit_test(certificates_that_cannot_serve_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
