#include "spectra/sp_data_set.h"

#include "core/bytes.h"

#include <math.h>

enum { BLOCK_HEADER = 6 };

enum {
    MEMBER_RANGE = -29838,
    MEMBER_INTERVAL = -29836,
    MEMBER_N_POINTS = -29835,
    MEMBER_SAMPLING = -29834,
    MEMBER_X_LABEL = -29833,
    MEMBER_Y_LABEL = -29832,
    MEMBER_FILE_TYPE = -29829,
    MEMBER_DATA = -29828,
    MEMBER_NAME = -29827,
    MEMBER_HISTORY = -29825,
    MEMBER_ALIAS = -29823
};

enum { TYPE_LONG = 29995, TYPE_RANGE = 29981, TYPE_COORDINATE = 29979, TYPE_ARRAY = 29974 };

/* A data set while its members are taken. */
typedef struct {
    nps_sp_data_set s;
    bool has_range, has_interval, has_count;
    double interval;
    size_t interval_at, count_at, count;
} members;

static int signed16(nps_span all, size_t at)
{
    int v = nps_bytes_u16(all, at);
    return v < 0x8000 ? v : v - 0x10000;
}

nps_status nps_sp_block_take(nps_span all, size_t at, size_t end, nps_sp_block *ret_block, nps_err *err)
{
    if (end - at < BLOCK_HEADER)
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "the file ends in the header of a block");
    size_t size = nps_bytes_u32(all, at + 2);
    if (size > end - at - BLOCK_HEADER)
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "block %d of %zu bytes is longer than what holds it",
                           signed16(all, at), size);
    *ret_block = (nps_sp_block){signed16(all, at), at, at + BLOCK_HEADER, at + BLOCK_HEADER + size};
    return NPS_OK;
}

/* Checks type and size of a member's value and returns where it begins behind the type code. */
static nps_status expect(const members *m, const nps_sp_block *b, int type, size_t size, size_t *ret_at, nps_err *err)
{
    if (b->end - b->from < 2 + size)
        return nps_fail_at(err, NPS_E_FORMAT, 0, b->at, "member %d of the data set is too short", b->id);
    if (nps_bytes_u16(m->s.all, b->from) != type)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, b->from, "member %d of the data set has the unknown type %d",
                           b->id, nps_bytes_u16(m->s.all, b->from));
    *ret_at = b->from + 2;
    return NPS_OK;
}

static nps_status take_text(const members *m, const nps_sp_block *b, nps_span *ret_text, nps_err *err)
{
    size_t at = 0;
    nps_status st = expect(m, b, NPS_SP_TYPE_TEXT, 2, &at, err);
    if (st != NPS_OK)
        return st;
    size_t n = nps_bytes_u16(m->s.all, at);
    if (n > b->end - at - 2)
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "a text of %zu bytes is longer than its member %d", n, b->id);
    const char *p = m->s.all.p + at + 2, *nul = memchr(p, '\0', n);
    *ret_text = nps_span_trim((nps_span){p, nul ? (size_t)(nul - p) : n});
    return NPS_OK;
}

static nps_status take_range(members *m, const nps_sp_block *b, nps_err *err)
{
    size_t at = 0;
    nps_status st = expect(m, b, TYPE_RANGE, 16, &at, err);
    if (st != NPS_OK)
        return st;
    m->s.first = nps_bytes_double(m->s.all, at);
    m->s.last = nps_bytes_double(m->s.all, at + 8);
    if (!isfinite(m->s.first) || !isfinite(m->s.last) || !isfinite(m->s.last - m->s.first))
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "the ends of the abscissa are no numbers");
    m->has_range = true;
    return NPS_OK;
}

static nps_status take_interval(members *m, const nps_sp_block *b, nps_err *err)
{
    nps_status st = expect(m, b, TYPE_COORDINATE, 8, &m->interval_at, err);
    if (st != NPS_OK)
        return st;
    m->interval = nps_bytes_double(m->s.all, m->interval_at);
    m->has_interval = true;
    return NPS_OK;
}

