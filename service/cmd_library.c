/* npswatch library: build, demo, info, verify, export, diff. */
#include "core/buf.h"
#include "reference-lib/backing.h"
#include "reference-lib/build.h"
#include "reference-lib/demo.h"
#include "reference-lib/digest.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/metadata_table.h"
#include "service/sources.h"
#include "spectra/write.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: npswatch library build -o LIB.h5 [OPTION...] FILE|FOLDER|ZIP...\n"
    "       npswatch library demo -o LIB.h5 [--samples DIR]\n"
    "       npswatch library info [--json] LIB.h5\n"
    "       npswatch library verify LIB.h5...\n"
    "       npswatch library export [--format msp|jcamp-dx|mgf] [--members] LIB.h5\n"
    "       npswatch library diff OLD.h5 NEW.h5\n\n"
    "build options:\n"
    "  -o FILE             library to write (replaced as a whole, or not at all)\n"
    "  --name N            name of the library (default: that of the first file)\n"
    "  --metadata TABLE    what the files do not say; a table set off by tabs or commas, first line: file, perhaps record, and\n"
    "                      any of Name, InChIKey, Formula, CAS, SMILES, Class, Contributor, Licence, Instrument ... or heads\n"
    "                      of your own; file: base name or path in the folder or archive, with or without extension; record:\n"
    "                      only the record with this number. What the table says replaces what the file says\n"
    "  --classes TSV       class of substances: columns id, name, class\n"
    "  --licence S         terms of entries whose file states none\n"
    "  --visibility V      public (default), members or match-only\n"
    "  --embargo DATE      peaks are not shown before this day (YYYY-MM-DD)\n"
    "  --technique NAME    ei, msms, dart: for files that do not say\n"
    "  --prepare STEPS     infrared: how references and later queries are prepared: " NPS_CLI_PREPARE_STEPS
    " (default: mask=co2)\n"
    "  --prepare-raman STEPS   the same for Raman (default: baseline=als:1e5:0.001,mask=none)\n"
    "  --threads N         for the calibration (default: all cores)\n"
    "  --quiet             no notes on single records, no progress\n\n"
    "Formats are told by content: MSP (NIST, MoNA, MassBank, RIKEN), MGF, MassBank record, JCAMP-DX, two columns and the\n"
    "binary ones of the README; gzip. Folders are walked with all that lies in them, zip archives member by member; what is no\n"
    "spectrum in them is summed up, one line a kind. Broken and duplicate records are named on standard error and never\n"
    "dropped in silence. A spectrum without a name gets that of its file.\n\n"
    "examples:\n"
    "  npswatch library build -o swgdrug.h5 --name 'SWGDRUG 3.3' --classes classes.tsv SWGDRUG.msp\n"
    "  npswatch library build -o lab.h5 --visibility match-only --licence 'in confidence' own/*.jdx\n"
    "  npswatch library build -o ir.h5 --metadata samples.tsv FTIR-library/ enfsi.zip\n"
    "  npswatch library export --format msp swgdrug.h5 > swgdrug.msp\n";

/* --- build ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *out, *name, *classes, *licence, *embargo, *metadata;
    nps_visibility visibility;
    nps_technique technique;
    unsigned threads;
    bool quiet;
    nps_trace_prep infrared_prep, raman_prep;
} build_options;

typedef struct {
    nps_builder *b;
    const build_options *o;
    nps_metadata_table *table; /* or NULL */
    size_t file; /* number of the file that the builder was last told about */
    size_t n_read, n_added, in_source, added_in_source;
    size_t notes[NPS_NOTE_CLASS + 1];
    bool progress;
} build_state;

static void count_note(void *arg, const nps_build_note *note)
{
    build_state *s = arg;
    s->notes[note->kind]++;
    /* Missing InChIKeys are the rule in some formats: a count says enough. */
    if (s->o->quiet || note->kind == NPS_NOTE_NO_KEY)
        return;
    char line[32] = ""; /* binary files have none */
    if (note->line)
        snprintf(line, sizeof line, "line %zu: ", note->line);
    fprintf(stderr, "npswatch: %s: %s%s: %s\n", note->source, line, nps_note_kind_name(note->kind), note->text);
}

enum { SOURCE_LINE_MAX = 16384 };

