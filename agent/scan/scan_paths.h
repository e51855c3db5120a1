/*
 * scan_paths: what a scan is asked to read -> files. A directory stands for the logs in it and below, by their names; a
 * name with '*' or '?' that is no file, for the files of that directory that fit it (Windows' command line leaves that
 * to the program); a ZIP archive, for the logs among its members, by their names too.
 */
#ifndef AGENT_SCAN_SCAN_PATHS_H
#define AGENT_SCAN_SCAN_PATHS_H

#include "collectors/files/zip.h"

#include <stddef.h>

/* Deepest directory below the one that is named; deeper is -ELOOP. */
#define SCAN_PATHS_MAX_DEPTH 64

/* What a file is in an archive. */
struct scan_member {
    char *archive; /* UTF-8; NULL: the file is one of its own */
    struct zip_member zip;
    char *trouble; /* why the archive's members are not known; NULL: this is one */
};

/* All zero: none. */
struct scan_paths {
    char **list;                 /* UTF-8; a member's is "archive!name" */
    struct scan_member *members; /* one a path */
    size_t count, room;
    size_t others; /* files in directories and archives that no log has the name of: they are not read */
};

/*
 * Adds path, or what it stands for, in the byte order of the names. What is not there, "-" too, is added as it is: it
 * is reported when it is read. Returns 0; -ENOENT: nothing fits a name with '*' or '?'; -ENOMEM; what reading a
 * directory failed with.
 */
int scan_paths_add(struct scan_paths *paths, const char *path);

/* Frees what was added. */
void scan_paths_clear(struct scan_paths *paths);

#endif
