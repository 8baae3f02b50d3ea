/* Fields of a schema: every type and every rule, and the sentences that tell what a field wants. */
#include <stdlib.h>

#include "../../src/core/json_read.h"
#include "../../src/core/schema.h"
#include "check.h"

static struct vkyc_text text_of(const char *text)
{
    struct vkyc_text t = {text, strlen(text)};
    return t;
}

static struct vkyc_field field_of(enum vkyc_type type)
{
    struct vkyc_field f;
    memset(&f, 0, sizeof f);
    f.type = type;
    return f;
}

/* Memory of exactly that size, or the end of the test. */
static char *block(size_t size)
{
    char *bytes = malloc(size > 0 ? size : 1);
    if (bytes == NULL) {
        exit(check_done("schema_test: out of memory") + 1);
    }
    return bytes;
}

/* The text is copied to a block of exactly its size, so that a sanitizer sees a read beyond it. */
static enum vkyc_rule check_sized(const struct vkyc_field *f, const char *text, size_t size)
{
    char *copy = block(size);
    memcpy(copy, text, size);
    enum vkyc_rule rule = vkyc_field_check_text(f, copy, size);
    free(copy);
    return rule;
}

static enum vkyc_rule check_text(const struct vkyc_field *f, const char *text)
{
    return check_sized(f, text, strlen(text));
}

static enum vkyc_rule check_type(enum vkyc_type type, const char *text)
{
    struct vkyc_field f = field_of(type);
    return check_text(&f, text);
}

static int digits(const char *text)
{
    size_t size = strlen(text);
    char *copy = block(size);
    memcpy(copy, text, size);
    int good = vkyc_digits_check(copy, size);
    free(copy);
    return good;
}

static void test_names(void)
{
    static const char *const TYPES[] = {"string", "id",    "int",  "int64",      "number", "boolean", "date", "datetime",
                                        "url",    "phone", "enum", "enum_model", "array",  "object",  "any"};
    CHECK(sizeof TYPES / sizeof TYPES[0] == VKYC_TYPE_COUNT);
    for (int i = 0; i < VKYC_TYPE_COUNT; i++) {
        CHECK(vkyc_type_find(TYPES[i], strlen(TYPES[i])) == i);
        CHECK(vkyc_type_find(TYPES[i], strlen(TYPES[i]) - 1) != i);
    }
    CHECK(vkyc_type_find("int", 3) == VKYC_TYPE_INT);
    CHECK(vkyc_type_find("int64", 3) == VKYC_TYPE_INT);
    CHECK(vkyc_type_find("", 0) == -1);
    CHECK(vkyc_type_find("String", 6) == -1);
    CHECK(vkyc_type_find("string ", 7) == -1);
    CHECK(vkyc_type_find("string\0", 7) == -1);

    static const char *const SETS[] = {"", "id", "digits", "alphanumeric", "printable"};
    for (int i = 1; i < VKYC_CHARSET_COUNT; i++) {
        CHECK(vkyc_charset_find(SETS[i], strlen(SETS[i])) == i);
    }
    CHECK(vkyc_charset_find("", 0) == -1);
    CHECK(vkyc_charset_find("hex", 3) == -1);

    static const char *const RULES[] = {"fine",   "required", "type",     "too_short", "too_long", "charset", "value",
                                        "format", "range",    "sequence", "utf8",      "nul",      "unknown", "twice"};
    for (int i = 0; i <= VKYC_RULE_TWICE; i++) {
        CHECK(strcmp(vkyc_rule_name((enum vkyc_rule)i), RULES[i]) == 0);
    }
}

