#include "webhook.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "buffer.h"
#include "limits.h"

enum { DIGEST_SIZE = 32 };

/* A host shares its thread's error queue with us: nginx would read our failure as one of its own connections. */
enum vkyc_status vkyc_webhook_key_set(struct vkyc_webhook_key *k, const char *secret, size_t size)
{
    if (size == 0) {
        return VKYC_ERR_RANGE;
    }
    enum vkyc_status status = VKYC_ERR_CRYPTO;
    ERR_set_mark();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1), OSSL_PARAM_END};
    if (context != NULL && EVP_MAC_init(context, (const unsigned char *)secret, size, params) == 1) {
        vkyc_webhook_key_free(k);
        k->context = context;
        context = NULL;
        status = VKYC_OK;
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    ERR_pop_to_mark();
    return status;
}

void vkyc_webhook_key_free(struct vkyc_webhook_key *k)
{
    EVP_MAC_CTX_free(k->context);
    k->context = NULL;
}

/* A kept state is started over, which is cheaper than a copy of it. Early releases of OpenSSL 3.0 are not trusted to keep the key then. */
static int can_start_over(void)
{
    return OPENSSL_version_major() > 3 || OPENSSL_version_minor() > 0 || OPENSSL_version_patch() > 2;
}

static enum vkyc_status digest_of(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                  size_t body_size, unsigned char digest[DIGEST_SIZE])
{
    if (k->context == NULL) {
        return VKYC_ERR_CRYPTO;
    }
    size_t size = 0;
    ERR_set_mark();
    EVP_MAC_CTX *copy = can_start_over() ? NULL : EVP_MAC_CTX_dup(k->context);
    EVP_MAC_CTX *context = can_start_over() ? k->context : copy;
    int done = context != NULL && (copy != NULL || EVP_MAC_init(context, NULL, 0, NULL) == 1) &&
               EVP_MAC_update(context, (const unsigned char *)timestamp, timestamp_size) == 1 &&
               EVP_MAC_update(context, (const unsigned char *)body, body_size) == 1 &&
               EVP_MAC_final(context, digest, &size, DIGEST_SIZE) == 1 && size == DIGEST_SIZE;
    EVP_MAC_CTX_free(copy);
    ERR_pop_to_mark();
    return done ? VKYC_OK : VKYC_ERR_CRYPTO;
}

enum vkyc_status vkyc_webhook_sign(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                   size_t body_size, char out[VKYC_WEBHOOK_SIGNATURE_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    enum vkyc_status status = digest_of(k, timestamp, timestamp_size, body, body_size, digest);
    if (status == VKYC_OK) {
        vkyc_base64_encode(digest, sizeof digest, out);
    }
    vkyc_wipe(digest, sizeof digest);
    return status;
}

enum vkyc_status vkyc_webhook_verify(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                     size_t body_size, const char *signature, size_t signature_size)
{
    unsigned char given[VKYC_WEBHOOK_SIGNATURE_SIZE / 4 * 3];
    size_t given_size;
    if (signature_size != VKYC_WEBHOOK_SIGNATURE_SIZE || vkyc_base64_decode(signature, signature_size, given, &given_size) != VKYC_OK ||
        given_size != DIGEST_SIZE) {
        return VKYC_ERR_SYNTAX;
    }
    unsigned char digest[DIGEST_SIZE];
    enum vkyc_status status = digest_of(k, timestamp, timestamp_size, body, body_size, digest);
    if (status == VKYC_OK && CRYPTO_memcmp(digest, given, DIGEST_SIZE) != 0) {
        status = VKYC_ERR_RANGE;
    }
    /* The right signature of a forged delivery is worth something. */
    vkyc_wipe(digest, sizeof digest);
    return status;
}

enum vkyc_status vkyc_webhook_timestamp(const char *text, size_t size, int64_t *out)
{
    if (size < 1 || size > 18) {
        return VKYC_ERR_SYNTAX;
    }
    int64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return VKYC_ERR_SYNTAX;
        }
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return VKYC_OK;
}

struct vkyc_webhook_header *vkyc_webhook_header_find(struct vkyc_webhook_delivery *d, const char *name, size_t size)
{
    for (size_t i = 0; i < VKYC_WEBHOOK_HEADERS; i++) {
        struct vkyc_webhook_header *h = &d->headers[i];
        if (h->name != NULL && h->name_size == size && strncasecmp(h->name, name, size) == 0) {
            return h;
        }
    }
    return NULL;
}

const char *vkyc_webhook_header_fault(const struct vkyc_webhook_header *h)
{
    if (h->times > 1) {
        return "came more than once";
    }
    if (h->value == NULL) {
        return "is missing";
    }
    if (h->size == 0) {
        return "is empty";
    }
    return h->size > VKYC_MAX_WEBHOOK_HEADER ? "is longer than any signature" : NULL;
}

static enum vkyc_webhook_verdict refuse(enum vkyc_webhook_verdict verdict, const struct vkyc_webhook_header *h, const char *fault,
                                        char *why, size_t size)
{
    (void)snprintf(why, size, "%.*s %s", (int)h->name_size, h->name, fault);
    return verdict;
}

