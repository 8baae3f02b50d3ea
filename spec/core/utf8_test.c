/* UTF-8: table 3-7 of the Unicode standard, every lead byte, and every place of a bad byte within a word. */
#include <stdlib.h>

#include "../../src/core/utf8.h"
#include "check.h"

/* Checks a copy that ends where its block ends, so that reading one byte too far is seen. */
static size_t check(const char *text, size_t size)
{
    char *block = malloc(size + 1);
    char *copy = block + 1;
    memcpy(copy, text, size);
    size_t good = vkyc_utf8_check(copy, size);
    free(block);
    return good;
}

static size_t encode(unsigned c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

static void every_code_point(void)
{
    int wrong = 0;
    for (unsigned c = 0; c < 0x120000; c++) {
        char text[4];
        size_t size = encode(c, text);
        int valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
        wrong += (vkyc_utf8_check(text, size) == size) != valid;
        if (valid) {
            wrong += vkyc_utf8_length(text, size) != 1;
        }
    }
    CHECK(wrong == 0);
}

static void bad_sequences(void)
{
    static const char *const BAD[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x20",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xe1\x80\x20",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf1\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xf1\x80\x80\x20",
        "\xe1\x20\x80",
        "\xf1\x20\x80\x80",
        "\xed\xa0\xbd\xed\xb8\x80",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        size_t size = strlen(BAD[i]);
        for (size_t before = 0; before < 20; before++) {
            char text[64];
            memset(text, 'a', sizeof text);
            memcpy(text + before, BAD[i], size);
            CHECK(check(text, before + size) == before);
            CHECK(check(text, before + size + 11) == before);
        }
    }
}

static void good_texts(void)
{
    static const char HINDI[] = "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa5\x87 abc \xf0\x9f\x98\x80 \xc3\xa9";
    size_t size = sizeof HINDI - 1;
    CHECK(check(HINDI, size) == size);
    CHECK(vkyc_utf8_length(HINDI, size) == 6 + 5 + 1 + 1 + 1);
    CHECK(check("", 0) == 0);
    CHECK(vkyc_utf8_length("", 0) == 0);
    CHECK(check("a\0b", 3) == 3);
    CHECK(check("0123456789abcdef", 16) == 16);
    /* Cut anywhere, the good part ends where a character ends. */
    for (size_t cut = 0; cut < size; cut++) {
        size_t good = check(HINDI, cut);
        CHECK(good <= cut && cut - good < 4 && check(HINDI, good) == good);
        CHECK((good == cut) == (((unsigned char)HINDI[cut] & 0xc0) != 0x80));
    }
}

int main(void)
{
    every_code_point();
    bad_sequences();
    good_texts();
    return check_done("utf8_test");
}
