/* Status codes and the one error record that every layer uses.
 *
 * Rule of the house: a function returns nps_status, its results come last as `ret_x`, then `nps_err *err`
 * (may be NULL). Success leaves `err` alone; failure leaves every `ret_x` alone. What input, disk or peer can
 * cause is a status; what only our own mistake can cause is NPS_ASSERT.
 */
#ifndef NPS_CORE_ERR_H
#define NPS_CORE_ERR_H

#include <stddef.h>

typedef enum {
    NPS_OK = 0,
    NPS_E_NOMEM,       /* memory could not be had */
    NPS_E_IO,          /* disk, socket or pipe failed */
    NPS_E_FORMAT,      /* input does not follow its format */
    NPS_E_UNSUPPORTED, /* valid, but nothing that we read or do */
    NPS_E_RANGE,       /* a value is outside its documented range */
    NPS_E_LIMIT,       /* larger than a stated limit */
    NPS_E_NOT_FOUND,
    NPS_E_CONFLICT,
    NPS_E_DENIED,
    NPS_E_BUSY,
    NPS_E_NUMERIC, /* a numeric method did not converge or lost its footing */
    NPS_E_CORRUPT, /* our own stored data does not match its digest or invariants */
    NPS_E_PRECONDITION, /* a change does not name the state that its author has seen */
    NPS_E_STALE,        /* that state has changed meanwhile */
    NPS_E_QUOTA         /* an allowance is used up */
} nps_status;

/* Where and what. `line` is 1-based, 0 in binary input or where no place is meant; `offset` is the byte, 0-based, in the
 * uncompressed input. `msg` starts with the fault, quotes its subject, holds no control bytes and no full stop. */
typedef struct {
    nps_status code;
    size_t line, offset;
    char msg[240];
} nps_err;

#define NPS_MUST_CHECK __attribute__((warn_unused_result))

/* Fills *err (if not NULL) and returns `code`. Text from input must be passed through nps_quote() first. */
nps_status nps_fail(nps_err *err, nps_status code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with a place in the input. */
nps_status nps_fail_at(nps_err *err, nps_status code, size_t line, size_t offset, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Shorthand for NPS_E_NOMEM with its one message. */
nps_status nps_fail_nomem(nps_err *err);

/* Stable lower-case name of a status ("format", "limit", ...); never NULL. */
const char *nps_status_name(nps_status code);

/* "line 12, byte 345: msg" (place left out where there is none), cut to fit; returns out. */
const char *nps_err_text(const nps_err *err, char *out, size_t out_size);

/* A piece of input made safe for a message: at most 40 bytes, control and non-ASCII bytes as '?'. */
typedef struct {
    char s[48];
} nps_quoted;
nps_quoted nps_quote(const char *p, size_t n);

/* Stops the process with file and line: only for broken invariants of our own. Always on. */
#define NPS_ASSERT(cond) ((cond) ? (void)0 : nps_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void nps_assert_failed(const char *cond, const char *file, int line);

/* Called once by every main before anything else: switches off GSL's aborting error handler. */
void nps_core_init(void);

#endif
