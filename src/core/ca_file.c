#include "ca_file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* Looks for one certificate that can be read; a damaged one is passed over. */
static enum vkyc_status find_certificate(FILE *file)
{
    BIO *bio = BIO_new_fp(file, BIO_NOCLOSE);
    if (bio == NULL) {
        return VKYC_ERR_MEMORY;
    }
    enum vkyc_status status = VKYC_ERR_SYNTAX;
    for (;;) {
        long before = ftell(file);
        errno = 0;
        X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
        if (certificate != NULL) {
            X509_free(certificate);
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

enum vkyc_status vkyc_ca_file_check(const char *path)
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
    status = find_certificate(file);
    ERR_pop_to_mark();
    int failure = errno;
    (void)fclose(file);
    errno = failure;
    return status;
}
