/* Header fields and heads of responses: faults D03-D07, D12, D14-D20, E01-E04, B07, J01. */
#include <stdlib.h>

#include "../../src/core/header.h"
#include "../../src/core/limits.h"
#include "check.h"

static void *no_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)ptr;
    (void)old_size;
    (void)new_size;
    return NULL;
}

/* Feeds a whole head, cut behind each line feed. */
static enum vkyc_head_fault feed(struct vkyc_head *h, const char *text, size_t size)
{
    enum vkyc_head_fault fault = h->fault;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t line = end != NULL ? (size_t)(end - text) + 1 : size;
        fault = vkyc_head_line(h, text, line);
        text += line;
        size -= line;
    }
    return fault;
}

static enum vkyc_head_fault fault_of(const char *text, size_t size)
{
    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    enum vkyc_head_fault fault = feed(&h, text, size);
    CHECK(fault == h.fault);
    /* The first fault stays, and a head with a fault is never complete by later lines. */
    if (fault != VKYC_HEAD_FINE) {
        CHECK(vkyc_head_line(&h, "\r\n", 2) == fault);
    }
    vkyc_head_free(&h);
    return fault;
}

#define OK                       "HTTP/1.1 200 OK\r\n"
#define CHECK_FAULT(text, fault) CHECK(fault_of(text, sizeof(text) - 1) == (fault))

static void test_checks(void)
{
    CHECK(vkyc_header_name_check("x-client-id", 11) == VKYC_OK);
    CHECK(vkyc_header_name_check("!#$%&'*+-.^_`|~0aZ", 18) == VKYC_OK);
    CHECK(vkyc_header_name_check("", 0) == VKYC_ERR_SYNTAX);
    for (int c = 0; c < 256; c++) {
        char name[] = {'a', (char)c};
        int token =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        CHECK((vkyc_header_name_check(name, 2) == VKYC_OK) == token);
        char value[] = {'a', (char)c, 'b'};
        enum vkyc_status wanted = c == 0                              ? VKYC_ERR_NUL
                                  : (c < 32 && c != '\t') || c == 127 ? VKYC_ERR_CONTROL
                                  : c > 127                           ? VKYC_ERR_SYNTAX
                                                                      : VKYC_OK;
        CHECK(vkyc_header_value_check(value, 3) == wanted);
    }
    CHECK(vkyc_header_value_check("", 0) == VKYC_OK);
    CHECK(vkyc_header_value_check(" a", 2) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_header_value_check("a ", 2) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_header_value_check("a\t", 2) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_header_value_check(" ", 1) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_header_value_check("token\r\nX-Injected: 1", 20) == VKYC_ERR_CONTROL); /* J01 */
    for (int fault = VKYC_HEAD_FINE; fault <= VKYC_HEAD_MEMORY; fault++) {
        CHECK(strlen(vkyc_head_fault_text((enum vkyc_head_fault)fault)) > 10);
    }
}

