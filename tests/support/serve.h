/* A real `npswatch serve` as a child process, a client for it and a receiver of webhooks: all on loopback. */
#ifndef NPS_TESTS_SUPPORT_SERVE_H
#define NPS_TESTS_SUPPORT_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A member of every role: the demonstration accounts. */
enum { NPS_TEST_LAB, NPS_TEST_PARTNER, NPS_TEST_CURATOR, NPS_TEST_COORDINATOR, NPS_TEST_AUDITOR, NPS_TEST_ADMIN, NPS_TEST_LOGINS };

typedef struct {
    pid_t pid; /* 0: does not run */
    int port;
    char dir[256], library[300], url[64]; /* url "https://..." when the options ask for TLS */
    char token[NPS_TEST_LOGINS][128]; /* taken at the first start */
} nps_test_server;

/* A listening socket that the programs started from now on get passed on as a service manager does; -1: none. */
extern int nps_test_passed_fd;
/* PEM file of the certificate that https answers must bear; NULL: none is asked for. */
extern const char *nps_test_ca;

/* Makes the demonstration library (DIR/demo.h5) and its samples (DIR/samples). */
void nps_test_demo(const char *dir);

/* Starts the program on DIR/store with further options (NULL-terminated list); waits until it listens. Fails the test when
 * it does not. The first start fills dir, library and the tokens; the port of an earlier start is taken again. Rates are not limited unless the
 * options say so. */
void nps_test_serve(nps_test_server *s, const char *dir, const char *const *options);
/* Sends the signal and waits; returns the exit status, or -signal. */
int nps_test_stop(nps_test_server *s, int sig);
/* Runs the program to its end; returns the exit status. Standard output and error go to the buffers when not NULL. */
int nps_test_program(const char *const *argv, char *out, size_t out_size, char *err, size_t err_size);

typedef struct {
    long status; /* 0: no answer */
    char *body, *head; /* terminated; free with nps_test_answer_done */
    size_t len;
} nps_test_answer;
void nps_test_answer_done(nps_test_answer *a);

/* headers: NULL-terminated or NULL. body NULL: none. Any thread. */
nps_test_answer nps_test_http(const char *method, const char *url, const char *const *headers, const void *body, size_t n);

/* Connects to the server; sends n bytes; returns what comes back until the peer closes or `wait_ms` pass without a byte,
 * terminated and cut to out_size. Returns the number of bytes; -1 when the connection was refused. */
long nps_test_raw(int port, const void *bytes, size_t n, char *out, size_t out_size, int wait_ms);
int nps_test_connect(int port); /* a connected socket, or -1 */

/* --- receiver of webhooks --------------------------------------------------------------------------------------------- */

typedef struct {
    char id[64], signature[128], timestamp[32], subject[32], trace[80];
    char *body; /* owned by the receiver */
    int answered;
} nps_test_delivery;

typedef struct nps_test_receiver nps_test_receiver;
nps_test_receiver *nps_test_receiver_start(void);
int nps_test_receiver_port(const nps_test_receiver *r);
/* What it answers from now on; extra is a header line with its end, or "". status 0: closes without an answer. */
void nps_test_receiver_answer(nps_test_receiver *r, int status, const char *extra);
size_t nps_test_receiver_count(nps_test_receiver *r);
/* The i-th delivery so far; stays valid until the receiver stops. */
nps_test_delivery nps_test_receiver_get(nps_test_receiver *r, size_t i);
void nps_test_receiver_stop(nps_test_receiver *r);

#endif
