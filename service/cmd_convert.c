/* npswatch convert: one file format into another, with every repair told. */
#include "service/cli.h"
#include "spectra/write.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch convert [--to msp|mgf|jcamp-dx] IN OUT\n\n"
    "  IN   any format that is read here, '-' for standard input\n"
    "  OUT  '-' for standard output; its ending (.msp .mgf .jdx .dx) names the format where --to does not\n\n"
    "example:\n"
    "  npswatch convert spectrum.jdx spectrum.msp\n";

typedef struct {
    FILE *to;
    nps_write_format format;
    size_t n, refused;
} conversion;

static void tell_repairs(const char *file, const nps_spectrum *s)
{
    for (nps_repair r = 0; r < NPS_REPAIR_COUNT; r++) {
        if (!s->repairs[r])
            continue;
        NPS_AUTO_BUF text = NPS_BUF_INIT(200);
        nps_repair_text(&text, r, s->repairs[r]);
        fprintf(stderr, "npswatch: %s: line %zu: %s\n", file, s->line, text.data);
    }
}

static nps_status convert_one(void *arg, const char *file, nps_spectrum **s, nps_err *err)
{
    conversion *c = arg;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 30);
    tell_repairs(file, *s);
    nps_err why = {0};
    nps_status st = nps_write_spectrum(&b, c->format, *s, &why);
    if (st == NPS_E_UNSUPPORTED || st == NPS_E_RANGE) {
        fprintf(stderr, "npswatch: %s: line %zu: %s\n", file, (*s)->line, why.msg);
        c->refused++;
        return NPS_OK;
    }
    if (st != NPS_OK)
        return nps_fail(err, st, "%s", why.msg);
    if (fwrite(b.data, 1, b.len, c->to) != b.len)
        return nps_fail(err, NPS_E_IO, "output cannot be written");
    c->n++;
    return NPS_OK;
}

int nps_cmd_convert(int argc, char **argv)
{
    static const struct option longs[] = {{"to", 1, NULL, 1}, {"help", 0, NULL, 'h'}, {0}};
    nps_span format = {NULL, 0};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (c) {
        case 1: format = nps_span_of(optarg); break;
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("convert", "bad option");
        }
    if (optind + 2 != argc)
        return nps_cli_usage("convert", "IN and OUT are needed");
    const char *out = argv[optind + 1], *dot = strrchr(out, '.');
    if (!format.n && dot)
        format = nps_span_of(dot + 1);
    conversion c = {0};
    if (!nps_write_format_parse(format, &c.format))
        return nps_cli_usage("convert", "the format of '%s' is not known; name it with --to", out);
    bool standard = strcmp(out, "-") == 0;
    c.to = standard ? stdout : fopen(out, "we");
    nps_err err = {0};
    if (!c.to) {
        nps_fail(&err, NPS_E_IO, "cannot be written");
        nps_cli_complain(out, &err);
        return NPS_EXIT_INPUT;
    }
    size_t failed = 0;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_status st = nps_cli_each_spectrum(argv + optind, 1, &limits, convert_one, &c, &failed, &err);
    if (fflush(c.to) != 0 && st == NPS_OK)
        st = nps_fail(&err, NPS_E_IO, "output cannot be written");
    if (!standard && fclose(c.to) != 0 && st == NPS_OK)
        st = nps_fail(&err, NPS_E_IO, "output cannot be written");
    if (st != NPS_OK)
        nps_cli_complain(out, &err);
    fprintf(stderr, "npswatch: %zu spectra converted, %zu refused\n", c.n, failed + c.refused);
    return st == NPS_OK && !failed && !c.refused ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
