/* Requests and responses as bytes: what may become a header line, and that nothing is left behind. */
#include "../../src/core/limits.h"
#include "../../src/core/message.h"
#include "check.h"

static enum vkyc_status add(struct vkyc_request *r, const char *name, const char *prefix, const char *value)
{
    return vkyc_request_header(r, name, strlen(name), prefix, strlen(prefix), value, strlen(value));
}

static void test_request(void)
{
    struct vkyc_request r;
    vkyc_request_init(&r, 16, vkyc_alloc_malloc, NULL);
    CHECK(add(&r, "Authorization", "Bearer ", "abc") == VKYC_OK);
    CHECK(add(&r, "x-client-id", "", "id") == VKYC_OK);
    CHECK_BYTES(r.headers.data, r.headers.size, "Authorization: Bearer abc\r\nx-client-id: id\r\n");
    size_t size = r.headers.size;
    /* J01 */
    CHECK(add(&r, "x-client-id", "", "id\r\nX-Injected: 1") == VKYC_ERR_CONTROL);
    CHECK(add(&r, "x-client-id", "a\nb", "id") == VKYC_ERR_CONTROL);
    CHECK(add(&r, "x-client-id\r\nX", "", "id") == VKYC_ERR_SYNTAX);
    CHECK(add(&r, "x client", "", "id") == VKYC_ERR_SYNTAX);
    CHECK(add(&r, "", "", "id") == VKYC_ERR_SYNTAX);
    CHECK(add(&r, "x-client-id", "", " id") == VKYC_ERR_SYNTAX);
    CHECK(add(&r, "x-client-id", "", "\xc3\xbc") == VKYC_ERR_SYNTAX);
    CHECK(vkyc_request_header(&r, "x", 1, "", 0, "a\0b", 3) == VKYC_ERR_NUL); /* J11 */
    CHECK(r.headers.size == size && r.headers.status == VKYC_OK);

    static char big[VKYC_MAX_HEADER_BYTES];
    memset(big, 'x', sizeof big);
    CHECK(vkyc_request_header(&r, "x", 1, "", 0, big, sizeof big) == VKYC_ERR_LIMIT);
    CHECK(r.headers.status == VKYC_ERR_LIMIT);
    vkyc_buffer_append(&r.body, big, 17);
    CHECK(r.body.status == VKYC_ERR_LIMIT);
    vkyc_request_free(&r);
    vkyc_request_free(&r);
    CHECK(r.headers.data == NULL && r.body.data == NULL && r.url.data == NULL);
}

static void test_response(void)
{
    struct vkyc_response r;
    vkyc_response_init(&r, 8, vkyc_alloc_malloc, NULL);
    for (int round = 0; round < 2; round++) {
        CHECK(vkyc_head_line(&r.head, "HTTP/1.1 200 OK\r\n", 17) == VKYC_HEAD_FINE);
        CHECK(vkyc_head_line(&r.head, "A: b\r\n", 6) == VKYC_HEAD_FINE);
        vkyc_buffer_append_text(&r.body, "12345678");
        CHECK(r.body.status == VKYC_OK && r.head.status == 200);
        vkyc_buffer_append_byte(&r.body, '9');
        CHECK(r.body.status == VKYC_ERR_LIMIT && r.body.size == 8);
        char *body = r.body.data;
        vkyc_response_reset(&r);
        CHECK(r.head.status == 0 && r.body.size == 0 && r.body.status == VKYC_OK);
        CHECK(r.body.data == body && body[0] == 0 && body[7] == 0);
    }
    vkyc_response_free(&r);
    vkyc_response_free(&r);
    struct vkyc_response zeroed;
    memset(&zeroed, 0, sizeof zeroed);
    vkyc_response_free(&zeroed);
}

int main(void)
{
    test_request();
    test_response();
    return check_done("message");
}
