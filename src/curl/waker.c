#include "waker.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

int vkyc_curl_waker_open(struct vkyc_curl_waker *w)
{
#ifdef __linux__
    w->fd = w->to = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return w->fd >= 0;
#else
    int fd[2];
    if (pipe(fd) != 0) {
        w->fd = w->to = -1;
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(fd[i], F_SETFD, FD_CLOEXEC);
        fcntl(fd[i], F_SETFL, O_NONBLOCK);
    }
    w->fd = fd[0];
    w->to = fd[1];
    return 1;
#endif
}

void vkyc_curl_waker_wake(const struct vkyc_curl_waker *w)
{
    static const uint64_t one = 1;
    (void)!write(w->to, &one, sizeof one);
}

int vkyc_curl_waker_clear(const struct vkyc_curl_waker *w)
{
    char bytes[64];
    int was = 0;
    while (read(w->fd, bytes, sizeof bytes) > 0) {
        was = 1;
        if (w->fd == w->to) {
            break; /* one read takes all of an eventfd */
        }
    }
    return was;
}

void vkyc_curl_waker_close(struct vkyc_curl_waker *w)
{
    if (w->to >= 0 && w->to != w->fd) {
        close(w->to);
    }
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = w->to = -1;
}
