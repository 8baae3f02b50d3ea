/* Sentences about certificates: each cause that an operator can act on has its own, every other code has one that promises nothing. */
#include "../../src/core/certificate.h"

#include <openssl/x509_vfy.h>

#include "check.h"

/* Both codes are told by the same sentence. */
static int same(long a, long b)
{
    return strcmp(vkyc_certificate_reason(a), vkyc_certificate_reason(b)) == 0;
}

static int says(long code, const char *word)
{
    return strstr(vkyc_certificate_reason(code), word) != NULL;
}

static void test_groups(void)
{
    CHECK(says(X509_V_OK, "for another host") && same(X509_V_OK, X509_V_ERR_HOSTNAME_MISMATCH));
    CHECK(same(X509_V_OK, X509_V_ERR_IP_ADDRESS_MISMATCH));
    CHECK(says(X509_V_ERR_CERT_HAS_EXPIRED, "has expired"));
    CHECK(says(X509_V_ERR_CERT_NOT_YET_VALID, "not yet valid") && says(X509_V_ERR_CERT_NOT_YET_VALID, "clock"));
    CHECK(says(X509_V_ERR_CERT_REVOKED, "has been revoked"));
    CHECK(says(X509_V_ERR_UNABLE_TO_GET_CRL, "revocation list") && same(X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED));
    CHECK(same(X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_NOT_YET_VALID));
    CHECK(says(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "trusted here"));
    CHECK(same(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN));
    CHECK(same(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT));
    CHECK(same(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
    CHECK(same(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE));
    CHECK(says(X509_V_ERR_CERT_CHAIN_TOO_LONG, "longer than is allowed"));
    CHECK(says(X509_V_ERR_EE_KEY_TOO_SMALL, "too weak") && same(X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL));
    CHECK(same(X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK));
    CHECK(says(X509_V_ERR_INVALID_PURPOSE, "not to be trusted"));
}

/* A sentence, whatever the code; groups do not run into each other. */
static void test_all(void)
{
    for (long code = -2; code < 300; code++) {
        const char *text = vkyc_certificate_reason(code);
        CHECK(strncmp(text, "The ", 4) == 0 && text[strlen(text) - 1] == '.');
    }
    static const long apart[] = {X509_V_OK,
                                 X509_V_ERR_CERT_HAS_EXPIRED,
                                 X509_V_ERR_CERT_NOT_YET_VALID,
                                 X509_V_ERR_CERT_REVOKED,
                                 X509_V_ERR_UNABLE_TO_GET_CRL,
                                 X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                 X509_V_ERR_CERT_CHAIN_TOO_LONG,
                                 X509_V_ERR_EE_KEY_TOO_SMALL,
                                 X509_V_ERR_INVALID_PURPOSE};
    enum { COUNT = sizeof apart / sizeof apart[0] };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = i + 1; j < COUNT; j++) {
            CHECK(!same(apart[i], apart[j]));
        }
    }
}

int main(void)
{
    test_groups();
    test_all();
    return check_done("certificate");
}
