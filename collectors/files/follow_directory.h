/*
 * follow_directory: the files of a directory that is written to (follow_directory_win.c, follow_directory_posix.c).
 */
#ifndef COLLECTORS_FILES_FOLLOW_DIRECTORY_H
#define COLLECTORS_FILES_FOLLOW_DIRECTORY_H

#include "detect/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the longest name that is taken, with its NUL; Exchange's have about 60. */
#define FOLLOW_NAME_SIZE 256

struct follow_entry {
    char name[FOLLOW_NAME_SIZE]; /* UTF-8, without control characters */
    uint64_t changed;            /* as an event's time; Windows brings it up to date when the file is closed */
};

struct follow_entries {
    struct follow_entry *items; /* malloc'd */
    size_t count, room;
};

/* Most files of a directory that are listed. */
#define FOLLOW_MAX_LISTED 100000u

/* Adds an entry if its name is one that is taken. Returns 0 or -ENOMEM. */
int follow_entries_add(struct follow_entries *to, const char *name, uint64_t changed);

/* Fills *out, which is zeros, with the regular files whose names end in ".log" (any letter case). Returns 0, -ENOENT,
 * -EACCES, -ENOMEM or another negative errno value with fault; what was found is the caller's in any case. */
int follow_directory_list(struct follow_entries *out, const char *directory, struct fault *fault);

/* What a file is. */
struct follow_file {
    uint64_t size, id; /* id: another one for a file that took the name */
};

/* Opens a file for reading while others write, rename and remove it. Returns 0, -ENOENT or another negative errno
 * value. */
int follow_directory_open(FILE **out, struct follow_file *is, const char *directory, const char *name);

#endif
