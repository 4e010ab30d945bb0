#include "spectra/mzml_params.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GROUPS_MAX = 256, GROUP_PARAMS_MAX = 100, INSTRUMENTS_MAX = 256 };

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A fault of the file's head, which every spectrum depends on. */
static void fail_file(nps_mzml *m, nps_status code, const char *text)
{
    nps_err why;
    nps_fail_at(&why, code, nps_xml_line(m->walk.xml), nps_xml_offset(m->walk.xml), "%s", text);
    nps_xml_fail(m->walk.xml, &why);
}

static char *copy(nps_mzml *m, const char *text)
{
    char *c = nps_strndup(text, strlen(text));
    if (!c)
        fail_file(m, NPS_E_NOMEM, "out of memory");
    return c;
}

/* --- groups of parameters --------------------------------------------------------------------------------------- */

static void free_param(nps_mzml_param *p)
{
    const char *texts[] = {p->accession, p->name, p->value, p->unit_accession, p->unit_name};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        void *owned;
        memcpy(&owned, &texts[i], sizeof owned);
        free(owned);
    }
}

void nps_mzml_params_done(nps_mzml *m)
{
    for (size_t i = 0; i < m->n_groups; i++) {
        for (size_t k = 0; k < m->group[i].n; k++)
            free_param(&m->group[i].param[k]);
        free(m->group[i].param);
        free(m->group[i].id);
    }
    free(m->group);
    for (size_t i = 0; i < m->n_instruments; i++) {
        free(m->instrument[i].id);
        free(m->instrument[i].model);
        free(m->instrument[i].source);
        free(m->instrument[i].analyzer);
    }
    free(m->instrument);
    free(m->default_instrument);
}

void nps_mzml_begin_group(nps_mzml *m, const char *id)
{
    nps_err err;
    nps_status st = nps_grow(&m->group, &m->cap_groups, m->n_groups + 1, sizeof *m->group, GROUPS_MAX, &err);
    char *own = st == NPS_OK ? copy(m, id) : NULL;
    if (st != NPS_OK)
        fail_file(m, st, "more than 256 groups of parameters");
    else if (own)
        m->group[m->n_groups++] = (nps_mzml_group){.id = own};
}

static void add_to_group(nps_mzml *m, const nps_mzml_param *p)
{
    nps_err err;
    if (!m->n_groups)
        return;
    nps_mzml_group *g = &m->group[m->n_groups - 1];
    nps_status st = nps_grow(&g->param, &g->cap, g->n + 1, sizeof *g->param, GROUP_PARAMS_MAX, &err);
    if (st != NPS_OK) {
        fail_file(m, st, "more than 100 parameters in one group");
        return;
    }
    nps_mzml_param own = {copy(m, p->accession), copy(m, p->name), copy(m, p->value), copy(m, p->unit_accession),
                          copy(m, p->unit_name)};
    if (own.accession && own.name && own.value && own.unit_accession && own.unit_name)
        g->param[g->n++] = own;
    else
        free_param(&own);
}

void nps_mzml_take_group(nps_mzml *m, nps_mzml_place place, const char *id)
{
    /* A group in a group could name itself. */
    if (place == MZML_GROUP)
        return;
    for (size_t i = 0; i < m->n_groups; i++)
        if (is(m->group[i].id, id)) {
            for (size_t k = 0; k < m->group[i].n; k++)
                nps_mzml_take_param(m, place, &m->group[i].param[k]);
            return;
        }
    if (nps_ms_inside(&m->walk))
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "group of parameters '%s' is not in the file",
                      nps_quote(id, strlen(id)).s);
}

/* --- instruments ------------------------------------------------------------------------------------------------ */

void nps_mzml_begin_instrument(nps_mzml *m, const char *id)
{
    nps_err err;
    nps_status st = nps_grow(&m->instrument, &m->cap_instruments, m->n_instruments + 1, sizeof *m->instrument,
                             INSTRUMENTS_MAX, &err);
    char *own = st == NPS_OK ? copy(m, id) : NULL;
    if (st != NPS_OK)
        fail_file(m, st, "more than 256 instruments");
    else if (own)
        m->instrument[m->n_instruments++] = (nps_mzml_instrument){.id = own};
}

void nps_mzml_set_default_instrument(nps_mzml *m, const char *const *run_attr)
{
    const char *id = nps_xml_attr(run_attr, "defaultInstrumentConfigurationRef");
    id = id ? id : nps_xml_attr(run_attr, "instrumentRef");
    if (id && !m->default_instrument)
        m->default_instrument = copy(m, id);
}

