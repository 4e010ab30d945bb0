/* Runs the real program on small synthetic files, as a user would. */
#include "spectra/write.h"
#include "tests/support/synth.h"
#include "tests/support/zip_file.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256];

/* --- running it ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    int status; /* exit status; 1000 + signal when it was killed */
    char *out, *err;
} outcome;

static void outcome_done(outcome *o)
{
    free(o->out);
    free(o->err);
}
#define AUTO_OUTCOME __attribute__((cleanup(outcome_done))) outcome

static char *in_dir(char out[static 400], const char *name)
{
    snprintf(out, 400, "%s/%s", dir, name);
    return out;
}

/* `line` is split at blanks; "@x" stands for the file x in the test folder. Standard input comes from the file `in`
 * (NULL: empty), standard output goes to `to` (NULL: collected). */
static outcome run_with(const char *in, const char *to, const char *line)
{
    enum { ARGS = 32 };
    char text[1000], names[ARGS][400], out[400], err[400], input[400];
    char *argv[ARGS + 2] = {(char[]){"npswatch"}};
    int argc = 1;
    size_t len;
    snprintf(text, sizeof text, "%s", line);
    for (char *p = text, *next; p && *p && argc < ARGS; p = next) {
        next = strchr(p, ' ');
        if (next)
            *next++ = '\0';
        argv[argc] = *p == '@' ? in_dir(names[argc], p + 1) : p;
        argc++;
    }
    in_dir(out, "stdout");
    in_dir(err, "stderr");
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fds[3] = {open(in ? in_dir(input, in) : "/dev/null", O_RDONLY),
                      open(to ? to : out, O_WRONLY | O_CREAT | O_TRUNC, 0600), open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600)};
        for (int i = 0; i < 3; i++)
            if (fds[i] < 0 || dup2(fds[i], i) < 0)
                _exit(99);
        execv(NPS_PROGRAM, argv);
        _exit(98);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    outcome o = {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), nps_slurp(out, &len),
                 nps_slurp(err, &len)};
    assert_true(o.out && o.err);
    return o;
}

static outcome run(const char *line)
{
    return run_with(NULL, NULL, line);
}

