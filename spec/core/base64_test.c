/* Base64: the vectors of RFC 4648, and everything an encoder would not have written. */
#include <stdlib.h>

#include "../../src/core/base64.h"
#include "check.h"

static void check_pair(const char *plain, const char *encoded)
{
    char out[64];
    unsigned char back[64];
    size_t size = 99;
    vkyc_base64_encode(plain, strlen(plain), out);
    CHECK(VKYC_BASE64_SIZE(strlen(plain)) == strlen(encoded));
    CHECK(memcmp(out, encoded, strlen(encoded)) == 0);
    CHECK(vkyc_base64_decode(encoded, strlen(encoded), back, &size) == VKYC_OK);
    CHECK(size == strlen(plain) && memcmp(back, plain, size) == 0);
}

static void check_refused(const char *text, size_t size)
{
    unsigned char out[64];
    size_t out_size;
    /* A block of its own, so that sanitizers see a byte too far. */
    char *block = malloc(size);
    CHECK(block != NULL);
    if (block != NULL) {
        memcpy(block, text, size);
        CHECK(vkyc_base64_decode(block, size, out, &out_size) == VKYC_ERR_SYNTAX);
        free(block);
    }
}

int main(void)
{
    check_pair("", "");
    check_pair("f", "Zg==");
    check_pair("fo", "Zm8=");
    check_pair("foo", "Zm9v");
    check_pair("foob", "Zm9vYg==");
    check_pair("fooba", "Zm9vYmE=");
    check_pair("foobar", "Zm9vYmFy");
    check_pair("\xff\xfe\xfd", "//79");
    check_pair("\xfb\xef", "++8=");

    static const char *const refused[] = {
        "Z",        "Zg",   "Zg=",   "Zm9",  "Zm9vYg",   "====", "Z===", "=Zg=",    "Zg=A",  "Zg==Zg==", "Zm8=Zm9v", "Zm9v\n",
        "Zm9v\r\n", "Zm 9", " Zm9v", "Zm-_", "Zm9v====", "Zh==", "Zm9=", "Z\x80g=", "\"Zg=", "Zm9v=mFy", "Zm9vYm=y", "Zg=\xc3=",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        check_refused(refused[i], strlen(refused[i]));
    }
    check_refused("Zm\0v", 4);
    check_refused("\0\0\0\0", 4);

    /* Every byte at every place comes back. */
    for (unsigned value = 0; value < 256; value++) {
        for (size_t at = 0; at < 3; at++) {
            unsigned char plain[3] = {0, 0, 0};
            unsigned char back[3];
            char out[4];
            size_t size;
            plain[at] = (unsigned char)value;
            vkyc_base64_encode(plain, 3, out);
            CHECK(vkyc_base64_decode(out, 4, back, &size) == VKYC_OK && size == 3 && memcmp(back, plain, 3) == 0);
        }
    }
    return check_done("base64");
}
