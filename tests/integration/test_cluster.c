/* Two replicas on one PostgreSQL behind nginx, as OPERATIONS.md has it: a session begun at one holds at the other, a generation
 * that one publishes is taken over by the other, and while they are killed in turn nothing acknowledged is lost or doubled. */
#include "tests/support/nps_test.h"
#include "tests/support/pg.h"
#include "tests/support/serve.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPLICAS = 2, SAMPLES = 120, CLIENTS = 4, KILLS = 6 };

static char dir[256], generations[300], signing_key[300], store_url[200], hook[100], secret[400], front[64];
static nps_test_pg pg;
static nps_test_server server[REPLICAS];
static nps_test_receiver *receiver;
static pid_t nginx;
static char bearer_of[NPS_TEST_LOGINS][200];

static void start(int i)
{
    char own[300];
    snprintf(own, sizeof own, "%s/%c", dir, 'a' + i);
    const char *const options[] = {"--store", store_url, "--generations", generations, "--signing-key", signing_key, "--public-url", front,
                                   "--webhook-url", hook, "--webhook-secret-file", secret, "--webhook-allow-private", "yes",
                                   "--webhook-retry-s", "0 0.1 0.1 0.2 0.5 1 1 1 1 1 1 1 1 1 1", NULL};
    nps_test_serve(&server[i], own, options);
}

static nps_test_answer ask(const char *base, const char *method, const char *path, const char *const *headers, const char *body)
{
    char url[400];
    snprintf(url, sizeof url, "%s%s", base, path);
    return nps_test_http(method, url, headers, body, body ? strlen(body) : 0);
}

/* By a token, with a JSON body. Fails the test on another status. */
static nps_test_answer json(const char *base, const char *method, const char *path, int who, const char *match, const char *body, long status)
{
    char if_match[80];
    snprintf(if_match, sizeof if_match, "If-Match: %s", match ? match : "*");
    const char *const headers[] = {bearer_of[who], "Content-Type: application/json", if_match, NULL};
    nps_test_answer a = ask(base, method, path, headers, body);
    if (a.status != status)
        print_error("%s %s: %ld %s\n", method, path, a.status, a.body ? a.body : "");
    assert_int_equal(a.status, status);
    return a;
}

