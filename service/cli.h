/* What the commands of the program share: files, options, words for people. */
#ifndef NPS_SERVICE_CLI_H
#define NPS_SERVICE_CLI_H

#include "core/err.h"
#include "reference-lib/library.h"
#include "spectra/read.h"

/* Exit status of the program. */
enum { NPS_EXIT_DONE = 0, NPS_EXIT_INPUT = 1, NPS_EXIT_USAGE = 2 };

/* A file in memory: mapped where possible, read from a pipe or standard input ("-") otherwise. */
typedef struct {
    const char *data;
    size_t len;
    bool mapped;
} nps_file;
NPS_MUST_CHECK nps_status nps_file_open(const char *path, size_t max_bytes, nps_file *ret_file, nps_err *err);
void nps_file_close(nps_file *f);

/* Writes the whole buffer as a new file, or over an old one. NPS_E_IO names the path. */
NPS_MUST_CHECK nps_status nps_file_write(const char *path, const nps_buf *content, nps_err *err);

/* "npswatch: FILE: line 3, byte 41: message" on standard error. `file` may be NULL. */
void nps_cli_complain(const char *file, const nps_err *err);

/* "npswatch COMMAND: message; try 'npswatch COMMAND --help'" on standard error; returns NPS_EXIT_USAGE. */
int nps_cli_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whole text as a number in [low, high]. False otherwise. */
bool nps_cli_double(const char *text, double low, double high, double *ret_v);
bool nps_cli_size(const char *text, size_t low, size_t high, size_t *ret_v);

/* "2026-11-23" and "2026-11-23T19:40:00Z", UTC. */
void nps_cli_today(char out[static 11]);
void nps_cli_now(char out[static 24]);

unsigned nps_cli_cores(void); /* cores that this process may use, 1 .. 16 */

/* Opens a library for a command, complaining in words that say what to do. NULL after a complaint. */
nps_library *nps_cli_library(const char *command, const char *path);

/* In usage texts: what --prepare takes in commands with a library, its lines set under column 22. */
#define NPS_CLI_PREPARE_STEPS \
    "atr, baseline=als[:LAMBDA:P],\n" \
    "                      baseline=rubber-band, smooth=POINTS, derivative=1|2[:POINTS], normalise=minmax|vector|snv|area,\n" \
    "                      mask=co2+water-vapour+diamond+below-650+LOW-HIGH; set off by commas"

/* The commands: argv[0] is the command's name; each returns the exit status. */
int nps_cmd_library(int argc, char **argv);
int nps_cmd_identify(int argc, char **argv);
int nps_cmd_search(int argc, char **argv);
int nps_cmd_calibrate(int argc, char **argv);
int nps_cmd_convert(int argc, char **argv);
int nps_cmd_control(int argc, char **argv);
int nps_cmd_serve(int argc, char **argv);
int nps_cmd_replay(int argc, char **argv);
int nps_cmd_admin(int argc, char **argv);

#endif
