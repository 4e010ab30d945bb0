#include "service/clock.h"
#include "service/feed.h"
#include "service/json.h"
#include "service/json_read.h"

#include <string.h>

static nps_status put_item(nps_jw *w, const nps_stored_case *c, nps_err *err)
{
    NPS_AUTO(nps_json) summary = NULL;
    NPS_AUTO_BUF title = NPS_BUF_INIT(4096);
    char opened[NPS_TIME_TEXT], updated[NPS_TIME_TEXT], id[64];
    nps_status st = nps_json_read(c->summary, strlen(c->summary), (size_t)1 << 20, &summary, err);
    if (st != NPS_OK)
        return st;
    nps_clock_text(c->opened_ms, opened);
    nps_clock_text(c->updated_ms, updated);
    snprintf(id, sizeof id, "urn:uuid:%s", c->uuid);
    const char *title_text = nps_json_text(summary, "title");
    nps_buf_printf(&title, "%s: %s", c->code, title_text ? title_text : "");
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", id);
    nps_jw_str(w, "title", title.data);
    const char *text = nps_json_text(summary, "text");
    nps_jw_str(w, "content_text", text ? text : "");
    nps_jw_str(w, "date_published", opened);
    nps_jw_str(w, "date_modified", updated);
    nps_jw_raw(w, "_npswatch", c->summary);
    nps_jw_end(w);
    return NPS_OK;
}

nps_status nps_feed_json(nps_buf *out, const nps_feed *f, nps_err *err)
{
    NPS_AUTO_BUF url = NPS_BUF_INIT(1024);
    nps_buf_printf(&url, "%s/feeds/advisories.json", f->base_url);
    nps_status st = nps_buf_check(&url, err);
    nps_jw w = nps_jw_init(out);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "version", "https://jsonfeed.org/version/1.1");
    nps_jw_str(&w, "title", f->title);
    nps_jw_str(&w, "feed_url", url.data);
    nps_jw_array(&w, "items");
    for (size_t i = 0; i < f->cases->n && st == NPS_OK; i++)
        st = put_item(&w, &f->cases->item[i], err);
    nps_jw_end(&w);
    nps_jw_end(&w);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}
