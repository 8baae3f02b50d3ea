#include "rsa_oaep.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "file.h"
#include "limits.h"

enum {
    MIN_BITS = 2048,
    MAX_BITS = 16384, /* what libcrypto encrypts with */
    OAEP_OVERHEAD = 2 * 20 + 2
};

static EVP_PKEY *key_of_certificate(const unsigned char **der, long size)
{
    X509 *certificate = d2i_X509(NULL, der, size);
    EVP_PKEY *key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return key;
}

/* The public key of one PEM block, or NULL. */
static EVP_PKEY *key_of_block(const char *name, const unsigned char *der, long size)
{
    const unsigned char *at = der;
    EVP_PKEY *key = NULL;
    if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
        key = d2i_PUBKEY(NULL, &at, size);
    } else if (strcmp(name, PEM_STRING_RSA_PUBLIC) == 0) {
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, size);
    } else if (strcmp(name, PEM_STRING_X509) == 0) {
        key = key_of_certificate(&at, size);
    }
    if (key != NULL && at != der + size) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static EVP_PKEY *read_pem(const char *pem, size_t size)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long der_size = 0;
    EVP_PKEY *key = NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &der_size) == 1) {
        key = key_of_block(name, der, der_size);
        /* It may have been a private key, given by mistake. */
        OPENSSL_cleanse(der, (size_t)der_size);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    return key;
}

enum vkyc_status vkyc_rsa_key_load(struct vkyc_rsa_key *k, const char *pem, size_t size)
{
    if (size > VKYC_MAX_PEM) {
        return VKYC_ERR_LIMIT;
    }
    ERR_set_mark();
    EVP_PKEY *key = size > 0 ? read_pem(pem, size) : NULL;
    enum vkyc_status status = VKYC_ERR_SYNTAX;
    if (key != NULL) {
        int bits = EVP_PKEY_get_bits(key);
        status = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && bits >= MIN_BITS && bits <= MAX_BITS ? VKYC_OK : VKYC_ERR_RANGE;
    }
    ERR_pop_to_mark();
    if (status != VKYC_OK) {
        EVP_PKEY_free(key);
        return status;
    }
    vkyc_rsa_key_free(k);
    k->key = key;
    return VKYC_OK;
}

enum vkyc_status vkyc_rsa_key_load_file(struct vkyc_rsa_key *k, const char *path)
{
    char *pem = malloc(VKYC_MAX_PEM);
    if (pem == NULL) {
        return VKYC_ERR_MEMORY;
    }
    size_t size = 0;
    enum vkyc_status status = vkyc_file_read(path, pem, VKYC_MAX_PEM, &size);
    int failure = errno;
    if (status == VKYC_OK) {
        status = vkyc_rsa_key_load(k, pem, size);
    }
    vkyc_wipe(pem, VKYC_MAX_PEM);
    free(pem);
    errno = failure;
    return status;
}

void vkyc_rsa_key_free(struct vkyc_rsa_key *k)
{
    EVP_PKEY_free(k->key);
    k->key = NULL;
}

static enum vkyc_status encrypt(EVP_PKEY *key, const char *text, size_t size, unsigned char *cipher, size_t *cipher_size)
{
    ERR_set_mark();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
               EVP_PKEY_encrypt(context, cipher, cipher_size, (const unsigned char *)text, size) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_pop_to_mark();
    return done ? VKYC_OK : VKYC_ERR_CRYPTO;
}

enum vkyc_status vkyc_rsa_encrypt(const struct vkyc_rsa_key *k, const char *text, size_t size, struct vkyc_buffer *out)
{
    if (k->key == NULL) {
        return VKYC_ERR_CRYPTO;
    }
    unsigned char cipher[MAX_BITS / 8];
    size_t cipher_size = sizeof cipher;
    if (size > (size_t)EVP_PKEY_get_size(k->key) - OAEP_OVERHEAD) {
        return VKYC_ERR_LIMIT;
    }
    enum vkyc_status status = encrypt(k->key, text, size, cipher, &cipher_size);
    if (status != VKYC_OK) {
        return status;
    }
    char *to = vkyc_buffer_reserve(out, VKYC_BASE64_SIZE(cipher_size));
    if (to == NULL) {
        return out->status;
    }
    vkyc_base64_encode(cipher, cipher_size, to);
    out->size += VKYC_BASE64_SIZE(cipher_size);
    return VKYC_OK;
}
