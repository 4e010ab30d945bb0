#include "service/clock.h"
#include "service/feed.h"
#include "service/json_read.h"

#include <string.h>

static void put_element(nps_buf *out, const char *indent, const char *name, const char *text)
{
    nps_buf_printf(out, "%s<%s>", indent, name);
    nps_buf_put_xml(out, text ? text : "");
    nps_buf_printf(out, "</%s>\n", name);
}

static nps_status put_entry(nps_buf *out, const nps_stored_case *c, nps_err *err)
{
    NPS_AUTO(nps_json) summary = NULL;
    NPS_AUTO_BUF title = NPS_BUF_INIT(4096);
    char opened[NPS_TIME_TEXT], updated[NPS_TIME_TEXT];
    nps_status st = nps_json_read(c->summary, strlen(c->summary), (size_t)1 << 20, &summary, err);
    if (st != NPS_OK)
        return st;
    nps_clock_text(c->opened_ms, opened);
    nps_clock_text(c->updated_ms, updated);
    const char *title_text = nps_json_text(summary, "title");
    nps_buf_printf(&title, "%s: %s", c->code, title_text ? title_text : "");
    nps_buf_printf(out, "  <entry>\n    <id>urn:uuid:%s</id>\n", c->uuid);
    put_element(out, "    ", "title", title.data);
    put_element(out, "    ", "published", opened);
    put_element(out, "    ", "updated", updated);
    nps_buf_puts(out, "    <content type=\"text\">");
    const char *text = nps_json_text(summary, "text");
    nps_buf_put_xml(out, text ? text : "");
    nps_buf_puts(out, "</content>\n  </entry>\n");
    return NPS_OK;
}

nps_status nps_feed_atom(nps_buf *out, const nps_feed *f, nps_err *err)
{
    int64_t newest = 0;
    char updated[NPS_TIME_TEXT];
    for (size_t i = 0; i < f->cases->n; i++)
        if (f->cases->item[i].updated_ms > newest)
            newest = f->cases->item[i].updated_ms;
    nps_clock_text(newest, updated);
    nps_buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    nps_buf_printf(out, "  <id>urn:uuid:%s</id>\n", f->uuid);
    put_element(out, "  ", "title", f->title);
    put_element(out, "  ", "updated", updated);
    nps_buf_puts(out, "  <author><name>npswatch</name></author>\n  <link rel=\"self\" type=\"application/atom+xml\" href=\"");
    nps_buf_put_xml(out, f->base_url);
    nps_buf_puts(out, "/feeds/advisories.atom\"/>\n  <generator version=\"" NPS_VERSION "\">npswatch</generator>\n");
    nps_status st = NPS_OK;
    for (size_t i = 0; i < f->cases->n && st == NPS_OK; i++)
        st = put_entry(out, &f->cases->item[i], err);
    nps_buf_puts(out, "</feed>\n");
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}
