#include "reference-lib/backing.h"
#include "reference-lib/digest.h"
#include "reference-lib/layout.h"
#include "reference-lib/library_h5.h"
#include "tests/support/synth.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* libhdf5 1.10.8 loses memory when it refuses damaged metadata; LeakSanitizer asks for this function by its name. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\n";
}

static char dir[256], path[300];
static synth_set set; /* what is in the file at `path` */

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    snprintf(path, sizeof path, "%s/lib.h5", dir);
    set = synth_library(&(synth_plan){
        .seed = nps_test_seed(), .substances = 6, .labs = 2, .noise = 0.1, .ei = true, .msms = true, .ir = true});
    nps_err err;
    assert_ok(nps_library_publish(set.lib, path, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    synth_set_done(&set);
    return 0;
}

static nps_library *open_good(const char *file, nps_open_mode mode)
{
    nps_library *lib = NULL;
    nps_err err = {0};
    assert_ok(nps_library_open(file, mode, &lib, &err), &err);
    return lib;
}

/* Fails unless opening is refused as damage, with words; gives the message. */
static const char *refusal(const char *file, nps_open_mode mode, const char *what)
{
    static nps_err err;
    nps_library *lib = NULL;
    err = (nps_err){0};
    nps_status st = nps_library_open(file, mode, &lib, &err);
    if (st != NPS_E_CORRUPT && st != NPS_E_FORMAT && st != NPS_E_UNSUPPORTED)
        print_error("%s: %s %s\n", what, nps_status_name(st), err.msg);
    assert_true(st == NPS_E_CORRUPT || st == NPS_E_FORMAT || st == NPS_E_UNSUPPORTED);
    assert_null(lib);
    assert_int_equal(err.code, st);
    assert_true(strlen(err.msg) > 10);
    return err.msg;
}

static size_t count_files(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* --- round trip ---------------------------------------------------------------------------------------------------- */

static void assert_same_library(const nps_library *a, const nps_library *b)
{
    for (size_t i = 0; i < nps_layout_n; i++) {
        const nps_array_row *row = &nps_layout[i];
        uint64_t n = nps_layout_cells(a, row);
        assert_int_equal(n, nps_layout_cells(b, row));
        if (n && memcmp(nps_layout_array(a, row), nps_layout_array(b, row), n * nps_cell_size(row->cell)) != 0) {
            print_error("%s differs\n", row->path);
            fail();
        }
    }
    assert_string_equal(a->generation, b->generation);
    assert_string_equal(a->created, b->created);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->builder, b->builder);
    assert_string_equal(a->licence, b->licence);
    assert_int_equal(a->generated, b->generated);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        assert_int_equal(a->calibration[t].source, b->calibration[t].source);
        assert_int_equal(a->calibration[t].n, b->calibration[t].n);
    }
}

static void a_library_comes_back_from_its_file_in_every_array(void **state)
{
    (void)state;
    NPS_AUTO_LIBRARY lib = open_good(path, NPS_OPEN_VERIFY);
    assert_same_library(set.lib, lib);
    assert_int_equal(lib->n_entry, 36);
    assert_int_equal(lib->n_substance, 6);
    for (size_t i = 0; i < nps_layout_n; i++)
        assert_int_equal((uintptr_t)nps_layout_array(lib, &nps_layout[i]) % nps_cell_size(nps_layout[i].cell), 0);
}

static void a_library_of_one_bare_spectrum_comes_back(void **state)
{
    (void)state;
    char file[320];
    const double mz[] = {58};
    const float y[] = {1};
    snprintf(file, sizeof file, "%s/bare.h5", dir);
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 1);
    synth_add(b, s);
    NPS_AUTO_LIBRARY made = synth_finish(b);
    nps_err err;
    assert_ok(nps_library_publish(made, file, &err), &err);
    NPS_AUTO_LIBRARY lib = open_good(file, NPS_OPEN_VERIFY);
    assert_same_library(made, lib);
}

