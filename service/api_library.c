/* GET /v1/library and /v1/library/entries/{n}. */
#include "core/scan.h"
#include "service/api.h"
#include "service/app.h"
#include "service/cli.h"
#include "service/verdict_json.h"

#include <string.h>

/* What the caller asks when he asks. */
static const nps_library *part_for(const nps_holding *held, const nps_request *req)
{
    return req->by.means == NPS_BY_NOTHING ? held->open : held->members;
}

/* The part of this generation, of those that the caller may see; NULL when there is none. */
static const nps_library *part_of(const nps_holding *held, const nps_request *req, const char *generation)
{
    if (strcmp(held->open->generation, generation) == 0)
        return held->open;
    if (req->by.means != NPS_BY_NOTHING && strcmp(held->members->generation, generation) == 0)
        return held->members;
    for (size_t i = 0; i < held->n_closed; i++)
        if (strcmp(held->closed[i].organisation, req->by.organisation) == 0 && strcmp(held->closed[i].lib->generation, generation) == 0)
            return held->closed[i].lib;
    return NULL;
}

nps_status nps_api_library(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)err;
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    const nps_library *lib = part_for(held, req);
    uint64_t entries[NPS_TECH_COUNT] = {0};
    for (uint64_t e = 0; e < lib->n_entry; e++)
        entries[lib->entry_technique[e]]++;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "generation", lib->generation);
    nps_jw_str(&w, "published", held->id);
    nps_jw_str(&w, "name", lib->name);
    nps_jw_str(&w, "created", lib->created);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_bool(&w, "generated", lib->generated);
    nps_jw_i64(&w, "substances", (int64_t)lib->n_substance);
    nps_jw_i64(&w, "entries", (int64_t)lib->n_entry);
    nps_jw_array(&w, "techniques");
    for (nps_technique t = NPS_TECH_EI; t < NPS_TECH_COUNT; t++) {
        const nps_calibration *c = app->config.calibration[0] && app->own.technique[t].n ? &app->own.technique[t]
                                                                                         : &lib->calibration[t];
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, "technique", nps_technique_name(t));
        nps_jw_i64(&w, "entries", (int64_t)entries[t]);
        nps_jw_object(&w, "calibration");
        nps_jw_str(&w, "source", nps_calibration_source_name(c->source));
        nps_jw_i64(&w, "pairs", (int64_t)c->n);
        nps_jw_end(&w);
        if (!nps_technique_is_mass(t))
            nps_jw_str(&w, "preparation", lib->trace_prep_text[t]);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    reply->cache = "no-cache";
    nps_reply_etag(reply);
    return NPS_OK;
}

static void put_entry(nps_jw *w, const nps_library *lib, uint32_t e, bool open)
{
    uint32_t s = lib->entry_substance[e];
    const struct {
        const char *key;
        uint32_t id;
    } texts[] = {{"name", lib->entry_name[e]},           {"substance", lib->sub_name[s]},
                 {"inchikey", lib->sub_inchikey[s]},     {"formula", lib->sub_formula[s]},
                 {"class", lib->sub_class[s]},           {"licence", lib->entry_licence[e]},
                 {"instrument_type", lib->entry_instrument_type[e]}, {"adduct", lib->entry_adduct[e]},
                 {"energy", lib->entry_energy[e]},       {"contributor", open ? lib->entry_contributor[e] : 0},
                 {"instrument", open ? lib->entry_instrument[e] : 0}, {"embargo", lib->entry_embargo[e]}};
    nps_jw_i64(w, "entry", e);
    nps_jw_str(w, "technique", nps_technique_name((nps_technique)lib->entry_technique[e]));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].id)
            nps_jw_str(w, texts[i].key, nps_library_text(lib, texts[i].id));
    nps_jw_str(w, "visibility", nps_visibility_name((nps_visibility)lib->entry_visibility[e]));
    nps_jw_bool(w, "measured", !(lib->entry_flags[e] & NPS_ENTRY_GENERATED));
    nps_jw_bool(w, "peaks_available", open);
    nps_jw_str(w, "generation", lib->generation);
}

nps_status nps_api_library_entry(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    const char *generation = nps_request_query(req, "generation");
    const nps_library *lib = generation ? part_of(held, req, generation) : part_for(held, req);
    uint64_t e;
    char today[11];
    if (!lib)
        return nps_fail(err, NPS_E_CONFLICT, "another generation of the library is in use, whose entries have other numbers");
    if (!nps_span_u64(nps_span_of(req->param[0]), &e) || e >= lib->n_entry)
        return nps_fail(err, NPS_E_NOT_FOUND, "the library has no such entry");
    nps_cli_today(today);
    bool open = nps_library_entry_is_open(lib, (uint32_t)e, today);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    put_entry(&w, lib, (uint32_t)e, open);
    if (open) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_status st = nps_library_spectrum(lib, (uint32_t)e, &s, err);
        if (st != NPS_OK)
            return st;
        nps_jw_spectrum(&w, "spectrum", s);
    }
    nps_jw_end(&w);
    reply->cache = "no-cache";
    nps_reply_etag(reply);
    return NPS_OK;
}