static void take(const char *text, const char *before, char *to, size_t size)
{
    const char *at = text ? strstr(text, before) : NULL;
    assert_non_null(at);
    at += strlen(before);
    snprintf(to, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* --- sessions -------------------------------------------------------------------------------------------------------------------- */

static void a_session_begun_behind_the_proxy_holds_at_every_replica(void **state)
{
    (void)state;
    char id[40], path[100], cookie[300], csrf[160];
    nps_test_answer a = json(front, "GET", "/v1/members", NPS_TEST_ADMIN, NULL, NULL, 200);
    const char *lab = strstr(a.body, "\"login\":\"lab\"");
    assert_non_null(lab);
    while (lab > a.body && strncmp(lab, "{\"id\":\"", 7) != 0)
        lab--;
    take(lab, "{\"id\":\"", id, sizeof id);
    nps_test_answer_done(&a);
    snprintf(path, sizeof path, "/v1/members/%s", id);
    a = json(front, "PATCH", path, NPS_TEST_ADMIN, "*", "{\"password\":\"correct horse battery\"}", 200);
    nps_test_answer_done(&a);
    const char *const plain[] = {"Content-Type: application/json", NULL};
    a = ask(front, "POST", "/v1/session", plain, "{\"login\":\"lab\",\"password\":\"correct horse battery\"}");
    assert_int_equal(a.status, 201);
    const char *set = strstr(a.head, "__Host-npswatch=");
    assert_non_null(set);
    snprintf(cookie, sizeof cookie, "Cookie: %.*s", (int)strcspn(set, ";"), set);
    char token[80];
    take(a.body, "\"csrf_token\":\"", token, sizeof token);
    snprintf(csrf, sizeof csrf, "X-CSRF-Token: %s", token);
    nps_test_answer_done(&a);
    const char *const with[] = {cookie, csrf, NULL};
    for (int i = 0; i < REPLICAS; i++) {
        a = ask(server[i].url, "GET", "/v1/samples", with, NULL);
        assert_int_equal(a.status, 200);
        nps_test_answer_done(&a);
    }
    a = ask(server[0].url, "DELETE", "/v1/session", with, NULL);
    assert_int_equal(a.status, 204);
    nps_test_answer_done(&a);
    a = ask(server[1].url, "GET", "/v1/samples", with, NULL);
    assert_int_equal(a.status, 401);
    nps_test_answer_done(&a);
}

/* --- generations ----------------------------------------------------------------------------------------------------------------- */

static bool published(const nps_test_server *s, char *id, size_t size)
{
    nps_test_answer a = ask(s->url, "GET", "/v1/library", NULL, NULL);
    bool good = a.status == 200;
    if (good)
        take(a.body, "\"published\":\"", id, size);
    nps_test_answer_done(&a);
    return good;
}

static void a_generation_of_one_replica_is_taken_over_by_the_other(void **state)
{
    (void)state;
    char organisation[40], body[300], path[200], id[40], etag[40] = "", before[40], now[2][40];
    static const char spectrum[] = "Name: cluster\nInChIKey: ZPUCINDJVBIVPJ-UHFFFAOYSA-N\nNum Peaks: 12\n41 10\n55 20\n67 90\n82 1000\n94 300\n"
                                   "105 250\n122 80\n150 60\n182 700\n198 90\n272 70\n303 200\n";
    assert_true(published(&server[1], before, sizeof before));
    nps_test_answer a = json(server[0].url, "GET", "/v1/members", NPS_TEST_ADMIN, NULL, NULL, 200);
    const char *partner = strstr(a.body, "\"login\":\"partner\"");
    assert_non_null(partner);
    while (partner > a.body && strncmp(partner, "\"organisation\":\"", 16) != 0)
        partner--;
    take(partner, "\"organisation\":\"", organisation, sizeof organisation);
    nps_test_answer_done(&a);
    snprintf(body, sizeof body, "{\"reference\":\"MoU 1\",\"organisation\":\"%s\",\"title\":\"t\",\"valid_from\":\"2020-01-01\"}", organisation);
    a = json(server[0].url, "POST", "/v1/memoranda", NPS_TEST_ADMIN, NULL, body, 201);
    nps_test_answer_done(&a);
    const char *const partner_headers[] = {bearer_of[NPS_TEST_PARTNER], "Content-Type: application/octet-stream", NULL};
    a = ask(front, "POST", "/v1/contributions?visibility=public&licence=CC-BY-4.0&memorandum=MoU%201", partner_headers, spectrum);
    assert_int_equal(a.status, 202);
    take(a.body, "\"id\":\"", id, sizeof id);
    nps_test_answer_done(&a);
    snprintf(path, sizeof path, "/v1/contributions/%s", id);
    for (int i = 0; i < 3000 && !*etag; i++, usleep(20000)) {
        a = json(front, "GET", path, NPS_TEST_CURATOR, NULL, NULL, 200);
        const char *tag = strcasestr(a.head, "etag: ");
        if (strstr(a.body, "\"state\":\"checked\"") && tag)
            snprintf(etag, sizeof etag, "%.*s", (int)strcspn(tag + 6, "\r\n"), tag + 6);
        nps_test_answer_done(&a);
    }
    snprintf(path, sizeof path, "/v1/contributions/%s/decision", id);
    a = json(server[1].url, "POST", path, NPS_TEST_CURATOR, etag, "{\"decision\":\"accept\",\"reason\":\"a good spectrum\"}", 200);
    nps_test_answer_done(&a);
    a = json(front, "POST", "/v1/generations", NPS_TEST_CURATOR, NULL, "{}", 202);
    nps_test_answer_done(&a);
    bool same = false;
    for (int i = 0; i < 3000 && !same; i++, usleep(20000))
        same = published(&server[0], now[0], 40) && published(&server[1], now[1], 40) && strcmp(now[0], now[1]) == 0 && strcmp(now[0], before) != 0;
    assert_true(same);
    for (int i = 0; i < REPLICAS; i++) {
        a = ask(server[i].url, "POST", "/v1/identify", partner_headers, spectrum);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.body, "ZPUCINDJVBIVPJ"));
        nps_test_answer_done(&a);
    }
}

