#include "transfer.h"

#include <pthread.h>
#include <string.h>

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

/* Runs when a connection stands and the request is about to be written. A second run means that libcurl wants to send it again by itself,
 * which is not its decision: the first copy may have been received. */
static int before_send(void *ud, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct vkyc_curl_transfer *t = ud;
    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    t->sends++;
    return t->sends == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t on_header(char *line, size_t one, size_t size, void *ud)
{
    struct vkyc_curl_transfer *t = ud;
    struct vkyc_head *head = &t->response->head;
    (void)one;
    if (vkyc_head_line(head, line, size) != VKYC_HEAD_FINE) {
        return 0;
    }
    if (head->complete && head->has_length && !t->is_head && head->length > t->response->body.limit) {
        t->too_long = 1;
        return 0;
    }
    return size;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *ud)
{
    struct vkyc_curl_transfer *t = ud;
    (void)one;
    vkyc_buffer_append(&t->response->body, bytes, size);
    return t->response->body.status == VKYC_OK ? size : 0;
}

/* The options that say who the peer is and who we are. */
static CURLcode set_identity(CURL *easy, const struct vkyc_curl_identity *id)
{
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                                                 \
    if (code == CURLE_OK) {                                                                                                                \
        code = curl_easy_setopt(easy, option, value);                                                                                      \
    }
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
static CURLcode set_constants(CURL *easy, struct vkyc_curl_transfer *t, struct vkyc_curl_sockets *sockets)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_ERRORBUFFER, t->error)
    SET(CURLOPT_NOSIGNAL, 1L)
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A dead resolver would hold the thread for seconds behind the timeout. */
    SET(CURLOPT_QUICK_EXIT, 1L)
#endif
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_HTTP09_ALLOWED, 0L)
    SET(CURLOPT_FOLLOWLOCATION, 0L)
    SET(CURLOPT_PATH_AS_IS, 1L)
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)
    /* A resumed session is not verified again. And libcurl 7.88 frees an entry of that cache twice when memory ran out as it was made. */
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L)
    SET(CURLOPT_MAXCONNECTS, 4L)
    SET(CURLOPT_TCP_NODELAY, 1L)
    SET(CURLOPT_TCP_KEEPALIVE, 1L)
    SET(CURLOPT_PREREQFUNCTION, before_send)
    SET(CURLOPT_PREREQDATA, t)
    SET(CURLOPT_HEADERFUNCTION, on_header)
    SET(CURLOPT_HEADERDATA, t)
    SET(CURLOPT_WRITEFUNCTION, on_body)
    SET(CURLOPT_WRITEDATA, t)
    if (sockets != NULL) {
        SET(CURLOPT_OPENSOCKETFUNCTION, vkyc_curl_socket_open)
        SET(CURLOPT_OPENSOCKETDATA, sockets)
        SET(CURLOPT_CLOSESOCKETFUNCTION, vkyc_curl_socket_close)
        SET(CURLOPT_CLOSESOCKETDATA, sockets)
    }
    return code;
}

int vkyc_curl_transfer_open(struct vkyc_curl_transfer *t, const struct vkyc_curl_identity *id, struct vkyc_curl_sockets *sockets,
                            struct vkyc_failure *failure)
{
    CURL *easy = vkyc_curl_global() ? curl_easy_init() : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (easy != NULL) {
        code = set_identity(easy, id);
        if (code == CURLE_OK) {
            code = set_constants(easy, t, sockets);
        }
    }
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
        curl_easy_cleanup(easy);
        return 0;
    }
    t->easy = easy;
    vkyc_buffer_init(&t->text, VKYC_MAX_URL + VKYC_MAX_HEADER_BYTES + VKYC_MAX_HEADERS, vkyc_alloc_malloc, NULL);
    return 1;
}

static int has_name(const char *line, size_t size, const char *name, size_t name_size)
{
    return size > name_size && line[name_size] == ':' && strncasecmp(line, name, name_size) == 0;
}

/* Fills t->fields from "name: value\r\n…". The nodes are ours, so that libcurl's own list, which it never wipes, is not needed. */
static CURLcode set_fields(struct vkyc_curl_transfer *t, const struct vkyc_buffer *headers)
{
    static const char *const unwanted[] = {"Accept:", "Content-Type:", "Expect:"};
    int wanted[3] = {0, 0, 0};
    char *line = t->text.data + t->text.size;
    char *end = line + headers->size;
    unsigned count = 0;
    if (headers->size > 0) {
        memcpy(line, headers->data, headers->size);
        t->text.size += headers->size;
    }
    while (line < end) {
        char *stop = memchr(line, '\r', (size_t)(end - line));
        if (stop == NULL || end - stop < 2 || stop[1] != '\n' || count == VKYC_MAX_HEADERS) {
            return CURLE_BAD_FUNCTION_ARGUMENT;
        }
        size_t size = (size_t)(stop - line);
        for (int i = 0; i < 3; i++) {
            wanted[i] |= has_name(line, size, unwanted[i], strlen(unwanted[i]) - 1);
        }
        *stop = 0;
        if (size >= 2 && line[size - 1] == ' ' && line[size - 2] == ':') {
            /* libcurl takes "name:" as an order to leave the field out; "name;" sends it empty. */
            line[size - 2] = ';';
            line[size - 1] = 0;
        }
        t->fields[count++].data = line;
        line = stop + 2;
    }
    for (int i = 0; i < 3; i++) {
        if (!wanted[i]) {
            /* libcurl only reads it. */
            t->fields[count++].data = (char *)unwanted[i];
        }
    }
    for (unsigned i = 0; i < count; i++) {
        t->fields[i].next = i + 1 < count ? &t->fields[i + 1] : NULL;
    }
    return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->fields);
}

