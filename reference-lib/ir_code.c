#include "reference-lib/ir_code.h"

#include "core/parallel.h"

#include <math.h>
#include <string.h>

_Static_assert(NPS_IR_NORM_AT >= NPS_IR_MEANS && NPS_IR_NORM_AT + NPS_IR_NORMS <= NPS_IR_CODE_N, "codes fit their row");

/* Beyond what rounding of doubles to floats can add. */
static const double up = 1 + 1e-6, down = 1 - 1e-6;

void nps_ir_split(const double *v, double *ret_mean, double *ret_norm)
{
    for (size_t j = 0; j < NPS_IR_NORMS; j++)
        ret_norm[j] = 0;
    for (size_t i = 0; i < NPS_IR_MEANS; i++) {
        const double *p = v + 4 * i;
        double m = ((p[0] + p[1]) + (p[2] + p[3])) / 4;
        ret_mean[i] = m;
        for (size_t j = 0; j < 4; j++)
            ret_norm[i / 8] += (p[j] - m) * (p[j] - m);
    }
    for (size_t j = 0; j < NPS_IR_NORMS; j++)
        ret_norm[j] = sqrt(ret_norm[j]);
}

/* The trace less its mean; false when it has gaps. */
static bool centre(const float *y, double *ret_v, nps_ir_scale *s, double *ret_squares)
{
    size_t from = 0, to = NPS_IR_GRID_N;
    while (from < to && isnan(y[from]))
        from++;
    while (to > from && isnan(y[to - 1]))
        to--;
    s->from = (uint32_t)from;
    s->to = (uint32_t)to;
    double sum = 0;
    bool flat = true;
    for (size_t i = from; i < to; i++) {
        sum += (double)y[i];
        flat = flat && y[i] == y[from];
    }
    if (isnan(sum))
        return false;
    /* The mean of equal values may differ from them in its last digit. */
    double mean = to == from ? 0 : flat ? (double)y[from] : sum / (double)(to - from);
    memset(ret_v, 0, NPS_IR_POINTS * sizeof *ret_v);
    *ret_squares = 0;
    for (size_t i = from; i < to; i++) {
        ret_v[i] = (double)y[i] - mean;
        *ret_squares += ret_v[i] * ret_v[i];
    }
    return true;
}

void nps_ir_code(const float *y, uint8_t *ret_code, nps_ir_scale *ret_scale)
{
    double v[NPS_IR_POINTS], mean[NPS_IR_MEANS], rest[NPS_IR_NORMS], squares;
    nps_ir_scale s = {0};
    memset(ret_code, 0, NPS_IR_CODE_N);
    bool whole = centre(y, v, &s, &squares);
    double norm = whole ? sqrt(squares) : 0, low = 0, high = 0, most = 0;
    if (whole)
        nps_ir_split(v, mean, rest);
    for (size_t i = 0; i < NPS_IR_MEANS && whole; i++) {
        low = fmin(low, mean[i]);
        high = fmax(high, mean[i]);
    }
    for (size_t j = 0; j < NPS_IR_NORMS && whole; j++)
        most = fmax(most, rest[j]);
    float step = (float)(fmax((high - low) / 255, most / (2 * 255)) * up);
    *ret_scale = s;
    if (whole && norm == 0)
        return;
    if (!whole || !(step > 1e-25F && step < 1e25F)) {
        ret_scale->step = -1;
        return;
    }
    s.step = step;
    s.zero = (float)(-low / (double)step);
    s.norm = (float)(norm * down);
    double errors = 0;
    for (size_t i = 0; i < NPS_IR_MEANS; i++) {
        double c = rint(mean[i] / (double)step + (double)s.zero);
        ret_code[i] = (uint8_t)(c < 0 ? 0 : c > 255 ? 255 : c);
        double e = mean[i] - (double)step * ((double)ret_code[i] - (double)s.zero);
        errors += e * e;
    }
    s.error = (float)(sqrt(4 * errors) * up);
    for (size_t j = 0; j < NPS_IR_NORMS; j++)
        ret_code[NPS_IR_NORM_AT + j] = (uint8_t)fmin(255, ceil(rest[j] / (2 * (double)step)));
    *ret_scale = s;
}

/* The arrays of the library, writable, and where the traces are. */
typedef struct {
    const float *y;
    uint8_t *code;
    float *step, *zero, *error, *norm;
    uint32_t *range;
    size_t n;
} coding;

enum { CHUNK = 256 };

static void code_chunk(void *arg, unsigned thread, size_t item)
{
    (void)thread;
    const coding *c = arg;
    size_t end = (item + 1) * CHUNK < c->n ? (item + 1) * CHUNK : c->n;
    for (size_t r = item * CHUNK; r < end; r++) {
        nps_ir_scale s;
        nps_ir_code(c->y + r * NPS_IR_GRID_N, c->code + r * NPS_IR_CODE_N, &s);
        c->step[r] = s.step;
        c->zero[r] = s.zero;
        c->error[r] = s.error;
        c->norm[r] = s.norm;
        c->range[2 * r] = s.from;
        c->range[2 * r + 1] = s.to;
    }
}

nps_status nps_ir_code_build(nps_library *lib, unsigned threads, nps_err *err)
{
    size_t n = lib->n_ir;
    coding c = {.y = lib->ir_y,
                .code = nps_array(n * NPS_IR_CODE_N, sizeof *c.code),
                .step = nps_array(n, sizeof *c.step),
                .zero = nps_array(n, sizeof *c.zero),
                .error = nps_array(n, sizeof *c.error),
                .norm = nps_array(n, sizeof *c.norm),
                .range = nps_array(2 * n, sizeof *c.range),
                .n = n};
    lib->ir_code = c.code;
    lib->ir_step = c.step;
    lib->ir_zero = c.zero;
    lib->ir_error = c.error;
    lib->ir_norm = c.norm;
    lib->ir_range = c.range;
    if (!c.code || !c.step || !c.zero || !c.error || !c.norm || !c.range)
        return nps_fail_nomem(err);
    nps_parallel(threads, (n + CHUNK - 1) / CHUNK, code_chunk, &c);
    return NPS_OK;
}