/* Says in the library where its spectra are from. */
static nps_status describe_source(void *arg, const char *name, const void *data, size_t len, nps_err *err)
{
    build_state *s = arg;
    char digest[NPS_DIGEST_HEX];
    NPS_AUTO_BUF line = NPS_BUF_INIT(SOURCE_LINE_MAX);
    if (!s->in_source)
        return NPS_OK;
    nps_status st = nps_digest_tree(data, len, nps_cli_cores(), digest, err);
    nps_buf_printf(&line, "%s\tbytes %zu\tblake2b-256-tree-1MiB %s\trecords %zu\tentries %zu", name, len, digest,
                   s->in_source, s->added_in_source);
    s->in_source = s->added_in_source = 0;
    if (st == NPS_OK)
        st = nps_buf_check(&line, err);
    return st == NPS_OK ? nps_builder_source_line(s->b, line.data, err) : st;
}

static nps_status add_one(void *arg, const nps_source *from, nps_spectrum **spectrum, nps_err *err)
{
    build_state *s = arg;
    bool added = false;
    nps_status st = NPS_OK;
    if (s->file != from->file)
        st = nps_builder_source(s->b, from->name, s->o->visibility, s->o->embargo, 0, err);
    s->file = from->file;
    if (s->o->technique != NPS_TECH_UNKNOWN && nps_technique_is_mass((*spectrum)->technique))
        (*spectrum)->technique = s->o->technique;
    if (st == NPS_OK && s->table)
        st = nps_metadata_table_apply(s->table, from, *spectrum, err);
    if (st == NPS_OK)
        st = nps_builder_add(s->b, *spectrum, &added, err);
    s->n_read++;
    s->in_source++;
    s->added_in_source += added;
    s->n_added += added;
    if (s->progress && s->n_read % 1000 == 0)
        fprintf(stderr, "\r%zu spectra read ...", s->n_read);
    return st;
}

static void tell_metadata(void *arg, bool fault, size_t line, const char *text)
{
    const build_state *s = arg;
    char place[32] = "";
    if (line)
        snprintf(place, sizeof place, "line %zu: ", line);
    if (fault || !s->o->quiet)
        fprintf(stderr, "npswatch: %s: %s%s\n", s->o->metadata, place, text);
}

/* The names of substances may be the table's, so that it is a source, too. */
static nps_status describe_metadata(build_state *s, const nps_file *f, nps_err *err)
{
    char digest[NPS_DIGEST_HEX];
    NPS_AUTO_BUF line = NPS_BUF_INIT(SOURCE_LINE_MAX);
    nps_status st = nps_digest_tree(f->data, f->len, nps_cli_cores(), digest, err);
    nps_buf_printf(&line, "%s\tbytes %zu\tblake2b-256-tree-1MiB %s\tmetadata rows %zu", s->o->metadata, f->len, digest,
                   nps_metadata_table_counts(s->table).rows);
    if (st == NPS_OK)
        st = nps_buf_check(&line, err);
    return st == NPS_OK ? nps_builder_source_line(s->b, line.data, err) : st;
}

static nps_status read_metadata(build_state *s, nps_err *err)
{
    nps_file f;
    nps_err why = {0};
    nps_status st = nps_file_open(s->o->metadata, (size_t)256 << 20, &f, &why);
    if (st == NPS_OK) {
        st = nps_metadata_table_read(f.data, f.len, tell_metadata, s, &s->table, &why);
        if (st == NPS_OK)
            st = describe_metadata(s, &f, &why);
        nps_file_close(&f);
    }
    if (st != NPS_OK) {
        nps_cli_complain(s->o->metadata, &why);
        return nps_fail(err, st, "not made, for want of the table of metadata");
    }
    return NPS_OK;
}

static nps_status read_classes(build_state *s, const char *path, nps_err *err)
{
    nps_file f;
    nps_status st = nps_file_open(path, (size_t)64 << 20, &f, err);
    if (st != NPS_OK)
        return st;
    st = nps_builder_source(s->b, path, NPS_VISIBLE_PUBLIC, NULL, 0, err);
    if (st == NPS_OK)
        st = nps_builder_classes(s->b, f.data, f.len, err);
    nps_file_close(&f);
    return st;
}

