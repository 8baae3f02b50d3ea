/* Feeds files to a fuzz target without libFuzzer, so that every run of the tests repeats the corpus with any compiler. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20 };

/* The target gets a block of exactly the file's size, so that sanitizers see one byte too far. */
static int replay(const char *path, uint8_t *whole)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(whole, 1, MOST, file);
    int failed = ferror(file) || !feof(file);
    (void)fclose(file);
    uint8_t *block = malloc(size + 1);
    if (failed || block == NULL) {
        (void)fprintf(stderr, "%s: cannot be read, or is over %d bytes\n", path, MOST - 1);
        free(block);
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        block[1 + i] = whole[i];
    }
    (void)LLVMFuzzerTestOneInput(block + 1, size);
    free(block);
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t *whole = malloc(MOST);
    int failed = whole == NULL || argc < 2;
    for (int i = 1; i < argc && whole != NULL; i++) {
        failed |= replay(argv[i], whole) != 0;
    }
    free(whole);
    printf("replayed %d inputs\n", argc - 1);
    return failed;
}
