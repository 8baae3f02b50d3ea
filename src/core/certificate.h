/* Why a certificate is not trusted, in one sentence for people. */
#ifndef VKYC_CERTIFICATE_H
#define VKYC_CERTIFICATE_H

/* `result` is a code of X509_verify_cert (X509_V_…). X509_V_OK stands for a good certificate of another host, as libcurl and nginx have it.
 * Static text; never NULL. */
const char *vkyc_certificate_reason(long result);

#endif
