#include "service/control_files.h"

#include "core/buf.h"
#include "service/assets.h"
#include "service/sources.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* static const nps_asset assets[] = {...}: reference-lib/control/ *.tsv, by service/web/embed.sh */
#include "control.inc"

static nps_status load_built_in(nps_control **ret_control, nps_err *err)
{
    nps_control_table table[NPS_CONTROL_TABLES];
    size_t n = sizeof assets / sizeof *assets;
    NPS_ASSERT(n <= NPS_CONTROL_TABLES);
    for (size_t i = 0; i < n; i++)
        table[i] = (nps_control_table){assets[i].name, assets[i].data, assets[i].len};
    return nps_control_new("built-in", table, n, ret_control, err);
}

/* --- a folder -------------------------------------------------------------------------------------------------------------- */

static bool is_table_name(const char *name)
{
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        if (strcmp(name, nps_control_table_name(i)) == 0)
            return true;
    return false;
}

/* A table with its name misspelt would be missing without a word. */
static nps_status check_folder(const char *folder, nps_err *err)
{
    DIR *d = opendir(folder);
    nps_status st = NPS_OK;
    size_t tables = 0;
    if (!d)
        return nps_fail(err, NPS_E_IO, "the folder cannot be opened: %s", strerror(errno));
    for (const struct dirent *e; st == NPS_OK && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        bool tsv = n > 4 && strcmp(e->d_name + n - 4, ".tsv") == 0 && *e->d_name != '.';
        tables += is_table_name(e->d_name);
        if (tsv && !is_table_name(e->d_name))
            st = nps_fail(err, NPS_E_NOT_FOUND, "'%s' is none of the control tables", nps_quote(e->d_name, n).s);
    }
    closedir(d);
    if (st == NPS_OK && !tables)
        st = nps_fail(err, NPS_E_NOT_FOUND, "the folder holds no control table");
    return st;
}

/* Read, not mapped: a table that is being written again must not pull the bytes from under the service. */
static nps_status read_table(const char *path, nps_buf *ret_text, bool *ret_there, nps_err *err)
{
    char block[65536];
    FILE *f = fopen(path, "re");
    *ret_there = f != NULL;
    if (!f)
        return errno == ENOENT ? NPS_OK : nps_fail(err, NPS_E_IO, "cannot be opened: %s", strerror(errno));
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        nps_buf_add(ret_text, block, n);
    bool broken = ferror(f);
    fclose(f);
    return broken ? nps_fail(err, NPS_E_IO, "cannot be read") : nps_buf_check(ret_text, err);
}

static nps_status read_tables(const char *folder, nps_buf *text, nps_control_table *table, size_t *ret_n, nps_err *err)
{
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++) {
        NPS_AUTO_MEM(char *) path = NULL;
        nps_err why = {0};
        bool there;
        if (asprintf(&path, "%s/%s", folder, nps_control_table_name(i)) < 0) {
            path = NULL;
            return nps_fail_nomem(err);
        }
        nps_status st = read_table(path, &text[i], &there, &why);
        if (st != NPS_OK)
            return nps_fail(err, st, "%s: %s", nps_control_table_name(i), why.msg);
        if (there)
            table[(*ret_n)++] = (nps_control_table){nps_control_table_name(i), text[i].data ? text[i].data : "", text[i].len};
    }
    return NPS_OK;
}

static nps_status load_folder(const char *folder, nps_control **ret_control, nps_err *err)
{
    nps_buf text[NPS_CONTROL_TABLES];
    nps_control_table table[NPS_CONTROL_TABLES];
    size_t n = 0;
    nps_span base = nps_source_base(nps_span_of(folder));
    NPS_AUTO_MEM(char *) name = nps_strndup(base.p, base.n);
    if (!name)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        text[i] = NPS_BUF_INIT(NPS_CONTROL_TABLE_BYTES);
    nps_status st = check_folder(folder, err);
    if (st == NPS_OK)
        st = read_tables(folder, text, table, &n, err);
    if (st == NPS_OK)
        st = nps_control_new(name, table, n, ret_control, err);
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        nps_buf_done(&text[i]);
    return st;
}

nps_status nps_control_load(const char *folder, nps_control **ret_control, nps_err *err)
{
    return folder && *folder ? load_folder(folder, ret_control, err) : load_built_in(ret_control, err);
}

/* --- kept ------------------------------------------------------------------------------------------------------------------ */

#define PACKED "npswatch control tables 1"

