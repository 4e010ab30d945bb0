#include "service/sources.h"
#include "core/mem.h"
#include "tests/support/zip_file.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[256];

#define NAMED "Name: one\nNum Peaks: 2\n41 100\n55 20\n\n"
#define UNNAMED "41 100\n55 20\n77 999\n91 5\n"
#define BROKEN "Name: broken\nNum Peaks: 2\n41 100\nxx yy\n\n"

/* --- files ------------------------------------------------------------------------------------------------------------- */

static const char *at(const char *name)
{
    static char path[8][600];
    static unsigned next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void folder(const char *name)
{
    assert_int_equal(mkdir(at(name), 0700), 0);
}

static void file(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "wb");
    assert_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* --- walking ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    char log[4000]; /* a line a spectrum: relative path, file, record, name */
    char done[2000];
    char *err;      /* what was said on standard error */
    size_t failed;
    nps_status st;
} walked;

static nps_status take(void *arg, const nps_source *from, nps_spectrum **s, nps_err *err)
{
    walked *w = arg;
    size_t n = strlen(w->log);
    (void)err;
    assert_non_null(strstr(from->name, from->relative));
    snprintf(w->log + n, sizeof w->log - n, "%s %zu %zu %s\n", from->relative, from->file, from->record,
             (*s)->text[NPS_TEXT_NAME] ? (*s)->text[NPS_TEXT_NAME] : "(none)");
    return NPS_OK;
}

static nps_status done(void *arg, const char *name, const void *data, size_t len, nps_err *err)
{
    walked *w = arg;
    size_t n = strlen(w->done);
    (void)err;
    assert_true(data || !len);
    snprintf(w->done + n, sizeof w->done - n, "%s\n", strrchr(name, '/') + 1);
    return NPS_OK;
}

static walked walk_with(const nps_read_limits *limits, const char *const *names, int n)
{
    walked w = {0};
    char *paths[8];
    nps_err err = {0};
    for (int i = 0; i < n; i++) {
        paths[i] = strdup(at(names[i]));
        assert_non_null(paths[i]);
    }
    fflush(stderr);
    int keep = dup(STDERR_FILENO);
    FILE *to = fopen(at(".stderr"), "wb");
    assert_true(keep >= 0 && to && dup2(fileno(to), STDERR_FILENO) >= 0);
    nps_source_visitor v = {take, done, &w};
    w.st = nps_sources_walk(paths, n, limits, &v, &w.failed, &err);
    fflush(stderr);
    assert_true(dup2(keep, STDERR_FILENO) >= 0);
    close(keep);
    fclose(to);
    size_t len;
    w.err = nps_slurp(at(".stderr"), &len);
    assert_ok(w.st, &err);
    for (int i = 0; i < n; i++)
        free(paths[i]);
    return w;
}

