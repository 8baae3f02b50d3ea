#include "certificate.h"

#include <openssl/x509_vfy.h>

const char *vkyc_certificate_reason(long result)
{
    switch (result) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "The server's certificate is for another host.";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "The server's certificate has expired.";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "The server's certificate is not yet valid; check this machine's clock.";
    case X509_V_ERR_CERT_REVOKED:
        return "The server's certificate has been revoked.";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return "The revocation list does not cover the server's certificate or is out of date.";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "The server's certificate was not issued by an authority that is trusted here.";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
        return "The server's chain of certificates is longer than is allowed here.";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "The server's certificate uses a key or a digest that is too weak.";
    default:
        return "The server's certificate is not to be trusted.";
    }
}
