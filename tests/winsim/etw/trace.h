/*
 * trace: what OpenTraceW opened, and delivering records to it out of files that the test appends to.
 *
 * C:\winsim\etw\rundown.bin goes to a session with EVENT_TRACE_FLAG_PROCESS first; then kernel.bin, or PROVIDER.bin
 * ({GUID} in lower case without braces) for the provider enabled in it, or EventLog-Security.bin; each from the place
 * where it ended when the session was started. One record: size of all of it (4 bytes), Flags (2), Id (2), Version (1),
 * Opcode (1), 0 (2), ProcessId (4), ThreadId (4), TimeStamp (8), ProviderId (16), UserData; little-endian.
 */
#ifndef TESTS_WINSIM_ETW_TRACE_H
#define TESTS_WINSIM_ETW_TRACE_H

#include "tests/winsim/etw/session.h"

#define MAX_TRACES 8

struct trace {
    ULONGLONG handle; /* 0: free */
    wchar_t name[MAX_NAME];
    PEVENT_RECORD_CALLBACK callback;
    void *context;
    bool is_processing, is_closed; /* closed: what is there is still delivered */
};

/* Where the session's file ends: what comes from now on is its own. */
ULONGLONG trace_end_of(const wchar_t *session, const struct own_session *own);

/* Remembers where a session begins in its file. */
void trace_begin(const wchar_t *session);

struct trace *trace_add(const wchar_t *name);
struct trace *trace_find(ULONGLONG handle);
unsigned trace_count(void);

/* Delivers until the session ends; not under the lock. Returns ProcessTrace's code. */
ULONG trace_process(struct trace *t);

#endif
