/* Counters of the service. Any thread, no lock. */
#ifndef NPS_SERVICE_METRICS_H
#define NPS_SERVICE_METRICS_H

#include "core/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum { NPS_METRIC_ROUTES = 96, NPS_METRIC_CLASSES = 6 };

typedef struct {
    atomic_uint_fast64_t requests[NPS_METRIC_ROUTES][NPS_METRIC_CLASSES]; /* by place in the table, status / 100 */
    atomic_uint_fast64_t request_ms[NPS_METRIC_ROUTES];
    atomic_uint_fast64_t refused;        /* before any route: framing, sizes, unknown paths, access */
    atomic_uint_fast64_t verdicts[4];    /* by nps_outcome */
    atomic_uint_fast64_t broken_records; /* that readers reported */
    atomic_uint_fast64_t cases_opened;
    atomic_uint_fast64_t deliveries_good, deliveries_failed;
} nps_metrics;

/* "# TYPE" line and samples in Prometheus text format 0.0.4. */
void nps_metric_type(nps_buf *out, const char *name, const char *type, const char *help);
void nps_metric_value(nps_buf *out, const char *name, const char *labels, uint64_t v); /* labels: a="b",... or "" */

#endif
