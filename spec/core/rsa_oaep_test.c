/* x-cf-signature: encrypted with a key made here, decrypted with its private half; and keys that are none. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/core/base64.h"
#include "../../src/core/rsa_oaep.h"
#include "check.h"

enum { PEM_ROOM = 16 << 10 };

/* A PEM text, made by one of OpenSSL's writers. */
struct pem {
    char text[PEM_ROOM];
    size_t size;
};

static void take(BIO *bio, struct pem *pem)
{
    int size = BIO_read(bio, pem->text, PEM_ROOM - 1);
    pem->size = size > 0 ? (size_t)size : 0;
    pem->text[pem->size] = 0;
    BIO_free(bio);
}

static void write_spki(EVP_PKEY *key, struct pem *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PUBKEY(bio, key) == 1);
    take(bio, pem);
}

static void write_pkcs1(EVP_PKEY *key, struct pem *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    int size = i2d_PublicKey(key, &der);
    CHECK(size > 0 && PEM_write_bio(bio, PEM_STRING_RSA_PUBLIC, "", der, size) > 0);
    OPENSSL_free(der);
    take(bio, pem);
}

static void write_certificate(EVP_PKEY *key, struct pem *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509 *certificate = X509_new();
    CHECK(X509_set_version(certificate, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    CHECK(X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0);
    CHECK(PEM_write_bio_X509(bio, certificate) == 1);
    X509_free(certificate);
    take(bio, pem);
}

static void write_with_tail(EVP_PKEY *key, struct pem *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char der[1024];
    unsigned char *at = der;
    int size = i2d_PUBKEY(key, NULL);
    CHECK(size > 0 && size < (int)sizeof der && i2d_PUBKEY(key, &at) == size);
    *at = 0;
    CHECK(PEM_write_bio(bio, PEM_STRING_PUBLIC, "", der, size + 1) > 0);
    take(bio, pem);
}

/* A key for signatures alone. */
static EVP_PKEY *make_pss(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    CHECK(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1);
    CHECK(EVP_PKEY_generate(context, &key) == 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void write_private(EVP_PKEY *key, struct pem *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    take(bio, pem);
}

/* With the digests named, so that a default that changes is seen. */
static size_t decrypt(EVP_PKEY *key, const struct vkyc_buffer *b, unsigned char *plain, size_t room)
{
    unsigned char cipher[512];
    size_t cipher_size = 0;
    CHECK(vkyc_base64_decode(b->data, b->size, cipher, &cipher_size) == VKYC_OK);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int done = EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha1()) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()) == 1 &&
               EVP_PKEY_decrypt(context, plain, &room, cipher, cipher_size) == 1;
    EVP_PKEY_CTX_free(context);
    CHECK(done);
    return done ? room : 0;
}

static void check_round(const struct pem *pem, EVP_PKEY *private_key)
{
    static const char text[] = "CF10000000000000000000.1746427759";
    struct vkyc_rsa_key k = {0};
    struct vkyc_buffer first;
    struct vkyc_buffer second;
    unsigned char plain[512];
    vkyc_buffer_init(&first, 4096, vkyc_alloc_malloc, NULL);
    vkyc_buffer_init(&second, 4096, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_rsa_key_load(&k, pem->text, pem->size) == VKYC_OK);
    CHECK(vkyc_rsa_encrypt(&k, text, sizeof text - 1, &first) == VKYC_OK);
    CHECK(vkyc_rsa_encrypt(&k, text, sizeof text - 1, &second) == VKYC_OK);
    CHECK(first.size == 344 && second.size == 344 && memcmp(first.data, second.data, 344) != 0);
    CHECK_BYTES(plain, decrypt(private_key, &first, plain, sizeof plain), "CF10000000000000000000.1746427759");
    vkyc_buffer_free(&first);
    vkyc_buffer_free(&second);
    vkyc_rsa_key_free(&k);
    vkyc_rsa_key_free(&k);
}

static void check_refused(const char *pem, size_t size, enum vkyc_status wanted)
{
    struct vkyc_rsa_key k = {0};
    CHECK(vkyc_rsa_key_load(&k, pem, size) == wanted);
    CHECK(k.key == NULL);
    vkyc_rsa_key_free(&k);
}

static void test_limits(const struct pem *pem)
{
    char text[256];
    struct vkyc_rsa_key k = {0};
    struct vkyc_buffer b;
    memset(text, 'x', sizeof text);
    vkyc_buffer_init(&b, 1024, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_rsa_encrypt(&k, text, 1, &b) == VKYC_ERR_CRYPTO);
    CHECK(vkyc_rsa_key_load(&k, pem->text, pem->size) == VKYC_OK);
    CHECK(vkyc_rsa_encrypt(&k, text, 256 - 42, &b) == VKYC_OK && b.size == 344);
    CHECK(vkyc_rsa_encrypt(&k, text, 256 - 41, &b) == VKYC_ERR_LIMIT && b.size == 344 && b.status == VKYC_OK);
    CHECK(vkyc_rsa_encrypt(&k, text, 0, &b) == VKYC_OK && b.size == 688);
    CHECK(vkyc_rsa_encrypt(&k, text, 1, &b) == VKYC_ERR_LIMIT && b.status == VKYC_ERR_LIMIT);
    /* A load that fails keeps the key. */
    vkyc_buffer_reset(&b);
    CHECK(vkyc_rsa_key_load(&k, "nothing", 7) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_rsa_encrypt(&k, text, 1, &b) == VKYC_OK);
    vkyc_buffer_free(&b);
    vkyc_rsa_key_free(&k);
}

static void test_file(const struct pem *pem)
{
    char path[] = "/tmp/vkyc_rsa_XXXXXX";
    struct vkyc_rsa_key k = {0};
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, pem->text, pem->size) == (ssize_t)pem->size);
    CHECK(vkyc_rsa_key_load_file(&k, path) == VKYC_OK && k.key != NULL);
    CHECK(ftruncate(fd, (64 << 10) + 1) == 0);
    CHECK(vkyc_rsa_key_load_file(&k, path) == VKYC_ERR_LIMIT && k.key != NULL);
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(vkyc_rsa_key_load_file(&k, path) == VKYC_ERR_SYNTAX);
    close(fd);
    unlink(path);
    CHECK(vkyc_rsa_key_load_file(&k, path) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_rsa_key_load_file(&k, "/tmp") == VKYC_ERR_SYSTEM && errno == EISDIR);
    vkyc_rsa_key_free(&k);
}

