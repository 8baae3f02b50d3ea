#include "webhook.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base64.h"
#include "buffer.h"

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

static enum vkyc_status digest_of(const struct vkyc_webhook_key *k, const char *timestamp, size_t timestamp_size, const char *body,
                                  size_t body_size, unsigned char digest[DIGEST_SIZE])
{
    if (k->context == NULL) {
        return VKYC_ERR_CRYPTO;
    }
    size_t size = 0;
    ERR_set_mark();
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(k->context);
    int done = context != NULL && EVP_MAC_update(context, (const unsigned char *)timestamp, timestamp_size) == 1 &&
               EVP_MAC_update(context, (const unsigned char *)body, body_size) == 1 &&
               EVP_MAC_final(context, digest, &size, DIGEST_SIZE) == 1 && size == DIGEST_SIZE;
    EVP_MAC_CTX_free(context);
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

enum vkyc_status vkyc_sha256_hex(const void *bytes, size_t size, char out[64])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[DIGEST_SIZE];
    ERR_set_mark();
    int done = EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) == 1;
    ERR_pop_to_mark();
    if (!done) {
        return VKYC_ERR_CRYPTO;
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    return VKYC_OK;
}
