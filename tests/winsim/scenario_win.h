/* scenario_win: scenario.txt in winsim's folder, read again when it changes. Under winsim_lock. */
#ifndef TESTS_WINSIM_SCENARIO_WIN_H
#define TESTS_WINSIM_SCENARIO_WIN_H

#include "tests/winsim/report_win.h"
#include "tests/winsim/scenario.h"

/* What is in force; without a file: nothing goes wrong. Never NULL. */
struct scenario *scenario_now(void);

/* Reads the file if its time stamp or size has changed. */
void scenario_refresh(void);

/* The code with which a call about channel must fail: service down, or "fail"; 0: none. */
DWORD scenario_code(const char *function, const char *channel);

#endif
