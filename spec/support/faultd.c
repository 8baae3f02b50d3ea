/* A server that misbehaves on demand, for the specs: bytes are sent as a case says, broken as they may be.
 *
 *   faultd PKI_DIRECTORY SECONDS
 *
 * It listens on free ports of 127.0.0.1, prints "NAME PORT" for each and then "ready", and ends when the control connection closes, or
 * after SECONDS. One thread serves one connection. The first segment of a request's path names its case: /ID/anything.
 *
 * The control port takes lines and answers with lines:
 *   case ID          begins a case (or replaces it). Then, per line:
 *     answer         begins what the next request of this case gets; the last answer serves all further requests
 *     when HEX       it is for requests whose head holds these bytes, and for no others
 *     headonly       answers before the request's body is read
 *     send HEX       sends bytes
 *     slow MS HEX    sends them one by one, MS milliseconds apart
 *     repeat N HEX   sends them N times
 *     loop HEX       sends them until the client is gone
 *     pause MS       waits
 *     half           ends the sending side
 *     close          closes properly; over TLS with its farewell
 *     cut            closes without a farewell
 *     rst            resets the connection
 *     hang           sends nothing more, keeps the connection until the client is gone
 *     rekey          changes the keys of TLS 1.3, which is a message that is not for whoever reads
 *     end            ends the case -> "ok"
 *   again ID         its answers begin anew, and nothing is counted yet -> "ok"
 *   count ID         -> number of requests
 *   requests ID      -> "N", then N lines of hex: each request as it arrived, up to 64 of 64 KiB
 *   listener NAME    -> "CONNECTIONS BYTES": connections accepted, bytes of requests received
 *   alpn             -> the protocols that the last TLS client offered, as hex; "none"
 *   total            -> number of requests of all cases */
#define _GNU_SOURCE /* NOLINT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CASES = 512,
    MAX_ANSWERS = 8,
    MAX_STEPS = 24,
    MAX_RECORDS = 64,
    MAX_REQUEST = 64 << 10,
    MAX_ID = 48,
    PATIENCE_S = 60 /* of any read or write */
};

enum op { OP_SEND, OP_SLOW, OP_REPEAT, OP_LOOP, OP_PAUSE, OP_HALF, OP_CLOSE, OP_CUT, OP_RST, OP_HANG, OP_REKEY };

struct step {
    enum op op;
    long number;
    unsigned char *bytes;
    size_t size;
};

struct answer {
    unsigned char *when;
    size_t when_size;
    int head_only;
    int steps;
    struct step step[MAX_STEPS];
};

struct record {
    unsigned char *bytes;
    size_t size;
};

struct fault_case {
    char id[MAX_ID];
    int answers;
    struct answer answer[MAX_ANSWERS];
    long count;
    int records;
    struct record record[MAX_RECORDS];
};

enum mode { MODE_PLAIN, MODE_TLS, MODE_STALL, MODE_CUT, MODE_LEAVE, MODE_BANNER, MODE_REFUSED };

struct listener {
    const char *name;
    enum mode mode;
    const char *certificate; /* NAME.pem and NAME.key of the PKI */
    SSL_CTX *context;
    int min_version, max_version;
    int wants_client;
    int fd;
    long connections, bytes;
};

struct connection {
    struct listener *listener;
    int fd;
    SSL *ssl;
    unsigned char buffer[MAX_REQUEST];
    size_t size;
};