static void test_digits(void)
{
    static const char *const GOOD[] = {"0",
                                       "1",
                                       "-1",
                                       "9",
                                       "1358",
                                       "9007199254740993",
                                       "8901234567890123458",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "-9223372036854775807",
                                       "999999999999999999"};
    static const char *const BAD[] = {"",
                                      "-",
                                      "-0",
                                      "00",
                                      "01",
                                      "-01",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "1a",
                                      "a",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "9999999999999999999",
                                      "10000000000000000000",
                                      "12345678901234567890",
                                      "-10000000000000000000",
                                      "000000000000000000001"};
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        CHECK(digits(GOOD[i]));
        CHECK(check_type(VKYC_TYPE_INT64, GOOD[i]) == VKYC_RULE_FINE);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        CHECK(!digits(BAD[i]));
        CHECK(check_type(VKYC_TYPE_INT64, BAD[i]) == VKYC_RULE_FORMAT);
    }
    CHECK(!vkyc_digits_check("1\0002", 3));
    CHECK(vkyc_digits_check("12", 1)); /* by size, not by NUL */
}

static void test_bounds(void)
{
    struct vkyc_field f = field_of(VKYC_TYPE_STRING);
    CHECK(check_text(&f, "") == VKYC_RULE_FINE);
    f.has_min = 1;
    f.min = 1;
    CHECK(check_text(&f, "") == VKYC_RULE_TOO_SHORT);
    CHECK(check_text(&f, "a") == VKYC_RULE_FINE);
    f.has_max = 1;
    f.max = 3;
    CHECK(check_text(&f, "abc") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "abcd") == VKYC_RULE_TOO_LONG);
    /* Characters and not bytes: 2, 3 and 4 bytes each. */
    CHECK(check_text(&f, "\xc3\xa9\xc3\xa9\xc3\xa9") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "\xe0\xa4\xb0\xe0\xa4\xb5\xe0\xa4\xbf") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80z") == VKYC_RULE_TOO_LONG);
    f.min = 3;
    CHECK(check_text(&f, "\xc3\xa9\xc3\xa9") == VKYC_RULE_TOO_SHORT);
    f.has_min = 0;
    f.max = 0;
    CHECK(check_text(&f, "") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "x") == VKYC_RULE_TOO_LONG);
    /* A flag that is off means no bound, whatever the number says. */
    f.has_max = 0;
    CHECK(check_text(&f, "abcdefghijklmnopqrstuvwxyz") == VKYC_RULE_FINE);
}

static void test_bytes(void)
{
    for (int type = VKYC_TYPE_STRING; type <= VKYC_TYPE_ENUM; type++) {
        struct vkyc_field f = field_of((enum vkyc_type)type);
        if (type == VKYC_TYPE_INT || type == VKYC_TYPE_NUMBER || type == VKYC_TYPE_BOOLEAN) {
            continue;
        }
        CHECK(check_sized(&f, "\0", 1) == VKYC_RULE_NUL);
        CHECK(check_sized(&f, "2026-06-03\0", 11) == VKYC_RULE_NUL);
        CHECK(check_sized(&f, "a\0b", 3) == VKYC_RULE_NUL);
        CHECK(check_text(&f, "\xff") == VKYC_RULE_UTF8);
        CHECK(check_text(&f, "a\xc3") == VKYC_RULE_UTF8);
        CHECK(check_text(&f, "\xc0\xaf") == VKYC_RULE_UTF8);
        CHECK(check_text(&f, "\xed\xa0\x80") == VKYC_RULE_UTF8);
        CHECK(check_text(&f, "\xf4\x90\x80\x80") == VKYC_RULE_UTF8);
    }
}

static void test_charsets(void)
{
    struct vkyc_field f = field_of(VKYC_TYPE_STRING);
    for (int c = 1; c < 256; c++) {
        char text[3] = {(char)c, 0, 0};
        size_t size = 1;
        if (c >= 128) { /* the character of that number, so that it is UTF-8 */
            text[0] = (char)(0xc0 | c >> 6);
            text[1] = (char)(0x80 | (c & 0x3f));
            size = 2;
        }
        int digit = c >= '0' && c <= '9';
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        int expect[VKYC_CHARSET_COUNT] = {1, digit || letter || c == '.' || c == '-' || c == '_', digit, digit || letter,
                                          c >= 32 && c <= 126};
        for (int set = 0; set < VKYC_CHARSET_COUNT; set++) {
            f.charset = (enum vkyc_charset)set;
            CHECK(check_sized(&f, text, size) == (expect[set] ? VKYC_RULE_FINE : VKYC_RULE_CHARSET));
        }
    }
    f.charset = VKYC_CHARSET_ID;
    CHECK(check_text(&f, "../etc") == VKYC_RULE_CHARSET);
    CHECK(check_text(&f, "a b") == VKYC_RULE_CHARSET);
    CHECK(check_text(&f, "User-1_2.3") == VKYC_RULE_FINE);
}

