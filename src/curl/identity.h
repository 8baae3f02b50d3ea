/* Who a connection belongs to: the options under which connections may be shared. Two clients with different identities never share one. */
#ifndef VKYC_CURL_IDENTITY_H
#define VKYC_CURL_IDENTITY_H

#include <stddef.h>

#include "../core/message.h"

enum vkyc_curl_text {
    VKYC_CURL_CA_FILE,     /* PEM; the system's bundle when not set */
    VKYC_CURL_CRL_FILE,    /* PEM; revocation is not checked when not set */
    VKYC_CURL_CLIENT_CERT, /* PEM, with its chain */
    VKYC_CURL_CLIENT_KEY,  /* PEM without a passphrase */
    VKYC_CURL_PROXY,       /* none when not set: proxies of the environment are never used */
    VKYC_CURL_TEXTS
};

/* Works zeroed. */
struct vkyc_curl_identity {
    char *text[VKYC_CURL_TEXTS]; /* owned; NULL when not set */
    int allow_http;              /* 0: https only */
};

/* Copies `text` in. VKYC_ERR_NUL when it holds a NUL byte or is empty, VKYC_ERR_MEMORY. */
enum vkyc_status vkyc_curl_identity_set(struct vkyc_curl_identity *id, enum vkyc_curl_text which, const char *text,
                                        size_t size) VKYC_CHECK_RESULT;

/* Reads the files that were given. 1 when each can be used; 0 with a failure of kind "config". */
int vkyc_curl_identity_check(const struct vkyc_curl_identity *id, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Wipes (a proxy may carry a password) and frees; idempotent. */
void vkyc_curl_identity_free(struct vkyc_curl_identity *id);

#endif
