/* The sockets that libcurl has open for us. Knowing them is what lets us give the connections of a forked parent back without calling
 * libcurl. */
#ifndef VKYC_CURL_SOCKETS_H
#define VKYC_CURL_SOCKETS_H

#include <curl/curl.h>
#include <sys/types.h>

/* More than libcurl opens at once (one for each address family) and has not closed yet. */
enum { VKYC_CURL_MAX_SOCKETS = 16 };

/* Works zeroed. */
struct vkyc_curl_sockets {
    int fd[VKYC_CURL_MAX_SOCKETS];
    ino_t identity[VKYC_CURL_MAX_SOCKETS];
    unsigned count;
};

/* What tells a socket from the next that gets its number; 0 for what is no open socket. libcurl closes the slower of two addresses that it
 * tried at once without CURLOPT_CLOSESOCKETFUNCTION (7.88): a number in a list of ours may belong to somebody else by now. */
ino_t vkyc_curl_socket_identity(int fd);

/* CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION; `ud` is a struct vkyc_curl_sockets that outlives the connections. */
curl_socket_t vkyc_curl_socket_open(void *ud, curlsocktype purpose, struct curl_sockaddr *address);
int vkyc_curl_socket_close(void *ud, curl_socket_t fd);

/* Closes this process' copies with close(2), nothing else: the peer of a parent process must not notice. */
void vkyc_curl_sockets_abandon(struct vkyc_curl_sockets *s);

#endif
