#include "agent/system/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int directory_scan(struct directory *to, const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return -errno;
    int rc = 0;
    for (;;) {
        struct stat status;
        errno = 0;
        /* cppcheck-suppress readdirCalled ; the stream is this thread's alone */
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            rc = -errno;
            break;
        }
        struct directory_entry what = {.name = NULL};
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            what.is_directory = S_ISDIR(status.st_mode); /* a link that leads to its own parent is not followed */
            what.size = (uint64_t)status.st_size;
            what.changed = (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
        }
        rc = directory_add(to, entry->d_name, &what);
        if (rc < 0)
            break;
    }
    (void)closedir(dir); /* only read */
    return rc;
}
