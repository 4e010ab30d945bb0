#include "reference-lib/build.h"

#include "reference-lib/backing.h"
#include "reference-lib/calibrate.h"
#include "reference-lib/digest.h"
#include "reference-lib/index.h"
#include "reference-lib/intern.h"
#include "reference-lib/ir.h"
#include "reference-lib/layout.h"
#include "reference-lib/library_h5.h"
#include "reference-lib/prepare.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t name, inchikey, formula, smiles, cas, class_name;
    double mass;
    int32_t nominal;
    uint32_t n_entry;
} substance_row;

typedef struct {
    uint32_t substance, name, inchikey, id, contributor, licence, instrument, instrument_type, adduct, energy, source,
        embargo;
    uint8_t technique, visibility, flags;
    int8_t polarity;
    double precursor, ri;
    uint64_t peak_end, meta_end, synonym_end;
    uint64_t peaks_hash;
} entry_row;

struct nps_builder {
    nps_build_options options;
    nps_library_attributes attributes;
    nps_trace_prep trace_prep[NPS_TECH_COUNT];
    nps_intern text;
    nps_intern key;        /* substance keys; id = substance + 1 */
    substance_row *sub;
    entry_row *entry;
    double *mz;
    float *intensity;
    uint32_t *meta_key, *meta_value, *synonym, *ir_entry, *source_line, *by_hash;
    float *ir_y;
    size_t n_sub, cap_sub, n_entry, cap_entry, n_peak, cap_mz, cap_intensity, n_meta, cap_meta_key, cap_meta_value,
        n_synonym, cap_synonym, n_ir, cap_ir_entry, cap_ir_y, n_source, cap_source, n_slot;
    uint32_t source, embargo, licence;
    uint8_t visibility, flags;
};

const char *nps_note_kind_name(nps_note_kind k)
{
    static const char *const names[] = {"duplicate", "conflict", "unusable", "no-inchikey", "class-table"};
    return names[k];
}

#define ROOM(b, array, cap, need) nps_grow(&(b)->array, &(b)->cap, (need), sizeof *(b)->array, UINT32_MAX - 1, err)

static nps_status put_preparation(const nps_trace_prep *p, char *ret_text, size_t size, nps_err *err)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(size - 1);
    nps_trace_prep_text(&text, p);
    nps_status st = nps_buf_check(&text, err);
    if (st == NPS_OK)
        memcpy(ret_text, text.data, text.len + 1);
    return st;
}