static CURLcode set_method(struct vkyc_curl_transfer *t, const struct vkyc_request *request)
{
    CURL *easy = t->easy;
    CURLcode code = CURLE_OK;
    const char *method = request->method;
    int has_body = request->has_body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    const char *implied = "GET";
    t->is_head = !has_body && strcmp(method, "HEAD") == 0;
    if (has_body) {
        SET(CURLOPT_POSTFIELDS, request->has_body && request->body.size > 0 ? request->body.data : "")
        SET(CURLOPT_POSTFIELDSIZE_LARGE, request->has_body ? (curl_off_t)request->body.size : (curl_off_t)0)
        SET(CURLOPT_POST, 1L)
        implied = "POST";
    } else if (t->is_head) {
        SET(CURLOPT_NOBODY, 1L)
        implied = "HEAD";
    } else {
        SET(CURLOPT_HTTPGET, 1L)
    }
    SET(CURLOPT_CUSTOMREQUEST, strcmp(method, implied) == 0 ? NULL : method)
    return code;
}

CURLcode vkyc_curl_set_limits(CURL *easy, const struct vkyc_curl_limits *limits)
{
    CURLcode code = CURLE_OK;
    /* libcurl takes 0 for "no limit". */
    SET(CURLOPT_TIMEOUT_MS, limits->timeout < 1 ? 1L : limits->timeout)
    SET(CURLOPT_CONNECTTIMEOUT_MS, limits->connect_timeout < 1 ? 1L : limits->connect_timeout)
    /* libcurl drops a connection whose idle time in whole seconds is above the value. */
    long age = limits->max_idle < 0 ? 118L : limits->max_idle / 1000 - 1;
    SET(CURLOPT_FRESH_CONNECT, age < 1 ? 1L : 0L)
    SET(CURLOPT_MAXAGE_CONN, age < 1 ? 1L : age)
    return code;
}
#undef SET

static CURLcode prepare(struct vkyc_curl_transfer *t, const struct vkyc_request *request, const struct vkyc_curl_limits *limits)
{
    size_t url_size = request->url.size;
    if (url_size == 0 || memchr(request->url.data, 0, url_size) != NULL) {
        return CURLE_URL_MALFORMAT;
    }
    /* Reserved at once: the fields point into it. */
    char *url = vkyc_buffer_reserve(&t->text, url_size + 1 + request->headers.size);
    if (url == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    memcpy(url, request->url.data, url_size);
    url[url_size] = 0;
    t->text.size = url_size + 1;
    CURLcode code = curl_easy_setopt(t->easy, CURLOPT_URL, url);
    if (code == CURLE_OK) {
        code = set_fields(t, &request->headers);
    }
    if (code == CURLE_OK) {
        code = set_method(t, request);
    }
    return code == CURLE_OK ? vkyc_curl_set_limits(t->easy, limits) : code;
}

/* What belongs to the request must not outlive it. libcurl's own copies are beyond reach. */
static void forget(struct vkyc_curl_transfer *t)
{
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(t->easy, CURLOPT_URL, NULL);
    vkyc_buffer_reset(&t->text);
    t->response = NULL;
}

int vkyc_curl_transfer_begin(struct vkyc_curl_transfer *t, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure)
{
    vkyc_response_reset(response);
    t->response = response;
    t->sends = 0;
    t->too_long = 0;
    t->unsent = -1;
    t->error[0] = 0;
    CURLcode code = prepare(t, request, limits);
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
        forget(t);
        return 0;
    }
    return 1;
}

int vkyc_curl_transfer_end(struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure)
{
    const struct vkyc_head *head = &t->response->head;
    int status = head->status;
    /* libcurl is content with some answers that our checks refuse, such as a final 101. */
    if (code == CURLE_OK && (!head->complete || head->fault != VKYC_HEAD_FINE || t->response->body.status != VKYC_OK)) {
        code = CURLE_WEIRD_SERVER_REPLY;
    }
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
        status = 0;
        /* Half a response must not be taken for a whole one. */
        vkyc_response_reset(t->response);
    }
    forget(t);
    return status;
}

void vkyc_curl_transfer_close(struct vkyc_curl_transfer *t)
{
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    vkyc_buffer_free(&t->text);
}

void vkyc_curl_transfer_abandon(struct vkyc_curl_transfer *t)
{
    t->easy = NULL;
    vkyc_buffer_free(&t->text);
}