static nps_status take_count(members *m, const nps_sp_block *b, nps_err *err)
{
    nps_status st = expect(m, b, TYPE_LONG, 4, &m->count_at, err);
    if (st != NPS_OK)
        return st;
    m->count = nps_bytes_u32(m->s.all, m->count_at);
    m->has_count = true;
    return NPS_OK;
}

static nps_status take_data(members *m, const nps_sp_block *b, nps_err *err)
{
    size_t at = 0;
    nps_status st = expect(m, b, TYPE_ARRAY, 4, &at, err);
    if (st != NPS_OK)
        return st;
    size_t size = nps_bytes_u32(m->s.all, at);
    if (size > b->end - at - 4 || size % 8)
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "%zu bytes of ordinates do not fit their member of %zu", size,
                           b->end - at - 4);
    m->s.data_at = at + 4;
    m->s.n = size / 8;
    return NPS_OK;
}

static nps_status take_member(members *m, const nps_sp_block *b, nps_err *err)
{
    switch (b->id) {
    case MEMBER_RANGE: return take_range(m, b, err);
    case MEMBER_INTERVAL: return take_interval(m, b, err);
    case MEMBER_N_POINTS: return take_count(m, b, err);
    case MEMBER_DATA: return take_data(m, b, err);
    case MEMBER_X_LABEL: m->s.x_label_at = b->at; return take_text(m, b, &m->s.x_label, err);
    case MEMBER_Y_LABEL: m->s.y_label_at = b->at; return take_text(m, b, &m->s.y_label, err);
    case MEMBER_ALIAS: return take_text(m, b, &m->s.alias, err);
    case MEMBER_NAME: return take_text(m, b, &m->s.name, err);
    case MEMBER_SAMPLING: return take_text(m, b, &m->s.sampling, err);
    case MEMBER_FILE_TYPE: return take_text(m, b, &m->s.file_type, err);
    case MEMBER_HISTORY: m->s.history = (nps_span){m->s.all.p + b->from, b->end - b->from}; return NPS_OK;
    default: return NPS_OK;
    }
}

static nps_status check(const members *m, nps_err *err)
{
    const nps_sp_data_set *s = &m->s;
    if (!m->has_range)
        return nps_fail_at(err, NPS_E_FORMAT, 0, s->at, "the data set has no range of the abscissa");
    if (!s->data_at)
        return nps_fail_at(err, NPS_E_FORMAT, 0, s->at, "the data set has no ordinates");
    if (m->has_count && m->count != s->n)
        return nps_fail_at(err, NPS_E_FORMAT, 0, m->count_at, "%zu points are stated, but %zu follow", m->count, s->n);
    double missed = s->first + m->interval * ((double)s->n - 1) - s->last;
    if (m->has_interval && s->n > 1 && !(fabs(missed) <= fabs(m->interval) / 2))
        return nps_fail_at(err, NPS_E_FORMAT, 0, m->interval_at, "steps of %g do not lead from %g to %g in %zu points",
                           m->interval, s->first, s->last, s->n);
    return NPS_OK;
}

nps_status nps_sp_data_set_read(nps_span all, const nps_sp_block *b, nps_sp_data_set *ret_set, nps_err *err)
{
    members m = {.s = {.all = all, .at = b->at, .x_label_at = b->at, .y_label_at = b->at}};
    nps_status st = NPS_OK;
    for (size_t at = b->from; at < b->end && st == NPS_OK;) {
        nps_sp_block member;
        st = nps_sp_block_take(all, at, b->end, &member, err);
        if (st == NPS_OK) {
            st = take_member(&m, &member, err);
            at = member.end;
        }
    }
    if (st == NPS_OK)
        st = check(&m, err);
    if (st == NPS_OK)
        *ret_set = m.s;
    return st;
}