/* --- kill -9 ---------------------------------------------------------------------------------------------------------------------- */

static struct {
    char id[40], code[40];
} sent[SAMPLES];
static atomic_int next_one, retries;

static void make_body(int i, char *body, size_t size)
{
    size_t at = (size_t)snprintf(body, size, "Name: cluster %d\nNum Peaks: 12\n", i);
    for (int k = 0; k < 12; k++)
        at += (size_t)snprintf(body + at, size - at, "%d %d\n", 41 + 17 * k, 100 + (i * 37 + k * 71) % 900 + i);
}

static void *client(void *arg)
{
    (void)arg;
    for (int i; (i = atomic_fetch_add(&next_one, 1)) < SAMPLES;) {
        char body[400], key[60];
        make_body(i, body, sizeof body);
        snprintf(key, sizeof key, "Idempotency-Key: cluster-%d", i);
        const char *const headers[] = {bearer_of[NPS_TEST_LAB], key, "Content-Type: application/octet-stream", NULL};
        for (int tries = 0; tries < 3000 && !*sent[i].id; tries++) {
            nps_test_answer a = ask(front, "POST", "/v1/samples", headers, body);
            if (a.status == 201) {
                take(a.body, "\"id\":\"", sent[i].id, sizeof sent[i].id);
                take(a.body, "\"case\":\"", sent[i].code, sizeof sent[i].code);
            } else {
                atomic_fetch_add(&retries, 1);
                usleep(20000);
            }
            nps_test_answer_done(&a);
        }
    }
    return NULL;
}

