/* C14: a bundle that is missing, unreadable, empty or no bundle is told apart before any connection. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/core/ca_file.h"
#include "check.h"

static char path[] = "/tmp/vkyc_ca_XXXXXX";

static enum vkyc_status check_text(const char *before, const char *text, const char *behind)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    if (f != NULL) {
        CHECK(fputs(before, f) >= 0 && fputs(text, f) >= 0 && fputs(behind, f) >= 0);
        (void)fclose(f);
    }
    return vkyc_ca_file_check(path);
}

/* Damages the middle of a PEM text. */
static void damage(const char *pem, char *out)
{
    strcpy(out, pem);
    out[strlen(out) / 2] = '!';
}

int main(void)
{
    static char pem[8192];
    static char bad[8192];
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    CHECK(X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_X509(bio, certificate) == 1 && BIO_read(bio, pem, sizeof pem - 1) > 0);
    BIO_free(bio);

    CHECK(check_text("", pem, "") == VKYC_OK);
    CHECK(check_text("# a comment\n\n", pem, "# more\n") == VKYC_OK);
    damage(pem, bad);
    CHECK(check_text(bad, pem, "") == VKYC_OK);
    CHECK(check_text("", pem, bad) == VKYC_OK);
    CHECK(check_text("", bad, "") == VKYC_ERR_SYNTAX);
    CHECK(check_text(bad, bad, bad) == VKYC_ERR_SYNTAX);
    CHECK(check_text("", "", "") == VKYC_ERR_RANGE);
    CHECK(check_text("", "hello\n", "") == VKYC_ERR_SYNTAX);
    CHECK(check_text("", "-----BEGIN CERTIFICATE-----\n", "") == VKYC_ERR_SYNTAX);
    CHECK(check_text("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "") == VKYC_ERR_SYNTAX);
    bio = BIO_new(BIO_s_mem());
    memset(bad, 0, sizeof bad);
    CHECK(PEM_write_bio_PUBKEY(bio, key) == 1 && BIO_read(bio, bad, sizeof bad - 1) > 0);
    BIO_free(bio);
    CHECK(check_text("", bad, "") == VKYC_ERR_SYNTAX);
    CHECK(check_text(bad, pem, "") == VKYC_OK);

    /* A revocation list is found in the same way, and neither is the other. */
    X509_CRL *crl = X509_CRL_new();
    X509_NAME *issuer = X509_NAME_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    CHECK(X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const unsigned char *)"ca", -1, -1, 0) == 1);
    CHECK(X509_CRL_set_issuer_name(crl, issuer) == 1 && X509_CRL_set1_lastUpdate(crl, now) == 1);
    CHECK(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    bio = BIO_new(BIO_s_mem());
    memset(bad, 0, sizeof bad);
    CHECK(PEM_write_bio_X509_CRL(bio, crl) == 1 && BIO_read(bio, bad, sizeof bad - 1) > 0);
    BIO_free(bio);
    ASN1_TIME_free(now);
    X509_NAME_free(issuer);
    X509_CRL_free(crl);
    CHECK(check_text("", bad, "") == VKYC_ERR_SYNTAX && vkyc_crl_file_check(path) == VKYC_OK);
    CHECK(check_text(pem, bad, "") == VKYC_OK && vkyc_crl_file_check(path) == VKYC_OK);
    CHECK(check_text("", pem, "") == VKYC_OK && vkyc_crl_file_check(path) == VKYC_ERR_SYNTAX);
    CHECK(check_text("", "", "") == VKYC_ERR_RANGE && vkyc_crl_file_check(path) == VKYC_ERR_RANGE);

    if (geteuid() != 0) {
        CHECK(chmod(path, 0) == 0 && vkyc_ca_file_check(path) == VKYC_ERR_SYSTEM && errno == EACCES);
    }
    CHECK(unlink(path) == 0);
    CHECK(vkyc_ca_file_check(path) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_crl_file_check(path) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_ca_file_check("/tmp") == VKYC_ERR_SYSTEM && errno == EISDIR);
    CHECK(vkyc_ca_file_check("/dev/zero") == VKYC_ERR_SYSTEM && errno == EINVAL);
    CHECK(vkyc_ca_file_check("/dev/null/ca.pem") == VKYC_ERR_SYSTEM && errno == ENOTDIR);
    /* A file that opens and cannot be read: the loopback interface has no speed. */
    static const char unreadable[] = "/sys/class/net/lo/speed";
    if (access(unreadable, R_OK) == 0) {
        CHECK(vkyc_ca_file_check(unreadable) == VKYC_ERR_SYSTEM && errno == EINVAL);
    }
    CHECK(ERR_peek_error() == 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return check_done("ca_file");
}
