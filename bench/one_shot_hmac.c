/* The least that checking a delivery's signature can cost a program that keeps nothing: one HMAC() for each.
 *
 *   one_shot_hmac SECRET TEXT
 *
 * Reads lines "NAME COUNT", makes COUNT signatures for each and prints the CPU seconds and the seconds they took. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    char line[128];
    if (argc != 3) {
        fputs("one_shot_hmac: SECRET TEXT\n", stderr);
        return 2;
    }
    const int secret_size = (int)strlen(argv[1]);
    const size_t size = strlen(argv[2]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *text = strchr(line, ' ');
        long count = text != NULL ? strtol(text, NULL, 10) : 0;
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        double time = seconds(CLOCK_MONOTONIC);
        for (long i = 0; i < count; i++) {
            unsigned char digest[EVP_MAX_MD_SIZE];
            unsigned digest_size = 0;
            if (HMAC(EVP_sha256(), argv[1], secret_size, (const unsigned char *)argv[2], size, digest, &digest_size) == NULL) {
                return 1;
            }
        }
        printf("%.9f %.9f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - time);
        fflush(stdout);
    }
    return 0;
}
