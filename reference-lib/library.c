#include "reference-lib/library.h"

#include "reference-lib/backing.h"
#include "reference-lib/digest.h"
#include "reference-lib/ir.h"
#include "reference-lib/layout.h"
#include "reference-lib/library_h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nps_visibility_name(nps_visibility v)
{
    static const char *const names[] = {"public", "members", "match-only"};
    return v <= NPS_VISIBLE_MATCH_ONLY ? names[v] : "unknown";
}

/* --- ownership ------------------------------------------------------------------------------------------------- */

nps_status nps_library_new(nps_library **ret_library, nps_err *err)
{
    nps_library *lib = nps_array(1, sizeof *lib);
    struct nps_library_backing *b = nps_array(1, sizeof *b);
    if (!lib || !b) {
        free(lib);
        free(b);
        return nps_fail_nomem(err);
    }
    atomic_init(&b->owners, 1);
    lib->backing = b;
    lib->name = lib->builder = lib->licence = "";
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        lib->trace_prep_text[t] = "none";
        lib->trace_prep[t] = nps_trace_prep_default();
    }
    *ret_library = lib;
    return NPS_OK;
}

nps_library *nps_library_acquire(nps_library *lib)
{
    atomic_fetch_add(&lib->backing->owners, 1);
    return lib;
}

void nps_library_release(nps_library *lib)
{
    if (!lib || atomic_fetch_sub(&lib->backing->owners, 1) != 1)
        return;
    struct nps_library_backing *b = lib->backing;
    if (b->map)
        munmap(b->map, b->map_size);
    else
        for (size_t i = 0; i < nps_layout_n; i++) {
            const void *array = nps_layout_array(lib, &nps_layout[i]);
            free((void *)(uintptr_t)array);
        }
    free(b->attributes);
    free(b);
    free(lib);
}

/* --- the header in front of the HDF5 part ----------------------------------------------------------------------- */

static void write_header(char header[static NPS_LIBRARY_HEADER_BYTES], size_t size, const char *digest)
{
    memset(header, 0, NPS_LIBRARY_HEADER_BYTES);
    snprintf(header, NPS_LIBRARY_HEADER_BYTES, "npswatch library %d\nsize %zu\nblake2b-256-tree-1MiB %s\n",
             NPS_LIBRARY_SCHEMA, size, digest);
}

static nps_status read_header(const char *map, size_t size, char ret_digest[static NPS_DIGEST_HEX], nps_err *err)
{
    if (size < NPS_LIBRARY_HEADER_BYTES || memcmp(map, "npswatch library ", 17) != 0)
        return nps_fail(err, NPS_E_FORMAT, "this is no npswatch library");
    nps_scan scan = nps_scan_init(map, NPS_LIBRARY_HEADER_BYTES);
    nps_span line, word, rest;
    uint64_t number = 0;
    bool good = nps_scan_line(&scan, &line) && nps_span_u64((nps_span){line.p + 17, line.n - 17}, &number);
    if (good && number != NPS_LIBRARY_SCHEMA)
        return nps_fail(err, NPS_E_UNSUPPORTED, "library schema %llu; this program reads schema %d: build the library again from its sources",
                        (unsigned long long)number, NPS_LIBRARY_SCHEMA);
    good = good && nps_scan_line(&scan, &line) && nps_span_split(line, ' ', &word, &rest) && nps_span_is(word, "size") &&
           nps_span_u64(rest, &number);
    if (good && number != size)
        return nps_fail(err, NPS_E_CORRUPT, "the file has %zu bytes, its header says %llu: cut or changed", size,
                        (unsigned long long)number);
    good = good && nps_scan_line(&scan, &line) && nps_span_split(line, ' ', &word, &rest) &&
           nps_span_is(word, "blake2b-256-tree-1MiB") && rest.n == NPS_DIGEST_HEX - 1;
    if (!good)
        return nps_fail(err, NPS_E_CORRUPT, "the header is damaged");
    char digest[NPS_DIGEST_HEX] = {0}, expected[NPS_LIBRARY_HEADER_BYTES];
    memcpy(digest, rest.p, NPS_DIGEST_HEX - 1);
    /* To the last byte of its padding: nothing in the file goes unchecked. */
    write_header(expected, size, digest);
    if (memcmp(map, expected, sizeof expected) != 0)
        return nps_fail(err, NPS_E_CORRUPT, "the header is damaged");
    memcpy(ret_digest, digest, sizeof digest);
    return NPS_OK;
}

