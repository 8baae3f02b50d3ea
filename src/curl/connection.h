/* A connection that libcurl makes and ends: name, proxy, TLS. What goes over it is written and read by the core (transfer.c). Whoever owns
 * it lets libcurl work, through the multi handle that it is made in. */
#ifndef VKYC_CURL_CONNECTION_H
#define VKYC_CURL_CONNECTION_H

#include <curl/curl.h>

#include "identity.h"

/* Of "https://host:port": a host's name has at most 253 bytes. */
enum { VKYC_CURL_MAX_ORIGIN = 300 };

/* In milliseconds. */
struct vkyc_curl_limits {
    long timeout;         /* of the whole transfer; values below 1 count as 1 */
    long connect_timeout; /* of name, connection and TLS together; values below 1 count as 1 */
    long max_idle;        /* a kept connection is used only when idle for less; below 0: for less than two minutes */
};

/* How sockets are made and closed: libcurl's callbacks and what they are given. */
struct vkyc_curl_socket_hooks {
    curl_opensocket_callback open;
    curl_closesocket_callback close;
    void *ud; /* outlives the connection */
};

struct vkyc_curl_connection {
    CURL *easy; /* owned */
    /* private */
    CURLM *multi;         /* borrowed; the easy handle is in it, with a connection or on its way to one. NULL: it is in none */
    curl_socket_t socket; /* while the connection stands, else CURL_SOCKET_BAD */
    long long idle_since; /* set by who keeps it: vkyc_curl_now */
    size_t origin_size;
    char origin[VKYC_CURL_MAX_ORIGIN + 1];
    char error[CURL_ERROR_SIZE];
};

/* Milliseconds of the monotonic clock. */
long long vkyc_curl_now(void);

/* curl_global_init, once in a process and never undone: other users of libcurl may live in it. 1, or 0 when libcurl refused. */
int vkyc_curl_global(void);

/* Makes the easy handle, without a connection. The connection must be zeroed and stay where it is; `hooks` may be NULL. */
CURLcode vkyc_curl_connection_open(struct vkyc_curl_connection *c, const struct vkyc_curl_identity *id,
                                   const struct vkyc_curl_socket_hooks *hooks);

/* Begins to connect to an origin, in place of what there was. CURLE_OK: libcurl says the end of it with a message of `multi`, which must
 * outlive the connection. */
CURLcode vkyc_curl_connection_begin(struct vkyc_curl_connection *c, CURLM *multi, const char *origin, size_t size,
                                    const struct vkyc_curl_limits *limits);

/* libcurl said CURLE_OK: reads the socket. */
CURLcode vkyc_curl_connection_stands(struct vkyc_curl_connection *c);

/* 1 when it stands and leads to that origin. */
int vkyc_curl_connection_is_to(const struct vkyc_curl_connection *c, const char *origin, size_t size);

/* 1 when nothing came over it, which stands and is idle. Its end and bytes that nobody asked for are something; what TLS says to itself,
 * such as a late session ticket, is not. */
int vkyc_curl_connection_is_quiet(const struct vkyc_curl_connection *c);

/* 1 when it, which stands, may carry another request. */
int vkyc_curl_connection_is_usable(const struct vkyc_curl_connection *c, long max_idle);

/* Closes the connection, or stops making it. The easy handle is kept for the next; idempotent. */
void vkyc_curl_connection_end(struct vkyc_curl_connection *c);

/* Ends it and frees all; idempotent. */
void vkyc_curl_connection_close(struct vkyc_curl_connection *c);

#endif
