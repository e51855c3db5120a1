/* file_internal: what file.c needs from the system's own half. */
#ifndef AGENT_SYSTEM_FILE_INTERNAL_H
#define AGENT_SYSTEM_FILE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Between the parts of a path that we put together: '/' or '\\'. */
extern const char file_separator;

/* Does c part a path here? */
bool file_is_separator(char c);

/* Does path say by itself where it leads, whatever the current directory is? */
bool file_is_absolute(const char *path);

#endif
