/* Zip archives for tests, made by the zip library. */
#ifndef NPS_TESTS_SUPPORT_ZIP_FILE_H
#define NPS_TESTS_SUPPORT_ZIP_FILE_H

#include "tests/support/nps_test.h"

#include <zip.h>

typedef struct {
    const char *name; /* with a slash at its end: a folder */
    const char *data;
    size_t len;
    const char *password; /* NULL: not encrypted */
    bool stored;          /* not compressed */
} zip_member;

/* False where a member's encryption is not to be had. */
static inline bool zip_write(const char *path, const zip_member *m, size_t n)
{
    int code = 0;
    bool good = true;
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(z);
    for (size_t i = 0; i < n; i++) {
        if (m[i].name[strlen(m[i].name) - 1] == '/') {
            assert_true(zip_dir_add(z, m[i].name, ZIP_FL_ENC_UTF_8) >= 0);
            continue;
        }
        zip_source_t *s = zip_source_buffer(z, m[i].data, m[i].len, 0);
        zip_int64_t at = s ? zip_file_add(z, m[i].name, s, ZIP_FL_ENC_GUESS) : -1;
        assert_true(at >= 0);
        assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, m[i].stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 0), 0);
        if (m[i].password)
            good = good && zip_file_set_encryption(z, (zip_uint64_t)at, ZIP_EM_AES_256, m[i].password) == 0;
    }
    assert_int_equal(zip_close(z), 0);
    return good;
}

#endif
