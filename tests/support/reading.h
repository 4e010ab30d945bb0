/* Reads a whole text and keeps what came out: for tests of readers. */
#ifndef NPS_TESTS_SUPPORT_READING_H
#define NPS_TESTS_SUPPORT_READING_H

#include "spectra/read.h"

#include <string.h>

enum { READING_MAX = 32 };

typedef struct {
    nps_status open; /* of nps_reader_open; its error is err[0] */
    char format[16];
    nps_spectrum *s[READING_MAX]; /* the first ones */
    size_t n;                     /* all of them */
    nps_err err[READING_MAX];
    size_t n_err;
    size_t repairs[NPS_REPAIR_COUNT]; /* of all */
} reading;

static inline void reading_done(reading *r)
{
    for (size_t i = 0; i < r->n && i < READING_MAX; i++)
        nps_spectrum_free(r->s[i]);
}

#define AUTO_READING __attribute__((cleanup(reading_done))) reading

static inline void reading_keep(reading *r, nps_spectrum *s)
{
    for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
        r->repairs[k] += s->repairs[k];
    if (r->n < READING_MAX)
        r->s[r->n] = s;
    else
        nps_spectrum_free(s);
    r->n++;
}

static inline reading read_bytes(const void *data, size_t len, const nps_read_limits *limits)
{
    reading all = {0};
    nps_reader *r = NULL;
    all.open = nps_reader_open(data, len, limits, &r, &all.err[0]);
    if (all.open != NPS_OK)
        return all;
    memcpy(all.format, nps_reader_format(r), strlen(nps_reader_format(r)));
    for (;;) {
        nps_spectrum *s = NULL;
        nps_err err = {0};
        if (nps_reader_next(r, &s, &err) != NPS_OK) {
            if (all.n_err < READING_MAX)
                all.err[all.n_err] = err;
            all.n_err++;
        } else if (s) {
            reading_keep(&all, s);
        } else {
            break;
        }
    }
    nps_reader_free(r);
    return all;
}

static inline reading read_text(const char *text)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(text, strlen(text), &limits);
}

/* Value of the first metadata pair with exactly this key, or NULL. */
static inline const char *meta_value(const nps_spectrum *s, const char *key)
{
    for (size_t i = 0; i < s->n_meta; i++)
        if (strcmp(s->meta[i].key, key) == 0)
            return s->meta[i].value;
    return NULL;
}

#endif
