/*
 * log: the agent's own words: one line an event, with time, level and a stable message id, in a file that is rotated,
 * and on stderr when the agent runs in the foreground. Only agent/ logs. Any thread.
 */
#ifndef AGENT_LOG_LOG_H
#define AGENT_LOG_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Longest line, bytes, with its newline; a longer one is cut at a character and ends in "...". */
#define LOG_MAX_LINE 4096

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log;

/*
 * Opens (appends to) the file, whose directory exists. max_bytes (LOG_MAX_LINE or more): rotated to file.1 ...
 * file.(files-1) when it would grow beyond; with files 1 it begins anew. path NULL: no file. to_stderr: also there.
 * Returns 0 or a negative errno value.
 */
int log_open(struct log **out, const char *path, uint64_t max_bytes, unsigned files, enum log_level level,
             bool to_stderr);

/*
 * From now on as log_open() with these; lines that come meanwhile wait. Returns 0, or a negative errno value: then
 * everything is as before.
 */
int log_change(struct log *log, const char *path, uint64_t max_bytes, unsigned files, enum log_level level);

/* NULL is allowed. No other thread may still write. */
void log_close(struct log *log);

/* From now on watch is called with each line that is written, after its writing and on the writer's thread. One at
 * most; before other threads write. It must not write to the log. */
void log_watch(struct log *log, void (*watch)(void *context, enum log_level level, unsigned id, const char *text),
               void *context);

/*
 * Writes one line: "2026-11-24T12:00:00.000Z INFO  T1001 text", and it is with the system when the call returns. id:
 * stable, 1000 to 9999 (docs/operations.md has the table). Characters that can't be seen are written as plain.h says.
 * log may be NULL: nothing is written. A line that can't be written (disk full) is counted, and their number is written
 * as soon as writing works again.
 */
void log_write(struct log *log, enum log_level level, unsigned id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
