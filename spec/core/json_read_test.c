/* The reader against what RFC 8259 allows, what it does not, and the limits of our own (faults.md I01-I14). */
#include "json_check.h"

struct bytes {
    const char *text;
    size_t size;
};
#define B(literal)                                                                                                                         \
    {                                                                                                                                      \
        (literal), sizeof(literal) - 1                                                                                                     \
    }

static void accepts(void)
{
    static const struct bytes GOOD[] = {
        B("{}"),
        B("[]"),
        B("\"\""),
        B("0"),
        B("-0"),
        B("1"),
        B("true"),
        B("false"),
        B("null"),
        B(" \t\r\n[ \t\r\n1 \t\r\n, 2 ] \t\r\n"),
        B("{\"\":0}"),
        B("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}"),
        B("[[],{},[[]],[{}]]"),
        B("{ \"a\" : 1 , \"b\" : [ ] }"),
        B("[{\"a\":1},{\"a\":1}]"),
        B("{\"a\":1,\"A\":2,\"a \":3,\"aa\":4}"),
        B("{\"a\":1,\"a\\u0000\":2}"),
        B("1.5"),
        B("-1.5"),
        B("0.0"),
        B("1e5"),
        B("1E5"),
        B("1e+5"),
        B("1e-5"),
        B("1.25e10"),
        B("0e1"),
        B("0E+01"),
        B("-0.0e-0"),
        B("123456789012345678901234567890"),
        B("1e-400"),
        B("0e400"),
        B("0.0e999999999999999999999"),
        B("1e-999999999999999999999"),
        B("1.7976931348623157e308"),
        B("-1.7976931348623157e+308"),
        B("1.7976931348623158e308"),
        B("17976931348623157e292"),
        B("0.00017976931348623157e312"),
        B("0.1e309"),
        B("1e308"),
        B("9007199254740993"),
        B("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\uD83D\\uDE00\\ud83d\\ude00\""),
        B("\"\\u0000\""),
        B("\"a\\u0000b\""),
        B("\"\x7f\""),
        B("\"\\ud7ff\\ue000\\uffff\""),
        B("\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""),
        B("\"\xef\xbb\xbf\""),
        B("\"/\""),
        B("\"a string that is longer than one word\""),
        B("[\"a\",\"bb\",\"ccc\",\"dddd\",\"eeeee\",\"ffffff\",\"ggggggg\",\"hhhhhhhh\",\"iiiiiiiii\"]"),
        B("[true,false,null,0,-1,1.5,\"x\",[],{}]"),
        B("{\"verification_id\":\"A.b-c_1\",\"vkyc_link\":\"https:\\/\\/vkyc.example\\/s\",\"meeting_schedule\":null}"),
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        enum vkyc_json_error error = read_all(GOOD[i].text, GOOD[i].size);
        CHECK(error == VKYC_JSON_FINE && r.offset == GOOD[i].size && r.depth == 0);
        if (error != VKYC_JSON_FINE) {
            printf("  %s\n", GOOD[i].text);
        }
    }
}

struct bad {
    struct bytes json;
    enum vkyc_json_error error;
    size_t offset;
};

static const struct bad BAD[] = {
    /* nothing, or cut */
    {B(""), VKYC_JSON_TRUNCATED, 0},
    {B(" \n"), VKYC_JSON_TRUNCATED, 2},
    {B("{"), VKYC_JSON_TRUNCATED, 1},
    {B("["), VKYC_JSON_TRUNCATED, 1},
    {B("{\"a"), VKYC_JSON_TRUNCATED, 3},
    {B("{\"a\""), VKYC_JSON_TRUNCATED, 4},
    {B("{\"a\":"), VKYC_JSON_TRUNCATED, 5},
    {B("{\"a\":1"), VKYC_JSON_TRUNCATED, 6},
    {B("{\"a\":1,"), VKYC_JSON_TRUNCATED, 7},
    {B("[1"), VKYC_JSON_TRUNCATED, 2},
    {B("[1,"), VKYC_JSON_TRUNCATED, 3},
    {B("\""), VKYC_JSON_TRUNCATED, 1},
    {B("\"abcdefg"), VKYC_JSON_TRUNCATED, 8},
    {B("\"abcdefgh"), VKYC_JSON_TRUNCATED, 9},
    {B("\"abc\\"), VKYC_JSON_TRUNCATED, 5},
    {B("\"\\u"), VKYC_JSON_TRUNCATED, 3},
    {B("\"\\u00"), VKYC_JSON_TRUNCATED, 5},
    {B("\"\\ud83d"), VKYC_JSON_TRUNCATED, 7},
    {B("\"\\ud83d\\"), VKYC_JSON_TRUNCATED, 8},
    {B("\"\\ud83d\\ude0"), VKYC_JSON_TRUNCATED, 12},
    {B("\"\xe0\xa4"), VKYC_JSON_TRUNCATED, 3},
    {B("t"), VKYC_JSON_TRUNCATED, 1},
    {B("tru"), VKYC_JSON_TRUNCATED, 3},
    {B("fals"), VKYC_JSON_TRUNCATED, 4},
    {B("[nul"), VKYC_JSON_TRUNCATED, 4},
    {B("-"), VKYC_JSON_TRUNCATED, 1},
    {B("1."), VKYC_JSON_TRUNCATED, 2},
    {B("1e"), VKYC_JSON_TRUNCATED, 2},
    {B("1e+"), VKYC_JSON_TRUNCATED, 3},
    /* structure */
    {B("}"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("]"), VKYC_JSON_BAD_SYNTAX, 0},
    {B(","), VKYC_JSON_BAD_SYNTAX, 0},
    {B(":"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("[1,]"), VKYC_JSON_BAD_SYNTAX, 3},
    {B("[,1]"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("[1,,2]"), VKYC_JSON_BAD_SYNTAX, 3},
    {B("[1 2]"), VKYC_JSON_BAD_SYNTAX, 3},
    {B("[1}"), VKYC_JSON_BAD_SYNTAX, 2},
    {B("[1:2]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[\"a\":2]"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("[\"a\"\"b\"]"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("{\"a\":1,}"), VKYC_JSON_BAD_SYNTAX, 7},
    {B("{,\"a\":1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{\"a\"}"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("{\"a\",1}"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("{\"a\":}"), VKYC_JSON_BAD_SYNTAX, 5},
    {B("{\"a\"::1}"), VKYC_JSON_BAD_SYNTAX, 5},
    {B("{\"a\":1]"), VKYC_JSON_BAD_SYNTAX, 6},
    {B("{\"a\":\"b\" \"c\":1}"), VKYC_JSON_BAD_SYNTAX, 9},
    {B("{a:1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{'a':1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{1:1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{null:1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{[]:1}"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("['a']"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("/* c */1"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("[1//c\n]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[\"a\"/**/]"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("\f1"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("\xc2\xa0"
       "1"),
     VKYC_JSON_BAD_SYNTAX, 0},
    {B("[\v1]"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("<html><body>Sign in</body></html>"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("*"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("\\u0061"), VKYC_JSON_BAD_SYNTAX, 0},
    /* words */
    {B("True"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("trux"), VKYC_JSON_BAD_SYNTAX, 3},
    {B("[nulL]"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("[truth]"), VKYC_JSON_BAD_SYNTAX, 4},
    {B("[true1]"), VKYC_JSON_BAD_SYNTAX, 5},
    {B("undefined"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("NaN"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("nan"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("Infinity"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("-Infinity"), VKYC_JSON_BAD_NUMBER, 1},
    {B("-NaN"), VKYC_JSON_BAD_NUMBER, 1},
    /* numbers */
    {B("+1"), VKYC_JSON_BAD_NUMBER, 0},
    {B("[+1]"), VKYC_JSON_BAD_NUMBER, 1},
    {B("--1"), VKYC_JSON_BAD_NUMBER, 1},
    {B("[-]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("01"), VKYC_JSON_BAD_NUMBER, 1},
    {B("00"), VKYC_JSON_BAD_NUMBER, 1},
    {B("-01"), VKYC_JSON_BAD_NUMBER, 2},
    {B("0123"), VKYC_JSON_BAD_NUMBER, 1},
    {B("{\"a\":0123}"), VKYC_JSON_BAD_NUMBER, 6},
    {B("0x1F"), VKYC_JSON_BAD_NUMBER, 1},
    {B("[1.]"), VKYC_JSON_BAD_NUMBER, 3},
    {B("[1.e5]"), VKYC_JSON_BAD_NUMBER, 3},
    {B("[.5]"), VKYC_JSON_BAD_NUMBER, 1},
    {B("[-.5]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[1.5.5]"), VKYC_JSON_BAD_NUMBER, 4},
    {B("[1e]"), VKYC_JSON_BAD_NUMBER, 3},
    {B("[1e+]"), VKYC_JSON_BAD_NUMBER, 4},
    {B("[1e1.5]"), VKYC_JSON_BAD_NUMBER, 4},
    {B("[1ee5]"), VKYC_JSON_BAD_NUMBER, 3},
    {B("[1-2]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[- 1]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[1_000]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("[1a]"), VKYC_JSON_BAD_NUMBER, 2},
    {B("1\0"), VKYC_JSON_BAD_NUMBER, 1},
    {B("\xef\xbc\x91"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("1e400"), VKYC_JSON_BAD_NUMBER, 0},
    {B("[-1e400]"), VKYC_JSON_BAD_NUMBER, 1},
    {B("1e309"), VKYC_JSON_BAD_NUMBER, 0},
    {B("10e308"), VKYC_JSON_BAD_NUMBER, 0},
    {B("0.01e311"), VKYC_JSON_BAD_NUMBER, 0},
    {B("1.7976931348623159e308"), VKYC_JSON_BAD_NUMBER, 0},
    {B("1.79769313486231580794e308"), VKYC_JSON_BAD_NUMBER, 0},
    {B("1e99999999999999999999999999"), VKYC_JSON_BAD_NUMBER, 0},
    /* strings */
    {B("\"a\tb\""), VKYC_JSON_BAD_SYNTAX, 2},
    {B("\"a\nb\""), VKYC_JSON_BAD_SYNTAX, 2},
    {B("\"a\0b\""), VKYC_JSON_BAD_SYNTAX, 2},
    {B("\"\x1f\""), VKYC_JSON_BAD_SYNTAX, 1},
    {B("{\"a\0b\":1}"), VKYC_JSON_BAD_SYNTAX, 3},
    {B("\"\\n\n\""), VKYC_JSON_BAD_SYNTAX, 3},
    {B("\"\\a\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\x41\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\'\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\0\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\U0041\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\\n\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\\0\""), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\\u004\""), VKYC_JSON_BAD_ESCAPE, 6},
    {B("\"\\u00g0\""), VKYC_JSON_BAD_ESCAPE, 5},
    {B("\"\\u+041\""), VKYC_JSON_BAD_ESCAPE, 3},
    {B("\"\\ud800\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"ab\\udc00\""), VKYC_JSON_BAD_ESCAPE, 3},
    {B("\"\\ud800x\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\ud800\\n\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\ud800\\u0041\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\ud800\\ud800\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\udc00\\ud800\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\udc00\\udc00\""), VKYC_JSON_BAD_ESCAPE, 1},
    {B("\"\\ud800\\udc0g\""), VKYC_JSON_BAD_ESCAPE, 12},
    {B("{\"\\ud800\":1}"), VKYC_JSON_BAD_ESCAPE, 2},
    {B("\"\xff\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"abc\x80\""), VKYC_JSON_BAD_UTF8, 4},
    {B("\"\xc0\xaf\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"\xc3\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"\xe0\x80\xaf\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"\xed\xa0\x80\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"\xf4\x90\x80\x80\""), VKYC_JSON_BAD_UTF8, 1},
    {B("\"0123456789\xe0\xa4\""), VKYC_JSON_BAD_UTF8, 11},
    {B("\"\\n\xff\""), VKYC_JSON_BAD_UTF8, 3},
    {B("{\"\xff\":1}"), VKYC_JSON_BAD_UTF8, 2},
    {B("[\xff]"), VKYC_JSON_BAD_SYNTAX, 1},
    /* other encodings */
    {B("\xef\xbb\xbf{}"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("\xff\xfe{\0}\0"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("\xfe\xff\0{\0}"), VKYC_JSON_BAD_SYNTAX, 0},
    {B("{\0}\0"), VKYC_JSON_BAD_SYNTAX, 1},
    {B("\0{\0}"), VKYC_JSON_BAD_SYNTAX, 0},
    /* something behind the value */
    {B("{}\0"), VKYC_JSON_TRAILING, 2},
    {B("{}\0junk"), VKYC_JSON_TRAILING, 2},
    {B("{} {}"), VKYC_JSON_TRAILING, 3},
    {B("[]]"), VKYC_JSON_TRAILING, 2},
    {B("{}}"), VKYC_JSON_TRAILING, 2},
    {B("1 2"), VKYC_JSON_TRAILING, 2},
    {B("\"a\"x"), VKYC_JSON_TRAILING, 3},
    {B("\"a\",\"b\""), VKYC_JSON_TRAILING, 3},
    {B("null,"), VKYC_JSON_TRAILING, 4},
    {B("nullx"), VKYC_JSON_TRAILING, 4},
    {B("{}\n#"), VKYC_JSON_TRAILING, 3},
    {B("{}\xef\xbb\xbf"), VKYC_JSON_TRAILING, 2},
    /* keys twice */
    {B("{\"a\":1,\"a\":2}"), VKYC_JSON_DUPLICATE_KEY, 8},
    {B("{\"\":1,\"\":2}"), VKYC_JSON_DUPLICATE_KEY, 7},
    {B("{\"status\":\"VALID\",\"status\":\"INVALID\"}"), VKYC_JSON_DUPLICATE_KEY, 19},
    {B("{\"a\":1,\"\\u0061\":2}"), VKYC_JSON_DUPLICATE_KEY, 8},
    {B("{\"\\u0061\":1,\"a\":2}"), VKYC_JSON_DUPLICATE_KEY, 13},
    {B("{\"\\u0061\":1,\"\\u0061\":2}"), VKYC_JSON_DUPLICATE_KEY, 13},
    {B("{\"a/b\":1,\"a\\/b\":2}"), VKYC_JSON_DUPLICATE_KEY, 10},
    {B("{\"\xc3\xa9\":1,\"\\u00E9\":2}"), VKYC_JSON_DUPLICATE_KEY, 9},
    {B("{\"\xf0\x9f\x98\x80\":1,\"\\ud83D\\uDe00\":2}"), VKYC_JSON_DUPLICATE_KEY, 11},
    {B("{\"a\\\"b\":1,\"a\\u0022b\":2}"), VKYC_JSON_DUPLICATE_KEY, 11},
    {B("{\"verification_id\":1,\"b\":{\"verification_id\":2},\"verification_id\":3}"), VKYC_JSON_DUPLICATE_KEY, 48},
    {B("{\"cf_verification_id_x\":1,\"cf_verification_\\u0069d_x\":2}"), VKYC_JSON_DUPLICATE_KEY, 27},
    {B("[{\"a\":[{\"b\":0}],\"c\":1,\"a\":2}]"), VKYC_JSON_DUPLICATE_KEY, 23},
};

static void refuses(void)
{
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        enum vkyc_json_error error = read_all(BAD[i].json.text, BAD[i].json.size);
        CHECK(error == BAD[i].error && r.offset == BAD[i].offset);
        if (error != BAD[i].error || r.offset != BAD[i].offset) {
            printf("  %s: error %d at %zu\n", BAD[i].json.text, error, r.offset);
        }
        CHECK(r.text == NULL && r.text_size == 0);
    }
}

static const char ANSWER[] =
    "{ \"verification_id\" : \"TestVkycVerification\",\"cf_verification_id\":8901234567890123458,\"user_id\":\"USER827364\",\n"
    "\"status\":\"RECEIVED\",\"vkyc_link\":\"https:\\/\\/vkyc.example\\/s\\/"
    "\\u0061bc\",\"score\":-12.5e-1,\"notification_modes\":[\"SMS\",\"WHATSAPP\"],"
    "\"security_questions\":[{\"order\":1,\"question\":\"\xe0\xa4\xa8\xe0\xa4\xbe\xe0\xa4\xae?\",\"answer\":\"\\ud83d\\ude00\"}],"
    "\"meeting_schedule\":null,\"ok\":true,\"bad\":false}";

static void refuses_every_prefix(void)
{
    size_t size = sizeof ANSWER - 1;
    CHECK(read_all(ANSWER, size) == VKYC_JSON_FINE);
    for (size_t cut = 0; cut < size; cut++) {
        CHECK(read_all(ANSWER, cut) == VKYC_JSON_TRUNCATED && r.offset == cut);
    }
}

static void next_text(enum vkyc_json_event event, const char *text)
{
    CHECK(vkyc_json_next(&r) == event);
    CHECK(r.text_size == strlen(text) && memcmp(r.text, text, r.text_size) == 0);
}

static void next_key(const char *text)
{
    next_text(VKYC_JSON_KEY, text);
    CHECK(!r.escaped && r.hash == vkyc_json_hash(text, strlen(text)));
}

static void tells_events(void)
{
    start(ANSWER, sizeof ANSWER - 1);
    next_is(VKYC_JSON_OBJECT);
    CHECK(r.depth == 1);
    next_key("verification_id");
    next_text(VKYC_JSON_STRING, "TestVkycVerification");
    CHECK(!r.escaped);
    next_key("cf_verification_id");
    next_text(VKYC_JSON_NUMBER, "8901234567890123458");
    CHECK(r.integer);
    next_key("user_id");
    next_text(VKYC_JSON_STRING, "USER827364");
    next_key("status");
    next_text(VKYC_JSON_STRING, "RECEIVED");
    next_key("vkyc_link");
    next_text(VKYC_JSON_STRING, "https:\\/\\/vkyc.example\\/s\\/\\u0061bc");
    CHECK(r.escaped);
    char out[64];
    CHECK_BYTES(out, vkyc_json_unescape(r.text, r.text_size, out), "https://vkyc.example/s/abc");
    next_key("score");
    next_text(VKYC_JSON_NUMBER, "-12.5e-1");
    CHECK(!r.integer);
    next_key("notification_modes");
    next_is(VKYC_JSON_ARRAY);
    CHECK(r.depth == 2);
    next_text(VKYC_JSON_STRING, "SMS");
    next_text(VKYC_JSON_STRING, "WHATSAPP");
    next_is(VKYC_JSON_ARRAY_END);
    CHECK(r.depth == 1);
    next_key("security_questions");
    next_is(VKYC_JSON_ARRAY);
    next_is(VKYC_JSON_OBJECT);
    next_key("order");
    next_text(VKYC_JSON_NUMBER, "1");
    next_key("question");
    next_text(VKYC_JSON_STRING, "\xe0\xa4\xa8\xe0\xa4\xbe\xe0\xa4\xae?");
    CHECK(!r.escaped);
    next_key("answer");
    next_text(VKYC_JSON_STRING, "\\ud83d\\ude00");
    CHECK_BYTES(out, vkyc_json_unescape(r.text, r.text_size, out), "\xf0\x9f\x98\x80");
    next_is(VKYC_JSON_OBJECT_END);
    next_is(VKYC_JSON_ARRAY_END);
    next_key("meeting_schedule");
    next_is(VKYC_JSON_NULL);
    next_key("ok");
    next_is(VKYC_JSON_TRUE);
    next_key("bad");
    next_is(VKYC_JSON_FALSE);
    next_is(VKYC_JSON_OBJECT_END);
    CHECK(r.depth == 0);
    next_is(VKYC_JSON_END);
    next_is(VKYC_JSON_END);
}

static void nests(unsigned depth, const char *open, const char *close, enum vkyc_json_error expected)
{
    char *json = malloc(depth * 16 + 1);
    size_t size = 0;
    for (unsigned i = 0; i < depth; i++) {
        memcpy(json + size, open, strlen(open));
        size += strlen(open);
    }
    for (unsigned i = 0; i < depth; i++) {
        memcpy(json + size, close, strlen(close));
        size += strlen(close);
    }
    CHECK(read_all(json, size) == expected);
    if (expected == VKYC_JSON_TOO_DEEP) {
        CHECK(r.offset == strlen(open) * VKYC_MAX_DEPTH && r.depth == VKYC_MAX_DEPTH);
    }
    free(json);
}

static void bounds_depth(void)
{
    nests(VKYC_MAX_DEPTH, "[", "]", VKYC_JSON_FINE);
    nests(VKYC_MAX_DEPTH + 1, "[", "]", VKYC_JSON_TOO_DEEP);
    nests(100000, "[", "]", VKYC_JSON_TOO_DEEP);
    nests(100000, "[", "", VKYC_JSON_TOO_DEEP);
    nests(VKYC_MAX_DEPTH - 1, "{\"a\":", "}", VKYC_JSON_BAD_SYNTAX);
    nests(VKYC_MAX_DEPTH + 1, "{\"a\":", "}", VKYC_JSON_TOO_DEEP);
    nests(VKYC_MAX_DEPTH / 2, "[{\"a\":", "}]", VKYC_JSON_BAD_SYNTAX);
}

static void skips(void)
{
    static const char JSON[] = "{\"a\":{\"b\":[1,{\"c\":[]}],\"d\":\"}\"},\"e\":[[[]]],\"f\":5,\"a2\":{}}";
    start(JSON, sizeof JSON - 1);
    next_is(VKYC_JSON_OBJECT);
    next_key("a");
    next_is(VKYC_JSON_OBJECT);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_OBJECT) == 0 && r.depth == 1);
    next_key("e");
    next_is(VKYC_JSON_ARRAY);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_ARRAY) == 0);
    next_key("f");
    next_is(VKYC_JSON_NUMBER);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_NUMBER) == 0);
    next_key("a2");
    next_is(VKYC_JSON_OBJECT);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_OBJECT) == 0);
    next_is(VKYC_JSON_OBJECT_END);
    next_is(VKYC_JSON_END);

    start(JSON, sizeof JSON - 1);
    next_is(VKYC_JSON_OBJECT);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_OBJECT) == 0);
    next_is(VKYC_JSON_END);

    /* What is skipped is checked. */
    static const char TWICE[] = "[{\"a\":1,\"a\":2}]";
    start(TWICE, sizeof TWICE - 1);
    next_is(VKYC_JSON_ARRAY);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_ARRAY) == -1 && r.error == VKYC_JSON_DUPLICATE_KEY);
    next_is(VKYC_JSON_ERROR);
    CHECK(vkyc_json_skip(&r, VKYC_JSON_ERROR) == -1);
}

static void unescapes(void)
{
    char out[64];
    CHECK_BYTES(out, vkyc_json_unescape("", 0, out), "");
    CHECK_BYTES(out, vkyc_json_unescape("plain", 5, out), "plain");
    CHECK_BYTES(out, vkyc_json_unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", 16, out), "\"\\/\b\f\n\r\t");
    CHECK_BYTES(out, vkyc_json_unescape("x\\u0000y", 8, out), "x\0y");
    CHECK_BYTES(out, vkyc_json_unescape("\\u007f\\u0080\\u07FF\\u0800\\uffff", 30, out), "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
    CHECK_BYTES(out, vkyc_json_unescape("\\ud800\\udc00\\uDBFF\\uDFFF!", 25, out), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf!");
}

/* A wrong byte is seen wherever it stands within the words that the scanner loads. */
static void every_place_of_a_string(void)
{
    static const struct {
        char byte;
        enum vkyc_json_error error;
    } BYTES[] = {{'\x1f', VKYC_JSON_BAD_SYNTAX},
                 {'\0', VKYC_JSON_BAD_SYNTAX},
                 {'\xff', VKYC_JSON_BAD_UTF8},
                 {'\x80', VKYC_JSON_BAD_UTF8},
                 {'\xa0', VKYC_JSON_BAD_UTF8}};
    char json[40];
    for (size_t size = 0; size < 32; size++) {
        memset(json, 'a', sizeof json);
        json[0] = '"';
        json[1 + size] = '"';
        CHECK(read_all(json, size + 2) == VKYC_JSON_FINE);
        CHECK(r.text == block + 2 && r.text_size == size);
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
                json[1 + at] = BYTES[i].byte;
                CHECK(read_all(json, size + 2) == BYTES[i].error && r.offset == 1 + at);
            }
            json[1 + at] = '\\';
            json[2 + at] = 'n';
            if (at + 1 < size) {
                CHECK(read_all(json, size + 2) == VKYC_JSON_FINE && r.escaped && r.text_size == size);
            }
            memset(json + 1, 'a', size);
            json[1 + size] = '"';
        }
    }
}

static void misuse(void)
{
    vkyc_json_read_init(&r, NULL, 0);
    CHECK(vkyc_json_next(&r) == VKYC_JSON_ERROR && r.error == VKYC_JSON_TRUNCATED);
#if SIZE_MAX > UINT32_MAX
    /* The input is not looked at. */
    start("", 0);
    vkyc_json_read_init(&r, block + 1, (size_t)UINT32_MAX + 1);
    CHECK(r.error == VKYC_JSON_BAD_SYNTAX);
    CHECK(vkyc_json_next(&r) == VKYC_JSON_ERROR && r.error == VKYC_JSON_BAD_SYNTAX && r.offset == 0);
#endif
    for (int error = VKYC_JSON_FINE; error <= VKYC_JSON_TRAILING; error++) {
        const char *text = vkyc_json_error_text((enum vkyc_json_error)error);
        CHECK(text != NULL && strlen(text) > 3 && strcmp(text, "unknown error") != 0);
    }
    CHECK(strcmp(vkyc_json_error_text((enum vkyc_json_error)99), "unknown error") == 0);
}

int main(void)
{
    accepts();
    refuses();
    refuses_every_prefix();
    tells_events();
    bounds_depth();
    skips();
    unescapes();
    every_place_of_a_string();
    misuse();
    free(block);
    return check_done("json_read_test");
}
