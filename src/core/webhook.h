/* Webhook signatures: base64(HMAC-SHA256(secret, timestamp text + raw body)), nothing between the two.
 * Source: https://www.cashfree.com/docs/api-reference/webhooks/payloads-and-signatures */
#ifndef VKYC_WEBHOOK_H
#define VKYC_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define VKYC_WEBHOOK_SIGNATURE_SIZE 44 /* base64 of 32 bytes */

/* A secret and the keyed HMAC state made from it, kept between deliveries (measured: 3.9 against 5.4 us a delivery).
 * Zero it before the first use; the caller frees it with vkyc_webhook_key_free, which is idempotent. */
struct vkyc_webhook_key {
    void *context; /* EVP_MAC_CTX, owned */
};

/* Makes the key. An empty secret is VKYC_ERR_RANGE: it must never verify. */
enum vkyc_status vkyc_webhook_key_set(struct vkyc_webhook_key *k, const char *secret, size_t size) VKYC_CHECK_RESULT;
void vkyc_webhook_key_free(struct vkyc_webhook_key *k);

/* Writes the signature, without NUL. VKYC_ERR_CRYPTO, VKYC_ERR_MEMORY. */
enum vkyc_status vkyc_webhook_sign(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                   size_t body_size, char out[VKYC_WEBHOOK_SIGNATURE_SIZE]) VKYC_CHECK_RESULT;

/* Compares in constant time, the length first. Returns VKYC_OK when `signature` is right, VKYC_ERR_RANGE when it is a well-formed
 * signature of something else, VKYC_ERR_SYNTAX when it is not base64 of 32 bytes, else as sign. */
enum vkyc_status vkyc_webhook_verify(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                     size_t body_size, const char *signature, size_t signature_size) VKYC_CHECK_RESULT;

/* Reads a timestamp header: only digits, 1 to 18 of them, no sign. VKYC_ERR_SYNTAX otherwise. */
enum vkyc_status vkyc_webhook_timestamp(const char *text, size_t size, int64_t *out) VKYC_CHECK_RESULT;

/* What a delivery's headers are for. */
enum { VKYC_WEBHOOK_SIGNATURE, VKYC_WEBHOOK_TIMESTAMP, VKYC_WEBHOOK_ATTEMPT, VKYC_WEBHOOK_VERSION, VKYC_WEBHOOK_HEADERS };

struct vkyc_webhook_header {
    const char *name; /* NULL: the provider sends none */
    size_t name_size;
    const char *value; /* NULL: it is no text */
    size_t size;
    size_t times; /* how often it came */
};

/* A delivery and what it must keep to. Owns nothing. */
struct vkyc_webhook_delivery {
    struct vkyc_webhook_header headers[VKYC_WEBHOOK_HEADERS];
    const char *body; /* raw */
    size_t body_size;
    double units_per_s; /* of the timestamp */
    double now_s;
    double tolerance_s; /* either way */
};

/* The header that is called so, in any case, or NULL. */
struct vkyc_webhook_header *vkyc_webhook_header_find(struct vkyc_webhook_delivery *d, const char *name, size_t size);

/* NULL when the header came once, as a text of 1 to 256 bytes; else why it cannot be used: "is missing". */
const char *vkyc_webhook_header_fault(const struct vkyc_webhook_header *h);

enum vkyc_webhook_verdict {
    VKYC_WEBHOOK_AUTHENTIC,
    VKYC_WEBHOOK_BAD_HEADER,
    VKYC_WEBHOOK_BAD_TIME,
    VKYC_WEBHOOK_FORGED, /* no key makes this signature */
    VKYC_WEBHOOK_FAILED  /* it could not be computed */
};

/* Judges a delivery by its headers and its raw body. All keys are tried, so that the time does not tell which one fits: *index is the first
 * that does. Otherwise `why` gets a sentence that holds nothing of the delivery. */
enum vkyc_webhook_verdict vkyc_webhook_judge(const struct vkyc_webhook_delivery *d, const struct vkyc_webhook_key *keys, size_t count,
                                             size_t *index, char *why, size_t why_size) VKYC_CHECK_RESULT;

/* Lower-case hexadecimal SHA-256 of `bytes` (64 characters, no NUL), for stable event ids. */
enum vkyc_status vkyc_sha256_hex(const void *bytes, size_t size, char out[64]) VKYC_CHECK_RESULT;

/* The same of a text that comes in pieces, by a state that is kept: libcrypto looks the algorithm up only once. Zero it before the first
 * use; the caller frees it with vkyc_sha256_free, which is idempotent. What fails is told by vkyc_sha256_end. */
struct vkyc_sha256 {
    void *algorithm; /* EVP_MD, owned */
    void *context;   /* EVP_MD_CTX, owned */
    size_t used;
    int failed;
    char waiting[512]; /* small pieces go in together */
};

/* Starts over. */
void vkyc_sha256_begin(struct vkyc_sha256 *s);
/* Adds bytes; a failure is told by end. */
void vkyc_sha256_add(struct vkyc_sha256 *s, const void *bytes, size_t size);
/* Writes lower-case hexadecimal, 64 characters, no NUL. VKYC_ERR_CRYPTO, VKYC_ERR_MEMORY. */
enum vkyc_status vkyc_sha256_end(struct vkyc_sha256 *s, char out[64]) VKYC_CHECK_RESULT;
/* Frees what it keeps. Idempotent. */
void vkyc_sha256_free(struct vkyc_sha256 *s);

#endif