static void killing_replicas_in_turn_loses_and_doubles_nothing(void **state)
{
    (void)state;
    pthread_t t[CLIENTS];
    uint64_t seed = nps_test_seed();
    struct timespec begin, end;
    size_t before = nps_test_receiver_count(receiver);
    int kills = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, client, NULL), 0);
    for (; kills < KILLS || atomic_load(&next_one) < SAMPLES; kills++) {
        if (kills >= 40)
            break;
        usleep((useconds_t)(20000 + nps_test_random(&seed) % 200000));
        int victim = kills % REPLICAS;
        assert_int_equal(nps_test_stop(&server[victim], SIGKILL), -SIGKILL);
        start(victim);
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(t[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    int missing = 0, doubled = 0;
    for (int i = 0; i < SAMPLES; i++) {
        char path[140];
        snprintf(path, sizeof path, "/v1/samples/%.40s", sent[i].id);
        const char *const headers[] = {bearer_of[NPS_TEST_LAB], NULL};
        nps_test_answer a = ask(front, "GET", path, headers, NULL);
        missing += !*sent[i].id || a.status != 200;
        nps_test_answer_done(&a);
        for (int k = 0; k < i; k++)
            doubled += strcmp(sent[i].code, sent[k].code) == 0; /* each has a case of its own */
    }
    assert_int_equal(missing, 0);
    assert_int_equal(doubled, 0);
    int undelivered = SAMPLES;
    for (int tries = 0; tries < 6000 && undelivered; tries++, usleep(10000)) {
        undelivered = 0;
        size_t n = nps_test_receiver_count(receiver);
        for (int i = 0; i < SAMPLES; i++) {
            bool found = false;
            for (size_t k = before; k < n && !found; k++)
                found = strcmp(nps_test_receiver_get(receiver, k).subject, sent[i].code) == 0;
            undelivered += !found;
        }
    }
    assert_int_equal(undelivered, 0);
    printf("%d kills of two replicas behind nginx in %.1f s: %d samples, %d requests sent again, %zu deliveries of %d cases\n", kills,
           (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec), SAMPLES, atomic_load(&retries),
           nps_test_receiver_count(receiver) - before, SAMPLES);
}

/* --- setting up -------------------------------------------------------------------------------------------------------------------- */

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        port = ntohs(a.sin_port);
    close(fd);
    return port;
}

/* The directives of service/packaging/nginx.conf that concern upstreams, without TLS. */
static bool start_nginx(int port)
{
    char path[300], home[300];
    snprintf(home, sizeof home, "%s/nginx", dir);
    snprintf(path, sizeof path, "%s/nginx/nginx.conf", dir);
    FILE *f = mkdir(home, 0700) == 0 ? fopen(path, "w") : NULL;
    if (!f)
        return false;
    fprintf(f, "daemon off; pid %s/pid; error_log %s/error.log; worker_processes 1;\nevents { worker_connections 256; }\n", home, home);
    fprintf(f, "http { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; "
               "scgi_temp_path %s/s;\n", home, home, home, home, home);
    fprintf(f, "upstream npswatch { server 127.0.0.1:%d max_fails=2 fail_timeout=1s; server 127.0.0.1:%d max_fails=2 fail_timeout=1s; keepalive 8; }\n",
            server[0].port, server[1].port);
    fprintf(f, "server { listen 127.0.0.1:%d; client_max_body_size 33m; location / { proxy_pass http://npswatch; proxy_http_version 1.1;"
               " proxy_set_header Connection \"\"; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"
               " proxy_connect_timeout 3s; proxy_read_timeout 90s; proxy_next_upstream error timeout; proxy_next_upstream_tries 2; } } }\n", port);
    if (fclose(f) != 0)
        return false;
    fflush(NULL);
    nginx = fork();
    if (nginx == 0) {
        execlp("nginx", "nginx", "-p", home, "-c", path, (char *)NULL);
        execl("/usr/sbin/nginx", "nginx", "-p", home, "-c", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500; i++, usleep(20000)) {
        nps_test_answer a = ask(front, "GET", "/healthz", NULL, NULL);
        bool good = a.status == 200;
        nps_test_answer_done(&a);
        if (good)
            return true;
    }
    print_error("nginx does not answer\n");
    return false;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    snprintf(generations, sizeof generations, "%s/generations", dir);
    snprintf(signing_key, sizeof signing_key, "%s/signing-key", dir);
    nps_test_demo(dir);
    snprintf(secret, sizeof secret, "%s/secret", dir);
    FILE *f = fopen(secret, "w");
    if (!f || fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", f) < 0 || fclose(f) != 0 || !nps_test_pg_start(&pg))
        return 1;
    nps_test_pg_database(&pg, store_url, sizeof store_url);
    receiver = nps_test_receiver_start();
    snprintf(hook, sizeof hook, "http://127.0.0.1:%d/", nps_test_receiver_port(receiver));
    int port = free_port();
    snprintf(front, sizeof front, "http://127.0.0.1:%d", port);
    for (int i = 0; i < REPLICAS; i++) {
        char own[300];
        snprintf(own, sizeof own, "%s/%c", dir, 'a' + i);
        if (mkdir(own, 0700) != 0)
            return 1;
        snprintf(server[i].dir, sizeof server[i].dir, "%s", dir);
        snprintf(server[i].library, sizeof server[i].library, "%s/demo.h5", dir);
        start(i);
    }
    for (int i = 0; i < NPS_TEST_LOGINS; i++)
        snprintf(bearer_of[i], sizeof bearer_of[i], "Authorization: Bearer %s", server[0].token[i]);
    return start_nginx(port) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    if (nginx > 0) {
        kill(nginx, SIGTERM);
        waitpid(nginx, NULL, 0);
    }
    for (int i = 0; i < REPLICAS; i++)
        nps_test_stop(&server[i], SIGKILL);
    nps_test_receiver_stop(receiver);
    nps_test_pg_stop(&pg);
    return 0;
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_session_begun_behind_the_proxy_holds_at_every_replica),
                                       cmocka_unit_test(a_generation_of_one_replica_is_taken_over_by_the_other),
                                       cmocka_unit_test(killing_replicas_in_turn_loses_and_doubles_nothing)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
