#include "identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/ca_file.h"
#include "../core/file.h"

enum vkyc_status vkyc_curl_identity_set(struct vkyc_curl_identity *id, enum vkyc_curl_text which, const char *text, size_t size)
{
    if (size == 0 || memchr(text, 0, size) != NULL) {
        return VKYC_ERR_NUL;
    }
    char *copy = malloc(size + 1);
    if (copy == NULL) {
        return VKYC_ERR_MEMORY;
    }
    memcpy(copy, text, size);
    copy[size] = 0;
    if (id->text[which] != NULL) {
        vkyc_wipe(id->text[which], strlen(id->text[which]));
        free(id->text[which]);
    }
    id->text[which] = copy;
    return VKYC_OK;
}

void vkyc_curl_identity_free(struct vkyc_curl_identity *id)
{
    for (int i = 0; i < VKYC_CURL_TEXTS; i++) {
        if (id->text[i] != NULL) {
            vkyc_wipe(id->text[i], strlen(id->text[i]));
            free(id->text[i]);
            id->text[i] = NULL;
        }
    }
}

/* OpenSSL would ask on the terminal. */
static int no_passphrase(char *to, int size, int writing, void *ud)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)ud;
    return -1;
}

static int bad(struct vkyc_failure *failure, const char *reason)
{
    failure->reason = reason;
    return 0;
}

/* NULL when `path` is not a regular file that can be read. */
static BIO *open_file(const char *path)
{
    int fd = -1;
    if (vkyc_file_open(path, &fd) != VKYC_OK) {
        return NULL;
    }
    BIO *file = BIO_new_fd(fd, BIO_CLOSE);
    if (file == NULL) {
        close(fd);
    }
    return file;
}

/* The first certificate of a PEM file, or NULL. */
static X509 *read_certificate(const char *path)
{
    BIO *file = open_file(path);
    X509 *certificate = file != NULL ? PEM_read_bio_X509_AUX(file, NULL, no_passphrase, NULL) : NULL;
    BIO_free(file);
    return certificate;
}

static int has_crl(const char *path)
{
    BIO *file = open_file(path);
    X509_CRL *crl = file != NULL ? PEM_read_bio_X509_CRL(file, NULL, no_passphrase, NULL) : NULL;
    BIO_free(file);
    X509_CRL_free(crl);
    return crl != NULL;
}

static int check_client(const char *cert_path, const char *key_path, struct vkyc_failure *failure)
{
    X509 *certificate = read_certificate(cert_path);
    if (certificate == NULL) {
        return bad(failure, "The file of client_cert cannot be read, or holds no certificate in PEM form.");
    }
    BIO *file = open_file(key_path);
    EVP_PKEY *key = file != NULL ? PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL) : NULL;
    BIO_free(file);
    int fine = 0;
    if (key == NULL) {
        bad(failure, "The file of client_key cannot be read, or holds no private key in PEM form without a passphrase.");
    } else if (X509_check_private_key(certificate, key) != 1) {
        bad(failure, "The private key of client_key does not belong to the certificate of client_cert.");
    } else {
        fine = 1;
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    return fine;
}

static int check(const struct vkyc_curl_identity *id, struct vkyc_failure *failure)
{
    const char *ca = id->text[VKYC_CURL_CA_FILE];
    const char *crl = id->text[VKYC_CURL_CRL_FILE];
    const char *cert = id->text[VKYC_CURL_CLIENT_CERT];
    const char *key = id->text[VKYC_CURL_CLIENT_KEY];
    if (ca != NULL && vkyc_ca_file_check(ca) != VKYC_OK) {
        return bad(failure, "The file of ca_file cannot be read, or holds no certificate in PEM form.");
    }
    if (crl != NULL && !has_crl(crl)) {
        return bad(failure, "The file of crl_file cannot be read, or holds no revocation list in PEM form.");
    }
    if ((cert == NULL) != (key == NULL)) {
        return bad(failure, "client_cert and client_key must be given together.");
    }
    return cert == NULL || check_client(cert, key, failure);
}

int vkyc_curl_identity_check(const struct vkyc_curl_identity *id, struct vkyc_failure *failure)
{
    memset(failure, 0, sizeof *failure);
    failure->kind = "config";
    /* What OpenSSL says about a file must not surface in a later, unrelated call of the host. */
    ERR_set_mark();
    int fine = check(id, failure);
    ERR_pop_to_mark();
    return fine;
}