static struct listener listeners[] = {
    {.name = "http", .mode = MODE_PLAIN},
    {.name = "http2", .mode = MODE_PLAIN},
    {.name = "stall", .mode = MODE_STALL},
    {.name = "cut", .mode = MODE_CUT},
    {.name = "leave", .mode = MODE_LEAVE},
    {.name = "banner", .mode = MODE_BANNER},
    {.name = "refused", .mode = MODE_REFUSED},
    {.name = "tls", .mode = MODE_TLS, .certificate = "good"},
    {.name = "expired", .mode = MODE_TLS, .certificate = "expired"},
    {.name = "future", .mode = MODE_TLS, .certificate = "future"},
    {.name = "wronghost", .mode = MODE_TLS, .certificate = "wronghost"},
    {.name = "prefix", .mode = MODE_TLS, .certificate = "prefix"},
    {.name = "selfsigned", .mode = MODE_TLS, .certificate = "selfsigned"},
    {.name = "untrusted", .mode = MODE_TLS, .certificate = "untrusted"},
    {.name = "revoked", .mode = MODE_TLS, .certificate = "revoked"},
    {.name = "weak", .mode = MODE_TLS, .certificate = "weak"},
    {.name = "tls10", .mode = MODE_TLS, .certificate = "good", .min_version = TLS1_VERSION, .max_version = TLS1_VERSION},
    {.name = "tls11", .mode = MODE_TLS, .certificate = "good", .min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION},
    {.name = "tls12", .mode = MODE_TLS, .certificate = "good", .min_version = TLS1_2_VERSION, .max_version = TLS1_2_VERSION},
    {.name = "tls13", .mode = MODE_TLS, .certificate = "good", .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION},
    {.name = "clientcert", .mode = MODE_TLS, .certificate = "good", .wants_client = 1},
};
enum { LISTENERS = sizeof listeners / sizeof listeners[0] };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault_case *cases[MAX_CASES];
static int case_count;
static long total;
static unsigned char offered[256]; /* by the last TLS client: its ALPN list */
static unsigned offered_size;
static const char *pki;

_Noreturn static void die(const char *what)
{
    perror(what);
    _exit(1);
}

static void wait_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time) != 0) {
    }
}

/* Bytes of a connection ---------------------------------------------------------------------------------------------------------------- */

static long take(struct connection *c, void *to, size_t room)
{
    return c->ssl != NULL ? SSL_read(c->ssl, to, (int)room) : recv(c->fd, to, room, 0);
}

static int give(struct connection *c, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        long sent = c->ssl != NULL ? SSL_write(c->ssl, bytes, (int)size) : send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return 0;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return 1;
}

/* One call of give for many repetitions: a body of 1 GB must not take a minute. */
static int give_repeated(struct connection *c, const struct step *step)
{
    size_t per_block = step->size >= 65536 ? 1 : 65536 / step->size;
    unsigned char *block = malloc(per_block * step->size);
    int fine = 1;
    if (block == NULL) {
        die("malloc");
    }
    for (size_t i = 0; i < per_block; i++) {
        memcpy(block + i * step->size, step->bytes, step->size);
    }
    for (long left = step->op == OP_LOOP ? 1L << 40 : step->number; fine && left > 0;) {
        size_t now = left < (long)per_block ? (size_t)left : per_block;
        fine = give(c, block, now * step->size);
        left -= (long)now;
    }
    free(block);
    return fine;
}

static void wait_for_end(struct connection *c)
{
    char rest[4096] = {0};
    while (recv(c->fd, rest, sizeof rest, 0) > 0) {
    }
}

