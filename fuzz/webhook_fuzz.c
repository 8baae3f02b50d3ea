/* Deliveries: what we sign verifies, nothing else does; timestamps and base64 have one spelling. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
