/* report_win: winsim's lock, its folder, and what it writes there. */
#ifndef TESTS_WINSIM_REPORT_WIN_H
#define TESTS_WINSIM_REPORT_WIN_H

#include "tests/winsim/winsim.h"

#include <windows.h>

/* Called once, when the DLL is loaded. */
void winsim_start(void);

/* Takes the lock and forgets what EvtGetExtendedStatus would have told: how each exported function begins. */
void winsim_enter(void);

/* The one lock. An exported function holds it from begin to end; EvtNext gives it up while it plays a slow call. */
void winsim_lock(void);
void winsim_unlock(void);

/* WINSIM_DIR, or C:\winsim. */
const wchar_t *winsim_directory(void);

/* The full path of name in that folder, into out of MAX_PATH units; a name too long ends the process. */
void winsim_path(wchar_t *out, const wchar_t *name);

/* Appends text to a file in that folder; what can't be written is lost. */
void winsim_append(const wchar_t *name, const char *text);

/* Appends a line to calls.txt: "pid CALL OBJECT ... = code". */
void winsim_call(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));

/* Leaves the lock, sets the last error and returns FALSE; code 0: WINSIM_JUNK_ERROR and TRUE. */
BOOL winsim_leave(DWORD code);

/* As winsim_leave for functions that give a handle: NULL unless code is 0. */
void *winsim_leave_handle(DWORD code, void *handle);

/*
 * What EvtGetExtendedStatus tells this thread about its last failed call; NULL: nothing. The text is copied. Every
 * exported function forgets what was there before.
 */
void winsim_set_status(const char *text);
const char *winsim_status(void);

#endif
