/* A file descriptor that one thread makes readable for another. */
#ifndef VKYC_CURL_WAKER_H
#define VKYC_CURL_WAKER_H

/* Both are -1 while it is not open. */
struct vkyc_curl_waker {
    int fd; /* to wait on */
    /* private */
    int to; /* to write to; the same where there is eventfd(2), which is cheaper than a pipe in time and descriptors */
};

/* 1, or 0 when there is no file descriptor left. */
int vkyc_curl_waker_open(struct vkyc_curl_waker *w);

/* Makes it readable, also from a signal handler. Never waits. */
void vkyc_curl_waker_wake(const struct vkyc_curl_waker *w);

/* Makes it unreadable. 1 when it was readable. */
int vkyc_curl_waker_clear(const struct vkyc_curl_waker *w);

/* Idempotent. */
void vkyc_curl_waker_close(struct vkyc_curl_waker *w);

#endif
