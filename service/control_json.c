#include "service/control_json.h"

#include "service/control_text.h"

#include <string.h>

/* What a row says in short; `inchikey` is that of the substance in question, "" for none. */
static void put_members(nps_jw *w, const nps_control_view *view, const nps_control_row *r, const char *inchikey)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 16);
    nps_jw_str(w, "list", nps_control_list_name(r->list));
    if (*r->schedule)
        nps_jw_str(w, "schedule", r->schedule);
    if (r->list == NPS_CONTROL_CLASS_RULE) {
        nps_jw_str(w, "country", r->country);
        nps_jw_str(w, "clause", r->clause);
        nps_jw_str(w, "class", r->class_name);
        nps_jw_str(w, "title", r->name);
    } else {
        nps_jw_str(w, "listed_as", r->name);
    }
    if (*r->since.text)
        nps_jw_str(w, "since", r->since.text);
    if (*r->until.text)
        nps_jw_str(w, "until", r->until.text);
    nps_jw_str(w, "status_on", nps_control_status_name(r, view->day_number));
    if (view->day_number != view->today_number)
        nps_jw_str(w, "status_today", nps_control_status_name(r, view->today_number));
    nps_jw_bool(w, "verified", nps_control_is_verified(r));
    nps_control_put_row(&text, view->day, view->day_number, r, inchikey);
    nps_jw_text(w, "text", &text);
}

void nps_jw_control_of(nps_jw *w, const nps_control_view *view, const nps_library *lib, uint32_t substance)
{
    nps_control_shown shown;
    if (!view)
        return;
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 16);
    nps_control_of_substance(view, lib, substance, &shown);
    nps_control_put_cell(&text, view, lib, substance);
    nps_jw_text(w, "control_text", &text);
    nps_jw_array(w, "control");
    for (size_t i = 0; i < shown.n; i++) {
        nps_jw_object(w, NULL);
        put_members(w, view, shown.row[i], nps_library_text(lib, lib->sub_inchikey[substance]));
        nps_jw_end(w);
    }
    nps_jw_end(w);
    if (shown.left_out)
        nps_jw_i64(w, "control_left_out", (int64_t)shown.left_out);
}

void nps_jw_control_basis(nps_jw *w, const nps_control_view *view)
{
    nps_jw_str(w, "day", view->day);
    nps_jw_str(w, "tables", nps_control_name(view->tables));
    nps_jw_str(w, "digest", nps_control_digest(view->tables));
}

void nps_jw_control(nps_jw *w, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n_set,
                    uint32_t class_name, size_t left_out)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    if (!view)
        return;
    nps_jw_object(w, "control");
    nps_jw_control_basis(w, view);
    nps_jw_bool(w, "differs", nps_control_set_differs(view, lib, set, n_set));
    if (view->filter) {
        nps_jw_array(w, "filter");
        for (unsigned bit = 1; bit <= NPS_CONTROL_SHOW_NONE; bit <<= 1)
            if (view->filter & bit)
                nps_jw_str(w, NULL, nps_control_filter_name(bit));
        nps_jw_end(w);
        nps_jw_i64(w, "left_out", (int64_t)left_out);
    }
    nps_control_put_statement(&text, view, lib, set, n_set, class_name);
    nps_jw_text(w, "statement", &text);
    nps_jw_end(w);
}

void nps_jw_control_row(nps_jw *w, const nps_control_view *view, const nps_control_row *r, const char *inchikey)
{
    char level[2] = {r->level, '\0'};
    nps_jw_object(w, NULL);
    put_members(w, view, r, inchikey);
    if (r->list != NPS_CONTROL_CLASS_RULE) {
        nps_jw_str(w, "inchikey", r->inchikey);
        nps_jw_str(w, "formula", r->formula);
        nps_jw_bool(w, "joins", *r->inchikey != '\0');
    }
    nps_jw_str(w, "level", level);
    nps_jw_str(w, "source", r->source);
    if (*r->note)
        nps_jw_str(w, "note", r->note);
    nps_jw_end(w);
}