static void test_head(void)
{
    static const char text[] =
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Empty:\r\nContent-LENGTH:  12 \t\r\nX-Obs: \xc3\xbc\r\n"
        "x-twice: 1\r\nX-Twice: 2\r\n\r\n";
    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    for (int round = 0; round < 2; round++) {
        size_t size = 0;
        CHECK(feed(&h, text, sizeof text - 3) == VKYC_HEAD_FINE && !h.complete);
        CHECK(vkyc_head_line(&h, "\r\n", 2) == VKYC_HEAD_FINE && h.complete);
        CHECK(h.status == 201 && h.has_length && h.length == 12 && !h.chunked && !h.close);
        CHECK_BYTES(h.lines.data, h.lines.size,
                    "content-type: application/json\nx-empty: \ncontent-length: 12\nx-obs: \xc3\xbc\nx-twice: 1\nx-twice: 2\n");
        const char *value = vkyc_head_find(&h, "content-type", 12, &size);
        CHECK(value != NULL);
        CHECK_BYTES(value, size, "application/json");
        value = vkyc_head_find(&h, "x-empty", 7, &size);
        CHECK(value != NULL && size == 0);
        value = vkyc_head_find(&h, "x-twice", 7, &size);
        CHECK(value != NULL && size == 1 && *value == '1');
        CHECK(vkyc_head_find(&h, "x-twic", 6, &size) == NULL);
        CHECK(vkyc_head_find(&h, "created", 7, &size) == NULL);
        size_t cursor = 0;
        size_t fields = 0;
        const char *name;
        size_t name_size;
        while (vkyc_head_each(&h, &cursor, &name, &name_size, &value, &size)) {
            fields++;
        }
        CHECK(fields == 6);
        /* Trailers change nothing. */
        CHECK(vkyc_head_line(&h, "Content-Length: 99\r\n", 20) == VKYC_HEAD_FINE && h.length == 12);
        CHECK(vkyc_head_line(&h, "\r\n", 2) == VKYC_HEAD_FINE);
        vkyc_head_reset(&h);
        CHECK(h.status == 0 && !h.complete && h.lines.size == 0);
    }
    vkyc_head_free(&h);
    vkyc_head_free(&h);
    struct vkyc_head zeroed;
    memset(&zeroed, 0, sizeof zeroed);
    vkyc_head_free(&zeroed);

    vkyc_head_init(&h, no_alloc, NULL);
    CHECK(feed(&h, OK "A: b\r\n", sizeof OK + 5) == VKYC_HEAD_MEMORY);
    vkyc_head_free(&h);
}

