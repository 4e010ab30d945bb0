/* What a laboratory may say about a sample: declared words and short texts, and nothing about persons.
 *
 * Where a word will do, only words of a list are taken, so that samples of many laboratories can be counted together. The two
 * free texts (reference, note) are short and refused when they look like personal data. That is a guard against slips, not a
 * proof: no program recognises every name. */
#ifndef NPS_SERVICE_SAMPLE_FACTS_H
#define NPS_SERVICE_SAMPLE_FACTS_H

#include "core/err.h"
#include "service/json.h"

#include <stdint.h>

/* Traffic Light Protocol 2.0 (FIRST, 2022). */
typedef enum { NPS_TLP_CLEAR, NPS_TLP_GREEN, NPS_TLP_AMBER, NPS_TLP_AMBER_STRICT, NPS_TLP_RED } nps_tlp;
const char *nps_tlp_name(nps_tlp t); /* "clear", "green", "amber", "amber+strict", "red" */

enum { NPS_FACT_TEXT = 1200, NPS_RETAIN_DAYS_MAX = 3650 };

typedef struct {
    /* Borrowed from what was parsed; NULL where nothing was said. */
    const char *date;          /* of the seizure or sampling: RFC 3339 full-date */
    const char *country;       /* ISO 3166-1 alpha-2 */
    const char *region;        /* ISO 3166-2 code of that country, "DE-BY" */
    const char *form, *packaging, *circumstances; /* of the lists */
    const char *reference;     /* laboratory's own, at most 64 characters */
    const char *note;          /* at most 280 characters */
    double quantity;           /* 0: not said */
    const char *quantity_unit; /* of the list */
    nps_tlp tlp;               /* amber unless said otherwise */
    int64_t retain_days;       /* 0: the service's rule */
} nps_sample_facts;

/* The value of a key, or NULL: where the words come from (a form, a query, a JSON object). */
typedef const char *nps_fact_lookup(void *arg, const char *key);

/* Names of the keys with blanks between them, for the route table; `date` is one of those that verdicts take too. */
#define NPS_SAMPLE_FACT_KEYS "country region form packaging circumstances reference note quantity tlp retain_days"

/* Takes and checks every key. `quantity` is a number and a unit, "12.5 g". Texts must live as long as *ret_facts; the unit
 * points into a static list. Errors: NPS_E_RANGE naming the key, with the words of its list. */
NPS_MUST_CHECK nps_status nps_sample_facts_take(nps_fact_lookup *lookup, void *arg, nps_sample_facts *ret_facts, nps_err *err);

/* Members of the open object, those that were said. */
void nps_jw_sample_facts(nps_jw *w, const nps_sample_facts *f);

/* Whether a text looks like personal data: an address of e-mail, a telephone number, a date of birth, a form of address with a
 * name, a bank account. *ret_what names it. */
bool nps_text_seems_personal(const char *text, const char **ret_what);

#endif
