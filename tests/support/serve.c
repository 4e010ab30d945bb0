#include "tests/support/serve.h"

#include "tests/support/nps_test.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the program ------------------------------------------------------------------------------------------------------------- */

int nps_test_passed_fd = -1;
const char *nps_test_ca = NULL;

static void pass_socket(void)
{
    char pid[24];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    if (nps_test_passed_fd == 3)
        fcntl(3, F_SETFD, 0);
    else
        dup2(nps_test_passed_fd, 3);
}

static pid_t spawn(const char *const *argv, const char *out, const char *err)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid)
        return pid;
    int o = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600), e = open(err, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(o, 1);
    dup2(e, 2);
    if (nps_test_passed_fd >= 0)
        pass_socket();
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int wait_for(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid)
        return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void slurp_into(const char *path, char *to, size_t size)
{
    size_t len;
    char *text = nps_slurp(path, &len);
    if (to && size)
        snprintf(to, size, "%s", text ? text : "");
    free(text);
}

int nps_test_program(const char *const *argv, char *out, size_t out_size, char *err, size_t err_size)
{
    char o[64] = "/tmp/npswatch-test-out-XXXXXX", e[64] = "/tmp/npswatch-test-err-XXXXXX";
    close(mkstemp(o));
    close(mkstemp(e));
    int rc = wait_for(spawn(argv, o, e));
    slurp_into(o, out, out_size);
    slurp_into(e, err, err_size);
    unlink(o);
    unlink(e);
    return rc;
}

void nps_test_demo(const char *dir)
{
    char lib[300], samples[300];
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(samples, sizeof samples, "%s/samples", dir);
    mkdir(samples, 0700);
    const char *const argv[] = {NPS_PROGRAM, "library", "demo", "-o", lib, "--samples", samples, NULL};
    assert_int_equal(nps_test_program(argv, NULL, 0, NULL, 0), 0);
}

static const char *const logins[NPS_TEST_LOGINS] = {"lab", "partner", "curator", "coordinator", "auditor", "admin"};

static void take_tokens(nps_test_server *s, const char *text)
{
    for (int i = 0; i < NPS_TEST_LOGINS; i++) {
        char before[64];
        snprintf(before, sizeof before, "%s token, shown this once: ", logins[i]);
        const char *t = strstr(text, before);
        if (!t)
            continue;
        t += strlen(before);
        snprintf(s->token[i], sizeof s->token[i], "%.*s", (int)strcspn(t, "\n"), t);
    }
}

void nps_test_serve(nps_test_server *s, const char *dir, const char *const *options)
{
    char out[300], err[300], store[300], listen_on[64];
    const char *argv[64] = {NPS_PROGRAM, "serve", "--data", store, "--listen", listen_on, "--library", s->library,
                          "--demo-accounts", "yes", "--rate-limit", "0", "--rate-limit-anonymous", "0", "--rate-limit-login", "0"};
    size_t n = 16;
    if (!*s->dir) {
        snprintf(s->dir, sizeof s->dir, "%s", dir);
        snprintf(s->library, sizeof s->library, "%s/demo.h5", dir);
    }
    snprintf(store, sizeof store, "%s/store", dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(err, sizeof err, "%s/err", dir);
    snprintf(listen_on, sizeof listen_on, "127.0.0.1:%d", s->port);
    for (; options && *options && n < 62; options++)
        argv[n++] = *options;
    unlink(out);
    s->pid = spawn(argv, out, err);
    for (int tries = 0; tries < 3000; tries++) {
        char text[4000];
        slurp_into(out, text, sizeof text);
        const char *at = strstr(text, "listening on http"), *port = at ? strstr(at, "://127.0.0.1:") : NULL;
        if (port && strchr(port, '\n')) {
            /* Written once: other threads may be using them when the service starts again. */
            if (!s->port) {
                s->port = (int)strtol(port + 13, NULL, 10);
                snprintf(s->url, sizeof s->url, "%.*s", (int)strcspn(at + 13, "\n"), at + 13);
            }
            take_tokens(s, text);
            return;
        }
        int status;
        if (waitpid(s->pid, &status, WNOHANG) == s->pid)
            break;
        usleep(10000);
    }
    slurp_into(err, out, sizeof out);
    print_error("the service does not start: %s\n", out);
    fail();
}

int nps_test_stop(nps_test_server *s, int sig)
{
    if (!s->pid)
        return 0;
    kill(s->pid, sig);
    int rc = wait_for(s->pid);
    s->pid = 0;
    return rc;
}

/* --- client --------------------------------------------------------------------------------------------------------------------- */

void nps_test_answer_done(nps_test_answer *a)
{
    free(a->body);
    free(a->head);
    *a = (nps_test_answer){0};
}

typedef struct {
    char *data;
    size_t n;
} sink;

static size_t keep(char *data, size_t size, size_t n, void *arg)
{
    sink *s = arg;
    char *more = realloc(s->data, s->n + size * n + 1);
    if (!more)
        return 0;
    s->data = more;
    memcpy(s->data + s->n, data, size * n);
    s->n += size * n;
    s->data[s->n] = '\0';
    return size * n;
}

nps_test_answer nps_test_http(const char *method, const char *url, const char *const *headers, const void *body, size_t n)
{
    nps_test_answer a = {0};
    sink content = {calloc(1, 1), 0}, head = {calloc(1, 1), 0};
    struct curl_slist *list = NULL;
    CURL *c = curl_easy_init();
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_NOBODY, (long)(strcmp(method, "HEAD") == 0));
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    if (nps_test_ca)
        curl_easy_setopt(c, CURLOPT_CAINFO, nps_test_ca);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 120000L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &content);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
    if (body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    }
    if (curl_easy_perform(c) == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a.status);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    a.body = content.data;
    a.len = content.n;
    a.head = head.data;
    return a;
}