static void reset(struct connection *c)
{
    struct linger none = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* 1 when the connection goes on. */
static int perform(struct connection *c, const struct step *step)
{
    switch (step->op) {
    case OP_SEND:
        return give(c, step->bytes, step->size);
    case OP_SLOW:
        for (size_t i = 0; i < step->size; i++) {
            if (!give(c, step->bytes + i, 1)) {
                return 0;
            }
            wait_ms(step->number);
        }
        return 1;
    case OP_REPEAT:
    case OP_LOOP:
        return give_repeated(c, step);
    case OP_PAUSE:
        wait_ms(step->number);
        return 1;
    case OP_HALF:
        if (c->ssl != NULL) {
            SSL_shutdown(c->ssl);
        }
        shutdown(c->fd, SHUT_WR);
        return 1;
    case OP_CLOSE:
        if (c->ssl != NULL) {
            SSL_shutdown(c->ssl);
        }
        return 0;
    case OP_RST:
        reset(c);
        return 0;
    case OP_HANG:
        wait_for_end(c);
        return 0;
    case OP_REKEY:
        return c->ssl != NULL && SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(c->ssl) == 1;
    case OP_CUT:
    default:
        return 0;
    }
}

/* Requests ----------------------------------------------------------------------------------------------------------------------------- */

/* Reads until a head is whole. Its size, or 0 when the client is gone. */
static size_t read_head(struct connection *c)
{
    for (;;) {
        unsigned char *end = memmem(c->buffer, c->size, "\r\n\r\n", 4);
        if (end != NULL) {
            return (size_t)(end - c->buffer) + 4;
        }
        if (c->size == sizeof c->buffer) {
            return 0;
        }
        long got = take(c, c->buffer + c->size, sizeof c->buffer - c->size);
        if (got <= 0) {
            return 0;
        }
        c->size += (size_t)got;
        __atomic_add_fetch(&c->listener->bytes, got, __ATOMIC_RELAXED);
    }
}

static size_t content_length(const unsigned char *head, size_t size)
{
    static const char name[] = "\r\ncontent-length:";
    for (size_t i = 0; i + sizeof name < size; i++) {
        if (strncasecmp((const char *)head + i, name, sizeof name - 1) == 0) {
            return strtoul((const char *)head + i + sizeof name - 1, NULL, 10);
        }
    }
    return 0;
}

/* Reads the body; what is over the buffer is read and dropped. 0 when the client is gone. */
static int read_body(struct connection *c, size_t wanted)
{
    unsigned char rest[16384];
    for (size_t have = c->size; have < wanted;) {
        size_t room = sizeof c->buffer - c->size;
        unsigned char *to = room > 0 ? c->buffer + c->size : rest;
        long got = take(c, to, room > 0 ? room : sizeof rest);
        if (got <= 0) {
            return 0;
        }
        c->size += room > 0 ? (size_t)got : 0;
        have += (size_t)got;
        __atomic_add_fetch(&c->listener->bytes, got, __ATOMIC_RELAXED);
    }
    return 1;
}

/* "/ID/…", "http://host/ID/…", or else the method stands for the case (CONNECT). */
static void find_id(const unsigned char *head, size_t size, char id[MAX_ID])
{
    const char *text = (const char *)head;
    const char *line_end = memchr(text, '\r', size);
    const char *path = memchr(text, ' ', (size_t)(line_end - text));
    size_t length = 0;
    id[0] = 0;
    if (path == NULL) {
        return;
    }
    if (strncmp(path, " http://", 8) == 0) {
        path = memchr(path + 8, '/', (size_t)(line_end - path - 8));
    } else if (path[1] == '/') {
        path++;
    } else {
        line_end = path;
        path = text - 1;
    }
    if (path == NULL) {
        return;
    }
    for (path++; path < line_end && *path != '/' && *path != ' ' && *path != '?' && length < MAX_ID - 1; path++) {
        id[length++] = *path;
    }
    id[length] = 0;
}

static struct fault_case *find_case(const char *id)
{
    for (int i = 0; i < case_count; i++) {
        if (strcmp(cases[i]->id, id) == 0) {
            return cases[i];
        }
    }
    return NULL;
}

/* Counts the request and returns what it gets. Cases live as long as the process, so that a slow thread may go on reading its own. */
static const struct answer *note_request(const char *id, const struct connection *c, size_t head, struct record **record)
{
    const struct answer *answer = NULL;
    *record = NULL;
    pthread_mutex_lock(&lock);
    total++;
    struct fault_case *found = find_case(id);
    if (found != NULL && found->answers > 0) {
        long turn = found->count++;
        int last = found->answers - 1;
        for (int i = 0; i <= last; i++) {
            const struct answer *each = &found->answer[i];
            if (each->when != NULL ? memmem(c->buffer, head, each->when, each->when_size) != NULL : turn-- <= 0 || i == last) {
                answer = each;
                break;
            }
        }
        if (found->records < MAX_RECORDS) {
            *record = &found->record[found->records++];
        }
    }
    pthread_mutex_unlock(&lock);
    return answer;
}

static void keep(struct record *record, const unsigned char *bytes, size_t size)
{
    if (record != NULL) {
        pthread_mutex_lock(&lock);
        free(record->bytes);
        record->bytes = malloc(size + 1);
        record->size = record->bytes != NULL ? size : 0;
        if (record->bytes != NULL) {
            memcpy(record->bytes, bytes, size);
        }
        pthread_mutex_unlock(&lock);
    }
}

/* 1 when the connection may bring another request. */
static int serve_request(struct connection *c)
{
    static const char unknown[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    char id[MAX_ID];
    struct record *record;
    size_t head = read_head(c);
    if (head == 0) {
        return 0;
    }
    find_id(c->buffer, head, id);
    const struct answer *answer = note_request(id, c, head, &record);
    size_t whole = head + content_length(c->buffer, head);
    keep(record, c->buffer, head);
    if (answer == NULL || !answer->head_only) {
        if (!read_body(c, whole)) {
            return 0;
        }
        keep(record, c->buffer, whole < c->size ? whole : c->size);
    }
    size_t used = whole < c->size ? whole : c->size;
    memmove(c->buffer, c->buffer + used, c->size - used);
    c->size -= used;
    if (answer == NULL) {
        return give(c, (const unsigned char *)unknown, sizeof unknown - 1);
    }
    for (int i = 0; i < answer->steps; i++) {
        if (!perform(c, &answer->step[i])) {
            return 0;
        }
    }
    return 1;
}

static int note_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned size, void *ud)
{
    (void)ssl, (void)out, (void)out_size, (void)ud;
    pthread_mutex_lock(&lock);
    offered_size = size <= sizeof offered ? size : sizeof offered;
    memcpy(offered, in, offered_size);
    pthread_mutex_unlock(&lock);
    return SSL_TLSEXT_ERR_NOACK;
}

static int shake_hands(struct connection *c)
{
    pthread_mutex_lock(&lock);
    offered_size = 0;
    pthread_mutex_unlock(&lock);
    c->ssl = SSL_new(c->listener->context);
    if (c->ssl == NULL) {
        return 0;
    }
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) == 1) {
        return 1;
    }
    /* Closing over unread bytes would reset the connection, and the client would miss the alert that says why. */
    shutdown(c->fd, SHUT_WR);
    wait_for_end(c);
    return 0;
}

