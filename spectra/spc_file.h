/* Layout of Galactic SPC files: headers, subfiles, their numbers and the log, without any judgement of what they mean.
 *
 * New format, least (0x4B) or most (0x4C) significant byte first, and the old one of LabCalc and SpectraCalc (0x4D).
 * Source: "Galactic Universal Data Format Specification" of 4 September 1997 and its SPC.H, as quoted in the
 * documentation of the readers rohanisaac/spc and hyperSpec.
 */
#ifndef NPS_SPECTRA_SPC_FILE_H
#define NPS_SPECTRA_SPC_FILE_H

#include "core/scan.h"
#include "core/err.h"

enum {
    NPS_SPC_WORDS = 0x01,         /* TSPREC: ordinates of 16 bits */
    NPS_SPC_CHROMATOGRAM = 0x02,  /* TCGRAM */
    NPS_SPC_MULTI = 0x04,         /* TMULTI: more than one subfile */
    NPS_SPC_RANDOM = 0x08,        /* TRANDM: subfiles at any z */
    NPS_SPC_ORDERED = 0x10,       /* TORDRD: subfiles at ascending, uneven z */
    NPS_SPC_OWN_LABELS = 0x20,    /* TALABS */
    NPS_SPC_OWN_X = 0x40,         /* TXYXYS: abscissae in each subfile */
    NPS_SPC_UNEVEN_X = 0x80       /* TXVALS: abscissae are stored */
};

typedef struct {
    nps_span all;
    bool big, old;
    unsigned flags, experiment, x_type, y_type, z_type;
    int exponent;       /* of all ordinates, unless there are several subfiles */
    size_t n_points;    /* in each subfile; with NPS_SPC_OWN_X not used */
    size_t n_sub;
    size_t directory;   /* offset of the directory of subfiles, 0: none */
    double first, last; /* abscissa */
    double z_step;      /* between evenly spaced subfiles; 0: the first subfile tells */
    size_t x_at;        /* abscissae of all subfiles; 0: evenly spaced, or in each subfile */
    size_t sub_at;      /* first subheader */
    nps_span memo, source, resolution, method, label[3]; /* without trailing NUL */
    double concentration_factor;
    unsigned year, month, day, hour, minute; /* year 0: not given */
    nps_span log;       /* its text; no bytes where there is none */
} nps_spc_file;

typedef struct {
    size_t at;    /* of its header */
    size_t x_at;  /* 0: evenly spaced */
    size_t y_at;
    size_t end;
    size_t n;     /* points */
    int exponent; /* NPS_SPC_FLOAT: IEEE numbers */
    double z, z_next, w;
    unsigned long scans;
} nps_spc_sub;

enum { NPS_SPC_FLOAT = -128 };

/* Reads the main header. Everything the numbers of the header claim is checked against the bytes that are there, but for
 * the subfiles themselves. Errors: NPS_E_FORMAT, NPS_E_UNSUPPORTED, at their byte. */
NPS_MUST_CHECK nps_status nps_spc_open(nps_span all, nps_spc_file *ret_file, nps_err *err);

/* Locates subfile `i` of f->n_sub. `at` is where the last one ended (f->sub_at for the first): what counts where each
 * subfile has a length of its own and no directory leads to it. Errors: NPS_E_FORMAT when bytes are missing. */
NPS_MUST_CHECK nps_status nps_spc_find(const nps_spc_file *f, size_t i, size_t at, nps_spc_sub *ret_sub, nps_err *err);

/* The points of a subfile; y may be not finite where the file has such floats. x and y have room for s->n values; x may
 * be NULL. */
void nps_spc_points(const nps_spc_file *f, const nps_spc_sub *s, double *x, double *y);

#endif
