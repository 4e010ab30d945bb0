/* The parts of a Bruker OPUS file: its directory, what a block is, and the parameters in a block.
 *
 * Layout, after the public readers brukeropus, brukeropusreader, opusreader2 and spectrochempy: the magic 0A 0A FE FE;
 * at byte 12 the place of the directory, at 20 the number of its entries; an entry is the type of a block, its size in
 * words of four bytes and its place (three uint32). A parameter is three letters and a NUL, its type and its size in
 * words of two bytes (two uint16), then the value; "END" is the last. All numbers are little-endian. Places are bytes
 * of the file, checked here; nothing is copied. */
#ifndef NPS_SPECTRA_OPUS_BLOCK_H
#define NPS_SPECTRA_OPUS_BLOCK_H

#include "core/err.h"
#include "core/scan.h"
#include "spectra/trace.h"

/* The fields of a block's type, after brukeropus (constants.py). */
typedef enum { NPS_OPUS_NO_CHANNEL, NPS_OPUS_SAMPLE, NPS_OPUS_REFERENCE, NPS_OPUS_RATIO } nps_opus_channel;
enum { NPS_OPUS_AMPLITUDE = 3, NPS_OPUS_STATUS = 1, NPS_OPUS_SERIES = 2 };
typedef enum {
    NPS_OPUS_NO_DATA,
    NPS_OPUS_SINGLE_CHANNEL,
    NPS_OPUS_INTERFEROGRAM,
    NPS_OPUS_PHASE,
    NPS_OPUS_ABSORBANCE,
    NPS_OPUS_TRANSMITTANCE,
    NPS_OPUS_KUBELKA_MUNK,
    NPS_OPUS_TRACE,
    NPS_OPUS_SERIES_OF_INTERFEROGRAMS,
    NPS_OPUS_SERIES_OF_SPECTRA,
    NPS_OPUS_RAMAN,
    NPS_OPUS_EMISSION,
    NPS_OPUS_REFLECTANCE,
    NPS_OPUS_DIRECTORY,
    NPS_OPUS_POWER,
    NPS_OPUS_LOG_REFLECTANCE,
    NPS_OPUS_ATR,
    NPS_OPUS_PHOTOACOUSTIC
} nps_opus_data;

typedef struct {
    size_t at; /* of the directory entry */
    uint32_t type;
    size_t place, size;
    unsigned part;       /* NPS_OPUS_AMPLITUDE: no complex part of its own */
    nps_opus_channel of; /* sample, reference or their ratio */
    unsigned parameters; /* 0: data; NPS_OPUS_STATUS: what describes data; others: of the measurement */
    unsigned data;       /* nps_opus_data, or a number that has no name here */
    unsigned detector;   /* 0 for the first channel of the detector */
    unsigned derivative; /* 1, 2: first, second; 3: higher */
    unsigned extension;  /* not 0: attached to the data (peaks, history), or NPS_OPUS_SERIES */
    bool original;       /* of the measurement itself, in a file that was manipulated later (inferred from files) */
    bool unknown;        /* bits that are not understood */
} nps_opus_block;

typedef struct {
    nps_span file;
    size_t at, n; /* of the directory, and its entries */
} nps_opus_directory;

typedef enum { NPS_OPUS_INT, NPS_OPUS_DOUBLE, NPS_OPUS_TEXT } nps_opus_kind;

typedef struct {
    nps_span name; /* three letters */
    size_t at;     /* of the value */
    nps_opus_kind kind;
    int32_t number;
    double real;
    nps_span text;
} nps_opus_parameter;

bool nps_opus_is(nps_span head);
NPS_MUST_CHECK nps_status nps_opus_open(nps_span file, nps_opus_directory *ret_dir, nps_err *err);
/* i < dir->n. The place of the block is not checked. */
nps_opus_block nps_opus_block_at(const nps_opus_directory *dir, size_t i);
static inline bool nps_opus_is_data(const nps_opus_block *b)
{
    return b->place && !b->parameters && b->data && b->data != NPS_OPUS_DIRECTORY &&
           (!b->extension || b->extension == NPS_OPUS_SERIES);
}

/* Next parameter of a block whose bytes are `block`; *at starts at 0. False at END, at the end of the block, and at a
 * parameter that does not fit; values of an unknown type are passed over. Text ends at its first NUL byte. */
bool nps_opus_next(nps_span block, size_t *at, nps_opus_parameter *ret_parameter);
bool nps_opus_find(nps_span block, const char *name, nps_opus_parameter *ret_parameter);

/* "absorbance", "interferogram of the sample", "first derivative of transmittance", "series of ...": written into out,
 * returned. */
const char *nps_opus_describe(const nps_opus_block *b, char *out, size_t out_size);

/* "Beamsplitter" for "BMS"; NULL for a parameter that has no name here. */
const char *nps_opus_parameter_name(nps_span name);

#endif
