#include "tests/support/nps_test.h"

#include <ftw.h>
#include <math.h>
#include <unistd.h>

void nps_assert_near(double got, double want, double rtol, double atol, const char *what, const char *file, int line)
{
    if (fabs(got - want) <= atol + rtol * fabs(want))
        return;
    print_error("%s is %.17g, expected %.17g (difference %.3g)\n", what, got, want, got - want);
    _fail(file, line);
}

void nps_assert_ok(nps_status st, const nps_err *err, const char *what, const char *file, int line)
{
    if (st == NPS_OK)
        return;
    char text[400];
    print_error("%s: %s: %s\n", what, nps_status_name(st), err ? nps_err_text(err, text, sizeof text) : "");
    _fail(file, line);
}

const char *nps_shared_path(const char *relative)
{
    static _Thread_local char path[1024];
    snprintf(path, sizeof path, "%s/../shared", NPS_SOURCE_DIR);
    if (access(path, R_OK) != 0) {
        printf("skipped: the folder of shared spectra is not beside the checkout\n");
        fflush(stdout);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/../shared/%s", NPS_SOURCE_DIR, relative);
    return path;
}

const char *nps_test_path(const char *relative)
{
    static _Thread_local char path[1024];
    snprintf(path, sizeof path, "%s/tests/%s", NPS_SOURCE_DIR, relative);
    return path;
}

char *nps_slurp(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *data = NULL;
    if (fseek(f, 0, SEEK_END) == 0) {
        long size = ftell(f);
        rewind(f);
        data = size >= 0 ? malloc((size_t)size + 1) : NULL;
        if (data && fread(data, 1, (size_t)size, f) != (size_t)size) {
            free(data);
            data = NULL;
        }
        if (data) {
            data[size] = '\0';
            *ret_len = (size_t)size;
        }
    }
    fclose(f);
    return data;
}

static char temp_dir[256];
static pid_t temp_owner;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void remove_temp_dir(void)
{
    if (temp_dir[0] && getpid() == temp_owner)
        nftw(temp_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *nps_temp_dir(void)
{
    const char *base = getenv("TMPDIR");
    if (!temp_dir[0])
        atexit(remove_temp_dir);
    else
        remove_temp_dir();
    snprintf(temp_dir, sizeof temp_dir, "%s/npswatch-test-XXXXXX", base && *base ? base : "/tmp");
    temp_owner = getpid();
    if (!mkdtemp(temp_dir)) {
        print_error("no temporary folder in %s\n", base ? base : "/tmp");
        exit(1);
    }
    return temp_dir;
}

uint64_t nps_test_seed(void)
{
    static bool told;
    const char *text = getenv("NPS_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    if (!seed)
        seed = 1;
    if (!told)
        printf("seed %llu\n", (unsigned long long)seed);
    told = true;
    return seed * UINT64_C(0x9E3779B97F4A7C15);
}

uint64_t nps_test_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(2685821657736338717);
}

double nps_test_uniform(uint64_t *state)
{
    return (double)(nps_test_random(state) >> 11) * 0x1p-53;
}
