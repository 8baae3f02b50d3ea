#include "ca_file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* OpenSSL would ask for a passphrase on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *ud)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ud;
    return -1;
}

/* Each reads the next thing of its kind. Returns 1 when it could be read. */
typedef int read_fn(BIO *bio);

static int read_certificate(BIO *bio)
{
    X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
    X509_free(certificate);
    return certificate != NULL;
}

static int read_crl(BIO *bio)
{
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL);
    X509_CRL_free(crl);
    return crl != NULL;
}

/* Looks for one that can be read; a damaged one is passed over. */
static enum vkyc_status find(FILE *file, read_fn *read_one)
{
    BIO *bio = BIO_new_fp(file, BIO_NOCLOSE);
    if (bio == NULL) {
        return VKYC_ERR_MEMORY;
    }
    enum vkyc_status status = VKYC_ERR_SYNTAX;
    for (;;) {
        long before = ftell(file);
        errno = 0;
        if (read_one(bio)) {
            status = VKYC_OK;
            break;
        }
        if (ferror(file)) {
            status = VKYC_ERR_SYSTEM;
            break;
        }
        if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE) {
            status = VKYC_ERR_MEMORY;
            break;
        }
        if (feof(file) || ftell(file) <= before) {
            break;
        }
    }
    BIO_free(bio);
    return status;
}

static enum vkyc_status check(const char *path, read_fn *read_one)
{
    int fd;
    enum vkyc_status status = vkyc_file_open(path, &fd);
    if (status != VKYC_OK) {
        return status;
    }
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size == 0) {
        close(fd);
        return VKYC_ERR_RANGE;
    }
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
        return VKYC_ERR_MEMORY;
    }
    /* The host shares this thread's error queue with us; what we leave there it would take for its own. */
    ERR_set_mark();
    status = find(file, read_one);
    ERR_pop_to_mark();
    int failure = errno;
    (void)fclose(file);
    errno = failure;
    return status;
}

enum vkyc_status vkyc_ca_file_check(const char *path)
{
    return check(path, read_certificate);
}

enum vkyc_status vkyc_crl_file_check(const char *path)
{
    return check(path, read_crl);
}