static nps_status fill_builder(build_state *s, char **files, int n_files, size_t *failed, nps_err *err)
{
    nps_read_limits limits = nps_read_limits_for_library();
    nps_source_visitor v = {.take = add_one, .done = describe_source, .arg = s};
    nps_status st = s->o->metadata ? read_metadata(s, err) : NPS_OK;
    if (st == NPS_OK)
        st = nps_sources_walk(files, n_files, &limits, &v, failed, err);
    if (s->progress && s->n_read)
        fprintf(stderr, "\r%zu spectra read; indexing and calibrating ...\n", s->n_read);
    if (st == NPS_OK && s->table)
        nps_metadata_table_finish(s->table);
    if (st == NPS_OK && s->o->classes)
        st = read_classes(s, s->o->classes, err);
    return st;
}

static void print_summary(const build_state *s, const nps_library *lib, size_t failed)
{
    printf("%s: %llu spectra of %llu substances, generation %s\n", s->o->out, (unsigned long long)lib->n_entry,
           (unsigned long long)lib->n_substance, lib->generation);
    printf("read %zu, left out %zu duplicates, refused %zu; %zu mislabelled suspects, %zu too poor to search, "
           "%zu substances without InChIKey\n",
           s->n_read + failed, s->notes[NPS_NOTE_DUPLICATE], failed, s->notes[NPS_NOTE_CONFLICT],
           s->notes[NPS_NOTE_UNUSABLE], s->notes[NPS_NOTE_NO_KEY]);
    if (s->table) {
        nps_metadata_counts c = nps_metadata_table_counts(s->table);
        printf("metadata: rows %zu, spectra %zu, rows not used %zu, files without a row %zu, faults %zu\n", c.rows,
               c.spectra, c.rows_unused, c.files_without, c.faults);
    }
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        size_t n = 0;
        for (uint64_t e = 0; e < lib->n_entry; e++)
            n += lib->entry_technique[e] == t;
        if (n)
            printf("  %-8s %zu spectra, calibration: %s, %llu pairs\n", nps_technique_name(t), n,
                   nps_calibration_source_name(lib->calibration[t].source),
                   (unsigned long long)lib->calibration[t].n);
    }
}

static int build_from(const build_options *o, char **files, int n_files)
{
    char created[24];
    nps_cli_now(created);
    build_state s = {.o = o, .progress = !o->quiet && isatty(STDERR_FILENO)};
    nps_span base = nps_source_base(nps_span_of(files[0]));
    NPS_AUTO_MEM(char *) first = nps_strndup(base.p, base.n);
    nps_build_options bo = {.name = o->name ? o->name : first ? first : "",
                            .builder = "npswatch " NPS_VERSION,
                            .created = created,
                            .licence = o->licence,
                            .infrared_prep = &o->infrared_prep,
                            .raman_prep = &o->raman_prep,
                            .note = count_note,
                            .note_arg = &s};
    nps_err err = {0};
    NPS_AUTO(nps_builder) b = NULL;
    NPS_AUTO_LIBRARY lib = NULL;
    size_t failed = 0;
    nps_status st = nps_builder_new(&bo, &b, &err);
    s.b = b;
    if (st == NPS_OK)
        st = fill_builder(&s, files, n_files, &failed, &err);
    if (st == NPS_OK)
        st = nps_builder_finish(b, o->threads, &lib, &err);
    if (st == NPS_OK)
        st = nps_library_publish(lib, o->out, &err);
    if (st == NPS_OK)
        print_summary(&s, lib, failed);
    else
        nps_cli_complain(o->out, &err);
    bool faulty = failed || (s.table && nps_metadata_table_counts(s.table).faults);
    nps_metadata_table_free(s.table);
    return st != NPS_OK || faulty ? NPS_EXIT_INPUT : NPS_EXIT_DONE;
}

/* RFC 3339 full-date that exists. */
static bool is_date(const char *text)
{
    struct tm tm = {0};
    char again[11];
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    time_t t = end && !*end ? timegm(&tm) : -1;
    return t != -1 && gmtime_r(&t, &tm) && strftime(again, sizeof again, "%Y-%m-%d", &tm) == 10 && strcmp(again, text) == 0;
}

static bool parse_visibility(const char *text, nps_visibility *ret)
{
    for (nps_visibility v = NPS_VISIBLE_PUBLIC; v <= NPS_VISIBLE_MATCH_ONLY; v++)
        if (strcmp(text, nps_visibility_name(v)) == 0) {
            *ret = v;
            return true;
        }
    return false;
}

