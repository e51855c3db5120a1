/*
 * install_state: the state's directory at an installation: whose files are in it, and what an earlier version's layout
 * needs (install_state.c: plain C; install_state_win.c: Windows only, which prints on stderr what failed).
 */
#ifndef AGENT_SERVICE_INSTALL_STATE_H
#define AGENT_SERVICE_INSTALL_STATE_H

#include <stdbool.h>

/* Is name one that the agent makes in its state directory? The outbox with all that SQLite and a rescue put beside it,
 * logs, status, the announcement of a self test; in any letter case. */
bool install_state_owns(const char *name);

/*
 * Moves what versions before 0.2 kept in home into state, a directory that is made for it with security sddl. It
 * appears whole or not at all: what is moved waits in a directory beside it (state.new) until all is there; a run that
 * was cut off is carried on. Nothing to move: 0. No agent may run on it. Returns 0 or 1.
 */
int install_state_move(const char *home, const char *state, const char *sddl);

/* Undoes a move of this very upgrade, for the older version that stays; *is_moved: there was one. Returns 0 or 1. */
int install_state_move_back(bool *is_moved, const char *home, const char *state);

/* What a move leaves behind so that it can be undone: no upgrade is under way any more. */
void install_state_settle(const char *state);

/*
 * Every file of the directory must belong to somebody who is trusted; then it becomes the Administrators', so that a
 * later change of the service's account makes no stranger of its old one. Returns 0 or 1.
 */
int install_state_adopt(const char *state);

#endif
