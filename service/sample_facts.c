#include "service/sample_facts.h"

#include "core/scan.h"
#include "service/limits.h"
#include "service/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const forms[] = {"powder", "crystal", "tablet", "capsule", "blotter", "liquid", "e-liquid", "plant-material",
                                    "resin", "edible", "nasal-spray", "patch", "paper", "residue", "blood", "urine", "other", NULL};
static const char *const packagings[] = {"none", "plastic-bag", "ziplock-bag", "foil", "paper-fold", "vial", "bottle", "blister", "box",
                                         "branded-packet", "letter", "parcel", "other", NULL};
static const char *const circumstances[] = {"seizure", "customs", "post", "prison", "border", "online-purchase", "test-purchase",
                                            "drug-checking", "festival", "hospital", "post-mortem", "road-traffic", "found", "other", NULL};
static const char *const units[] = {"mg", "g", "kg", "ml", "l", "units", NULL};
static const char *const tlps[] = {"clear", "green", "amber", "amber+strict", "red", NULL};

const char *nps_tlp_name(nps_tlp t)
{
    return tlps[t];
}

static int find(const char *const *list, nps_span word)
{
    for (int i = 0; list[i]; i++)
        if (word.n == strlen(list[i]) && memcmp(word.p, list[i], word.n) == 0)
            return i;
    return -1;
}

static nps_status refuse(const char *key, const char *const *list, nps_err *err)
{
    char words[200] = "";
    for (int i = 0; list[i]; i++)
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s", i ? ", " : "", list[i]);
    return nps_fail(err, NPS_E_RANGE, "'%s' takes one of: %s", key, words);
}

/* --- personal data -------------------------------------------------------------------------------------------------------------- */

static bool is_word(unsigned char c)
{
    return isalnum(c) || c >= 128;
}

static bool has_mail(const char *t)
{
    for (const char *at = strchr(t, '@'); at; at = strchr(at + 1, '@'))
        if (at > t && is_word((unsigned char)at[-1]) && is_word((unsigned char)at[1]) && strchr(at, '.'))
            return true;
    return false;
}

/* Runs of digits with blanks, dots, dashes, slashes and brackets between: nine digits and more are a number of somebody. */
static bool has_long_number(const char *t)
{
    int digits = 0;
    for (; *t; t++) {
        if (isdigit((unsigned char)*t))
            digits++;
        else if (!strchr(" .-/()+", *t))
            digits = 0;
        if (digits >= 9)
            return true;
    }
    return false;
}

/* "3.5.1984", "03/05/84": a day as people write it; days of ours are 2026-11-23 and have a field of their own. */
static bool has_written_day(const char *t)
{
    int d, m, y, n;
    for (const char *p = t; *p; p++) {
        bool begins = p == t || !isdigit((unsigned char)p[-1]);
        n = 0;
        if (begins && isdigit((unsigned char)*p) && (sscanf(p, "%2d.%2d.%4d%n", &d, &m, &y, &n) == 3 || sscanf(p, "%2d/%2d/%4d%n", &d, &m, &y, &n) == 3) &&
            n && d >= 1 && d <= 31 && m >= 1 && m <= 31)
            return true;
    }
    return false;
}

/* A form of address or a word that introduces a person, before a word with a capital letter. */
static bool has_address(const char *t)
{
    static const char *const words[] = {"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "monsieur", "madame", "mme", "se\xc3\xb1or",
                                        "se\xc3\xb1ora", "sr", "sra", "name", "suspect", "patient", "victim", "born"};
    for (const char *p = t; *p;) {
        size_t n = 0;
        while (is_word((unsigned char)p[n]))
            n++;
        if (!n) {
            p++;
            continue;
        }
        const char *next = p + n + strspn(p + n, ". :");
        for (size_t i = 0; next > p + n && i < sizeof words / sizeof *words; i++)
            if (n == strlen(words[i]) && strncasecmp(p, words[i], n) == 0 && isupper((unsigned char)*next))
                return true;
        p += n;
    }
    return false;
}

static bool has_account(const char *t)
{
    for (; *t; t++) {
        int n = 0;
        if (!isupper((unsigned char)t[0]) || !isupper((unsigned char)t[1]) || !isdigit((unsigned char)t[2]) || !isdigit((unsigned char)t[3]))
            continue;
        for (const char *p = t + 4; isalnum((unsigned char)*p) || (*p == ' ' && isalnum((unsigned char)p[1])); p++)
            n += *p != ' ';
        if (n >= 11)
            return true;
    }
    return false;
}

bool nps_text_seems_personal(const char *text, const char **ret_what)
{
    const char *what = has_mail(text)          ? "an e-mail address"
                       : has_account(text)     ? "a bank account"
                       : has_written_day(text) ? "a date of birth"
                       : has_long_number(text) ? "a telephone or identity number"
                       : has_address(text)     ? "a person's name"
                                               : NULL;
    if (what)
        *ret_what = what;
    return what != NULL;
}

/* --- taking them ---------------------------------------------------------------------------------------------------------------- */

