#include "service/shelf.h"

#include "core/buf.h"
#include "reference-lib/backing.h"
#include "reference-lib/digest.h"
#include "service/cli.h"
#include "service/crypt.h"
#include "service/json.h"
#include "service/json_read.h"
#include "service/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_BYTES = 700, PATH_BYTES = FOLDER_BYTES + 100, MANIFEST_MAX = 1 << 22 };
#define WRITING ".writing-" /* begins the name of a folder that is not complete */

/* --- holdings ------------------------------------------------------------------------------------------------------------------- */

nps_holding *nps_holding_acquire(nps_holding *h)
{
    atomic_fetch_add(&h->owners, 1);
    return h;
}

void nps_holding_release(nps_holding *h)
{
    if (!h || atomic_fetch_sub(&h->owners, 1) != 1)
        return;
    nps_library_release(h->open);
    nps_library_release(h->members);
    for (size_t i = 0; i < h->n_closed; i++)
        nps_library_release(h->closed[i].lib);
    free(h->closed);
    free(h);
}

nps_library *nps_holding_find(const nps_holding *h, const char *generation)
{
    if (strcmp(h->open->generation, generation) == 0)
        return h->open;
    if (strcmp(h->members->generation, generation) == 0)
        return h->members;
    for (size_t i = 0; i < h->n_closed; i++)
        if (strcmp(h->closed[i].lib->generation, generation) == 0)
            return h->closed[i].lib;
    return NULL;
}

static void name_manifest(nps_span text, char id[static NPS_HOLDING_ID])
{
    nps_digest_state d;
    char hex[NPS_DIGEST_HEX];
    nps_digest_init(&d);
    nps_digest_add(&d, text.p, text.n);
    nps_digest_end(&d, hex);
    snprintf(id, NPS_HOLDING_ID, "%.32s", hex);
}

/* --- opening -------------------------------------------------------------------------------------------------------------------- */

static nps_status open_part(const char *folder, const nps_json *part, nps_open_mode mode, nps_library **ret_lib, nps_err *err)
{
    char path[PATH_BYTES];
    nps_err why = {0};
    NPS_AUTO_LIBRARY lib = NULL;
    const char *file = nps_json_text(part, "file"), *generation = nps_json_text(part, "library");
    if (!file || !generation || strchr(file, '/') || strlen(file) > 90)
        return nps_fail(err, NPS_E_CORRUPT, "the manifest of '%s' is damaged", folder);
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        return nps_fail(err, NPS_E_CORRUPT, "the manifest of '%s' is damaged", folder);
    nps_status st = nps_library_open(path, mode, &lib, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "%s: %s", path, why.msg);
    if (strcmp(lib->generation, generation) != 0)
        return nps_fail(err, NPS_E_CORRUPT, "%s is not the library that its manifest names", path);
    *ret_lib = nps_steal(lib);
    return NPS_OK;
}

static nps_status take_part(const char *folder, const nps_json *part, nps_open_mode mode, nps_holding *h, nps_err *err)
{
    const char *role = nps_json_text(part, "role"), *organisation = nps_json_text(part, "organisation");
    nps_library *lib = NULL;
    if (!role)
        return nps_fail(err, NPS_E_CORRUPT, "the manifest of '%s' is damaged", folder);
    nps_status st = open_part(folder, part, mode, &lib, err);
    if (st != NPS_OK)
        return st;
    nps_library **to = strcmp(role, "public") == 0 ? &h->open : strcmp(role, "members") == 0 ? &h->members : NULL;
    if (to && !*to) {
        lib->for_members = to == &h->members;
        *to = lib;
        return NPS_OK;
    }
    if (to || strcmp(role, "closed") != 0 || !organisation || strlen(organisation) >= NPS_ACCOUNT_ID) {
        nps_library_release(lib);
        return nps_fail(err, NPS_E_CORRUPT, "the manifest of '%s' is damaged", folder);
    }
    nps_closed_part *c = &h->closed[h->n_closed++];
    snprintf(c->organisation, sizeof c->organisation, "%s", organisation);
    c->lib = lib;
    return NPS_OK;
}

