/* Deliveries: what we sign verifies, nothing else does; timestamps and base64 have one spelling; a delivery is judged authentic only by
 * headers that came once, in time and signed, and a refusal is one of our own sentences. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/base64.h"
#include "../src/core/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* The next piece: a byte of length, then as much of it as there is. */
static const char *take(const uint8_t **data, size_t *size, size_t *piece_size)
{
    size_t length = *size > 0 ? **data : 0;
    const char *piece = (const char *)*data + (*size > 0 ? 1 : 0);
    *size -= *size > 0 ? 1 : 0;
    *piece_size = length < *size ? length : *size;
    *data = (const uint8_t *)piece + *piece_size;
    *size -= *piece_size;
    return piece;
}

static void check_timestamp(const char *text, size_t size)
{
    int64_t value = -1;
    if (vkyc_webhook_timestamp(text, size, &value) == VKYC_OK) {
        char again[24];
        require(size >= 1 && size <= 18 && value >= 0);
        (void)snprintf(again, sizeof again, "%0*lld", (int)size, (long long)value);
        require(memcmp(again, text, size) == 0);
    }
}

static void check_base64(const char *text, size_t size)
{
    unsigned char out[256];
    char again[344];
    size_t out_size;
    if (vkyc_base64_decode(text, size, out, &out_size) == VKYC_OK) {
        require(VKYC_BASE64_SIZE(out_size) == size);
        vkyc_base64_encode(out, out_size, again);
        require(memcmp(again, text, size) == 0);
    }
    vkyc_base64_encode(text, size, again);
    require(vkyc_base64_decode(again, VKYC_BASE64_SIZE(size), out, &out_size) == VKYC_OK);
    require(out_size == size && memcmp(out, text, size) == 0);
}

static uint8_t take_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0) {
        return 0;
    }
    (*size)--;
    return *(*data)++;
}

/* A sentence that any delivery may be refused with; everything else in it would come from the delivery. */
static int is_ours(const char *why, double tolerance_s)
{
    static const char *const ends[] = {"came more than once",          "is missing",      "is empty",
                                       "is longer than any signature", "is not a number", "is not base64 of 32 bytes"};
    const char *of_header = NULL;
    if (strncmp(why, "x-signature ", 12) == 0) {
        of_header = why + 12;
    } else if (strncmp(why, "x-time ", 7) == 0) {
        of_header = why + 7;
    }
    if (of_header == NULL) {
        return strcmp(why, "no secret makes this signature") == 0;
    }
    char away[80];
    (void)snprintf(away, sizeof away, "is more than %g s away from this machine's clock", tolerance_s);
    int ours = strcmp(of_header, away) == 0;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        ours = ours || strcmp(of_header, ends[i]) == 0;
    }
    return ours;
}