static void test_status_lines(void)
{
    CHECK_FAULT("HTTP/1.1 200 OK\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT("HTTP/1.1 200 OK\n", VKYC_HEAD_FINE);
    CHECK_FAULT("HTTP/1.1 200 OK", VKYC_HEAD_FINE);
    CHECK_FAULT("HTTP/1.1 200 ", VKYC_HEAD_FINE);
    CHECK_FAULT("HTTP/1.1 200", VKYC_HEAD_FINE);
    CHECK_FAULT("HTTP/1.0 599 \xc3\xbc x\r\n", VKYC_HEAD_FINE);
    static const char *const bad[] = {
        "\r\n",
        "garbage\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>\r\n",
        "{\"status\":\"VALID\"}",
        "HTTP/1.1 999 Odd\r\n",
        "HTTP/1.1 600 Odd\r\n",
        "HTTP/1.1 000 Odd\r\n",
        "HTTP/1.1 099 Odd\r\n",
        "HTTP/1.1 abc Odd\r\n",
        "HTTP/9.9 200 OK\r\n",
        "HTTP/2 200\r\n",
        "HTTP/1.2 200 OK\r\n",
        "HTTP/1.10 200 OK\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 -20 OK\r\n",
        "HTTP/1.1\t200 OK\r\n",
        "HTTP/1.1 200\tOK\r\n",
        "HTTP/1.1 200OK\r\n",
        " HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 O\rK\r\n",
        "HTTP/1.1 101 Switching\r\n",
        "HTTP/1.1 200 \x01\r\n",
        "HTTP/1.1",
        "ICY 200 OK\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(fault_of(bad[i], strlen(bad[i])) == VKYC_HEAD_STATUS_LINE); /* D14, D15, D16 */
    }
    CHECK_FAULT("HTTP/1.1 200 O\0K\r\n", VKYC_HEAD_STATUS_LINE);
}

static void test_fields(void)
{
    CHECK_FAULT(OK "A: b\tc\r\n\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "A:b:c\n\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "no colon\r\n", VKYC_HEAD_FIELD); /* D20 */
    CHECK_FAULT(OK ": b\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A : b\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK " A: b\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\r\n folded\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\r\n\tfolded: x\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A\xc3\xbc: b\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\0c\r\n", VKYC_HEAD_FIELD); /* D19 */
    CHECK_FAULT(OK "A\0: b\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\rX: c\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\r\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: b\x7f\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "A: \x1b[31m\r\n", VKYC_HEAD_FIELD);
    CHECK_FAULT("HTTP/1.1 100 Continue\r\nbad\r\n", VKYC_HEAD_FIELD);
}

static void test_framing(void)
{
    CHECK_FAULT(OK "Content-Length: 0\r\n\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Content-Length: 5\r\nContent-Length: 5\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Content-Length: -1\r\n", VKYC_HEAD_LENGTH);    /* D03 */
    CHECK_FAULT(OK "Content-Length: 12abc\r\n", VKYC_HEAD_LENGTH); /* D04 */
    CHECK_FAULT(OK "Content-Length: +5\r\n", VKYC_HEAD_LENGTH);
    CHECK_FAULT(OK "Content-Length: 0x10\r\n", VKYC_HEAD_LENGTH);
    CHECK_FAULT(OK "Content-Length:\r\n", VKYC_HEAD_LENGTH);
    CHECK_FAULT(OK "Content-Length: 5, 5\r\n", VKYC_HEAD_LENGTH);
    CHECK_FAULT(OK "Content-Length: 1 2\r\n", VKYC_HEAD_LENGTH);
    CHECK_FAULT(OK "Content-Length: 5\r\ncontent-length: 6\r\n", VKYC_HEAD_LENGTH); /* D05 */
    CHECK_FAULT(OK "Transfer-Encoding: chunked\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Transfer-Encoding: Chunked\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", VKYC_HEAD_LENGTH_AND_CHUNKED); /* D07 */
    CHECK_FAULT(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", VKYC_HEAD_LENGTH_AND_CHUNKED);
    CHECK_FAULT(OK "Transfer-Encoding: gzip\r\n", VKYC_HEAD_TRANSFER_ENCODING); /* D12 */
    CHECK_FAULT(OK "Transfer-Encoding: gzip, chunked\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT(OK "Transfer-Encoding: chunked, chunked\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT(OK "Transfer-Encoding: \x0b"
                   "chunked\r\n",
                VKYC_HEAD_FIELD);
    CHECK_FAULT(OK "Transfer-Encoding:\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT(OK "Transfer-Encoding: identity\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", VKYC_HEAD_TRANSFER_ENCODING);
    CHECK_FAULT(OK "Content-Encoding: identity\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Content-Encoding:\r\n", VKYC_HEAD_FINE);
    CHECK_FAULT(OK "Content-Encoding: gzip\r\n", VKYC_HEAD_CONTENT_ENCODING); /* E01-E03 */
    CHECK_FAULT(OK "Content-Encoding: identity, gzip\r\n", VKYC_HEAD_CONTENT_ENCODING);
    CHECK_FAULT(OK "Content-Encoding: banana\r\n", VKYC_HEAD_CONTENT_ENCODING); /* E04 */

    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
#define LENGTH(text) (vkyc_head_reset(&h), feed(&h, OK "Content-Length: " text "\r\n", sizeof OK + 17 + sizeof(text) - 1), h.length)
    CHECK(LENGTH("1000000000000") == UINT64_C(1000000000000)); /* D06: the transport refuses it */
    CHECK(LENGTH("18446744073709551614") == UINT64_MAX - 1);
    CHECK(LENGTH("18446744073709551615") == UINT64_MAX);
    CHECK(LENGTH("18446744073709551616") == UINT64_MAX && h.fault == VKYC_HEAD_FINE);
    CHECK(LENGTH("99999999999999999999999999999999") == UINT64_MAX);
    CHECK(LENGTH("0000000000000000000000000000000007") == 7);
    vkyc_head_free(&h);
}

static void test_interim(void)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\nContent-Length: x\r\nTransfer-Encoding: gzip\r\n\r\n";
    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    for (int i = 0; i < 16; i++) {
        CHECK(feed(&h, interim, sizeof interim - 1) == VKYC_HEAD_FINE && h.status == 0 && !h.complete);
    }
    CHECK(feed(&h, OK "A: b\r\n\r\n", sizeof OK + 7) == VKYC_HEAD_FINE && h.status == 200 && h.complete);
    CHECK_BYTES(h.lines.data, h.lines.size, "a: b\n");
    vkyc_head_reset(&h);
    enum vkyc_head_fault fault = VKYC_HEAD_FINE;
    int fed = 0;
    while (fault == VKYC_HEAD_FINE && fed < 1000) {
        fault = feed(&h, interim, sizeof interim - 1); /* B07 */
        fed++;
    }
    CHECK(fault == VKYC_HEAD_TOO_LARGE && fed == 17);
    vkyc_head_free(&h);
}

static void test_limits(void)
{
    struct vkyc_head h;
    char line[64];
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    CHECK(feed(&h, OK, sizeof OK - 1) == VKYC_HEAD_FINE);
    for (int i = 0; i < VKYC_MAX_HEADERS; i++) {
        (void)snprintf(line, sizeof line, "A%d:b", i);
        CHECK(vkyc_head_line(&h, line, strlen(line)) == VKYC_HEAD_FINE);
    }
    CHECK(vkyc_head_line(&h, "A: b", 4) == VKYC_HEAD_TOO_LARGE); /* D18 */
    vkyc_head_reset(&h);

    static char big[400000]; /* D17 */
    memset(big, 'x', sizeof big);
    big[1] = ':';
    CHECK(feed(&h, OK, sizeof OK - 1) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&h, big, sizeof big) == VKYC_HEAD_TOO_LARGE);
    vkyc_head_reset(&h);
    /* All of the limit in one line, and not a byte more. */
    CHECK(feed(&h, OK, sizeof OK - 1) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&h, big, VKYC_MAX_HEADER_BYTES - (sizeof OK - 1)) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&h, "", 0) == VKYC_HEAD_FINE && h.complete);
    CHECK(vkyc_head_line(&h, "T: 1\r\n", 6) == VKYC_HEAD_TOO_LARGE);
    vkyc_head_reset(&h);
    /* Interim responses count. */
    CHECK(feed(&h, "HTTP/1.1 103 Early Hints\r\n", 26) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&h, big, VKYC_MAX_HEADER_BYTES - 100) == VKYC_HEAD_FINE && h.lines.size == 0);
    CHECK(feed(&h, "\r\n" OK, sizeof OK + 1) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&h, big, 100) == VKYC_HEAD_TOO_LARGE);
    vkyc_head_reset(&h);
    /* Trailers count. */
    CHECK(feed(&h, OK "\r\n", sizeof OK + 1) == VKYC_HEAD_FINE);
    int trailers = 0;
    while (vkyc_head_line(&h, "T: 1\r\n", 6) == VKYC_HEAD_FINE && trailers < 1000) {
        trailers++;
    }
    CHECK(trailers == VKYC_MAX_HEADERS && h.fault == VKYC_HEAD_TOO_LARGE);
    vkyc_head_free(&h);
}

static int closes(const char *text)
{
    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    CHECK(feed(&h, text, strlen(text)) == VKYC_HEAD_FINE && h.complete);
    int closing = h.close;
    vkyc_head_free(&h);
    return closing;
}

static void test_connection(void)
{
    CHECK(!closes(OK "\r\n"));
    CHECK(closes(OK "Connection: close\r\n\r\n"));
    CHECK(closes(OK "connection: Keep-Alive ,\tClose\r\n\r\n"));
    CHECK(closes(OK "Connection: x\r\nConnection: close\r\n\r\n"));
    CHECK(!closes(OK "Connection: keep-alive\r\n\r\n"));
    CHECK(!closes(OK "Connection: closed, , xclose\r\nX-Connection: close\r\n\r\n"));
    CHECK(closes("HTTP/1.0 200 OK\r\n\r\n"));
    CHECK(!closes("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"));
    CHECK(closes("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n\r\n"));
}

int main(void)
{
    test_checks();
    test_head();
    test_status_lines();
    test_fields();
    test_framing();
    test_interim();
    test_limits();
    test_connection();
    return check_done("header");
}
