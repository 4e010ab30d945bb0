#include "service/auth.h"

#include "core/scan.h"
#include "reference-lib/digest.h"
#include "service/crypt.h"
#include "service/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID = 16, SECRET = 64, RECORD = ID + 1 + 64 + 1 }; /* "id hash\n" */

static void hash_secret(const char *secret, char hex[static NPS_DIGEST_HEX])
{
    nps_digest_state s;
    nps_digest_init(&s);
    nps_digest_add(&s, "npswatch token", 14);
    nps_digest_add(&s, secret, SECRET);
    nps_digest_end(&s, hex);
    nps_secret_wipe(&s, sizeof s);
}

static const char *path_of(const char *data_dir, const char *name, char *out, size_t out_size)
{
    snprintf(out, out_size, "%s/%s", data_dir, name);
    return out;
}

bool nps_auth_exists(const char *data_dir)
{
    char path[600];
    return access(path_of(data_dir, "admin-token", path, sizeof path), F_OK) == 0;
}

static bool write_durably(const char *dir, const char *from, const char *to, const char *data, size_t n)
{
    int fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, data, n) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && rename(from, to) == 0;
    int folder = good ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    good = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return good;
}

nps_status nps_auth_create(const char *data_dir, char ret_token[static NPS_TOKEN_TEXT], nps_err *err)
{
    char id[ID + 1], secret[SECRET + 1], hash[NPS_DIGEST_HEX], record[RECORD + 1], from[600], to[600];
    nps_random_hex(ID / 2, id);
    nps_random_hex(SECRET / 2, secret);
    hash_secret(secret, hash);
    snprintf(record, sizeof record, "%s %s\n", id, hash);
    path_of(data_dir, "admin-token.new", from, sizeof from);
    if (!write_durably(data_dir, from, path_of(data_dir, "admin-token", to, sizeof to), record, RECORD)) {
        nps_secret_wipe(secret, sizeof secret);
        return nps_fail(err, NPS_E_IO, "token file '%s' cannot be written: %s", to, strerror(errno));
    }
    snprintf(ret_token, NPS_TOKEN_TEXT, "nps_%s_%s", id, secret);
    nps_secret_wipe(secret, sizeof secret);
    return NPS_OK;
}

static nps_status read_record(const char *data_dir, char record[static RECORD + 1], nps_err *err)
{
    char path[600];
    int fd = open(path_of(data_dir, "admin-token", path, sizeof path), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, record, RECORD + 1) : -1;
    if (fd >= 0)
        close(fd);
    bool good = n == RECORD && record[ID] == ' ' && nps_text_is_hex((nps_span){record, ID}, ID) &&
                nps_text_is_hex((nps_span){record + ID + 1, 64}, 64);
    return good ? NPS_OK : nps_fail(err, NPS_E_IO, "token file '%s' cannot be read", path);
}

nps_status nps_auth_check(const char *data_dir, const char *authorization, nps_err *err)
{
    char record[RECORD + 1], hash[NPS_DIGEST_HEX];
    nps_span a = nps_span_trim(nps_span_of(authorization));
    if (!a.n)
        return nps_fail(err, NPS_E_DENIED, "this needs the admin token (Authorization: Bearer nps_...)");
    nps_status st = read_record(data_dir, record, err);
    if (st != NPS_OK)
        return st;
    bool good = nps_span_starts(a, "Bearer ");
    nps_span t = nps_span_trim(good ? (nps_span){a.p + 7, a.n - 7} : a);
    good = good && t.n == NPS_TOKEN_TEXT - 1 && memcmp(t.p, "nps_", 4) == 0 && t.p[4 + ID] == '_' &&
           memcmp(t.p + 4, record, ID) == 0;
    if (good) {
        hash_secret(t.p + 4 + ID + 1, hash);
        good = nps_secret_equal(hash, record + ID + 1, 64);
    }
    return good ? NPS_OK : nps_fail(err, NPS_E_DENIED, "the token is not valid");
}
