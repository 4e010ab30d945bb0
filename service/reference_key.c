#include "service/reference_key.h"

#include "reference-lib/digest.h"
#include "reference-lib/ir.h"
#include "service/generation.h"

#include <stdlib.h>
#include <string.h>

void nps_reference_key(const nps_library *lib, uint32_t entry, char ret_key[static NPS_REFERENCE_KEY])
{
    enum { SKELETON = 14 };
    const char *contribution = nps_entry_contribution(lib, entry);
    if (contribution) {
        snprintf(ret_key, NPS_REFERENCE_KEY, "%s", contribution);
        return;
    }
    nps_digest_state d;
    char hex[NPS_DIGEST_HEX];
    const char *structure = nps_library_text(lib, lib->entry_inchikey[entry]), *name = nps_library_text(lib, lib->entry_name[entry]);
    nps_peak_view peaks = nps_library_peak_row(lib, entry);
    const float *row = nps_ir_row(lib, entry);
    nps_digest_init(&d);
    if (*structure)
        nps_digest_add(&d, structure, strnlen(structure, SKELETON));
    else
        nps_digest_add(&d, name, strlen(name));
    nps_digest_add(&d, &lib->entry_technique[entry], 1);
    nps_digest_add(&d, &lib->entry_precursor[entry], sizeof *lib->entry_precursor);
    nps_digest_add(&d, peaks.mz, peaks.n * sizeof *peaks.mz);
    nps_digest_add(&d, peaks.intensity, peaks.n * sizeof *peaks.intensity);
    if (row)
        nps_digest_add(&d, row, NPS_IR_GRID_N * sizeof *row);
    nps_digest_end(&d, hex);
    snprintf(ret_key, NPS_REFERENCE_KEY, "x%.31s", hex);
}

static int in_order(const void *a, const void *b)
{
    return memcmp(a, b, NPS_REFERENCE_KEY);
}

nps_status nps_reference_keys_make(const nps_holding *h, nps_reference_keys *ret_keys, nps_err *err)
{
    const nps_library *lib = h->open; /* the operator's library is in it whole */
    nps_reference_keys k = {.key = nps_array(lib->n_entry ? lib->n_entry : 1, sizeof *k.key)};
    if (!k.key)
        return nps_fail_nomem(err);
    for (uint64_t e = 0; e < lib->n_entry; e++) {
        nps_reference_key(lib, (uint32_t)e, k.key[k.n]);
        k.n += nps_reference_is_base(k.key[k.n]);
    }
    qsort(k.key, k.n, sizeof *k.key, in_order);
    *ret_keys = k;
    return NPS_OK;
}

void nps_reference_keys_done(nps_reference_keys *k)
{
    free(k->key);
    *k = (nps_reference_keys){0};
}

bool nps_reference_keys_hold(const nps_reference_keys *k, const char *key)
{
    char padded[NPS_REFERENCE_KEY] = "";
    snprintf(padded, sizeof padded, "%s", key);
    return k->n && bsearch(padded, k->key, k->n, sizeof *k->key, in_order);
}
