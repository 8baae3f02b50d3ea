/* Secrets: what they hold, and that nothing of it stays in the memory of the process. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/core/secret.h"
#include "check.h"

/* Stands before the system's: pages that were a secret's must be zero when they go, or the next owner of the memory could read them. */
static unsigned unmapped;
static unsigned unwiped;

int munmap(void *pages, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (((const char *)pages)[i] != 0) {
            unwiped++;
            break;
        }
    }
    unmapped++;
    return (int)syscall(SYS_munmap, pages, size);
}

static char directory[] = "/tmp/vkyc_secret_XXXXXX";
static char path[64];

static void write_file(const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    if (f != NULL) {
        CHECK(fwrite(bytes, 1, size, f) == size);
        (void)fclose(f);
    }
}

static int holds(const struct vkyc_secret *s, const char *text)
{
    return s->bytes != NULL && s->size == strlen(text) && memcmp(s->bytes, text, s->size) == 0;
}

static void test_set(void)
{
    struct vkyc_secret s = {0};
    static char big[VKYC_MAX_SECRET + 1];
    CHECK(vkyc_secret_set(&s, "", 0) == VKYC_ERR_RANGE && s.bytes == NULL);
    CHECK(vkyc_secret_set(&s, "first", 5) == VKYC_OK);
    CHECK(holds(&s, "first") && s.generation == 1);
    CHECK(vkyc_secret_set(&s, "second", 6) == VKYC_OK);
    CHECK(holds(&s, "second") && s.generation == 2);
    CHECK(vkyc_secret_set(&s, s.bytes + 3, 3) == VKYC_OK);
    CHECK(holds(&s, "ond") && s.generation == 3);
    CHECK(vkyc_secret_set(&s, big, sizeof big) == VKYC_ERR_LIMIT);
    CHECK(vkyc_secret_set(&s, "", 0) == VKYC_ERR_RANGE);
    CHECK(holds(&s, "ond") && s.generation == 3);
    CHECK(vkyc_secret_set(&s, big, VKYC_MAX_SECRET) == VKYC_OK && s.size == VKYC_MAX_SECRET);
    CHECK(vkyc_secret_set(&s, "a\0b", 3) == VKYC_OK && s.size == 3);
    vkyc_secret_clear(&s);
    CHECK(s.bytes == NULL && s.size == 0 && s.generation == 5);
    vkyc_secret_clear(&s);
    CHECK(vkyc_secret_set(&s, "again", 5) == VKYC_OK && s.generation == 6);
    vkyc_secret_clear(&s);
}

static void test_load(void)
{
    struct vkyc_secret s = {0};
    write_file("value\n", 6);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK && holds(&s, "value") && s.generation == 1);
    /* The same again is nothing new. */
    write_file("value\r\n", 7);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK && holds(&s, "value") && s.generation == 1);
    write_file("value\n\n", 7);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK && holds(&s, "value\n") && s.generation == 2);
    write_file("val\r", 4);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK && holds(&s, "val\r") && s.generation == 3);

    write_file("", 0);
    CHECK(vkyc_secret_load(&s, path) == VKYC_ERR_RANGE);
    write_file("\r\n", 2);
    CHECK(vkyc_secret_load(&s, path) == VKYC_ERR_RANGE);
    static char big[VKYC_MAX_SECRET + 3];
    memset(big, 'x', sizeof big);
    write_file(big, VKYC_MAX_SECRET + 1);
    CHECK(vkyc_secret_load(&s, path) == VKYC_ERR_LIMIT);
    write_file(big, VKYC_MAX_SECRET + 3);
    CHECK(vkyc_secret_load(&s, path) == VKYC_ERR_LIMIT);
    CHECK(holds(&s, "val\r") && s.generation == 3);
    memcpy(big + VKYC_MAX_SECRET, "\r\n", 2);
    write_file(big, VKYC_MAX_SECRET + 2);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK && s.size == VKYC_MAX_SECRET);

    CHECK(vkyc_secret_load(&s, "/nonexistent/secret") == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_secret_load(&s, "/dev/null/secret") == VKYC_ERR_SYSTEM && errno == ENOTDIR);
    CHECK(vkyc_secret_load(&s, "/dev/null") == VKYC_ERR_SYSTEM && errno == EINVAL);
    CHECK(vkyc_secret_load(&s, directory) == VKYC_ERR_SYSTEM && errno == EISDIR);
    CHECK(s.size == VKYC_MAX_SECRET);
    /* A pipe would block for ever. */
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK(vkyc_secret_load(&s, path) == VKYC_ERR_SYSTEM && errno == EINVAL);
    CHECK(unlink(path) == 0);
    vkyc_secret_clear(&s);
}

