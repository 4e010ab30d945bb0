#include "service/sources.h"

#include "service/archive.h"
#include "service/cli.h"
#include "service/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Files of one kind that no reader knows. */
enum { STRANGER_KINDS = 24, EXAMPLE_MAX = 200 };
typedef struct {
    const char *what;
    size_t n;
    char example[EXAMPLE_MAX];
} stranger;

typedef struct {
    const nps_read_limits *limits;
    const nps_source_visitor *v;
    size_t n_file, n_spectrum, failed;
    bool inside; /* a folder or an archive: strangers are summed up */
    stranger strangers[STRANGER_KINDS];
    size_t n_strangers;
} walk;

/* --- names ------------------------------------------------------------------------------------------------------------- */

nps_span nps_source_base(nps_span path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    return at < path.n ? (nps_span){path.p + at, path.n - at} : path;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static nps_span cut_extension(nps_span path)
{
    size_t n = path.n;
    while (n && path.n - n <= 8 && is_alnum(path.p[n - 1]))
        n--;
    bool found = n > 1 && n < path.n && path.n - n <= 8 && path.p[n - 1] == '.' && path.p[n - 2] != '/';
    return (nps_span){path.p, found ? n - 1 : path.n};
}

nps_span nps_source_stem(nps_span path)
{
    if (path.n > 3 && nps_span_is((nps_span){path.p + path.n - 3, 3}, ".gz"))
        path.n -= 3;
    return cut_extension(path);
}

/* A name as it may be shown and stored: bytes that are no text become '?'. NULL when memory is short. */
static char *clean_name(const char *name)
{
    size_t n = strlen(name);
    char *out = nps_strndup(name, n);
    bool clean = nps_text_is_clean((nps_span){name, n});
    for (size_t i = 0; out && !clean && i < n; i++)
        if ((unsigned char)out[i] < 32 || (unsigned char)out[i] >= 127)
            out[i] = '?';
    return out;
}

/* --- what no reader knows ----------------------------------------------------------------------------------------------- */

static void note_stranger(walk *w, const char *what, const char *relative)
{
    size_t i = 0;
    while (i < w->n_strangers && strcmp(w->strangers[i].what, what) != 0)
        i++;
    if (i == STRANGER_KINDS)
        i--;
    if (i == w->n_strangers) {
        w->strangers[w->n_strangers++] = (stranger){.what = what};
        snprintf(w->strangers[i].example, EXAMPLE_MAX, "%s", relative);
    }
    w->strangers[i].n++;
}

static void tell_strangers(walk *w, const char *name)
{
    for (size_t i = 0; i < w->n_strangers; i++) {
        const stranger *k = &w->strangers[i];
        fprintf(stderr, "npswatch: %s: %zu file%s no spectr%s, for example '%s': %s\n", name, k->n,
                k->n == 1 ? " that is" : "s that are", k->n == 1 ? "um" : "a", k->example, k->what);
    }
    w->n_strangers = 0;
}

static void complain(walk *w, const char *name, const nps_err *why)
{
    nps_cli_complain(name, why);
    w->failed++;
}

/* A file that cannot be opened as one of spectra. */
static void refuse(walk *w, const nps_source *from, const void *data, size_t len, const nps_err *why)
{
    const char *what = len ? nps_reader_stranger(data, len) : "an empty file";
    if (w->inside && (why->code == NPS_E_UNSUPPORTED || !len))
        note_stranger(w, what ? what : "none of the formats read here", from->relative);
    else
        complain(w, from->name, why);
}

/* --- one file ------------------------------------------------------------------------------------------------------------ */

static nps_status name_after_file(nps_spectrum *s, const nps_source *from, nps_err *err)
{
    if (s->text[NPS_TEXT_NAME] || strcmp(from->relative, "-") == 0)
        return NPS_OK;
    nps_span stem = nps_source_stem(nps_source_base(nps_span_of(from->relative)));
    return nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("Name"), stem, err);
}

