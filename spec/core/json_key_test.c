/* Keys: how many, how long, and which are the same (faults.md I05). */
#include "json_check.h"

static char *many_keys(unsigned count, unsigned first, char *to)
{
    for (unsigned i = 0; i < count; i++) {
        to += sprintf(to, "%s\"k%u\":%u", i > 0 ? "," : "", first + i, i);
    }
    return to;
}

static void bounds_keys(void)
{
    char *json = malloc((size_t)1 << 17);
    for (unsigned count = VKYC_MAX_OPEN_KEYS - 1; count <= VKYC_MAX_OPEN_KEYS + 1; count++) {
        char *to = json;
        *to++ = '{';
        to = many_keys(count, 0, to);
        *to++ = '}';
        CHECK(read_all(json, (size_t)(to - json)) == (count <= VKYC_MAX_OPEN_KEYS ? VKYC_JSON_FINE : VKYC_JSON_TOO_MANY_KEYS));

        /* The last key is the first one again. */
        to = json;
        *to++ = '{';
        to = many_keys(count - 1, 0, to);
        to += sprintf(to, ",\"\\u006b0\":1}");
        CHECK(read_all(json, (size_t)(to - json)) == VKYC_JSON_DUPLICATE_KEY);

        /* Keys of objects that are open at once count together; those of closed ones do not. */
        to = json;
        to += sprintf(to, "{\"x\":{");
        to = many_keys(count - 1, 0, to);
        to += sprintf(to, "},\"y\":[{");
        to = many_keys(count - 2, 0, to);
        to += sprintf(to, "}]}");
        CHECK(read_all(json, (size_t)(to - json)) == (count <= VKYC_MAX_OPEN_KEYS ? VKYC_JSON_FINE : VKYC_JSON_TOO_MANY_KEYS));
    }
    free(json);
}

static void key_of(size_t size, const char *piece, size_t decoded)
{
    char *json = malloc(size * strlen(piece) + 8);
    char *to = json;
    to += sprintf(to, "{\"");
    for (size_t i = 0; i < size; i++) {
        to += sprintf(to, "%s", piece);
    }
    to += sprintf(to, "\":1}");
    CHECK(read_all(json, (size_t)(to - json)) == (size * decoded <= VKYC_MAX_KEY ? VKYC_JSON_FINE : VKYC_JSON_TOO_MANY_KEYS));
    free(json);
}

static void bounds_key_size(void)
{
    for (size_t size = VKYC_MAX_KEY - 1; size <= VKYC_MAX_KEY + 1; size++) {
        key_of(size, "k", 1);
        key_of(size, "\\u006b", 1);
        key_of(size, "\\n", 1);
        key_of(size / 2, "\\u00e9", 2);
        key_of(size / 4, "\\ud83d\\ude00", 4);
        key_of(size / 4, "\xf0\x9f\x98\x80", 4);
    }
    key_of(VKYC_MAX_KEY / 2 + 1, "\\u00e9", 2);
    key_of(VKYC_MAX_KEY / 4 + 1, "\\ud83d\\ude00", 4);
    key_of(1000000, "k", 1);
    key_of(100000, "\\t", 1);
}

static void hashes_decoded_keys(void)
{
    char key[40];
    for (size_t size = 0; size < sizeof key; size++) {
        char json[512];
        char *to = json;
        to += sprintf(to, "{\"");
        for (size_t i = 0; i < size; i++) {
            key[i] = (char)('a' + i % 26);
            to += sprintf(to, "\\u%04x", (unsigned)key[i]);
        }
        to += sprintf(to, "\":0}");
        uint32_t hash = vkyc_json_hash(key, size);
        start(json, (size_t)(to - json));
        next_is(VKYC_JSON_OBJECT);
        next_is(VKYC_JSON_KEY);
        CHECK(r.hash == hash);

        to = json;
        to += sprintf(to, "{\"%.*s\":0}", (int)size, key);
        start(json, (size_t)(to - json));
        next_is(VKYC_JSON_OBJECT);
        next_is(VKYC_JSON_KEY);
        CHECK(r.hash == hash);
        /* NUL bytes count, and every byte matters. */
        if (size > 0) {
            for (size_t i = 0; i < size; i++) {
                key[i]++;
                CHECK(vkyc_json_hash(key, size) != hash);
                key[i]--;
            }
            char zeros[40] = {0};
            CHECK(vkyc_json_hash(zeros, size) != vkyc_json_hash(zeros, size - 1));
        }
    }
}

struct hashed {
    uint32_t hash;
    unsigned number;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a;
    const struct hashed *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Different keys of one hash are not duplicates of each other. */
static void equal_hashes(void)
{
    enum { COUNT = 300000 };
    struct hashed *all = malloc(COUNT * sizeof *all);
    for (unsigned i = 0; i < COUNT; i++) {
        char key[16];
        int size = snprintf(key, sizeof key, "key%u", i);
        all[i].hash = vkyc_json_hash(key, (size_t)size);
        all[i].number = i;
    }
    qsort(all, COUNT, sizeof *all, by_hash);
    unsigned found = 0;
    for (unsigned i = 0; i + 1 < COUNT; i++) {
        if (all[i].hash == all[i + 1].hash) {
            unsigned a = all[i].number;
            unsigned b = all[i + 1].number;
            char json[128];
            int size = snprintf(json, sizeof json, "{\"key%u\":1,\"key%u\":2}", a, b);
            CHECK(read_all(json, (size_t)size) == VKYC_JSON_FINE);
            size = snprintf(json, sizeof json, "{\"key%u\":1,\"key%u\":2,\"\\u006bey%u\":3}", a, b, b);
            CHECK(read_all(json, (size_t)size) == VKYC_JSON_DUPLICATE_KEY);
            size = snprintf(json, sizeof json, "{\"k\\u0065y%u\":1,\"key%u\":2,\"key%u\":3}", a, b, a);
            CHECK(read_all(json, (size_t)size) == VKYC_JSON_DUPLICATE_KEY);
            found++;
        }
    }
    /* About ten are expected of 300,000 keys and 32 bits; hundreds would be a poor hash. */
    CHECK(found > 0 && found < 100);
    free(all);

    /* The same of a key and the beginning of another; this pair was searched for. */
    static const char PREFIX[] = "{\"k\":1,\"kvjqnbvg\":2}";
    static const char LONGER[] = "{\"kvjqnbvg\":2,\"k\":1}";
    CHECK(vkyc_json_hash("k", 1) == vkyc_json_hash("kvjqnbvg", 8));
    CHECK(read_all(PREFIX, sizeof PREFIX - 1) == VKYC_JSON_FINE);
    CHECK(read_all(LONGER, sizeof LONGER - 1) == VKYC_JSON_FINE);
}

int main(void)
{
    bounds_keys();
    bounds_key_size();
    hashes_decoded_keys();
    equal_hashes();
    free(block);
    return check_done("json_key_test");
}
