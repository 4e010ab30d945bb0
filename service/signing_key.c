#include "service/signing_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 320 }; /* longer than any key's line */

static const char head[] = "PRIVATE+KEY+";

struct nps_signing_key {
    nps_note_key known;
    uint8_t seed[NPS_SIGN_SEED];
};

void nps_signing_key_free(nps_signing_key *k)
{
    if (!k)
        return;
    nps_secret_wipe(k, sizeof *k);
    free(k);
}

const nps_note_key *nps_signing_key_public(const nps_signing_key *k)
{
    return &k->known;
}

void nps_signing_key_sign(const nps_signing_key *k, nps_bytes message, uint8_t ret_signature[static NPS_SIGNATURE])
{
    nps_sign(k->seed, message, ret_signature);
}

/* --- its line ------------------------------------------------------------------------------------------------------------------ */

static size_t write_line(const nps_note_key *known, const uint8_t *seed, char *line)
{
    uint8_t typed[1 + NPS_SIGN_SEED] = {1};
    memcpy(typed + 1, seed, NPS_SIGN_SEED);
    NPS_AUTO_BUF b = NPS_BUF_INIT(LINE);
    nps_buf_printf(&b, "%s%s+%02x%02x%02x%02x+", head, known->name, known->id[0], known->id[1], known->id[2], known->id[3]);
    nps_base64_put((nps_bytes){typed, sizeof typed}, &b);
    nps_buf_putc(&b, '\n');
    nps_secret_wipe(typed, sizeof typed);
    size_t n = b.failed ? 0 : b.len;
    if (n)
        memcpy(line, b.data, n);
    if (b.data)
        nps_secret_wipe(b.data, b.cap);
    return n;
}

/* Seed and name of a line; the rest follows from them and must agree. */
static bool parse_line(const char *line, size_t n, nps_signing_key *k)
{
    char name[NPS_NOTE_NAME], again[LINE];
    uint8_t typed[1 + NPS_SIGN_SEED], public_key[NPS_SIGN_PUBLIC];
    size_t len, at = sizeof head - 1;
    if (n <= at || memcmp(line, head, at) != 0 || line[n - 1] != '\n')
        return false;
    const char *plus = memchr(line + at, '+', n - at);
    nps_span s = {line + at, plus ? (size_t)(plus - line) - at : 0};
    size_t key = at + s.n + 10; /* "+01234567+" */
    if (!nps_note_name_is_valid(s) || key >= n)
        return false;
    bool good = nps_base64_parse(line + key, n - 1 - key, typed, sizeof typed, &len) && len == sizeof typed && typed[0] == 1;
    if (good) {
        memcpy(name, s.p, s.n);
        name[s.n] = '\0';
        memcpy(k->seed, typed + 1, sizeof k->seed);
        nps_sign_public(k->seed, public_key);
        nps_note_key_make(name, public_key, &k->known);
        good = write_line(&k->known, k->seed, again) == n && memcmp(again, line, n) == 0;
    }
    nps_secret_wipe(typed, sizeof typed);
    nps_secret_wipe(again, sizeof again);
    return good;
}

/* --- its file ------------------------------------------------------------------------------------------------------------------ */

/* NPS_E_NOT_FOUND: there is none. */
static nps_status read_key(const char *path, nps_signing_key *k, nps_err *err)
{
    char line[LINE];
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? nps_fail(err, NPS_E_NOT_FOUND, "signing key '%s' is not there", path)
                               : nps_fail(err, NPS_E_IO, "signing key '%s' cannot be read: %s", path, strerror(errno));
    bool known = fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
    ssize_t n = known ? read(fd, line, sizeof line) : -1;
    close(fd);
    nps_status st = NPS_OK;
    if (n < 0)
        st = nps_fail(err, NPS_E_IO, "signing key '%s' is no file that can be read", path);
    /* The group may read: a credential that systemd passes on with an access control list looks like that. */
    else if (s.st_mode & 0037)
        st = nps_fail(err, NPS_E_DENIED, "signing key '%s' is open to others (mode %03o); chmod 600 it", path,
                      (unsigned)s.st_mode & 0777);
    else if (n == sizeof line || !parse_line(line, (size_t)n, k))
        st = nps_fail(err, NPS_E_FORMAT, "signing key '%s' is no line PRIVATE+KEY+name+id+key, or damaged", path);
    nps_secret_wipe(line, sizeof line);
    return st;
}

static bool sync_folder_of(const char *path)
{
    char folder[600];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* link, unlike rename, never replaces a key that another process has made meanwhile. */
static nps_status make_file(const char *path, const char *line, size_t n, nps_err *err)
{
    char temp[600], random[17];
    nps_random_hex(8, random);
    if (snprintf(temp, sizeof temp, "%s.%s", path, random) >= (int)sizeof temp)
        return nps_fail(err, NPS_E_RANGE, "path of the signing key is too long");
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (good && link(temp, path) != 0 && errno != EEXIST) {
        why = errno;
        good = false;
    }
    if (fd >= 0)
        unlink(temp);
    if (good && !sync_folder_of(path)) {
        why = errno;
        good = false;
    }
    return good ? NPS_OK : nps_fail(err, NPS_E_IO, "signing key '%s' cannot be written: %s", path, strerror(why));
}

static nps_status make_key(const char *path, const char *name, nps_err *err)
{
    char line[LINE];
    uint8_t seed[NPS_SIGN_SEED], public_key[NPS_SIGN_PUBLIC];
    nps_note_key known;
    if (!nps_note_name_is_valid(nps_span_of(name)))
        return nps_fail(err, NPS_E_RANGE, "'%s' is no name of a signing key", nps_quote(name, strlen(name)).s);
    nps_sign_seed(seed);
    nps_sign_public(seed, public_key);
    nps_note_key_make(name, public_key, &known);
    size_t n = write_line(&known, seed, line);
    nps_status st = n ? make_file(path, line, n, err) : nps_fail_nomem(err);
    nps_secret_wipe(seed, sizeof seed);
    nps_secret_wipe(line, sizeof line);
    return st;
}

nps_status nps_signing_key_open(const char *path, const char *name, nps_signing_key **ret_key, nps_err *err)
{
    NPS_AUTO(nps_signing_key) k = nps_array(1, sizeof *k);
    if (!k)
        return nps_fail_nomem(err);
    nps_err why = {0};
    nps_status st = read_key(path, k, &why);
    if (st == NPS_E_NOT_FOUND) {
        st = make_key(path, name, &why);
        if (st == NPS_OK)
            st = read_key(path, k, &why);
    }
    if (st != NPS_OK)
        return nps_fail(err, st, "%s", why.msg);
    *ret_key = nps_steal(k);
    return NPS_OK;
}
