#include "service/intake.h"

#include "reference-lib/digest.h"
#include "service/route.h"
#include "service/text.h"
#include "spectra/read.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 1024, TEXT_MAX = NPS_MAX_PARTS * (FIELD_MAX + 1) };

nps_status nps_intake_new(nps_intake **ret_intake, nps_err *err)
{
    nps_intake *in = nps_array(1, sizeof *in);
    if (!in)
        return nps_fail_nomem(err);
    in->text = NPS_BUF_INIT(TEXT_MAX);
    *ret_intake = in;
    return NPS_OK;
}

void nps_intake_free(nps_intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->n_spectrum; i++)
        nps_spectrum_free(in->spectrum[i]);
    nps_buf_done(&in->text);
    free(in);
}

nps_status nps_intake_add(nps_intake *in, nps_intake_file file, nps_err *err)
{
    if (in->n_file == NPS_MAX_FILES)
        return nps_fail_at(err, NPS_E_LIMIT, 1, 0, "more than %d files in one sample", NPS_MAX_FILES);
    in->file[in->n_file++] = file;
    return NPS_OK;
}

static nps_status add_field(nps_intake *in, const nps_request *req, const nps_part *part, nps_err *err)
{
    nps_span value = nps_span_trim(part->body);
    if (!nps_route_knows(req->route, part->name))
        return nps_fail(err, NPS_E_RANGE, "unknown form field '%s'", nps_quote(part->name, strlen(part->name)).s);
    if (value.n > FIELD_MAX || !nps_text_is_clean(value))
        return nps_fail(err, NPS_E_RANGE, "form field '%s' is longer than %d bytes or no clean text", part->name, FIELD_MAX);
    if (nps_intake_value(in, req, part->name))
        return nps_fail(err, NPS_E_RANGE, "parameter '%s' is given twice", part->name);
    char *at = in->text.data + in->text.len;
    nps_buf_add(&in->text, value.p, value.n);
    nps_buf_putc(&in->text, '\0');
    in->field[in->n_field++] = (nps_field){part->name, at};
    return NPS_OK;
}

nps_status nps_intake_split(nps_intake *in, const nps_request *req, nps_err *err)
{
    const char *type = nps_request_header(req, "Content-Type"), *name = nps_request_query(req, "file");
    if (!nps_multipart_is(type)) {
        if (name && strlen(name) > NPS_MAX_FILE_NAME)
            return nps_fail(err, NPS_E_RANGE, "'file' is longer than %d bytes", NPS_MAX_FILE_NAME);
        return nps_intake_add(in, (nps_intake_file){name ? name : "", type ? type : "", req->body}, err);
    }
    size_t n;
    nps_status st = nps_multipart_parse(type, req->body, in->part, &n, err);
    /* All at once, so that the values never move. */
    char *room = st == NPS_OK ? malloc(TEXT_MAX + 1) : NULL;
    if (st == NPS_OK && !room)
        return nps_fail_nomem(err);
    if (st == NPS_OK)
        in->text = (nps_buf){.data = room, .cap = TEXT_MAX + 1, .max = TEXT_MAX};
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        const nps_part *part = &in->part[i];
        if (!part->is_file)
            st = add_field(in, req, part, err);
        else if (*part->file || part->body.n)
            st = nps_intake_add(in, (nps_intake_file){part->file, part->type, part->body}, err);
    }
    if (st == NPS_OK && !in->n_file)
        st = nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the form holds no file");
    return st;
}

const char *nps_intake_value(const nps_intake *in, const nps_request *req, const char *key)
{
    for (size_t i = 0; i < in->n_field; i++)
        if (strcmp(in->field[i].key, key) == 0)
            return in->field[i].value;
    return nps_request_query(req, key);
}

static void note_problem(nps_intake *in, size_t file, const nps_err *why)
{
    if (in->n_problem < NPS_MAX_PROBLEMS)
        in->problem[in->n_problem++] = (nps_intake_problem){file, *why};
    in->n_failed++;
}

static nps_status read_file(nps_intake *in, size_t file, const nps_read_limits *limits, nps_err *err)
{
    NPS_AUTO(nps_reader) r = NULL;
    nps_err why = {0};
    const nps_span bytes = in->file[file].bytes;
    if (nps_reader_open(bytes.p, bytes.n, limits, &r, &why) != NPS_OK) {
        note_problem(in, file, &why);
        return NPS_OK;
    }
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_status st = nps_reader_next(r, &s, &why);
        if (st == NPS_E_NOMEM)
            return nps_fail_nomem(err);
        if (st != NPS_OK) {
            note_problem(in, file, &why);
            continue;
        }
        if (!s)
            return NPS_OK;
        if (in->n_spectrum == NPS_MAX_SPECTRA)
            return nps_fail_at(err, NPS_E_LIMIT, s->line, s->offset, "more than %d spectra in one sample", NPS_MAX_SPECTRA);
        in->spectrum[in->n_spectrum++] = nps_steal(s);
    }
}

nps_status nps_intake_read(nps_intake *in, nps_err *err)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_status st = NPS_OK;
    for (size_t i = 0; i < in->n_file && st == NPS_OK; i++)
        st = read_file(in, i, &limits, err);
    return st;
}

void nps_intake_put_problems(nps_jw *w, const nps_intake *in)
{
    nps_jw_array(w, "problems");
    for (size_t i = 0; i < in->n_problem; i++) {
        const nps_intake_problem *p = &in->problem[i];
        nps_jw_object(w, NULL);
        nps_jw_str(w, "file", in->file[p->file].name);
        nps_jw_str(w, "code", nps_status_name(p->err.code));
        if (p->err.line)
            nps_jw_i64(w, "line", (int64_t)p->err.line);
        if (p->err.line || p->err.offset)
            nps_jw_i64(w, "offset", (int64_t)p->err.offset);
        nps_jw_str(w, "detail", p->err.msg);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    if (in->n_failed > in->n_problem)
        nps_jw_i64(w, "problems_left_off", (int64_t)(in->n_failed - in->n_problem));
}

static void digest_text(nps_digest_state *s, const char *text, size_t n)
{
    uint64_t length = n;
    nps_digest_add(s, &length, sizeof length);
    nps_digest_add(s, text, n);
}

void nps_intake_digest(const nps_intake *in, const nps_request *req, char ret_hex[static 65])
{
    nps_digest_state s;
    nps_digest_init(&s);
    for (size_t i = 0; i < req->n_query; i++) {
        digest_text(&s, req->query[i].key, strlen(req->query[i].key));
        digest_text(&s, req->query[i].value, strlen(req->query[i].value));
    }
    digest_text(&s, "fields", 6);
    for (size_t i = 0; i < in->n_field; i++) {
        digest_text(&s, in->field[i].key, strlen(in->field[i].key));
        digest_text(&s, in->field[i].value, strlen(in->field[i].value));
    }
    digest_text(&s, "files", 5);
    for (size_t i = 0; i < in->n_file; i++) {
        digest_text(&s, in->file[i].name, strlen(in->file[i].name));
        digest_text(&s, in->file[i].bytes.p, in->file[i].bytes.n);
    }
    nps_digest_end(&s, ret_hex);
}
