#include "connection.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* libcurl's own rule for connections that are idle. */
enum { USUAL_IDLE = 118000 };

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    /* When it fails, curl_easy_init tries again and returns NULL. */
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int vkyc_curl_global(void)
{
    return pthread_once(&global_once, global_init) == 0;
}

long long vkyc_curl_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a proxy says beside its consent is nobody's. */
static size_t drop(char *bytes, size_t one, size_t size, void *ud)
{
    (void)bytes;
    (void)one;
    (void)ud;
    return size;
}

#define SET(option, value)                                                                                                                 \
    if (code == CURLE_OK) {                                                                                                                \
        code = curl_easy_setopt(easy, option, value);                                                                                      \
    }

/* The options that say who the peer is and who we are. */
static CURLcode set_identity(CURL *easy, const struct vkyc_curl_identity *id)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_SSL_VERIFYPEER, 1L)
    SET(CURLOPT_SSL_VERIFYHOST, 2L)
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
    /* With a directory of certificates set, libcurl parses the whole bundle again for each connection (82 ms). */
    SET(CURLOPT_CAPATH, NULL)
    if (id->text[VKYC_CURL_CA_FILE] != NULL) {
        SET(CURLOPT_CAINFO, id->text[VKYC_CURL_CA_FILE])
    }
    if (id->text[VKYC_CURL_CRL_FILE] != NULL) {
        SET(CURLOPT_CRLFILE, id->text[VKYC_CURL_CRL_FILE])
    }
    if (id->text[VKYC_CURL_CLIENT_CERT] != NULL) {
        SET(CURLOPT_SSLCERT, id->text[VKYC_CURL_CLIENT_CERT])
        SET(CURLOPT_SSLKEY, id->text[VKYC_CURL_CLIENT_KEY])
        /* Without one OpenSSL would ask for it on the terminal. */
        SET(CURLOPT_KEYPASSWD, "")
    }
    /* "" keeps the proxies of the environment out. */
    SET(CURLOPT_PROXY, id->text[VKYC_CURL_PROXY] != NULL ? id->text[VKYC_CURL_PROXY] : "")
    SET(CURLOPT_NOPROXY, "")
    /* A tunnel for http too: what is written here is not meant for a proxy. */
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L)
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
    SET(CURLOPT_PROXY_CAPATH, NULL)
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, id->allow_http ? "http,https" : "https")
#else
    SET(CURLOPT_PROTOCOLS, id->allow_http ? (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS) : (long)CURLPROTO_HTTPS)
#endif
    return code;
}

/* The options that are the same for all of us. */
static CURLcode set_constants(CURL *easy, char *error, const struct vkyc_curl_socket_hooks *hooks)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_ERRORBUFFER, error)
    SET(CURLOPT_NOSIGNAL, 1L)
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A dead resolver would hold the thread for seconds behind the timeout. */
    SET(CURLOPT_QUICK_EXIT, 1L)
#endif
    SET(CURLOPT_CONNECT_ONLY, 1L)
    SET(CURLOPT_FRESH_CONNECT, 1L)
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)
    /* A resumed session is not verified again. And libcurl 7.88 frees an entry of that cache twice when memory ran out as it was made. */
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L)
    SET(CURLOPT_TCP_NODELAY, 1L)
    SET(CURLOPT_TCP_KEEPALIVE, 1L)
    SET(CURLOPT_HEADERFUNCTION, drop)
    SET(CURLOPT_WRITEFUNCTION, drop)
    if (hooks != NULL) {
        SET(CURLOPT_OPENSOCKETFUNCTION, hooks->open)
        SET(CURLOPT_OPENSOCKETDATA, hooks->ud)
        SET(CURLOPT_CLOSESOCKETFUNCTION, hooks->close)
        SET(CURLOPT_CLOSESOCKETDATA, hooks->ud)
    }
    return code;
}

CURLcode vkyc_curl_connection_open(struct vkyc_curl_connection *c, const struct vkyc_curl_identity *id,
                                   const struct vkyc_curl_socket_hooks *hooks)
{
    CURL *easy = vkyc_curl_global() ? curl_easy_init() : NULL;
    if (easy == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    CURLcode code = set_identity(easy, id);
    if (code == CURLE_OK) {
        code = set_constants(easy, c->error, hooks);
    }
    if (code != CURLE_OK) {
        curl_easy_cleanup(easy);
        return code;
    }
    c->easy = easy;
    c->socket = CURL_SOCKET_BAD;
    return CURLE_OK;
}

CURLcode vkyc_curl_connection_begin(struct vkyc_curl_connection *c, CURLM *multi, const char *origin, size_t size,
                                    const struct vkyc_curl_limits *limits)
{
    CURL *easy = c->easy;
    CURLcode code = CURLE_OK;
    vkyc_curl_connection_end(c);
    if (size > VKYC_CURL_MAX_ORIGIN) {
        return CURLE_URL_MALFORMAT;
    }
    memcpy(c->origin, origin, size);
    c->origin[size] = 0;
    c->origin_size = size;
    c->error[0] = 0;
    SET(CURLOPT_URL, c->origin)
    /* libcurl takes 0 for "no limit". */
    SET(CURLOPT_TIMEOUT_MS, limits->timeout < 1 ? 1L : limits->timeout)
    SET(CURLOPT_CONNECTTIMEOUT_MS, limits->connect_timeout < 1 ? 1L : limits->connect_timeout)
    if (code == CURLE_OK) {
        code = curl_multi_add_handle(multi, easy) == CURLM_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    }
    if (code == CURLE_OK) {
        c->multi = multi;
    }
    return code;
}
#undef SET

CURLcode vkyc_curl_connection_stands(struct vkyc_curl_connection *c)
{
    CURLcode code = curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->socket);
    return code == CURLE_OK && c->socket == CURL_SOCKET_BAD ? CURLE_COULDNT_CONNECT : code;
}

int vkyc_curl_connection_is_to(const struct vkyc_curl_connection *c, const char *origin, size_t size)
{
    return c->socket != CURL_SOCKET_BAD && size == c->origin_size && memcmp(origin, c->origin, size) == 0;
}

int vkyc_curl_connection_is_quiet(const struct vkyc_curl_connection *c)
{
    char byte;
    size_t size = 0;
    return curl_easy_recv(c->easy, &byte, 1, &size) == CURLE_AGAIN;
}

int vkyc_curl_connection_is_usable(const struct vkyc_curl_connection *c, long max_idle)
{
    return vkyc_curl_now() - c->idle_since < (max_idle < 0 ? USUAL_IDLE : max_idle) && vkyc_curl_connection_is_quiet(c);
}

void vkyc_curl_connection_end(struct vkyc_curl_connection *c)
{
    /* libcurl closes a connection of this kind when its handle leaves the multi handle. */
    if (c->multi != NULL) {
        curl_multi_remove_handle(c->multi, c->easy);
        c->multi = NULL;
    }
    c->socket = CURL_SOCKET_BAD;
}

void vkyc_curl_connection_close(struct vkyc_curl_connection *c)
{
    vkyc_curl_connection_end(c);
    curl_easy_cleanup(c->easy);
    c->easy = NULL;
}