static int cmd_build(int argc, char **argv)
{
    enum { NAME = 1, CLASSES, LICENCE, VISIBILITY, EMBARGO, TECHNIQUE, PREPARE, PREPARE_RAMAN, METADATA, THREADS, QUIET };
    static const struct option longs[] = {{"name", 1, NULL, NAME},
                                          {"classes", 1, NULL, CLASSES},
                                          {"licence", 1, NULL, LICENCE},
                                          {"license", 1, NULL, LICENCE},
                                          {"visibility", 1, NULL, VISIBILITY},
                                          {"embargo", 1, NULL, EMBARGO},
                                          {"technique", 1, NULL, TECHNIQUE},
                                          {"prepare", 1, NULL, PREPARE},
                                          {"prepare-raman", 1, NULL, PREPARE_RAMAN},
                                          {"metadata", 1, NULL, METADATA},
                                          {"threads", 1, NULL, THREADS},
                                          {"quiet", 0, NULL, QUIET},
                                          {0}};
    build_options o = {.threads = nps_cli_cores(), .infrared_prep = nps_trace_prep_default(),
                       .raman_prep = nps_trace_prep_raman()};
    size_t threads;
    nps_err err;
    for (int c; (c = getopt_long(argc, argv, "o:", longs, NULL)) != -1;)
        switch (c) {
        case 'o': o.out = optarg; break;
        case NAME: o.name = optarg; break;
        case METADATA: o.metadata = optarg; break;
        case CLASSES: o.classes = optarg; break;
        case LICENCE: o.licence = optarg; break;
        case VISIBILITY:
            if (!parse_visibility(optarg, &o.visibility))
                return nps_cli_usage("library", "--visibility '%s' is none of public, members, match-only", optarg);
            break;
        case EMBARGO:
            if (!is_date(optarg))
                return nps_cli_usage("library", "--embargo '%s' is no date YYYY-MM-DD", optarg);
            o.embargo = optarg;
            break;
        case TECHNIQUE:
            if (!nps_technique_parse(nps_span_of(optarg), &o.technique) || !nps_technique_is_mass(o.technique))
                return nps_cli_usage("library", "--technique '%s' is none of ei, msms, dart", optarg);
            break;
        case PREPARE:
        case PREPARE_RAMAN:
            if (nps_trace_prep_parse(nps_span_of(optarg), c == PREPARE ? &o.infrared_prep : &o.raman_prep, &err) != NPS_OK)
                return nps_cli_usage("library", "%s: %s", c == PREPARE ? "--prepare" : "--prepare-raman", err.msg);
            break;
        case THREADS:
            if (!nps_cli_size(optarg, 1, 16, &threads))
                return nps_cli_usage("library", "--threads '%s' is outside 1..16", optarg);
            o.threads = (unsigned)threads;
            break;
        case QUIET: o.quiet = true; break;
        default: return nps_cli_usage("library", "bad option");
        }
    if (!o.out)
        return nps_cli_usage("library", "build needs -o LIB.h5");
    if (optind == argc)
        return nps_cli_usage("library", "build needs at least one file of spectra, folder or zip archive");
    return build_from(&o, argv + optind, argc - optind);
}

/* --- demo ------------------------------------------------------------------------------------------------------------- */

static nps_status write_sample(const char *dir, const nps_demo_sample *sample, nps_err *err)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)16 << 20);
    NPS_AUTO_MEM(char *) path = NULL;
    bool mass = nps_technique_is_mass(sample->spectrum->technique);
    nps_status st = nps_write_spectrum(&text, mass ? NPS_WRITE_MSP : NPS_WRITE_JCAMP, sample->spectrum, err);
    if (st != NPS_OK)
        return st;
    if (asprintf(&path, "%s/%s.%s", dir, sample->file, mass ? "msp" : "jdx") < 0) {
        path = NULL;
        return nps_fail_nomem(err);
    }
    return nps_file_write(path, &text, err);
}