static void *serve_connection(void *ud)
{
    static const char banner[] = "SSH-2.0-OpenSSH_9.2p1\r\n";
    struct connection *c = ud;
    switch (c->listener->mode) {
    case MODE_PLAIN:
        while (serve_request(c)) {
        }
        break;
    case MODE_TLS:
        if (shake_hands(c)) {
            while (serve_request(c)) {
            }
        }
        break;
    case MODE_STALL:
        wait_for_end(c);
        break;
    case MODE_CUT:
        (void)!recv(c->fd, c->buffer, 16, 0);
        reset(c);
        break;
    case MODE_LEAVE:
        (void)!recv(c->fd, c->buffer, sizeof c->buffer, 0);
        break;
    case MODE_BANNER:
        give(c, (const unsigned char *)banner, sizeof banner - 1);
        (void)!recv(c->fd, c->buffer, sizeof c->buffer, 0);
        break;
    default:
        break;
    }
    SSL_free(c->ssl);
    ERR_clear_error();
    close(c->fd);
    free(c);
    return NULL;
}

static void start_thread(void *(*run)(void *), void *ud)
{
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, (size_t)256 << 10);
    if (pthread_create(&thread, &detached, run, ud) != 0) {
        die("pthread_create");
    }
    pthread_attr_destroy(&detached);
}

static void *accept_connections(void *ud)
{
    struct listener *l = ud;
    for (;;) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        struct connection *c = fd >= 0 ? calloc(1, sizeof *c) : NULL;
        if (c == NULL) {
            wait_ms(10);
            continue;
        }
        int on = 1;
        struct timeval patience = {PATIENCE_S, 0};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        c->listener = l;
        c->fd = fd;
        __atomic_add_fetch(&l->connections, 1, __ATOMIC_RELAXED);
        start_thread(serve_connection, c);
    }
    return NULL;
}

/* Listeners ---------------------------------------------------------------------------------------------------------------------------- */

