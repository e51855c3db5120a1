/* What the parts of winsim_selftest.exe share: how they write channels and scenarios, and how they run a child. */
#ifndef TESTS_WINSIM_SELFTEST_WIN_H
#define TESTS_WINSIM_SELFTEST_WIN_H

#include "tests/test.h"
#include "tests/winsim/winsim.h"

#include <windows.h>
#include <winevt.h>

/* Most events that a test here reads at once. */
#define SELFTEST_MAX 64

/* Appends text to the file of a channel (or to another file in winsim's folder). */
void selftest_append(const char *file, const char *text);

/* Appends count events 4688 of that channel with EventRecordID first, first+1, ... */
void selftest_events(const char *channel, unsigned first, unsigned count);

/* Appends one event 4688 of that channel; data: the inside of EventData. */
void selftest_event(const char *channel, unsigned record, const char *data);

/* Replaces scenario.txt (NULL: removes it) and waits until it is in force. */
void selftest_scenario(const char *text);

/* The content of a file in winsim's folder, which the caller frees; "" if there is none. */
char *selftest_read(const char *file);

/* Runs this program with these arguments; returns its exit code. */
DWORD selftest_child(const char *verb, const char *argument);

/* Subscribes; name: the channel. Asserts success. */
EVT_HANDLE selftest_subscribe(const wchar_t *name, const wchar_t *query, HANDLE signal, DWORD flags);

/* Reads one batch of up to SELFTEST_MAX; returns how many, 0: *code says why. */
DWORD selftest_next(EVT_HANDLE set, EVT_HANDLE *events, DWORD *code);

/* The EventRecordIDs of what is there now, as "1 2 3"; a code at the end if it is not 259. Closes the events. */
const char *selftest_ids(EVT_HANDLE set);

/* Renders values with a context of these paths into a buffer, which the caller frees. */
EVT_VARIANT *selftest_values(EVT_HANDLE event, EVT_HANDLE context, DWORD *count);

/* The XML of an event or bookmark, which the caller frees. */
wchar_t *selftest_text(EVT_HANDLE object, DWORD flags);

/* Ends the process as the named wrong use does; returns if it does not (or there is no such name). */
void selftest_abort_run(const char *name);

/* A service that writes the command lines of Security's events to service.txt. */
int selftest_service(void);

extern const CU_TestInfo selftest_read_tests[], selftest_render_tests[], selftest_query_tests[],
    selftest_scenario_tests[], selftest_abort_tests[];

#endif
