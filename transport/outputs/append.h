/*
 * append: a file that lines are added to, on disk when the call returns. One file for each system: append_posix.c,
 * append_win.c.
 */
#ifndef TRANSPORT_OUTPUTS_APPEND_H
#define TRANSPORT_OUTPUTS_APPEND_H

#include <stddef.h>
#include <stdint.h>

/*
 * Adds size bytes to the file at path (UTF-8; made when it is not there, readable for its owner and group, on Windows
 * as its directory says). A last line without its end, left by a program that was killed, is taken away before. If not
 * all could be written, the file is as before.
 * Returns 0 or a negative errno value (-EIO for what Windows has no such name for).
 */
int append_bytes(const char *path, const char *bytes, size_t size);

/* *size: of the file at path, 0 when there is none. Returns 0 or a negative errno value. */
int append_size(uint64_t *size, const char *path);

/* Renames from to to, which is replaced; a file from that is not there is no error. Returns 0 or a negative errno value
 * (-EBUSY: somebody on Windows has it open without sharing that). */
int append_rename(const char *from, const char *to);

/* Removes the file; one that is not there is no error. Returns 0 or a negative errno value. */
int append_remove(const char *path);

#endif