static nps_status make_demo(const char *out, const char *samples, nps_err *err)
{
    char created[24];
    nps_cli_now(created);
    NPS_AUTO(nps_demo) demo = NULL;
    NPS_AUTO_LIBRARY lib = NULL;
    nps_status st = nps_demo_new(&demo, err);
    if (st == NPS_OK)
        st = nps_demo_library(demo, "npswatch " NPS_VERSION, created, nps_cli_cores(), &lib, err);
    if (st == NPS_OK)
        st = nps_library_publish(lib, out, err);
    if (st == NPS_OK && samples && mkdir(samples, 0777) != 0 && errno != EEXIST)
        st = nps_fail(err, NPS_E_IO, "folder '%s' cannot be made: %s", samples, strerror(errno));
    for (size_t i = 0; i < nps_demo_n_samples(demo) && st == NPS_OK && samples; i++)
        st = write_sample(samples, nps_demo_sample_get(demo, i), err);
    if (st == NPS_OK)
        printf("%s: demonstration library of %llu generated spectra of %llu invented substances, not measured\n", out,
               (unsigned long long)lib->n_entry, (unsigned long long)lib->n_substance);
    return st;
}

static int cmd_demo(int argc, char **argv)
{
    static const struct option longs[] = {{"samples", 1, NULL, 1}, {0}};
    const char *out = NULL, *samples = NULL;
    for (int c; (c = getopt_long(argc, argv, "o:", longs, NULL)) != -1;)
        switch (c) {
        case 'o': out = optarg; break;
        case 1: samples = optarg; break;
        default: return nps_cli_usage("library", "bad option");
        }
    if (!out || optind != argc)
        return nps_cli_usage("library", "demo takes -o LIB.h5 and --samples DIR");
    nps_err err = {0};
    if (make_demo(out, samples, &err) == NPS_OK)
        return NPS_EXIT_DONE;
    nps_cli_complain(out, &err);
    return NPS_EXIT_INPUT;
}

/* --- info, verify ------------------------------------------------------------------------------------------------------ */

static void info_json(nps_buf *b, const nps_library *lib)
{
    nps_jw w = nps_jw_init(b);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "name", lib->name);
    nps_jw_str(&w, "generation", lib->generation);
    nps_jw_str(&w, "digest", lib->digest);
    nps_jw_str(&w, "created", lib->created);
    nps_jw_str(&w, "builder", lib->builder);
    nps_jw_str(&w, "licence", lib->licence);
    nps_jw_bool(&w, "measured", !lib->generated);
    nps_jw_i64(&w, "spectra", (int64_t)lib->n_entry);
    nps_jw_i64(&w, "substances", (int64_t)lib->n_substance);
    nps_jw_i64(&w, "peaks", (int64_t)lib->n_peak);
    nps_jw_object(&w, "techniques");
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        size_t n = 0;
        for (uint64_t e = 0; e < lib->n_entry; e++)
            n += lib->entry_technique[e] == t;
        if (!n)
            continue;
        nps_jw_object(&w, nps_technique_name(t));
        nps_jw_i64(&w, "spectra", (int64_t)n);
        nps_jw_str(&w, "calibration", nps_calibration_source_name(lib->calibration[t].source));
        nps_jw_i64(&w, "calibration_pairs", (int64_t)lib->calibration[t].n);
        if (!nps_technique_is_mass(t))
            nps_jw_str(&w, "preparation", lib->trace_prep_text[t]);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_array(&w, "sources");
    for (uint64_t i = 0; i < lib->n_source; i++)
        nps_jw_str(&w, NULL, nps_library_text(lib, lib->source_line[i]));
    nps_jw_end(&w);
    nps_jw_end(&w);
    nps_buf_putc(b, '\n');
}

enum { INFO_SOURCES_MAX = 50 }; /* lines for people; a library made of a folder may have thousands */

