#include "transfer.h"

#include <string.h>

#include "../core/certificate.h"

static void say(struct vkyc_failure *failure, const char *kind, const char *phase, const char *reason)
{
    failure->kind = kind;
    failure->phase = phase;
    failure->reason = reason;
}

static int mentions(const struct vkyc_curl_transfer *t, const char *word)
{
    return strstr(t->connection.error, word) != NULL;
}

static long long microseconds(const struct vkyc_curl_transfer *t, CURLINFO info)
{
    curl_off_t value = 0;
    return curl_easy_getinfo(t->connection.easy, info, &value) == CURLE_OK ? (long long)value : 0;
}

/* How far it came: the last step that did not end. */
static const char *reached(const struct vkyc_curl_transfer *t)
{
    CURL *easy = t->connection.easy;
    if (t->sends > 0) {
        const struct vkyc_head *head = &t->response->head;
        int begun = head->status != 0 || head->in_head != 0 || head->interim > 0;
        return t->unsent > 0 && !begun ? "send" : "response";
    }
    if (easy == NULL || microseconds(t, CURLINFO_NAMELOOKUP_TIME_T) == 0) {
        return "dns";
    }
    /* libcurl gives the time of the connection only after TLS, but knows our port as soon as the connection stands. */
    long port = 0;
    curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
    return port == 0 && microseconds(t, CURLINFO_CONNECT_TIME_T) == 0 ? "connect" : "tls";
}

static void explain_timeout(const struct vkyc_curl_transfer *t, struct vkyc_failure *failure)
{
    const char *phase = reached(t);
    if (t->sends == 0 && t->connection.socket != CURL_SOCKET_BAD) {
        say(failure, "timeout", NULL, "The time was over before the request was sent.");
        return;
    }
    const char *reason = "The server did not answer in time.";
    if (strcmp(phase, "dns") == 0) {
        reason = "The name of the server was not resolved in time.";
    } else if (strcmp(phase, "connect") == 0) {
        reason = "The server did not accept a connection in time.";
    } else if (strcmp(phase, "tls") == 0) {
        reason = "The server did not finish the TLS handshake in time.";
    } else if (strcmp(phase, "send") == 0) {
        reason = "The server did not take the request in time.";
    }
    say(failure, "timeout", phase, reason);
}

static void explain_certificate(const struct vkyc_curl_transfer *t, struct vkyc_failure *failure)
{
    long result = 0;
    curl_easy_getinfo(t->connection.easy, CURLINFO_SSL_VERIFYRESULT, &result);
    say(failure, "tls", "tls", vkyc_certificate_reason(result));
}

/* Code 35 is both a disagreement and a connection that broke off; only the second may be tried again. The words for an end without a
 * reset depend on the versions of libcurl and OpenSSL. */
static void explain_handshake(const struct vkyc_curl_transfer *t, struct vkyc_failure *failure)
{
    long system_error = 0;
    curl_easy_getinfo(t->connection.easy, CURLINFO_OS_ERRNO, &system_error);
    if (system_error != 0 || mentions(t, "SSL_ERROR_SYSCALL") || mentions(t, "unexpected eof")) {
        say(failure, "network", "tls", "The connection broke during the TLS handshake.");
    } else {
        say(failure, "tls", "tls", "The server and this client could not agree on TLS.");
    }
}

/* Codes 55 and 56: the connection broke, or what came over it was not TLS as it should be. */
static void explain_break(const struct vkyc_curl_transfer *t, struct vkyc_failure *failure)
{
    long proxy_status = 0;
    const char *phase = reached(t);
    curl_easy_getinfo(t->connection.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (t->sends == 0 && proxy_status != 0) {
        say(failure, "connect", "connect", "The proxy refused to connect to the server.");
    } else if (mentions(t, "SSL routines") && !mentions(t, "unexpected eof")) {
        say(failure, "tls", phase, "The server ended the TLS connection with an alert, or broke its rules.");
    } else {
        say(failure, "network", phase, "The connection broke before the response was complete.");
    }
}

static void explain(const struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        say(failure, "dns", "dns", "The name of the server could not be resolved.");
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
        say(failure, "connect", "connect", "The server could not be reached.");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        explain_timeout(t, failure);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        explain_certificate(t, failure);
        break;
    case CURLE_SSL_CONNECT_ERROR:
        explain_handshake(t, failure);
        break;
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        say(failure, "tls", "tls", "The server and this client could not agree on TLS.");
        break;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        say(failure, "config", "tls", "A file of ca_file, crl_file, client_cert or client_key cannot be used.");
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        explain_break(t, failure);
        break;
    case CURLE_OUT_OF_MEMORY:
        say(failure, "memory", t->sends > 0 ? reached(t) : NULL, "There is no memory for the transfer.");
        break;
    case CURLE_URL_MALFORMAT:
        say(failure, "config", NULL, "The URL is malformed or holds a user's name.");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (t->sends > 0) { /* its word for a connection that it lost */
            say(failure, "network", reached(t), "The connection broke before the response was complete.");
        } else {
            say(failure, "config", NULL, "The URL's scheme is not allowed: https only.");
        }
        break;
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
        say(failure, "config", NULL, "This libcurl cannot be used: it was built without a feature that is needed, or could not start.");
        break;
    default:
        if (t->sends > 0) {
            say(failure, "network", reached(t), "The transfer failed in an unforeseen way.");
        } else {
            say(failure, "connect", reached(t), "The connection failed in an unforeseen way.");
        }
        break;
    }
}

void vkyc_curl_fail(struct vkyc_failure *failure, const char *kind, const char *reason)
{
    *failure = (struct vkyc_failure){kind, NULL, reason, 0};
}

void vkyc_curl_explain(const struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure)
{
    memset(failure, 0, sizeof *failure);
    failure->sent = t->sends > 0;
    explain(t, code, failure);
}