void nps_mzml_use_instrument(nps_mzml *m, const char *const *opt_scan_attr)
{
    const char *id = opt_scan_attr ? nps_xml_attr(opt_scan_attr, "instrumentConfigurationRef") : NULL;
    id = id || !opt_scan_attr ? id : nps_xml_attr(opt_scan_attr, "instrumentRef");
    id = id ? id : m->default_instrument;
    m->instrument_used = NULL;
    for (size_t i = 0; i < m->n_instruments && !m->instrument_used; i++)
        if (id ? is(m->instrument[i].id, id) : m->n_instruments == 1)
            m->instrument_used = m->instrument[i].id;
}

void nps_mzml_describe_instrument(nps_mzml *m)
{
    for (size_t i = 0; i < m->n_instruments; i++) {
        const nps_mzml_instrument *t = &m->instrument[i];
        if (t->id != m->instrument_used)
            continue;
        if (t->model)
            nps_ms_set_text(&m->walk, NPS_TEXT_INSTRUMENT, "instrument", t->model);
        if (t->source)
            nps_ms_set_text(&m->walk, NPS_TEXT_IONIZATION, "ionization", t->source);
        if (t->analyzer)
            nps_ms_add_meta(&m->walk, "mass analyzer", t->analyzer);
        m->walk.current.source = t->kind;
        return;
    }
}

/* The model is the first term; what else stands beside it is a property of the instrument. */
static void take_instrument(nps_mzml *m, nps_mzml_instrument *t, const nps_mzml_param *p)
{
    static const char *const properties[] = {"MS:1000529", "MS:1000032", "MS:1000236", "MS:1000496"};
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (is(p->accession, properties[i]))
            return;
    if (t->model || !p->accession[0])
        return;
    const char *model = is(p->accession, "MS:1000031") ? p->value : p->name; /* instrument model */
    if (*model)
        t->model = copy(m, model);
}

static void take_source(nps_mzml *m, nps_mzml_instrument *t, const nps_mzml_param *p)
{
    const char *name = is(p->accession, "MS:1000008") ? p->value : p->name; /* ionization type */
    if (!*name || t->source || strcasestr(name, "inlet") || strcasestr(name, "infusion") || strcasestr(name, "probe"))
        return;
    t->source = copy(m, name);
    if (is(p->accession, "MS:1000389") || strcasecmp(name, "electron ionization") == 0 || strcasecmp(name, "EI") == 0)
        t->kind = NPS_MS_EI;
    else if (strcasestr(name, "direct analysis in real time") || strcasecmp(name, "DART") == 0)
        t->kind = NPS_MS_DART;
}

static void take_of_instrument(nps_mzml *m, nps_mzml_place place, const nps_mzml_param *p)
{
    if (!m->n_instruments)
        return;
    nps_mzml_instrument *t = &m->instrument[m->n_instruments - 1];
    if (place == MZML_INSTRUMENT)
        take_instrument(m, t, p);
    else if (place == MZML_SOURCE)
        take_source(m, t, p);
    else if (!t->analyzer && p->accession[0])
        t->analyzer = copy(m, is(p->accession, "MS:1000443") && p->value[0] ? p->value : p->name);
}

/* --- parameters of spectra -------------------------------------------------------------------------------------- */

/* What is not a mass spectrum, or not one of a single substance's ions over m/z. */
static bool is_foreign(const char *accession)
{
    static const char *const foreign[] = {
        "MS:1000804", "MS:1000805", "MS:1000806",              /* electromagnetic radiation, emission, absorption */
        "MS:1000581", "MS:1000582", "MS:1000583",              /* CRM, SIM, SRM */
        "MS:1000325", "MS:1000326",                            /* constant neutral gain and loss */
        "MS:1000617",                                          /* wavelength array */
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (is(accession, foreign[i]))
            return true;
    return false;
}

/* A term without a value is a property; with one, "value unit". */
static void keep(nps_mzml *m, const nps_mzml_param *p)
{
    if (!p->value[0]) {
        nps_ms_add_meta(&m->walk, "property", p->name);
        return;
    }
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 21);
    nps_buf_puts(&text, p->value);
    if (p->unit_name[0]) {
        nps_buf_putc(&text, ' ');
        nps_buf_puts(&text, p->unit_name);
    }
    nps_err err = {0};
    nps_status st = nps_buf_check(&text, &err);
    nps_ms_check(&m->walk, st, &err);
    if (st == NPS_OK)
        nps_ms_add_meta(&m->walk, p->name, text.data);
}

void nps_mzml_take_level(nps_mzml *m, const char *text)
{
    uint64_t level;
    if (nps_span_u64(nps_span_of(text), &level) && level >= 1 && level <= 100)
        m->walk.current.level = (unsigned)level;
    else
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "MS level '%s' is not in 1..100", nps_quote(text, strlen(text)).s);
}