static walked walk(const char *name)
{
    nps_read_limits limits = nps_read_limits_for_library();
    return walk_with(&limits, &name, 1);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("'%s' is not in:\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

/* --- tests -------------------------------------------------------------------------------------------------------------- */

static void names_lose_their_folders_and_extensions(void **state)
{
    (void)state;
    static const struct {
        const char *path, *base, *stem;
    } cases[] = {
        {"own/lab/cocaine.spa", "cocaine.spa", "own/lab/cocaine"},
        {"own/", "own", "own/"},
        {"/", "/", "/"},
        {"a.msp.gz", "a.msp.gz", "a"},
        {"a.gz", "a.gz", "a"},
        {"heroin.0", "heroin.0", "heroin"},
        {"4-MMC 2.5 mg", "4-MMC 2.5 mg", "4-MMC 2.5 mg"},
        {"v1.longextension", "v1.longextension", "v1.longextension"},
        {"v1.eightlet", "v1.eightlet", "v1"},
        {"noext", "noext", "noext"},
        {".jdx", ".jdx", ".jdx"},
        {"dir.d/x", "x", "dir.d/x"},
        {"dir/.x", ".x", "dir/.x"},
        {"end.", "end.", "end."},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_span base = nps_source_base(nps_span_of(cases[i].path)), stem = nps_source_stem(nps_span_of(cases[i].path));
        assert_int_equal(base.n, strlen(cases[i].base));
        assert_memory_equal(base.p, cases[i].base, base.n);
        if (stem.n != strlen(cases[i].stem))
            print_error("%s\n", cases[i].path);
        assert_int_equal(stem.n, strlen(cases[i].stem));
        assert_memory_equal(stem.p, cases[i].stem, stem.n);
    }
}

static void a_folder_is_walked_in_byte_order_and_strangers_are_summed_up(void **state)
{
    (void)state;
    folder("own");
    folder("own/a");
    folder("own/.hidden");
    folder("own/empty");
    file("own/a/z.msp", NAMED NAMED);
    file("own/a.csv", UNNAMED);
    file("own/B.msp", NAMED);
    file("own/.x.msp", NAMED);
    file("own/.hidden/x.msp", NAMED);
    file("own/notes.pdf", "%PDF-1.7");
    file("own/a/more.pdf", "%PDF-1.7");
    file("own/nothing.spa", "");
    file("own/readme.txt", "Dear colleague,\nthis is our library.\n");
    file("own/b.zip", "PK\003\004");
    assert_int_equal(symlink("a", at("own/link")), 0);
    assert_int_equal(symlink("../own/B.msp", at("own/zlink.msp")), 0);
    assert_int_equal(mkfifo(at("own/pipe"), 0600), 0);
    walked w = walk("own");
    assert_int_equal(w.failed, 0);
    assert_string_equal(w.log, "B.msp 1 1 one\na/z.msp 3 1 one\na/z.msp 3 2 one\na.csv 4 1 a\nzlink.msp 9 1 one\n");
    assert_string_equal(w.done, "B.msp\nmore.pdf\nz.msp\na.csv\nb.zip\nnotes.pdf\nnothing.spa\nreadme.txt\nzlink.msp\n");
    assert_says(w.err, "own: 2 files that are no spectra, for example 'a/more.pdf': a PDF document\n");
    assert_says(w.err, "own: 1 file that is no spectrum, for example 'nothing.spa': an empty file\n");
    assert_says(w.err, "own: 1 file that is no spectrum, for example 'readme.txt': none of the formats read here\n");
    assert_says(w.err, "own: 1 file that is no spectrum, for example 'b.zip': a zip archive (unpack it first)");
    free(w.err);
}

static void broken_files_in_a_folder_are_failures(void **state)
{
    (void)state;
    folder("faulty");
    file("faulty/bad.msp", BROKEN NAMED);
    file("faulty/cut.gz", "\x1f\x8b\x08");
    assert_int_equal(symlink("nowhere", at("faulty/dangling")), 0);
    walked w = walk("faulty");
    assert_int_equal(w.failed, 3);
    assert_string_equal(w.log, "bad.msp 1 2 one\n");
    assert_says(w.err, "faulty/bad.msp: line 4");
    assert_says(w.err, "faulty/cut.gz: ");
    assert_says(w.err, "faulty/dangling: cannot be opened");
    free(w.err);
}

static void folders_are_walked_sixteen_deep(void **state)
{
    (void)state;
    char path[300] = "deep";
    folder(path);
    for (unsigned i = 1; i <= 17; i++) {
        size_t n = strlen(path);
        snprintf(path + n, sizeof path - n, "/%u", i);
        folder(path);
        n = strlen(path);
        snprintf(path + n, sizeof path - n, "/x.msp");
        file(path, NAMED);
        path[n] = '\0';
    }
    walked w = walk("deep");
    assert_int_equal(w.failed, 1);
    assert_says(w.log, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/x.msp 1 1 one\n");
    assert_says(w.err, "/16/17: lies more than 16 folders deep and is not looked into");
    free(w.err);
}

static void a_folder_or_archive_without_spectra_is_a_failure(void **state)
{
    (void)state;
    folder("pictures");
    file("pictures/a.png", "\x89PNG");
    folder("bare");
    const zip_member m = {"word/document.xml", "<?xml version='1.0'?>", 21, NULL, false};
    assert_true(zip_write(at("letter.docx"), &m, 1));
    static const char *const names[] = {"pictures", "bare", "letter.docx"};
    for (size_t i = 0; i < 3; i++) {
        walked w = walk(names[i]);
        assert_int_equal(w.failed, 1);
        assert_says(w.err, "there is no file of spectra in it");
        free(w.err);
    }
}

static void a_single_file_that_is_no_spectrum_is_a_failure_still(void **state)
{
    (void)state;
    file("lone.pdf", "%PDF-1.7");
    file("void.msp", "");
    file("x.msp", NAMED);
    file("y.csv", UNNAMED);
    static const char *const names[] = {"lone.pdf", "void.msp", "absent.msp", "x.msp", "y.csv"};
    nps_read_limits limits = nps_read_limits_for_library();
    walked w = walk_with(&limits, names, 5);
    assert_int_equal(w.failed, 3);
    assert_string_equal(w.log, "x.msp 3 1 one\ny.csv 4 1 y\n");
    assert_says(w.err, "lone.pdf: this is a PDF document");
    assert_says(w.err, "void.msp: line 1, byte 0: the file is empty");
    assert_says(w.err, "absent.msp: cannot be opened");
    free(w.err);
}

static void a_zip_archive_is_walked_like_a_folder(void **state)
{
    (void)state;
    const zip_member m[] = {{"lab/b.csv", UNNAMED, sizeof UNNAMED - 1, NULL, false},
                            {"lab/", NULL, 0, NULL, false},
                            {"a.msp", BROKEN NAMED, sizeof(BROKEN NAMED) - 1, NULL, false},
                            {"../../etc/c\n.msp", NAMED, sizeof NAMED - 1, NULL, true},
                            {"win\\d.csv", UNNAMED, sizeof UNNAMED - 1, NULL, false},
                            {"inner.zip", "PK\003\004", 4, NULL, true},
                            {"x.pdf", "%PDF-", 5, NULL, true},
                            {"secret.msp", NAMED, sizeof NAMED - 1, "password", false}};
    if (!zip_write(at("own.zip"), m, 8)) {
        print_message("skipped: this zip library cannot encrypt\n");
        skip();
    }
    walked w = walk("own.zip");
    assert_int_equal(w.failed, 2);
    /* A path that leads out of the archive is hidden, by its dots, and led nowhere anyway. */
    assert_string_equal(w.log, "a.msp 1 2 one\nlab/b.csv 3 1 b\nwin/d.csv 4 1 d\n");
    assert_string_equal(w.done, "own.zip\n");
    assert_says(w.err, "own.zip:a.msp: line 4");
    assert_says(w.err, "own.zip:secret.msp: the member is encrypted");
    assert_says(w.err, "own.zip: 1 file that is no spectrum, for example 'inner.zip': a zip archive");
    assert_says(w.err, "for example 'x.pdf': a PDF document");
    free(w.err);
}

static void names_in_archives_are_shown_without_control_bytes(void **state)
{
    (void)state;
    /* What is no UTF-8 text is CP437 in the format, which has a picture for every byte. */
    const zip_member m[] = {{"a\033[2J.csv", UNNAMED, sizeof UNNAMED - 1, NULL, false},
                            {"b\n.csv", UNNAMED, sizeof UNNAMED - 1, NULL, false}};
    assert_true(zip_write(at("odd.zip"), m, 2));
    walked w = walk("odd.zip");
    assert_int_equal(w.failed, 0);
    assert_string_equal(w.log, "a\xe2\x86\x90[2J.csv 1 1 a\xe2\x86\x90[2J\nb?.csv 2 1 b?\n");
    free(w.err);
}

static void an_archive_over_the_limits_is_read_no_further(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    NPS_AUTO_MEM(char *) blanks = nps_array(SIZE, 1);
    memset(blanks, '\n', SIZE);
    const zip_member m[] = {{"a.msp", NAMED, sizeof NAMED - 1, NULL, true}, {"b", blanks, SIZE, NULL, true},
                            {"c.msp", NAMED, sizeof NAMED - 1, NULL, true}};
    assert_true(zip_write(at("large.zip"), m, 3));
    nps_read_limits limits = nps_read_limits_for_library();
    limits.max_bytes = SIZE + 1000; /* of the archive itself, too */
    const char *name = "large.zip";
    walked w = walk_with(&limits, &name, 1);
    assert_int_equal(w.failed, 0);
    free(w.err);
    const zip_member packed[] = {m[0], {"b", blanks, SIZE, NULL, false}, m[2]};
    assert_true(zip_write(at("large.zip"), packed, 3));
    limits.max_bytes = SIZE;
    limits.max_gzip_ratio = 1e6;
    w = walk_with(&limits, &name, 1);
    assert_int_equal(w.failed, 1);
    assert_string_equal(w.log, "a.msp 1 1 one\n");
    assert_says(w.err, "large.zip:b: the archive inflates to more than the limit of 1048576 bytes");
    free(w.err);
    file("torn.zip", "PK\003\004 and no more");
    w = walk("torn.zip");
    assert_int_equal(w.failed, 1);
    assert_says(w.err, "torn.zip: the zip archive is damaged");
    free(w.err);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    return 0;
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lose_their_folders_and_extensions),
        cmocka_unit_test(a_folder_is_walked_in_byte_order_and_strangers_are_summed_up),
        cmocka_unit_test(broken_files_in_a_folder_are_failures),
        cmocka_unit_test(folders_are_walked_sixteen_deep),
        cmocka_unit_test(a_folder_or_archive_without_spectra_is_a_failure),
        cmocka_unit_test(a_single_file_that_is_no_spectrum_is_a_failure_still),
        cmocka_unit_test(a_zip_archive_is_walked_like_a_folder),
        cmocka_unit_test(names_in_archives_are_shown_without_control_bytes),
        cmocka_unit_test(an_archive_over_the_limits_is_read_no_further),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
