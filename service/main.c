/* The npswatch program: finds the command and leaves the rest to it. */
#include "service/cli.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    {"library", nps_cmd_library, "build, check, describe, export and compare reference libraries"},
    {"identify", nps_cmd_identify, "verdict with a stated error rate for each spectrum"},
    {"search", nps_cmd_search, "hit list by one similarity"},
    {"calibrate", nps_cmd_calibrate, "fit the thresholds to a laboratory's own replicates"},
    {"convert", nps_cmd_convert, "one file format into another"},
    {"control", nps_cmd_control, "what the tables of control status say of a substance; check tables"},
    {"serve", nps_cmd_serve, "the HTTP service with its page and feeds"},
    {"replay", nps_cmd_replay, "give a stored answer again, bit for bit"},
    {"admin", nps_cmd_admin, "tokens, backup and restore of a service"},
};
enum { N_COMMAND = sizeof commands / sizeof *commands };

static void help(FILE *to)
{
    fputs("npswatch: early warning for new psychoactive substances\n\n"
          "usage: npswatch COMMAND [OPTION...] [FILE...]\n\n",
          to);
    for (size_t i = 0; i < N_COMMAND; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
    fputs("\nexamples:\n"
          "  npswatch library build -o swgdrug.h5 SWGDRUG.msp\n"
          "  npswatch identify --library swgdrug.h5 unknown.jdx\n"
          "  npswatch serve --library swgdrug.h5 --data /var/lib/npswatch\n\n"
          "'npswatch COMMAND --help' tells more; exit status: 0 done, 1 some input failed, 2 usage.\n",
          to);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return NPS_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return NPS_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("npswatch " NPS_VERSION);
        return NPS_EXIT_DONE;
    }
    for (size_t i = 0; i < N_COMMAND; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "npswatch: no command '%s'; 'npswatch --help' lists them\n", argv[1]);
    return NPS_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    nps_core_init();
    if (sodium_init() < 0) {
        fputs("npswatch: libsodium cannot start\n", stderr);
        return NPS_EXIT_INPUT;
    }
    int rc = run(argc, argv);
    /* What is still buffered may find the disk full. */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return rc;
    fputs("npswatch: standard output cannot be written\n", stderr);
    return rc == NPS_EXIT_DONE ? NPS_EXIT_INPUT : rc;
}
