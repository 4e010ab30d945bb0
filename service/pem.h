/* The PEM files of TLS as texts in memory that is wiped when it is freed. What is in them GnuTLS reads. */
#ifndef NPS_SERVICE_PEM_H
#define NPS_SERVICE_PEM_H

#include "core/mem.h"

typedef struct {
    char *text; /* terminated, owned */
    size_t len;
} nps_pem;

/* A whole file that holds a PEM block (RFC 7468) whose label ends in `label`: "CERTIFICATE", "PRIVATE KEY".
 * Errors: NPS_E_IO, NPS_E_LIMIT above 1 MiB, NPS_E_FORMAT; the message names the file. */
NPS_MUST_CHECK nps_status nps_pem_read(const char *path, const char *label, nps_pem *ret_pem, nps_err *err);
void nps_pem_done(nps_pem *p);

#define NPS_AUTO_PEM __attribute__((cleanup(nps_pem_done))) nps_pem

#endif
