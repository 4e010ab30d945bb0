/* Control status: what the conventions, lists of precursors, and class-based laws say of a substance, from tables that a site
 * may replace (reference-lib/control/README.md describes their columns).
 *
 * Facts about lists, never legal advice, and never "not controlled": a substance without a row is "not in these tables".
 * Rows join a substance by the first block of its InChIKey and by nothing else - names and synonyms collide -, class rules by
 * the library's class name. A row without an InChIKey joins nothing.
 *
 * Immutable after nps_control_new; any number of threads may read. Reference-counted. */
#ifndef NPS_REFERENCE_LIB_CONTROL_H
#define NPS_REFERENCE_LIB_CONTROL_H

#include "core/err.h"
#include "core/mem.h"
#include "core/scan.h"

#include <stdint.h>

typedef enum {
    NPS_CONTROL_1961,
    NPS_CONTROL_1971,
    NPS_CONTROL_1988,              /* precursors */
    NPS_CONTROL_NO_LEGITIMATE_USE, /* no known legitimate use */
    NPS_CONTROL_SURVEILLANCE,      /* restricted: shown to those only who may see it */
    NPS_CONTROL_LOOKED_UP,         /* looked up and found in no list */
    NPS_CONTROL_CLASS_RULE
} nps_control_list;
enum { NPS_CONTROL_LISTS = NPS_CONTROL_CLASS_RULE + 1 };
const char *nps_control_list_name(nps_control_list l);              /* "1961", "surveillance", "class-rule" ... */
bool nps_control_list_parse(nps_span name, nps_control_list *ret_list);

/* What was read of what a row says. */
typedef enum {
    NPS_SEEN_NOTHING,
    NPS_SEEN_RECOMMENDATION, /* its adoption was not seen */
    NPS_SEEN_PRESS,
    NPS_SEEN_DECISION,
    NPS_SEEN_LIST,
    NPS_SEEN_LAW
} nps_control_seen;

/* When something began or ended, as far as it is known: a day of [first, last], both yyyymmdd. */
typedef struct {
    uint32_t first; /* 0: any day up to last */
    uint32_t last;  /* NPS_DAY_NEVER with first 0: not known */
    const char *text; /* as in the table: "2016", "2019-05-01", "1984/1988", "../2022-10-07", "" */
} nps_control_date;
#define NPS_DAY_NEVER UINT32_MAX

/* Texts are terminated UTF-8, "" where the table has nothing, and live as long as the tables. */
typedef struct {
    nps_control_list list;
    const char *name;      /* of the substance; of a class rule its title */
    const char *inchikey, *formula, *schedule;
    const char *class_name, *country, *clause; /* of class rules only; country is ISO 3166-1 alpha-2 */
    nps_control_date since; /* first day in force */
    nps_control_date until; /* first day no more in force; text "" while it lasts */
    char level;             /* 'A', 'B', 'C' */
    nps_control_seen seen;
    const char *source, *note;
    const char *file; /* of the table, with the line of the row */
    size_t line, offset;
    uint32_t number;  /* of the row in the tables, from 0 */
} nps_control_row;

/* Whether the row was seen in a source that decides: level A, and not a mere recommendation or press report. Whatever is said
 * on any other row bears the words "to be confirmed". */
bool nps_control_is_verified(const nps_control_row *r);

/* Rows of restricted lists are for those only who may see them. */
static inline bool nps_control_is_restricted(const nps_control_row *r) { return r->list == NPS_CONTROL_SURVEILLANCE; }

typedef enum {
    NPS_CONTROL_NOT_LISTED, /* the row says that nothing was found */
    NPS_CONTROL_NOT_YET,
    NPS_CONTROL_UNCLEAR,    /* the table does not know the day well enough */
    NPS_CONTROL_IN_FORCE,
    NPS_CONTROL_ENDED       /* transferred to another schedule, or taken off */
} nps_control_status;
/* Status of a row on a day (yyyymmdd). */
nps_control_status nps_control_status_on(const nps_control_row *r, uint32_t day);

/* --- the tables ------------------------------------------------------------------------------------------------------------ */

typedef struct nps_control nps_control;

typedef struct {
    const char *name; /* "conventions.tsv": says which lists the table may hold */
    const void *data;
    size_t len;
} nps_control_table;

/* The tables that there are: conventions, precursors, no_legitimate_use, surveillance, looked_up, class_rules. */
enum { NPS_CONTROL_TABLES = 6, NPS_CONTROL_TABLE_BYTES = 8 << 20, NPS_CONTROL_ROWS_MAX = 200000 };
const char *nps_control_table_name(size_t i); /* [NPS_CONTROL_TABLES] */

/* Reads tables; each may be given once, and any may be missing. `name` says where they come from, for answers.
 * Errors: NPS_E_FORMAT with line and byte - head, number of columns, list, schedule, date, InChIKey, formula, level, source,
 * country, doubled row, text that is no UTF-8 -, the message begins with the table's name; NPS_E_NOT_FOUND for a table that is
 * none of ours; NPS_E_LIMIT; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_control_new(const char *name, const nps_control_table *table, size_t n_table,
                                          nps_control **ret_control, nps_err *err);
nps_control *nps_control_acquire(nps_control *c); /* one more owner; returns c */
void nps_control_release(nps_control *c);         /* the last one frees; NULL is fine */
static inline void nps_control_releasep(nps_control **c) { nps_control_release(*c); }
#define NPS_AUTO_CONTROL __attribute__((cleanup(nps_control_releasep))) nps_control *

const char *nps_control_name(const nps_control *c);
const char *nps_control_digest(const nps_control *c); /* BLAKE2b-256 over names and bytes of the tables, hex */

/* --- looking up ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const nps_control_row *const *row; /* [n], in the order of list, then of the tables */
    size_t n;
} nps_control_rows;

nps_control_rows nps_control_all(const nps_control *c); /* in the order of the tables */
/* By the first block of an InChIKey, whatever its other layers; none for what is no InChIKey. */
nps_control_rows nps_control_of_key(const nps_control *c, nps_span inchikey);
/* Every row of a molecular formula, also those without InChIKey: isomers of each other. */
nps_control_rows nps_control_of_formula(const nps_control *c, nps_span formula);
/* Class rules, by the exact name of the class. */
nps_control_rows nps_control_of_class(const nps_control *c, nps_span class_name);

/* How the other layers of a row's InChIKey (stereochemistry, isotopes) stand to those of a substance of the same first block. */
typedef enum {
    NPS_LAYER_SAME,
    NPS_LAYER_ROW_OPEN,       /* the row names no stereoisomer */
    NPS_LAYER_SUBSTANCE_OPEN, /* the row does, the substance does not */
    NPS_LAYER_OTHER           /* both do, and they differ */
} nps_control_layer;
nps_control_layer nps_control_compare_layer(const nps_control_row *r, nps_span inchikey);

typedef struct {
    size_t rows[NPS_CONTROL_LISTS];
    size_t joined, without_key; /* substance rows that can join a substance; that join nothing */
    size_t formulae_shared;     /* molecular formulae of two and more listed substances (rows that have not ended) */
    size_t formulae_differing;  /* of these, with members of different list or schedule */
} nps_control_counts;
void nps_control_count(const nps_control *c, nps_control_counts *ret_counts);

#endif
