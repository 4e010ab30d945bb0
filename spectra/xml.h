/* Walks an XML text that lies in memory, element by element, and can pause after any of them: a thin cover over expat,
 * which nobody else includes.
 *
 * Bounded: 64 levels, 1 MiB in one tag or comment, 2,000 different names of elements and attributes. A DOCTYPE is refused,
 * and with it every entity of a file's own. Names are given without a prefix of a name space. Content is not collected:
 * who wants it takes it from the bytes between two tags (nps_xml_inner), where references are not resolved and characters
 * not checked. The encodings are those of expat whose markup is ASCII: UTF-8, US-ASCII, ISO-8859-1. */
#ifndef NPS_SPECTRA_XML_H
#define NPS_SPECTRA_XML_H

#include "core/mem.h"
#include "core/scan.h"

enum { NPS_XML_DEPTH_MAX = 64 };

typedef struct nps_xml nps_xml;

typedef struct {
    /* @param attr  name, value, name, value ..., NULL; UTF-8, valid during the call */
    void (*start)(void *user, nps_xml *x, const char *name, const char *const *attr);
    void (*end)(void *user, nps_xml *x, const char *name);
} nps_xml_handlers;

/* @param text  must stay alive and unchanged. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_xml_new(nps_span text, const nps_xml_handlers *handlers, void *user, nps_xml **ret_xml,
                                      nps_err *err);
void nps_xml_free(nps_xml *x);
NPS_DEFINE_FREEP(nps_xml)

/* Goes on from the beginning or the last pause to the next pause, or to the end (*ret_ended).
 * Errors: NPS_E_FORMAT for text that is no XML, NPS_E_UNSUPPORTED for a DOCTYPE or an unknown encoding, NPS_E_LIMIT, all
 * with line and byte; NPS_E_NOMEM; and what nps_xml_fail was given. Then the walk is over. */
NPS_MUST_CHECK nps_status nps_xml_walk(nps_xml *x, bool *ret_ended, nps_err *err);

/* --- to be called by the handlers ------------------------------------------------------------------------------- */

/* Pauses behind this tag. The end of an element without content is told before. */
void nps_xml_pause(nps_xml *x);
/* Ends the walk with this error. */
void nps_xml_fail(nps_xml *x, const nps_err *why);

size_t nps_xml_depth(const nps_xml *x);  /* of the element that begins or ends; 1 is the root */
size_t nps_xml_offset(const nps_xml *x); /* byte where the tag begins */
size_t nps_xml_behind(const nps_xml *x); /* byte behind the tag that begins an element */
size_t nps_xml_line(nps_xml *x);         /* of nps_xml_offset, 1-based; costs a look at the bytes since the last call */

/* The bytes from `behind` to the tag that ends now. */
nps_span nps_xml_inner(const nps_xml *x, size_t behind);

/* Value of an attribute, or NULL. */
const char *nps_xml_attr(const char *const *attr, const char *name);

#endif
