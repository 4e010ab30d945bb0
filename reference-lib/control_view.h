/* The control tables as one answer asks them: on a day, for somebody, of the substances of a library. */
#ifndef NPS_REFERENCE_LIB_CONTROL_VIEW_H
#define NPS_REFERENCE_LIB_CONTROL_VIEW_H

#include "reference-lib/control.h"
#include "reference-lib/verdict.h"

/* Which hits and analogues are listed; the verdict and its set never change. */
enum {
    NPS_CONTROL_SHOW_CONTROLLED = 1,  /* in a schedule of 1961 or 1971 on the day, or unclear whether */
    NPS_CONTROL_SHOW_PRECURSOR = 2,
    NPS_CONTROL_SHOW_CLASS_RULE = 4,
    NPS_CONTROL_SHOW_SURVEILLANCE = 8,
    NPS_CONTROL_SHOW_NO_LEGITIMATE_USE = 16,
    NPS_CONTROL_SHOW_NONE = 32        /* nothing of the above */
};
#define NPS_CONTROL_FILTER_WORDS "controlled, precursor, class-rule, surveillance, no-legitimate-use, none"
/* Words set off by commas; "" is no filter. False for another word. */
bool nps_control_filter_parse(nps_span words, unsigned *ret_filter);
const char *nps_control_filter_name(unsigned bit);

typedef struct nps_control_view {
    const nps_control *tables; /* borrowed */
    char day[11], today[11];   /* RFC 3339 full-dates: of the seizure; now */
    uint32_t day_number, today_number; /* the same, yyyymmdd */
    bool sees_restricted;      /* rows of restricted lists are shown */
    unsigned filter;           /* NPS_CONTROL_SHOW_* bits; 0: everything is listed */
} nps_control_view;

/* `day` may be NULL or "": today. Errors: NPS_E_RANGE for a day that does not exist. */
NPS_MUST_CHECK nps_status nps_control_view_init(const nps_control *tables, const char *day, const char *today,
                                                bool sees_restricted, unsigned filter, nps_control_view *ret_view,
                                                nps_err *err);

/* Makes the verdict, and those of its spectra, tell control status. The view must outlive them. */
void nps_control_attach(const nps_control_view *view, nps_sample_verdict *v);

/* The likeliest class that any of the spectra votes for, a text of the library; 0: none. */
uint32_t nps_control_class_of(const nps_sample_verdict *v);

/* Rows that the view may show of a substance: by InChIKey, then the rules about its class. */
enum { NPS_CONTROL_SHOWN_MAX = 32 };
typedef struct {
    const nps_control_row *row[NPS_CONTROL_SHOWN_MAX];
    size_t n, left_out; /* shown; more than there is room for */
} nps_control_shown;
void nps_control_of_substance(const nps_control_view *view, const nps_library *lib, uint32_t substance,
                              nps_control_shown *ret_shown);

/* Whether the view's filter lists the substance; a NULL view lists everything. */
bool nps_control_passes(const nps_control_view *view, const nps_library *lib, uint32_t substance);

/* What a substance is under on the view's day, as a text that is equal where the status is: lists and schedules in force or
 * unclear, without class rules, which speak of classes. "" when there is nothing. */
enum { NPS_CONTROL_SIGNATURE = 256 };
void nps_control_signature(const nps_control_view *view, const nps_library *lib, uint32_t substance,
                           char ret_text[static NPS_CONTROL_SIGNATURE]);

/* Whether rows of one skeleton name several substances, stereoisomers, of different list or schedule on the day. */
bool nps_control_stereo_differs(const nps_control_view *view, const nps_library *lib, uint32_t substance);

/* Whether the members of a set differ in status on the view's day, or one of them does by its stereoisomers. */
bool nps_control_set_differs(const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n);

#endif
