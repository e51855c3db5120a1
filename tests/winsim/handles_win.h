/*
 * handles_win: the EVT_HANDLEs given out. A handle is no pointer and no kernel handle: it names a slot and how often
 * the slot was used, so that a handle kept after its close is known as such. Under winsim_lock.
 */
#ifndef TESTS_WINSIM_HANDLES_WIN_H
#define TESTS_WINSIM_HANDLES_WIN_H

#include "tests/winsim/report_win.h"

#include <winevt.h>

enum handle_kind {
    HANDLE_EVENT = 1,
    HANDLE_SUBSCRIPTION = 2,
    HANDLE_QUERY = 4,
    HANDLE_BOOKMARK = 8,
    HANDLE_CONTEXT = 16,
    HANDLE_LOG = 32,
    HANDLE_CONFIG = 64
};

/* Releases an object when its handle is closed. */
typedef void handle_release(void *object);

/* Gives object a handle. parent: NULL, or the handle whose close closes this one. call: who made it, a constant. */
EVT_HANDLE handles_add(enum handle_kind kind, void *object, handle_release *release, EVT_HANDLE parent,
                       const char *call);

/*
 * The object of handle, which must be open and of one of kinds (ored); anything else ends the process. is_kind may be
 * NULL.
 */
void *handles_get(EVT_HANDLE handle, unsigned kinds, enum handle_kind *is_kind, const char *call);

/* Closes handle and all that were made from it. */
void handles_close(EVT_HANDLE handle, const char *call);

/* Calls visit for each open handle of kind. */
void handles_each(enum handle_kind kind, void (*visit)(void *object));

/* Appends to leaks.txt what is still open. Called when the process ends: takes no lock, no memory. */
void handles_report(void);

#endif
