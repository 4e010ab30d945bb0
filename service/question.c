/* The question of a caller: its parameters, and its text. */
#include "service/judge.h"

#include "reference-lib/ir.h"
#include "service/cli.h"
#include "service/text.h"

#include <string.h>

static nps_status take_trace(nps_fact_lookup *lookup, void *arg, nps_question *q, nps_err *err)
{
    const char *prepare = lookup(arg, "prepare"), *max_lag = lookup(arg, "max_lag"), *mixture = lookup(arg, "mixture");
    size_t flag = 1;
    if (prepare && *prepare) {
        nps_err why;
        if (nps_trace_prep_parse(nps_span_of(prepare), &q->prep, &why) != NPS_OK)
            return nps_fail(err, NPS_E_RANGE, "'prepare': %s", why.msg);
        q->has_prep = true;
    }
    if (max_lag && !nps_cli_double(max_lag, 0, NPS_IR_LAG_MAX * NPS_IR_GRID_DX, &q->match.max_lag_cm1))
        return nps_fail(err, NPS_E_RANGE, "'max_lag' is outside 0..20");
    if (mixture && !nps_cli_size(mixture, 0, 1, &flag))
        return nps_fail(err, NPS_E_RANGE, "'mixture' is neither 0 nor 1");
    q->match.with_mixture = flag == 1;
    return NPS_OK;
}

nps_status nps_question_take(nps_fact_lookup *lookup, void *arg, nps_question *ret_question, nps_err *err)
{
    nps_question q = {.match = nps_match_options_default()};
    const char *alpha = lookup(arg, "alpha"), *top = lookup(arg, "top"), *spectrum = lookup(arg, "spectrum"), *control = lookup(arg, "control"),
               *date = lookup(arg, "date");
    size_t flag = 0;
    if (alpha && !nps_cli_double(alpha, 1e-6, 0.5, &q.match.alpha))
        return nps_fail(err, NPS_E_RANGE, "'alpha' is outside 0.000001..0.5");
    if (top && !nps_cli_size(top, 1, 100, &q.match.top))
        return nps_fail(err, NPS_E_RANGE, "'top' is outside 1..100");
    if (spectrum && !nps_cli_size(spectrum, 0, 1, &flag))
        return nps_fail(err, NPS_E_RANGE, "'spectrum' is neither 0 nor 1");
    if (control && !nps_control_filter_parse(nps_span_of(control), &q.control_filter))
        return nps_fail(err, NPS_E_RANGE, "'control' takes " NPS_CONTROL_FILTER_WORDS);
    if (date && *date && !nps_text_is_date(nps_span_of(date)))
        return nps_fail(err, NPS_E_RANGE, "'date' is no day like 2026-11-23");
    snprintf(q.date, sizeof q.date, "%s", date ? date : "");
    q.with_spectra = flag == 1;
    nps_status st = take_trace(lookup, arg, &q, err);
    if (st == NPS_OK)
        *ret_question = q;
    return st;
}

void nps_question_text(const nps_question *q, nps_buf *out)
{
    nps_buf_puts(out, "alpha=");
    nps_buf_put_double(out, q->match.alpha);
    nps_buf_printf(out, "\ntop=%zu\nspectrum=%d\nmixture=%d\nmax_lag=", q->match.top, q->with_spectra, q->match.with_mixture);
    nps_buf_put_double(out, q->match.max_lag_cm1);
    nps_buf_putc(out, '\n');
    if (q->has_prep) {
        nps_buf_puts(out, "prepare=");
        nps_trace_prep_text(out, &q->prep);
        nps_buf_putc(out, '\n');
    }
    if (*q->date)
        nps_buf_printf(out, "date=%s\n", q->date);
    if (q->control_filter) {
        const char *comma = "control=";
        for (unsigned bit = NPS_CONTROL_SHOW_CONTROLLED; bit <= NPS_CONTROL_SHOW_NONE; bit <<= 1)
            if (q->control_filter & bit) {
                nps_buf_printf(out, "%s%s", comma, nps_control_filter_name(bit));
                comma = ",";
            }
        nps_buf_putc(out, '\n');
    }
    nps_buf_printf(out, "closed=%d\n", q->asks_closed);
}

/* --- and back -------------------------------------------------------------------------------------------------------------------- */

const char *nps_lines_look_up(void *arg, const char *key)
{
    const nps_lines *l = arg;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->key[i], key) == 0)
            return l->value[i];
    return NULL;
}

nps_status nps_lines_parse(const char *text, nps_lines *ret_lines, nps_err *err)
{
    nps_lines *l = ret_lines;
    nps_scan s = nps_scan_init(text, strlen(text));
    nps_span key, value;
    l->n = 0;
    for (nps_span line; nps_scan_line(&s, &line);) {
        if (!nps_span_trim(line).n)
            continue;
        if (!nps_span_split(line, '=', &key, &value) || l->n == NPS_LINES_MAX || key.n >= sizeof l->key[0] || value.n >= sizeof l->value[0])
            return nps_fail(err, NPS_E_CORRUPT, "the text of a stored question is damaged");
        snprintf(l->key[l->n], sizeof l->key[0], "%.*s", (int)key.n, key.p);
        snprintf(l->value[l->n++], sizeof l->value[0], "%.*s", (int)value.n, value.p);
    }
    return NPS_OK;
}

nps_status nps_question_parse(const char *text, nps_question *ret_question, nps_err *err)
{
    nps_lines l;
    nps_status st = nps_lines_parse(text, &l, err);
    if (st == NPS_OK)
        st = nps_question_take(nps_lines_look_up, &l, ret_question, err);
    const char *closed = st == NPS_OK ? nps_lines_look_up(&l, "closed") : NULL;
    if (st == NPS_OK)
        ret_question->asks_closed = closed && strcmp(closed, "1") == 0;
    return st;
}
