#include "tests/support/nps_test.h"

#include "service/notify.h"
#include "service/watchdog.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A manager's socket: "@name" or a path. */
static int manager(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size_t n = strlen(name);
    assert_true(fd >= 0 && n < sizeof a.sun_path);
    memcpy(a.sun_path, name, n);
    if (*name == '@')
        a.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

/* The next datagram within `wait_ms`, "" without one. */
static const char *hear(int fd, int wait_ms)
{
    static char text[512];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n = poll(&p, 1, wait_ms) == 1 ? recv(fd, text, sizeof text - 1, 0) : 0;
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static const char *path_name(void)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/notify%d", nps_temp_dir(), (int)getpid());
    unlink(path);
    return path;
}

static void each_word_arrives_by_path_and_by_abstract_name(void **state)
{
    (void)state;
    char abstract[60];
    snprintf(abstract, sizeof abstract, "@npswatch-test-%d", (int)getpid());
    for (int i = 0; i < 2; i++) {
        int fd = manager(i ? abstract : path_name());
        long long us, after;
        assert_true(nps_notify_ready("serving"));
        assert_string_equal(hear(fd, 1000), "READY=1\nSTATUS=serving");
        assert_true(nps_notify_stopping("one\nMAINPID=1"));
        assert_string_equal(hear(fd, 1000), "STOPPING=1\nSTATUS=one MAINPID=1");
        assert_true(nps_notify_alive(""));
        assert_string_equal(hear(fd, 1000), "WATCHDOG=1\nSTATUS=");
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(nps_notify_reloading("again"));
        assert_int_equal(sscanf(hear(fd, 1000), "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=again", &us), 1);
        after = us - ((long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
        assert_true(after >= 0 && after < 5000000);
        close(fd);
        assert_false(nps_notify_ready("nobody listens"));
    }
}

static void nothing_happens_without_a_manager(void **state)
{
    (void)state;
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    const char *const none[] = {NULL, "", "/", "relative", "vsock:2:1234", longer, "/nowhere/socket"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (none[i])
            setenv("NOTIFY_SOCKET", none[i], 1);
        else
            unsetenv("NOTIFY_SOCKET");
        assert_false(nps_notify_ready("x"));
    }
}

static void the_watchdog_interval_is_that_of_this_process(void **state)
{
    (void)state;
    static const struct {
        const char *usec, *pid;
        int64_t ms;
    } cases[] = {{NULL, NULL, 0}, {"30000000", NULL, 30000}, {"30000000", "self", 30000}, {"30000000", "1", 0},
                 {"30000000", "x", 0}, {"0", NULL, 0}, {"-1", NULL, 0}, {"999", NULL, 0}, {"soon", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char self[24];
        snprintf(self, sizeof self, "%d", (int)getpid());
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (cases[i].usec)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", strcmp(cases[i].pid, "self") == 0 ? self : cases[i].pid, 1);
        assert_int_equal(nps_notify_watchdog_ms(), cases[i].ms);
    }
    unsetenv("WATCHDOG_PID");
}

static atomic_bool good;

static bool ask(void *arg, char *ret_status, size_t status_size)
{
    (void)arg;
    snprintf(ret_status, status_size, "%s", good ? "fine" : "stuck");
    return good;
}

static void pings_come_while_the_answer_is_good_and_only_then(void **state)
{
    (void)state;
    nps_watchdog *w = NULL;
    nps_err err = {0};
    int fd = manager(path_name());
    good = true;
    setenv("WATCHDOG_USEC", "60000", 1);
    assert_ok(nps_watchdog_start((nps_watchdog_question){.ask = ask}, &w, &err), &err);
    assert_non_null(w);
    for (int i = 0; i < 4; i++)
        assert_string_equal(hear(fd, 5000), "WATCHDOG=1\nSTATUS=fine");
    good = false;
    while (*hear(fd, 200)) /* those on their way */
        ;
    assert_string_equal(hear(fd, 300), "");
    good = true;
    assert_string_equal(hear(fd, 5000), "WATCHDOG=1\nSTATUS=fine");
    nps_watchdog_stop(w);
    unsetenv("WATCHDOG_USEC");
    assert_ok(nps_watchdog_start((nps_watchdog_question){.ask = ask}, &w, &err), &err);
    assert_null(w);
    nps_watchdog_stop(w);
    close(fd);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_arrives_by_path_and_by_abstract_name),
        cmocka_unit_test(nothing_happens_without_a_manager),
        cmocka_unit_test(the_watchdog_interval_is_that_of_this_process),
        cmocka_unit_test(pings_come_while_the_answer_is_good_and_only_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
