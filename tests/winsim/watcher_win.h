/*
 * watcher_win: the thread that plays the Event Log service: it looks for new lines and for a changed scenario, and sets
 * the signals of subscriptions that have new events. It also checks that signal handles live as long as subscriptions.
 */
#ifndef TESTS_WINSIM_WATCHER_WIN_H
#define TESTS_WINSIM_WATCHER_WIN_H

#include "tests/winsim/result_win.h"

/* Starts the thread if it does not run yet. Under winsim_lock. */
void watcher_start(void);

/* Looks for new lines in the channels of r and sets its signal if it has new events. Under winsim_lock. */
void watcher_look(struct result *r);

/* Ends the process if the caller's signal handle is closed or has become another object. Under winsim_lock. */
void watcher_check_signal(const struct result *r, const char *call);

#endif