static SSL_CTX *make_context(const struct listener *l)
{
    char path[4096];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        die("SSL_CTX_new");
    }
    /* Weak keys and old versions are what some listeners are there for. */
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, l->min_version);
    SSL_CTX_set_max_proto_version(context, l->max_version);
    SSL_CTX_set_alpn_select_cb(context, note_protocols, NULL);
    (void)snprintf(path, sizeof path, "%s/%s.pem", pki, l->certificate);
    int fine = SSL_CTX_use_certificate_chain_file(context, path);
    (void)snprintf(path, sizeof path, "%s/%s.key", pki, l->certificate);
    fine = fine == 1 && SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1;
    if (l->wants_client) {
        (void)snprintf(path, sizeof path, "%s/ca.pem", pki);
        fine = fine && SSL_CTX_load_verify_locations(context, path, NULL) == 1;
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_session_id_context(context, (const unsigned char *)"faultd", 6);
    }
    if (!fine) {
        ERR_print_errors_fp(stderr);
        _exit(1);
    }
    return context;
}

/* A free port of 127.0.0.1; a refused one is bound and never listens. */
static int listen_somewhere(int *port, int refused)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || (!refused && listen(fd, 64) != 0) ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        die("listen");
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* Control ------------------------------------------------------------------------------------------------------------------------------ */

static unsigned char *from_hex(const char *hex, size_t *size)
{
    size_t length = strspn(hex, "0123456789abcdef") / 2;
    unsigned char *bytes = malloc(length + 1);
    if (bytes == NULL) {
        die("malloc");
    }
    for (size_t i = 0; i < length; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    *size = length;
    return bytes;
}

static void add_step(struct fault_case *to, const char *line)
{
    static const struct {
        const char *word;
        enum op op;
        int number, bytes;
    } words[] = {
        {"send ", OP_SEND, 0, 1},   {"slow ", OP_SLOW, 1, 1}, {"repeat ", OP_REPEAT, 1, 1}, {"loop ", OP_LOOP, 0, 1},
        {"pause ", OP_PAUSE, 1, 0}, {"half", OP_HALF, 0, 0},  {"close", OP_CLOSE, 0, 0},    {"cut", OP_CUT, 0, 0},
        {"rst", OP_RST, 0, 0},      {"hang", OP_HANG, 0, 0},  {"rekey", OP_REKEY, 0, 0},
    };
    struct answer *answer = &to->answer[to->answers - 1];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(line, words[i].word, length) == 0 && answer->steps < MAX_STEPS) {
            struct step *step = &answer->step[answer->steps++];
            char *rest = (char *)line + length;
            step->op = words[i].op;
            if (words[i].number) {
                step->number = strtol(rest, &rest, 10);
                rest += *rest == ' ';
            }
            if (words[i].bytes) {
                step->bytes = from_hex(rest, &step->size);
            }
            return;
        }
    }
    (void)fprintf(stderr, "faultd: not understood: %.60s\n", line);
    _exit(1);
}

/* Also replaces: the old case keeps its memory, for threads that still read it. */
static void read_case(FILE *in, const char *id, char **line, size_t *room)
{
    struct fault_case *made = calloc(1, sizeof *made);
    if (made == NULL) {
        die("calloc");
    }
    (void)snprintf(made->id, sizeof made->id, "%s", id);
    while (getline(line, room, in) > 0) {
        (*line)[strcspn(*line, "\r\n")] = 0;
        if (strcmp(*line, "end") == 0) {
            break;
        }
        if (strcmp(*line, "answer") == 0 && made->answers < MAX_ANSWERS) {
            made->answers++;
        } else if (strncmp(*line, "when ", 5) == 0 && made->answers > 0) {
            struct answer *answer = &made->answer[made->answers - 1];
            answer->when = from_hex(*line + 5, &answer->when_size);
        } else if (strcmp(*line, "headonly") == 0 && made->answers > 0) {
            made->answer[made->answers - 1].head_only = 1;
        } else if (made->answers > 0) {
            add_step(made, *line);
        }
    }
    pthread_mutex_lock(&lock);
    int place = 0;
    while (place < case_count && strcmp(cases[place]->id, made->id) != 0) {
        place++;
    }
    if (place < MAX_CASES) {
        cases[place] = made;
        case_count += place == case_count;
    } else {
        (void)fprintf(stderr, "faultd: too many cases\n");
        _exit(1);
    }
    pthread_mutex_unlock(&lock);
}

