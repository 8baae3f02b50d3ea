/* URLs: faults J01-J10 as far as they concern the text of a URL, and the encoding of its parts. */
#include "../../src/core/limits.h"
#include "../../src/core/url.h"
#include "check.h"

static enum vkyc_url_fault fault_of(const char *text)
{
    struct vkyc_url url;
    return vkyc_url_read(text, strlen(text), &url);
}

#define CHECK_FAULT(text, fault) CHECK(fault_of(text) == (fault))

static void check_url(const char *text, int https, const char *host, unsigned port, const char *path, int loopback, int ipv6)
{
    struct vkyc_url url;
    CHECK(vkyc_url_read(text, strlen(text), &url) == VKYC_URL_FINE);
    CHECK(url.https == https && url.port == port && url.loopback == loopback && url.ipv6 == ipv6);
    CHECK(url.host_size == strlen(host) && memcmp(url.host, host, url.host_size) == 0);
    CHECK(url.path_size == strlen(path) && memcmp(url.path, path, url.path_size) == 0);
}

static void test_parts(void)
{
    check_url("https://api.example.com/verification", 1, "api.example.com", 443, "/verification", 0, 0);
    check_url("https://api.example.com", 1, "api.example.com", 443, "", 0, 0);
    check_url("https://api.example.com/", 1, "api.example.com", 443, "", 0, 0);
    check_url("https://api.example.com:8443/a/b/", 1, "api.example.com", 8443, "/a/b", 0, 0);
    check_url("HTTPS://API.Example.com/A%20b;v=1@x", 1, "API.Example.com", 443, "/A%20b;v=1@x", 0, 0);
    check_url("http://localhost:1", 0, "localhost", 1, "", 1, 0);
    check_url("http://LocalHost", 0, "LocalHost", 80, "", 1, 0);
    check_url("http://127.0.0.1:65535/x", 0, "127.0.0.1", 65535, "/x", 1, 0);
    check_url("http://127.255.255.254", 0, "127.255.255.254", 80, "", 1, 0);
    check_url("http://128.0.0.1", 0, "128.0.0.1", 80, "", 0, 0);
    check_url("http://[::1]:8080/x", 0, "::1", 8080, "/x", 1, 1);
    check_url("https://[2001:db8::1]", 1, "2001:db8::1", 443, "", 0, 1);
    check_url("https://[2001:DB8:1:2:3:4:5:6]", 1, "2001:DB8:1:2:3:4:5:6", 443, "", 0, 1);
    check_url("https://[fe80::]", 1, "fe80::", 443, "", 0, 1);
    /* Names that only look like this machine. */
    check_url("https://localhost.evil.example", 1, "localhost.evil.example", 443, "", 0, 0);
    check_url("https://127.0.0.1.evil.example", 1, "127.0.0.1.evil.example", 443, "", 0, 0);
    check_url("https://a.localhost", 1, "a.localhost", 443, "", 0, 0);
    check_url("https://localhos", 1, "localhos", 443, "", 0, 0);
    check_url("https://xn--bcher-kva.example/...", 1, "xn--bcher-kva.example", 443, "/...", 0, 0);
    check_url("https://1.example.0x1g", 1, "1.example.0x1g", 443, "", 0, 0);
    check_url("https://h/..a/.b/c..", 1, "h", 443, "/..a/.b/c..", 0, 0);
}