static nps_status walk_records(walk *w, nps_reader *r, nps_source *from, nps_err *err)
{
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_err why = {0};
        nps_status st = nps_reader_next(r, &s, &why);
        if (st == NPS_E_NOMEM)
            return nps_fail_nomem(err);
        from->record++;
        if (st != NPS_OK) {
            complain(w, from->name, &why);
            continue;
        }
        if (!s)
            return NPS_OK;
        w->n_spectrum++;
        st = name_after_file(s, from, err);
        if (st == NPS_OK)
            st = w->v->take(w->v->arg, from, &s, err);
        if (st != NPS_OK)
            return st;
    }
}

static nps_status walk_bytes(walk *w, const char *name, const char *relative, const void *data, size_t len, nps_err *err)
{
    NPS_AUTO(nps_reader) r = NULL;
    nps_err why = {0};
    nps_source from = {.name = name, .relative = relative, .file = ++w->n_file};
    nps_status st = nps_reader_open(data, len, w->limits, &r, &why);
    if (st == NPS_OK)
        return walk_records(w, r, &from, err);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    refuse(w, &from, data, len, &why);
    return NPS_OK;
}

/* --- archives ------------------------------------------------------------------------------------------------------------ */

/* *ret_over: the limits on the archive are reached. */
static nps_status walk_member(walk *w, nps_archive *a, size_t i, const char *archive, bool *ret_over, nps_err *err)
{
    NPS_AUTO_MEM(char *) relative = clean_name(nps_archive_name(a, i));
    NPS_AUTO_MEM(char *) name = NULL;
    NPS_AUTO_MEM(char *) data = NULL;
    size_t len = 0;
    nps_err why = {0};
    if (!relative)
        return nps_fail_nomem(err);
    /* Some programs for Windows write their own slashes. */
    for (char *p = relative; *p; p++)
        if (*p == '\\')
            *p = '/';
    if (asprintf(&name, "%s:%s", archive, relative) < 0) {
        name = NULL;
        return nps_fail_nomem(err);
    }
    nps_status st = nps_archive_read(a, i, &data, &len, &why);
    if (st == NPS_OK)
        return walk_bytes(w, name, relative, data, len, err);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    complain(w, name, &why);
    *ret_over = st == NPS_E_LIMIT;
    return NPS_OK;
}

static nps_status walk_archive(walk *w, const char *name, const nps_file *f, nps_err *err)
{
    NPS_AUTO(nps_archive) a = NULL;
    nps_err why = {0};
    nps_status st = nps_archive_open(f->data, f->len, w->limits, &a, &why);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    if (st != NPS_OK) {
        complain(w, name, &why);
        return NPS_OK;
    }
    w->inside = true;
    bool over = false;
    for (size_t i = 0; st == NPS_OK && !over && i < nps_archive_n(a); i++)
        st = walk_member(w, a, i, name, &over, err);
    return st;
}

/* --- files on disk -------------------------------------------------------------------------------------------------------- */

