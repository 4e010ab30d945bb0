/* A client for load tests over loopback: some connections, kept alive, each asking one request after the other for a stated time.
 * usage: load PORT CONNECTIONS SECONDS METHOD PATH TOKEN|- [BODY_FILE...]
 * One JSON object: requests a second that were answered with 2xx, their median and 99th percentile in ms, and how many got another
 * answer (503 apart, as it is the one meant for overload: the connection then waits as Retry-After says). Bodies are sent in turn. */
#include "benchmarks/bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512, HEAD_MAX = 16384, TIMES_MAX = 400000 };

typedef struct {
    char *text;
    size_t len;
} message;

static message *requests;
static size_t n_request;
static int port;
static double until;
static atomic_size_t next_request;
static atomic_long good, busy, limited, other, broken;

typedef struct {
    pthread_t thread;
    double *ms;
    size_t n;
} worker;

static int connect_to_service(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = send(fd, p, n, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* Reads one answer; returns its status, 0 when the connection broke. *ret_close: the service closes it. */
static int read_answer(int fd, bool *ret_close, double *ret_wait_s)
{
    char head[HEAD_MAX + 1];
    size_t have = 0, total = 0;
    int status = 0;
    *ret_close = true;
    while (!total) {
        ssize_t n = have < HEAD_MAX ? recv(fd, head + have, HEAD_MAX - have, 0) : 0;
        if (n <= 0)
            return 0;
        have += (size_t)n;
        head[have] = '\0';
        const char *end = strstr(head, "\r\n\r\n"), *length = strcasestr(head, "\r\nContent-Length:");
        if (!end)
            continue;
        status = (int)strtol(head + 9, NULL, 10);
        total = (size_t)(end + 4 - head) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
        const char *close_it = strcasestr(head, "\r\nConnection: close");
        *ret_close = close_it && close_it < end;
        const char *wait = strcasestr(head, "\r\nRetry-After:");
        *ret_wait_s = wait && wait < end ? strtod(wait + 14, NULL) : 0;
    }
    while (have < total) {
        char rest[65536];
        size_t want = total - have < sizeof rest ? total - have : sizeof rest;
        ssize_t n = recv(fd, rest, want, 0);
        if (n <= 0)
            return 0;
        have += (size_t)n;
    }
    return status;
}

static void *work(void *arg)
{
    worker *w = arg;
    int fd = -1;
    while (bench_now() < until) {
        bool close_it = true;
        if (fd < 0 && (fd = connect_to_service()) < 0) {
            atomic_fetch_add(&broken, 1);
            usleep(10000);
            continue;
        }
        const message *m = &requests[atomic_fetch_add(&next_request, 1) % n_request];
        double begin = bench_now(), wait_s = 0;
        int status = send_all(fd, m->text, m->len) ? read_answer(fd, &close_it, &wait_s) : 0;
        double ms = 1000 * (bench_now() - begin);
        atomic_fetch_add(status / 100 == 2 ? &good : status == 503 ? &busy : status == 429 ? &limited : status ? &other : &broken, 1);
        if (status / 100 == 2 && w->n < TIMES_MAX)
            w->ms[w->n++] = ms;
        if (close_it || !status) {
            close(fd);
            fd = -1;
        }
        if (wait_s > 0 && bench_now() + wait_s < until)
            usleep((useconds_t)(1e6 * wait_s));
        else if (wait_s > 0)
            break;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static message make_request(const char *method, const char *path, const char *token, const char *file)
{
    char *body = NULL;
    size_t n = 0;
    FILE *f = file ? fopen(file, "rb") : NULL;
    if (f) {
        body = malloc(1 << 20);
        n = body ? fread(body, 1, 1 << 20, f) : 0;
        fclose(f);
    }
    message m = {.text = malloc(n + 1000)};
    if (!m.text || (file && !body))
        exit(1);
    char authorization[200] = "";
    if (strcmp(token, "-") != 0)
        snprintf(authorization, sizeof authorization, "Authorization: Bearer %s\r\n", token);
    m.len = (size_t)snprintf(m.text, 1000, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s", method, path, authorization);
    if (file)
        m.len += (size_t)snprintf(m.text + m.len, 100, "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n", n);
    m.len += (size_t)snprintf(m.text + m.len, 10, "\r\n");
    memcpy(m.text + m.len, body ? body : "", n);
    m.len += n;
    free(body);
    return m;
}

int main(int argc, char **argv)
{
    static worker workers[CONNECTIONS_MAX];
    if (argc < 7) {
        fputs("usage: load PORT CONNECTIONS SECONDS METHOD PATH TOKEN|- [BODY_FILE...]\n", stderr);
        return 2;
    }
    port = (int)strtol(argv[1], NULL, 10);
    int n = (int)strtol(argv[2], NULL, 10);
    double seconds = strtod(argv[3], NULL);
    if (n < 1 || n > CONNECTIONS_MAX || !(seconds > 0) || seconds > 7200)
        return 2;
    n_request = argc > 7 ? (size_t)(argc - 7) : 1;
    requests = calloc(n_request, sizeof *requests);
    if (!requests)
        return 1;
    for (size_t i = 0; i < n_request; i++)
        requests[i] = make_request(argv[4], argv[5], argv[6], argc > 7 ? argv[7 + i] : NULL);
    double begin = bench_now();
    until = begin + seconds;
    for (int i = 0; i < n; i++) {
        workers[i].ms = malloc(TIMES_MAX * sizeof(double));
        if (!workers[i].ms || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return 1;
    }
    size_t all = 0;
    for (int i = 0; i < n; i++) {
        pthread_join(workers[i].thread, NULL);
        all += workers[i].n;
    }
    double took = bench_now() - begin, *ms = malloc((all ? all : 1) * sizeof *ms);
    if (!ms)
        return 1;
    all = 0;
    for (int i = 0; i < n; i++) {
        memcpy(ms + all, workers[i].ms, workers[i].n * sizeof *ms);
        all += workers[i].n;
        free(workers[i].ms);
    }
    qsort(ms, all, sizeof *ms, bench_ascending);
    printf("{\"method\":\"%s\",\"path\":\"%s\",\"connections\":%d,\"seconds\":%.1f,\"rps\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"busy_503\":%ld,\"limited_429\":%ld,\"other\":%ld,\"broken\":%ld}\n",
           argv[4], argv[5], n, took, (double)good / took, all ? ms[all / 2] : 0, all ? ms[all * 99 / 100] : 0, (long)busy, (long)limited,
           (long)other, (long)broken);
    free(ms);
    for (size_t i = 0; i < n_request; i++)
        free(requests[i].text);
    free(requests);
    return 0;
}
