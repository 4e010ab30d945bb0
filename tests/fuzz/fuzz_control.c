/* Properties: a table that is refused says where; one that is taken is found again by every key of its rows, gives a status on
 * any day and words for it, and the same bytes give the same digest. The first byte picks the table. */
#include "service/control_text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds(nps_control_rows rows, const nps_control_row *r)
{
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i] == r)
            return true;
    return false;
}

static void check_row(const nps_control *c, const nps_control_row *r)
{
    static const struct {
        const char *text;
        uint32_t number;
    } days[] = {{"0001-01-01", 10101}, {"2018-06-01", 20180601}, {"9999-12-31", 99991231}};
    NPS_ASSERT(!*r->inchikey || holds(nps_control_of_key(c, nps_span_of(r->inchikey)), r));
    NPS_ASSERT(!*r->formula || holds(nps_control_of_formula(c, nps_span_of(r->formula)), r));
    NPS_ASSERT(!*r->class_name || holds(nps_control_of_class(c, nps_span_of(r->class_name)), r));
    for (size_t d = 0; d < 3; d++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 20);
        nps_control_put_row(&b, days[d].text, days[d].number, r, r->inchikey);
        NPS_ASSERT(b.failed == NPS_OK && (nps_control_is_verified(r) || strstr(b.data, "to be confirmed")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nps_control *c = NULL, *again = NULL;
    nps_err err = {0};
    if (!size)
        return 0;
    nps_control_table t = {nps_control_table_name(data[0] % NPS_CONTROL_TABLES), data + 1, size - 1};
    if (nps_control_new("fuzz", &t, 1, &c, &err) != NPS_OK) {
        NPS_ASSERT(err.line >= 1 && err.offset < size && *err.msg);
        return 0;
    }
    nps_control_rows all = nps_control_all(c);
    for (size_t i = 0; i < all.n && i < 100; i++)
        check_row(c, all.row[i]);
    nps_control_counts n;
    nps_control_count(c, &n);
    NPS_ASSERT(n.formulae_differing <= n.formulae_shared && n.joined <= all.n);
    NPS_ASSERT(nps_control_new("fuzz", &t, 1, &again, &err) == NPS_OK);
    NPS_ASSERT(strcmp(nps_control_digest(c), nps_control_digest(again)) == 0);
    nps_control_release(again);
    nps_control_release(c);
    return 0;
}