static nps_status open_parts(const char *folder, const nps_json *doc, nps_open_mode mode, nps_holding *h, nps_err *err)
{
    const nps_json *parts = nps_json_member(doc, "parts");
    const char *base = nps_json_text(doc, "base");
    size_t n = nps_json_count(parts);
    h->closed = nps_array(n ? n : 1, sizeof *h->closed);
    if (!h->closed)
        return nps_fail_nomem(err);
    snprintf(h->base, sizeof h->base, "%s", base ? base : "");
    nps_status st = NPS_OK;
    for (size_t i = 0; i < n && st == NPS_OK; i++)
        st = take_part(folder, nps_json_item(parts, i), mode, h, err);
    if (st == NPS_OK && !h->open)
        st = nps_fail(err, NPS_E_CORRUPT, "the manifest of '%s' names no public part", folder);
    if (st == NPS_OK && !h->members)
        h->members = nps_library_acquire(h->open);
    return st;
}

nps_status nps_holding_open(const char *generations, const char *id, nps_open_mode mode, nps_holding **ret_holding, nps_err *err)
{
    char folder[FOLDER_BYTES], path[PATH_BYTES], named[NPS_HOLDING_ID];
    nps_file f;
    nps_err why = {0};
    NPS_AUTO(nps_json) doc = NULL;
    if (!nps_text_is_hex(nps_span_of(id), NPS_HOLDING_ID - 1))
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such generation");
    snprintf(folder, sizeof folder, "%s/%s", generations, id);
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    if (access(path, F_OK) != 0)
        return nps_fail(err, NPS_E_NOT_FOUND, "the files of generation %s are not in '%s'", id, generations);
    nps_status st = nps_file_open(path, MANIFEST_MAX, &f, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "%s: %s", path, why.msg);
    name_manifest((nps_span){f.data, f.len}, named);
    st = nps_json_read(f.data, f.len, MANIFEST_MAX, &doc, &why);
    nps_file_close(&f);
    if (st != NPS_OK || strcmp(named, id) != 0)
        return nps_fail(err, NPS_E_CORRUPT, "%s is not the manifest of this generation", path);
    NPS_AUTO_HOLDING h = nps_array(1, sizeof *h);
    if (!h)
        return nps_fail_nomem(err);
    atomic_init(&h->owners, 1);
    snprintf(h->id, sizeof h->id, "%s", id);
    st = open_parts(folder, doc, mode, h, err);
    if (st == NPS_OK)
        *ret_holding = nps_steal(h);
    return st;
}

/* --- writing -------------------------------------------------------------------------------------------------------------------- */

