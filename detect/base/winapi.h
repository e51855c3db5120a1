/*
 * winapi: what Windows' own calls take and give, as everything else here has it: texts and error codes (winapi_win.c;
 * elsewhere there is nothing of it). Any thread.
 */
#ifndef DETECT_BASE_WINAPI_H
#define DETECT_BASE_WINAPI_H

#include "detect/base/text.h"
#include <wchar.h>

/* A copy of text as UTF-16 with a NUL, which the caller frees. Returns 0, or -ENOMEM with *out left as it was. */
int winapi_wide(wchar_t **out, const char *text);

/* Longest path that Windows takes, units, with its prefix (learn.microsoft.com: Maximum Path Length Limitation). */
#define WINAPI_MAX_PATH_UNITS 32767u

/* A path in UTF-16; one that is too long for the older calls becomes \\?\ and the full path. Returns 0, -ENOENT (it is
 * empty), -ENOMEM, or what the full path could not be had for; the caller frees *out. */
int winapi_path(wchar_t **out, const char *path);

/* A copy of wide as UTF-8, which the caller frees. Returns 0, or -ENOMEM with *out left as it was. */
int winapi_text(char **out, const wchar_t *wide);

/* wide as UTF-8 in to, cut at a character where longer; empty where memory is short. size: of to, 1 or more. */
void winapi_copy(char *to, size_t size, const wchar_t *wide);

/* A code of Windows (learn.microsoft.com/windows/win32/debug/system-error-codes) as a negative errno value; -EIO: one
 * that has no name among them. */
int winapi_error(unsigned long code);

/* Of GetLastError(): must be the first call after the one that failed, as any other may change it. */
int winapi_last_error(void);

#endif