/* "PACKED", the tables' common name, then for each table a line "name bytes" and its bytes. */
static void pack(const char *name, const nps_control_table *table, size_t n, nps_buf *out)
{
    nps_buf_printf(out, PACKED "\n%s\n", name);
    for (size_t i = 0; i < n; i++) {
        nps_buf_printf(out, "%s %zu\n", table[i].name, table[i].len);
        nps_buf_add(out, table[i].data, table[i].len);
    }
}

nps_status nps_control_pack(const char *folder, nps_buf *out, nps_err *err)
{
    nps_control_table table[NPS_CONTROL_TABLES];
    nps_buf text[NPS_CONTROL_TABLES];
    size_t n = 0;
    nps_status st = NPS_OK;
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        text[i] = NPS_BUF_INIT(NPS_CONTROL_TABLE_BYTES);
    if (folder && *folder) {
        nps_span base = nps_source_base(nps_span_of(folder));
        NPS_AUTO_MEM(char *) name = nps_strndup(base.p, base.n);
        st = name ? read_tables(folder, text, table, &n, err) : nps_fail_nomem(err);
        if (st == NPS_OK)
            pack(name, table, n, out);
    } else {
        for (; n < sizeof assets / sizeof *assets; n++)
            table[n] = (nps_control_table){assets[n].name, assets[n].data, assets[n].len};
        pack("built-in", table, n, out);
    }
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        nps_buf_done(&text[i]);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

nps_status nps_control_unpack(const char *text, size_t len, nps_control **ret_control, nps_err *err)
{
    nps_control_table table[NPS_CONTROL_TABLES];
    char name[256], names[NPS_CONTROL_TABLES][64];
    size_t n = 0;
    nps_scan s = nps_scan_init(text, len);
    nps_span line, first, second;
    if (!nps_scan_line(&s, &line) || !nps_span_is(line, PACKED) || !nps_scan_line(&s, &line) || line.n >= sizeof name)
        return nps_fail(err, NPS_E_CORRUPT, "kept control tables are damaged");
    snprintf(name, sizeof name, "%.*s", (int)line.n, line.p);
    const char *p = line.p + line.n + 1, *end = text + len;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        uint64_t bytes;
        if (!newline || n == NPS_CONTROL_TABLES || !nps_span_split((nps_span){p, (size_t)(newline - p)}, ' ', &first, &second) ||
            first.n >= sizeof names[0] || !nps_span_u64(second, &bytes) || bytes > (uint64_t)(end - newline - 1))
            return nps_fail(err, NPS_E_CORRUPT, "kept control tables are damaged");
        snprintf(names[n], sizeof names[n], "%.*s", (int)first.n, first.p);
        table[n] = (nps_control_table){names[n], newline + 1, (size_t)bytes};
        n++;
        p = newline + 1 + bytes;
    }
    return nps_control_new(name, table, n, ret_control, err);
}

/* --- the ones in use ------------------------------------------------------------------------------------------------------- */

struct nps_control_slot {
    pthread_mutex_t lock;
    nps_control *current;
    char folder[]; /* terminated; "": built-in */
};

nps_status nps_control_slot_open(const char *folder, nps_control_slot **ret_slot, nps_err *err)
{
    NPS_AUTO_CONTROL c = NULL;
    nps_status st = nps_control_load(folder, &c, err);
    if (st != NPS_OK)
        return st;
    nps_control_slot *s = nps_array(1, sizeof *s + strlen(folder) + 1);
    if (!s)
        return nps_fail_nomem(err);
    pthread_mutex_init(&s->lock, NULL);
    s->current = nps_steal(c);
    memcpy(s->folder, folder, strlen(folder) + 1);
    *ret_slot = s;
    return NPS_OK;
}

void nps_control_slot_close(nps_control_slot *s)
{
    if (!s)
        return;
    nps_control_release(s->current);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

nps_control *nps_control_slot_acquire(nps_control_slot *s)
{
    pthread_mutex_lock(&s->lock);
    nps_control *c = nps_control_acquire(s->current);
    pthread_mutex_unlock(&s->lock);
    return c;
}

nps_status nps_control_slot_reload(nps_control_slot *s, bool *ret_changed, nps_err *err)
{
    NPS_AUTO_CONTROL c = NULL;
    nps_status st = nps_control_load(s->folder, &c, err);
    if (st != NPS_OK)
        return st;
    pthread_mutex_lock(&s->lock);
    bool changed = strcmp(nps_control_digest(c), nps_control_digest(s->current)) != 0;
    if (changed) {
        nps_control *old = s->current;
        s->current = c;
        c = old;
    }
    pthread_mutex_unlock(&s->lock);
    *ret_changed = changed;
    return NPS_OK;
}