static void info_text(nps_buf *b, const nps_library *lib)
{
    nps_buf_printf(b, "name        %s\ngeneration  %s\ncreated     %s by %s\nmeasured    %s\n", lib->name, lib->generation,
                   lib->created, lib->builder, lib->generated ? "no: generated by a program" : "yes");
    if (*lib->licence)
        nps_buf_printf(b, "licence     %s\n", lib->licence);
    nps_buf_printf(b, "spectra     %llu of %llu substances, %llu peaks\n", (unsigned long long)lib->n_entry,
                   (unsigned long long)lib->n_substance, (unsigned long long)lib->n_peak);
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        size_t n = 0;
        for (uint64_t e = 0; e < lib->n_entry; e++)
            n += lib->entry_technique[e] == t;
        if (n)
            nps_buf_printf(b, "  %-8s  %zu spectra, calibrated on %llu pairs (%s)\n", nps_technique_name(t), n,
                           (unsigned long long)lib->calibration[t].n,
                           nps_calibration_source_name(lib->calibration[t].source));
        if (!nps_technique_is_mass(t))
            nps_buf_printf(b, "            prepared: %s\n", lib->trace_prep_text[t]);
    }
    uint64_t shown = lib->n_source > INFO_SOURCES_MAX ? INFO_SOURCES_MAX : lib->n_source;
    for (uint64_t i = 0; i < shown; i++)
        nps_buf_printf(b, "source      %s\n", nps_library_text(lib, lib->source_line[i]));
    if (shown < lib->n_source)
        nps_buf_printf(b, "source      ... and %llu more; --json lists all\n", (unsigned long long)(lib->n_source - shown));
}

static int print_buf(const nps_buf *b)
{
    nps_err err = {0};
    if (nps_buf_check(b, &err) != NPS_OK) {
        nps_cli_complain(NULL, &err);
        return NPS_EXIT_INPUT;
    }
    return fwrite(b->data, 1, b->len, stdout) == b->len && fflush(stdout) == 0 ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}

static int cmd_info(int argc, char **argv)
{
    static const struct option longs[] = {{"json", 0, NULL, 1}, {0}};
    bool json = false;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c != 1)
            return nps_cli_usage("library", "bad option");
        json = true;
    }
    if (optind + 1 != argc)
        return nps_cli_usage("library", "info takes one library");
    NPS_AUTO_LIBRARY lib = nps_cli_library("library", argv[optind]);
    if (!lib)
        return NPS_EXIT_INPUT;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    if (json)
        info_json(&b, lib);
    else
        info_text(&b, lib);
    return print_buf(&b);
}

static int cmd_verify(int argc, char **argv)
{
    int rc = NPS_EXIT_DONE;
    if (argc < 2)
        return nps_cli_usage("library", "verify takes one or more libraries");
    for (int i = 1; i < argc; i++) {
        NPS_AUTO_LIBRARY lib = NULL;
        nps_err err = {0};
        if (nps_library_open(argv[i], NPS_OPEN_VERIFY, &lib, &err) != NPS_OK) {
            nps_cli_complain(argv[i], &err);
            rc = NPS_EXIT_INPUT;
            continue;
        }
        printf("%s: good; generation %s, digest %s\n", argv[i], lib->generation, lib->digest);
    }
    return rc;
}

/* --- export, diff --------------------------------------------------------------------------------------------------------- */

static bool may_export(const nps_library *lib, uint32_t e, bool members, const char *today)
{
    if (nps_library_entry_is_open(lib, e, today))
        return true;
    return members && lib->entry_visibility[e] == NPS_VISIBLE_MEMBERS &&
           strcmp(nps_library_text(lib, lib->entry_embargo[e]), today) <= 0;
}

/* *empty counts traces without a point on the library's grid. */
static nps_status export_entry(const nps_library *lib, uint32_t e, nps_write_format format, size_t *empty, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)256 << 20);
    nps_status st = nps_library_spectrum(lib, e, &s, err);
    if (st == NPS_OK && !nps_technique_is_mass(s->technique) && s->technique != NPS_TECH_UNKNOWN && !s->trace.n) {
        ++*empty;
        return NPS_OK;
    }
    if (st == NPS_OK)
        st = nps_write_spectrum(&b, format, s, err);
    if (st == NPS_OK && fwrite(b.data, 1, b.len, stdout) != b.len)
        st = nps_fail(err, NPS_E_IO, "standard output cannot be written");
    return st;
}

