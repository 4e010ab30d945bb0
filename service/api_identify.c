/* POST /v1/identify: a verdict; nothing is stored but counts. */
#include "service/api.h"
#include "service/judge.h"

nps_status nps_api_identify(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_intake) in = NULL;
    nps_judgement j = {0};
    bool judged = false;
    nps_status st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = nps_intake_split(in, req, err);
    if (st == NPS_OK)
        st = nps_judge(app, req, in, reply, &j, &judged, err);
    if (st == NPS_OK && judged) {
        nps_jw w = nps_jw_init(&reply->body);
        nps_judgement_put(&w, NULL, &j, in, in->file[0].name);
        for (size_t i = 0; i < j.n_relied; i++)
            if (!nps_reference_is_base(j.relied[i]))
                nps_tally_add(app->tally, j.relied[i], j.today);
    }
    nps_judgement_done(&j);
    return st;
}