static void test_values(void)
{
    const struct vkyc_text values[] = {text_of("SMS"), text_of("WHATSAPP"), text_of("")};
    struct vkyc_field f = field_of(VKYC_TYPE_ENUM);
    f.values = values;
    f.value_count = 3;
    CHECK(check_text(&f, "SMS") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "WHATSAPP") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "sms") == VKYC_RULE_VALUE);
    CHECK(check_text(&f, "SM") == VKYC_RULE_VALUE);
    CHECK(check_text(&f, "SMSS") == VKYC_RULE_VALUE);
    f.value_count = 2;
    CHECK(check_text(&f, "") == VKYC_RULE_VALUE);
    /* The list decides alone: what is on it is fine for a text of any format. */
    const struct vkyc_text date[] = {text_of("never")};
    f.type = VKYC_TYPE_DATE;
    f.values = date;
    f.value_count = 1;
    CHECK(check_text(&f, "never") == VKYC_RULE_FINE);
    CHECK(check_text(&f, "2026-06-03") == VKYC_RULE_VALUE);
}

static void test_formats(void)
{
    static const struct {
        enum vkyc_type type;
        const char *text;
        int good;
    } ROWS[] = {
        {VKYC_TYPE_URL, "https://a", 1},
        {VKYC_TYPE_URL, "http://a", 1},
        {VKYC_TYPE_URL, "https://vkyc.example.com/s/abc?x=1&y=%20#z", 1},
        {VKYC_TYPE_URL, "https://\xe0\xa4\xad.example/", 1},
        {VKYC_TYPE_URL, "", 0},
        {VKYC_TYPE_URL, "https://", 0},
        {VKYC_TYPE_URL, "http://", 0},
        {VKYC_TYPE_URL, "https:///a", 0},
        {VKYC_TYPE_URL, "http:///ok", 0},
        {VKYC_TYPE_URL, "HTTPS://a", 0},
        {VKYC_TYPE_URL, "ftp://a", 0},
        {VKYC_TYPE_URL, "javascript:alert(1)", 0},
        {VKYC_TYPE_URL, "//a", 0},
        {VKYC_TYPE_URL, "example.com", 0},
        {VKYC_TYPE_URL, "https://a b", 0},
        {VKYC_TYPE_URL, "https://a\tb", 0},
        {VKYC_TYPE_URL, "https://a\r\nX: y", 0},
        {VKYC_TYPE_URL, "https://a\x7f", 0},
        {VKYC_TYPE_URL, "https://a\"", 0},
        {VKYC_TYPE_URL, "https://a<b", 0},
        {VKYC_TYPE_URL, "https://a>", 0},
        {VKYC_TYPE_URL, "https://a\\b", 0},
        {VKYC_TYPE_URL, " https://a", 0},
        {VKYC_TYPE_URL, "https://a ", 0},
        {VKYC_TYPE_PHONE, "9988776655", 1},
        {VKYC_TYPE_PHONE, "0000000000", 1},
        {VKYC_TYPE_PHONE, "", 0},
        {VKYC_TYPE_PHONE, "998877665", 0},
        {VKYC_TYPE_PHONE, "99887766550", 0},
        {VKYC_TYPE_PHONE, "+919988776655", 0},
        {VKYC_TYPE_PHONE, "998877665a", 0},
        {VKYC_TYPE_PHONE, "99887 6655", 0},
        {VKYC_TYPE_PHONE, "\xe0\xa5\xa7\xe0\xa5\xa7\xe0\xa5\xa7\x31", 0}, /* ten bytes, of Devanagari digits */
        {VKYC_TYPE_DATE, "2026-06-03", 1},
        {VKYC_TYPE_DATE, "03-06-2026", 1},
        {VKYC_TYPE_DATE, "2024-02-29", 1},
        {VKYC_TYPE_DATE, "2023-02-29", 0},
        {VKYC_TYPE_DATE, "31-04-2026", 0},
        {VKYC_TYPE_DATE, "2026-13-01", 0},
        {VKYC_TYPE_DATE, "2026-00-01", 0},
        {VKYC_TYPE_DATE, "2026-6-3", 0},
        {VKYC_TYPE_DATE, "2026/06/03", 0},
        {VKYC_TYPE_DATE, "2026-06-03T10:15:30Z", 0},
        {VKYC_TYPE_DATE, "", 0},
        {VKYC_TYPE_DATETIME, "2026-06-03", 1},
        {VKYC_TYPE_DATETIME, "2025-05-30T00:00:00.000Z", 1},
        {VKYC_TYPE_DATETIME, "2025-05-05T18:01:05+05:30", 1},
        {VKYC_TYPE_DATETIME, "2025-05-05 18:01:05", 1},
        {VKYC_TYPE_DATETIME, "2025-05-05T25:01:05Z", 0},
        {VKYC_TYPE_DATETIME, "2025-02-30T00:00:00Z", 0},
        {VKYC_TYPE_DATETIME, "tomorrow", 0},
        {VKYC_TYPE_DATETIME, "", 0},
        {VKYC_TYPE_STRING, "anything: \xe0\xa4\xad, \n and \"quotes\"", 1},
        {VKYC_TYPE_ENUM_MODEL, "EnumModel(name=VKYC_IN_PROGRESS, label=, description=)", 1},
        {VKYC_TYPE_ENUM_MODEL, "", 1},
        {VKYC_TYPE_ANY, "x", 1},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        CHECK(check_type(ROWS[i].type, ROWS[i].text) == (ROWS[i].good ? VKYC_RULE_FINE : VKYC_RULE_FORMAT));
    }
    /* Every prefix of a good URL, each in a block of its own size. */
    static const char URL[] = "https://a/b";
    struct vkyc_field f = field_of(VKYC_TYPE_URL);
    for (size_t size = 0; size < sizeof URL; size++) {
        CHECK(check_sized(&f, URL, size) == (size > 8 && size < sizeof URL ? VKYC_RULE_FINE : VKYC_RULE_FORMAT) || size == sizeof URL);
    }
    CHECK(check_sized(&f, "https:/", 7) == VKYC_RULE_FORMAT);
    CHECK(check_sized(&f, "http://", 7) == VKYC_RULE_FORMAT);
}

