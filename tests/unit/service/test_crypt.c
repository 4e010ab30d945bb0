#include "tests/support/nps_test.h"

#include "service/crypt.h"

#include <sodium.h>

static void base64_takes_its_alphabet_and_no_other_byte(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int secret = 0; secret < 2; secret++)
        for (int c = 0; c < 256; c++)
            for (size_t at = 0; at < 8; at++) {
                char text[9] = "QUJDREVG";
                unsigned char out[8];
                size_t n;
                text[at] = (char)c;
                bool taken = secret ? nps_secret_from_base64(text, 8, out, sizeof out, &n)
                                    : nps_base64_parse(text, 8, out, sizeof out, &n);
                bool digit = c && strchr(alphabet, c);
                assert_int_equal(taken, digit);
                assert_true(!taken || n == 6);
            }
}

/* RFC 4648, section 10, and what is not canonical. */
static void base64_has_one_text_for_each_value(void **state)
{
    (void)state;
    static const char *const good[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const bad[] = {"Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "=", "Z===", "Zg== ", " Zg==", "Zm9v\n", "Zm-_", "Zg==Zg=="};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint8_t out[8];
        size_t n;
        NPS_AUTO_BUF again = NPS_BUF_INIT(64);
        assert_true(nps_base64_parse(good[i], strlen(good[i]), out, sizeof out, &n));
        assert_int_equal(n, i);
        assert_memory_equal(out, "foobar", n);
        nps_base64_put((nps_bytes){out, n}, &again);
        assert_string_equal(again.data ? again.data : "", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t out[8];
        size_t n;
        assert_false(nps_base64_parse(bad[i], strlen(bad[i]), out, sizeof out, &n));
    }
}

static void long_base64_is_written_in_one_piece(void **state)
{
    (void)state;
    uint8_t raw[1000], back[1000];
    uint64_t random = nps_test_seed();
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)nps_test_random(&random);
    for (size_t n = 0; n < sizeof raw; n += 13) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(2000);
        size_t len;
        nps_base64_put((nps_bytes){raw, n}, &b);
        assert_int_equal(b.len, (n + 2) / 3 * 4);
        assert_true(nps_base64_parse(b.data ? b.data : "", b.len, back, sizeof back, &len));
        assert_int_equal(len, n);
        assert_memory_equal(raw, back, n);
    }
}

/* FIPS 180-4's "abc"; RFC 8032, section 7.1, test 3. */
static void hashes_and_signatures_are_the_published_ones(void **state)
{
    (void)state;
    uint8_t hash[NPS_SHA256], seed[NPS_SIGN_SEED], public_key[NPS_SIGN_PUBLIC], signature[NPS_SIGNATURE];
    char text[2 * NPS_SIGNATURE + 1];
    const nps_bytes abc[] = {{"a", 1}, {"", 0}, {"bc", 2}};
    nps_sha256(abc, 3, hash);
    assert_string_equal(sodium_bin2hex(text, sizeof text, hash, sizeof hash),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static const char secret[] = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
    assert_int_equal(sodium_hex2bin(seed, sizeof seed, secret, strlen(secret), NULL, NULL, NULL), 0);
    nps_sign_public(seed, public_key);
    assert_string_equal(sodium_bin2hex(text, sizeof text, public_key, sizeof public_key),
                        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    nps_sign(seed, (nps_bytes){"\xaf\x82", 2}, signature);
    assert_string_equal(sodium_bin2hex(text, sizeof text, signature, sizeof signature),
                        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    assert_true(nps_signature_holds(public_key, (nps_bytes){"\xaf\x82", 2}, signature));
    assert_false(nps_signature_holds(public_key, (nps_bytes){"\xaf\x83", 2}, signature));
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_takes_its_alphabet_and_no_other_byte),
        cmocka_unit_test(base64_has_one_text_for_each_value),
        cmocka_unit_test(long_base64_is_written_in_one_piece),
        cmocka_unit_test(hashes_and_signatures_are_the_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
