/* From the body of a request to the spectra of one sample: raw or multipart, several files, broken records named. */
#ifndef NPS_SERVICE_INTAKE_H
#define NPS_SERVICE_INTAKE_H

#include "service/json.h"
#include "service/message.h"
#include "service/multipart.h"
#include "spectra/spectrum.h"

typedef struct {
    const char *name, *type; /* borrowed; "" when not given */
    nps_span bytes;
} nps_intake_file;

typedef struct {
    size_t file; /* index */
    nps_err err;
} nps_intake_problem;

typedef struct {
    nps_part part[NPS_MAX_PARTS];
    nps_intake_file file[NPS_MAX_FILES];
    size_t n_file;
    nps_field field[NPS_MAX_PARTS]; /* form fields; values in text */
    size_t n_field;
    nps_buf text;
    nps_spectrum *spectrum[NPS_MAX_SPECTRA]; /* owned */
    size_t n_spectrum;
    nps_intake_problem problem[NPS_MAX_PROBLEMS];
    size_t n_problem, n_failed; /* listed; in all */
} nps_intake;

NPS_MUST_CHECK nps_status nps_intake_new(nps_intake **ret_intake, nps_err *err);
void nps_intake_free(nps_intake *in);
NPS_DEFINE_FREEP(nps_intake)

/* Takes the body apart into files and form fields; the request must outlive the intake. A raw body is one file, named by
 * the parameter `file`. Errors: NPS_E_FORMAT, NPS_E_LIMIT (files, parts), NPS_E_RANGE (a field that the route does not
 * know, twice, or too long). */
NPS_MUST_CHECK nps_status nps_intake_split(nps_intake *in, const nps_request *req, nps_err *err);

/* Adds a file that did not come with a request; it must outlive the intake. Errors: NPS_E_LIMIT. */
NPS_MUST_CHECK nps_status nps_intake_add(nps_intake *in, nps_intake_file file, nps_err *err);

/* A parameter, from the form or the query; NULL when in neither. */
const char *nps_intake_value(const nps_intake *in, const nps_request *req, const char *key);

/* Reads the spectra of all files; what fails goes to the problems. Computes: call it inside the gate. Errors:
 * NPS_E_LIMIT for more than NPS_MAX_SPECTRA; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_intake_read(nps_intake *in, nps_err *err);

/* "problems": [{"file","code","line","offset","detail"}] and, when some are not listed, "problems_left_off". */
void nps_intake_put_problems(nps_jw *w, const nps_intake *in);

/* BLAKE2b-256 over files and form fields, not over their framing: what makes two submissions the same. */
void nps_intake_digest(const nps_intake *in, const nps_request *req, char ret_hex[static 65]);

#endif
