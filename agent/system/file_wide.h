/* file_wide: paths for Windows' own calls (file_win.c). */
#ifndef AGENT_SYSTEM_FILE_WIDE_H
#define AGENT_SYSTEM_FILE_WIDE_H

#include <stddef.h>

/* path in UTF-16; one that is too long for the older calls becomes \\?\ and the full path. Returns 0 or a negative
 * errno value; the caller frees *out. */
int file_wide_path(wchar_t **out, const char *path);

#endif
