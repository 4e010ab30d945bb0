/* MS-Numpress against bytes packed by hand and by the slow encoder below, written from the paper's description. */
#include "spectra/numpress.h"
#include "tests/support/nps_test.h"

#include <math.h>

typedef struct {
    uint8_t byte[4096];
    size_t half; /* half bytes written */
} packed;

static void put_half(packed *p, unsigned v)
{
    uint8_t *b = &p->byte[p->half / 2];
    *b = p->half % 2 ? (uint8_t)(*b | v) : (uint8_t)(v << 4);
    p->half++;
}

static void put_byte(packed *p, unsigned v)
{
    put_half(p, v >> 4);
    put_half(p, v & 15);
}

static void put_scale(packed *p, double scale)
{
    uint64_t bits;
    memcpy(&bits, &scale, sizeof bits);
    for (int i = 7; i >= 0; i--)
        put_byte(p, (unsigned)(bits >> (8 * i)) & 255);
}

static void put_int(packed *p, uint32_t v)
{
    unsigned same = 0, top = v >> 28;
    if (top == 0 || top == 15)
        while (same < (top ? 7 : 8) && (v >> (28 - 4 * same) & 15) == top)
            same++;
    put_half(p, top == 15 ? 8 + same : same);
    for (unsigned i = 0; i + same < 8; i++)
        put_half(p, v >> (4 * i) & 15);
}

static nps_span bytes_of(const packed *p)
{
    return (nps_span){(const char *)p->byte, (p->half + 1) / 2};
}

static void linear_bytes_by_hand(void **state)
{
    (void)state;
    /* Scale 2; 200 and 202 as 100 and 101; straight on 204, and 2 more are 206, 103: seven zeros, then 2. */
    static const char data[] = "\x40\x00\x00\x00\x00\x00\x00\x00\xc8\x00\x00\x00\xca\x00\x00\x00\x72";
    double out[4];
    size_t n = 0;
    nps_err err;
    assert_ok(nps_numpress_decode(NPS_NUMPRESS_LINEAR, (nps_span){data, 17}, out, 4, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_near(out[0], 100, 0, 0);
    assert_near(out[1], 101, 0, 0);
    assert_near(out[2], 103, 0, 0);
    for (size_t cut = 8; cut <= 16; cut += 4) {
        assert_ok(nps_numpress_decode(NPS_NUMPRESS_LINEAR, (nps_span){data, cut}, out, 4, &n, &err), &err);
        assert_int_equal(n, (cut - 8) / 4);
    }
}

static void pic_bytes_by_hand(void **state)
{
    (void)state;
    /* 0: head 8. 100 = 0x64: six zeros, then 4, 6. 2^32 - 1: seven times 0xf by head 15, then f. Filled up by 0. */
    static const char data[] = "\x86\x46\xff\x80";
    double out[4];
    size_t n = 0;
    nps_err err;
    assert_ok(nps_numpress_decode(NPS_NUMPRESS_PIC, (nps_span){data, 3}, out, 4, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_near(out[0], 0, 0, 0);
    assert_near(out[1], 100, 0, 0);
    assert_near(out[2], 4294967295.0, 0, 0);
    assert_ok(nps_numpress_decode(NPS_NUMPRESS_PIC, (nps_span){data, 4}, out, 4, &n, &err), &err);
    assert_int_equal(n, 4);
    assert_near(out[3], 0, 0, 0);
}

static void slof_bytes_by_hand(void **state)
{
    (void)state;
    /* Scale 1000: 6909/1000 -> e^6.909 - 1. */
    packed p = {0};
    put_scale(&p, 1000);
    put_byte(&p, 6909 & 255);
    put_byte(&p, 6909 >> 8);
    double out[1];
    size_t n = 0;
    nps_err err;
    assert_ok(nps_numpress_decode(NPS_NUMPRESS_SLOF, bytes_of(&p), out, 1, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_near(out[0], exp(6.909) - 1, 1e-14, 0);
}

static void random_lists_come_back(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (size_t round = 0; round < 200; round++) {
        packed line = {0}, pic = {0};
        double mz[200], count[200], out[200];
        int64_t whole[200];
        const double scale = 1e5;
        put_scale(&line, scale);
        size_t n = nps_test_random(&seed) % 200, got = 0;
        for (size_t i = 0; i < n; i++) {
            mz[i] = (i ? mz[i - 1] : 50) + 10 * nps_test_uniform(&seed);
            whole[i] = (int64_t)(mz[i] * scale + 0.5);
            count[i] = floor(ldexp(nps_test_uniform(&seed), (int)(nps_test_random(&seed) % 33)));
            put_int(&pic, (uint32_t)count[i]);
            if (i < 2)
                for (int b = 0; b < 4; b++)
                    put_byte(&line, (unsigned)(whole[i] >> (8 * b)) & 255);
            else
                put_int(&line, (uint32_t)(int32_t)(whole[i] - (2 * whole[i - 1] - whole[i - 2])));
        }
        nps_err err;
        assert_ok(nps_numpress_decode(NPS_NUMPRESS_LINEAR, bytes_of(&line), out, 200, &got, &err), &err);
        assert_int_equal(got, n);
        for (size_t i = 0; i < n; i++)
            assert_near(out[i], mz[i], 0, 0.51 / scale);
        assert_ok(nps_numpress_decode(NPS_NUMPRESS_PIC, bytes_of(&pic), out, 200, &got, &err), &err);
        assert_int_equal(got, n);
        for (size_t i = 0; i < n; i++)
            assert_near(out[i], count[i], 0, 0);
    }
}

static void damage_is_refused(void **state)
{
    (void)state;
    const struct {
        nps_numpress how;
        const char *data;
        size_t n, max;
        nps_status want;
    } cases[] = {
        {NPS_NUMPRESS_LINEAR, "\x40\0\0\0\0\0\0", 7, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_LINEAR, "\x40\0\0\0\0\0\0\0\1\0", 10, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_LINEAR, "\0\0\0\0\0\0\0\0\1\0\0\0", 12, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_LINEAR, "\x7f\xf0\0\0\0\0\0\0\1\0\0\0", 12, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_LINEAR, "\x40\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\x11", 17, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_LINEAR, "\x40\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\x88", 17, 3, NPS_E_LIMIT},
        {NPS_NUMPRESS_LINEAR, "\x40\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\x88", 17, 1, NPS_E_LIMIT},
        {NPS_NUMPRESS_PIC, "\x64", 1, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_PIC, "\x88\x88", 2, 3, NPS_E_LIMIT},
        {NPS_NUMPRESS_SLOF, "\x40\0\0\0\0\0\0\0\1", 9, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_SLOF, "\xc0\0\0\0\0\0\0\0\1\0", 10, 9, NPS_E_FORMAT},
        {NPS_NUMPRESS_SLOF, "\x40\0\0\0\0\0\0\0\1\0\2\0", 12, 1, NPS_E_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double out[9];
        size_t n = 77;
        nps_err err = {0};
        nps_span data = {cases[i].data, cases[i].n};
        assert_int_equal(nps_numpress_decode(cases[i].how, data, out, cases[i].max, &n, &err), cases[i].want);
        assert_int_equal(n, 77);
        print_message("%s\n", err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_bytes_by_hand),  cmocka_unit_test(pic_bytes_by_hand), cmocka_unit_test(slof_bytes_by_hand),
        cmocka_unit_test(random_lists_come_back), cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
