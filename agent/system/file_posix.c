#include "agent/system/file.h"
#include "agent/system/file_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char file_separator = '/';

bool file_is_separator(char c)
{
    return c == '/';
}

bool file_is_absolute(const char *path)
{
    return path[0] == '/';
}

bool file_is_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool file_is_terminal(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

int file_open(FILE **out, const char *path, const char *mode)
{
    const char with_close_on_exec[] = {mode[0], 'b', 'e', '\0'};
    FILE *file = fopen(path, mode[0] == 'o' ? "r+be" : with_close_on_exec);
    if (file == NULL)
        return -errno;
    struct stat status;
    int rc = fstat(fileno(file), &status) == 0 ? 0 : -errno;
    if (rc == 0 && S_ISDIR(status.st_mode))
        rc = -EISDIR;
    if (rc < 0) {
        (void)fclose(file); /* nothing was written */
        return rc;
    }
    *out = file;
    return 0;
}

/* mkdir of one directory whose parent is there. State and log tell of what runs on the host: not for everybody. */
static int make_one(const char *path)
{
    struct stat status;
    if (mkdir(path, 0750) == 0)
        return 0;
    int rc = -errno;
    if (rc == -EEXIST)
        return stat(path, &status) != 0 ? -errno : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
    return rc;
}

int file_make_directory(const char *path)
{
    char *part = strdup(path);
    if (part == NULL)
        return -ENOMEM;
    int rc = 0;
    for (char *end = part + 1; rc == 0 && *part != '\0'; end++) {
        char c = *end;
        if (c != '/' && c != '\0')
            continue;
        *end = '\0';
        rc = make_one(part);
        *end = c;
        if (c == '\0')
            break;
    }
    free(part);
    return *path == '\0' ? -ENOENT : rc;
}

int file_replace(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : -errno;
}

int file_remove(const char *path)
{
    return unlink(path) == 0 ? 0 : -errno;
}

static int copy(char **out, const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        return -ENOMEM;
    *out = made;
    return 0;
}

int file_program(char **out)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1); /* proc(5) */
    if (size < 0)
        return -errno;
    path[size] = '\0';
    return copy(out, path);
}

int file_default_config(char **out)
{
    return copy(out, "/etc/tripline/tripline.xml");
}

int file_list(const char *directory, int (*each)(void *context, const char *name), void *context)
{
    DIR *opened = opendir(directory);
    if (opened == NULL)
        return errno == ENOENT ? 0 : -errno;
    int rc = 0;
    while (rc == 0) {
        errno = 0; /* the end and a failure are told apart by it */
        /* cppcheck-suppress readdirCalled ; the stream is this thread's alone */
        const struct dirent *entry = readdir(opened);
        if (entry == NULL) {
            rc = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = each(context, entry->d_name);
    }
    (void)closedir(opened); /* only read */
    return rc;
}

int file_default_home(char **out)
{
    return copy(out, "/etc/tripline");
}

int file_default_state(char **out)
{
    return copy(out, "/var/lib/tripline");
}