/* Whether the delivery is authentic, worked out another way than the code under test does it. */
static int expected(const struct vkyc_webhook_delivery *d, const struct vkyc_webhook_key *keys, size_t count, size_t *index)
{
    const struct vkyc_webhook_header *signature = &d->headers[VKYC_WEBHOOK_SIGNATURE];
    const struct vkyc_webhook_header *stamp = &d->headers[VKYC_WEBHOOK_TIMESTAMP];
    int64_t time;
    if (signature->times != 1 || signature->value == NULL || signature->size != VKYC_WEBHOOK_SIGNATURE_SIZE || stamp->times != 1 ||
        stamp->value == NULL || vkyc_webhook_timestamp(stamp->value, stamp->size, &time) != VKYC_OK ||
        !(fabs(d->now_s - (double)time / d->units_per_s) <= d->tolerance_s)) {
        return 0;
    }
    for (*index = 0; *index < count; (*index)++) {
        char right[VKYC_WEBHOOK_SIGNATURE_SIZE];
        require(vkyc_webhook_sign(&keys[*index], stamp->value, stamp->size, d->body, d->body_size, right) == VKYC_OK);
        if (memcmp(right, signature->value, sizeof right) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The names of the headers, and which of them a name of the input means. */
static void check_find(struct vkyc_webhook_delivery *d, const char *name, size_t size)
{
    const struct vkyc_webhook_header *found = vkyc_webhook_header_find(d, name, size);
    for (size_t i = 0; i < VKYC_WEBHOOK_HEADERS; i++) {
        const struct vkyc_webhook_header *h = &d->headers[i];
        int same = h->name != NULL && h->name_size == size;
        for (size_t at = 0; same && at < size; at++) {
            same = name[at] == h->name[at] || (name[at] + 32 == h->name[at] && name[at] >= 'A' && name[at] <= 'Z');
        }
        require(same == (found == h));
    }
}

/* The first byte says which keys there are, how often the headers came, and whether the signature is made right. */
static void check_judge(const uint8_t *data, size_t size)
{
    static const char secrets[3][8] = {"first", "second", "third"};
    struct vkyc_webhook_key keys[3] = {{NULL}, {NULL}, {NULL}};
    struct vkyc_webhook_delivery d;
    memset(&d, 0, sizeof d);
    uint8_t how = take_byte(&data, &size);
    uint8_t times = take_byte(&data, &size);
    size_t count = how % 3 + 1U;
    for (size_t i = 0; i < count; i++) {
        require(vkyc_webhook_key_set(&keys[i], secrets[i], strlen(secrets[i])) == VKYC_OK);
    }
    struct vkyc_webhook_header *signature = &d.headers[VKYC_WEBHOOK_SIGNATURE];
    struct vkyc_webhook_header *stamp = &d.headers[VKYC_WEBHOOK_TIMESTAMP];
    *signature = (struct vkyc_webhook_header){"x-signature", 11, NULL, 0, 1U + (times & 1)};
    *stamp = (struct vkyc_webhook_header){"x-time", 6, NULL, 0, 1U + (times >> 1 & 1)};
    d.headers[VKYC_WEBHOOK_ATTEMPT] = (struct vkyc_webhook_header){"x-attempt", 9, NULL, 0, 0};
    size_t name_size;
    const char *name = take(&data, &size, &name_size);
    check_find(&d, name, name_size);
    stamp->value = take(&data, &size, &stamp->size);
    signature->value = take(&data, &size, &signature->size);
    d.units_per_s = (how & 4) != 0 ? 1000 : 1;
    d.tolerance_s = take_byte(&data, &size);
    int64_t time;
    d.now_s = vkyc_webhook_timestamp(stamp->value, stamp->size, &time) == VKYC_OK ? (double)time / d.units_per_s : 0;
    d.now_s += (how & 8) != 0 ? (double)take_byte(&data, &size) - 128 : 0;
    d.now_s = (how & 16) != 0 && (how & 32) != 0 ? NAN : d.now_s;
    d.body = (const char *)data;
    d.body_size = size;
    char right[VKYC_WEBHOOK_SIGNATURE_SIZE];
    if ((how & 64) != 0) {
        require(vkyc_webhook_sign(&keys[times % count], stamp->value, stamp->size, d.body, d.body_size, right) == VKYC_OK);
        signature->value = right;
        signature->size = sizeof right;
    }
    stamp->value = (times & 4) != 0 ? NULL : stamp->value;
    signature->value = (times & 8) != 0 ? NULL : signature->value;

    size_t wanted = count;
    size_t index = count;
    char why[384] = "";
    int authentic = expected(&d, keys, count, &wanted);
    enum vkyc_webhook_verdict verdict = vkyc_webhook_judge(&d, keys, count, &index, why, sizeof why);
    require(authentic == (verdict == VKYC_WEBHOOK_AUTHENTIC) && verdict != VKYC_WEBHOOK_FAILED);
    require(authentic ? index == wanted && why[0] == '\0' : is_ours(why, d.tolerance_s));
    for (size_t i = 0; i < count; i++) {
        vkyc_webhook_key_free(&keys[i]);
    }
}

/* However a text is cut into pieces, its hash is the same. */
static void check_hash(const uint8_t *data, size_t size)
{
    struct vkyc_sha256 s = {NULL, NULL, 0, 0, ""};
    char whole[64];
    char pieces[64];
    require(vkyc_sha256_hex(data, size, whole) == VKYC_OK);
    vkyc_sha256_begin(&s);
    for (size_t at = 0; at < size;) {
        size_t left = size - at;
        size_t piece = (size_t)data[at] * 5;
        piece = piece < left ? piece : left;
        vkyc_sha256_add(&s, data + at, piece);
        at += piece;
        if (piece == 0) {
            vkyc_sha256_add(&s, data + at, 1);
            at++;
        }
    }
    require(vkyc_sha256_end(&s, pieces) == VKYC_OK && memcmp(whole, pieces, sizeof whole) == 0);
    vkyc_sha256_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_judge(data, size);
    check_hash(data, size);
    size_t secret_size;
    size_t timestamp_size;
    size_t given_size;
    const char *secret = take(&data, &size, &secret_size);
    const char *timestamp = take(&data, &size, &timestamp_size);
    const char *given = take(&data, &size, &given_size);
    const char *body = (const char *)data;
    check_timestamp(timestamp, timestamp_size);
    check_base64(given, given_size);

    struct vkyc_webhook_key key = {0};
    enum vkyc_status status = vkyc_webhook_key_set(&key, secret, secret_size);
    require(status == (secret_size == 0 ? VKYC_ERR_RANGE : VKYC_OK));
    if (status == VKYC_OK) {
        char right[VKYC_WEBHOOK_SIGNATURE_SIZE];
        require(vkyc_webhook_sign(&key, timestamp, timestamp_size, body, size, right) == VKYC_OK);
        require(vkyc_webhook_verify(&key, timestamp, timestamp_size, body, size, right, sizeof right) == VKYC_OK);
        status = vkyc_webhook_verify(&key, timestamp, timestamp_size, body, size, given, given_size);
        int same = given_size == sizeof right && memcmp(given, right, sizeof right) == 0;
        require(same == (status == VKYC_OK) && (same || status == VKYC_ERR_RANGE || status == VKYC_ERR_SYNTAX));
        right[data != NULL && size > 0 ? data[0] % 43 : 0] ^= 1;
        require(vkyc_webhook_verify(&key, timestamp, timestamp_size, body, size, right, sizeof right) != VKYC_OK);
        /* The bytes between timestamp and body may stand on either side: that is how the provider signs. */
        if (size > 0 && body == timestamp + timestamp_size) {
            require(vkyc_webhook_sign(&key, timestamp, timestamp_size + 1, body + 1, size - 1, right) == VKYC_OK);
            require(vkyc_webhook_verify(&key, timestamp, timestamp_size, body, size, right, sizeof right) == VKYC_OK);
        }
    }
    vkyc_webhook_key_free(&key);
    return 0;
}