/* --- the mark of an earlier verification -------------------------------------------------------------------------- */

/* Who could write the mark could as well replace the library with its header: the mark weakens nothing. */
static void mark_text(char out[static 400], const struct stat *st, const char *digest)
{
    snprintf(out, 400, "verified %llu %llu %lld %lld.%09ld %lld.%09ld %s\n", (unsigned long long)st->st_dev,
             (unsigned long long)st->st_ino, (long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
             (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec, digest);
}

static char *mark_path(const char *path)
{
    char *p = NULL;
    return asprintf(&p, "%s.verified", path) < 0 ? NULL : p;
}

static bool mark_holds(const char *path, const struct stat *st, const char *digest)
{
    NPS_AUTO_MEM(char *) where = mark_path(path);
    FILE *f = where ? fopen(where, "re") : NULL;
    char have[400], want[400];
    if (!f)
        return false;
    char *got = fgets(have, sizeof have, f);
    fclose(f);
    mark_text(want, st, digest);
    return got && strcmp(have, want) == 0;
}

/* Best effort: a folder that cannot be written to only means that the next opening verifies again. */
static void leave_mark(const char *path, const struct stat *st, const char *digest)
{
    NPS_AUTO_MEM(char *) where = mark_path(path);
    NPS_AUTO_MEM(char *) temp = NULL;
    if (!where || asprintf(&temp, "%s.%ld.tmp", where, (long)getpid()) < 0)
        return;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    char text[400];
    mark_text(text, st, digest);
    bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    good = close(fd) == 0 && good;
    if (!good || rename(temp, where) != 0)
        unlink(temp);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static nps_status place_arrays(nps_library *lib, const uint64_t *at, nps_err *err)
{
    static const uint64_t nothing[1];
    struct nps_library_backing *b = lib->backing;
    for (size_t i = 0; i < nps_layout_n; i++) {
        const nps_array_row *row = &nps_layout[i];
        uint64_t cells = nps_layout_cells(lib, row), size = nps_cell_size(row->cell);
        if (!cells) {
            nps_layout_set_array(lib, row, nothing);
            continue;
        }
        if (at[i] % size || at[i] > b->map_size || cells > (b->map_size - at[i]) / size)
            return nps_fail(err, NPS_E_CORRUPT, "dataset %s lies outside the file", row->path);
        nps_layout_set_array(lib, row, (const char *)b->map + at[i]);
    }
    return NPS_OK;
}

static nps_status describe(const char *path, nps_library *lib, nps_err *err)
{
    NPS_AUTO_MEM(uint64_t *) at = nps_array(nps_layout_n, sizeof *at);
    nps_library_attributes *a = nps_array(1, sizeof *a);
    lib->backing->attributes = a;
    if (!at || !a)
        return nps_fail_nomem(err);
    nps_status st = nps_library_h5_describe(path, lib, a, at, err);
    if (st != NPS_OK)
        return st;
    memcpy(lib->generation, a->generation, sizeof lib->generation);
    memcpy(lib->created, a->created, sizeof lib->created);
    lib->name = a->name;
    lib->builder = a->builder;
    lib->licence = a->licence;
    lib->trace_prep_text[NPS_TECH_IR] = a->infrared_prep;
    lib->trace_prep_text[NPS_TECH_RAMAN] = a->raman_prep;
    for (nps_technique t = NPS_TECH_IR; t <= NPS_TECH_RAMAN; t++)
        if (nps_trace_prep_parse(nps_span_of(lib->trace_prep_text[t]), &lib->trace_prep[t], NULL) != NPS_OK)
            return nps_fail(err, NPS_E_CORRUPT, "the attribute on the preparation of %s spectra names none",
                            nps_technique_name(t));
    return place_arrays(lib, at, err);
}

static nps_status map_file(const char *path, nps_library *lib, struct stat *ret_stat, nps_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nps_fail(err, errno == ENOENT ? NPS_E_NOT_FOUND : NPS_E_IO, "library file cannot be opened: %s",
                        strerror(errno));
    struct nps_library_backing *b = lib->backing;
    if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode) || ret_stat->st_size < NPS_LIBRARY_HEADER_BYTES) {
        close(fd);
        return nps_fail(err, NPS_E_FORMAT, "this is no npswatch library");
    }
    size_t size = (size_t)ret_stat->st_size;
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return nps_fail(err, NPS_E_IO, "library file cannot be mapped: %s", strerror(errno));
    b->map = map;
    b->map_size = size;
    return NPS_OK;
}

static bool is_replaced(const char *path, const struct stat *was)
{
    struct stat now;
    return stat(path, &now) != 0 || now.st_dev != was->st_dev || now.st_ino != was->st_ino ||
           now.st_ctim.tv_sec != was->st_ctim.tv_sec || now.st_ctim.tv_nsec != was->st_ctim.tv_nsec;
}

static nps_status open_once(const char *path, nps_open_mode mode, nps_library **ret_library, struct stat *ret_stat,
                            nps_err *err)
{
    NPS_AUTO_LIBRARY lib = NULL;
    struct stat st;
    char stated[NPS_DIGEST_HEX];
    nps_status rc = nps_library_new(&lib, err);
    if (rc == NPS_OK)
        rc = map_file(path, lib, &st, err);
    if (rc == NPS_OK) {
        *ret_stat = st;
        rc = read_header(lib->backing->map, lib->backing->map_size, stated, err);
    }
    if (rc != NPS_OK)
        return rc;
    bool known = mode == NPS_OPEN_TRUST_MARK && mark_holds(path, &st, stated);
    if (!known) {
        rc = nps_digest_tree((const char *)lib->backing->map + NPS_LIBRARY_HEADER_BYTES,
                             lib->backing->map_size - NPS_LIBRARY_HEADER_BYTES, 2, lib->digest, err);
        if (rc == NPS_OK && strcmp(lib->digest, stated) != 0)
            rc = nps_fail(err, NPS_E_CORRUPT, "the content does not match its digest: damaged or changed");
        if (rc != NPS_OK)
            return rc;
    }
    memcpy(lib->digest, stated, sizeof stated);
    rc = describe(path, lib, err);
    /* libhdf5 opens by name: when a newer library has taken the name, it may have described that one. */
    if (is_replaced(path, &st))
        return nps_fail(err, NPS_E_BUSY, "the library file was replaced while it was opened");
    if (rc == NPS_OK && !known)
        rc = nps_layout_check(lib, err);
    if (rc != NPS_OK)
        return rc;
    if (!known)
        leave_mark(path, &st, stated);
    nps_layout_settle(lib);
    *ret_library = nps_steal(lib);
    return NPS_OK;
}

nps_status nps_library_open(const char *path, nps_open_mode mode, nps_library **ret_library, nps_err *err)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        NPS_AUTO_LIBRARY lib = NULL;
        nps_err why = {0};
        struct stat st = {0};
        nps_status rc = open_once(path, mode, &lib, &st, &why);
        if (st.st_ino && is_replaced(path, &st))
            continue;
        if (rc != NPS_OK)
            return nps_fail(err, rc, "%s", why.msg);
        *ret_library = nps_steal(lib);
        return NPS_OK;
    }
    return nps_fail(err, NPS_E_BUSY, "the library file was replaced again and again while it was opened");
}

