/* Webhook signatures: RFC 4231, the provider's vector, and faults K01-K04, K06, K08, K11-K13. */
#include <stdlib.h>

#include "../../src/core/base64.h"
#include "../../src/core/webhook.h"
#include "check.h"

#include <openssl/err.h>

/* RFC 4231 gives the digests in hexadecimal; "timestamp" and body are one text to the HMAC. */
static void check_rfc(const char *key, size_t key_size, const char *data, size_t data_size, const char *hex)
{
    struct vkyc_webhook_key k = {0};
    char signature[VKYC_WEBHOOK_SIGNATURE_SIZE];
    CHECK(vkyc_webhook_key_set(&k, key, key_size) == VKYC_OK);
    for (size_t cut = 0; cut <= data_size; cut += data_size / 2) {
        unsigned char digest[33];
        size_t size = 0;
        char text[65];
        CHECK(vkyc_webhook_sign(&k, data, cut, data + cut, data_size - cut, signature) == VKYC_OK);
        CHECK(vkyc_base64_decode(signature, sizeof signature, digest, &size) == VKYC_OK && size == 32);
        for (size_t i = 0; i < size; i++) {
            (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
        }
        CHECK(strcmp(text, hex) == 0);
        CHECK(vkyc_webhook_verify(&k, data, cut, data + cut, data_size - cut, signature, sizeof signature) == VKYC_OK);
    }
    vkyc_webhook_key_free(&k);
}

static void test_rfc_4231(void)
{
    char key[131];
    char data[50];
    memset(key, 0x0b, 20);
    check_rfc(key, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_rfc("Jefe", 4, "what do ya want for nothing?", 28, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 20);
    memset(data, 0xdd, 50);
    check_rfc(key, 20, data, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    for (int i = 0; i < 25; i++) {
        key[i] = (char)(i + 1);
    }
    memset(data, 0xcd, 50);
    check_rfc(key, 25, data, 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    memset(key, 0xaa, 131);
    check_rfc(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    static const char longer[] =
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before "
        "being used by the HMAC algorithm.";
    check_rfc(key, 131, longer, sizeof longer - 1, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static enum vkyc_status verify(const struct vkyc_webhook_key *k, const char *timestamp, const char *body, const char *signature)
{
    return vkyc_webhook_verify(k, timestamp, strlen(timestamp), body, strlen(body), signature, strlen(signature));
}

#define BODY "{\"event_type\":\"VKYC_USER_LINK_GENERATED\",\"data\":{\"amount\":1.10}}"

static void test_deliveries(void)
{
    static const char stamp[] = "1746427759733";
    static const char good[] = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac=";
    struct vkyc_webhook_key k = {0};
    struct vkyc_webhook_key other = {0};
    CHECK(vkyc_webhook_key_set(&k, "cs_test_0123456789", 18) == VKYC_OK);
    CHECK(verify(&k, stamp, BODY, good) == VKYC_OK);                                                  /* K01 */
    CHECK(verify(&k, stamp, BODY, good) == VKYC_OK);                                                  /* the key is not used up */
    CHECK(verify(&k, stamp, BODY, "dfd31d99ykC2WhMdwdWwUZeklsdBi5Bg53nC1R/qpdw=") == VKYC_ERR_RANGE); /* K02 */
    CHECK(verify(&k, stamp, "{\"event_type\":\"VKYC_USER_LINK_GENERATED\",\"data\":{\"amount\":1.1}}", good) == VKYC_ERR_RANGE); /* K04 */

    /* K03: any bit of the body, the timestamp or the signature. */
    char body[] = BODY;
    for (size_t bit = 0; bit < 8 * (sizeof body - 1); bit++) {
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        CHECK(vkyc_webhook_verify(&k, stamp, 13, body, sizeof body - 1, good, 44) == VKYC_ERR_RANGE);
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
    }
    CHECK(verify(&k, "1746427759732", BODY, good) == VKYC_ERR_RANGE);
    CHECK(verify(&k, "", BODY, good) == VKYC_ERR_RANGE);
    char signature[45];
    memcpy(signature, good, 45);
    for (size_t i = 0; i < 44; i++) {
        signature[i] = signature[i] == 'A' ? 'E' : 'A';
        CHECK(verify(&k, stamp, BODY, signature) != VKYC_OK);
        signature[i] = good[i];
    }

    /* K08, K12: no base64 of 32 bytes. */
    CHECK(verify(&k, stamp, BODY, "") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRa==") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHS") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRad=") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, " PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac=") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "PaGMqj/RlwuOkR3HH/m64 nMNzFf/Y1/Hl1zXGRHSRac") == VKYC_ERR_SYNTAX);
    CHECK(verify(&k, stamp, BODY, "3da18caa3fd1970b8e911dc71ff9bae2730dcc57ff635fc7975cd71911d245a7") == VKYC_ERR_SYNTAX);
    enum { HUGE = 1 << 20 };
    char *huge = malloc(HUGE);
    CHECK(huge != NULL);
    if (huge != NULL) {
        memset(huge, 'A', HUGE);
        CHECK(vkyc_webhook_verify(&k, stamp, 13, BODY, sizeof BODY - 1, huge, HUGE) == VKYC_ERR_SYNTAX);
        free(huge);
    }

    /* K11, K13 */
    CHECK(vkyc_webhook_key_set(&other, "", 0) == VKYC_ERR_RANGE && other.context == NULL);
    CHECK(verify(&other, stamp, BODY, good) == VKYC_ERR_CRYPTO);
    CHECK(vkyc_webhook_key_set(&other, "cs_test_0123456780", 18) == VKYC_OK);
    CHECK(verify(&other, stamp, BODY, good) == VKYC_ERR_RANGE);
    /* Set again: the new secret alone counts. */
    CHECK(vkyc_webhook_key_set(&other, "cs_test_0123456789", 18) == VKYC_OK);
    CHECK(verify(&other, stamp, BODY, good) == VKYC_OK);
    CHECK(vkyc_webhook_key_set(&other, "", 0) == VKYC_ERR_RANGE);
    CHECK(verify(&other, stamp, BODY, good) == VKYC_OK);

    static const char cashfree[] = "{\"event_type\":\"VKYC_USER_LINK_GENERATED\",\"event_time\":\"2025-05-22T03:51:14Z\",\"data\":{"
                                   "\"verification_id\":\"test333\",\"amount\":170.00}}";
    CHECK(vkyc_webhook_key_set(&other, "cfsk_test_0123456789", 20) == VKYC_OK);
    CHECK(verify(&other, stamp, cashfree, "+zULrdmmKPNIeNaFATFNb3VSDl5idu6Oe/w7XP2orXo=") == VKYC_OK);
    vkyc_webhook_key_free(&k);
    vkyc_webhook_key_free(&other);
    vkyc_webhook_key_free(&other);
    CHECK(ERR_peek_error() == 0);
}

static void check_timestamp(const char *text, size_t size, int64_t wanted)
{
    int64_t value = -1;
    enum vkyc_status status = vkyc_webhook_timestamp(text, size, &value);
    CHECK(wanted < 0 ? status == VKYC_ERR_SYNTAX : status == VKYC_OK && value == wanted);
}

/* K06 */
static void test_timestamps(void)
{
    check_timestamp("1746427759733", 13, 1746427759733);
    check_timestamp("1746427759", 10, 1746427759);
    check_timestamp("0", 1, 0);
    check_timestamp("007", 3, 7);
    check_timestamp("999999999999999999", 18, 999999999999999999);
    check_timestamp("1000000000000000000", 19, -1);
    check_timestamp("99999999999999999999999999", 26, -1);
    check_timestamp("", 0, -1);
    check_timestamp("-1", 2, -1);
    check_timestamp("+1", 2, -1);
    check_timestamp(" 1", 2, -1);
    check_timestamp("1 ", 2, -1);
    check_timestamp("1.5", 3, -1);
    check_timestamp("1e3", 3, -1);
    check_timestamp("0x10", 4, -1);
    check_timestamp("12\0", 3, -1);
    check_timestamp("banana", 6, -1);
}

static struct vkyc_webhook_header header(const char *name, const char *value)
{
    struct vkyc_webhook_header h = {name, strlen(name), value, value != NULL ? strlen(value) : 0, value != NULL};
    return h;
}

static void test_judging(void)
{
    static const char good[] = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac=";
    struct vkyc_webhook_key keys[3] = {{0}};
    char why[64];
    size_t index = 9;
    CHECK(vkyc_webhook_key_set(&keys[0], "another", 7) == VKYC_OK);
    CHECK(vkyc_webhook_key_set(&keys[1], "cs_test_0123456789", 18) == VKYC_OK);
    CHECK(vkyc_webhook_key_set(&keys[2], "cs_test_0123456789", 18) == VKYC_OK);
    struct vkyc_webhook_delivery d = {
        {header("X-Sign", good), header("x-at", "1746427759733")}, BODY, sizeof BODY - 1, 1000, 1746427759, 300};
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_AUTHENTIC && index == 1);
    CHECK(vkyc_webhook_judge(&d, keys + 2, 1, &index, why, sizeof why) == VKYC_WEBHOOK_AUTHENTIC && index == 0);
    CHECK(vkyc_webhook_judge(&d, keys, 1, &index, why, sizeof why) == VKYC_WEBHOOK_FORGED);
    CHECK(vkyc_webhook_judge(&d, keys, 0, &index, why, sizeof why) == VKYC_WEBHOOK_FORGED);

    CHECK(vkyc_webhook_header_find(&d, "x-SIGN", 6) == &d.headers[VKYC_WEBHOOK_SIGNATURE]);
    CHECK(vkyc_webhook_header_find(&d, "X-At", 4) == &d.headers[VKYC_WEBHOOK_TIMESTAMP]);
    CHECK(vkyc_webhook_header_find(&d, "x-sig", 5) == NULL && vkyc_webhook_header_find(&d, "", 0) == NULL);

    static const struct {
        double now;
        double tolerance;
        int fine;
    } times[] = {{1746427759.733 + 299.9, 300, 1},
                 {1746427759.733 - 299.9, 300, 1},
                 {1746427759.733 + 300.1, 300, 0},
                 {1746427759.733 - 300.1, 300, 0},
                 {0, 1e300, 1},
                 {0.0 / 0.0, 300, 0}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        d.now_s = times[i].now;
        d.tolerance_s = times[i].tolerance;
        CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == (times[i].fine ? VKYC_WEBHOOK_AUTHENTIC : VKYC_WEBHOOK_BAD_TIME));
    }
    CHECK(strcmp(why, "x-at is more than 300 s away from this machine's clock") == 0);
    d.now_s = 1746427759;

    d.headers[VKYC_WEBHOOK_TIMESTAMP] = header("x-at", "soon");
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_BAD_TIME && strcmp(why, "x-at is not a number") == 0);
    d.headers[VKYC_WEBHOOK_TIMESTAMP] = header("x-at", "");
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_BAD_TIME && strcmp(why, "x-at is empty") == 0);
    d.headers[VKYC_WEBHOOK_TIMESTAMP] = header("x-at", NULL);
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_BAD_HEADER && strcmp(why, "x-at is missing") == 0);
    d.headers[VKYC_WEBHOOK_TIMESTAMP] = header("x-at", "1746427759733");
    d.headers[VKYC_WEBHOOK_SIGNATURE].times = 2;
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_BAD_HEADER);
    CHECK(strcmp(why, "X-Sign came more than once") == 0);
    d.headers[VKYC_WEBHOOK_SIGNATURE] = header("X-Sign", "AAAA");
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, 8) == VKYC_WEBHOOK_BAD_HEADER && strcmp(why, "X-Sign ") == 0);

    d.headers[VKYC_WEBHOOK_SIGNATURE] = header("X-Sign", good);
    vkyc_webhook_key_free(&keys[1]);
    CHECK(vkyc_webhook_judge(&d, keys, 2, &index, why, sizeof why) == VKYC_WEBHOOK_FAILED);
    CHECK(vkyc_webhook_judge(&d, keys, 3, &index, why, sizeof why) == VKYC_WEBHOOK_AUTHENTIC && index == 2);
    vkyc_webhook_key_free(&keys[0]);
    vkyc_webhook_key_free(&keys[2]);
}