static nps_status take_free_text(const char *key, const char *text, size_t max, nps_err *err)
{
    const char *what;
    if (!nps_text_is_clean(nps_span_of(text)) || nps_text_length(nps_span_of(text)) > max)
        return nps_fail(err, NPS_E_RANGE, "'%s' is longer than %zu characters or holds control bytes", key, max);
    if (nps_text_seems_personal(text, &what))
        return nps_fail(err, NPS_E_RANGE, "'%s' seems to hold %s: personal data are not taken", key, what);
    return NPS_OK;
}

static nps_status take_region(const nps_sample_facts *f, nps_err *err)
{
    const char *r = f->region;
    size_t n = strlen(r);
    bool good = f->country && n >= 4 && n <= 6 && strncmp(r, f->country, 2) == 0 && r[2] == '-';
    for (size_t i = 3; good && i < n; i++)
        good = isupper((unsigned char)r[i]) || isdigit((unsigned char)r[i]);
    return good ? NPS_OK : nps_fail(err, NPS_E_RANGE, "'region' is no ISO 3166-2 code of 'country' like DE-BY");
}

static nps_status take_quantity(const char *text, nps_sample_facts *f, nps_err *err)
{
    nps_span rest = nps_span_of(text), number, unit;
    int i = -1;
    if (nps_span_token(&rest, " ", &number) && nps_span_token(&rest, " ", &unit) && !nps_span_trim(rest).n)
        i = find(units, unit);
    if (i < 0 || !nps_span_double(number, &f->quantity) || !(f->quantity > 0) || f->quantity > 1e9)
        return nps_fail(err, NPS_E_RANGE, "'quantity' is no number and unit like '12.5 g' (mg, g, kg, ml, l, units)");
    f->quantity_unit = units[i];
    return NPS_OK;
}

static nps_status take_words(nps_fact_lookup *lookup, void *arg, nps_sample_facts *f, nps_err *err)
{
    const struct {
        const char *key;
        const char *const *list;
        const char **to;
    } words[] = {{"form", forms, &f->form}, {"packaging", packagings, &f->packaging}, {"circumstances", circumstances, &f->circumstances}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *v = lookup(arg, words[i].key);
        if (v && *v && find(words[i].list, nps_span_of(v)) < 0)
            return refuse(words[i].key, words[i].list, err);
        *words[i].to = v && *v ? v : NULL;
    }
    const char *tlp = lookup(arg, "tlp");
    int t = tlp && *tlp ? find(tlps, nps_span_of(tlp)) : (int)NPS_TLP_AMBER;
    if (t < 0)
        return refuse("tlp", tlps, err);
    f->tlp = (nps_tlp)t;
    return NPS_OK;
}

nps_status nps_sample_facts_take(nps_fact_lookup *lookup, void *arg, nps_sample_facts *ret_facts, nps_err *err)
{
    nps_sample_facts f = {0};
    const struct {
        const char *key;
        const char **to;
    } texts[] = {{"date", &f.date}, {"country", &f.country}, {"region", &f.region}, {"reference", &f.reference}, {"note", &f.note}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *v = lookup(arg, texts[i].key);
        *texts[i].to = v && *v ? v : NULL;
    }
    const char *quantity = lookup(arg, "quantity"), *days = lookup(arg, "retain_days");
    uint64_t n;
    nps_status st = take_words(lookup, arg, &f, err);
    if (st == NPS_OK && f.country && !nps_text_is_country(nps_span_of(f.country)))
        st = nps_fail(err, NPS_E_RANGE, "'country' is no ISO 3166-1 alpha-2 code like DE");
    if (st == NPS_OK && f.date && !nps_text_is_date(nps_span_of(f.date)))
        st = nps_fail(err, NPS_E_RANGE, "'date' is no day like 2026-11-23");
    if (st == NPS_OK && f.region)
        st = take_region(&f, err);
    if (st == NPS_OK && f.reference)
        st = take_free_text("reference", f.reference, NPS_MAX_REFERENCE, err);
    if (st == NPS_OK && f.note)
        st = take_free_text("note", f.note, NPS_MAX_NOTE, err);
    if (st == NPS_OK && quantity && *quantity)
        st = take_quantity(quantity, &f, err);
    if (st == NPS_OK && days && *days) {
        if (!nps_span_u64(nps_span_of(days), &n) || n < 1 || n > NPS_RETAIN_DAYS_MAX)
            st = nps_fail(err, NPS_E_RANGE, "'retain_days' is outside 1..%d", NPS_RETAIN_DAYS_MAX);
        else
            f.retain_days = (int64_t)n;
    }
    if (st == NPS_OK)
        *ret_facts = f;
    return st;
}

void nps_jw_sample_facts(nps_jw *w, const nps_sample_facts *f)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"date", f->date}, {"country", f->country}, {"region", f->region}, {"form", f->form}, {"packaging", f->packaging},
                 {"circumstances", f->circumstances}, {"reference", f->reference}, {"note", f->note}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value)
            nps_jw_str(w, texts[i].key, texts[i].value);
    if (f->quantity > 0) {
        nps_jw_object(w, "quantity");
        nps_jw_digits(w, "value", f->quantity, 9);
        nps_jw_str(w, "unit", f->quantity_unit);
        nps_jw_end(w);
    }
    nps_jw_str(w, "tlp", nps_tlp_name(f->tlp));
    if (f->retain_days)
        nps_jw_i64(w, "retain_days", f->retain_days);
}
