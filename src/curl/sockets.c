#include "sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

curl_socket_t vkyc_curl_socket_open(void *ud, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct vkyc_curl_sockets *s = ud;
    (void)purpose;
    if (s->count == VKYC_CURL_MAX_SOCKETS) {
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    s->fd[s->count++] = fd;
    return fd;
}

int vkyc_curl_socket_close(void *ud, curl_socket_t fd)
{
    struct vkyc_curl_sockets *s = ud;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->fd[i] == fd) {
            s->fd[i] = s->fd[--s->count];
            break;
        }
    }
    return close(fd);
}

void vkyc_curl_sockets_abandon(struct vkyc_curl_sockets *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        close(s->fd[i]);
    }
    s->count = 0;
}
