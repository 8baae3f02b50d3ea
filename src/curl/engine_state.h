/* What the owner's side (engine.c) and the thread's (engine_thread.c) of an engine share. */
#ifndef VKYC_CURL_ENGINE_STATE_H
#define VKYC_CURL_ENGINE_STATE_H

#include <pthread.h>

#include "engine.h"
#include "sockets.h"
#include "waker.h"

/* Where a slot is. FREE and the DONE ones are the owner's, the others the thread's; changed under the lock. */
enum { VKYC_CURL_FREE, VKYC_CURL_QUEUED, VKYC_CURL_RUNNING, VKYC_CURL_DONE, VKYC_CURL_DONE_TOLD };

/* What is wanted of a transfer that is under way. */
enum { VKYC_CURL_GO_ON, VKYC_CURL_CANCEL, VKYC_CURL_CLOSE, VKYC_CURL_DROP };

/* Every socket that libcurl may have: those of lanes, and for each transfer a second address and its resolver. */
enum { VKYC_CURL_WATCHES = VKYC_MAX_IN_FLIGHT * (VKYC_MAX_IDENTITIES + 3) };

/* A socket that the thread polls. An entry that is not used has fd -1, and moves neither: a forked child reads the table as it finds it. */
struct vkyc_curl_watch {
    int fd;
    short events; /* what libcurl waits for while it connects */
    int opened;   /* a connection, not one of libcurl's inner pipes */
    ino_t identity;
    struct vkyc_curl_pool *pool;
    struct vkyc_curl_lane *lane; /* whose connection stands; NULL before */
};

/* A connection that is kept, and the transfer that it has. */
struct vkyc_curl_lane {
    struct vkyc_curl_transfer transfer;
    struct vkyc_curl_job *job; /* NULL: idle */
};

struct vkyc_curl_pool {
    struct vkyc_curl_engine *engine;
    struct vkyc_curl_identity identity; /* never changed */
    unsigned refs;                      /* the owner's */
    /* under the lock */
    int closing;
    int wanted; /* to be prepared */
    int prepared;
    /* the thread's */
    CURLM *multi;
    long long timer;                                  /* when libcurl wants to be called; -1: not */
    struct vkyc_curl_lane *lanes[VKYC_MAX_IN_FLIGHT]; /* owned */
};

struct vkyc_curl_job {
    struct vkyc_request request;
    struct vkyc_response response;
    struct vkyc_curl_limits limits;
    long long ends;
    struct vkyc_curl_pool *pool;
    int status;
    struct vkyc_failure failure;
    int slot;
    /* the owner's */
    const void *owner;
    unsigned serial; /* 0: no ticket is out */
    /* the thread's */
    struct vkyc_curl_lane *lane; /* while it is under way */
};

struct vkyc_curl_engine {
    struct vkyc_curl_engine *next; /* in the list of engine.c */
    pthread_mutex_t lock;
    /* under the lock */
    unsigned char state[VKYC_MAX_IN_FLIGHT];
    unsigned char wish[VKYC_MAX_IN_FLIGHT];
    unsigned done;   /* slots in VKYC_CURL_DONE */
    long long alarm; /* -1: none */
    int rang;
    int watched;   /* notice.fd was asked for: until then nobody is woken by it */
    int signalled; /* notice is readable, or about to be */
    int woken;     /* wake is, or is about to be */
    int stop;
    int ended;
    int orphan;                                        /* the owner is gone: the thread frees */
    struct vkyc_curl_pool *pools[VKYC_MAX_IDENTITIES]; /* filled by the owner, cleared by the thread */
    struct vkyc_curl_job *jobs[VKYC_MAX_IN_FLIGHT];    /* filled by the owner, never cleared */
    /* the owner's */
    unsigned forks; /* of the process when it was made */
    pthread_t thread;
    int started;
    int unwoken; /* transfers were queued that the thread was not woken for */
    unsigned serials;
    /* the thread's, but for waking it */
    struct vkyc_curl_waker wake;   /* the owner wakes the thread */
    struct vkyc_curl_waker notice; /* the thread tells the owner */
    int due;                       /* a transfer ended that the owner was not told of */
    unsigned watches;              /* entries that were ever used */
    struct vkyc_curl_watch watch[VKYC_CURL_WATCHES];
};

/* First in every function of engine.h: the process may be a child, which lets go of what it inherited. */
void vkyc_curl_engine_check_process(struct vkyc_curl_engine *e);

/* Starts the thread unless it runs. 1, or 0 with a failure. */
int vkyc_curl_engine_start(struct vkyc_curl_engine *e, struct vkyc_failure *failure);

/* The thread's last act: exit() need not stop it any more. */
void vkyc_curl_engine_leave(struct vkyc_curl_engine *e);

/* Has the thread look for orders. */
void vkyc_curl_engine_wake(struct vkyc_curl_engine *e);

/* That notice is to be readable. Under the lock; 1 when vkyc_curl_engine_notify has to follow once the lock is free: an owner that wakes
 * while the lock is held finds nothing, and would look again and again. */
int vkyc_curl_engine_signal(struct vkyc_curl_engine *e);
void vkyc_curl_engine_notify(struct vkyc_curl_engine *e);

/* Frees everything that is not libcurl's. */
void vkyc_curl_engine_free(struct vkyc_curl_engine *e);

/* engine_pool.c, all for the thread. */

/* Makes the multi handle unless it is there. 1, or 0 with a failure. */
int vkyc_curl_pool_start(struct vkyc_curl_pool *pool, struct vkyc_failure *failure);

/* Closes the connections; no transfer may be under way. */
void vkyc_curl_pool_stop(struct vkyc_curl_pool *pool);

/* Loads the certificates. */
void vkyc_curl_pool_prepare(struct vkyc_curl_pool *pool);

/* A lane that is idle, at best with a connection to that origin which is usable: *connected. NULL with a failure. */
struct vkyc_curl_lane *vkyc_curl_pool_lane(struct vkyc_curl_pool *pool, const char *origin, size_t size, long max_idle, int *connected,
                                           struct vkyc_failure *failure);

/* engine_watch.c, all for the thread. */

/* libcurl's callbacks for sockets; `ud` is a pool. */
curl_socket_t vkyc_curl_watch_open(void *ud, curlsocktype purpose, struct curl_sockaddr *address);
int vkyc_curl_watch_close(void *ud, curl_socket_t fd);
int vkyc_curl_watch_want(CURL *easy, curl_socket_t fd, int what, void *ud, void *unused);

/* The connection of a lane stands: from now on its socket is the lane's business. */
void vkyc_curl_watch_give(struct vkyc_curl_engine *e, struct vkyc_curl_lane *lane);

/* The number still is that of the socket which libcurl opened. If not, libcurl closed it without a word, and the entry is freed. */
int vkyc_curl_watch_is_ours(struct vkyc_curl_watch *w);

/* The thread; `ud` is the engine. */
void *vkyc_curl_engine_run(void *ud);

#endif