static void take_time(nps_mzml *m, const nps_mzml_param *p)
{
    double t, unit_s = 0;
    nps_spectrum *s = m->walk.current.s;
    if (is(p->unit_accession, "UO:0000010") || is(p->unit_name, "second"))
        unit_s = 1;
    else if (is(p->unit_accession, "UO:0000031") || is(p->unit_accession, "MS:1000038") || is(p->unit_name, "minute"))
        unit_s = 60;
    else if (is(p->unit_accession, "UO:0000032") || is(p->unit_name, "hour"))
        unit_s = 3600;
    else if (is(p->unit_accession, "UO:0000028") || is(p->unit_name, "millisecond"))
        unit_s = 1e-3;
    /* The range that every format of ours can keep. */
    if (unit_s > 0 && nps_span_double(nps_span_of(p->value), &t) && t * unit_s >= 1e-6 && t * unit_s <= 1e6)
        s->retention_time_s = t * unit_s;
    else
        keep(m, p);
}

static void take_of_spectrum(nps_mzml *m, const nps_mzml_param *p)
{
    nps_ms_scan *c = &m->walk.current;
    const char *a = p->accession;
    if (is_foreign(a))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "this is no mass spectrum to search but: %s",
                      nps_quote(p->name, strlen(p->name)).s);
    else if (is(a, "MS:1000341"))
        m->scans_precursors = true;
    else if (is(a, "MS:1000511"))
        nps_mzml_take_level(m, p->value);
    else if (is(a, "MS:1000127") || is(a, "MS:1000128"))
        c->shape = is(a, "MS:1000127") ? NPS_MS_CENTROID : NPS_MS_PROFILE;
    else if (is(a, "MS:1000130") || is(a, "MS:1000129"))
        c->s->polarity = is(a, "MS:1000130") ? 1 : -1;
    else if (is(a, "MS:1000016") && !(c->s->retention_time_s > 0))
        take_time(m, p);
    else if (is(a, "MS:1000796"))
        nps_ms_set_text(&m->walk, NPS_TEXT_NAME, p->name, p->value);
    else if (is(a, "MS:1000525") && !p->value[0])
        return; /* "spectrum representation" of no kind */
    /* MS1, MSn and mass spectrum, no combination, full scan: the level says it. */
    else if (!is(a, "MS:1000579") && !is(a, "MS:1000580") && !is(a, "MS:1000294") && !is(a, "MS:1000795") &&
             !is(a, "MS:1000498"))
        keep(m, p);
}

static void take_of_ion(nps_mzml *m, const nps_mzml_param *p)
{
    /* Version 0.99 said plainly "m/z". */
    if (is(p->accession, "MS:1000744") || is(p->accession, "MS:1000040"))
        nps_ms_take_pair(&m->walk, "precursor_mz", p->value);
    else if (is(p->accession, "MS:1000041"))
        nps_ms_add_meta(&m->walk, "charge state", p->value);
    else if (is(p->accession, "MS:1000042"))
        nps_ms_add_meta(&m->walk, "precursor intensity", p->value);
    else
        keep(m, p);
}

static void take_of_activation(nps_mzml *m, const nps_mzml_param *p)
{
    bool ev = is(p->unit_accession, "UO:0000266") || is(p->unit_accession, "MS:1000137");
    if (is(p->accession, "MS:1000045") && ev && p->value[0] && strlen(p->value) < 40) {
        NPS_AUTO_BUF text = NPS_BUF_INIT(64);
        nps_buf_printf(&text, "%s eV", p->value);
        nps_ms_set_text(&m->walk, NPS_TEXT_ENERGY, "collision energy", text.data ? text.data : p->value);
    } else if (is(p->accession, "MS:1000045"))
        nps_ms_set_text(&m->walk, NPS_TEXT_ENERGY, "collision energy", p->value);
    else if (!p->value[0])
        nps_ms_add_meta(&m->walk, "activation", p->name);
    else
        keep(m, p);
}

/* Of a precursor; a <product> has windows, too. */
static void take_of_window(nps_mzml *m, const nps_mzml_param *p)
{
    double v;
    if (m->place[nps_xml_depth(m->walk.xml) - 2] != MZML_PRECURSOR || !nps_span_double(nps_span_of(p->value), &v))
        return;
    if (is(p->accession, "MS:1000827"))
        m->isolated_mz = v;
    else if (is(p->accession, "MS:1000828") || is(p->accession, "MS:1000829"))
        m->isolated_width_mz += v;
}

