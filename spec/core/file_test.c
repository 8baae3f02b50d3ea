/* Small files: whole or not at all, and nothing that could block. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/core/file.h"
#include "check.h"

int main(void)
{
    char directory[] = "/tmp/vkyc_file_XXXXXX";
    char path[64];
    char link[64];
    char out[8];
    size_t size = 99;
    CHECK(mkdtemp(directory) != NULL);
    (void)snprintf(path, sizeof path, "%s/file", directory);
    (void)snprintf(link, sizeof link, "%s/link", directory);
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite("ab\0d", 1, 4, f) == 4 && fclose(f) == 0);

    CHECK(vkyc_file_read(path, out, sizeof out, &size) == VKYC_OK);
    CHECK_BYTES(out, size, "ab\0d");
    CHECK(vkyc_file_read(path, out, 4, &size) == VKYC_OK && size == 4);
    CHECK(vkyc_file_read(path, out, 3, &size) == VKYC_ERR_LIMIT && size == 3);
    CHECK(vkyc_file_read(path, out, 0, &size) == VKYC_ERR_LIMIT && size == 0);
    CHECK(symlink(path, link) == 0 && vkyc_file_read(link, out, 4, &size) == VKYC_OK && size == 4);
    CHECK(truncate(path, 0) == 0 && vkyc_file_read(path, out, 4, &size) == VKYC_OK && size == 0);

    CHECK(unlink(path) == 0);
    CHECK(vkyc_file_read(path, out, 4, &size) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_file_read(link, out, 4, &size) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_file_read("", out, 4, &size) == VKYC_ERR_SYSTEM && errno == ENOENT);
    CHECK(vkyc_file_read(directory, out, 4, &size) == VKYC_ERR_SYSTEM && errno == EISDIR);
    CHECK(vkyc_file_read("/dev/zero", out, 4, &size) == VKYC_ERR_SYSTEM && errno == EINVAL);
    /* A file that opens and cannot be read: the page at 0 is no memory of ours. */
    CHECK(vkyc_file_read("/proc/self/mem", out, 4, &size) == VKYC_ERR_SYSTEM && errno == EIO);
    CHECK(mkfifo(path, 0600) == 0 && vkyc_file_read(path, out, 4, &size) == VKYC_ERR_SYSTEM && errno == EINVAL);
    CHECK(unlink(path) == 0 && unlink(link) == 0 && rmdir(directory) == 0);
    return check_done("file");
}
