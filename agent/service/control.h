/*
 * control: what the verbs that speak to the service manager share (control_win.c, install*_win.c). Handles are
 * SC_HANDLE, codes are Windows' own.
 */
#ifndef AGENT_SERVICE_CONTROL_H
#define AGENT_SERVICE_CONTROL_H

#include <stddef.h>

/* Says on stderr what failed, with the code and Windows' own words for it; returns the exit code 1. */
int control_fail(const char *verb, const char *call, unsigned long code);

/* Opens the service with access, does work on it, closes it. Returns work's result, or 1 after a message. */
int control_with_service(const char *verb, unsigned long access, int (*work)(void *service, void *context),
                         void *context);

/* Starts or stops it and waits until it is so. Return 0, or 1 after a message. *refusal: the code with which Windows
 * did not even try to start it, or 0; may be NULL. */
int control_start(const char *verb, void *service, unsigned long *refusal);
int control_stop(const char *verb, void *service);

#endif