static const char mask = 0x55;

/* How often the writable memory of this process holds the canary, which the search itself knows masked only; -1 without /proc. */
static int memory_holds(const char *masked, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    FILE *memory = fopen("/proc/self/mem", "rb");
    char line[512];
    int found = 0;
    if (maps == NULL || memory == NULL) {
        return -1;
    }
    static unsigned char block[1 << 16];
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start;
        unsigned long end;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || rights[0] != 'r' || rights[1] != 'w') {
            continue;
        }
        /* Sanitizers reserve terabytes that hold nothing. */
        if (end - start > (1UL << 30) || fseek(memory, (long)start, SEEK_SET) != 0) {
            continue;
        }
        size_t kept = 0;
        while (start < end) {
            size_t wanted = sizeof block - kept < end - start ? sizeof block - kept : end - start;
            size_t have = fread(block + kept, 1, wanted, memory);
            if (have == 0) {
                break;
            }
            start += have;
            have += kept;
            for (size_t i = 0; i + size <= have; i++) {
                size_t n = 0;
                while (n < size && (block[i + n] ^ mask) == (unsigned char)masked[n]) {
                    n++;
                }
                found += n == size ? 1 : 0;
            }
            kept = have < size ? have : size - 1;
            memmove(block, block + have - kept, kept);
        }
    }
    memset(block, 0, sizeof block);
    (void)fclose(maps);
    (void)fclose(memory);
    return found;
}

/* The canary goes to its file by write(2): a buffer of stdio would keep it. */
static void test_memory(void)
{
    enum { SIZE = 32 };
    char masked[SIZE];
    char plain[SIZE];
    struct vkyc_secret s = {0};
    srand(20261121);
    for (size_t i = 0; i < SIZE; i++) {
        masked[i] = (char)(('A' + rand() % 26) ^ mask);
        plain[i] = (char)(masked[i] ^ mask);
    }
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && write(fileno(f), plain, SIZE) == SIZE);
    if (f != NULL) {
        (void)fclose(f);
    }
    memset(plain, 0, SIZE);
    __asm__ volatile("" : : "r"(plain) : "memory");
    CHECK(memory_holds(masked, SIZE) == 0);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK);
    CHECK(memory_holds(masked, SIZE) == 1);
    /* A rotation leaves nothing of the old value, closing nothing of the new one. */
    CHECK(vkyc_secret_set(&s, "other", 5) == VKYC_OK);
    CHECK(memory_holds(masked, SIZE) == 0);
    CHECK(vkyc_secret_load(&s, path) == VKYC_OK);
    vkyc_secret_clear(&s);
    CHECK(memory_holds(masked, SIZE) == 0);
    CHECK(unlink(path) == 0);
}

/* "dd" in VmFlags is how the kernel says that a mapping stays out of core dumps. qemu-user neither asks for that nor tells of it. */
static void test_dump(void)
{
    struct vkyc_secret s = {0};
    CHECK(vkyc_secret_set(&s, "value", 5) == VKYC_OK);
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    int here = 0;
    int dumped = 1;
    while (smaps != NULL && fgets(line, sizeof line, smaps) != NULL) {
        unsigned long start;
        unsigned long end;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            here = (unsigned long)s.bytes >= start && (unsigned long)s.bytes < end;
        } else if (here && strncmp(line, "VmFlags:", 8) == 0) {
            dumped = strstr(line, " dd") == NULL;
        }
    }
    CHECK(getenv("VKYC_EMULATED") != NULL || (smaps != NULL && !dumped));
    if (smaps != NULL) {
        (void)fclose(smaps);
    }
    /* A worker needs the secret of its master. */
    pid_t child = fork();
    if (child == 0) {
        _exit(holds(&s, "value") ? 0 : 1);
    }
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    vkyc_secret_clear(&s);
}

int main(void)
{
    CHECK(mkdtemp(directory) != NULL);
    (void)snprintf(path, sizeof path, "%s/secret", directory);
    test_set();
    test_load();
    test_memory();
    test_dump();
    CHECK(rmdir(directory) == 0);
    CHECK(unmapped > 15 && unwiped == 0);
    return check_done("secret");
}
