/* directory: what lies in a directory (directory.c, directory_posix.c, directory_win.c). */
#ifndef AGENT_SYSTEM_DIRECTORY_H
#define AGENT_SYSTEM_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most entries that a directory may have: more is -E2BIG. */
#define DIRECTORY_MAX 100000

struct directory_entry {
    char *name; /* UTF-8, without the directory */
    bool is_directory;
    uint64_t size, changed; /* bytes; when it was written last, in units of the system's own */
};

struct directory {
    struct directory_entry *entries; /* in the byte order of their names; without "." and ".." */
    size_t count, room;
};

/* Fills *out, which the caller clears with directory_clear(). Links and what else is no file count as files. Returns 0
 * or a negative errno value: -ENOENT, -ENOTDIR, -EACCES ... */
int directory_read(struct directory *out, const char *path);
void directory_clear(struct directory *directory);

/* The system's own half: adds each entry with directory_add(), whose what has no name; 0 or a negative errno value. */
int directory_scan(struct directory *to, const char *path);
int directory_add(struct directory *to, const char *name, const struct directory_entry *what);

#endif
