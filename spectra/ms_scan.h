/* What the XML formats of mass spectra, mzML and mzXML, have in common: the walk from scan to scan, and what becomes of a
 * scan once its tags are read. Their readers embed an nps_ms_walk and call nps_ms_begin and nps_ms_end from their handlers.
 * Only the scan at hand is held. */
#ifndef NPS_SPECTRA_MS_SCAN_H
#define NPS_SPECTRA_MS_SCAN_H

#include "spectra/ms_array.h"
#include "spectra/read_impl.h"
#include "spectra/xml.h"

typedef enum { NPS_MS_UNSAID, NPS_MS_CENTROID, NPS_MS_PROFILE } nps_ms_shape;
typedef enum { NPS_MS_OTHER_SOURCE, NPS_MS_EI, NPS_MS_DART } nps_ms_source;

typedef struct {
    nps_spectrum *s; /* owned; NULL: no scan here */
    bool ended;      /* its closing tag has been read */
    nps_err fault;   /* the first one; code NPS_OK: none */
    unsigned level;  /* 1 MS, 2 MS/MS ...; 0: not given */
    nps_ms_shape shape;
    nps_ms_source source;
    bool has_mz, has_intensity;
    nps_ms_array mz, intensity; /* pairs: `mz` holds m/z, intensity, m/z, intensity ... */
    bool pairs;
} nps_ms_scan;

typedef struct {
    nps_reader *r;
    nps_xml *xml;
    nps_ms_scan current, ready; /* being read; read, and not handed out yet */
    bool started, over;
    nps_status broken; /* of `why`: the XML ends here */
    nps_err why;
    size_t empty, chromatograms; /* passed over */
    nps_ms_scratch scratch;
    nps_ms_values mz, intensity;
} nps_ms_walk;

void nps_ms_done(nps_ms_walk *w);

/* A scan begins at the tag at hand: the last one becomes ready, w->current is new. */
void nps_ms_begin(nps_ms_walk *w);
static inline void nps_ms_end(nps_ms_walk *w) { w->current.ended = true; }
/* Whether the tag at hand lies in a scan that is still wanted. */
static inline bool nps_ms_inside(const nps_ms_walk *w)
{
    return w->current.s && !w->current.ended && w->current.fault.code == NPS_OK;
}

/* Refuses the current scan at the tag at hand, unless it is refused already. */
void nps_ms_refuse(nps_ms_walk *w, nps_status code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same for a status from elsewhere. NPS_E_NOMEM ends the walk. */
void nps_ms_check(nps_ms_walk *w, nps_status st, const nps_err *err);

/* A pair for the metadata, or for the field that the key names, of the current scan. */
void nps_ms_take_pair(nps_ms_walk *w, const char *key, const char *value);
void nps_ms_add_meta(nps_ms_walk *w, const char *key, const char *value);
void nps_ms_set_text(nps_ms_walk *w, nps_text_field f, const char *key, const char *value);

/* As nps_format.next. r->state is made when first needed, `size` bytes of zeros, and begins with its nps_ms_walk, whose address
 * the handlers get. Scans without peaks are passed over; a profile is centroided; a file without any spectrum is told. */
NPS_MUST_CHECK nps_status nps_ms_next(nps_reader *r, size_t size, const nps_xml_handlers *handlers,
                                      nps_spectrum **ret_spectrum, nps_err *err);

/* Local name of the root element of an XML text, from its head; an empty span when it is none. */
nps_span nps_ms_root(nps_span head);

#endif