/* --- publishing ----------------------------------------------------------------------------------------------------- */

static bool write_whole(int fd, const char *p, size_t n)
{
    enum { STEP = 1 << 26 };
    while (n) {
        ssize_t done = write(fd, p, n < STEP ? n : STEP);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static nps_status write_file(const char *path, const char *image, size_t size, nps_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return nps_fail(err, NPS_E_IO, "the new library cannot be made: %s", strerror(errno));
    nps_status st = NPS_OK;
    if (!write_whole(fd, image, size) || fsync(fd) != 0)
        st = nps_fail(err, NPS_E_IO, "the new library cannot be written: %s", strerror(errno));
    if (close(fd) != 0 && st == NPS_OK)
        st = nps_fail(err, NPS_E_IO, "the new library cannot be closed: %s", strerror(errno));
    return st;
}

static nps_status write_library(const nps_library *lib, const char *path, nps_err *err)
{
    NPS_AUTO_MEM(void *) image = NULL;
    size_t size;
    char digest[NPS_DIGEST_HEX];
    nps_status st = nps_library_h5_image(lib, &image, &size, err);
    if (st == NPS_OK)
        st = nps_digest_tree((const char *)image + NPS_LIBRARY_HEADER_BYTES, size - NPS_LIBRARY_HEADER_BYTES, 2, digest, err);
    if (st != NPS_OK)
        return st;
    write_header(image, size, digest);
    return write_file(path, image, size, err);
}

static nps_status sync_folder_of(const char *path, nps_err *err)
{
    NPS_AUTO_MEM(char *) folder = strdup(path);
    if (!folder)
        return nps_fail_nomem(err);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        nps_status st = nps_fail(err, NPS_E_IO, "the folder cannot be synced: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    close(fd);
    return NPS_OK;
}

nps_status nps_library_publish(const nps_library *lib, const char *path, nps_err *err)
{
    NPS_AUTO_MEM(char *) temp = NULL;
    if (asprintf(&temp, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        temp = NULL;
        return nps_fail_nomem(err);
    }
    unlink(temp);
    nps_status st = write_library(lib, temp, err);
    if (st == NPS_OK && rename(temp, path) != 0)
        st = nps_fail(err, NPS_E_IO, "the new library cannot take its place: %s", strerror(errno));
    if (st == NPS_OK)
        return sync_folder_of(path, err);
    unlink(temp);
    return st;
}

/* --- reading entries back ------------------------------------------------------------------------------------------- */

static nps_status set_text(nps_spectrum *s, nps_text_field f, const char *text, nps_err *err)
{
    return *text ? nps_spectrum_set_text(s, f, nps_span_of(nps_text_field_name(f)), nps_span_of(text), err) : NPS_OK;
}

/* Gives the fields that travel as metadata (build.c: add_metadata) their places back. */
static nps_status take_meta(nps_spectrum *s, nps_span key, nps_span value, nps_err *err)
{
    static const nps_text_field as_meta[] = {NPS_TEXT_COMMENT, NPS_TEXT_INCHI, NPS_TEXT_IONIZATION};
    for (size_t i = 0; i < sizeof as_meta / sizeof *as_meta; i++)
        if (!s->text[as_meta[i]] && nps_span_is(key, nps_text_field_name(as_meta[i])) && !nps_text_says_nothing(value))
            return nps_spectrum_set_text(s, as_meta[i], key, value, err);
    if (!(s->retention_time_s > 0) && nps_span_is(key, "retention_time_s") && nps_span_double(value, &s->retention_time_s))
        return NPS_OK;
    return nps_spectrum_add_meta(s, key, value, err);
}

static nps_status fill_texts(const nps_library *lib, uint32_t e, nps_spectrum *s, nps_err *err)
{
    uint32_t sub = lib->entry_substance[e];
    const struct {
        nps_text_field field;
        uint32_t id;
    } texts[] = {{NPS_TEXT_NAME, lib->entry_name[e]},
                 {NPS_TEXT_ID, lib->entry_id[e]},
                 {NPS_TEXT_INCHIKEY, lib->entry_inchikey[e]},
                 {NPS_TEXT_SMILES, lib->sub_smiles[sub]},
                 {NPS_TEXT_FORMULA, lib->sub_formula[sub]},
                 {NPS_TEXT_CAS, lib->sub_cas[sub]},
                 {NPS_TEXT_CLASS, lib->sub_class[sub]},
                 {NPS_TEXT_ADDUCT, lib->entry_adduct[e]},
                 {NPS_TEXT_INSTRUMENT, lib->entry_instrument[e]},
                 {NPS_TEXT_INSTRUMENT_TYPE, lib->entry_instrument_type[e]},
                 {NPS_TEXT_ENERGY, lib->entry_energy[e]},
                 {NPS_TEXT_CONTRIBUTOR, lib->entry_contributor[e]},
                 {NPS_TEXT_LICENCE, lib->entry_licence[e]}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        nps_status st = set_text(s, texts[i].field, nps_library_text(lib, texts[i].id), err);
        if (st != NPS_OK)
            return st;
    }
    for (uint64_t i = lib->synonym_at[e]; i < lib->synonym_at[e + 1]; i++) {
        nps_status st = nps_spectrum_add_synonym(s, nps_span_of(nps_library_text(lib, lib->synonym[i])), err);
        if (st != NPS_OK)
            return st;
    }
    for (uint64_t i = lib->meta_at[e]; i < lib->meta_at[e + 1]; i++) {
        nps_status st = take_meta(s, nps_span_of(nps_library_text(lib, lib->meta_key[i])),
                                  nps_span_of(nps_library_text(lib, lib->meta_value[i])), err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status fill_trace(const nps_library *lib, uint32_t e, nps_spectrum *s, nps_err *err)
{
    const float *y = nps_ir_row(lib, e);
    size_t first = 0, last = y ? NPS_IR_GRID_N : 0;
    while (first < last && y[first] != y[first])
        first++;
    while (last > first && y[last - 1] != y[last - 1])
        last--;
    if (last - first < 2) /* what was measured lies off the grid */
        return NPS_OK;
    s->trace.y = nps_array(last - first, sizeof *s->trace.y);
    if (!s->trace.y)
        return nps_fail_nomem(err);
    s->trace.n = last - first;
    s->trace.x0_cm1 = NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)first;
    s->trace.dx_cm1 = NPS_IR_GRID_DX;
    memcpy(s->trace.y, y + first, s->trace.n * sizeof *y);
    return NPS_OK;
}

nps_status nps_library_spectrum(const nps_library *lib, uint32_t entry, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (entry >= lib->n_entry)
        return nps_fail(err, NPS_E_NOT_FOUND, "the library has no entry %u", entry);
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_spectrum_new(&s, err);
    if (st == NPS_OK)
        st = fill_texts(lib, entry, s, err);
    for (uint64_t i = lib->peak_at[entry]; i < lib->peak_at[entry + 1] && st == NPS_OK; i++)
        st = nps_peaks_push(&s->peaks, lib->peak_mz[i], (double)lib->peak_intensity[i], NULL, 0, SIZE_MAX, err);
    if (st == NPS_OK)
        st = fill_trace(lib, entry, s, err);
    if (st != NPS_OK)
        return st;
    s->technique = (nps_technique)lib->entry_technique[entry];
    s->precursor_mz = lib->entry_precursor[entry];
    s->retention_index = lib->entry_ri[entry];
    s->polarity = lib->entry_polarity[entry];
    s->exact_mass = lib->sub_mass[lib->entry_substance[entry]];
    s->nominal_mass = lib->sub_nominal[lib->entry_substance[entry]];
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

bool nps_library_entry_is_open(const nps_library *lib, uint32_t entry, const char *today)
{
    nps_visibility most = lib->for_members ? NPS_VISIBLE_MEMBERS : NPS_VISIBLE_PUBLIC;
    return (nps_visibility)lib->entry_visibility[entry] <= most &&
           strcmp(nps_library_text(lib, lib->entry_embargo[entry]), today) <= 0;
}