static void test_numbers(void)
{
    struct vkyc_field f = field_of(VKYC_TYPE_NUMBER);
    CHECK(vkyc_field_check_number(&f, -1e308) == VKYC_RULE_FINE);
    f.has_min = 1;
    f.min = 0.01;
    CHECK(vkyc_field_check_number(&f, 0.01) == VKYC_RULE_FINE);
    CHECK(vkyc_field_check_number(&f, 0.00999) == VKYC_RULE_RANGE);
    CHECK(vkyc_field_check_number(&f, 0) == VKYC_RULE_RANGE);
    f.has_max = 1;
    f.max = 7;
    CHECK(vkyc_field_check_number(&f, 7) == VKYC_RULE_FINE);
    CHECK(vkyc_field_check_number(&f, 7.0000001) == VKYC_RULE_RANGE);
    f.has_min = 0;
    CHECK(vkyc_field_check_number(&f, -5) == VKYC_RULE_FINE);
}

static void test_find(void)
{
    static const char *const NAMES[] = {"verification_id", "user_id", "status", "sub_status"};
    struct vkyc_field fields[4];
    for (size_t i = 0; i < 4; i++) {
        fields[i] = field_of(VKYC_TYPE_STRING);
        fields[i].name = text_of(NAMES[i]);
        fields[i].hash = vkyc_json_hash(NAMES[i], strlen(NAMES[i]));
    }
    const struct vkyc_object o = {fields, 4};
    for (size_t i = 0; i < 4; i++) {
        size_t size = strlen(NAMES[i]);
        for (size_t hint = 0; hint < 6; hint++) {
            CHECK(vkyc_object_find(&o, NAMES[i], size, fields[i].hash, hint) == (int)i);
        }
        CHECK(vkyc_object_find(&o, NAMES[i], size - 1, vkyc_json_hash(NAMES[i], size - 1), i) == -1);
        CHECK(vkyc_object_find(&o, "nobody", 6, fields[i].hash, i) == -1); /* a hash that collides */
    }
    CHECK(vkyc_object_find(&o, "status\0", 7, vkyc_json_hash("status\0", 7), 2) == -1);
    const struct vkyc_object empty = {NULL, 0};
    CHECK(vkyc_object_find(&empty, "a", 1, vkyc_json_hash("a", 1), 0) == -1);
    CHECK(vkyc_object_suggest(&empty, "a", 1) == -1);

    CHECK(vkyc_object_suggest(&o, "user_ID", 7) == 1);
    CHECK(vkyc_object_suggest(&o, "userid", 6) == 1);
    CHECK(vkyc_object_suggest(&o, "verificaton_id", 14) == 0);
    CHECK(vkyc_object_suggest(&o, "verification_idd", 16) == 0);
    CHECK(vkyc_object_suggest(&o, "STATUS", 6) == 2);
    CHECK(vkyc_object_suggest(&o, "substatus", 9) == 3);
    CHECK(vkyc_object_suggest(&o, "sttus", 5) == 2);
    /* At most a third of the letters: two of six are near, three are not. */
    CHECK(vkyc_object_suggest(&o, "stxxus", 6) == 2);
    CHECK(vkyc_object_suggest(&o, "sxxxus", 6) == -1);
    CHECK(vkyc_object_suggest(&o, "zzz", 3) == -1);
    CHECK(vkyc_object_suggest(&o, "", 0) == -1);
    char longest[65];
    memset(longest, 'v', sizeof longest);
    CHECK(vkyc_object_suggest(&o, longest, 64) == -1);
    CHECK(vkyc_object_suggest(&o, longest, 65) == -1);
    static char longer[4096];
    memset(longer, 'v', sizeof longer);
    CHECK(vkyc_object_suggest(&o, longer, sizeof longer) == -1);
    fields[0].name.text = longest;
    fields[0].name.size = 65;
    CHECK(vkyc_object_suggest(&o, longest, 64) == -1);
    CHECK(vkyc_object_suggest(&o, longest, 65) == -1);
    fields[0].name.size = 64;
    CHECK(vkyc_object_suggest(&o, longest, 64) == 0);
}

