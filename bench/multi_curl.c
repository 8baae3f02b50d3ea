/* What calls by curl_multi_perform cost on the calling thread, 64 at a time: as many easy handles, each set up once, the same bytes sent
 * and received, nothing read or checked.
 *
 *   multi_curl URL CA_FILE BODY HEADER...
 *
 * Reads lines "NAME COUNT", makes COUNT calls for each and prints the CPU seconds and the seconds they took. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IN_FLIGHT = 64 };

struct answer {
    size_t size;
    char bytes[4096];
};

static size_t keep(char *bytes, size_t one, size_t size, void *ud)
{
    struct answer *a = ud;
    (void)one;
    if (size > sizeof a->bytes - a->size) {
        return 0;
    }
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
    return size;
}

static size_t drop(char *bytes, size_t one, size_t size, void *ud)
{
    (void)bytes;
    (void)one;
    (void)ud;
    return size;
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The options of src/curl. */
static CURL *prepare(char **argv, struct curl_slist *headers, struct answer *a)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        return NULL;
    }
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                                                 \
    if (code == CURLE_OK) {                                                                                                                \
        code = curl_easy_setopt(easy, option, value);                                                                                      \
    }
    SET(CURLOPT_URL, argv[1])
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
    SET(CURLOPT_CAPATH, NULL)
    SET(CURLOPT_CAINFO, argv[2])
    SET(CURLOPT_PROXY, "")
    SET(CURLOPT_NOPROXY, "")
    SET(CURLOPT_NOSIGNAL, 1L)
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_PATH_AS_IS, 1L)
    SET(CURLOPT_TCP_NODELAY, 1L)
    SET(CURLOPT_TCP_KEEPALIVE, 1L)
    SET(CURLOPT_HEADERFUNCTION, drop)
    SET(CURLOPT_TIMEOUT_MS, 10000L)
    SET(CURLOPT_CONNECTTIMEOUT_MS, 3000L)
    SET(CURLOPT_HTTPHEADER, headers)
    SET(CURLOPT_POSTFIELDS, argv[3])
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(argv[3]))
    SET(CURLOPT_POST, 1L)
    SET(CURLOPT_WRITEFUNCTION, keep)
    SET(CURLOPT_WRITEDATA, a)
    SET(CURLOPT_PRIVATE, a)
#undef SET
    if (code != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

static int begin(CURLM *multi, CURL *easy)
{
    struct answer *a = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&a);
    a->size = 0;
    return curl_multi_add_handle(multi, easy) == CURLM_OK;
}

/* Each handle begins its next call where its last one ended. 1, or 0 when a call failed. */
static int calls(CURLM *multi, CURL **easy, long count)
{
    long begun = 0;
    long ended = 0;
    for (; begun < IN_FLIGHT && begun < count; begun++) {
        if (!begin(multi, easy[begun])) {
            return 0;
        }
    }
    while (ended < count) {
        int running;
        int left;
        CURLMsg *message;
        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            return 0;
        }
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            CURL *one = message->easy_handle;
            CURLcode code = message->data.result;
            long status = 0;
            curl_easy_getinfo(one, CURLINFO_RESPONSE_CODE, &status);
            curl_multi_remove_handle(multi, one);
            if (code != CURLE_OK || status != 200) {
                return 0;
            }
            ended++;
            if (begun < count) {
                begun++;
                if (!begin(multi, one)) {
                    return 0;
                }
            }
        }
        if (running > 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static struct answer answers[IN_FLIGHT];
    CURL *easy[IN_FLIGHT];
    struct curl_slist *headers = NULL;
    char line[128];
    if (argc < 4 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("multi_curl: URL CA_FILE BODY HEADER...\n", stderr);
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        struct curl_slist *longer = curl_slist_append(headers, argv[i]);
        if (longer == NULL) {
            return 2;
        }
        headers = longer;
    }
    CURLM *multi = curl_multi_init();
    int good = multi != NULL && curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)IN_FLIGHT) == CURLM_OK;
    for (int i = 0; i < IN_FLIGHT && good; i++) {
        easy[i] = prepare(argv, headers, &answers[i]);
        good = easy[i] != NULL;
    }
    while (good && fgets(line, sizeof line, stdin) != NULL) {
        const char *count = strchr(line, ' ');
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        double time = seconds(CLOCK_MONOTONIC);
        good = count != NULL && calls(multi, easy, strtol(count, NULL, 10));
        if (good) {
            printf("%.9f %.9f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - time);
            fflush(stdout);
        }
    }
    if (!good) {
        fputs("multi_curl: a call failed\n", stderr);
    }
    return good ? 0 : 1; /* the system takes the rest back */
}
