/* A laboratory's own calibration as a JSON file. */
#ifndef NPS_SERVICE_CALIBRATION_FILE_H
#define NPS_SERVICE_CALIBRATION_FILE_H

#include "core/buf.h"
#include "reference-lib/calibrate.h"

enum { NPS_CALIBRATION_FILE_VERSION = 2 };

typedef struct {
    nps_calibration technique[NPS_TECH_COUNT]; /* everything that they point to is owned by the set */
} nps_calibration_set;
void nps_calibration_set_done(nps_calibration_set *s);

/* Text of the file: {"npswatch_calibration":2,"library":GENERATION,"ruleset":N,"created":...,
 * "techniques":{"ei":{"pairs":N,"substances":N,"drift_p":P,"conformity":[...],"kind":["rich",...],"model":{...}}}}; "model" where
 * coefficients were refitted, ir and raman also with the "preparation" that they hold for. Numbers have 17 digits, so that they read
 * back as they were. */
void nps_calibration_file_write(nps_buf *out, const nps_library *lib, const nps_own_calibration *own, const char *created);

/* Errors: NPS_E_FORMAT (conformity not numbers in ascending order, a weight of the wrong sign ...), naming technique and place;
 * NPS_E_UNSUPPORTED for another ruleset, whose conformities mean something else, or another version of the file; NPS_E_LIMIT above
 * 64 MiB; NPS_E_NOMEM. A file of another library generation is read: the verdict says so (NPS_DOUBT_GENERATION).
 * @param ret_set  to be given back with nps_calibration_set_done */
NPS_MUST_CHECK nps_status nps_calibration_file_parse(const char *text, size_t len, nps_calibration_set *ret_set, nps_err *err);

/* The same from a file; also NPS_E_IO, NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_calibration_file_read(const char *path, nps_calibration_set *ret_set, nps_err *err);

#endif