static void test_sha256(void)
{
    char hex[64];
    CHECK(vkyc_sha256_hex("abc", 3, hex) == VKYC_OK);
    CHECK_BYTES(hex, sizeof hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct vkyc_sha256 pieces;
    memset(&pieces, 0, sizeof pieces);
    char text[2000];
    memset(text, 'x', sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut += 100) {
        char whole[64];
        vkyc_sha256_begin(&pieces);
        vkyc_sha256_add(&pieces, text, cut);
        vkyc_sha256_add(&pieces, text + cut, 0);
        for (size_t i = cut; i < sizeof text; i += 50) {
            vkyc_sha256_add(&pieces, text + i, 50);
        }
        CHECK(vkyc_sha256_end(&pieces, hex) == VKYC_OK && vkyc_sha256_hex(text, sizeof text, whole) == VKYC_OK);
        CHECK(memcmp(hex, whole, 64) == 0);
    }
    vkyc_sha256_free(&pieces);
    vkyc_sha256_free(&pieces);
    CHECK(vkyc_sha256_hex("", 0, hex) == VKYC_OK);
    CHECK_BYTES(hex, sizeof hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    test_rfc_4231();
    test_deliveries();
    test_timestamps();
    test_judging();
    test_sha256();
    return check_done("webhook");
}