static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    char path[PATH_BYTES + 300];
    for (const struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (*e->d_name != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(folder);
}

void nps_holding_sweep(const char *generations)
{
    DIR *d = opendir(generations);
    char path[PATH_BYTES + 300];
    for (const struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", generations, e->d_name);
        if (strncmp(e->d_name, WRITING, strlen(WRITING)) == 0)
            remove_folder(path);
    }
    if (d)
        closedir(d);
}

static nps_status put_part(nps_jw *w, const char *folder, const char *role, const char *organisation, const nps_library *lib, nps_err *err)
{
    char file[64], path[PATH_BYTES];
    nps_err why = {0};
    snprintf(file, sizeof file, "%s%s%s.h5", role, organisation ? "-" : "", organisation ? organisation : "");
    snprintf(path, sizeof path, "%s/%s", folder, file);
    nps_status st = nps_library_publish(lib, path, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "%s: %s", path, why.msg);
    nps_jw_object(w, NULL);
    nps_jw_str(w, "role", role);
    if (organisation)
        nps_jw_str(w, "organisation", organisation);
    nps_jw_str(w, "file", file);
    nps_jw_str(w, "library", lib->generation);
    nps_jw_i64(w, "entries", (int64_t)lib->n_entry);
    nps_jw_i64(w, "substances", (int64_t)lib->n_substance);
    nps_jw_end(w);
    return NPS_OK;
}

static nps_status put_parts(nps_jw *w, const char *folder, const nps_holding_parts *p, nps_err *err)
{
    nps_jw_object(w, NULL);
    nps_jw_i64(w, "npswatch_generation", 1);
    nps_jw_str(w, "base", p->base);
    nps_jw_array(w, "contributions");
    for (size_t i = 0; i < p->n_contribution; i++)
        nps_jw_str(w, NULL, p->contribution[i]);
    nps_jw_end(w);
    nps_jw_array(w, "parts");
    nps_status st = put_part(w, folder, "public", NULL, p->open, err);
    if (st == NPS_OK && p->opt_members)
        st = put_part(w, folder, "members", NULL, p->opt_members, err);
    for (size_t i = 0; i < p->n_closed && st == NPS_OK; i++)
        st = put_part(w, folder, "closed", p->closed[i].organisation, p->closed[i].lib, err);
    nps_jw_end(w);
    nps_jw_end(w);
    return st == NPS_OK ? nps_buf_check(w->out, err) : st;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

nps_status nps_holding_write(const char *generations, const nps_holding_parts *parts, char ret_id[static NPS_HOLDING_ID],
                             nps_buf *opt_manifest, nps_err *err)
{
    char mark[17], folder[FOLDER_BYTES], file[PATH_BYTES], final[FOLDER_BYTES], id[NPS_HOLDING_ID];
    NPS_AUTO_BUF text = NPS_BUF_INIT(MANIFEST_MAX);
    nps_jw w = nps_jw_init(&text);
    nps_random_hex(8, mark);
    if ((mkdir(generations, 0700) != 0 && errno != EEXIST) ||
        snprintf(folder, sizeof folder, "%s/" WRITING "%s", generations, mark) >= (int)sizeof folder - 64 || mkdir(folder, 0700) != 0)
        return nps_fail(err, NPS_E_IO, "folder '%s' cannot be written: %s", generations, strerror(errno));
    nps_status st = put_parts(&w, folder, parts, err);
    if (st == NPS_OK) {
        snprintf(file, sizeof file, "%s/manifest.json", folder);
        st = nps_file_write(file, &text, err);
    }
    if (st == NPS_OK && (!sync_path(file, O_RDONLY) || !sync_path(folder, O_RDONLY | O_DIRECTORY)))
        st = nps_fail(err, NPS_E_IO, "folder '%s' cannot be synced: %s", folder, strerror(errno));
    if (st == NPS_OK) {
        name_manifest((nps_span){text.data, text.len}, id);
        snprintf(final, sizeof final, "%s/%s", generations, id);
        /* EEXIST, ENOTEMPTY: the same generation was made before; its folder has the same content by its name. */
        if (rename(folder, final) == 0) {
            if (!sync_path(generations, O_RDONLY | O_DIRECTORY))
                st = nps_fail(err, NPS_E_IO, "folder '%s' cannot be synced: %s", generations, strerror(errno));
        } else if (errno != EEXIST && errno != ENOTEMPTY) {
            st = nps_fail(err, NPS_E_IO, "generation '%s' cannot take its place: %s", id, strerror(errno));
        }
    }
    remove_folder(folder);
    if (st != NPS_OK)
        return st;
    snprintf(ret_id, NPS_HOLDING_ID, "%s", id);
    if (opt_manifest)
        nps_buf_add(opt_manifest, text.data, text.len);
    return NPS_OK;
}

/* --- the shelf ------------------------------------------------------------------------------------------------------------------ */

struct nps_shelf {
    pthread_mutex_t lock;
    nps_holding *now;
};

nps_status nps_shelf_new(nps_holding *first, nps_shelf **ret_shelf, nps_err *err)
{
    nps_shelf *s = nps_array(1, sizeof *s);
    if (!s) {
        nps_holding_release(first);
        return nps_fail_nomem(err);
    }
    pthread_mutex_init(&s->lock, NULL);
    s->now = first;
    *ret_shelf = s;
    return NPS_OK;
}

void nps_shelf_free(nps_shelf *s)
{
    if (!s)
        return;
    nps_holding_release(s->now);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

nps_holding *nps_shelf_acquire(nps_shelf *s)
{
    pthread_mutex_lock(&s->lock);
    nps_holding *h = nps_holding_acquire(s->now);
    pthread_mutex_unlock(&s->lock);
    return h;
}

void nps_shelf_swap(nps_shelf *s, nps_holding *next)
{
    pthread_mutex_lock(&s->lock);
    nps_holding *old = s->now;
    s->now = next;
    pthread_mutex_unlock(&s->lock);
    nps_holding_release(old);
}