/* @param given  an argument of the command, so that an archive is opened */
static nps_status walk_file(walk *w, const char *path, const char *name, const char *relative, bool given, nps_err *err)
{
    nps_file f;
    nps_err why = {0};
    nps_status st = nps_file_open(path, w->limits->max_bytes, &f, &why);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    if (st != NPS_OK) {
        complain(w, name, &why);
        return NPS_OK;
    }
    if (given && nps_archive_is(f.data, f.len))
        st = walk_archive(w, name, &f, err);
    else
        st = walk_bytes(w, name, relative, f.data, f.len, err);
    if (st == NPS_OK && w->v->done)
        st = w->v->done(w->v->arg, name, f.data, f.len, err);
    nps_file_close(&f);
    return st;
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static nps_status walk_folder(walk *w, const char *path, const char *relative, int depth, nps_err *err);

/* @param relative  of the folder that holds the item, with a slash behind it; "" in the folder that was given */
static nps_status walk_item(walk *w, const char *folder, const char *relative, const char *item, int depth, nps_err *err)
{
    NPS_AUTO_MEM(char *) path = NULL;
    NPS_AUTO_MEM(char *) below = NULL;
    struct stat link, target;
    bool slash = *folder && folder[strlen(folder) - 1] == '/';
    if (asprintf(&path, "%s%s%s", folder, slash ? "" : "/", item) < 0) {
        path = NULL;
        return nps_fail_nomem(err);
    }
    bool there = lstat(path, &link) == 0 && stat(path, &target) == 0;
    bool is_folder = there && S_ISDIR(target.st_mode);
    if (there && ((is_folder && S_ISLNK(link.st_mode)) || (!is_folder && !S_ISREG(target.st_mode))))
        return NPS_OK;
    if (asprintf(&below, "%s%s%s", relative, item, is_folder ? "/" : "") < 0) {
        below = NULL;
        return nps_fail_nomem(err);
    }
    if (is_folder)
        return walk_folder(w, path, below, depth + 1, err);
    NPS_AUTO_MEM(char *) name = clean_name(path);
    NPS_AUTO_MEM(char *) shown = clean_name(below);
    return name && shown ? walk_file(w, path, name, shown, false, err) : nps_fail_nomem(err);
}

static nps_status walk_folder(walk *w, const char *path, const char *relative, int depth, nps_err *err)
{
    NPS_AUTO_MEM(char *) name = clean_name(path);
    struct dirent **item = NULL;
    nps_err why = {0};
    nps_status st = NPS_OK;
    if (!name)
        return nps_fail_nomem(err);
    int n = depth > NPS_SOURCES_DEPTH_MAX ? 0 : scandir(path, &item, not_hidden, by_name);
    if (n < 0)
        nps_fail(&why, NPS_E_IO, "cannot be opened: %s", strerror(errno));
    else if (depth > NPS_SOURCES_DEPTH_MAX)
        nps_fail(&why, NPS_E_LIMIT, "lies more than %d folders deep and is not looked into", NPS_SOURCES_DEPTH_MAX);
    if (why.code != NPS_OK)
        complain(w, name, &why);
    for (int i = 0; i < n; i++) {
        if (st == NPS_OK)
            st = walk_item(w, path, relative, item[i]->d_name, depth, err);
        free(item[i]);
    }
    free(item);
    return st;
}

static bool is_folder_path(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static nps_status walk_argument(walk *w, const char *path, nps_err *err)
{
    NPS_AUTO_MEM(char *) name = clean_name(path);
    size_t spectra = w->n_spectrum, failed = w->failed;
    if (!name)
        return nps_fail_nomem(err);
    w->inside = is_folder_path(path);
    nps_status st = w->inside ? walk_folder(w, path, "", 0, err)
                              : walk_file(w, path, name, nps_source_base(nps_span_of(name)).p, true, err);
    if (st != NPS_OK)
        return st;
    tell_strangers(w, name);
    nps_err why = {0};
    if (w->inside && w->n_spectrum == spectra && w->failed == failed) {
        nps_fail(&why, NPS_E_NOT_FOUND, "there is no file of spectra in it");
        complain(w, name, &why);
    }
    return NPS_OK;
}

nps_status nps_sources_walk(char **paths, int n_paths, const nps_read_limits *limits, const nps_source_visitor *v,
                            size_t *ret_failed, nps_err *err)
{
    walk w = {.limits = limits, .v = v};
    for (int i = 0; i < n_paths; i++) {
        nps_status st = walk_argument(&w, paths[i], err);
        if (st != NPS_OK)
            return st;
    }
    *ret_failed = w.failed;
    return NPS_OK;
}

typedef struct {
    nps_sources_take *take;
    void *arg;
} plain_take;

static nps_status pass_on(void *arg, const nps_source *from, nps_spectrum **s, nps_err *err)
{
    const plain_take *t = arg;
    return t->take(t->arg, from->name, s, err);
}

nps_status nps_sources_each(char **paths, int n_paths, const nps_read_limits *limits, nps_sources_take *take, void *arg,
                            size_t *ret_failed, nps_err *err)
{
    plain_take t = {take, arg};
    nps_source_visitor v = {.take = pass_on, .arg = &t};
    return nps_sources_walk(paths, n_paths, limits, &v, ret_failed, err);
}
