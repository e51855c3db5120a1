/*
 * file: paths in UTF-8 on both systems (file_posix.c, file_win.c).
 */
#ifndef AGENT_FILE_H
#define AGENT_FILE_H

#include <stddef.h>
#include <stdio.h>

/* fopen with a UTF-8 path; a directory is refused. mode: as fopen, ASCII. Returns 0 and *out, or a negative errno
 * value. */
int file_open(FILE **out, const char *path, const char *mode);

/*
 * The whole file, NUL-terminated (the NUL is not in *size); the caller frees it. More than max bytes: -EFBIG.
 * Returns 0 or a negative errno value.
 */
int file_read(char **out, size_t *size, const char *path, size_t max);

/* Makes directory path with its parents; one that is there is fine. Returns 0 or a negative errno value. */
int file_make_directory(const char *path);

/* Renames from to to, replacing it, in one step. Returns 0 or a negative errno value. */
int file_replace(const char *from, const char *to);

/* The path of this very program, UTF-8; the caller frees it. Returns 0 or a negative errno value. */
int file_program(char **out);

/* Where config and state lie when nothing else is said: C:\ProgramData\Tripline, /etc/tripline and /var/lib/tripline.
 * The caller frees them. */
int file_default_config(char **out);
int file_default_state(char **out);

#endif
