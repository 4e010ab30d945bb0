#include "service/archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* Below this a high ratio is no danger, and common in files of blanks and zeros. */
enum { RATIO_FROM_BYTES = 1 << 20 };

typedef struct {
    zip_uint64_t index; /* in the archive's own order */
    const char *name;   /* owned by the zip library */
} member;

struct nps_archive {
    zip_t *zip;
    size_t packed; /* bytes of the archive */
    size_t inflated; /* of all members so far */
    nps_read_limits limits;
    member *item; /* [n] by name */
    size_t n;
};

bool nps_archive_is(const void *data, size_t len)
{
    return len >= 4 && memcmp(data, "PK\003\004", 4) == 0;
}

static nps_status fail_zip(nps_err *err, zip_error_t *why, const char *what)
{
    int code = zip_error_code_zip(why);
    if (code == ZIP_ER_MEMORY)
        return nps_fail_nomem(err);
    bool lacking = code == ZIP_ER_COMPNOTSUPP || code == ZIP_ER_ENCRNOTSUPP || code == ZIP_ER_OPNOTSUPP ||
                   code == ZIP_ER_MULTIDISK;
    return nps_fail(err, lacking ? NPS_E_UNSUPPORTED : NPS_E_FORMAT, "%s: %s", what, zip_error_strerror(why));
}

static nps_status open_zip(const void *data, size_t len, zip_t **ret_zip, nps_err *err)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(data, len, 0, &why);
    *ret_zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    nps_status st = *ret_zip ? NPS_OK : fail_zip(err, &why, "the zip archive is damaged");
    if (!*ret_zip)
        zip_source_free(source);
    zip_error_fini(&why);
    return st;
}

/* A folder, or hidden. */
static bool is_passed_over(const char *name)
{
    size_t n = strlen(name);
    return !n || name[n - 1] == '/' || name[0] == '.' || strstr(name, "/.");
}

/* The slash before every other byte, so that what lies in a folder stays together. */
static int by_path(const void *a, const void *b)
{
    const unsigned char *x = (const unsigned char *)((const member *)a)->name;
    const unsigned char *y = (const unsigned char *)((const member *)b)->name;
    while (*x && *x == *y) {
        x++;
        y++;
    }
    int l = *x == '/' ? 1 : *x ? *x + 1 : 0, r = *y == '/' ? 1 : *y ? *y + 1 : 0;
    if (l != r)
        return l < r ? -1 : 1;
    zip_uint64_t i = ((const member *)a)->index, j = ((const member *)b)->index;
    return i < j ? -1 : i > j;
}

static nps_status list_members(nps_archive *a, nps_err *err)
{
    zip_int64_t n = zip_get_num_entries(a->zip, 0);
    if (n > NPS_ARCHIVE_MEMBERS_MAX)
        return nps_fail(err, NPS_E_LIMIT, "%lld members of a zip archive are more than the limit of %d", (long long)n,
                        NPS_ARCHIVE_MEMBERS_MAX);
    a->item = nps_array((size_t)n, sizeof *a->item);
    if (!a->item)
        return nps_fail_nomem(err);
    for (zip_uint64_t i = 0; i < (zip_uint64_t)n; i++) {
        const char *name = zip_get_name(a->zip, i, ZIP_FL_ENC_GUESS);
        if (!name)
            return fail_zip(err, zip_get_error(a->zip), "the zip archive is damaged");
        if (!is_passed_over(name))
            a->item[a->n++] = (member){i, name};
    }
    if (a->n)
        qsort(a->item, a->n, sizeof *a->item, by_path);
    return NPS_OK;
}

nps_status nps_archive_open(const void *data, size_t len, const nps_read_limits *limits, nps_archive **ret_archive,
                            nps_err *err)
{
    NPS_AUTO(nps_archive) a = nps_array(1, sizeof *a);
    if (!a)
        return nps_fail_nomem(err);
    a->packed = len;
    a->limits = *limits;
    nps_status st = open_zip(data, len, &a->zip, err);
    if (st == NPS_OK)
        st = list_members(a, err);
    if (st != NPS_OK)
        return st;
    *ret_archive = nps_steal(a);
    return NPS_OK;
}

size_t nps_archive_n(const nps_archive *a)
{
    return a->n;
}

const char *nps_archive_name(const nps_archive *a, size_t i)
{
    return a->item[i].name;
}

static bool is_bomb(const nps_archive *a, size_t inflated, size_t packed)
{
    return inflated > RATIO_FROM_BYTES && (double)inflated > a->limits.max_gzip_ratio * (double)packed;
}

static nps_status inflate(nps_archive *a, zip_file_t *f, size_t packed, nps_buf *out, nps_err *err)
{
    char piece[65536];
    for (;;) {
        zip_int64_t n = zip_fread(f, piece, sizeof piece);
        if (n < 0)
            return fail_zip(err, zip_file_get_error(f), "the member is damaged");
        if (n == 0)
            return out->failed ? nps_fail_nomem(err) : NPS_OK;
        a->inflated += (size_t)n;
        if (a->inflated > a->limits.max_bytes)
            return nps_fail(err, NPS_E_LIMIT, "the archive inflates to more than the limit of %zu bytes: the rest of it is not read",
                            a->limits.max_bytes);
        nps_buf_add(out, piece, (size_t)n);
        if (is_bomb(a, out->len, packed) || is_bomb(a, a->inflated, a->packed))
            return nps_fail(err, NPS_E_LIMIT, "the archive inflates to more than %.0f times its size: the rest of it is not read",
                            a->limits.max_gzip_ratio);
    }
}

nps_status nps_archive_read(nps_archive *a, size_t i, char **ret_data, size_t *ret_len, nps_err *err)
{
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(a->zip, a->item[i].index, 0, &stat) != 0)
        return fail_zip(err, zip_get_error(a->zip), "the member is damaged");
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the member is encrypted: unpack the archive with its password first");
    zip_file_t *f = zip_fopen_index(a->zip, a->item[i].index, 0);
    if (!f)
        return fail_zip(err, zip_get_error(a->zip), "the member cannot be unpacked");
    NPS_AUTO_BUF out = NPS_BUF_INIT(a->limits.max_bytes);
    size_t packed = (stat.valid & ZIP_STAT_COMP_SIZE) && stat.comp_size < a->packed ? (size_t)stat.comp_size : a->packed;
    nps_status st = inflate(a, f, packed, &out, err);
    zip_fclose(f);
    if (st != NPS_OK)
        return st;
    size_t len = out.len;
    char *data = nps_buf_detach(&out);
    if (!data)
        return nps_fail_nomem(err);
    *ret_data = data;
    *ret_len = len;
    return NPS_OK;
}

void nps_archive_free(nps_archive *a)
{
    if (!a)
        return;
    if (a->zip)
        zip_discard(a->zip);
    free(a->item);
    free(a);
}