int nps_test_connect(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

long nps_test_raw(int port, const void *bytes, size_t n, char *out, size_t out_size, int wait_ms)
{
    int fd = nps_test_connect(port);
    size_t got = 0;
    if (fd < 0)
        return -1;
    for (size_t sent = 0; sent < n;) {
        ssize_t k = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
        if (k <= 0)
            break;
        sent += (size_t)k;
    }
    for (struct pollfd p = {.fd = fd, .events = POLLIN}; got + 1 < out_size && poll(&p, 1, wait_ms) == 1;) {
        ssize_t k = recv(fd, out + got, out_size - 1 - got, 0);
        if (k <= 0)
            break;
        got += (size_t)k;
    }
    close(fd);
    out[got] = '\0';
    return (long)got;
}

/* --- receiver ------------------------------------------------------------------------------------------------------------------- */

struct nps_test_receiver {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    int status;
    char extra[128];
    nps_test_delivery *item;
    size_t n;
};

static void take_header(const char *head, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    *out = '\0';
    for (const char *p = strstr(head, "\r\n"); p; p = strstr(p + 2, "\r\n"))
        if (strncasecmp(p + 2, name, n) == 0 && p[2 + n] == ':') {
            p += 3 + n;
            p += strspn(p, " ");
            snprintf(out, size, "%.*s", (int)strcspn(p, "\r"), p);
            return;
        }
}

/* One request on a connection; answers it as told at that moment. */
static void receive_one(nps_test_receiver *r, int fd)
{
    static const size_t max = 1 << 20;
    char *buf = calloc(1, max), length[32];
    size_t n = 0, body_at = 0, want = SIZE_MAX;
    while (buf && n + 1 < max && n < want) {
        ssize_t k = recv(fd, buf + n, max - 1 - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
        char *end = strstr(buf, "\r\n\r\n");
        if (end && !body_at) {
            body_at = (size_t)(end - buf) + 4;
            take_header(buf, "content-length", length, sizeof length);
            want = body_at + strtoul(length, NULL, 10);
        }
    }
    if (!buf || n < want) {
        free(buf);
        return;
    }
    nps_test_delivery d = {.body = strdup(buf + body_at)};
    take_header(buf, "webhook-id", d.id, sizeof d.id);
    take_header(buf, "webhook-timestamp", d.timestamp, sizeof d.timestamp);
    take_header(buf, "webhook-signature", d.signature, sizeof d.signature);
    take_header(buf, "traceparent", d.trace, sizeof d.trace);
    const char *subject = strstr(d.body, "\"subject\":\"");
    if (subject)
        snprintf(d.subject, sizeof d.subject, "%.*s", (int)strcspn(subject + 11, "\""), subject + 11);
    char answer[300];
    pthread_mutex_lock(&r->lock);
    d.answered = r->status;
    snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n", r->status, r->extra);
    nps_test_delivery *more = realloc(r->item, (r->n + 1) * sizeof *r->item);
    if (more) {
        r->item = more;
        r->item[r->n++] = d;
    }
    pthread_mutex_unlock(&r->lock);
    if (d.answered)
        (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    free(buf);
}

static void *receive(void *arg)
{
    nps_test_receiver *r = arg;
    for (int fd; (fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        struct timeval limit = {5, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        receive_one(r, fd);
        close(fd);
    }
    return NULL;
}

nps_test_receiver *nps_test_receiver_start(void)
{
    nps_test_receiver *r = calloc(1, sizeof *r);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    assert_non_null(r);
    pthread_mutex_init(&r->lock, NULL);
    r->status = 204;
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->fd, (const struct sockaddr *)(const void *)&a, sizeof a), 0);
    assert_int_equal(listen(r->fd, 64), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)(void *)&a, &len), 0);
    r->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, receive, r), 0);
    return r;
}

int nps_test_receiver_port(const nps_test_receiver *r)
{
    return r->port;
}

void nps_test_receiver_answer(nps_test_receiver *r, int status, const char *extra)
{
    pthread_mutex_lock(&r->lock);
    r->status = status;
    snprintf(r->extra, sizeof r->extra, "%s", extra);
    pthread_mutex_unlock(&r->lock);
}

size_t nps_test_receiver_count(nps_test_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n;
    pthread_mutex_unlock(&r->lock);
    return n;
}

nps_test_delivery nps_test_receiver_get(nps_test_receiver *r, size_t i)
{
    pthread_mutex_lock(&r->lock);
    nps_test_delivery d = r->item[i];
    pthread_mutex_unlock(&r->lock);
    return d;
}

void nps_test_receiver_stop(nps_test_receiver *r)
{
    shutdown(r->fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->fd);
    for (size_t i = 0; i < r->n; i++)
        free(r->item[i].body);
    free(r->item);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
