#include "reference-lib/layout.h"

#include "core/posting.h"

#include <math.h>
#include <string.h>

#define ROW(path, cell, rule, pointer, count, limit, plus, width) \
    {path, cell, rule, offsetof(nps_library, pointer), offsetof(nps_library, count), limit, plus, width}
#define LIMIT(field) offsetof(nps_library, field)
#define TEXT_ROW(path, pointer, count) ROW(path, NPS_CELL_U32, NPS_RULE_TEXT, pointer, count, LIMIT(n_text), 0, 1)

#define POSTING_ROWS(group, field)                                                       \
    ROW(group "/row", NPS_CELL_U16, NPS_RULE_NONE, field.row, field.n, 0, 0, 1),          \
    ROW(group "/weighted", NPS_CELL_U8, NPS_RULE_NONE, field.weighted, field.n, 0, 0, 1), \
    ROW(group "/cosine", NPS_CELL_U8, NPS_RULE_NONE, field.cosine, field.n, 0, 0, 1),     \
    ROW(group "/entropy", NPS_CELL_U8, NPS_RULE_NONE, field.entropy, field.n, 0, 0, 1)

const nps_array_row nps_layout[] = {
    ROW("/text/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, text_at, n_text, LIMIT(heap_size), 1, 1),
    ROW("/text/heap", NPS_CELL_U8, NPS_RULE_NONE, heap, heap_size, 0, 0, 1),
    TEXT_ROW("/substance/name", sub_name, n_substance),
    TEXT_ROW("/substance/inchikey", sub_inchikey, n_substance),
    TEXT_ROW("/substance/formula", sub_formula, n_substance),
    TEXT_ROW("/substance/smiles", sub_smiles, n_substance),
    TEXT_ROW("/substance/cas", sub_cas, n_substance),
    TEXT_ROW("/substance/class", sub_class, n_substance),
    ROW("/substance/monoisotopic_mass", NPS_CELL_F64, NPS_RULE_FINITE, sub_mass, n_substance, 0, 0, 1),
    ROW("/substance/nominal_mass", NPS_CELL_I32, NPS_RULE_NONE, sub_nominal, n_substance, 0, 0, 1),
    ROW("/substance/entry_offset", NPS_CELL_U64, NPS_RULE_OFFSETS, sub_entry_at, n_substance, LIMIT(n_entry), 1, 1),
    ROW("/substance/entry", NPS_CELL_U32, NPS_RULE_BELOW, sub_entry, n_entry, LIMIT(n_entry), 0, 1),
    ROW("/entry/substance", NPS_CELL_U32, NPS_RULE_BELOW, entry_substance, n_entry, LIMIT(n_substance), 0, 1),
    TEXT_ROW("/entry/name", entry_name, n_entry),
    TEXT_ROW("/entry/inchikey", entry_inchikey, n_entry),
    TEXT_ROW("/entry/id", entry_id, n_entry),
    TEXT_ROW("/entry/contributor", entry_contributor, n_entry),
    TEXT_ROW("/entry/licence", entry_licence, n_entry),
    TEXT_ROW("/entry/instrument", entry_instrument, n_entry),
    TEXT_ROW("/entry/instrument_type", entry_instrument_type, n_entry),
    TEXT_ROW("/entry/adduct", entry_adduct, n_entry),
    TEXT_ROW("/entry/energy", entry_energy, n_entry),
    TEXT_ROW("/entry/source", entry_source, n_entry),
    TEXT_ROW("/entry/embargo", entry_embargo, n_entry),
    ROW("/entry/technique", NPS_CELL_U8, NPS_RULE_NONE, entry_technique, n_entry, 0, 0, 1),
    ROW("/entry/visibility", NPS_CELL_U8, NPS_RULE_NONE, entry_visibility, n_entry, 0, 0, 1),
    ROW("/entry/flags", NPS_CELL_U8, NPS_RULE_NONE, entry_flags, n_entry, 0, 0, 1),
    ROW("/entry/polarity", NPS_CELL_I8, NPS_RULE_NONE, entry_polarity, n_entry, 0, 0, 1),
    ROW("/entry/precursor_mz", NPS_CELL_F64, NPS_RULE_FINITE, entry_precursor, n_entry, 0, 0, 1),
    ROW("/entry/retention_index", NPS_CELL_F64, NPS_RULE_FINITE, entry_ri, n_entry, 0, 0, 1),
    ROW("/peaks/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, peak_at, n_entry, LIMIT(n_peak), 1, 1),
    ROW("/peaks/mz", NPS_CELL_F64, NPS_RULE_FINITE, peak_mz, n_peak, 0, 0, 1),
    ROW("/peaks/intensity", NPS_CELL_F32, NPS_RULE_FINITE, peak_intensity, n_peak, 0, 0, 1),
    ROW("/metadata/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, meta_at, n_entry, LIMIT(n_meta), 1, 1),
    TEXT_ROW("/metadata/key", meta_key, n_meta),
    TEXT_ROW("/metadata/value", meta_value, n_meta),
    ROW("/synonym/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, synonym_at, n_entry, LIMIT(n_synonym), 1, 1),
    TEXT_ROW("/synonym/name", synonym, n_synonym),
    ROW("/ir/entry", NPS_CELL_U32, NPS_RULE_BELOW, ir_entry, n_ir, LIMIT(n_entry), 0, 1),
    ROW("/ir/absorbance", NPS_CELL_F32, NPS_RULE_NONE, ir_y, n_ir, 0, 0, NPS_IR_GRID_N),
    ROW("/index/ir/code", NPS_CELL_U8, NPS_RULE_NONE, ir_code, n_ir, 0, 0, NPS_IR_CODE_N),
    ROW("/index/ir/step", NPS_CELL_F32, NPS_RULE_FINITE, ir_step, n_ir, 0, 0, 1),
    ROW("/index/ir/zero", NPS_CELL_F32, NPS_RULE_FINITE, ir_zero, n_ir, 0, 0, 1),
    ROW("/index/ir/error", NPS_CELL_F32, NPS_RULE_FINITE, ir_error, n_ir, 0, 0, 1),
    ROW("/index/ir/norm", NPS_CELL_F32, NPS_RULE_FINITE, ir_norm, n_ir, 0, 0, 1),
    ROW("/index/ir/range", NPS_CELL_U32, NPS_RULE_NONE, ir_range, n_ir, 0, 0, 2),
    TEXT_ROW("/source/line", source_line, n_source),
    ROW("/index/fragment/shard_offset", NPS_CELL_U64, NPS_RULE_OFFSETS, fragment_at, n_shard, LIMIT(fragment.n), 1, 1),
    ROW("/index/fragment/key", NPS_CELL_U32, NPS_RULE_NONE, fragment_key, fragment.n, 0, 0, 1),
    POSTING_ROWS("/index/fragment", fragment),
    ROW("/index/loss/shard_offset", NPS_CELL_U64, NPS_RULE_OFFSETS, loss_at, n_shard, LIMIT(loss.n), 1, 1),
    ROW("/index/loss/key", NPS_CELL_U32, NPS_RULE_NONE, loss_key, loss.n, 0, 0, 1),
    POSTING_ROWS("/index/loss", loss),
    ROW("/index/ei/cell_offset", NPS_CELL_U64, NPS_RULE_OFFSETS, ei_cell_at, n_ei_cell, LIMIT(ei.n), 1, 1),
    POSTING_ROWS("/index/ei", ei),
    ROW("/index/lag/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, lag_at, n_entry, LIMIT(n_lag_group), 1, 1),
    ROW("/index/lag/group", NPS_CELL_U16, NPS_RULE_NONE, lag_group, n_lag_group, 0, 0, 1),
    ROW("/index/lag/code", NPS_CELL_U32, NPS_RULE_NONE, lag_code, n_lag_group, 0, 0, 1),
    ROW("/index/lag/scale", NPS_CELL_F32, NPS_RULE_FINITE, lag_scale, n_entry, 0, 0, 1),
    ROW("/index/clean/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, clean_at, n_entry, LIMIT(n_clean), 1, 1),
    ROW("/index/clean/mz", NPS_CELL_F64, NPS_RULE_FINITE, clean_mz, n_clean, 0, 0, 1),
    ROW("/index/clean/intensity", NPS_CELL_F32, NPS_RULE_FINITE, clean_intensity, n_clean, 0, 0, 1),
    ROW("/index/clean/weight", NPS_CELL_F32, NPS_RULE_FINITE, clean_weight, n_clean, 0, 0, 1),
    ROW("/index/precursor/mz", NPS_CELL_F64, NPS_RULE_ASCENDING, precursor_mz, n_precursor, 0, 0, 1),
    ROW("/index/precursor/entry", NPS_CELL_U32, NPS_RULE_BELOW, precursor_entry, n_precursor, LIMIT(n_entry), 0, 1),
    ROW("/calibration/offset", NPS_CELL_U64, NPS_RULE_OFFSETS, calibration_at, n_calibration_technique,
        LIMIT(n_conformity), 1, 1),
    ROW("/calibration/source", NPS_CELL_U8, NPS_RULE_NONE, calibration_source, n_calibration_technique, 0, 0, 1),
    ROW("/calibration/kind", NPS_CELL_U8, NPS_RULE_NONE, conformity_kind, n_conformity, 0, 0, 1),
    ROW("/calibration/conformity", NPS_CELL_F64, NPS_RULE_FINITE, conformity, n_conformity, 0, 0, 1),
};
const size_t nps_layout_n = sizeof nps_layout / sizeof *nps_layout;

size_t nps_cell_size(nps_cell c)
{
    static const unsigned char sizes[] = {[NPS_CELL_U8] = 1,  [NPS_CELL_I8] = 1,  [NPS_CELL_U16] = 2, [NPS_CELL_U32] = 4, [NPS_CELL_I32] = 4,
                                          [NPS_CELL_U64] = 8, [NPS_CELL_F32] = 4, [NPS_CELL_F64] = 8};
    return sizes[c];
}

uint64_t nps_layout_cells(const nps_library *lib, const nps_array_row *row)
{
    return (nps_layout_count(lib, row) + row->plus) * row->width;
}

const void *nps_layout_array(const nps_library *lib, const nps_array_row *row)
{
    const void *p;
    memcpy(&p, (const char *)lib + row->pointer, sizeof p);
    return p;
}

void nps_layout_set_array(nps_library *lib, const nps_array_row *row, const void *array)
{
    memcpy((char *)lib + row->pointer, &array, sizeof array);
}

static bool offsets_hold(const uint64_t *at, uint64_t n, uint64_t limit)
{
    if (at[0] != 0 || at[n - 1] != limit)
        return false;
    for (uint64_t i = 1; i < n; i++)
        if (at[i] < at[i - 1])
            return false;
    return true;
}

static bool ids_hold(const uint32_t *id, uint64_t n, uint64_t limit)
{
    for (uint64_t i = 0; i < n; i++)
        if (id[i] >= limit)
            return false;
    return true;
}

static bool floats_hold(const float *v, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static bool doubles_hold(const double *v, uint64_t n, bool ascending)
{
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(v[i]) || (ascending && i && v[i] < v[i - 1]))
            return false;
    return true;
}

static bool row_holds(const nps_library *lib, const nps_array_row *row)
{
    const void *array = nps_layout_array(lib, row);
    uint64_t n = nps_layout_cells(lib, row);
    uint64_t limit = 0;
    if (row->limit)
        memcpy(&limit, (const char *)lib + row->limit, sizeof limit);
    switch (row->rule) {
    case NPS_RULE_NONE: return true;
    case NPS_RULE_OFFSETS: return offsets_hold(array, n, limit);
    case NPS_RULE_TEXT:
    case NPS_RULE_BELOW: return ids_hold(array, n, limit);
    case NPS_RULE_FINITE: return row->cell == NPS_CELL_F32 ? floats_hold(array, n) : doubles_hold(array, n, false);
    case NPS_RULE_ASCENDING: return doubles_hold(array, n, true);
    }
    return false;
}

/* Whether the rows of postings from .. to belong to entries of the shard: a search writes there without asking. */
static bool rows_hold(const nps_library *lib, uint64_t shard, const uint16_t *row, uint64_t from, uint64_t to)
{
    uint64_t rest = lib->n_entry - shard * NPS_SHARD_ROWS;
    uint64_t limit = rest < NPS_SHARD_ROWS ? rest : NPS_SHARD_ROWS;
    for (uint64_t p = from; p < to; p++)
        if (row[p] >= limit)
            return false;
    return true;
}

static bool keys_hold(const uint32_t *key, uint64_t from, uint64_t to)
{
    for (uint64_t p = from + 1; p < to; p++)
        if (key[p] < key[p - 1])
            return false;
    return true;
}

static const char *clean_fault(const nps_library *lib)
{
    for (uint64_t e = 0; e < lib->n_entry; e++)
        for (uint64_t i = lib->clean_at[e]; i < lib->clean_at[e + 1]; i++)
            if (!(lib->clean_mz[i] > (i > lib->clean_at[e] ? lib->clean_mz[i - 1] : 0)))
                return "/index/clean/mz";
    for (uint64_t i = 0; i < lib->n_clean; i++) {
        if (!(lib->clean_intensity[i] > 0))
            return "/index/clean/intensity";
        if (!(lib->clean_weight[i] > 0))
            return "/index/clean/weight";
    }
    return NULL;
}

static const char *posting_fault(const nps_library *lib)
{
    if (lib->n_shard != (lib->n_entry + NPS_SHARD_ROWS - 1) / NPS_SHARD_ROWS)
        return "/index/fragment/shard_offset";
    if (lib->n_ei_cell != lib->n_shard * NPS_NOMINAL_BINS)
        return "/index/ei/cell_offset";
    for (uint64_t s = 0; s < lib->n_shard; s++) {
        if (!rows_hold(lib, s, lib->ei.row, lib->ei_cell_at[s * NPS_NOMINAL_BINS], lib->ei_cell_at[(s + 1) * NPS_NOMINAL_BINS]))
            return "/index/ei/row";
        if (!rows_hold(lib, s, lib->fragment.row, lib->fragment_at[s], lib->fragment_at[s + 1]))
            return "/index/fragment/row";
        if (!rows_hold(lib, s, lib->loss.row, lib->loss_at[s], lib->loss_at[s + 1]))
            return "/index/loss/row";
        if (!keys_hold(lib->fragment_key, lib->fragment_at[s], lib->fragment_at[s + 1]))
            return "/index/fragment/key";
        if (!keys_hold(lib->loss_key, lib->loss_at[s], lib->loss_at[s + 1]))
            return "/index/loss/key";
    }
    for (uint64_t e = 0; e < lib->n_entry; e++)
        for (uint64_t g = lib->lag_at[e]; g < lib->lag_at[e + 1]; g++)
            if (lib->lag_group[g] >= NPS_NOMINAL_BINS / 4 || (g > lib->lag_at[e] && lib->lag_group[g] <= lib->lag_group[g - 1]))
                return "/index/lag/group";
    for (uint64_t g = 0; g < lib->n_lag_group; g++)
        if (lib->lag_code[g] & 0x80808080U)
            return "/index/lag/code";
    return NULL;
}

/* Rows of peaks ascending, texts terminated, enumerations in range: what the generic rules cannot say. */
static const char *special_fault(const nps_library *lib)
{
    if (!lib->n_text || lib->text_at[1] != 1)
        return "/text/offset";
    for (uint64_t i = 1; i <= lib->n_text; i++)
        if (lib->text_at[i] == lib->text_at[i - 1] || lib->heap[lib->text_at[i] - 1] != '\0')
            return "/text/heap";
    for (uint64_t e = 0; e < lib->n_entry; e++) {
        if (lib->entry_technique[e] >= NPS_TECH_COUNT)
            return "/entry/technique";
        if (lib->entry_visibility[e] > NPS_VISIBLE_MATCH_ONLY)
            return "/entry/visibility";
        for (uint64_t i = lib->peak_at[e]; i < lib->peak_at[e + 1]; i++) {
            if (!(lib->peak_mz[i] > (i > lib->peak_at[e] ? lib->peak_mz[i - 1] : 0)))
                return "/peaks/mz";
            if (!(lib->peak_intensity[i] > 0))
                return "/peaks/intensity";
        }
    }
    for (uint64_t i = 0; i < lib->n_ir * NPS_IR_GRID_N; i++)
        if (isinf(lib->ir_y[i]))
            return "/ir/absorbance";
    const char *fault = clean_fault(lib);
    if (!fault)
        fault = posting_fault(lib);
    if (fault)
        return fault;
    for (uint64_t r = 0; r < lib->n_ir; r++) {
        if (r && lib->ir_entry[r] <= lib->ir_entry[r - 1])
            return "/ir/entry";
        if (lib->ir_range[2 * r] > lib->ir_range[2 * r + 1] || lib->ir_range[2 * r + 1] > NPS_IR_GRID_N)
            return "/index/ir/range";
    }
    if (lib->n_calibration_technique != NPS_TECH_COUNT)
        return "/calibration/offset";
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        if (lib->calibration_source[t] > NPS_CALIBRATION_OWN)
            return "/calibration/source";
        for (uint64_t i = lib->calibration_at[t] + 1; i < lib->calibration_at[t + 1]; i++)
            if (lib->conformity[i] < lib->conformity[i - 1])
                return "/calibration/conformity";
        for (uint64_t i = lib->calibration_at[t]; i < lib->calibration_at[t + 1]; i++)
            if (lib->conformity_kind[i] >= NPS_KIND_COUNT)
                return "/calibration/kind";
    }
    return NULL;
}

nps_status nps_layout_check(const nps_library *lib, nps_err *err)
{
    for (size_t i = 0; i < nps_layout_n; i++)
        if (!row_holds(lib, &nps_layout[i]))
            return nps_fail(err, NPS_E_CORRUPT, "dataset %s breaks its rule (FORMAT.md)", nps_layout[i].path);
    const char *fault = special_fault(lib);
    return fault ? nps_fail(err, NPS_E_CORRUPT, "dataset %s breaks its rule (FORMAT.md)", fault) : NPS_OK;
}

void nps_layout_settle(nps_library *lib)
{
    for (size_t t = 0; t < NPS_TECH_COUNT; t++)
        lib->calibration[t] =
            (nps_calibration){.source = (nps_calibration_source)lib->calibration_source[t],
                              .n = lib->calibration_at[t + 1] - lib->calibration_at[t],
                              .kind = lib->conformity_kind + lib->calibration_at[t],
                              .conformity = lib->conformity + lib->calibration_at[t]};
    lib->generated = lib->n_entry > 0;
    for (uint64_t e = 0; e < lib->n_entry && lib->generated; e++)
        lib->generated = lib->entry_flags[e] & NPS_ENTRY_GENERATED;
}
