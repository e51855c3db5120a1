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
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            rc = -errno;
            break;
        }
        bool is_directory = fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                            S_ISDIR(status.st_mode); /* a link that leads to its own parent is not followed */
        rc = directory_add(to, entry->d_name, is_directory);
        if (rc < 0)
            break;
    }
    (void)closedir(dir); /* only read */
    return rc;
}