static const struct vkyc_text LONG_VALUES[] = {{"RECEIVED", 8}, {"INITIATED", 9}, {"PRE_VIDEO_CALL", 14}};

/* A field with everything that a description may show. */
static struct vkyc_field described_field(struct vkyc_field *sequence)
{
    struct vkyc_field f = field_of(VKYC_TYPE_ENUM);
    f.name = text_of("status");
    f.values = LONG_VALUES;
    f.value_count = 3;
    f.sequence = sequence;
    f.has_min = 1;
    f.has_max = 1;
    f.min = 1;
    f.max = 50;
    return f;
}

static int says(enum vkyc_rule rule, const struct vkyc_field *f, const char *expected)
{
    char text[512];
    int size = vkyc_rule_describe(rule, f, text, sizeof text);
    int same = size == (int)strlen(expected) && strcmp(text, expected) == 0;
    if (!same) {
        printf("described: %s\n", text);
    }
    return same;
}

static void test_describe(void)
{
    struct vkyc_field order = field_of(VKYC_TYPE_INT);
    order.name = text_of("order");
    struct vkyc_field f = described_field(&order);
    CHECK(says(VKYC_RULE_REQUIRED, &f, "is required"));
    CHECK(says(VKYC_RULE_TYPE, &f, "must be a string"));
    CHECK(says(VKYC_RULE_TOO_SHORT, &f, "must have 1 to 50 characters"));
    CHECK(says(VKYC_RULE_VALUE, &f, "must be one of RECEIVED, INITIATED, PRE_VIDEO_CALL"));
    CHECK(says(VKYC_RULE_RANGE, &f, "must be from 1 to 50"));
    CHECK(says(VKYC_RULE_SEQUENCE, &f, "must have the values 1 to n of order, each once"));
    CHECK(says(VKYC_RULE_UTF8, &f, "must be UTF-8"));
    CHECK(says(VKYC_RULE_NUL, &f, "must not have a NUL byte"));
    f.has_max = 0;
    CHECK(says(VKYC_RULE_TOO_SHORT, &f, "must have at least 1 character"));
    CHECK(says(VKYC_RULE_RANGE, &f, "must be at least 1"));
    f.has_max = 1;
    f.has_min = 0;
    CHECK(says(VKYC_RULE_TOO_LONG, &f, "must have at most 50 characters"));
    CHECK(says(VKYC_RULE_RANGE, &f, "must be at most 50"));
    f.has_max = 0;
    CHECK(says(VKYC_RULE_RANGE, &f, "must be a finite number"));
    f.has_max = 1;
    f.type = VKYC_TYPE_ARRAY;
    CHECK(says(VKYC_RULE_TOO_LONG, &f, "must have at most 50 items"));
    f.max = 1;
    CHECK(says(VKYC_RULE_TOO_LONG, &f, "must have at most 1 item"));
    f.max = 0;
    CHECK(says(VKYC_RULE_TOO_LONG, &f, "must have at most 0 items"));
    f.max = 50;
    CHECK(says(VKYC_RULE_TYPE, &f, "must be an array"));
    f.type = VKYC_TYPE_STRING;
    f.number_too = 1;
    CHECK(says(VKYC_RULE_TYPE, &f, "must be a string or a number"));
    f.charset = VKYC_CHARSET_ID;
    CHECK(says(VKYC_RULE_CHARSET, &f, "may only have letters, digits, '.', '-' and '_'"));
}

