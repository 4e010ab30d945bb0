/* A real PostgreSQL server for tests: in a folder of its own, reached by a Unix socket only, durable as in real use. */
#ifndef NPS_TESTS_SUPPORT_PG_H
#define NPS_TESTS_SUPPORT_PG_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    char dir[64], bin[128]; /* dir: data, socket and log */
    pid_t pid;              /* 0: does not run */
    int n_database;
} nps_test_pg;

/* Makes a cluster and starts it. False, with the reason printed, when that fails: the test must then fail too. The server ends
 * with the thread that starts it. */
bool nps_test_pg_start(nps_test_pg *pg);
/* Ends it and removes its folder. */
void nps_test_pg_stop(nps_test_pg *pg);

/* Ends the server at once, as a crash would, with no farewell to its clients. */
void nps_test_pg_crash(nps_test_pg *pg);
/* Starts it again after that; false as above. */
bool nps_test_pg_again(nps_test_pg *pg);

/* A new empty database; writes its URL. */
void nps_test_pg_database(nps_test_pg *pg, char *url, size_t size);

#endif
