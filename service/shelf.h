/* The library as the service holds it: one published generation, in parts by who may see them.
 *
 * A generation is a folder GENERATIONS/<id> that never changes: manifest.json and one library file a part.
 *     public    the operator's library as he has built it, and public contributions: what anybody may ask
 *     members   that, and contributions that are open to members; present only when there is such a thing
 *     closed    one an organisation: its match-only contributions and those under embargo. Only their owner is told what they
 *               match; others learn that there is a match, of some class (judge.h)
 * As the parts are files of their own, an answer from the open part cannot depend on what lies in a closed one.
 * The id is the digest of the manifest, which names the parts by their library generations. */
#ifndef NPS_SERVICE_SHELF_H
#define NPS_SERVICE_SHELF_H

#include "reference-lib/library.h"
#include "service/access.h"

#include <stdatomic.h>

enum { NPS_HOLDING_ID = 33 };

typedef struct {
    char organisation[NPS_ACCOUNT_ID];
    nps_library *lib;
} nps_closed_part;

/* Reference-counted; nobody writes to it. */
typedef struct {
    char id[NPS_HOLDING_ID], base[33]; /* base: generation of the library file that it was made from */
    nps_library *open, *members;       /* members is open where there is nothing for members only */
    nps_closed_part *closed;
    size_t n_closed;
    atomic_size_t owners; /* private */
} nps_holding;

/* Opens GENERATIONS/<id>. Errors: NPS_E_NOT_FOUND, NPS_E_CORRUPT when manifest and files do not belong together; those of
 * nps_library_open. */
NPS_MUST_CHECK nps_status nps_holding_open(const char *generations, const char *id, nps_open_mode mode, nps_holding **ret_holding,
                                           nps_err *err);
nps_holding *nps_holding_acquire(nps_holding *h);
void nps_holding_release(nps_holding *h); /* NULL is fine */
static inline void nps_holding_releasep(nps_holding **h) { nps_holding_release(*h); }
#define NPS_AUTO_HOLDING __attribute__((cleanup(nps_holding_releasep))) nps_holding *

/* The library of this generation id among the parts, or NULL. */
nps_library *nps_holding_find(const nps_holding *h, const char *generation);

/* --- writing one ---------------------------------------------------------------------------------------------------------------- */

/* What the parts are made of; borrowed. */
typedef struct {
    const nps_library *open, *opt_members;
    const nps_closed_part *closed; /* [n_closed] */
    size_t n_closed;
    const char *base;
    const char *const *contribution; /* [n_contribution] ids, ascending */
    size_t n_contribution;
} nps_holding_parts;

/* Writes the folder: under another name first, synced, then renamed. One that is there already is left as it is. The manifest's
 * text is appended to opt_manifest. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_holding_write(const char *generations, const nps_holding_parts *parts, char ret_id[static NPS_HOLDING_ID],
                                            nps_buf *opt_manifest, nps_err *err);

/* Removes what a writer that died has left behind. */
void nps_holding_sweep(const char *generations);

/* --- the one in use --------------------------------------------------------------------------------------------------------------- */

typedef struct nps_shelf nps_shelf;
/* @param first  taken over */
NPS_MUST_CHECK nps_status nps_shelf_new(nps_holding *first, nps_shelf **ret_shelf, nps_err *err);
void nps_shelf_free(nps_shelf *s);
nps_holding *nps_shelf_acquire(nps_shelf *s); /* any thread */
void nps_shelf_swap(nps_shelf *s, nps_holding *next); /* takes next over; who holds the old one keeps it */

#endif