/* Every rule for every type into every size: never beyond the end, always with an end, always saying how much there would be. */
static void test_describe_sizes(void)
{
    struct vkyc_field order = field_of(VKYC_TYPE_INT);
    order.name = text_of("order");
    struct vkyc_field f = described_field(&order);
    char whole[512];
    for (int type = 0; type < VKYC_TYPE_COUNT; type++) {
        f.type = (enum vkyc_type)type;
        f.charset = (enum vkyc_charset)(type % VKYC_CHARSET_COUNT);
        for (int rule = 0; rule <= VKYC_RULE_TWICE; rule++) {
            int wanted = vkyc_rule_describe((enum vkyc_rule)rule, &f, whole, sizeof whole);
            CHECK(wanted > 0 && (size_t)wanted < sizeof whole && strlen(whole) == (size_t)wanted);
            for (size_t size = 0; size <= (size_t)wanted + 1; size++) {
                char *out = block(size);
                int got = vkyc_rule_describe((enum vkyc_rule)rule, &f, out, size);
                CHECK(got > 0 && ((size_t)wanted < size ? got == wanted : (size_t)got >= size));
                if (size > 0) {
                    size_t kept = (size_t)wanted < size ? (size_t)wanted : size - 1;
                    CHECK(strlen(out) == kept && memcmp(out, whole, kept) == 0);
                }
                free(out);
            }
        }
    }
    /* More values than any buffer holds. */
    static struct vkyc_text many[1000];
    for (size_t i = 0; i < 1000; i++) {
        many[i] = text_of("A_RATHER_LONG_VALUE");
    }
    f.values = many;
    f.value_count = 1000;
    char *out = block(64);
    CHECK(vkyc_rule_describe(VKYC_RULE_VALUE, &f, out, 64) >= 64);
    CHECK(strlen(out) == 63);
    free(out);
    f.min = 1e300;
    f.max = 1e308;
    out = block(8);
    CHECK(vkyc_rule_describe(VKYC_RULE_TOO_LONG, &f, out, 8) >= 8 && strlen(out) == 7);
    free(out);
}

int main(void)
{
    test_names();
    test_digits();
    test_bounds();
    test_bytes();
    test_charsets();
    test_values();
    test_formats();
    test_numbers();
    test_find();
    test_describe();
    test_describe_sizes();
    return check_done("schema_test");
}