/* Every field of a spectrum filled. */
static nps_spectrum *full_spectrum(void)
{
    const double mz[] = {41.0386, 77.0386, 105.0335};
    const float y[] = {0.1F, 3.3333333F, 1e6F};
    nps_spectrum *s = synth_peaks(NPS_TECH_MSMS, 182.0812, mz, y, 3);
    nps_err err;
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++) {
        char text[64];
        snprintf(text, sizeof text, "\xC3\xA9 %s \"of\" <it>", nps_text_field_name((nps_text_field)f));
        synth_text(s, (nps_text_field)f, text);
    }
    synth_text(s, NPS_TEXT_INCHIKEY, synth_inchikey(7));
    assert_ok(nps_spectrum_add_synonym(s, NPS_SPAN("first synonym"), &err), &err);
    assert_ok(nps_spectrum_add_synonym(s, NPS_SPAN("second"), &err), &err);
    assert_ok(nps_spectrum_add_meta(s, NPS_SPAN("Splash10"), NPS_SPAN("splash10-000i"), &err), &err);
    assert_ok(nps_spectrum_add_meta(s, NPS_SPAN("Splash10"), NPS_SPAN("again"), &err), &err);
    s->exact_mass = 181.07389;
    s->nominal_mass = 181;
    s->retention_index = 1432.5;
    s->retention_time_s = 301.25;
    s->polarity = -1;
    return s;
}

static void an_entry_comes_back_with_all_its_metadata(void **state)
{
    (void)state;
    char file[320];
    snprintf(file, sizeof file, "%s/full.h5", dir);
    NPS_AUTO(nps_spectrum) s = full_spectrum();
    NPS_AUTO(nps_spectrum) got = NULL;
    nps_builder *b = synth_builder(NULL, NULL);
    synth_add(b, s);
    NPS_AUTO_LIBRARY made = synth_finish(b);
    nps_err err;
    assert_ok(nps_library_publish(made, file, &err), &err);
    NPS_AUTO_LIBRARY lib = open_good(file, NPS_OPEN_VERIFY);
    assert_ok(nps_library_spectrum(lib, 0, &got, &err), &err);
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++) {
        if (!got->text[f] || strcmp(got->text[f], s->text[f]) != 0)
            print_error("%s\n", nps_text_field_name((nps_text_field)f));
        assert_string_equal(got->text[f], s->text[f]);
    }
    assert_int_equal(got->n_synonym, 2);
    assert_string_equal(got->synonym[0], "first synonym");
    assert_string_equal(got->synonym[1], "second");
    assert_int_equal(got->n_meta, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(got->meta[i].key, s->meta[i].key);
        assert_string_equal(got->meta[i].value, s->meta[i].value);
    }
    assert_int_equal(got->technique, s->technique);
    assert_int_equal(got->polarity, -1);
    assert_int_equal(got->nominal_mass, 181);
    assert_true(got->precursor_mz == s->precursor_mz && got->exact_mass == s->exact_mass &&
                got->retention_index == s->retention_index && got->retention_time_s == s->retention_time_s);
    assert_int_equal(got->peaks.n, 3);
    assert_memory_equal(got->peaks.mz, s->peaks.mz, 3 * sizeof *s->peaks.mz);
    assert_memory_equal(got->peaks.intensity, s->peaks.intensity, 3 * sizeof *s->peaks.intensity);
    NPS_AUTO(nps_spectrum) none = NULL;
    assert_int_equal(nps_library_spectrum(lib, 1, &none, &err), NPS_E_NOT_FOUND);
    assert_null(none);
}

static void a_trace_comes_back_on_the_common_grid(void **state)
{
    (void)state;
    NPS_AUTO_LIBRARY lib = open_good(path, NPS_OPEN_VERIFY);
    nps_err err;
    size_t seen = 0;
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        const nps_trace *want = &set.s[e]->trace;
        NPS_AUTO(nps_spectrum) got = NULL;
        assert_ok(nps_library_spectrum(lib, e, &got, &err), &err);
        if (!want->n) {
            assert_int_equal(got->trace.n, 0);
            continue;
        }
        /* 500 to 3900 every 4 becomes 500 to 3900 every 2: every second point is one of the measured. */
        assert_true(got->trace.x0_cm1 == 500 && got->trace.dx_cm1 == 2);
        assert_int_equal(got->trace.n, 2 * want->n - 1);
        for (size_t i = 0; i < want->n; i++)
            assert_near((double)got->trace.y[2 * i], (double)want->y[i], 0, 1e-6);
        seen++;
    }
    assert_int_equal(seen, 12);
}

/* --- the mark of an earlier verification ------------------------------------------------------------------------------ */

static void write_at(const char *file, size_t at, const void *p, size_t n)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, p, n, (off_t)at), n);
    close(fd);
}

