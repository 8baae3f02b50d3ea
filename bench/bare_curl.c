/* What a call by curl_easy_perform with our options costs by itself: an easy handle set up once, the same bytes sent and received, nothing
 * read or checked.
 *
 *   bare_curl URL CA_FILE BODY HEADER...
 *
 * Reads lines "NAME COUNT", makes COUNT calls for each and prints the CPU seconds and the seconds they took. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static int go(void *ud, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)ud;
    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    return CURL_PREREQFUNC_OK;
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
    static char error[CURL_ERROR_SIZE];
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
    SET(CURLOPT_SSL_VERIFYPEER, 1L)
    SET(CURLOPT_SSL_VERIFYHOST, 2L)
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
    SET(CURLOPT_CAPATH, NULL)
    SET(CURLOPT_CAINFO, argv[2])
    SET(CURLOPT_PROXY, "")
    SET(CURLOPT_NOPROXY, "")
    SET(CURLOPT_ERRORBUFFER, error)
    SET(CURLOPT_NOSIGNAL, 1L)
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_PATH_AS_IS, 1L)
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
    SET(CURLOPT_MAXCONNECTS, 4L)
    SET(CURLOPT_TCP_NODELAY, 1L)
    SET(CURLOPT_TCP_KEEPALIVE, 1L)
    SET(CURLOPT_PREREQFUNCTION, go)
    SET(CURLOPT_HEADERFUNCTION, drop)
    SET(CURLOPT_TIMEOUT_MS, 10000L)
    SET(CURLOPT_CONNECTTIMEOUT_MS, 3000L)
    SET(CURLOPT_HTTPHEADER, headers)
    SET(CURLOPT_POSTFIELDS, argv[3])
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(argv[3]))
    SET(CURLOPT_POST, 1L)
    SET(CURLOPT_WRITEFUNCTION, keep)
    SET(CURLOPT_WRITEDATA, a)
#undef SET
    if (code != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

static int calls(CURL *easy, struct answer *a, long count)
{
    for (long i = 0; i < count; i++) {
        long status = 0;
        a->size = 0;
        if (curl_easy_perform(easy) != CURLE_OK || curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200 ||
            a->size == 0) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static struct answer answer;
    struct curl_slist *headers = NULL;
    char line[128];
    if (argc < 4 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("bare_curl: URL CA_FILE BODY HEADER...\n", stderr);
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        struct curl_slist *longer = curl_slist_append(headers, argv[i]);
        if (longer == NULL) {
            return 2;
        }
        headers = longer;
    }
    CURL *easy = prepare(argv, headers, &answer);
    int good = easy != NULL;
    while (good && fgets(line, sizeof line, stdin) != NULL) {
        const char *count = strchr(line, ' ');
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        double time = seconds(CLOCK_MONOTONIC);
        good = count != NULL && calls(easy, &answer, strtol(count, NULL, 10));
        if (good) {
            printf("%.9f %.9f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - time);
            fflush(stdout);
        }
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    if (!good) {
        fputs("bare_curl: a call failed\n", stderr);
    }
    return good ? 0 : 1;
}