nps_status nps_builder_new(const nps_build_options *o, nps_builder **ret_builder, nps_err *err)
{
    NPS_AUTO(nps_builder) b = nps_array(1, sizeof *b);
    if (!b)
        return nps_fail_nomem(err);
    b->options = *o;
    const struct {
        char *to;
        size_t size;
        const char *from;
        const char *what;
    } texts[] = {{b->attributes.name, sizeof b->attributes.name, o->name, "name"},
                 {b->attributes.builder, sizeof b->attributes.builder, o->builder, "builder"},
                 {b->attributes.created, sizeof b->attributes.created, o->created, "creation time"},
                 {b->attributes.licence, sizeof b->attributes.licence, o->licence, "licence"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *from = texts[i].from ? texts[i].from : "";
        if (strlen(from) + 1 >= texts[i].size)
            return nps_fail(err, NPS_E_LIMIT, "%s of the library is longer than %zu bytes", texts[i].what,
                            texts[i].size - 2);
        memcpy(texts[i].to, from, strlen(from) + 1);
    }
    b->trace_prep[NPS_TECH_IR] = o->infrared_prep ? *o->infrared_prep : nps_trace_prep_default();
    b->trace_prep[NPS_TECH_RAMAN] = o->raman_prep ? *o->raman_prep : nps_trace_prep_raman();
    nps_status good = put_preparation(&b->trace_prep[NPS_TECH_IR], b->attributes.infrared_prep,
                                      sizeof b->attributes.infrared_prep, err);
    if (good == NPS_OK)
        good = put_preparation(&b->trace_prep[NPS_TECH_RAMAN], b->attributes.raman_prep, sizeof b->attributes.raman_prep, err);
    if (good != NPS_OK)
        return good;
    b->n_slot = 1024;
    b->by_hash = nps_array(b->n_slot, sizeof *b->by_hash);
    nps_status st = b->by_hash ? nps_intern_init(&b->text, err) : nps_fail_nomem(err);
    if (st == NPS_OK)
        st = nps_intern_init(&b->key, err);
    if (st == NPS_OK)
        st = nps_intern_put(&b->text, b->attributes.licence, &b->licence, err);
    if (st != NPS_OK)
        return st;
    *ret_builder = nps_steal(b);
    return NPS_OK;
}

void nps_builder_free(nps_builder *b)
{
    if (!b)
        return;
    nps_intern_done(&b->text);
    nps_intern_done(&b->key);
    free(b->sub);
    free(b->entry);
    free(b->mz);
    free(b->intensity);
    free(b->meta_key);
    free(b->meta_value);
    free(b->synonym);
    free(b->ir_entry);
    free(b->ir_y);
    free(b->source_line);
    free(b->by_hash);
    free(b);
}

nps_status nps_builder_source(nps_builder *b, const char *file, nps_visibility visibility, const char *embargo,
                              uint8_t flags, nps_err *err)
{
    nps_status st = nps_intern_put(&b->text, file, &b->source, err);
    if (st == NPS_OK)
        st = nps_intern_put(&b->text, embargo ? embargo : "", &b->embargo, err);
    b->visibility = (uint8_t)visibility;
    b->flags = flags;
    return st;
}

nps_status nps_builder_source_line(nps_builder *b, const char *line, nps_err *err)
{
    nps_status st = ROOM(b, source_line, cap_source, b->n_source + 1);
    if (st == NPS_OK)
        st = nps_intern_put(&b->text, line, &b->source_line[b->n_source], err);
    if (st == NPS_OK)
        b->n_source++;
    return st;
}

static void tell(const nps_builder *b, nps_note_kind kind, size_t line, const char *text)
{
    if (!b->options.note)
        return;
    nps_build_note note = {kind, nps_intern_text(&b->text, b->source), line, text};
    b->options.note(b->options.note_arg, &note);
}

/* --- substances ----------------------------------------------------------------------------------------------------- */

static nps_status put(nps_builder *b, const char *text, uint32_t *id, nps_err *err)
{
    return nps_intern_put(&b->text, text ? text : "", id, err);
}

/* Fills what an earlier entry of the substance left open. */
static nps_status fill(nps_builder *b, uint32_t *id, const char *text, nps_err *err)
{
    return *id ? NPS_OK : put(b, text, id, err);
}

/* Of the molecule, Da; 0 where the record does not say. */
static int32_t nominal_mass(const nps_spectrum *s)
{
    return s->nominal_mass ? s->nominal_mass : s->exact_mass > 0 ? (int32_t)(s->exact_mass + 0.3) : 0;
}

static nps_status find_substance(nps_builder *b, const nps_spectrum *s, uint32_t *ret_sub, nps_err *err)
{
    NPS_AUTO_BUF key = NPS_BUF_INIT((size_t)1 << 20);
    nps_span block = nps_spectrum_block(s);
    if (block.n) {
        /* The first block is the same for labelled standards (-d5): the mass keeps them apart from their parent. */
        nps_buf_add(&key, block.p, block.n);
        nps_buf_printf(&key, " %d", nominal_mass(s));
    } else {
        const char *name = s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "";
        nps_buf_puts(&key, "name:");
        for (const char *p = name; *p; p++)
            nps_buf_putc(&key, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
        if (!*name) /* nothing to join by: a substance of its own */
            nps_buf_printf(&key, "entry %zu", b->n_entry);
    }
    uint32_t id;
    nps_status st = nps_buf_check(&key, err);
    if (st == NPS_OK)
        st = nps_intern_put(&b->key, key.data, &id, err);
    if (st != NPS_OK)
        return st;
    if (id > b->n_sub) {
        st = ROOM(b, sub, cap_sub, b->n_sub + 1);
        if (st != NPS_OK)
            return st;
        b->sub[b->n_sub++] = (substance_row){0};
        if (!block.n)
            tell(b, NPS_NOTE_NO_KEY, s->line, s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "(no name)");
    }
    *ret_sub = id - 1;
    return NPS_OK;
}

static nps_status complete_substance(nps_builder *b, uint32_t sub, const nps_spectrum *s, nps_err *err)
{
    substance_row *r = &b->sub[sub];
    nps_status st = fill(b, &r->name, s->text[NPS_TEXT_NAME], err);
    if (st == NPS_OK)
        st = fill(b, &r->inchikey, s->text[NPS_TEXT_INCHIKEY], err);
    if (st == NPS_OK)
        st = fill(b, &r->formula, s->text[NPS_TEXT_FORMULA], err);
    if (st == NPS_OK)
        st = fill(b, &r->smiles, s->text[NPS_TEXT_SMILES], err);
    if (st == NPS_OK)
        st = fill(b, &r->cas, s->text[NPS_TEXT_CAS], err);
    if (st == NPS_OK)
        st = fill(b, &r->class_name, s->text[NPS_TEXT_CLASS], err);
    if (!(r->mass > 0))
        r->mass = s->exact_mass;
    if (!r->nominal)
        r->nominal = nominal_mass(s);
    return st;
}

/* --- entries ---------------------------------------------------------------------------------------------------------- */

static uint64_t hash_peaks(const nps_spectrum *s)
{
    uint64_t h = nps_hash_bytes(&s->precursor_mz, sizeof s->precursor_mz, (uint64_t)s->technique);
    if (s->peaks.n) {
        h = nps_hash_bytes(s->peaks.mz, s->peaks.n * sizeof *s->peaks.mz, h);
        h = nps_hash_bytes(s->peaks.intensity, s->peaks.n * sizeof *s->peaks.intensity, h);
    }
    if (s->trace.n) {
        h = nps_hash_bytes(&s->trace.x0_cm1, sizeof s->trace.x0_cm1, h);
        h = nps_hash_bytes(&s->trace.dx_cm1, sizeof s->trace.dx_cm1, h);
        h = nps_hash_bytes(s->trace.y, s->trace.n * sizeof *s->trace.y, h);
    }
    return h;
}

static bool same_peaks(const nps_builder *b, uint32_t e, const nps_spectrum *s)
{
    const entry_row *r = &b->entry[e];
    uint64_t at = e ? b->entry[e - 1].peak_end : 0;
    return r->peak_end - at == s->peaks.n && r->technique == s->technique && r->precursor == s->precursor_mz &&
           (!s->peaks.n || (memcmp(b->mz + at, s->peaks.mz, s->peaks.n * sizeof *b->mz) == 0 &&
                            memcmp(b->intensity + at, s->peaks.intensity, s->peaks.n * sizeof *b->intensity) == 0));
}

/* Looks for entries with the same peaks; says whether one is of the same substance (a duplicate). */
static bool is_duplicate(const nps_builder *b, const nps_spectrum *s, uint32_t sub, uint64_t hash)
{
    char text[200];
    bool told = false;
    for (size_t i = hash & (b->n_slot - 1); b->by_hash[i]; i = (i + 1) & (b->n_slot - 1)) {
        uint32_t e = b->by_hash[i] - 1;
        if (b->entry[e].peaks_hash != hash || !same_peaks(b, e, s))
            continue;
        snprintf(text, sizeof text, "same peaks as entry %u '%s'", e, nps_intern_text(&b->text, b->entry[e].name));
        if (b->entry[e].substance == sub) {
            tell(b, NPS_NOTE_DUPLICATE, s->line, text);
            return true;
        }
        if (!told)
            tell(b, NPS_NOTE_CONFLICT, s->line, text);
        told = true;
    }
    return false;
}

static void remember_hash(uint32_t *slots, size_t n_slot, uint64_t hash, uint32_t e)
{
    size_t i = hash & (n_slot - 1);
    while (slots[i])
        i = (i + 1) & (n_slot - 1);
    slots[i] = e + 1;
}

static nps_status grow_hashes(nps_builder *b, nps_err *err)
{
    if (2 * (b->n_entry + 1) <= b->n_slot)
        return NPS_OK;
    uint32_t *bigger = nps_array(2 * b->n_slot, sizeof *bigger);
    if (!bigger)
        return nps_fail_nomem(err);
    free(b->by_hash);
    b->by_hash = bigger;
    b->n_slot *= 2;
    for (uint32_t e = 0; e < b->n_entry; e++)
        remember_hash(b->by_hash, b->n_slot, b->entry[e].peaks_hash, e);
    return NPS_OK;
}

static nps_status add_meta(nps_builder *b, const char *key, const char *value, nps_err *err)
{
    nps_status st = ROOM(b, meta_key, cap_meta_key, b->n_meta + 1);
    if (st == NPS_OK)
        st = ROOM(b, meta_value, cap_meta_value, b->n_meta + 1);
    if (st == NPS_OK)
        st = put(b, key, &b->meta_key[b->n_meta], err);
    if (st == NPS_OK)
        st = put(b, value, &b->meta_value[b->n_meta], err);
    if (st == NPS_OK)
        b->n_meta++;
    return st;
}

static nps_status add_metadata(nps_builder *b, const nps_spectrum *s, nps_err *err)
{
    /* Fields without an array of their own in the library travel as metadata, so that nothing is lost; library.c: take_meta. */
    static const nps_text_field as_meta[] = {NPS_TEXT_COMMENT, NPS_TEXT_INCHI, NPS_TEXT_IONIZATION};
    nps_status st = NPS_OK;
    for (size_t i = 0; i < sizeof as_meta / sizeof *as_meta && st == NPS_OK; i++)
        if (s->text[as_meta[i]])
            st = add_meta(b, nps_text_field_name(as_meta[i]), s->text[as_meta[i]], err);
    if (s->retention_time_s > 0 && st == NPS_OK) {
        NPS_AUTO_BUF seconds = NPS_BUF_INIT(64);
        nps_buf_put_double(&seconds, s->retention_time_s);
        st = add_meta(b, "retention_time_s", seconds.data, err);
    }
    for (size_t i = 0; i < s->n_meta && st == NPS_OK; i++)
        st = add_meta(b, s->meta[i].key, s->meta[i].value, err);
    for (size_t i = 0; i < s->n_synonym && st == NPS_OK; i++) {
        st = ROOM(b, synonym, cap_synonym, b->n_synonym + 1);
        if (st == NPS_OK)
            st = put(b, s->synonym[i], &b->synonym[b->n_synonym], err);
        if (st == NPS_OK)
            b->n_synonym++;
    }
    return st;
}

static nps_status add_peaks(nps_builder *b, const nps_peaks *p, nps_err *err)
{
    nps_status st =
        nps_grow(&b->mz, &b->cap_mz, b->n_peak + p->n, sizeof *b->mz, SIZE_MAX / sizeof *b->mz, err);
    if (st == NPS_OK)
        st = nps_grow(&b->intensity, &b->cap_intensity, b->n_peak + p->n, sizeof *b->intensity,
                      SIZE_MAX / sizeof *b->intensity, err);
    if (st != NPS_OK || !p->n)
        return st;
    memcpy(b->mz + b->n_peak, p->mz, p->n * sizeof *b->mz);
    memcpy(b->intensity + b->n_peak, p->intensity, p->n * sizeof *b->intensity);
    b->n_peak += p->n;
    return NPS_OK;
}

/* @param told  that the trace is unusable; @param row  [NPS_IR_GRID_N] prepared already, or NULL */
static nps_status add_trace(nps_builder *b, nps_technique technique, const nps_trace *t, const float *row, size_t line, bool told,
                            nps_err *err)
{
    nps_status st = ROOM(b, ir_entry, cap_ir_entry, b->n_ir + 1);
    if (st == NPS_OK)
        st = nps_grow(&b->ir_y, &b->cap_ir_y, (b->n_ir + 1) * NPS_IR_GRID_N, sizeof *b->ir_y, SIZE_MAX / 8, err);
    if (st != NPS_OK)
        return st;
    nps_err why;
    float *y = b->ir_y + b->n_ir * NPS_IR_GRID_N;
    if (row)
        memcpy(y, row, NPS_IR_GRID_N * sizeof *y);
    else
        st = nps_prepare_trace(t, &b->trace_prep[technique], y, &why);
    if (st == NPS_E_RANGE || st == NPS_E_NUMERIC) { /* one trace that the steps do not suit stops no library */
        if (!told)
            tell(b, NPS_NOTE_UNUSABLE, line, why.msg);
        for (size_t i = 0; i < NPS_IR_GRID_N; i++)
            y[i] = NAN;
        st = NPS_OK;
    } else if (st != NPS_OK) {
        st = nps_fail(err, st, "%s", why.msg);
    }
    if (st == NPS_OK)
        b->ir_entry[b->n_ir++] = (uint32_t)b->n_entry;
    return st;
}

static nps_status fill_entry(nps_builder *b, const nps_spectrum *s, entry_row *r, nps_err *err)
{
    const struct {
        uint32_t *id;
        nps_text_field field;
    } texts[] = {{&r->name, NPS_TEXT_NAME},
                 {&r->inchikey, NPS_TEXT_INCHIKEY},
                 {&r->id, NPS_TEXT_ID},
                 {&r->contributor, NPS_TEXT_CONTRIBUTOR},
                 {&r->instrument, NPS_TEXT_INSTRUMENT},
                 {&r->instrument_type, NPS_TEXT_INSTRUMENT_TYPE},
                 {&r->adduct, NPS_TEXT_ADDUCT},
                 {&r->energy, NPS_TEXT_ENERGY}};
    nps_status st = NPS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == NPS_OK; i++)
        st = put(b, s->text[texts[i].field], texts[i].id, err);
    r->licence = b->licence;
    if (st == NPS_OK && s->text[NPS_TEXT_LICENCE])
        st = put(b, s->text[NPS_TEXT_LICENCE], &r->licence, err);
    return st;
}

static nps_status add(nps_builder *b, const nps_spectrum *s, const float *row, bool *opt_added, nps_err *err)
{
    uint32_t sub;
    nps_status st = nps_peaks_check(&s->peaks, err);
    if (st == NPS_OK && s->trace.n && !row)
        st = nps_trace_check(&s->trace, err);
    if (st == NPS_OK)
        st = find_substance(b, s, &sub, err);
    if (st != NPS_OK)
        return st;
    uint64_t hash = hash_peaks(s);
    bool duplicate = is_duplicate(b, s, sub, hash);
    if (opt_added)
        *opt_added = !duplicate;
    if (duplicate)
        return NPS_OK;
    unsigned obstacle = nps_quality_obstacle(nps_quality_check(s));
    if (obstacle)
        tell(b, NPS_NOTE_UNUSABLE, s->line, nps_quality_text((nps_quality_bit)obstacle));
    st = complete_substance(b, sub, s, err);
    entry_row r = {.substance = sub,
                   .source = b->source,
                   .embargo = b->embargo,
                   .technique = (uint8_t)s->technique,
                   .visibility = b->visibility,
                   .flags = b->flags,
                   .polarity = (int8_t)s->polarity,
                   .precursor = s->precursor_mz,
                   .ri = s->retention_index,
                   .peaks_hash = hash};
    if (st == NPS_OK)
        st = fill_entry(b, s, &r, err);
    if (st == NPS_OK)
        st = ROOM(b, entry, cap_entry, b->n_entry + 1);
    if (st == NPS_OK)
        st = grow_hashes(b, err);
    if (st == NPS_OK && s->trace.n)
        st = add_trace(b, s->technique, &s->trace, row, s->line, obstacle != 0, err);
    if (st == NPS_OK)
        st = add_peaks(b, &s->peaks, err);
    if (st == NPS_OK)
        st = add_metadata(b, s, err);
    if (st != NPS_OK)
        return st;
    r.peak_end = b->n_peak;
    r.meta_end = b->n_meta;
    r.synonym_end = b->n_synonym;
    b->sub[sub].n_entry++;
    remember_hash(b->by_hash, b->n_slot, hash, (uint32_t)b->n_entry);
    b->entry[b->n_entry++] = r;
    return NPS_OK;
}

nps_status nps_builder_add(nps_builder *b, const nps_spectrum *s, bool *opt_added, nps_err *err)
{
    return add(b, s, NULL, opt_added, err);
}

static bool is_prepared_alike(const nps_builder *b, const nps_library *lib)
{
    return strcmp(b->attributes.infrared_prep, lib->trace_prep_text[NPS_TECH_IR]) == 0 &&
           strcmp(b->attributes.raman_prep, lib->trace_prep_text[NPS_TECH_RAMAN]) == 0;
}

nps_status nps_builder_add_entries(nps_builder *b, const nps_library *lib, nps_err *err)
{
    nps_status st = is_prepared_alike(b, lib) ? NPS_OK : nps_fail(err, NPS_E_RANGE, "the library's traces are prepared otherwise");
    for (uint64_t e = 0; e < lib->n_entry && st == NPS_OK; e++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        uint32_t i = (uint32_t)e;
        st = nps_library_spectrum(lib, i, &s, err);
        if (st == NPS_OK)
            st = nps_builder_source(b, nps_library_text(lib, lib->entry_source[e]), (nps_visibility)lib->entry_visibility[e],
                                    lib->entry_embargo[e] ? nps_library_text(lib, lib->entry_embargo[e]) : NULL, lib->entry_flags[e], err);
        if (st == NPS_OK)
            st = add(b, s, nps_technique_is_mass(s->technique) ? NULL : nps_ir_row(lib, i), NULL, err);
    }
    return st;
}

/* --- class table -------------------------------------------------------------------------------------------------------- */

static nps_status give_class(nps_builder *b, nps_span id, nps_span name, nps_span class_name, size_t line, nps_err *err)
{
    NPS_AUTO_MEM(char *) text = nps_strndup(class_name.p, class_name.n);
    uint32_t class_id;
    nps_status st = text ? put(b, text, &class_id, err) : nps_fail_nomem(err);
    if (st != NPS_OK)
        return st;
    bool found = false, other_name = false;
    for (size_t e = 0; e < b->n_entry; e++) {
        const char *have = nps_intern_text(&b->text, b->entry[e].id);
        if (strlen(have) != id.n || memcmp(have, id.p, id.n) != 0)
            continue;
        if (name.n && !nps_span_is(name, nps_intern_text(&b->text, b->entry[e].name))) {
            other_name = true;
            continue;
        }
        found = true;
        b->sub[b->entry[e].substance].class_name = class_id;
    }
    if (!found) {
        char note[160];
        snprintf(note, sizeof note, "row of id '%.*s' fits %s", (int)(id.n < 60 ? id.n : 60), id.p,
                 other_name ? "an entry of another name" : "no entry");
        tell(b, NPS_NOTE_CLASS, line, note);
    }
    return NPS_OK;
}

/* Cuts the next column off *rest; an empty one counts, so blanks at its end must not be trimmed with their tab. */
static bool next_column(nps_span *rest, nps_span *ret_column)
{
    if (!rest->p)
        return false;
    const char *tab = rest->n ? memchr(rest->p, '\t', rest->n) : NULL;
    size_t n = tab ? (size_t)(tab - rest->p) : rest->n;
    *ret_column = nps_span_trim((nps_span){rest->p, n});
    *rest = tab ? (nps_span){tab + 1, rest->n - n - 1} : (nps_span){NULL, 0};
    return true;
}

nps_status nps_builder_classes(nps_builder *b, const char *text, size_t len, nps_err *err)
{
    nps_scan scan = nps_scan_init(text, len);
    nps_span line, id, name, class_name;
    while (nps_scan_line(&scan, &line)) {
        if (!nps_span_trim(line).n)
            continue;
        nps_span rest = line;
        if (!next_column(&rest, &id) || !next_column(&rest, &name) || !next_column(&rest, &class_name))
            return nps_fail_at(err, NPS_E_FORMAT, scan.line, nps_scan_offset(&scan, line.p),
                               "class table line without its three columns: id, name, class");
        if (scan.line == 1 && nps_span_is(id, "id"))
            continue;
        if (!class_name.n)
            continue;
        nps_status st = give_class(b, id, name, class_name, scan.line, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

/* --- the finished generation ------------------------------------------------------------------------------------------------ */

/* A zeroed array of n cells, known to the library (const) and to the code that fills it. */
#define MAKE(lib, field, n, type, var)            \
    type *var = nps_array((n), sizeof *var);      \
    (lib)->field = var;                           \
    if (!var)                                     \
        return nps_fail_nomem(err)

static nps_status lay_out_substances(const nps_builder *b, nps_library *lib, nps_err *err)
{
    size_t n = b->n_sub;
    lib->n_substance = n;
    MAKE(lib, sub_name, n, uint32_t, name);
    MAKE(lib, sub_inchikey, n, uint32_t, inchikey);
    MAKE(lib, sub_formula, n, uint32_t, formula);
    MAKE(lib, sub_smiles, n, uint32_t, smiles);
    MAKE(lib, sub_cas, n, uint32_t, cas);
    MAKE(lib, sub_class, n, uint32_t, class_name);
    MAKE(lib, sub_mass, n, double, mass);
    MAKE(lib, sub_nominal, n, int32_t, nominal);
    MAKE(lib, sub_entry_at, n + 1, uint64_t, at);
    MAKE(lib, sub_entry, b->n_entry, uint32_t, entry);
    for (size_t i = 0; i < n; i++) {
        const substance_row *r = &b->sub[i];
        name[i] = r->name;
        inchikey[i] = r->inchikey;
        formula[i] = r->formula;
        smiles[i] = r->smiles;
        cas[i] = r->cas;
        class_name[i] = r->class_name;
        mass[i] = r->mass;
        nominal[i] = r->nominal;
        at[i + 1] = at[i] + r->n_entry;
    }
    for (size_t e = 0; e < b->n_entry; e++)
        entry[at[b->entry[e].substance]++] = (uint32_t)e;
    memmove(at + 1, at, n * sizeof *at);
    at[0] = 0;
    return NPS_OK;
}

static nps_status lay_out_entry_texts(const nps_builder *b, nps_library *lib, nps_err *err)
{
    size_t n = b->n_entry;
    MAKE(lib, entry_substance, n, uint32_t, substance);
    MAKE(lib, entry_name, n, uint32_t, name);
    MAKE(lib, entry_inchikey, n, uint32_t, inchikey);
    MAKE(lib, entry_id, n, uint32_t, id);
    MAKE(lib, entry_contributor, n, uint32_t, contributor);
    MAKE(lib, entry_licence, n, uint32_t, licence);
    MAKE(lib, entry_instrument, n, uint32_t, instrument);
    MAKE(lib, entry_instrument_type, n, uint32_t, instrument_type);
    MAKE(lib, entry_adduct, n, uint32_t, adduct);
    MAKE(lib, entry_energy, n, uint32_t, energy);
    MAKE(lib, entry_source, n, uint32_t, source);
    MAKE(lib, entry_embargo, n, uint32_t, embargo);
    for (size_t e = 0; e < n; e++) {
        const entry_row *r = &b->entry[e];
        substance[e] = r->substance;
        name[e] = r->name;
        inchikey[e] = r->inchikey;
        id[e] = r->id;
        contributor[e] = r->contributor;
        licence[e] = r->licence;
        instrument[e] = r->instrument;
        instrument_type[e] = r->instrument_type;
        adduct[e] = r->adduct;
        energy[e] = r->energy;
        source[e] = r->source;
        embargo[e] = r->embargo;
    }
    return NPS_OK;
}

static nps_status lay_out_entries(const nps_builder *b, nps_library *lib, nps_err *err)
{
    size_t n = b->n_entry;
    lib->n_entry = n;
    MAKE(lib, entry_technique, n, uint8_t, technique);
    MAKE(lib, entry_visibility, n, uint8_t, visibility);
    MAKE(lib, entry_flags, n, uint8_t, flags);
    MAKE(lib, entry_polarity, n, int8_t, polarity);
    MAKE(lib, entry_precursor, n, double, precursor);
    MAKE(lib, entry_ri, n, double, ri);
    MAKE(lib, peak_at, n + 1, uint64_t, peak_at);
    MAKE(lib, meta_at, n + 1, uint64_t, meta_at);
    MAKE(lib, synonym_at, n + 1, uint64_t, synonym_at);
    for (size_t e = 0; e < n; e++) {
        const entry_row *r = &b->entry[e];
        technique[e] = r->technique;
        visibility[e] = r->visibility;
        flags[e] = r->flags;
        polarity[e] = r->polarity;
        precursor[e] = r->precursor;
        ri[e] = r->ri;
        peak_at[e + 1] = r->peak_end;
        meta_at[e + 1] = r->meta_end;
        synonym_at[e + 1] = r->synonym_end;
    }
    return lay_out_entry_texts(b, lib, err);
}

/* Blocks that the builder holds in the library's own form are handed over, not copied. */
static void hand_over(nps_builder *b, nps_library *lib)
{
    lib->n_text = b->text.n;
    lib->heap_size = b->text.heap.len;
    lib->text_at = nps_steal(b->text.at);
    lib->heap = nps_buf_detach(&b->text.heap);
    lib->n_peak = b->n_peak;
    lib->peak_mz = nps_steal(b->mz);
    lib->peak_intensity = nps_steal(b->intensity);
    lib->n_meta = b->n_meta;
    lib->meta_key = nps_steal(b->meta_key);
    lib->meta_value = nps_steal(b->meta_value);
    lib->n_synonym = b->n_synonym;
    lib->synonym = nps_steal(b->synonym);
    lib->n_ir = b->n_ir;
    lib->ir_entry = nps_steal(b->ir_entry);
    lib->ir_y = nps_steal(b->ir_y);
    lib->n_source = b->n_source;
    lib->source_line = nps_steal(b->source_line);
}

static nps_status lay_out_no_calibration(nps_library *lib, nps_err *err)
{
    lib->n_calibration_technique = NPS_TECH_COUNT;
    MAKE(lib, calibration_at, NPS_TECH_COUNT + 1, uint64_t, at);
    MAKE(lib, calibration_source, NPS_TECH_COUNT, uint8_t, source);
    MAKE(lib, conformity, 1, double, conformity);
    MAKE(lib, conformity_kind, 1, uint8_t, kind);
    (void)at;
    (void)source;
    (void)conformity;
    (void)kind;
    return NPS_OK;
}

/* Generation id: digest of everything that decides an answer. */
static void name_generation(nps_library *lib)
{
    nps_digest_state s;
    char hex[NPS_DIGEST_HEX];
    nps_digest_init(&s);
    for (nps_technique t = NPS_TECH_IR; t <= NPS_TECH_RAMAN; t++)
        nps_digest_add(&s, lib->trace_prep_text[t], strlen(lib->trace_prep_text[t]) + 1);
    for (size_t i = 0; i < nps_layout_n; i++) {
        uint64_t n = nps_layout_cells(lib, &nps_layout[i]);
        nps_digest_add(&s, &n, sizeof n);
        if (n)
            nps_digest_add(&s, nps_layout_array(lib, &nps_layout[i]), n * nps_cell_size(nps_layout[i].cell));
    }
    nps_digest_end(&s, hex);
    memcpy(lib->generation, hex, 32);
    lib->generation[32] = '\0';
}

nps_status nps_builder_finish(nps_builder *b, unsigned threads, nps_library **ret_library, nps_err *err)
{
    NPS_AUTO_LIBRARY lib = NULL;
    if (!b->n_entry)
        return nps_fail(err, NPS_E_FORMAT, "no spectrum was added: a library needs at least one");
    nps_status st = nps_library_new(&lib, err);
    if (st != NPS_OK)
        return st;
    nps_library_attributes *a = nps_array(1, sizeof *a);
    lib->backing->attributes = a;
    if (!a)
        return nps_fail_nomem(err);
    *a = b->attributes;
    lib->name = a->name;
    lib->builder = a->builder;
    lib->licence = a->licence;
    memcpy(lib->created, a->created, sizeof lib->created);
    lib->trace_prep_text[NPS_TECH_IR] = a->infrared_prep;
    lib->trace_prep_text[NPS_TECH_RAMAN] = a->raman_prep;
    memcpy(lib->trace_prep, b->trace_prep, sizeof lib->trace_prep);
    st = lay_out_substances(b, lib, err);
    if (st == NPS_OK)
        st = lay_out_entries(b, lib, err);
    if (st == NPS_OK)
        st = lay_out_no_calibration(lib, err);
    if (st != NPS_OK)
        return st;
    hand_over(b, lib);
    st = nps_index_build(lib, threads, err);
    if (st != NPS_OK)
        return st;
    nps_layout_settle(lib);
    st = nps_calibrate_library(lib, threads, err);
    if (st == NPS_OK)
        st = nps_layout_check(lib, err);
    if (st != NPS_OK)
        return st;
    nps_layout_settle(lib);
    name_generation(lib);
    *ret_library = nps_steal(lib);
    return NPS_OK;
}