int main(void)
{
    static struct pem pem;
    static struct pem broken;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    CHECK(key != NULL);
    write_pkcs1(key, &pem);
    check_round(&pem, key);
    write_certificate(key, &pem);
    check_round(&pem, key);
    write_spki(key, &pem);
    check_round(&pem, key);
    test_limits(&pem);
    test_file(&pem);

    /* Text around the block is fine; a block that is damaged in any way is not. */
    static const char before[] = "Key of the merchant\n";
    CHECK(pem.size + sizeof before < PEM_ROOM);
    memcpy(broken.text, before, sizeof before - 1);
    memcpy(broken.text + sizeof before - 1, pem.text, pem.size + 1);
    broken.size = pem.size + sizeof before - 1;
    check_round(&broken, key);
    for (size_t cut = 0; cut < pem.size - 20; cut += 13) {
        check_refused(pem.text, cut, VKYC_ERR_SYNTAX);
    }
    broken = pem;
    broken.text[100] = '!';
    check_refused(broken.text, broken.size, VKYC_ERR_SYNTAX);
    static char big[(64 << 10) + 1];
    check_refused(big, sizeof big, VKYC_ERR_LIMIT);
    check_refused(big, sizeof big - 1, VKYC_ERR_SYNTAX);

    write_with_tail(key, &pem);
    check_refused(pem.text, pem.size, VKYC_ERR_SYNTAX);
    write_private(key, &pem);
    check_refused(pem.text, pem.size, VKYC_ERR_SYNTAX);
    EVP_PKEY_free(key);

    EVP_PKEY *small = EVP_RSA_gen(1024);
    write_spki(small, &pem);
    check_refused(pem.text, pem.size, VKYC_ERR_RANGE);
    EVP_PKEY_free(small);
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    write_spki(curve, &pem);
    check_refused(pem.text, pem.size, VKYC_ERR_RANGE);
    EVP_PKEY_free(curve);
    EVP_PKEY *pss = make_pss();
    write_spki(pss, &pem);
    check_refused(pem.text, pem.size, VKYC_ERR_RANGE);
    EVP_PKEY_free(pss);
    /* Nothing is left in the thread's queue for the host to trip over. */
    CHECK(ERR_peek_error() == 0);
    return check_done("rsa_oaep");
}
