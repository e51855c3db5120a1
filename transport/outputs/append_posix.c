#include "transport/outputs/append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the last whole line of the file's size bytes ends. Returns 0 or a negative errno value. */
static int end_of_lines(off_t *end, int fd, off_t size)
{
    char block[4096];
    while (size > 0) {
        off_t begin = size > (off_t)sizeof(block) ? size - (off_t)sizeof(block) : 0;
        ssize_t got = pread(fd, block, (size_t)(size - begin), begin);
        if (got != size - begin)
            return got < 0 ? -errno : -EIO;
        for (; got > 0; got--)
            if (block[got - 1] == '\n') {
                *end = begin + got;
                return 0;
            }
        size = begin;
    }
    *end = 0;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -errno;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

int append_bytes(const char *path, const char *bytes, size_t size)
{
    struct stat status;
    off_t end = 0;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &status) == 0 ? 0 : -errno;
    if (rc == 0 && !S_ISREG(status.st_mode))
        rc = -EINVAL;
    if (rc == 0)
        rc = end_of_lines(&end, fd, status.st_size);
    if (rc == 0 && end < status.st_size && ftruncate(fd, end) != 0)
        rc = -errno;
    if (rc == 0) {
        rc = write_all(fd, bytes, size);
        if (rc < 0)
            (void)ftruncate(fd, end); /* the first failure is the one to tell; a rest of a line goes next time */
    }
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

int append_size(uint64_t *size, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        *size = 0;
        return errno == ENOENT ? 0 : -errno;
    }
    *size = (uint64_t)status.st_size;
    return 0;
}

int append_rename(const char *from, const char *to)
{
    return rename(from, to) == 0 || errno == ENOENT ? 0 : -errno;
}

int append_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}
