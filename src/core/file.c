#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum vkyc_status vkyc_file_open(const char *path, int *fd)
{
    /* Not blocking, so that a pipe is opened, seen and refused instead of waited for. */
    int file;
    do {
        file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (file < 0 && errno == EINTR);
    if (file < 0) {
        return VKYC_ERR_SYSTEM;
    }
    struct stat st;
    int failure = fstat(file, &st) != 0 ? errno : S_ISREG(st.st_mode) ? 0 : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    if (failure != 0) {
        close(file);
        errno = failure;
        return VKYC_ERR_SYSTEM;
    }
    *fd = file;
    return VKYC_OK;
}

enum vkyc_status vkyc_file_read(const char *path, char *out, size_t room, size_t *size)
{
    int fd;
    enum vkyc_status status = vkyc_file_open(path, &fd);
    if (status != VKYC_OK) {
        return status;
    }
    size_t have = 0;
    int failure = 0;
    for (;;) {
        char probe;
        ssize_t n = have < room ? read(fd, out + have, room - have) : read(fd, &probe, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            failure = errno;
            status = VKYC_ERR_SYSTEM;
        } else if (n > 0 && have == room) {
            probe = 0;
            status = VKYC_ERR_LIMIT;
        } else if (n > 0) {
            have += (size_t)n;
            continue;
        }
        break;
    }
    close(fd);
    errno = failure;
    *size = have;
    return status;
}
