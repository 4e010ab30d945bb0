/* The service under strain from outside: framing that no client sends, sizes, slow clients, full gates, stops and starts. */
#include "tests/support/serve_fixture.h"

#include "service/json_read.h"
#include "service/limits.h"
#include "service/webhook.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* --- framing and limits -------------------------------------------------------------------------------------------------------- */

static void ambiguous_requests_are_refused_and_nothing_behind_them_is_answered(void **state)
{
    (void)state;
#define TAIL "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"
#define H "Host: x\r\n"
#define POST "POST /v1/identify HTTP/1.1\r\n"
    static const struct {
        const char *what, *bytes;
        size_t n;
        int status; /* 0: any refusal */
    } cases[] = {
#define CASE(what, text, status) {what, text, sizeof(text) - 1, status}
        CASE("length and chunked", POST H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("two lengths", POST H "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" TAIL, 400),
        CASE("equal lengths", POST H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" TAIL, 400),
        CASE("length with a sign", POST H "Content-Length: +0\r\n\r\n" TAIL, 400),
        CASE("length list", POST H "Content-Length: 0, 0\r\n\r\n" TAIL, 400),
        CASE("hex length", POST H "Content-Length: 0x0\r\n\r\n" TAIL, 400),
        CASE("two encodings", POST H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("gzip, chunked", POST H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("identity", POST H "Transfer-Encoding: identity\r\n\r\n" TAIL, 400),
        CASE("xchunked", POST H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("chunked in 1.0", "POST /v1/identify HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" TAIL, 400),
        CASE("no host", "GET /healthz HTTP/1.1\r\n\r\n" TAIL, 400),
        CASE("control byte in a value", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\001b\r\n\r\n" TAIL, 400),
        CASE("blank before the colon", POST "Host: x\r\nContent-Length : 0\r\n\r\n" TAIL, 400),
        CASE("NUL in the path", "GET /healthz%00b HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("broken percent", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("absolute target", "GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("unknown method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("two authorizations",
             "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n" TAIL, 400),
        CASE("two keys", "GET /healthz HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n" TAIL, 400),
        CASE("body where none belongs", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" TAIL, 413),
        CASE("garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" TAIL, 0),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[8192];
        long n = nps_test_raw(main_server.port, cases[i].bytes, cases[i].n, out, sizeof out, 3000);
        const char *first = n > 12 ? strstr(out, "HTTP/1.") : NULL;
        /* libmicrohttpd's own refusals repeat their status line in the body, so that it is the success that counts. */
        bool good = n >= 0 && !strstr(out, "\"status\":\"ok\"") && !strstr(out, " 200 ");
        if (cases[i].status)
            good = good && first && strtol(first + 9, NULL, 10) == cases[i].status;
        if (!good)
            print_error("%s: %s\n", cases[i].what, out);
        assert_true(good);
    }
}

static void pipelined_clean_requests_are_both_answered(void **state)
{
    (void)state;
    char out[8192];
    static const char text[] = POST H "Content-Length: 0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    nps_test_raw(main_server.port, text, sizeof text - 1, out, sizeof out, 10000);
    assert_non_null(strstr(out, "HTTP/1.1 422"));
    assert_non_null(strstr(out, "\"status\":\"ok\""));
}

static void a_body_that_is_too_large_is_refused_before_it_is_read(void **state)
{
    (void)state;
    char out[8192];
    static const char text[] = POST H "Content-Length: 33554433\r\n\r\n";
    int64_t begin = now_ms();
    nps_test_raw(main_server.port, text, sizeof text - 1, out, sizeof out, 10000);
    assert_non_null(strstr(out, "HTTP/1.1 413"));
    assert_non_null(strstr(out, "\"code\":\"limit\""));
    assert_true(now_ms() - begin < 5000);
}

static size_t give_blanks(char *to, size_t size, size_t n, void *arg)
{
    size_t *left = arg, now = size * n < *left ? size * n : *left;
    memset(to, ' ', now);
    *left -= now;
    return now;
}

static void a_chunked_body_is_counted(void **state)
{
    (void)state;
    char url[200];
    size_t left = NPS_MAX_BODY + 1;
    long status = 0;
    CURL *c = curl_easy_init();
    struct curl_slist *list = curl_slist_append(NULL, "Transfer-Encoding: chunked");
    snprintf(url, sizeof url, "%s/v1/identify", main_server.url);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_blanks);
    curl_easy_setopt(c, CURLOPT_READDATA, &left);
    FILE *nothing = fopen("/dev/null", "w");
    curl_easy_setopt(c, CURLOPT_WRITEDATA, nothing);
    curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    fclose(nothing);
    assert_int_equal(status, 413);
}

static void sizes_of_target_and_headers_are_limited(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    char out[8192];
    nps_buf_puts(&b, "GET /");
    for (int i = 0; i < NPS_MAX_URI; i++)
        nps_buf_putc(&b, 'a');
    nps_buf_puts(&b, " HTTP/1.1\r\nHost: x\r\n\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_non_null(strstr(out, "HTTP/1.1 414"));
    nps_buf_clear(&b);
    nps_buf_puts(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < NPS_MAX_HEADERS; i++)
        nps_buf_printf(&b, "X-%d: y\r\n", i);
    nps_buf_puts(&b, "\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_non_null(strstr(out, "HTTP/1.1 431"));
    nps_buf_clear(&b);
    nps_buf_puts(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ");
    for (size_t i = 0; i < NPS_MAX_HEADER_BYTES; i++)
        nps_buf_putc(&b, 'y');
    nps_buf_puts(&b, "\r\n\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_null(strstr(out, "200 OK"));
    assert_true(strstr(out, " 431 ") || strstr(out, " 413 ") || !*out);
    nps_buf_clear(&b);
    nps_buf_puts(&b, "/healthz?");
    for (int i = 0; i <= NPS_MAX_QUERY; i++)
        nps_buf_printf(&b, "k%d=1&", i);
    expect(ask(&main_server, "GET", b.data, NULL, NULL, 0), 400, "query parameters");
}

static void files_and_spectra_of_a_sample_are_limited(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    expect(ask(&main_server, "POST", "/v1/identify?top=1", NULL, b.data, b.len), 200, "\"spectra\":[");
    nps_buf_clear(&b);
    put_spectra(&b, NPS_MAX_SPECTRA + 1, 1);
    expect(ask(&main_server, "POST", "/v1/identify?top=1", NULL, b.data, b.len), 422, "more than 64 spectra");
    const char *names[NPS_MAX_FILES + 2] = {NULL};
    for (int i = 0; i <= NPS_MAX_FILES; i++)
        names[i] = "known-ei.msp";
    nps_buf_clear(&b);
    put_form(&b, names, NULL, NULL);
    expect(ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", b.data, b.len), 422,
           "more than 16 files");
    names[NPS_MAX_FILES] = NULL;
    nps_buf_clear(&b);
    put_form(&b, names, NULL, NULL);
    expect(ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", b.data, b.len), 200,
           NULL);
}

/* --- servers of their own ------------------------------------------------------------------------------------------------------ */

static void own_server(nps_test_server *s, const char *name, const char *const *options)
{
    char own[300], lib[400], link_to[400];
    snprintf(own, sizeof own, "%s/%s", dir, name);
    assert_int_equal(mkdir(own, 0700), 0);
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(link_to, sizeof link_to, "%s/demo.h5", own);
    assert_int_equal(link(lib, link_to), 0);
    *s = (nps_test_server){0};
    nps_test_serve(s, own, options);
}

static void slow_clients_are_closed_at_total_deadlines(void **state)
{
    (void)state;
    nps_test_server s;
    static const char *const options[] = {"--header-timeout-ms", "700", "--body-timeout-ms", "700", NULL};
    static const char *const begin[] = {"", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ",
                                        "POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"};
    own_server(&s, "slow", options);
    for (size_t i = 0; i < 3; i++) {
        int fd = nps_test_connect(s.port);
        int64_t start = now_ms();
        char c;
        assert_int_equal(write(fd, begin[i], strlen(begin[i])), (ssize_t)strlen(begin[i]));
        /* A byte every 100 ms: an idle timeout would never end this. */
        bool open = true;
        while (open && now_ms() - start < 10000) {
            if (i)
                (void)!send(fd, "a", 1, MSG_NOSIGNAL);
            usleep(100000);
            ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);
            open = n < 0 && errno == EAGAIN;
        }
        int64_t took = now_ms() - start;
        close(fd);
        assert_false(open);
        assert_true(took >= 600);
    }
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_client_that_does_not_take_its_reply_is_closed(void **state)
{
    (void)state;
    enum { PEAKS = 600000 };
    nps_test_server s;
    static const char *const options[] = {"--reply-timeout-ms", "700", NULL};
    NPS_AUTO_BUF body = NPS_BUF_INIT((size_t)32 << 20);
    NPS_AUTO_BUF request = NPS_BUF_INIT((size_t)32 << 20);
    own_server(&s, "reply", options);
    nps_buf_printf(&body, "Name: large\nNum Peaks: %d\n", PEAKS);
    for (int i = 0; i < PEAKS; i++)
        nps_buf_printf(&body, "%d.%03d %d\n", 50 + i / 1000, i % 1000, 100 + i % 900);
    nps_buf_printf(&request, "POST /v1/identify?spectrum=1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.len);
    nps_buf_add(&request, body.data, body.len);
    int fd = nps_test_connect(s.port);
    for (size_t sent = 0; sent < request.len;) {
        ssize_t n = send(fd, request.data + sent, request.len - sent, MSG_NOSIGNAL);
        assert_true(n > 0);
        sent += (size_t)n;
    }
    /* Wait for the first byte, and then longer than the deadline, before reading on. */
    static char piece[65536];
    assert_int_equal(recv(fd, piece, 1, MSG_PEEK), 1);
    usleep(2000000);
    double got = 0, want = 0;
    for (ssize_t n; (n = recv(fd, piece, sizeof piece - 1, 0)) > 0; got += (double)n)
        if (got < 1) {
            piece[n] = '\0';
            want = number_in(piece, "Content-Length: ");
        }
    close(fd);
    if (!(want > 0 && got < want))
        print_error("%.0f bytes of %.0f\n", got, want);
    assert_true(want > 0 && got < want);
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void connections_are_limited_and_come_back(void **state)
{
    (void)state;
    nps_test_server s;
    static const char *const options[] = {"--max-connections", "8", NULL};
    int fd[8];
    char c;
    own_server(&s, "connections", options);
    for (int i = 0; i < 8; i++) {
        fd[i] = nps_test_connect(s.port);
        assert_true(fd[i] >= 0);
    }
    usleep(300000);
    int ninth = nps_test_connect(s.port);
    assert_true(ninth >= 0);
    assert_true(recv(ninth, &c, 1, 0) <= 0);
    close(ninth);
    for (int i = 0; i < 8; i++)
        close(fd[i]);
    long status = 0;
    for (int64_t end = now_ms() + 10000; status != 200 && now_ms() < end; usleep(20000)) {
        nps_test_answer a = ask(&s, "GET", "/healthz", NULL, NULL, 0);
        status = a.status;
        nps_test_answer_done(&a);
    }
    assert_int_equal(status, 200);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

typedef struct {
    const nps_test_server *s;
    const nps_buf *body;
    long status;
    bool retry_after;
} one_request;

static void *send_one(void *arg)
{
    one_request *r = arg;
    nps_test_answer a = ask(r->s, "POST", "/v1/identify", NULL, r->body->data, r->body->len);
    r->status = a.status;
    r->retry_after = a.head && strstr(a.head, "Retry-After: ");
    nps_test_answer_done(&a);
    return NULL;
}

static void a_full_gate_answers_503_and_others_still_get_through(void **state)
{
    (void)state;
    enum { N = 8 };
    nps_test_server s;
    static const char *const options[] = {"--search-slots", "1", "--search-queue", "1", NULL};
    pthread_t t[N];
    one_request r[N];
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    int good = 0, busy = 0;
    own_server(&s, "gate", options);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    for (int i = 0; i < N; i++) {
        r[i] = (one_request){.s = &s, .body = &b};
        assert_int_equal(pthread_create(&t[i], NULL, send_one, &r[i]), 0);
    }
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    for (int i = 0; i < N; i++) {
        pthread_join(t[i], NULL);
        good += r[i].status == 200;
        busy += r[i].status == 503 && r[i].retry_after;
    }
    assert_int_equal(good + busy, N);
    assert_true(good >= 2);
    assert_true(busy >= 1);
    assert_near(metric(&s, "npswatch_search_refused_total"), busy, 0, 0);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_stop_answers_what_is_in_flight(void **state)
{
    (void)state;
    nps_test_server s;
    pthread_t t;
    one_request r;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    own_server(&s, "stop", NULL);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    r = (one_request){.s = &s, .body = &b};
    int idle = nps_test_connect(s.port);
    assert_int_equal(pthread_create(&t, NULL, send_one, &r), 0);
    for (int64_t end = now_ms() + 10000; metric(&s, "npswatch_search_busy") < 1 && now_ms() < end;)
        ;
    int64_t begin = now_ms();
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    assert_true(now_ms() - begin < 20000);
    pthread_join(t, NULL);
    close(idle);
    assert_int_equal(r.status, 200);
}

static void another_library_is_taken_up_while_running(void **state)
{
    (void)state;
    nps_test_server s;
    char own[300], lib[400], source[400], err[2000];
    own_server(&s, "reload", NULL);
    char admin[200];
    snprintf(admin, sizeof admin, "Authorization: Bearer %s", s.token[NPS_TEST_ADMIN]);
    snprintf(own, sizeof own, "%s/reload", dir);
    expect(ask(&s, "POST", "/v1/admin/reload", admin, "", 0), 200, "\"changed\":false");
    char lab[200];
    snprintf(lab, sizeof lab, "Authorization: Bearer %s", s.token[NPS_TEST_LAB]);
    expect(post_file(&s, "/v1/samples", lab, "isomers-ei.msp"), 201, NULL);
    snprintf(lib, sizeof lib, "%s/demo.h5", own);
    snprintf(source, sizeof source, "%s/samples/known-ei.msp", dir);
    const char *const build[] = {NPS_PROGRAM, "library", "build", "-o", lib, source, NULL};
    assert_int_equal(nps_test_program(build, NULL, 0, NULL, 0), 0);
    expect(ask(&s, "POST", "/v1/admin/reload", admin, "", 0), 200, "\"changed\":true");
    expect(ask(&s, "GET", "/v1/library", NULL, NULL, 0), 200, "\"entries\":1,");
    /* What rested on references that it has no more is told_so again, and the laboratory told. */
    bool told_so = false;
    for (int64_t end = now_ms() + 30000; !told_so && now_ms() < end; usleep(20000)) {
        nps_test_answer a = ask(&s, "GET", "/v1/notices", lab, NULL, 0);
        told_so = a.status == 200 && strstr(a.body, "\"kind\":\"reference-withdrawn\"");
        nps_test_answer_done(&a);
    }
    assert_true(told_so);
    /* By signal, and a damaged file changes nothing. */
    assert_int_equal(unlink(lib), 0);
    FILE *f = fopen(lib, "wb");
    assert_non_null(f);
    fputs("no library", f);
    fclose(f);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    snprintf(source, sizeof source, "%s/err", own);
    bool told = false;
    for (int64_t end = now_ms() + 10000; !told && now_ms() < end; usleep(20000)) {
        size_t len;
        char *text = nps_slurp(source, &len);
        told = text && strstr(text, "\"reload-failed\"");
        free(text);
    }
    assert_true(told);
    expect(ask(&s, "GET", "/v1/library", NULL, NULL, 0), 200, "\"entries\":1,");
    assert_int_equal(nps_test_stop(&s, SIGINT), 0);
    /* And a start with it is refused in words. */
    const char *const start[] = {NPS_PROGRAM, "serve", "--data", own, "--library", lib, "--listen", "127.0.0.1:0", NULL};
    assert_int_equal(nps_test_program(start, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "library '"));
}

static void the_machine_gives_a_lost_token_anew_when_no_service_runs(void **state)
{
    (void)state;
    nps_test_server s;
    char fresh[300], out[200], err[400], store[400];
    own_server(&s, "token", NULL);
    snprintf(store, sizeof store, "%s/token/store", dir);
    const char *const argv[] = {NPS_PROGRAM, "admin", "token", "--data", store, "--login", "lab", NULL};
    assert_int_equal(nps_test_program(argv, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "in use by another npswatch"));
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    assert_int_equal(nps_test_program(argv, out, sizeof out, NULL, 0), 0);
    out[strcspn(out, "\n")] = '\0';
    snprintf(fresh, sizeof fresh, "Authorization: Bearer %s", out);
    char folder[400];
    snprintf(folder, sizeof folder, "%s/token", dir);
    nps_test_serve(&s, folder, NULL);
    expect(ask(&s, "GET", "/v1/samples", fresh, NULL, 0), 200, "\"samples\":[]");
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_start_that_cannot_work_says_why(void **state)
{
    (void)state;
    char lib[400], config[400], store[400], err[2000], out[4000];
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(config, sizeof config, "%s/bad.conf", dir);
    snprintf(store, sizeof store, "%s/other-store", dir);
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fputs("# comment\nmax_connections = 100000\n", f);
    fclose(f);
    const struct {
        const char *argv[10];
        int rc;
        const char *says;
    } cases[] = {
        {{NPS_PROGRAM, "serve"}, 2, "no 'data' folder is given"},
        {{NPS_PROGRAM, "serve", "--data", store, "--library", "/nowhere.h5"}, 1, "library '/nowhere.h5'"},
        {{NPS_PROGRAM, "serve", "--data", "/dev/null/x", "--library", lib}, 1, "data folder '/dev/null/x'"},
        {{NPS_PROGRAM, "serve", "--colour", "red"}, 2, "unknown key 'colour'"},
        {{NPS_PROGRAM, "serve", "--config", config}, 1, "line 2, byte 10: 'max_connections' is outside 4..4096"},
        {{NPS_PROGRAM, "serve", "--config", "/nowhere"}, 1, "/nowhere"},
        {{NPS_PROGRAM, "serve", "--data", main_server.dir}, 2, "no 'library' file is given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = nps_test_program(cases[i].argv, NULL, 0, err, sizeof err);
        if (rc != cases[i].rc || !strstr(err, cases[i].says))
            print_error("exit %d, expected %d with '%s': %s\n", rc, cases[i].rc, cases[i].says, err);
        assert_int_equal(rc, cases[i].rc);
        assert_non_null(strstr(err, cases[i].says));
    }
    char in_use[400];
    snprintf(in_use, sizeof in_use, "%s/store", main_server.dir);
    const char *const second[] = {NPS_PROGRAM, "serve", "--data", in_use, "--library", lib, "--listen", "127.0.0.1:0", NULL};
    assert_int_equal(nps_test_program(second, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "is in use by another npswatch"));
    const char *const print[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--print-config", NULL};
    assert_int_equal(nps_test_program(print, out, sizeof out, NULL, 0), 0);
    assert_non_null(strstr(out, "\nlisten = 127.0.0.1:8080\n"));
    const char *const check[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--check-config", NULL};
    assert_int_equal(nps_test_program(check, out, sizeof out, NULL, 0), 0);
    assert_true(access(store, F_OK) != 0);
}

/* Last: looks at what all the tests above have left in the log. */

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ambiguous_requests_are_refused_and_nothing_behind_them_is_answered),
        cmocka_unit_test(pipelined_clean_requests_are_both_answered),
        cmocka_unit_test(a_body_that_is_too_large_is_refused_before_it_is_read),
        cmocka_unit_test(a_chunked_body_is_counted),
        cmocka_unit_test(sizes_of_target_and_headers_are_limited),
        cmocka_unit_test(files_and_spectra_of_a_sample_are_limited),
        cmocka_unit_test(slow_clients_are_closed_at_total_deadlines),
        cmocka_unit_test(a_client_that_does_not_take_its_reply_is_closed),
        cmocka_unit_test(connections_are_limited_and_come_back),
        cmocka_unit_test(a_full_gate_answers_503_and_others_still_get_through),
        cmocka_unit_test(a_stop_answers_what_is_in_flight),
        cmocka_unit_test(another_library_is_taken_up_while_running),
        cmocka_unit_test(the_machine_gives_a_lost_token_anew_when_no_service_runs),
        cmocka_unit_test(a_start_that_cannot_work_says_why),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
