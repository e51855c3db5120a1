/*
 * fault: what exactly went wrong, for the one log line that says so. Rooms below agent/ fill it in and return a
 * negative errno value; agent/ decides what to do and prints it. Never holds a secret or an event's contents.
 */
#ifndef DETECT_BASE_FAULT_H
#define DETECT_BASE_FAULT_H

#include "detect/base/text.h"

struct fault {
    const char *call; /* static text: the call that failed, e.g. "EvtSubscribe"; NULL: nothing was recorded */
    long code;        /* its own code as it came (GetLastError, CURLcode, sqlite3 extended code, errno) */
    char object[160]; /* on what: channel, file, URL; NUL-terminated, cut where longer */
    char detail[256]; /* the callee's own message, or empty */
};

/* Fills *fault; fault may be NULL. detail may be NULL. */
void fault_set(struct fault *fault, const char *call, long code, struct text object, const char *detail);

/*
 * Writes "call failed on object: detail (code)" into to[size], leaving out what is empty; always NUL-terminated.
 * Returns to.
 */
const char *fault_text(const struct fault *fault, char *to, size_t size);

#endif
