/*
 * session: the ETW sessions of the stand-in. A session outlives the process that started it, so each is a small file in
 * C:\winsim\etw\sessions that a test may write (somebody else's session) or delete (somebody stops it).
 *
 * All under winsim_lock.
 */
#ifndef TESTS_WINSIM_ETW_SESSION_H
#define TESTS_WINSIM_ETW_SESSION_H

#include "tests/winsim/report_win.h"

#include <evntcons.h>
#include <evntrace.h>

/* Sessions of one process. */
#define MAX_SESSIONS 8

/* Room for a session's name, NUL included. Windows takes 1,024 characters. */
#define MAX_NAME 128u

/* Handles: numbers of their own, so that none passes for another. */
#define SESSION_HANDLE 0x1000u
#define TRACE_HANDLE 0x770000000000u

/* One that this process started. */
struct own_session {
    wchar_t name[MAX_NAME]; /* empty: free */
    GUID provider;          /* enabled into it; zero: none */
    ULONG mode, flags;
    ULONGLONG handle;
    bool was_switched_off;
};

/* What a session's file says. */
struct session_file {
    GUID guid;
    DWORD pid; /* who started it; 0: not this program */
};

/* The path of name's file. */
void session_path(wchar_t out[MAX_PATH], const wchar_t *name);

/* Reads the file; false: there is no such session. */
bool session_read(struct session_file *out, const wchar_t *name);
void session_write(const wchar_t *name, const struct session_file *file);
void session_remove(const wchar_t *name);

/* The one this process started and that lives; NULL: none. */
struct own_session *session_find(const wchar_t *name);
struct own_session *session_by_handle(ULONGLONG handle);

/* The session in place i of MAX_SESSIONS; NULL: that is free. */
struct own_session *session_at(unsigned i);

/* A free place, with a handle. */
struct own_session *session_add(const wchar_t *name);

/* Is a session with this GUID there under another name? */
bool session_guid_taken(const GUID *guid, const wchar_t *but);

/* How many this process started and did not stop. */
unsigned session_count(void);

/* Windows' own: not to be started, changed or stopped. */
bool session_is_windows(const wchar_t *name);

/*
 * scenario.txt in C:\winsim\etw, one directive a line; # begins a comment, any other line ends the process:
 *
 * - fail CALL SESSION CODE [TIMES]: CALL (StartTraceW, EnableTraceEx2, OpenTraceW, ProcessTrace) fails so, TIMES times
 * or always; calls are counted as long as the process lives
 * - lost SESSION EVENTS LOG REALTIME: what ControlTraceW tells
 * - stop-code SESSION CODE: what STOP returns although it stops
 * - switched-off SESSION: somebody switches off what the session has enabled, once each time that it is started
 * - end SESSION CODE: ProcessTrace returns CODE by itself, once a process
 */
ULONG scenario_fail(const char *call, const wchar_t *session);
void scenario_lost(const wchar_t *session, ULONG lost[3]);
ULONG scenario_stop_code(const wchar_t *session);
bool scenario_is_switched_off(const wchar_t *session);
bool scenario_end(const wchar_t *session, ULONG *code);

/* The text of C:\winsim\etw\NAME, NUL-terminated, at most size - 1 bytes; empty without such a file. */
void etw_read_text(const wchar_t *name, char *to, DWORD size);

#endif