#define assert_status(o, want) assert_status_at(&(o), (want), __FILE__, __LINE__)
static void assert_status_at(const outcome *o, int want, const char *file, int line)
{
    if (o->status == want)
        return;
    print_error("exit status %d, expected %d\nstdout: %s\nstderr: %s\n", o->status, want, o->out, o->err);
    _fail(file, line);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("'%s' is not in:\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* --- the files ------------------------------------------------------------------------------------------------------------- */

static void put(const char *name, const char *text, size_t n, const char *how)
{
    char file[400];
    FILE *f = fopen(in_dir(file, name), how);
    assert_true(f && fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

static void append(const char *name, nps_write_format format, const nps_spectrum *s)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)16 << 20);
    nps_err err;
    assert_ok(nps_write_spectrum(&b, format, s, &err), &err);
    put(name, b.data, b.len, "ab");
}

/* library.msp: 70 substances by 2 laboratories; query.msp: three replicates named q0 .. q2; msms.mgf; ir.jdx. */
static int setup(void **state)
{
    (void)state;
    char line[200];
    uint64_t r = UINT64_C(0x9E3779B97F4A7C15); /* fixed: one replicate in twenty is rightly called novel */
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    static const char truth[] = "query_id\tstatus\tinchikey_block\n";
    put("truth.tsv", truth, sizeof truth - 1, "wb");
    for (unsigned i = 0; i < 70; i++) {
        NPS_AUTO(nps_spectrum) pure = synth_ei(&r);
        for (unsigned lab = 0; lab < 3; lab++) {
            NPS_AUTO(nps_spectrum) s = synth_replicate(pure, 0.1, &r);
            synth_label(s, i, lab);
            if (lab < 2) {
                append("library.msp", NPS_WRITE_MSP, s);
                continue;
            }
            snprintf(line, sizeof line, "q%u", i);
            synth_text(s, NPS_TEXT_NAME, line);
            synth_text(s, NPS_TEXT_INCHIKEY, NULL);
            append("own.msp", NPS_WRITE_MSP, s);
            if (i < 3)
                append("query.msp", NPS_WRITE_MSP, s);
            int n = snprintf(line, sizeof line, "q%u\tknown\t%.14s\n", i, synth_inchikey(i));
            put("truth.tsv", line, (size_t)n, "ab");
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        NPS_AUTO(nps_spectrum) msms = synth_msms(&r);
        NPS_AUTO(nps_spectrum) ir = synth_ir(&r);
        synth_label(msms, i, 0);
        synth_label(ir, i, 0);
        append("msms.mgf", NPS_WRITE_MGF, msms);
        append(i ? "ir-more.jdx" : "ir.jdx", NPS_WRITE_JCAMP, ir);
    }
    static const char bad[] = "Name: broken\nNum Peaks: 2\n41 100\nxx yy\n\n";
    put("bad.msp", bad, sizeof bad - 1, "wb");
    static const char classes[] = "id\tname\tclass\ns0-lab 0\tsubstance 0\tcathinone\nnobody\tx\ty\n";
    put("classes.tsv", classes, sizeof classes - 1, "wb");
    AUTO_OUTCOME o = run("library build -o @lib.h5 --name lib --classes @classes.tsv --quiet @library.msp @msms.mgf @ir.jdx "
                         "@ir-more.jdx");
    assert_status(o, 0);
    return 0;
}

/* --- words ------------------------------------------------------------------------------------------------------------------- */

static void every_command_helps(void **state)
{
    (void)state;
    static const char *const commands[] = {"library", "identify", "search", "calibrate", "convert"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char line[100], word[100];
        snprintf(line, sizeof line, "%s --help", commands[i]);
        snprintf(word, sizeof word, "usage: npswatch %s", commands[i]);
        AUTO_OUTCOME o = run(line);
        assert_status(o, 0);
        assert_int_equal(strncmp(o.out, word, strlen(word)), 0);
        assert_says(o.out, "example");
        assert_string_equal(o.err, "");
    }
    AUTO_OUTCOME o = run("--help");
    assert_status(o, 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        assert_says(o.out, commands[i]);
    AUTO_OUTCOME v = run("--version");
    assert_status(v, 0);
    assert_string_equal(v.out, "npswatch " NPS_VERSION "\n");
}

static void wrong_usage_exits_2_with_a_hint(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"frobnicate", "no command 'frobnicate'"},
        {"identify", "no file given; try 'npswatch identify --help'"},
        {"identify @query.msp", "no library given"},
        {"identify --alpha 0 --library @lib.h5 @query.msp", "--alpha '0' is outside (0, 0.5]"},
        {"identify --alpha 0.6 --library @lib.h5 @query.msp", "--alpha '0.6'"},
        {"identify --alpha nan --library @lib.h5 @query.msp", "--alpha 'nan'"},
        {"identify --alpha 0.05x --library @lib.h5 @query.msp", "--alpha '0.05x'"},
        {"identify --top 0 --library @lib.h5 @query.msp", "--top '0' is outside 1..1000"},
        {"identify --tol 0.03 --library @lib.h5 @query.msp", "--tol '0.03'"},
        {"identify --precursor-ppm -1 --library @lib.h5 @query.msp", "--precursor-ppm '-1'"},
        {"identify --technique ir --library @lib.h5 @query.msp", "--technique 'ir'"},
        {"identify --threads 17 --library @lib.h5 @query.msp", "--threads '17'"},
        {"identify --nonsense @query.msp", "try 'npswatch identify --help'"},
        {"search", "no file given"},
        {"search @query.msp", "no library given"},
        {"search --mode sideways @query.msp", "--mode 'sideways' is none of identity, analog"},
        {"search --window 0 @query.msp", "--window '0'"},
        {"search --residual @x.jdx @query.msp", "--residual goes with --mode mixture"},
        {"search --mode mixture --residual @x.unknown @query.msp", "its ending names no format"},
        {"search --mode mixture --top 7 @query.msp", "--top '7' is outside 1..6 components"},
        {"search --mode mixture --reverse @query.msp", "--reverse does not go with --mode mixture"},
        {"search --mode mixture --max-lag 4 @query.msp", "--max-lag goes with --mode identity"},
        {"search --mode analog --window 10 @query.msp", "--window goes with --mode identity"},
        {"calibrate --library @lib.h5", "are all needed; try 'npswatch calibrate --help'"},
        {"convert @query.msp", "IN and OUT are needed"},
        {"convert @query.msp @x.unknown", "is not known; name it with --to"},
        {"convert --prepare wavelet @ir.jdx @x.jdx", "--prepare: "},
        {"convert @query.msp @query.msp", "which is still to be read"},
        {"convert @ @x.msp", "which is still to be read"},
        {"library", "a verb is missing"},
        {"library frob", "no such verb 'frob'"},
        {"library build @library.msp", "build needs -o LIB.h5"},
        {"library build -o @x.h5", "build needs at least one file"},
        {"library build -o @x.h5 --visibility secret @library.msp", "--visibility 'secret'"},
        {"library build -o @x.h5 --embargo tomorrow @library.msp", "--embargo 'tomorrow' is no date"},
        {"library info", "info takes one library"},
        {"library verify", "verify takes one or more"},
        {"library export --format pdf @lib.h5", "--format 'pdf'"},
        {"library diff @lib.h5", "diff takes two"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_OUTCOME o = run(cases[i].line);
        if (o.status != 2)
            print_error("%s\n", cases[i].line);
        assert_status(o, 2);
        assert_says(o.err, cases[i].says);
        assert_says(o.err, "--help");
        assert_string_equal(o.out, "");
    }
    AUTO_OUTCOME nothing = run("");
    assert_status(nothing, 2);
    assert_says(nothing.err, "usage: npswatch COMMAND");
}

/* --- identify -------------------------------------------------------------------------------------------------------------------- */

static json_t *line_of(const char *text, size_t n)
{
    for (; n; n--)
        text = strchr(text, '\n') + 1;
    json_error_t why;
    json_t *doc = json_loadb(text, strcspn(text, "\n"), JSON_REJECT_DUPLICATES, &why);
    if (!doc)
        print_error("%s in %s\n", why.text, text);
    assert_non_null(doc);
    return doc;
}

static void assert_keys(const json_t *o, const char *keys)
{
    char text[400];
    snprintf(text, sizeof text, "%s", keys);
    for (char *p = text, *next; p && *p; p = next) {
        next = strchr(p, ' ');
        if (next)
            *next++ = '\0';
        if (!json_object_get(o, p))
            print_error("key '%s' is missing\n", p);
        assert_non_null(json_object_get(o, p));
    }
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    assert_non_null(t);
    return t;
}

static void identify_gives_a_verdict_a_line_with_the_documented_keys(void **state)
{
    (void)state;
    AUTO_OUTCOME o = run("identify --library @lib.h5 --json @query.msp");
    assert_status(o, 0);
    assert_int_equal(lines_of(o.out), 3);
    for (size_t i = 0; i < 3; i++) {
        char name[10];
        json_t *v = line_of(o.out, i), *first;
        snprintf(name, sizeof name, "q%zu", i);
        assert_keys(v, "query technique verdict alpha p_known statement set hits analogs classes library calibration quality "
                       "input_digest");
        assert_string_equal(text_of(v, "query"), name);
        assert_string_equal(text_of(v, "technique"), "ei");
        assert_string_equal(text_of(v, "verdict"), "identified");
        first = json_array_get(json_object_get(v, "set"), 0);
        assert_keys(first, "substance name inchikey p");
        assert_string_equal(text_of(first, "inchikey"), synth_inchikey((unsigned)i));
        if (i == 0)
            assert_string_equal(text_of(first, "class"), "cathinone");
        assert_keys(json_array_get(json_object_get(v, "hits"), 0),
                    "rank entry name inchikey score reverse explained matched visibility peaks_available contributor");
        assert_keys(json_object_get(v, "library"), "generation ruleset name measured");
        assert_keys(json_object_get(v, "calibration"), "source pairs threshold coverage_low coverage_high");
        assert_keys(json_object_get(v, "quality"), "usable reasons repairs");
        assert_string_equal(text_of(json_object_get(v, "calibration"), "source"), "library");
        json_decref(v);
    }
    AUTO_OUTCOME threads = run("identify --library @lib.h5 --json --threads 2 @query.msp");
    assert_string_equal(threads.out, o.out);
    AUTO_OUTCOME input = run_with("query.msp", NULL, "identify --library @lib.h5 --json -");
    assert_status(input, 0);
    assert_string_equal(input.out, o.out);
    AUTO_OUTCOME text = run("identify --library @lib.h5 --no-analogs @query.msp");
    assert_says(text.out, "q0 (ei): presumptive identification");
}

static void a_sample_gets_one_joint_verdict(void **state)
{
    (void)state;
    AUTO_OUTCOME o = run("identify --library @lib.h5 --json --sample @ir.jdx @msms.mgf");
    assert_status(o, 0);
    assert_int_equal(lines_of(o.out), 1);
    json_t *v = line_of(o.out, 0);
    assert_keys(v, "sample verdict alpha p_known statement set library minimum_scheme spectra");
    assert_int_equal(json_array_size(json_object_get(v, "spectra")), 4);
    json_decref(v);
}

static void a_report_is_written_beside(void **state)
{
    (void)state;
    char file[400];
    size_t len;
    AUTO_OUTCOME o = run("identify --library @lib.h5 --html @report.html @query.msp");
    assert_status(o, 0);
    char *html = nps_slurp(in_dir(file, "report.html"), &len);
    assert_non_null(html);
    assert_says(html, "<svg");
    assert_says(html, "</html>");
    free(html);
    AUTO_OUTCOME bad = run("identify --library @lib.h5 --html @no/such/report.html @query.msp");
    assert_status(bad, 1);
    assert_says(bad.err, "cannot be written");
}

static void a_bad_file_among_good_ones_is_named_and_the_others_done(void **state)
{
    (void)state;
    AUTO_OUTCOME o = run("identify --library @lib.h5 --json @bad.msp @absent.msp @query.msp");
    assert_status(o, 1);
    assert_int_equal(lines_of(o.out), 3);
    assert_says(o.err, "bad.msp: line 4");
    assert_says(o.err, "absent.msp: cannot be opened");
    AUTO_OUTCOME s = run("search --library @lib.h5 --json @bad.msp @query.msp");
    assert_status(s, 1);
    assert_int_equal(lines_of(s.out), 3);
    assert_says(s.err, "bad.msp: line 4");
    AUTO_OUTCOME b = run("library build -o @partly.h5 @bad.msp @query.msp");
    assert_status(b, 1);
    assert_says(b.err, "bad.msp: line 4");
    assert_says(b.out, "partly.h5: 3 spectra of 3 substances");
    AUTO_OUTCOME c = run("convert @bad.msp @bad.mgf");
    assert_status(c, 1);
    AUTO_OUTCOME no = run("identify --library @query.msp @query.msp");
    assert_status(no, 1);
    assert_says(no.err, "query.msp: this is no npswatch library");
}

/* --- search -------------------------------------------------------------------------------------------------------------------- */

static void search_lists_hits_by_each_similarity(void **state)
{
    (void)state;
    static const struct {
        const char *line, *score;
    } cases[] = {
        {"search --library @lib.h5 --json @query.msp", "weighted-cosine"},
        {"search --library @lib.h5 --json --mode analog @query.msp", "all-lag"},
        {"search --library @lib.h5 --json @msms.mgf", "entropy"},
        {"search --library @lib.h5 --json --window 10 --tol 10ppm @msms.mgf", "entropy"},
        {"search --library @lib.h5 --json --mode analog @msms.mgf", "entropy"},
        {"search --library @lib.h5 --json --score correlation @ir.jdx", "correlation"},
        {"search --library @lib.h5 --json --score composite @query.msp", "composite"},
        {"search --library @lib.h5 --json --score entropy @query.msp", "entropy"},
        {"search --library @lib.h5 --json --score cosine @query.msp", "cosine"},
        {"search --library @lib.h5 --json --reverse --threads 2 @query.msp", "weighted-cosine"},
        {"search --library @lib.h5 --json --score cosine @msms.mgf", "cosine"},
        {"search --library @lib.h5 --json --mode loss --score weighted-cosine @msms.mgf", "weighted-cosine"},
        {"search --library @lib.h5 --json --mode analog --score modified-cosine @msms.mgf", "modified-cosine"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_OUTCOME o = run(cases[i].line);
        assert_status(o, 0);
        json_t *v = line_of(o.out, 0);
        assert_keys(v, "query mode score hits");
        assert_string_equal(text_of(v, "score"), cases[i].score);
        json_t *hit = json_array_get(json_object_get(v, "hits"), 0);
        assert_keys(hit, "rank entry name inchikey score");
        if (i == 1)
            assert_keys(hit, "delta_mass delta_formula delta_formulas shifted_peaks");
        else
            assert_string_equal(text_of(hit, "name"), "substance 0");
        json_decref(v);
    }
}

static void a_spectrum_that_a_search_cannot_take_does_not_stop_the_others(void **state)
{
    (void)state;
    AUTO_OUTCOME o = run("search --library @lib.h5 --json --mode analog @ir.jdx @query.msp");
    assert_status(o, 1);
    assert_says(o.err, "ir.jdx: ");
    assert_says(o.err, "a mass shift has no meaning for ir spectra");
    assert_int_equal(lines_of(o.out), 3);
    AUTO_OUTCOME reverse = run("search --library @lib.h5 --mode analog --reverse @query.msp");
    assert_status(reverse, 1);
    assert_says(reverse.err, "a reverse search goes with direct matches only");
    AUTO_OUTCOME s = run("search --library @lib.h5 --json --score composite @msms.mgf @query.msp");
    assert_status(s, 1);
    assert_int_equal(lines_of(s.out), 3);
}

/* --- convert, library, calibrate ------------------------------------------------------------------------------------------------- */

static void convert_round_trips(void **state)
{
    (void)state;
    char a[400], b[400];
    size_t n, m;
    AUTO_OUTCOME to = run("convert @query.msp @there.jdx");
    AUTO_OUTCOME back = run("convert @there.jdx @back.msp");
    assert_status(to, 0);
    assert_status(back, 0);
    assert_says(to.err, "3 spectra converted, 0 refused");
    char *x = nps_slurp(in_dir(a, "query.msp"), &n), *y = nps_slurp(in_dir(b, "back.msp"), &m);
    assert_string_equal(x, y);
    AUTO_OUTCOME pipe = run_with("query.msp", NULL, "convert --to msp - -");
    assert_status(pipe, 0);
    assert_string_equal(pipe.out, x);
    free(x);
    free(y);
    AUTO_OUTCOME refused = run("convert @ir.jdx @ir.msp");
    assert_status(refused, 1);
    assert_says(refused.err, "ir.jdx: line 1: ");
    assert_says(refused.err, "0 spectra converted, 1 refused");
}

/* --- own libraries ---------------------------------------------------------------------------------------------------------- */

static void put_folder(const char *name)
{
    char path[400];
    assert_true(mkdir(in_dir(path, name), 0700) == 0);
}

/* own/: an infrared spectrum without a name, two records in a file, mass spectra of two sources, things that are no spectra;
 * own.zip: the same. own.tsv: what is known about them. */
static void make_own_library(void)
{
    uint64_t r = 12345;
    size_t len[4];
    char path[4][400];
    static const char *const files[] = {"own/ftir/4-MMC.jdx", "own/ftir/pair.jdx", "own/ms/GC 1.msp", "own/notes.pdf"};
    put_folder("own");
    put_folder("own/ftir");
    put_folder("own/ms");
    for (unsigned i = 0; i < 3; i++) {
        NPS_AUTO(nps_spectrum) ir = synth_ir(&r);
        synth_text(ir, NPS_TEXT_NAME, NULL);
        append(files[i > 0], NPS_WRITE_JCAMP, ir);
    }
    for (unsigned i = 0; i < 2; i++) {
        NPS_AUTO(nps_spectrum) ei = synth_ei(&r);
        synth_label(ei, i, 0);
        append(files[2], NPS_WRITE_MSP, ei);
    }
    put(files[3], "%PDF-1.7", 8, "wb");
    static const char table[] = "file\trecord\tName\tInChIKey\tContributor\tSampling procedure\n"
                                "4-MMC\t\tmephedrone\tYELGFTGWJGBAQU-UHFFFAOYSA-N\tLab 7\tpowder, ATR\n"
                                "ftir/pair.jdx\t2\tsecond\t\t\t\n"
                                "gone.spa\t\tnobody\t\t\t\n";
    put("own.tsv", table, sizeof table - 1, "wb");
    zip_member m[4];
    for (size_t i = 0; i < 4; i++)
        m[i] = (zip_member){files[i] + 4, nps_slurp(in_dir(path[i], files[i]), &len[i]), len[i], NULL, false};
    assert_true(zip_write(in_dir(path[0], "own.zip"), m, 4));
    m[0].password = "password";
    static const char cut[] = "Name: cut\nNum Peaks: 3\n41 100\n";
    zip_member faulty[3] = {m[0], m[2], {"cut.msp", cut, sizeof cut - 1, NULL, false}};
    bool encrypted = zip_write(in_dir(path[0], "faulty.zip"), faulty, 3);
    if (!encrypted)
        print_message("this zip library cannot encrypt\n");
    for (size_t i = 0; i < 4; i++)
        free((void *)(uintptr_t)m[i].data);
}

static void a_library_is_built_from_a_folder_and_from_an_archive_with_a_table_of_metadata(void **state)
{
    (void)state;
    static const char *const sources[] = {"own", "own.zip"};
    char line[300];
    make_own_library();
    for (size_t i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "library build -o @%s.h5 --prepare atr --metadata @own.tsv @%s", i ? "zip" : "folder", sources[i]);
        AUTO_OUTCOME o = run(line);
        assert_status(o, 0);
        assert_says(o.out, ".h5: 5 spectra of 5 substances");
        assert_says(o.out, "metadata: rows 3, spectra 2, rows not used 1, files without a row 1, faults 0\n");
        assert_says(o.err, "1 file that is no spectrum, for example 'notes.pdf': a PDF document\n");
        assert_says(o.err, "own.tsv: line 4: 'gone.spa' fits no file with spectra\n");
        assert_says(o.err, i ? "own.zip:ms/GC 1.msp' has no row\n" : "own/ms/GC 1.msp' has no row\n");
        snprintf(line, sizeof line, "library info --json @%s.h5", i ? "zip" : "folder");
        AUTO_OUTCOME info = run(line);
        json_t *v = line_of(info.out, 0);
        json_t *ir = json_object_get(json_object_get(v, "techniques"), "ir");
        assert_string_equal(text_of(ir, "preparation"), "atr,mask=2280-2400");
        assert_string_equal(text_of(v, "name"), sources[i]);
        assert_int_equal(json_array_size(json_object_get(v, "sources")), i ? 2 : 4); /* with the table */
        json_decref(v);
        snprintf(line, sizeof line, "library export --format jcamp-dx @%s.h5", i ? "zip" : "folder");
        AUTO_OUTCOME jdx = run(line);
        assert_says(jdx.out, "##TITLE= mephedrone\n");
        assert_says(jdx.out, "##$INCHIKEY= YELGFTGWJGBAQU-UHFFFAOYSA-N\n");
        assert_says(jdx.out, "##OWNER= Lab 7\n");
        assert_says(jdx.out, "powder, ATR\n");
        assert_says(jdx.out, "##TITLE= pair\n");
        assert_says(jdx.out, "##TITLE= second\n");
    }
    AUTO_OUTCOME diff = run("library diff @folder.h5 @zip.h5");
    assert_string_equal(diff.out, "0 entries gone, 0 added, 5 the same\n");
    AUTO_OUTCOME text = run("library info @folder.h5");
    assert_says(text.out, "            prepared: atr,mask=2280-2400\n");
    AUTO_OUTCOME found = run("search --library @folder.h5 --json @own");
    assert_status(found, 0);
    assert_int_equal(lines_of(found.out), 5);
    assert_says(found.out, "\"query\":\"4-MMC\"");
}

static void faults_of_archives_and_tables_are_named_and_give_status_1(void **state)
{
    (void)state;
    AUTO_OUTCOME o = run("library build -o @some.h5 @faulty.zip");
    assert_status(o, 1);
    assert_says(o.out, "some.h5: 2 spectra of 2 substances");
    assert_says(o.err, "faulty.zip:cut.msp: ");
    assert_says(o.err, "faulty.zip:ftir/4-MMC.jdx: the member is encrypted");
    AUTO_OUTCOME none = run("library info --json @some.h5");
    json_t *v = line_of(none.out, 0);
    assert_null(json_object_get(json_object_get(v, "techniques"), "ir"));
    json_decref(v);
    static const char wrong[] = "file,Name\n4-MMC,mephedrone,and more\n4-MMC,mephedrone\n4-MMC,again\n";
    put("wrong.csv", wrong, sizeof wrong - 1, "wb");
    AUTO_OUTCOME w = run("library build -o @some.h5 --quiet --metadata @wrong.csv @own");
    assert_status(w, 1);
    assert_says(w.err, "wrong.csv: line 2: 3 columns where the heads have 2");
    assert_says(w.err, "wrong.csv: line 4: '4-MMC' is named in line 3 already");
    assert_null(strstr(w.err, "has no row"));
    assert_says(w.out, "metadata: rows 1, spectra 1, rows not used 0, files without a row 2, faults 2\n");
    AUTO_OUTCOME not = run("library build -o @not.h5 --metadata @query.msp @own");
    assert_status(not, 1);
    assert_says(not.err, "query.msp: line 1, byte 0: the first head is");
    assert_says(not.err, "not.h5: not made, for want of the table of metadata");
    AUTO_OUTCOME absent = run("library build -o @not.h5 --metadata @absent.tsv @own");
    assert_status(absent, 1);
    assert_says(absent.err, "absent.tsv: cannot be opened");
}

static void convert_prepares_the_traces_of_a_folder(void **state)
{
    (void)state;
    char path[400];
    size_t n;
    AUTO_OUTCOME o = run("convert --prepare derivative=1,normalise=vector @own/ftir @prepared.jdx");
    assert_status(o, 0);
    assert_says(o.err, "3 spectra converted, 0 refused");
    char *jdx = nps_slurp(in_dir(path, "prepared.jdx"), &n);
    assert_non_null(jdx);
    assert_says(jdx, "##TITLE= 4-MMC\n");
    assert_says(jdx, "derivative=1:9,normalise=vector,mask=2280-2400\n");
    free(jdx);
    AUTO_OUTCOME msp = run("convert --prepare atr @own.zip @from-zip.msp");
    assert_status(msp, 1);
    assert_says(msp.err, "own.zip:ftir/4-MMC.jdx: line 1: ");
    assert_says(msp.err, "2 spectra converted, 3 refused");
    AUTO_OUTCOME inside = run("convert @own @own/ms/all.jdx");
    assert_status(inside, 2);
    assert_says(inside.err, "which is still to be read");
    AUTO_OUTCOME beside = run("convert @own @own.jdx");
    assert_status(beside, 0);
}

static void a_library_is_described_verified_exported_and_compared(void **state)
{
    (void)state;
    AUTO_OUTCOME info = run("library info --json @lib.h5");
    assert_status(info, 0);
    json_t *v = line_of(info.out, 0);
    assert_keys(v, "name generation digest created builder licence measured spectra substances peaks techniques sources");
    assert_int_equal(json_integer_value(json_object_get(v, "spectra")), 146);
    assert_int_equal(json_array_size(json_object_get(v, "sources")), 4);
    json_decref(v);
    AUTO_OUTCOME text = run("library info @lib.h5");
    assert_says(text.out, "spectra     146 of ");
    AUTO_OUTCOME verify = run("library verify @lib.h5 @query.msp");
    assert_status(verify, 1);
    assert_says(verify.out, "lib.h5: good; generation ");
    assert_says(verify.err, "query.msp: this is no npswatch library");
    /* Traces do not fit MSP; the JCAMP-DX of all builds the same library again. */
    AUTO_OUTCOME msp = run("library export @lib.h5");
    assert_status(msp, 1);
    assert_says(msp.err, "entry 143: ");
    AUTO_OUTCOME jdx = run("library export --format jcamp-dx @lib.h5");
    assert_status(jdx, 0);
    put("export.jdx", jdx.out, strlen(jdx.out), "wb");
    AUTO_OUTCOME again = run("library build -o @again.h5 --quiet @export.jdx");
    assert_status(again, 0);
    AUTO_OUTCOME same = run("library diff @lib.h5 @again.h5");
    assert_status(same, 0);
    assert_string_equal(same.out, "0 entries gone, 0 added, 146 the same\n");
    AUTO_OUTCOME less = run("library build -o @less.h5 --quiet @library.msp");
    assert_status(less, 0);
    AUTO_OUTCOME diff = run("library diff @lib.h5 @less.h5");
    assert_says(diff.out, "6 entries gone, 0 added, 140 the same\n");
    assert_says(diff.out, "- ir\t");
}

static void what_is_not_public_is_not_exported(void **state)
{
    (void)state;
    static const struct {
        const char *options, *export;
        bool out;
    } cases[] = {
        {"--visibility public", "", true},           {"--visibility members", "", false},
        {"--visibility members", "--members ", true}, {"--visibility match-only", "--members ", false},
        {"--embargo 2999-01-01", "--members ", false}, {"--embargo 2000-01-01", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[200];
        snprintf(line, sizeof line, "library build -o @secret.h5 --quiet %s @query.msp", cases[i].options);
        AUTO_OUTCOME b = run(line);
        assert_status(b, 0);
        snprintf(line, sizeof line, "library export %s@secret.h5", cases[i].export);
        AUTO_OUTCOME e = run(line);
        assert_status(e, 0);
        assert_int_equal(*e.out != '\0', cases[i].out);
        assert_int_equal(strstr(e.err, "3 entries withheld") != NULL, !cases[i].out);
    }
}

static void an_own_calibration_is_made_and_used(void **state)
{
    (void)state;
    char file[400];
    size_t len;
    AUTO_OUTCOME c = run("calibrate --library @lib.h5 --queries @own.msp --truth @truth.tsv -o @cal.json");
    assert_status(c, 0);
    assert_says(c.out, "ei: 70 replicates, 70 substances\n  7 sparse: coverage 0.95 rests on the threshold ");
    assert_says(c.out, "\n  63 rich: coverage 0.95 rests on the threshold ");
    assert_says(c.out, ", at most that of all kinds, replicate 3 of 70 from below: 0.");
    assert_says(c.out, "coefficients: of the ruleset; fitting them needs 100 substances of a mass technique");
    assert_says(c.out, "no drift: ");
    assert_says(c.out, "few: below 100 replicates the coverage is only roughly known");
    assert_says(c.out, "cal.svg before you use ");
    char *svg = nps_slurp(in_dir(file, "cal.svg"), &len);
    assert_non_null(svg);
    assert_says(svg, "Reliability on own replicates, library lib</text>");
    assert_says(svg, "ei: 140 answers about replicates that nothing was fitted on");
    free(svg);
    AUTO_OUTCOME o = run("identify --library @lib.h5 --json --calibration @cal.json @query.msp");
    assert_status(o, 0);
    json_t *v = line_of(o.out, 0), *cal = json_object_get(v, "calibration");
    assert_string_equal(text_of(cal, "source"), "own");
    assert_int_equal(json_integer_value(json_object_get(cal, "pairs")), 70);
    assert_int_equal(json_array_size(json_object_get(cal, "doubts")), 0);
    json_decref(v);
    AUTO_OUTCOME bad = run("identify --library @lib.h5 --calibration @query.msp @query.msp");
    assert_status(bad, 1);
    assert_says(bad.err, "query.msp: line 1");
}

static void a_calibration_is_summed_up_for_machines(void **state)
{
    (void)state;
    char file[400];
    size_t len;
    AUTO_OUTCOME c = run("calibrate --library @lib.h5 --queries @own.msp --truth @truth.tsv -o @sum --diagram @elsewhere.svg --json");
    assert_status(c, 0);
    assert_int_equal(lines_of(c.out), 1);
    json_t *v = line_of(c.out, 0), *ei = json_object_get(json_object_get(v, "techniques"), "ei");
    assert_keys(v, "calibration diagram library ruleset techniques without_truth left_out");
    assert_keys(ei, "pairs substances kinds few answers loss_before loss_after "
                    "gap_right_before gap_known_before gap_right_after gap_known_after refitted drift drift_p");
    assert_int_equal(json_integer_value(json_object_get(ei, "pairs")), 70);
    json_t *rich = json_object_get(json_object_get(ei, "kinds"), "rich");
    assert_keys(rich, "pairs threshold_of rank threshold coverage_low coverage_high");
    assert_int_equal(json_integer_value(json_object_get(rich, "pairs")), 63);
    assert_string_equal(text_of(rich, "threshold_of"), "any");
    assert_int_equal(json_integer_value(json_object_get(rich, "rank")), 3);
    assert_int_equal(json_integer_value(json_object_get(ei, "answers")), 140);
    assert_true(json_is_true(json_object_get(ei, "few")) && json_is_false(json_object_get(ei, "drift")));
    assert_true(json_is_false(json_object_get(ei, "refitted")) && json_is_null(json_object_get(ei, "loss_after")));
    json_decref(v);
    char *svg = nps_slurp(in_dir(file, "elsewhere.svg"), &len);
    assert_non_null(svg);
    free(svg);
    assert_null(nps_slurp(in_dir(file, "sum.svg"), &len));
}

static void a_calibration_of_another_generation_is_used_and_doubted(void **state)
{
    (void)state;
    AUTO_OUTCOME b = run("library build -o @other.h5 --name other --quiet @library.msp");
    AUTO_OUTCOME c = run("calibrate --library @other.h5 --queries @own.msp --truth @truth.tsv -o @other.json");
    AUTO_OUTCOME o = run("identify --library @lib.h5 --json --calibration @other.json @query.msp");
    assert_status(b, 0);
    assert_status(c, 0);
    assert_status(o, 0);
    json_t *v = line_of(o.out, 0), *cal = json_object_get(v, "calibration"), *doubts = json_object_get(cal, "doubts");
    assert_string_equal(text_of(cal, "source"), "own");
    assert_int_equal(json_array_size(doubts), 1);
    assert_says(json_string_value(json_array_get(doubts, 0)), "the library has changed since the calibration was made");
    json_decref(v);
    AUTO_OUTCOME text = run("identify --library @lib.h5 --calibration @other.json @query.msp");
    assert_says(text.out, "the library has changed since");
}

static void what_cannot_calibrate_is_told(void **state)
{
    (void)state;
    char file[400];
    size_t len;
    static const char other[] = "query_id\tstatus\tinchikey_block\nq0\tknown\tZZZZZZZZZZZZZZ\nq1\tnovel\t\nq2\tnovel\n";
    put("other.tsv", other, sizeof other - 1, "wb");
    AUTO_OUTCOME o = run("calibrate --library @lib.h5 --queries @own.msp --truth @other.tsv -o @nothing.json");
    assert_status(o, 1);
    assert_says(o.err, "no query could be used: 1 too poor or of a substance that the library lacks");
    assert_null(nps_slurp(in_dir(file, "nothing.json"), &len));
    static const char broken[] = "query_id\tstatus\tinchikey_block\nq0\tknown\t\n";
    put("broken.tsv", broken, sizeof broken - 1, "wb");
    AUTO_OUTCOME no_key = run("calibrate --library @lib.h5 --queries @own.msp --truth @broken.tsv -o @nothing.json");
    assert_status(no_key, 1);
    assert_says(no_key.err, "line 2, byte 31: truth line without its columns");
    AUTO_OUTCOME few = run("calibrate --library @lib.h5 --queries @query.msp --truth @truth.tsv -o @three.json");
    assert_status(few, 0);
    assert_says(few.out, "too few for coverage 0.95: nothing can be excluded");
    AUTO_OUTCOME used = run("identify --library @lib.h5 --json --calibration @three.json @query.msp");
    assert_status(used, 0);
    assert_says(used.out, "\"doubts\":[\"there are too few replicate pairs to exclude anything at this error rate\"]");
}

static void the_coefficients_can_be_read_without_the_source(void **state)
{
    (void)state;
    AUTO_OUTCOME text = run("calibrate --show");
    AUTO_OUTCOME json = run("calibrate --show --json");
    assert_status(text, 0);
    assert_status(json, 0);
    assert_says(text.out, "ei: fitted on replicates of 638 compounds");
    assert_says(text.out, "ir: set by hand, for lack of replicates");
    assert_says(text.out, "signal that the reference lacks");
    assert_int_equal(lines_of(json.out), 5);
    for (size_t i = 0; i < 5; i++) {
        json_t *v = line_of(json.out, i), *list = json_object_get(v, "features");
        assert_keys(v, "ruleset technique provenance intercept features known novelty room uncalibrated");
        assert_true(json_array_size(list) > 0);
        for (size_t k = 0; k < json_array_size(list); k++) {
            json_t *one = json_array_get(list, k);
            assert_keys(one, "name pro con weight sign typical of_query");
            double weight = json_number_value(json_object_get(one, "weight"));
            assert_true(weight * (double)json_integer_value(json_object_get(one, "sign")) >= 0);
            assert_says(text.out, text_of(one, "name"));
        }
        json_decref(v);
    }
    AUTO_OUTCOME with = run("calibrate --show --library @lib.h5");
    assert_status(with, 2);
    assert_says(with.err, "--show goes with --json only");
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "identify --library @lib.h5 --json @query.msp",
        "identify --library @lib.h5 --sample @query.msp",
        "search --library @lib.h5 @query.msp",
        "convert --to msp @query.msp -",
        "library info @lib.h5",
        "library verify @lib.h5",
        "library export --format jcamp-dx @lib.h5",
        "library diff @lib.h5 @lib.h5",
        "library build -o @full.h5 --quiet @query.msp",
        "calibrate --library @lib.h5 --queries @own.msp --truth @truth.tsv -o @cal2.json",
        "calibrate --library @lib.h5 --queries @own.msp --truth @truth.tsv -o /dev/full",
        "identify --help",
        "--version",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        AUTO_OUTCOME o = run_with(NULL, "/dev/full", lines[i]);
        if (o.status != 1)
            print_error("%s\n", lines[i]);
        assert_status(o, 1);
        assert_says(o.err, "npswatch: ");
        assert_says(o.err, "cannot be written");
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_helps),
        cmocka_unit_test(wrong_usage_exits_2_with_a_hint),
        cmocka_unit_test(identify_gives_a_verdict_a_line_with_the_documented_keys),
        cmocka_unit_test(a_sample_gets_one_joint_verdict),
        cmocka_unit_test(a_report_is_written_beside),
        cmocka_unit_test(a_bad_file_among_good_ones_is_named_and_the_others_done),
        cmocka_unit_test(search_lists_hits_by_each_similarity),
        cmocka_unit_test(a_spectrum_that_a_search_cannot_take_does_not_stop_the_others),
        cmocka_unit_test(convert_round_trips),
        cmocka_unit_test(a_library_is_built_from_a_folder_and_from_an_archive_with_a_table_of_metadata),
        cmocka_unit_test(faults_of_archives_and_tables_are_named_and_give_status_1),
        cmocka_unit_test(convert_prepares_the_traces_of_a_folder),
        cmocka_unit_test(a_library_is_described_verified_exported_and_compared),
        cmocka_unit_test(what_is_not_public_is_not_exported),
        cmocka_unit_test(an_own_calibration_is_made_and_used),
        cmocka_unit_test(a_calibration_is_summed_up_for_machines),
        cmocka_unit_test(a_calibration_of_another_generation_is_used_and_doubted),
        cmocka_unit_test(what_cannot_calibrate_is_told),
        cmocka_unit_test(the_coefficients_can_be_read_without_the_source),
        cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
