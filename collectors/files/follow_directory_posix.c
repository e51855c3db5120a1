#include "collectors/files/follow_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds from 1601 to 1970. */
#define EPOCH 11644473600ull

static uint64_t changed_of(const struct stat *status)
{
    return ((uint64_t)status->st_mtim.tv_sec + EPOCH) * 10000000u + (uint64_t)status->st_mtim.tv_nsec / 100u;
}

int follow_directory_list(struct follow_entries *out, const char *directory, struct fault *fault)
{
    DIR *dir = opendir(directory);
    if (dir == NULL) {
        int error = errno;
        fault_set(fault, "opendir", error, text_from(directory), NULL);
        return -error;
    }
    int rc = 0;
    while (rc == 0) {
        struct stat status;
        errno = 0;
        /* cppcheck-suppress readdirCalled ; the stream is this thread's alone */
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            rc = -errno;
            if (rc < 0)
                fault_set(fault, "readdir", -rc, text_from(directory), NULL);
            break;
        }
        if (fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            rc = follow_entries_add(out, entry->d_name, changed_of(&status));
    }
    (void)closedir(dir); /* only read */
    return rc;
}

int follow_directory_open(FILE **out, struct follow_file *is, const char *directory, const char *name)
{
    struct stat status;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int rc = fd < 0 || fstat(fd, &status) != 0 ? -errno : 0;
    (void)close(dir); /* only read */
    FILE *file = rc == 0 && fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (rc == 0 && file == NULL)
        rc = -errno;
    if (rc < 0) {
        if (fd >= 0)
            (void)close(fd); /* only read */
        return rc;
    }
    *is = (struct follow_file){.size = (uint64_t)status.st_size, .id = (uint64_t)status.st_ino};
    *out = file;
    return 0;
}
