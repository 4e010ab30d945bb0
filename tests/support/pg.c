#include "tests/support/pg.h"

#include "tests/support/nps_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child becomes the program, as user postgres when we are root, which PostgreSQL refuses; ends with us. */
static pid_t spawn(const nps_test_pg *pg, const char *const *argv)
{
    struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    char log[100];
    snprintf(log, sizeof log, "%s/log", pg->dir);
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid)
        return pid;
    if (user && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent || chdir(pg->dir) != 0)
        _exit(126);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), in = open("/dev/null", O_RDONLY);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool tell(const nps_test_pg *pg, const char *what)
{
    char path[100];
    size_t len;
    snprintf(path, sizeof path, "%s/log", pg->dir);
    char *text = nps_slurp(path, &len);
    print_error("PostgreSQL: %s\n%s\n", what, text ? text : "");
    free(text);
    return false;
}

static void url_of(const nps_test_pg *pg, const char *database, char *url, size_t size)
{
    snprintf(url, size, "postgresql://npswatch@/%s?host=%s", database, pg->dir);
}

bool nps_test_pg_again(nps_test_pg *pg)
{
    char program[200], data[100], url[200];
    snprintf(program, sizeof program, "%s/postgres", pg->bin);
    snprintf(data, sizeof data, "%s/data", pg->dir);
    const char *const argv[] = {program, "-D", data, "-k", pg->dir, "-c", "listen_addresses=",
                                "-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "logging_collector=off", NULL};
    pg->pid = spawn(pg, argv);
    url_of(pg, "postgres", url, sizeof url);
    for (int i = 0; i < 3000; i++) {
        if (PQping(url) == PQPING_OK)
            return true;
        if (waitpid(pg->pid, NULL, WNOHANG) != 0) {
            pg->pid = 0;
            break;
        }
        usleep(10000);
    }
    return tell(pg, "the server does not start");
}

bool nps_test_pg_start(nps_test_pg *pg)
{
    glob_t g;
    char program[200];
    int status;
    struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    *pg = (nps_test_pg){.dir = "/tmp/npswatch-pg-XXXXXX"};
    if (!mkdtemp(pg->dir) || (user && chown(pg->dir, user->pw_uid, user->pw_gid) != 0))
        return tell(pg, "no temporary folder");
    if (geteuid() == 0 && !user)
        return tell(pg, "there is no user postgres; is the package postgresql installed?");
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &g) != 0)
        return tell(pg, "nothing is in /usr/lib/postgresql; is the package postgresql installed?");
    snprintf(pg->bin, sizeof pg->bin, "%s", g.gl_pathv[g.gl_pathc - 1]);
    globfree(&g);
    snprintf(program, sizeof program, "%s/initdb", pg->bin);
    const char *const argv[] = {program, "-D", "data", "-U", "npswatch", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                                "--no-sync", NULL};
    if (waitpid(spawn(pg, argv), &status, 0) < 0 || status != 0)
        return tell(pg, "initdb fails");
    return nps_test_pg_again(pg);
}

static void end(nps_test_pg *pg, int sig)
{
    if (!pg->pid)
        return;
    kill(pg->pid, sig);
    waitpid(pg->pid, NULL, 0);
    pg->pid = 0;
}

void nps_test_pg_crash(nps_test_pg *pg)
{
    end(pg, SIGQUIT);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void nps_test_pg_stop(nps_test_pg *pg)
{
    end(pg, SIGQUIT); /* nothing of it is needed any more */
    nftw(pg->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void nps_test_pg_database(nps_test_pg *pg, char *url, size_t size)
{
    char sql[80], name[40];
    url_of(pg, "postgres", url, size);
    PGconn *c = PQconnectdb(url);
    snprintf(name, sizeof name, "t%d", ++pg->n_database);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        tell(pg, PQerrorMessage(c));
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    PQfinish(c);
    url_of(pg, name, url, size);
}