static int cmd_export(int argc, char **argv)
{
    static const struct option longs[] = {{"format", 1, NULL, 1}, {"members", 0, NULL, 2}, {0}};
    nps_write_format format = NPS_WRITE_MSP;
    bool members = false;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 1 && !nps_write_format_parse(nps_span_of(optarg), &format))
            return nps_cli_usage("library", "--format '%s' is none of msp, mgf, jcamp-dx", optarg);
        if (c != 1 && c != 2)
            return nps_cli_usage("library", "bad option");
        members = members || c == 2;
    }
    if (optind + 1 != argc)
        return nps_cli_usage("library", "export takes one library");
    NPS_AUTO_LIBRARY lib = nps_cli_library("library", argv[optind]);
    if (!lib)
        return NPS_EXIT_INPUT;
    char today[11];
    nps_cli_today(today);
    size_t withheld = 0, failed = 0, empty = 0;
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        nps_err err = {0};
        if (!may_export(lib, e, members, today)) {
            withheld++;
        } else if (export_entry(lib, e, format, &empty, &err) != NPS_OK) {
            fprintf(stderr, "npswatch: entry %u: %s\n", e, err.msg);
            failed++;
            if (err.code == NPS_E_IO)
                break;
        }
    }
    if (empty)
        fprintf(stderr, "npswatch: %zu traces left out: nothing of them lies within 400 to 4000 1/cm\n", empty);
    if (withheld)
        fprintf(stderr, "npswatch: %zu entries withheld: not public, or under embargo\n", withheld);
    return failed || fflush(stdout) != 0 ? NPS_EXIT_INPUT : NPS_EXIT_DONE;
}

/* Key of an entry for comparing generations: substance, technique and peaks. */
typedef struct {
    char text[120];
    uint32_t entry;
} entry_key;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const entry_key *)a)->text, ((const entry_key *)b)->text);
}

static nps_status make_keys(const nps_library *lib, entry_key **ret, nps_err *err)
{
    NPS_AUTO_MEM(entry_key *) keys = nps_array(lib->n_entry, sizeof *keys);
    if (!keys)
        return nps_fail_nomem(err);
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        char digest[NPS_DIGEST_HEX];
        nps_status st = nps_library_spectrum(lib, e, &s, err);
        if (st != NPS_OK)
            return st;
        nps_digest_spectrum(s, digest);
        nps_span block = nps_spectrum_block(s);
        keys[e].entry = e;
        snprintf(keys[e].text, sizeof keys[e].text, "%.*s %.64s", (int)block.n, block.p, digest);
    }
    if (lib->n_entry)
        qsort(keys, lib->n_entry, sizeof *keys, by_key);
    *ret = nps_steal(keys);
    return NPS_OK;
}

static void print_side(char sign, const nps_library *lib, const entry_key *k)
{
    printf("%c %s\t%s\t%s\n", sign, nps_technique_name((nps_technique)lib->entry_technique[k->entry]),
           nps_library_text(lib, lib->entry_inchikey[k->entry]), nps_library_text(lib, lib->entry_name[k->entry]));
}

static int cmd_diff(int argc, char **argv)
{
    if (argc != 3)
        return nps_cli_usage("library", "diff takes two libraries");
    NPS_AUTO_LIBRARY old = nps_cli_library("library", argv[1]);
    NPS_AUTO_LIBRARY new = old ? nps_cli_library("library", argv[2]) : NULL;
    NPS_AUTO_MEM(entry_key *) a = NULL;
    NPS_AUTO_MEM(entry_key *) b = NULL;
    nps_err err = {0};
    if (!new)
        return NPS_EXIT_INPUT;
    if (make_keys(old, &a, &err) != NPS_OK || make_keys(new, &b, &err) != NPS_OK) {
        nps_cli_complain(NULL, &err);
        return NPS_EXIT_INPUT;
    }
    size_t gone = 0, added = 0, same = 0;
    for (uint64_t i = 0, j = 0; i < old->n_entry || j < new->n_entry;) {
        int c = i == old->n_entry ? 1 : j == new->n_entry ? -1 : strcmp(a[i].text, b[j].text);
        if (c < 0) {
            print_side('-', old, &a[i++]);
            gone++;
        } else if (c > 0) {
            print_side('+', new, &b[j++]);
            added++;
        } else {
            i++;
            j++;
            same++;
        }
    }
    printf("%zu entries gone, %zu added, %zu the same\n", gone, added, same);
    return NPS_EXIT_DONE;
}

int nps_cmd_library(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"build", cmd_build},   {"demo", cmd_demo},     {"info", cmd_info},
                 {"verify", cmd_verify}, {"export", cmd_export}, {"diff", cmd_diff}};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return NPS_EXIT_DONE;
        }
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    return nps_cli_usage("library", argc > 1 ? "no such verb '%s'" : "a verb is missing%s", argc > 1 ? argv[1] : "");
}
