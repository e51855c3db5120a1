/*
 * file: paths in UTF-8 on both systems (file.c, file_posix.c, file_win.c).
 *
 * Every function returns 0 or a negative errno value and sets its out-parameter only on success. Files are opened in
 * binary, are not inherited by child processes, and others may read, rename and delete them meanwhile.
 */
#ifndef AGENT_SYSTEM_FILE_H
#define AGENT_SYSTEM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* fopen with a UTF-8 path; a directory is -EISDIR. mode: "r", "w" or "a", with "b" or without, or "o": what is
 * there is written over. The caller closes it. */
int file_open(FILE **out, const char *path, const char *mode);

/* Is it a regular file, which can be opened twice? No pipe and no device; false too if there is nothing, or it can't be
 * told. Does not open it. */
bool file_is_regular(const char *path);

/* Is it a terminal that an operator sees? */
bool file_is_terminal(FILE *file);

/*
 * The whole file, NUL-terminated (the NUL is not in *size); the caller frees it. More than max bytes: -EFBIG.
 */
int file_read(char **out, size_t *size, const char *path, size_t max);

/* Makes directory path with its parents; one that is there is fine. What is there but no directory: -ENOTDIR. */
int file_make_directory(const char *path);

/*
 * Calls each(context, name) for every entry of directory but "." and "..", in no order; links and directories too.
 * Stops where it returns not 0. Returns what it returned last, or a negative errno value; 0 for a directory that is not
 * there.
 */
int file_list(const char *directory, int (*each)(void *context, const char *name), void *context);

/* Renames from to to, replacing it, in one step. */
int file_replace(const char *from, const char *to);

/* Deletes a file; -ENOENT when there is none. */
int file_remove(const char *path);

/* path as seen from the directory that the file beside lies in; an absolute path stays as it is. The caller frees it.
 */
int file_resolve(char **out, const char *beside, const char *path);

/* directory and name with the system's separator between; the caller frees it. */
int file_join(char **out, const char *directory, const char *name);

/* The path of this very program, UTF-8; the caller frees it. */
int file_program(char **out);

/*
 * Where config and state lie when nothing else is said: C:\ProgramData\Tripline\tripline.xml and
 * C:\ProgramData\Tripline\state; /etc/tripline/tripline.xml and /var/lib/tripline. The state has a directory of its
 * own, so that what administrators put beside the config inherits nothing that lets the service change it. Versions
 * before 0.2 had their state in C:\ProgramData\Tripline itself: until "tripline install" or the MSI has moved it, that
 * is where it is. home: the directory of the config. The caller frees them.
 */
int file_default_home(char **out);
int file_default_config(char **out);
int file_default_state(char **out);

/* The state's directory in home. */
#define FILE_STATE_NAME "state"

#endif