static unsigned char flip_at(const char *file, size_t at, unsigned char with)
{
    unsigned char c, changed;
    int fd = open(file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
    changed = c ^ with;
    assert_int_equal(pwrite(fd, &changed, 1, (off_t)at), 1);
    close(fd);
    return c;
}

static void copy_library(const char *to)
{
    size_t len;
    char *data = nps_slurp(path, &len);
    assert_non_null(data);
    FILE *f = fopen(to, "wb");
    assert_true(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
    free(data);
}

static ino_t inode(const char *file)
{
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    return st.st_ino;
}

static void the_mark_of_a_verification_is_left_and_used(void **state)
{
    (void)state;
    char file[320], mark[340];
    snprintf(file, sizeof file, "%s/marked.h5", dir);
    snprintf(mark, sizeof mark, "%s.verified", file);
    copy_library(file);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    ino_t first = inode(mark);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    assert_int_equal(inode(mark), first); /* believed, not made again */
    nps_library_release(open_good(file, NPS_OPEN_VERIFY));
    assert_int_not_equal(inode(mark), first);
    NPS_AUTO_LIBRARY lib = open_good(file, NPS_OPEN_TRUST_MARK);
    assert_same_library(set.lib, lib);
    assert_int_equal(strlen(lib->digest), 64);
}

static void the_mark_is_not_believed_when_file_or_mark_changed(void **state)
{
    (void)state;
    char file[320], mark[340];
    struct stat st;
    snprintf(file, sizeof file, "%s/changed.h5", dir);
    snprintf(mark, sizeof mark, "%s.verified", file);
    copy_library(file);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    assert_int_equal(stat(file, &st), 0);
    size_t at = (size_t)st.st_size - 100;
    unsigned char old = flip_at(file, at, 1);
    /* Same size, and the time of change put back: the time of the inode still tells. */
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
    refusal(file, NPS_OPEN_TRUST_MARK, "changed after verification");
    write_at(file, at, &old, 1);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    /* A mark with a wrong digest is as good as none. */
    size_t len;
    char *text = nps_slurp(mark, &len);
    assert_true(text && len > 10);
    flip_at(mark, len - 5, 1);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    char *again = nps_slurp(mark, &len);
    assert_string_equal(again, text);
    free(text);
    free(again);
}

static void a_folder_that_cannot_be_written_to_only_goes_without_mark(void **state)
{
    (void)state;
    char file[320], mark[340];
    snprintf(file, sizeof file, "%s/unmarked.h5", dir);
    snprintf(mark, sizeof mark, "%s.verified", file);
    copy_library(file);
    assert_int_equal(mkdir(mark, 0700), 0); /* stands in the way of the mark, also for root */
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    assert_int_equal(rmdir(mark), 0);
}

/* --- damage ------------------------------------------------------------------------------------------------------------- */

static void a_file_with_any_byte_changed_is_refused(void **state)
{
    (void)state;
    char file[320], what[64];
    struct stat st;
    snprintf(file, sizeof file, "%s/flipped.h5", dir);
    copy_library(file);
    assert_int_equal(stat(file, &st), 0);
    size_t size = (size_t)st.st_size, n = 0;
    for (size_t at = 0; at < size; at += at < 128 ? 1 : at < NPS_LIBRARY_HEADER_BYTES ? 97 : size / 600) {
        unsigned char old = flip_at(file, at, (unsigned char)(1u << n % 8));
        snprintf(what, sizeof what, "bit %zu of byte %zu", n % 8, at);
        refusal(file, NPS_OPEN_VERIFY, what);
        write_at(file, at, &old, 1);
        n++;
    }
    assert_true(n > 600);
    nps_library_release(open_good(file, NPS_OPEN_VERIFY));
}

static void a_file_cut_or_lengthened_is_refused(void **state)
{
    (void)state;
    char file[320], what[64];
    struct stat st;
    snprintf(file, sizeof file, "%s/cut.h5", dir);
    assert_int_equal(stat(path, &st), 0);
    size_t size = (size_t)st.st_size;
    for (int i = 0; i < 60; i++) {
        size_t n = i < 20 ? (size_t)i * 220 : size * (size_t)(i - 20) / 40;
        copy_library(file);
        assert_int_equal(truncate(file, (off_t)n), 0);
        snprintf(what, sizeof what, "cut to %zu bytes", n);
        refusal(file, NPS_OPEN_VERIFY, what);
    }
    copy_library(file);
    assert_int_equal(truncate(file, (off_t)size - 1), 0);
    assert_non_null(strstr(refusal(file, NPS_OPEN_VERIFY, "one byte less"), "cut or changed"));
    assert_int_equal(truncate(file, (off_t)size + 1), 0);
    refusal(file, NPS_OPEN_VERIFY, "one byte more");
}

static void other_files_are_refused_by_name(void **state)
{
    (void)state;
    char file[320];
    nps_err err;
    nps_library *lib = NULL;
    snprintf(file, sizeof file, "%s/schema.h5", dir);
    copy_library(file);
    write_at(file, 0, "npswatch library 5", 18);
    assert_int_equal(nps_library_open(file, NPS_OPEN_VERIFY, &lib, &err), NPS_E_UNSUPPORTED);
    assert_string_equal(err.msg, "library schema 5; this program reads schema 4: build the library again from its sources");
    write_at(file, 0, "Npswatch library 1", 18);
    assert_int_equal(nps_library_open(file, NPS_OPEN_VERIFY, &lib, &err), NPS_E_FORMAT);
    assert_string_equal(err.msg, "this is no npswatch library");
    assert_int_equal(nps_library_open(dir, NPS_OPEN_VERIFY, &lib, &err), NPS_E_FORMAT);
    assert_int_equal(nps_library_open("/dev/null", NPS_OPEN_VERIFY, &lib, &err), NPS_E_FORMAT);
    snprintf(file, sizeof file, "%s/absent.h5", dir);
    assert_int_equal(nps_library_open(file, NPS_OPEN_VERIFY, &lib, &err), NPS_E_NOT_FOUND);
    assert_null(lib);
}

/* Gives the file a header that fits its content, as somebody would who wants it believed. */
static void reseal(const char *file)
{
    size_t len;
    char *data = nps_slurp(file, &len), digest[NPS_DIGEST_HEX], header[NPS_LIBRARY_HEADER_BYTES] = {0};
    nps_err err;
    assert_non_null(data);
    assert_ok(nps_digest_tree(data + NPS_LIBRARY_HEADER_BYTES, len - NPS_LIBRARY_HEADER_BYTES, 1, digest, &err), &err);
    snprintf(header, sizeof header, "npswatch library %d\nsize %zu\nblake2b-256-tree-1MiB %s\n", NPS_LIBRARY_SCHEMA, len, digest);
    write_at(file, 0, header, sizeof header);
    free(data);
}

/* HDF5 sees these bytes: whatever it makes of them, there is no crash, and what is opened keeps every rule. */
static void damage_under_a_valid_digest_never_crashes(void **state)
{
    (void)state;
    char file[320];
    struct stat st;
    snprintf(file, sizeof file, "%s/resealed.h5", dir);
    copy_library(file);
    assert_int_equal(stat(file, &st), 0);
    size_t refused = 0, opened = 0;
    for (size_t at = NPS_LIBRARY_HEADER_BYTES; at < (size_t)st.st_size; at += (size_t)st.st_size / 400) {
        nps_library *lib = NULL;
        nps_err err;
        unsigned char old = flip_at(file, at, 0xFF);
        reseal(file);
        if (nps_library_open(file, NPS_OPEN_VERIFY, &lib, &err) == NPS_OK) {
            opened++;
            assert_ok(nps_layout_check(lib, &err), &err);
            nps_library_release(lib);
        } else {
            refused++;
        }
        write_at(file, at, &old, 1);
    }
    assert_true(refused > 50);
    assert_true(opened > 50);
}

/* Byte offset of a cell in the file of an open library. */
static size_t place_of(const nps_library *lib, const nps_array_row *row, uint64_t cell)
{
    return (size_t)((const char *)nps_layout_array(lib, row) - (const char *)lib->backing->map) +
           cell * nps_cell_size(row->cell);
}

static size_t encode(nps_cell cell, double v, unsigned char out[8])
{
    uint64_t u = v < 0 ? (uint64_t)(int64_t)v : isfinite(v) ? (uint64_t)v : 0;
    uint32_t u32 = (uint32_t)u;
    uint16_t u16 = (uint16_t)u;
    uint8_t u8 = (uint8_t)u;
    float f = (float)v;
    const void *from = cell == NPS_CELL_F64                             ? (const void *)&v
                       : cell == NPS_CELL_F32                           ? (const void *)&f
                       : cell == NPS_CELL_U64                           ? (const void *)&u
                       : cell == NPS_CELL_U32 || cell == NPS_CELL_I32 ? (const void *)&u32
                       : cell == NPS_CELL_U16                           ? (const void *)&u16
                                                                        : (const void *)&u8;
    memcpy(out, from, nps_cell_size(cell));
    return nps_cell_size(cell);
}

/* One value replaced under a valid digest: the refusal must name the dataset. */
static void assert_named(const char *file, const nps_array_row *row, uint64_t cell, double v)
{
    unsigned char bytes[8];
    nps_library *lib = open_good(path, NPS_OPEN_TRUST_MARK);
    size_t at = place_of(lib, row, cell);
    nps_library_release(lib);
    copy_library(file);
    write_at(file, at, bytes, encode(row->cell, v, bytes));
    reseal(file);
    char what[200];
    snprintf(what, sizeof what, "%s cell %llu set to %g", row->path, (unsigned long long)cell, v);
    const char *msg = refusal(file, NPS_OPEN_VERIFY, what);
    if (!strstr(msg, row->path))
        print_error("%s: %s\n", what, msg);
    assert_non_null(strstr(msg, row->path));
}

static void values_that_break_a_rule_under_a_valid_digest_are_refused_by_dataset(void **state)
{
    (void)state;
    char file[320];
    snprintf(file, sizeof file, "%s/broken.h5", dir);
    size_t checked = 0;
    for (size_t i = 0; i < nps_layout_n; i++) {
        const nps_array_row *row = &nps_layout[i];
        uint64_t n = nps_layout_cells(set.lib, row);
        if (!n || row->rule == NPS_RULE_NONE)
            continue;
        checked++;
        if (row->rule == NPS_RULE_TEXT || row->rule == NPS_RULE_BELOW) {
            uint64_t limit = *(const uint64_t *)(const void *)((const char *)set.lib + row->limit);
            assert_named(file, row, n - 1, (double)limit);
            assert_named(file, row, 0, 4294967295.0);
        } else if (row->rule == NPS_RULE_OFFSETS) {
            assert_named(file, row, 0, 1);
            assert_named(file, row, n - 1, 1e15);
            assert_named(file, row, n / 2, 1e15); /* the next one falls */
        } else {
            assert_named(file, row, n / 2, NAN);
            assert_named(file, row, n - 1, INFINITY);
            if (row->rule == NPS_RULE_ASCENDING)
                assert_named(file, row, n - 1, -1);
        }
    }
    assert_true(checked > 25);
}

static void what_the_general_rules_cannot_say_is_checked_too(void **state)
{
    (void)state;
    char file[320];
    static const struct {
        const char *dataset;
        int cell; /* from the end where negative */
        double v;
    } cases[] = {
        {"/text/heap", -1, 'x'},           /* the last text without its end */
        {"/peaks/mz", 1, 1},               /* falls within its row */
        {"/peaks/mz", 0, 0},
        {"/peaks/mz", 0, -5},
        {"/peaks/intensity", 3, 0},
        {"/peaks/intensity", -1, -1},
        {"/entry/technique", 2, NPS_TECH_COUNT},
        {"/entry/visibility", 2, NPS_VISIBLE_MATCH_ONLY + 1},
        {"/calibration/source", 1, NPS_CALIBRATION_OWN + 1},
        {"/calibration/conformity", 1, -2000}, /* falls within its technique */
        {"/calibration/kind", 0, NPS_KIND_COUNT},
        /* Searches write where rows and groups point. */
        {"/index/ei/row", 0, 65535},
        {"/index/fragment/row", -1, 65535},
        {"/index/loss/row", 3, 65535},
        {"/index/lag/group", 2, 512},
        {"/index/lag/group", 0, 511},       /* falls within its row */
        {"/index/lag/code", 1, 128},
        {"/index/clean/mz", 1, 1},          /* falls within its row */
        {"/index/clean/mz", 0, 0},
        {"/index/clean/intensity", -1, 0},
        {"/index/clean/weight", 2, -1},
        {"/index/fragment/key", -1, 5},     /* falls within its shard */
        {"/index/loss/key", 7, 0},
        {"/ir/entry", 1, 0},                /* traces by entry */
        {"/index/ir/range", 1, 1802},
        {"/ir/absorbance", 300, INFINITY},  /* NaN has a meaning there, infinity has none */
    };
    snprintf(file, sizeof file, "%s/special.h5", dir);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (size_t i = 0; i < nps_layout_n; i++)
            if (strcmp(nps_layout[i].path, cases[k].dataset) == 0) {
                int cell = cases[k].cell;
                uint64_t n = nps_layout_cells(set.lib, &nps_layout[i]);
                assert_named(file, &nps_layout[i], cell < 0 ? n - (uint64_t)-cell : (uint64_t)cell, cases[k].v);
            }
}

/* --- publishing ------------------------------------------------------------------------------------------------------------- */

static nps_library *small_library(unsigned substances)
{
    synth_set s = synth_library(&(synth_plan){.seed = 5, .substances = substances, .labs = 1, .ei = true});
    nps_library *lib = nps_library_acquire(s.lib);
    synth_set_done(&s);
    return lib;
}

static void publishing_over_an_open_library_leaves_its_readers_alone(void **state)
{
    (void)state;
    char file[320];
    nps_err err;
    snprintf(file, sizeof file, "%s/replaced.h5", dir);
    copy_library(file);
    NPS_AUTO_LIBRARY reader = open_good(file, NPS_OPEN_TRUST_MARK);
    NPS_AUTO_LIBRARY other = small_library(3);
    assert_ok(nps_library_publish(other, file, &err), &err);
    assert_same_library(set.lib, reader);
    NPS_AUTO_LIBRARY now = open_good(file, NPS_OPEN_TRUST_MARK);
    assert_same_library(other, now);
    assert_string_not_equal(now->generation, reader->generation);
}

static void publishing_leaves_nothing_but_the_library(void **state)
{
    (void)state;
    char folder[300], file[340];
    nps_err err;
    snprintf(folder, sizeof folder, "%s/clean", dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(file, sizeof file, "%s/lib.h5", folder);
    NPS_AUTO_LIBRARY lib = small_library(3);
    for (int i = 0; i < 3; i++)
        assert_ok(nps_library_publish(lib, file, &err), &err);
    assert_int_equal(count_files(folder), 1);
    nps_library_release(open_good(file, NPS_OPEN_TRUST_MARK));
    assert_int_equal(count_files(folder), 2); /* and its mark */
}

static void a_place_that_cannot_be_written_to_is_an_io_error_and_leaves_nothing(void **state)
{
    (void)state;
    char folder[300], file[340];
    nps_err err = {0};
    NPS_AUTO_LIBRARY lib = small_library(2);
    snprintf(file, sizeof file, "%s/no such folder/lib.h5", dir);
    assert_int_equal(nps_library_publish(lib, file, &err), NPS_E_IO);
    assert_true(strlen(err.msg) > 10);
    assert_int_equal(nps_library_publish(lib, "/proc/lib.h5", &err), NPS_E_IO);
    /* A folder stands where the library should go: the rename fails after all else went well. */
    snprintf(folder, sizeof folder, "%s/occupied", dir);
    snprintf(file, sizeof file, "%s/lib.h5", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_int_equal(nps_library_publish(lib, file, &err), NPS_E_IO);
    assert_int_equal(count_files(folder), 1);
    if (geteuid() != 0) {
        assert_int_equal(rmdir(file), 0);
        assert_int_equal(chmod(folder, 0500), 0);
        assert_int_equal(nps_library_publish(lib, file, &err), NPS_E_IO);
        assert_int_equal(chmod(folder, 0700), 0);
        assert_int_equal(count_files(folder), 0);
    }
}

/* A second process swaps two libraries while this one opens: each opening sees one or the other, whole. */
static void a_reader_sees_the_old_library_or_the_new_one_never_a_part(void **state)
{
    (void)state;
    char a[320], b[320], swap[320], live[320];
    nps_err err = {0};
    snprintf(a, sizeof a, "%s/a.h5", dir);
    snprintf(b, sizeof b, "%s/b.h5", dir);
    snprintf(swap, sizeof swap, "%s/swap.h5", dir);
    snprintf(live, sizeof live, "%s/live.h5", dir);
    copy_library(a);
    copy_library(live);
    NPS_AUTO_LIBRARY other = small_library(40);
    assert_ok(nps_library_publish(other, b, &err), &err);
    pid_t child = fork();
    assert_true(child >= 0);
    for (int i = 0; child == 0; i++)
        if (link(i % 2 ? a : b, swap) != 0 || rename(swap, live) != 0 || usleep(15000) != 0)
            _exit(1);
    nps_status st = NPS_OK;
    bool whole = true;
    size_t seen[2] = {0};
    for (int i = 0; i < 250 && st == NPS_OK && whole; i++) {
        nps_library *lib = NULL;
        st = nps_library_open(live, NPS_OPEN_TRUST_MARK, &lib, &err);
        if (st != NPS_OK)
            break;
        bool is_other = strcmp(lib->generation, other->generation) == 0;
        whole = is_other ? lib->n_entry == other->n_entry
                         : strcmp(lib->generation, set.lib->generation) == 0 && lib->n_entry == set.lib->n_entry;
        seen[is_other]++;
        nps_library_release(lib);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_ok(st, &err);
    assert_true(whole);
    assert_true(seen[0] && seen[1]);
}

/* --- who may see peaks -------------------------------------------------------------------------------------------------------- */

static void peaks_are_open_when_public_and_the_embargo_is_over(void **state)
{
    (void)state;
    static const struct {
        nps_visibility v;
        const char *embargo, *today;
        bool open;
    } cases[] = {
        {NPS_VISIBLE_PUBLIC, NULL, "2026-11-23", true},
        {NPS_VISIBLE_PUBLIC, "2026-11-22", "2026-11-23", true},
        {NPS_VISIBLE_PUBLIC, "2026-11-23", "2026-11-23", true},
        {NPS_VISIBLE_PUBLIC, "2026-11-24", "2026-11-23", false},
        {NPS_VISIBLE_PUBLIC, "2027-01-01", "2026-12-31", false},
        {NPS_VISIBLE_MEMBERS, NULL, "2026-11-23", false},
        {NPS_VISIBLE_MATCH_ONLY, NULL, "2026-11-23", false},
        {NPS_VISIBLE_MATCH_ONLY, "2026-11-22", "2026-11-23", false},
    };
    enum { N = sizeof cases / sizeof *cases };
    uint64_t r = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    nps_err err;
    for (size_t i = 0; i < N; i++) {
        NPS_AUTO(nps_spectrum) s = synth_ei(&r);
        synth_label(s, (unsigned)i, 0);
        assert_ok(nps_builder_source(b, "x.msp", cases[i].v, cases[i].embargo, 0, &err), &err);
        synth_add(b, s);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(nps_library_entry_is_open(lib, i, cases[i].today), cases[i].open);
    assert_string_equal(nps_visibility_name(NPS_VISIBLE_MATCH_ONLY), "match-only");
}

static void a_library_lives_as_long_as_its_last_owner(void **state)
{
    (void)state;
    nps_library *lib = open_good(path, NPS_OPEN_TRUST_MARK);
    assert_ptr_equal(nps_library_acquire(lib), lib);
    nps_library_release(lib);
    assert_string_equal(nps_library_text(lib, lib->entry_name[0]), "substance 0");
    nps_library_release(lib);
    nps_library_release(NULL);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_comes_back_from_its_file_in_every_array),
        cmocka_unit_test(a_library_of_one_bare_spectrum_comes_back),
        cmocka_unit_test(an_entry_comes_back_with_all_its_metadata),
        cmocka_unit_test(a_trace_comes_back_on_the_common_grid),
        cmocka_unit_test(the_mark_of_a_verification_is_left_and_used),
        cmocka_unit_test(the_mark_is_not_believed_when_file_or_mark_changed),
        cmocka_unit_test(a_folder_that_cannot_be_written_to_only_goes_without_mark),
        cmocka_unit_test(a_file_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_file_cut_or_lengthened_is_refused),
        cmocka_unit_test(other_files_are_refused_by_name),
        cmocka_unit_test(damage_under_a_valid_digest_never_crashes),
        cmocka_unit_test(values_that_break_a_rule_under_a_valid_digest_are_refused_by_dataset),
        cmocka_unit_test(what_the_general_rules_cannot_say_is_checked_too),
        cmocka_unit_test(publishing_over_an_open_library_leaves_its_readers_alone),
        cmocka_unit_test(publishing_leaves_nothing_but_the_library),
        cmocka_unit_test(a_place_that_cannot_be_written_to_is_an_io_error_and_leaves_nothing),
        cmocka_unit_test(a_reader_sees_the_old_library_or_the_new_one_never_a_part),
        cmocka_unit_test(peaks_are_open_when_public_and_the_embargo_is_over),
        cmocka_unit_test(a_library_lives_as_long_as_its_last_owner),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