static void print_hex(FILE *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(out, "%02x", bytes[i]);
    }
    (void)fputc('\n', out);
}

static void print_requests(FILE *out, const struct fault_case *from)
{
    (void)fprintf(out, "%d\n", from != NULL ? from->records : 0);
    for (int i = 0; from != NULL && i < from->records; i++) {
        print_hex(out, from->record[i].bytes, from->record[i].size);
    }
}

static void answer_control(FILE *in, FILE *out, char *command, char **line, size_t *room)
{
    char *argument = strchr(command, ' ');
    if (argument != NULL) {
        *argument++ = 0;
    } else {
        argument = command + strlen(command);
    }
    if (strcmp(command, "case") == 0) {
        read_case(in, argument, line, room);
        (void)fputs("ok\n", out);
        return;
    }
    pthread_mutex_lock(&lock);
    struct fault_case *found = find_case(argument);
    if (strcmp(command, "again") == 0 && found != NULL) {
        found->count = 0;
        found->records = 0; /* their memory is kept for the next ones */
        (void)fputs("ok\n", out);
    } else if (strcmp(command, "count") == 0) {
        (void)fprintf(out, "%ld\n", found != NULL ? found->count : 0L);
    } else if (strcmp(command, "requests") == 0) {
        print_requests(out, found);
    } else if (strcmp(command, "alpn") == 0 && offered_size > 0) {
        print_hex(out, offered, offered_size);
    } else if (strcmp(command, "alpn") == 0) {
        (void)fputs("none\n", out);
    } else if (strcmp(command, "total") == 0) {
        (void)fprintf(out, "%ld\n", total);
    } else if (strcmp(command, "listener") == 0) {
        long connections = 0;
        long bytes = 0;
        for (int i = 0; i < LISTENERS; i++) {
            if (strcmp(listeners[i].name, argument) == 0) {
                connections = __atomic_load_n(&listeners[i].connections, __ATOMIC_RELAXED);
                bytes = __atomic_load_n(&listeners[i].bytes, __ATOMIC_RELAXED);
            }
        }
        (void)fprintf(out, "%ld %ld\n", connections, bytes);
    } else {
        (void)fputs("unknown\n", out);
    }
    pthread_mutex_unlock(&lock);
}

static void serve_control(int fd)
{
    FILE *in = fdopen(fd, "r");
    FILE *out = fdopen(dup(fd), "w");
    char *command = NULL;
    char *line = NULL;
    size_t command_room = 0;
    size_t room = 0;
    if (in == NULL || out == NULL) {
        die("fdopen");
    }
    while (getline(&command, &command_room, in) > 0) {
        command[strcspn(command, "\r\n")] = 0;
        answer_control(in, out, command, &line, &room);
        (void)fflush(out);
    }
}

int main(int argc, char **argv)
{
    int port = 0;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: faultd PKI_DIRECTORY SECONDS\n");
        return 2;
    }
    pki = argv[1];
    (void)signal(SIGPIPE, SIG_IGN);
    (void)alarm((unsigned)strtoul(argv[2], NULL, 10));
    int control = listen_somewhere(&port, 0);
    (void)printf("control %d\n", port);
    for (int i = 0; i < LISTENERS; i++) {
        struct listener *l = &listeners[i];
        if (l->mode == MODE_TLS) {
            l->context = make_context(l);
        }
        l->fd = listen_somewhere(&port, l->mode == MODE_REFUSED);
        (void)printf("%s %d\n", l->name, port);
        if (l->mode != MODE_REFUSED) {
            start_thread(accept_connections, l);
        }
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    int fd = accept4(control, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        serve_control(fd);
    }
    _exit(0);
}
