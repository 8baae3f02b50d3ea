/* Encryption with a provider's public key: RSA-OAEP, SHA-1, MGF1-SHA-1, then base64 without line breaks.
 * Cashfree calls this x-cf-signature: https://www.cashfree.com/docs/api-reference/vrs/2fa-api-signature-generation */
#ifndef VKYC_RSA_OAEP_H
#define VKYC_RSA_OAEP_H

#include <stddef.h>

#include "buffer.h"

struct vkyc_rsa_key {
    void *key; /* EVP_PKEY, owned */
};

/* Loads a PEM public key (SPKI "BEGIN PUBLIC KEY", PKCS#1 "BEGIN RSA PUBLIC KEY", or a certificate), the first block of `pem`.
 * Works on a zeroed struct; on failure the old key stays.
 * VKYC_ERR_SYNTAX: no such PEM; VKYC_ERR_RANGE: not RSA, below 2048 or above 16384 bits; VKYC_ERR_LIMIT over 64 KiB. A private key is
 * VKYC_ERR_SYNTAX. */
enum vkyc_status vkyc_rsa_key_load(struct vkyc_rsa_key *k, const char *pem, size_t size) VKYC_CHECK_RESULT;

/* The same from a regular file: also VKYC_ERR_SYSTEM with errno, VKYC_ERR_MEMORY. */
enum vkyc_status vkyc_rsa_key_load_file(struct vkyc_rsa_key *k, const char *path) VKYC_CHECK_RESULT;
void vkyc_rsa_key_free(struct vkyc_rsa_key *k);

/* Encrypts `text` and appends base64 to `out`. VKYC_ERR_LIMIT when the text is too long for the key, VKYC_ERR_CRYPTO, a failure of `out`.
 */
enum vkyc_status vkyc_rsa_encrypt(const struct vkyc_rsa_key *k, const char *text, size_t size, struct vkyc_buffer *out) VKYC_CHECK_RESULT;

#endif
