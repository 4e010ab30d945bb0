/* Every fixed limit of the service in one place. What an operator may want to change is in config.h; each limit is
 * tested from outside in tests/integration/test_serve.c. */
#ifndef NPS_SERVICE_LIMITS_H
#define NPS_SERVICE_LIMITS_H

#include <stddef.h>

#define NPS_MAX_BODY ((size_t)32 << 20)          /* bytes of one upload: 413 */
#define NPS_MAX_UNPACKED ((size_t)128 << 20)      /* bytes of all files in an archive of a batch: 422 */
#define NPS_MAX_SMALL_BODY ((size_t)64 << 10)    /* bytes where no file is expected: 413 */
#define NPS_MAX_UPLOADS ((size_t)256 << 20)      /* bytes of all bodies in memory at a time: 503 */
#define NPS_MAX_REPLY ((size_t)128 << 20)        /* bytes of one reply */
#define NPS_MAX_HEADER_BYTES ((size_t)32 << 10)  /* request line and headers of one request: 431 */

enum {
    NPS_MAX_URI = 4096,        /* bytes of the request target: 414 */
    NPS_MAX_QUERY = 32,        /* query parameters: 400 */
    NPS_MAX_HEADERS = 64,      /* header fields: 431 */
    NPS_MAX_PARTS = 32,        /* parts of a multipart body: 422 */
    NPS_MAX_PART_HEADER = 8192,/* bytes of the headers of one part: 422 */
    NPS_MAX_FILES = 16,        /* files of one sample: 422 */
    NPS_MAX_SPECTRA = 64,      /* spectra of one sample: 422 (also nps_match_sample's limit) */
    NPS_MAX_RELIED = 512,      /* references that one answer is noted to rest on */
    NPS_MAX_PROBLEMS = 100,    /* broken records named in one reply; all are counted */
    NPS_MAX_FILE_NAME = 255,   /* bytes */
    NPS_MAX_REFERENCE = 64,    /* characters of a laboratory's own reference */
    NPS_MAX_NOTE = 280,        /* characters of the note on a sample */
    NPS_MAX_IDEMPOTENCY_KEY = 128,
    NPS_MAX_PAGE = 200,        /* cases in one page */
    NPS_FEED_ITEMS = 50,       /* newest cases in a feed document */
    NPS_STUCK_MS = 300000,     /* every search slot taken and none given back for so long: not ready, no watchdog ping */
    NPS_IDEMPOTENCY_HOURS = 24 /* how long a stored reply is found again by its key */
};

#endif
