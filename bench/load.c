/* Puts load on a server of this machine: keep-alive connections that each ask again when they were answered.
 *
 *   load PORT PATH CONNECTIONS COUNT [PAUSE_MS [SPREAD_MS]]
 *
 * COUNT answers in all. PAUSE_MS is between an answer and the next request of its connection, give or take a half; SPREAD_MS is over which
 * the first requests are spread. Every answer must have status 200 and a Content-Length. Prints the seconds from the first request to the
 * last answer, and the microseconds that half, 99 % and all of the answers took at most. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, ANSWER = 4096, EVENTS = 256, LONGEST_S = 120 };

struct connection {
    int fd;
    int waiting;   /* for an answer */
    double due;    /* when to ask, while it does not wait */
    double asked;  /* when it asked */
    size_t size;   /* of the answer so far */
    size_t wanted; /* of the whole answer; 0 while it is unknown */
    char answer[ANSWER];
};

struct load {
    char request[512];
    size_t request_size;
    size_t connections;
    size_t count;
    size_t asked;
    size_t answered;
    double pause;
    unsigned long long dice;
    float *took;
    struct connection *all;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

/* Half a pause to one and a half. */
static double pause_of(struct load *l)
{
    l->dice = l->dice * 6364136223846793005ULL + 1442695040888963407ULL;
    return l->pause * (0.5 + (double)(l->dice >> 40) / (double)(1ULL << 24));
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("cannot connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void ask(struct load *l, struct connection *c)
{
    c->asked = now();
    c->size = 0;
    c->wanted = 0;
    c->waiting = 1;
    l->asked++;
    if (send(c->fd, l->request, l->request_size, MSG_NOSIGNAL) != (ssize_t)l->request_size) {
        fail("a request was not taken");
    }
}

static void read_head(struct connection *c)
{
    static const char length[] = "\r\ncontent-length:";
    const char *end = memmem(c->answer, c->size, "\r\n\r\n", 4);
    if (end == NULL) {
        return;
    }
    if (memcmp(c->answer, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%.*s\n", (int)c->size, c->answer);
        fail("an answer is not a 200");
    }
    for (const char *at = c->answer; at < end; at++) {
        if (strncasecmp(at, length, sizeof length - 1) == 0) {
            c->wanted = (size_t)(end - c->answer) + 4 + strtoul(at + sizeof length - 1, NULL, 10);
            return;
        }
    }
    fail("an answer has no length");
}

static void take(struct load *l, struct connection *c)
{
    ssize_t size = recv(c->fd, c->answer + c->size, sizeof c->answer - 1 - c->size, MSG_DONTWAIT);
    if (size <= 0) {
        fail("a connection ended");
    }
    c->size += (size_t)size;
    c->answer[c->size] = '\0';
    if (c->wanted == 0) {
        read_head(c);
    }
    if (c->wanted == 0 || c->size < c->wanted) {
        return;
    }
    double at = now();
    l->took[l->answered++] = (float)((at - c->asked) * 1e6);
    c->waiting = 0;
    c->due = at + pause_of(l);
    if (l->pause <= 0 && l->asked < l->count) {
        ask(l, c);
    }
}

/* Asks where it is time to; returns the milliseconds until that is so again. */
static int ask_due(struct load *l)
{
    double at = now();
    double next = at + 0.1;
    for (size_t i = 0; i < l->connections && l->asked < l->count; i++) {
        struct connection *c = &l->all[i];
        if (!c->waiting && c->due <= at) {
            ask(l, c);
        } else if (!c->waiting && c->due < next) {
            next = c->due;
        }
    }
    return (int)((next - at) * 1e3) + 1;
}

static int ascending(const void *a, const void *b)
{
    float left = *(const float *)a;
    float right = *(const float *)b;
    return (left > right) - (left < right);
}

static void run(struct load *l, int poll)
{
    struct epoll_event events[EVENTS];
    double started = now();
    int paced = l->pause > 0;
    while (l->answered < l->count) {
        int wait = 1000;
        if (paced || l->asked < l->connections) {
            wait = ask_due(l);
        }
        int ready = epoll_wait(poll, events, EVENTS, wait);
        for (int i = 0; i < ready; i++) {
            take(l, events[i].data.ptr);
        }
        if (now() - started > LONGEST_S) {
            fail("it takes too long");
        }
    }
    double seconds = now() - started;
    qsort(l->took, l->count, sizeof *l->took, ascending);
    printf("%.6f %.1f %.1f %.1f\n", seconds, l->took[l->count / 2], l->took[l->count * 99 / 100], l->took[l->count - 1]);
}

int main(int argc, char **argv)
{
    struct load l = {.dice = 88172645463325252ULL};
    if (argc < 5) {
        fail("PORT PATH CONNECTIONS COUNT [PAUSE_MS [SPREAD_MS]]");
    }
    l.connections = strtoul(argv[3], NULL, 10);
    l.count = strtoul(argv[4], NULL, 10);
    l.pause = argc > 5 ? strtod(argv[5], NULL) / 1e3 : 0;
    double spread = argc > 6 ? strtod(argv[6], NULL) / 1e3 : 0;
    if (l.connections < 1 || l.connections > MAX_CONNECTIONS || l.count < l.connections) {
        fail("CONNECTIONS is 1-4096, and COUNT at least that");
    }
    l.request_size = (size_t)snprintf(l.request, sizeof l.request, "GET %.400s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
    l.took = calloc(l.count, sizeof *l.took);
    l.all = calloc(l.connections, sizeof *l.all);
    int poll = epoll_create1(0);
    if (l.took == NULL || l.all == NULL || poll < 0) {
        fail("no memory");
    }
    for (size_t i = 0; i < l.connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &l.all[i]};
        l.all[i].fd = connect_to((int)strtol(argv[1], NULL, 10));
        if (epoll_ctl(poll, EPOLL_CTL_ADD, l.all[i].fd, &event) != 0) {
            fail("epoll_ctl");
        }
    }
    for (size_t i = 0; i < l.connections; i++) {
        l.all[i].due = now() + spread * (double)i / (double)l.connections;
    }
    run(&l, poll);
    for (size_t i = 0; i < l.connections; i++) {
        close(l.all[i].fd);
    }
    free(l.all);
    free(l.took);
    close(poll);
    return 0;
}
