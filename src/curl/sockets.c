#include "sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

ino_t vkyc_curl_socket_identity(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode) ? found.st_ino : 0;
}

static void forget(struct vkyc_curl_sockets *s, unsigned i)
{
    s->count--;
    s->fd[i] = s->fd[s->count];
    s->identity[i] = s->identity[s->count];
}

static void forget_closed(struct vkyc_curl_sockets *s)
{
    for (unsigned i = s->count; i-- > 0;) {
        if (vkyc_curl_socket_identity(s->fd[i]) != s->identity[i]) {
            forget(s, i);
        }
    }
}

curl_socket_t vkyc_curl_socket_open(void *ud, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct vkyc_curl_sockets *s = ud;
    (void)purpose;
    forget_closed(s);
    if (s->count == VKYC_CURL_MAX_SOCKETS) {
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    s->fd[s->count] = fd;
    s->identity[s->count++] = vkyc_curl_socket_identity(fd);
    return fd;
}

int vkyc_curl_socket_close(void *ud, curl_socket_t fd)
{
    struct vkyc_curl_sockets *s = ud;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->fd[i] == fd) {
            forget(s, i);
            break;
        }
    }
    return close(fd);
}

void vkyc_curl_sockets_abandon(struct vkyc_curl_sockets *s)
{
    forget_closed(s);
    for (unsigned i = 0; i < s->count; i++) {
        close(s->fd[i]);
    }
    s->count = 0;
}
