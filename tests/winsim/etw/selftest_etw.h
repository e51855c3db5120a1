/*
 * selftest_etw: what the parts of winsim_etw_selftest.exe share: the arguments of the six calls as they should be, of
 * which a test changes one, and short forms of the calls for one session, Self. One thread but for ProcessTrace's.
 */
#ifndef TESTS_WINSIM_ETW_SELFTEST_ETW_H
#define TESTS_WINSIM_ETW_SELFTEST_ETW_H

#include "tests/test.h"
#include "tests/winsim/winsim.h"

#include <windows.h>

#include <evntcons.h>
#include <evntrace.h>

#define FOLDER "C:\\winsim\\"
#define NAME L"Self"
#define OWN_FILE FOLDER "etw\\sessions\\Self.txt"
#define PROVIDER_FILE FOLDER "etw\\11111111-2222-3333-4444-555555555555.bin"
#define GUARD_FILE FOLDER "etw\\EventLog-Security.bin"

/* What somebody else's session of this name has in OWN_FILE. */
#define FOREIGN "0badf00d-0000-0000-0000-000000000001 0\n"

/* Records kept of those seen, and bytes of their payload. */
#define ETW_SEEN 4
#define ETW_SEEN_DATA 8

struct etw_properties {
    EVENT_TRACE_PROPERTIES head;
    wchar_t names[2][1024];
};

struct etw_filter {
    UCHAR is_in, reserved;
    USHORT count, ids[1];
};

/* The arguments, and the handles of the last session and trace. */
extern struct etw_given {
    struct etw_properties props;
    EVENT_TRACE_LOGFILEW file;
    struct etw_filter filter;
    EVENT_FILTER_DESCRIPTOR filters[9];
    ENABLE_TRACE_PARAMETERS parameters;
    TRACEHANDLE session, trace;
} given;

/* What the callback saw and what it does. */
extern struct etw_seen {
    volatile LONG count;
    EVENT_RECORD records[ETW_SEEN];
    unsigned char data[ETW_SEEN][ETW_SEEN_DATA];
    const EVENT_RECORD *last; /* Windows' own memory: nobody's once the callback is back */
    const unsigned char *last_data;
    ULONG close_code;          /* of CloseTrace in the callback */
    bool closes, reads_behind; /* it calls CloseTrace; it reads a byte too many */
} seen;

extern const GUID etw_session_id, etw_provider;

/* Good arguments; etw_fresh is needed before every call with properties. */
void etw_fresh(void);
void etw_fresh_file(void);
void etw_fresh_filters(void);

/* The calls; all return their codes. etw_again: StartTraceW with the properties as they stand; the others refresh. */
ULONG etw_again(void);
ULONG etw_start(void);
ULONG etw_control(const wchar_t *name, ULONG code);
ULONG etw_stop(void);
ULONG etw_query(void);
ULONG etw_enable(ULONG code);
TRACEHANDLE etw_open(void);
ULONG etw_process(void);

/* ProcessTrace in a thread; etw_join waits (10 s) and returns its code, 9999: it does not return. */
HANDLE etw_begin(void);
DWORD etw_join(HANDLE thread);

/* Waits (10 s) until the callback has seen count records. */
bool etw_wait_for(LONG count);

/* Appends to a file. */
void etw_put(const char *path, const void *bytes, size_t size);

/* Appends a record of etw_provider with 4 bytes of payload. */
void etw_put_record(const char *path, USHORT id, const char *data);

/* Replaces scenario.txt whole; NULL: removes it. */
void etw_scenario(const char *text);

/* The last line of a text file, valid until the next call; "" if there is none. */
const char *etw_last_line(const char *path);

/* Runs this program; returns its exit code, 9999: it could not be run, 9998: it did not end within 30 s. */
DWORD etw_child(const char *verb, const char *argument);

/* Does the named wrong use; returns if that does not end the process (or there is no such name). */
void etw_wrong_run(const char *name);

/* Runs them all in children; compares what abort.txt says. */
void etw_test_wrong(void);

#endif