static const struct {
    const char *accession;
    nps_number_type type;
    nps_number_packing packing;
    bool packed, zlib; /* `packed`: the term tells how */
} array_terms[] = {
    {"MS:1000519", NPS_NUMBER_I32, 0, false, false},
    {"MS:1000521", NPS_NUMBER_F32, 0, false, false},
    {"MS:1000522", NPS_NUMBER_I64, 0, false, false},
    {"MS:1000523", NPS_NUMBER_F64, 0, false, false},
    {"MS:1000574", 0, NPS_PACKED_NOT, true, true},
    {"MS:1000576", 0, NPS_PACKED_NOT, true, false},
    {"MS:1002312", 0, NPS_PACKED_LINEAR, true, false},
    {"MS:1002313", 0, NPS_PACKED_PIC, true, false},
    {"MS:1002314", 0, NPS_PACKED_SLOF, true, false},
    {"MS:1002746", 0, NPS_PACKED_LINEAR, true, true},
    {"MS:1002747", 0, NPS_PACKED_PIC, true, true},
    {"MS:1002748", 0, NPS_PACKED_SLOF, true, true},
};

static void take_of_array(nps_mzml *m, const nps_mzml_param *p)
{
    nps_mzml_array *t = &m->array;
    for (size_t i = 0; i < sizeof array_terms / sizeof *array_terms; i++) {
        if (!is(p->accession, array_terms[i].accession))
            continue;
        if (!array_terms[i].packed)
            t->a.type = array_terms[i].type;
        else {
            /* Numpress and zlib may be told by two terms. */
            if (array_terms[i].packing != NPS_PACKED_NOT)
                t->a.packing = array_terms[i].packing;
            t->a.zlib = t->a.zlib || array_terms[i].zlib;
            t->packing_said = true;
        }
        return;
    }
    if (is(p->accession, "MS:1000514"))
        t->kind = MZML_ARRAY_MZ;
    else if (is(p->accession, "MS:1000515"))
        t->kind = MZML_ARRAY_INTENSITY;
    else if (is(p->accession, "IMS:1000101"))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "the data lie in another file (imzML)");
    else if (strstr(p->name, "compression") && p->accession[0])
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "compression '%s' is not read here",
                      nps_quote(p->name, strlen(p->name)).s);
    else if (is_foreign(p->accession))
        take_of_spectrum(m, p);
    else if (t->kind == MZML_ARRAY_UNSAID && p->accession[0] && strstr(p->name, " array"))
        t->kind = MZML_ARRAY_OTHER;
}

static void take_file_shape(nps_mzml *m, const nps_mzml_param *p)
{
    nps_ms_shape shape = is(p->accession, "MS:1000127")   ? NPS_MS_CENTROID
                         : is(p->accession, "MS:1000128") ? NPS_MS_PROFILE
                                                          : NPS_MS_UNSAID;
    if (shape == NPS_MS_UNSAID)
        return;
    m->file_shapes_differ = m->file_shapes_differ || (m->file_shape != NPS_MS_UNSAID && m->file_shape != shape);
    m->file_shape = m->file_shapes_differ ? NPS_MS_UNSAID : shape;
}

void nps_mzml_take_param(nps_mzml *m, nps_mzml_place place, const nps_mzml_param *p)
{
    switch (place) {
    case MZML_ELSEWHERE: return;
    case MZML_FILE_CONTENT: take_file_shape(m, p); return;
    case MZML_GROUP: add_to_group(m, p); return;
    case MZML_INSTRUMENT:
    case MZML_SOURCE:
    case MZML_ANALYZER: take_of_instrument(m, place, p); return;
    case MZML_SPECTRUM:
    case MZML_SCAN:
    case MZML_SCAN_WINDOW:
    case MZML_PRECURSOR:
    case MZML_ISOLATION:
    case MZML_SELECTED_ION:
    case MZML_ACTIVATION:
    case MZML_ARRAY: break;
    }
    if (!nps_ms_inside(&m->walk))
        return;
    if (place == MZML_SPECTRUM)
        take_of_spectrum(m, p);
    else if (place == MZML_ARRAY)
        take_of_array(m, p);
    else if (place == MZML_SCAN || place == MZML_SCAN_WINDOW) {
        /* Scans that were added up differ little; the first stands for them. */
        if (m->scans == 1 && place == MZML_SCAN)
            take_of_spectrum(m, p);
        else if (m->scans == 1)
            keep(m, p);
    } else if (place == MZML_ISOLATION && m->precursors <= 1) {
        take_of_window(m, p);
        keep(m, p);
    } else if (m->precursors > 1 || (place == MZML_SELECTED_ION && m->ions > 1))
        return;
    else if (place == MZML_SELECTED_ION)
        take_of_ion(m, p);
    else if (place == MZML_ACTIVATION)
        take_of_activation(m, p);
    else
        keep(m, p);
}