static void test_faults(void)
{
    CHECK_FAULT("", VKYC_URL_SCHEME);
    CHECK_FAULT("example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("//example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("https:/example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("https:example.com", VKYC_URL_SCHEME);
    CHECK_FAULT(" https://example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("httpss://example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("htt", VKYC_URL_SCHEME);
    CHECK_FAULT("file:///etc/passwd", VKYC_URL_SCHEME); /* J09 */
    CHECK_FAULT("gopher://example.com", VKYC_URL_SCHEME);
    CHECK_FAULT("javascript://x", VKYC_URL_SCHEME);
    CHECK_FAULT("https", VKYC_URL_SCHEME);

    CHECK_FAULT("http://good@evil", VKYC_URL_USERINFO); /* J05 */
    CHECK_FAULT("https://user:word@good.example/x", VKYC_URL_USERINFO);
    CHECK_FAULT("https://@good.example", VKYC_URL_USERINFO);
    CHECK_FAULT("https://good\\@evil", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example\\evil", VKYC_URL_CHARACTER);
    CHECK_FAULT("http://evil#@good", VKYC_URL_FRAGMENT); /* J06 */
    CHECK_FAULT("https://good.example/x#y", VKYC_URL_FRAGMENT);
    CHECK_FAULT("https://good.example?x=1", VKYC_URL_QUERY);
    CHECK_FAULT("https://evil?@good.example", VKYC_URL_QUERY);
    CHECK_FAULT("https://good.example/x?y", VKYC_URL_QUERY);

    CHECK_FAULT("https://good.example/a b", VKYC_URL_CHARACTER); /* J02 */
    CHECK_FAULT("https://good.example/a\r\nHost: evil", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example\n", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example\t", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://g\xc3\xb6od.example", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/\x7f", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%2", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%2g", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%00", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%0d%0a", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/%7F", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/a|b", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/{id}", VKYC_URL_CHARACTER);
    CHECK_FAULT("https://good.example/[x]", VKYC_URL_CHARACTER);
    struct vkyc_url url;
    CHECK(vkyc_url_read("https://good.example\0.evil", 26, &url) == VKYC_URL_CHARACTER);

    CHECK_FAULT("http:///ok", VKYC_URL_HOST); /* J10 */
    CHECK_FAULT("https://", VKYC_URL_HOST);
    CHECK_FAULT("https://:443", VKYC_URL_HOST);
    CHECK_FAULT("https://.", VKYC_URL_HOST);
    CHECK_FAULT("https://a..b", VKYC_URL_HOST);
    CHECK_FAULT("https://good.example.", VKYC_URL_HOST);
    CHECK_FAULT("https://.good.example", VKYC_URL_HOST);
    CHECK_FAULT("https://-good.example", VKYC_URL_HOST);
    CHECK_FAULT("https://good-.example", VKYC_URL_HOST);
    CHECK_FAULT("https://good_host.example", VKYC_URL_HOST);
    CHECK_FAULT("https://good%2eexample", VKYC_URL_HOST);
    CHECK_FAULT("http://2130706433", VKYC_URL_HOST); /* J08 */
    CHECK_FAULT("http://0x7f000001", VKYC_URL_HOST);
    CHECK_FAULT("http://0x7f.1", VKYC_URL_HOST);
    CHECK_FAULT("http://0177.0.0.1", VKYC_URL_HOST);
    CHECK_FAULT("http://127.0.0.01", VKYC_URL_HOST);
    CHECK_FAULT("http://127.1", VKYC_URL_HOST);
    CHECK_FAULT("http://127.0.0.0x1", VKYC_URL_HOST);
    CHECK_FAULT("http://127.0.0.0X", VKYC_URL_HOST);
    CHECK_FAULT("http://127.0.0.256", VKYC_URL_HOST);
    CHECK_FAULT("http://1.2.3.4.5", VKYC_URL_HOST);
    CHECK_FAULT("http://example.1", VKYC_URL_HOST);
    CHECK_FAULT("http://0", VKYC_URL_HOST);
    CHECK_FAULT("http://0.0.0.0", VKYC_URL_HOST);
    CHECK_FAULT("http://[::ffff:127.0.0.1]", VKYC_URL_HOST);
    CHECK_FAULT("http://[::ffff:7f00:1]", VKYC_URL_HOST);
    CHECK_FAULT("http://[::7f00:1]", VKYC_URL_HOST);
    CHECK_FAULT("http://[::]", VKYC_URL_HOST);
    CHECK_FAULT("http://[]", VKYC_URL_HOST);
    CHECK_FAULT("http://[::1", VKYC_URL_HOST);
    CHECK_FAULT("http://[::1]x", VKYC_URL_HOST);
    CHECK_FAULT("http://[1:2:3:4:5:6:7]", VKYC_URL_HOST);
    CHECK_FAULT("http://[1:2:3:4:5:6:7:8:9]", VKYC_URL_HOST);
    CHECK_FAULT("http://[1:2:3:4:5:6:7::8]", VKYC_URL_HOST);
    CHECK_FAULT("http://[1:2:3:4:5:6::8]", VKYC_URL_FINE);
    CHECK_FAULT("http://[1:2:3:4:5:6:7::]", VKYC_URL_FINE);
    CHECK_FAULT("http://[1:2:3:4:5:6:7:8::]", VKYC_URL_HOST);
    CHECK_FAULT("http://[1::2::3]", VKYC_URL_HOST);
    CHECK_FAULT("http://[:::]", VKYC_URL_HOST);
    CHECK_FAULT("http://[1:]", VKYC_URL_HOST);
    CHECK_FAULT("http://[:1]", VKYC_URL_HOST);
    CHECK_FAULT("http://[12345::]", VKYC_URL_HOST);
    CHECK_FAULT("http://[fe80::1%25eth0]", VKYC_URL_HOST);
    CHECK_FAULT("http://[::g]", VKYC_URL_HOST);
    CHECK_FAULT("http://::1", VKYC_URL_HOST);

    CHECK_FAULT("https://good.example:", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:0", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:0443", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:65536", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:99999", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:100000", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:44a", VKYC_URL_PORT);
    CHECK_FAULT("https://good.example:-1/x", VKYC_URL_PORT);
    CHECK_FAULT("https://[::1]:x", VKYC_URL_PORT);

    CHECK_FAULT("https://good.example/a/../b", VKYC_URL_PATH); /* J03 */
    CHECK_FAULT("https://good.example/..", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/.", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/./", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example//", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example//a", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/a//b", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/a//", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/%2e%2E/b", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/.%2e", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/a/%2e/b", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/a%2fb", VKYC_URL_PATH);
    CHECK_FAULT("https://good.example/a%5Cb", VKYC_URL_PATH);
}

static void test_lengths(void)
{
    static char text[VKYC_MAX_URL + 2];
    struct vkyc_url url;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://h/", 10);
    CHECK(vkyc_url_read(text, VKYC_MAX_URL, &url) == VKYC_URL_FINE);
    CHECK(vkyc_url_read(text, VKYC_MAX_URL + 1, &url) == VKYC_URL_LENGTH);
    /* 253 bytes of host in labels of 63. */
    for (size_t i = 8 + 63; i < 8 + 253; i += 64) {
        text[i] = '.';
    }
    text[9] = 'a';
    CHECK(vkyc_url_read(text, 8 + 253, &url) == VKYC_URL_FINE && url.host_size == 253);
    CHECK(vkyc_url_read(text, 8 + 254, &url) == VKYC_URL_HOST);
    text[8 + 63] = 'a';
    CHECK(vkyc_url_read(text, 8 + 253, &url) == VKYC_URL_HOST);
    for (int fault = VKYC_URL_FINE; fault <= VKYC_URL_LENGTH; fault++) {
        CHECK(strlen(vkyc_url_fault_text((enum vkyc_url_fault)fault)) > 10);
    }
}

typedef enum vkyc_status append_fn(struct vkyc_buffer *b, const char *text, size_t size);

static void check_append(append_fn *append, const char *text, size_t size, enum vkyc_status wanted, const char *out)
{
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 4096, vkyc_alloc_malloc, NULL);
    vkyc_buffer_append_text(&b, "<");
    CHECK(append(&b, text, size) == wanted);
    CHECK(b.status == VKYC_OK && b.size == strlen(out) + 1 && memcmp(b.data + 1, out, b.size - 1) == 0);
    vkyc_buffer_free(&b);
}

#define CHECK_APPEND(append, text, status, out) check_append((append), (text), sizeof(text) - 1, (status), (out))

static void test_append(void)
{
    append_fn *segment = vkyc_url_append_segment;
    append_fn *value = vkyc_url_append_value;
    append_fn *path = vkyc_url_append_path;
    CHECK_APPEND(segment, "aZ09-._~", VKYC_OK, "aZ09-._~");
    CHECK_APPEND(segment, "a/b?c#d&e%2f", VKYC_OK, "a%2Fb%3Fc%23d%26e%252f"); /* J04 */
    CHECK_APPEND(segment, "../x", VKYC_OK, "..%2Fx");
    CHECK_APPEND(segment, "\r\n \x7f\xff", VKYC_OK, "%0D%0A%20%7F%FF");
    CHECK_APPEND(segment, "...", VKYC_OK, "...");
    CHECK_APPEND(segment, "", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(segment, ".", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(segment, "..", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(segment, "a\0b", VKYC_ERR_NUL, ""); /* J11 */
    CHECK_APPEND(value, "", VKYC_OK, "");
    CHECK_APPEND(value, "..", VKYC_OK, "..");
    CHECK_APPEND(value, "a b+c&d=\xe2\x82\xb9", VKYC_OK, "a%20b%2Bc%26d%3D%E2%82%B9");
    CHECK_APPEND(value, "\0", VKYC_ERR_NUL, "");
    CHECK_APPEND(path, "/", VKYC_OK, "/");
    CHECK_APPEND(path, "/a/b:c@d;e=1,2/", VKYC_OK, "/a/b:c@d;e=1,2/");
    CHECK_APPEND(path, "/a b/\xc3\xbc\"", VKYC_OK, "/a%20b/%C3%BC%22");
    CHECK_APPEND(path, "", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "a", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "//a", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a//b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a//", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "//", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a/../b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/..", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/./", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/%2e%2e", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a%20b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a?b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a#b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a\\b", VKYC_ERR_SYNTAX, "");
    CHECK_APPEND(path, "/a\r\nX: y", VKYC_ERR_CONTROL, "");
    CHECK_APPEND(path, "/a\x7f", VKYC_ERR_CONTROL, "");
    CHECK_APPEND(path, "/a\0b", VKYC_ERR_NUL, "");

    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 8, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_url_append_segment(&b, "a  b", 4) == VKYC_OK && b.size == 8);
    CHECK(vkyc_url_append_segment(&b, "a", 1) == VKYC_ERR_LIMIT && b.status == VKYC_ERR_LIMIT);
    vkyc_buffer_reset(&b);
    CHECK(vkyc_url_append_segment(&b, "abcdefghi", 9) == VKYC_ERR_LIMIT && b.size == 0);
    vkyc_buffer_free(&b);
}

int main(void)
{
    test_parts();
    test_faults();
    test_lengths();
    test_append();
    return check_done("url");
}
