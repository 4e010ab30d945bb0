#include "service/metrics.h"

#include <stdbool.h>

void nps_metric_type(nps_buf *out, const char *name, const char *type, const char *help)
{
    nps_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void nps_metric_value(nps_buf *out, const char *name, const char *labels, uint64_t v)
{
    bool any = *labels;
    nps_buf_printf(out, "%s%s%s%s %llu\n", name, any ? "{" : "", labels, any ? "}" : "", (unsigned long long)v);
}
