/*
 * install_files: what an installation puts on the disk and into the registry beside the service, and takes away again
 * (install_files_win.c, install_purge_win.c). Windows only. Each prints on stderr what failed.
 */
#ifndef AGENT_SERVICE_INSTALL_FILES_H
#define AGENT_SERVICE_INSTALL_FILES_H

#include <stdbool.h>

/*
 * Makes the directory with the security sddl, or gives that to the one that is there, if it
 * belongs to administrators and is no link: C:\ProgramData lets every user make a directory. Returns 0 or 1.
 */
int install_directory(const char *path, const char *sddl);

/* Says reason, and what to do about a directory that somebody made before us. Returns 1. */
int install_stranger(const char *reason);

/* Writes text to path, with security sddl from its first moment, replacing what was there in one step. Returns 0 or 1.
 */
int install_write(const char *path, const char *text, const char *sddl);

/* Gives the file at path the security sddl. Returns 0 or 1. */
int install_secure(const char *path, const char *sddl);

/* The source of our messages in the Application log (learn.microsoft.com/windows/win32/eventlog/eventlog-key); their
 * texts are in tripline_messages.dll beside program, or in program. Return 0 or 1; that it is gone already is fine. */
int install_event_source(const char *program);
int install_remove_event_source(void);

/*
 * Deletes the directory with all that is in it; of links only the link. is_whole: false for a directory that may not be
 * ours alone: then only the agent's own files, and the directory if nothing is left in it. Returns 0, or 1 when
 * something stayed.
 */
int install_purge(const char *directory, bool is_whole);

#endif
