/* A laboratory's own calibration as a JSON file. */
#ifndef NPS_SERVICE_CALIBRATION_FILE_H
#define NPS_SERVICE_CALIBRATION_FILE_H

#include "core/buf.h"
#include "reference-lib/library.h"

typedef struct {
    nps_calibration technique[NPS_TECH_COUNT]; /* conformity arrays and texts owned by the set */
} nps_calibration_set;
void nps_calibration_set_done(nps_calibration_set *s);

/* Text of the file: {"npswatch_calibration":1,"library":GENERATION,"ruleset":N,"created":...,
 * "techniques":{"ei":{"pairs":N,"conformity":[...]}}}; ir and raman also with the "preparation" that they hold for. */
void nps_calibration_file_write(nps_buf *out, const nps_library *lib, const nps_calibration_set *s, const char *created);

/* Errors: NPS_E_IO, NPS_E_FORMAT (conformity not numbers in ascending order), NPS_E_UNSUPPORTED for another ruleset, whose
 * conformities mean something else. */
NPS_MUST_CHECK nps_status nps_calibration_file_read(const char *path, nps_calibration_set *ret_set, nps_err *err);

#endif
