/* npswatch convert: one file format into another, with every repair told. */
#include "service/cli.h"
#include "service/sources.h"
#include "spectra/trace_prep.h"
#include "spectra/write.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: npswatch convert [--to msp|mgf|jcamp-dx] [--prepare STEPS] IN OUT\n\n"
    "  IN   any format that is read here, '-' for standard input; a folder or a zip archive: all spectra in it\n"
    "  OUT  '-' for standard output; its ending (.msp .mgf .jdx .dx) names the format where --to does not\n"
    "  --prepare STEPS  infrared, Raman: prepare the traces, and say so in their metadata: atr, baseline=als[:LAMBDA:P],\n"
    "                   baseline=rubber-band, smooth=POINTS, derivative=1|2[:POINTS], normalise=minmax|vector|snv|area;\n"
    "                   set off by commas\n\n"
    "examples:\n"
    "  npswatch convert spectrum.jdx spectrum.msp\n"
    "  npswatch convert --prepare atr,baseline=als FTIR-library/ prepared.jdx\n";

typedef struct {
    FILE *to;
    nps_write_format format;
    bool prepare;
    nps_trace_prep prep;
    size_t n, refused;
} conversion;

/* "npswatch: FILE: line 3: text"; binary files have no lines. */
static void tell(const char *file, const nps_spectrum *s, const char *text)
{
    char line[32] = "";
    if (s->line)
        snprintf(line, sizeof line, "line %zu: ", s->line);
    fprintf(stderr, "npswatch: %s: %s%s\n", file, line, text);
}

static void tell_repairs(const char *file, const nps_spectrum *s)
{
    for (nps_repair r = 0; r < NPS_REPAIR_COUNT; r++) {
        if (!s->repairs[r])
            continue;
        NPS_AUTO_BUF text = NPS_BUF_INIT(200);
        nps_repair_text(&text, r, s->repairs[r]);
        tell(file, s, text.data);
    }
}

static nps_status prepare_trace(const conversion *c, nps_spectrum *s, nps_err *err)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(1000);
    if (!c->prepare || !s->trace.n)
        return NPS_OK;
    nps_trace_prep_text(&text, &c->prep);
    nps_status st = nps_buf_check(&text, err);
    if (st == NPS_OK)
        st = nps_trace_prepare(&s->trace, &c->prep, err);
    if (st == NPS_OK)
        st = nps_spectrum_add_meta(s, NPS_SPAN("preparation"), (nps_span){text.data, text.len}, err);
    return st;
}

static nps_status convert_one(void *arg, const char *file, nps_spectrum **s, nps_err *err)
{
    conversion *c = arg;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 30);
    tell_repairs(file, *s);
    nps_err why = {0};
    nps_status st = prepare_trace(c, *s, &why);
    if (st == NPS_OK)
        st = nps_write_spectrum(&b, c->format, *s, &why);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    if (st != NPS_OK) {
        tell(file, *s, why.msg);
        c->refused++;
        return NPS_OK;
    }
    if (fwrite(b.data, 1, b.len, c->to) != b.len)
        return nps_fail(err, NPS_E_IO, "output cannot be written");
    c->n++;
    return NPS_OK;
}

/* Whether writing OUT would change what IN is while it is read: the same file, or one in the folder. */
static bool is_own_input(const char *in, const char *out)
{
    struct stat a, b;
    if (strcmp(in, "-") == 0 || strcmp(out, "-") == 0 || stat(in, &a) != 0)
        return false;
    if (!S_ISDIR(a.st_mode))
        return S_ISREG(a.st_mode) && stat(out, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    nps_span base = nps_source_base(nps_span_of(out));
    size_t n = (size_t)(base.p - out);
    NPS_AUTO_MEM(char *) parent = n ? nps_strndup(out, n) : nps_strndup(".", 1);
    NPS_AUTO_MEM(char *) folder = realpath(in, NULL);
    NPS_AUTO_MEM(char *) target = parent ? realpath(parent, NULL) : NULL;
    size_t len = folder ? strlen(folder) : 0;
    return target && len && strncmp(target, folder, len) == 0 && (folder[len - 1] == '/' || !target[len] || target[len] == '/');
}

int nps_cmd_convert(int argc, char **argv)
{
    static const struct option longs[] = {{"to", 1, NULL, 1}, {"prepare", 1, NULL, 2}, {"help", 0, NULL, 'h'}, {0}};
    nps_span format = {NULL, 0};
    conversion c = {0};
    nps_err err = {0};
    for (int o; (o = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (o) {
        case 1: format = nps_span_of(optarg); break;
        case 2:
            if (nps_trace_prep_parse(nps_span_of(optarg), &c.prep, &err) != NPS_OK)
                return nps_cli_usage("convert", "--prepare: %s", err.msg);
            c.prepare = true;
            break;
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("convert", "bad option");
        }
    if (optind + 2 != argc)
        return nps_cli_usage("convert", "IN and OUT are needed");
    const char *out = argv[optind + 1], *dot = strrchr(out, '.');
    if (!format.n && dot)
        format = nps_span_of(dot + 1);
    if (!nps_write_format_parse(format, &c.format))
        return nps_cli_usage("convert", "the format of '%s' is not known; name it with --to", out);
    if (is_own_input(argv[optind], out))
        return nps_cli_usage("convert", "'%s' is, or lies in, '%s', which is still to be read", out, argv[optind]);
    bool standard = strcmp(out, "-") == 0;
    c.to = standard ? stdout : fopen(out, "we");
    if (!c.to) {
        nps_fail(&err, NPS_E_IO, "cannot be written");
        nps_cli_complain(out, &err);
        return NPS_EXIT_INPUT;
    }
    size_t failed = 0;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_status st = nps_sources_each(argv + optind, 1, &limits, convert_one, &c, &failed, &err);
    if (fflush(c.to) != 0 && st == NPS_OK)
        st = nps_fail(&err, NPS_E_IO, "output cannot be written");
    if (!standard && fclose(c.to) != 0 && st == NPS_OK)
        st = nps_fail(&err, NPS_E_IO, "output cannot be written");
    if (st != NPS_OK)
        nps_cli_complain(out, &err);
    fprintf(stderr, "npswatch: %zu spectra converted, %zu refused\n", c.n, failed + c.refused);
    return st == NPS_OK && !failed && !c.refused ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
