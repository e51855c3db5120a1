/*
 * scan_paths: what a scan is asked to read -> files. A directory stands for the logs in it and below, by their names; a
 * name with '*' or '?' that is no file, for the files of that directory that fit it (Windows' command line leaves that
 * to the program).
 */
#ifndef AGENT_SCAN_SCAN_PATHS_H
#define AGENT_SCAN_SCAN_PATHS_H

#include <stddef.h>

/* Deepest directory below the one that is named; deeper is -ELOOP. */
#define SCAN_PATHS_MAX_DEPTH 64

/* All zero: none. */
struct scan_paths {
    char **list; /* UTF-8 */
    size_t count, room;
    size_t others; /* files in directories that no log has the name of: they are not read */
};

/*
 * Adds path, or what it stands for, in the byte order of the names. What is not there, "-" too, is added as it is: it
 * is reported when it is read. Returns 0; -ENOENT: nothing fits a name with '*' or '?'; -ENOMEM; what reading a directory
 * failed with.
 */
int scan_paths_add(struct scan_paths *paths, const char *path);

/* Frees what was added. */
void scan_paths_clear(struct scan_paths *paths);

#endif
