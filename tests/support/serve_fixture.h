/* What the tests of the service from outside share: one server with a webhook receiver, and short words for asking it.
 * Header only: each program that includes it has a server of its own. */
#ifndef NPS_TESTS_SUPPORT_SERVE_FIXTURE_H
#define NPS_TESTS_SUPPORT_SERVE_FIXTURE_H

#include "tests/support/nps_test.h"
#include "tests/support/serve.h"

#include "core/buf.h"
#include "core/mem.h"

#include <curl/curl.h>
#include <signal.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

static char dir[256];
static nps_test_server main_server;
static nps_test_receiver *receiver;
static char bearer_of[NPS_TEST_LOGINS][200]; /* "Authorization: ..." of a member of every role */
#define bearer bearer_of[NPS_TEST_LAB]

/* --- helpers ---------------------------------------------------------------------------------------------------------------- */

static inline int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline nps_test_answer ask(const nps_test_server *s, const char *method, const char *path, const char *header,
                           const void *body, size_t n)
{
    char url[4300];
    const char *headers[] = {header, NULL};
    snprintf(url, sizeof url, "%s%s", s->url, path);
    return nps_test_http(method, url, header ? headers : NULL, body, n);
}

static char *sample(const char *name, size_t *len)
{
    char path[600];
    snprintf(path, sizeof path, "%s/samples/%s", dir, name);
    char *text = nps_slurp(path, len);
    assert_non_null(text);
    return text;
}

static inline void expect(nps_test_answer a, long status, const char *part)
{
    bool good = a.status == status && (!part || (a.body && strstr(a.body, part)));
    if (!good)
        print_error("status %ld, expected %ld with '%s'; body: %.500s\n", a.status, status, part ? part : "", a.body);
    nps_test_answer_done(&a);
    assert_true(good);
}

static inline nps_test_answer post_file(const nps_test_server *s, const char *path, const char *header, const char *name)
{
    size_t len;
    char *text = sample(name, &len);
    nps_test_answer a = ask(s, "POST", path, header, text, len);
    free(text);
    return a;
}

/* A multipart body of several sample files and one more field. */
static inline void put_form(nps_buf *b, const char *const *names, const char *field, const char *value)
{
    for (; *names; names++) {
        size_t len;
        char *text = sample(*names, &len);
        nps_buf_printf(b, "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n", *names);
        nps_buf_add(b, text, len);
        nps_buf_puts(b, "\r\n");
        free(text);
    }
    if (field)
        nps_buf_printf(b, "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", field, value);
    nps_buf_puts(b, "--B--\r\n");
}

/* n EI spectra, all different from each other and from those of another seed. */
static inline void put_spectra(nps_buf *b, int n, int seed)
{
    for (int i = 0; i < n; i++) {
        nps_buf_printf(b, "Name: unknown %d\nNum Peaks: 12\n", i);
        for (int k = 0; k < 12; k++)
            nps_buf_printf(b, "%d %d\n", 41 + 17 * k, 100 + (i * 37 + seed * 131 + k * 71) % 900);
        nps_buf_puts(b, "\n");
    }
}

static inline double number_in(const char *text, const char *before)
{
    const char *at = strstr(text, before);
    return at ? strtod(at + strlen(before), NULL) : -1;
}

static inline double metric(const nps_test_server *s, const char *name)
{
    char line[120];
    snprintf(line, sizeof line, "\n%s ", name);
    nps_test_answer a = ask(s, "GET", "/metrics", NULL, NULL, 0);
    double v = a.status == 200 ? number_in(a.body, line) : -1;
    nps_test_answer_done(&a);
    return v;
}

static inline bool wait_for_deliveries(size_t n)
{
    for (int64_t end = now_ms() + 30000; now_ms() < end; usleep(10000))
        if (nps_test_receiver_count(receiver) >= n)
            return true;
    return false;
}

static inline int set_up(void **state)
{
    (void)state;
    static char url[100], secret[400];
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    nps_test_demo(dir);
    receiver = nps_test_receiver_start();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", nps_test_receiver_port(receiver));
    snprintf(secret, sizeof secret, "%s/secret", dir);
    FILE *f = fopen(secret, "w");
    if (!f || fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", f) < 0 || fclose(f) != 0)
        return 1;
    const char *const options[] = {"--webhook-url", url, "--webhook-secret-file", secret, "--webhook-allow-private", "yes",
                                   "--webhook-retry-s", "0 0.05 0.05 0.05 0.05 0.1 0.1 0.2 0.2 0.5 0.5 1 1 2 2", NULL};
    nps_test_serve(&main_server, dir, options);
    for (int i = 0; i < NPS_TEST_LOGINS; i++)
        snprintf(bearer_of[i], sizeof bearer_of[i], "Authorization: Bearer %s", main_server.token[i]);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    nps_test_stop(&main_server, SIGTERM);
    nps_test_receiver_stop(receiver);
    return 0;
}

/* Once in every main, before the tests. */
static inline bool fixture_starts(void)
{
    nps_core_init();
    signal(SIGPIPE, SIG_IGN);
    return sodium_init() >= 0 && curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
}

#endif
