#include "service/sample_work.h"

#include "service/case_summary.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/difference.h"
#include "service/log.h"

#include <string.h>

#define DAY_MS ((int64_t)86400000)

static void tell_case(nps_app *app, const nps_store_receipt *receipt)
{
    if (!receipt->case_opened)
        return;
    atomic_fetch_add(&app->metrics.cases_opened, 1);
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "case-opened");
    nps_jw_str(&l.w, "case", receipt->case_code);
    nps_log_end(&l);
    if (app->relay)
        nps_relay_wake(app->relay);
}

nps_status nps_sample_keep(nps_app *app, const nps_intake *in, const nps_judgement *j, const nps_sample_origin *from,
                           nps_store_receipt *ret_receipt, nps_err *err)
{
    char id[NPS_SAMPLE_ID], uuid[NPS_UUID_TEXT], digest[NPS_MAX_SPECTRA][65];
    const char *relied[NPS_MAX_RELIED];
    nps_store_file file[NPS_MAX_FILES];
    nps_store_evaluation evaluation;
    NPS_AUTO_BUF verdict = NPS_BUF_INIT(NPS_MAX_REPLY);
    NPS_AUTO_BUF options = NPS_BUF_INIT((size_t)1 << 16);
    NPS_AUTO_BUF summary = NPS_BUF_INIT((size_t)1 << 20);
    int64_t now = nps_clock_wall_ms();
    nps_random_hex(16, id);
    nps_random_uuid(uuid);
    nps_case_summary(&summary, j->lib, j->verdict);
    nps_status st = nps_judgement_record(app, j, in, id, "submission", now, &verdict, &options, relied, &evaluation, err);
    if (st == NPS_OK)
        st = nps_buf_check(&summary, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < in->n_file; i++)
        file[i] = (nps_store_file){in->file[i].name, in->file[i].type, in->file[i].bytes};
    int64_t days = from->facts->retain_days ? from->facts->retain_days : app->config.retain_days;
    /* What is for the laboratory alone (TLP:AMBER+STRICT, TLP:RED) opens and joins no case. */
    bool shared = from->facts->tlp <= NPS_TLP_AMBER, novel = j->verdict->outcome == NPS_NOVEL && shared;
    nps_store_sample_new sample = {.id = id,
                                   .organisation = from->organisation,
                                   .member = from->member,
                                   .received_ms = now,
                                   .facts = from->facts,
                                   .purge_ms = days ? now + days * DAY_MS : 0,
                                   .evaluation = evaluation,
                                   .file = file,
                                   .n_file = in->n_file,
                                   .idempotency_key = from->idempotency_key,
                                   .request_digest = from->request_digest,
                                   .digest = (const char(*)[65])digest,
                                   .n_digest = novel ? nps_case_digests(j->verdict, digest) : 0,
                                   .case_uuid = uuid,
                                   .case_summary = summary.data,
                                   .trace = from->trace};
    st = nps_store_sample_add(app->store, &sample, now - (int64_t)NPS_IDEMPOTENCY_HOURS * 3600000, ret_receipt, err);
    if (st == NPS_OK)
        tell_case(app, ret_receipt);
    return st;
}

/* --- again ----------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    nps_buf bytes[NPS_MAX_FILES];
    size_t n;
} files;

static void files_done(files *f)
{
    for (size_t i = 0; i < f->n; i++)
        nps_buf_done(&f->bytes[i]);
}

static nps_status load_files(nps_app *app, const nps_stored_sample *s, files *f, nps_intake *in, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < s->n_file && i < NPS_MAX_FILES && st == NPS_OK; i++) {
        f->bytes[f->n++] = NPS_BUF_INIT(NPS_MAX_BODY);
        st = nps_store_sample_file(app->store, "", s->id, (int64_t)i, &f->bytes[i], err);
        if (st == NPS_OK)
            st = nps_intake_add(in, (nps_intake_file){s->file[i].name, s->file[i].type,
                                                      {f->bytes[i].data ? f->bytes[i].data : "", f->bytes[i].len}}, err);
    }
    return st;
}

static nps_status keep_again(nps_app *app, const nps_stored_sample *s, const nps_intake *in, const nps_judgement *j,
                             const nps_stored_evaluation *before, const char *reason, nps_buf *out, int64_t *ret_n, nps_err *err)
{
    const char *relied[NPS_MAX_RELIED];
    nps_store_evaluation evaluation;
    NPS_AUTO_BUF verdict = NPS_BUF_INIT(NPS_MAX_REPLY);
    NPS_AUTO_BUF options = NPS_BUF_INIT((size_t)1 << 16);
    NPS_AUTO_BUF notice = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw w = nps_jw_init(&notice);
    nps_status st = nps_judgement_record(app, j, in, s->id, reason, nps_clock_wall_ms(), &verdict, &options, relied, &evaluation, err);
    if (st != NPS_OK)
        return st;
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "sample", s->id);
    nps_jw_str(&w, "reason", reason);
    st = nps_jw_difference(&w, before->verdict, verdict.data, err);
    nps_jw_end(&w);
    if (st == NPS_OK)
        st = nps_buf_check(&notice, err);
    if (st != NPS_OK)
        return st;
    bool withdrawn = strcmp(reason, "reference") == 0, changed = strstr(notice.data, "\"changed\":true") != NULL;
    const char *kind = withdrawn ? "reference-withdrawn" : "verdict-changed";
    st = nps_store_evaluation_add(app->store, s->id, &evaluation, kind, withdrawn || changed ? notice.data : NULL, ret_n, err);
    if (st == NPS_OK && out)
        nps_buf_add(out, notice.data, notice.len);
    return st;
}

nps_status nps_sample_judge_again(nps_app *app, const char *organisation, const char *id, const char *reason, nps_buf *out, int64_t *ret_n,
                                  nps_err *err)
{
    NPS_AUTO(nps_stored_sample) s = NULL;
    NPS_AUTO(nps_intake) in = NULL;
    nps_stored_evaluation before = {0};
    nps_judgement j = {0};
    files f = {0};
    nps_status st = nps_store_sample_get(app->store, organisation, id, &s, err);
    if (st == NPS_OK && (!s->verdict || !s->n_file))
        st = nps_fail(err, NPS_E_NOT_FOUND, "the sample's data are gone");
    if (st == NPS_OK)
        st = nps_store_evaluation_get(app->store, "", id, -1, &before, err);
    if (st == NPS_OK)
        st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = load_files(app, s, &f, in, err);
    if (st == NPS_OK)
        /* Whether closed parts of others were asked is in the question; asking again tells nothing new about them to anybody. */
        st = nps_judge_stored(app, in, before.options, s->organisation, strstr(before.options, "closed=1") != NULL, &j, err);
    if (st == NPS_OK && !j.verdict)
        st = nps_fail(err, NPS_E_CORRUPT, "the sample's files cannot be read any more");
    if (st == NPS_OK)
        st = keep_again(app, s, in, &j, &before, reason, out, ret_n, err);
    nps_judgement_done(&j);
    nps_stored_evaluation_done(&before);
    files_done(&f);
    return st;
}