static enum vkyc_webhook_verdict judge_time(const struct vkyc_webhook_delivery *d, char *why, size_t why_size)
{
    const struct vkyc_webhook_header *stamp = &d->headers[VKYC_WEBHOOK_TIMESTAMP];
    const char *fault = vkyc_webhook_header_fault(stamp);
    int64_t time = 0;
    if (fault != NULL) {
        int empty = stamp->times == 1 && stamp->value != NULL && stamp->size == 0;
        return refuse(empty ? VKYC_WEBHOOK_BAD_TIME : VKYC_WEBHOOK_BAD_HEADER, stamp, fault, why, why_size);
    }
    if (vkyc_webhook_timestamp(stamp->value, stamp->size, &time) != VKYC_OK) {
        return refuse(VKYC_WEBHOOK_BAD_TIME, stamp, "is not a number", why, why_size);
    }
    double age = d->now_s - (double)time / d->units_per_s;
    if (!(age <= d->tolerance_s && age >= -d->tolerance_s)) { /* a clock that is not a number refuses, too */
        char text[80];
        (void)snprintf(text, sizeof text, "is more than %g s away from this machine's clock", d->tolerance_s);
        return refuse(VKYC_WEBHOOK_BAD_TIME, stamp, text, why, why_size);
    }
    return VKYC_WEBHOOK_AUTHENTIC;
}

enum vkyc_webhook_verdict vkyc_webhook_judge(const struct vkyc_webhook_delivery *d, const struct vkyc_webhook_key *keys, size_t count,
                                             size_t *index, char *why, size_t why_size)
{
    const struct vkyc_webhook_header *signature = &d->headers[VKYC_WEBHOOK_SIGNATURE];
    const struct vkyc_webhook_header *stamp = &d->headers[VKYC_WEBHOOK_TIMESTAMP];
    const char *fault = vkyc_webhook_header_fault(signature);
    if (fault != NULL) {
        return refuse(VKYC_WEBHOOK_BAD_HEADER, signature, fault, why, why_size);
    }
    enum vkyc_webhook_verdict verdict = judge_time(d, why, why_size);
    if (verdict != VKYC_WEBHOOK_AUTHENTIC) {
        return verdict;
    }
    int failed = 0;
    size_t fits = count;
    for (size_t i = count; i-- > 0;) {
        switch (vkyc_webhook_verify(&keys[i], stamp->value, stamp->size, d->body, d->body_size, signature->value, signature->size)) {
        case VKYC_OK:
            fits = i;
            break;
        case VKYC_ERR_SYNTAX:
            return refuse(VKYC_WEBHOOK_BAD_HEADER, signature, "is not base64 of 32 bytes", why, why_size);
        case VKYC_ERR_RANGE:
            break;
        default:
            failed = 1;
            break;
        }
    }
    if (fits < count) {
        *index = fits;
        return VKYC_WEBHOOK_AUTHENTIC;
    }
    (void)snprintf(why, why_size, failed ? "the signature could not be computed" : "no secret makes this signature");
    return failed ? VKYC_WEBHOOK_FAILED : VKYC_WEBHOOK_FORGED;
}

static void write_hex(const unsigned char digest[DIGEST_SIZE], char out[64])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
}

enum vkyc_status vkyc_sha256_hex(const void *bytes, size_t size, char out[64])
{
    unsigned char digest[DIGEST_SIZE];
    ERR_set_mark();
    int done = EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) == 1;
    ERR_pop_to_mark();
    if (!done) {
        return VKYC_ERR_CRYPTO;
    }
    write_hex(digest, out);
    return VKYC_OK;
}

void vkyc_sha256_begin(struct vkyc_sha256 *s)
{
    ERR_set_mark();
    if (s->context == NULL) {
        s->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        s->context = s->algorithm != NULL ? EVP_MD_CTX_new() : NULL;
    }
    s->used = 0;
    s->failed = s->context == NULL || EVP_DigestInit_ex2(s->context, s->algorithm, NULL) != 1;
    ERR_pop_to_mark();
    if (s->context == NULL) {
        vkyc_sha256_free(s); /* the next one looks again */
    }
}

static void put(struct vkyc_sha256 *s, const void *bytes, size_t size)
{
    ERR_set_mark();
    s->failed = s->failed || EVP_DigestUpdate(s->context, bytes, size) != 1;
    ERR_pop_to_mark();
}

void vkyc_sha256_add(struct vkyc_sha256 *s, const void *bytes, size_t size)
{
    if (size > sizeof s->waiting - s->used) {
        put(s, s->waiting, s->used);
        s->used = 0;
    }
    if (size > sizeof s->waiting) {
        put(s, bytes, size);
    } else if (size > 0) {
        memcpy(s->waiting + s->used, bytes, size);
        s->used += size;
    }
}

enum vkyc_status vkyc_sha256_end(struct vkyc_sha256 *s, char out[64])
{
    unsigned char digest[DIGEST_SIZE];
    put(s, s->waiting, s->used);
    ERR_set_mark();
    int done = !s->failed && EVP_DigestFinal_ex(s->context, digest, NULL) == 1;
    ERR_pop_to_mark();
    vkyc_wipe(s->waiting, sizeof s->waiting);
    if (!done) {
        return VKYC_ERR_CRYPTO;
    }
    write_hex(digest, out);
    return VKYC_OK;
}

void vkyc_sha256_free(struct vkyc_sha256 *s)
{
    EVP_MD_CTX_free(s->context);
    EVP_MD_free(s->algorithm);
    s->context = NULL;
    s->algorithm = NULL;
}
