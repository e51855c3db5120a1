/*
 * cmdlet_log: rows of Exchange's cmdlet log files (Logging\CmdletInfra\...\Cmdlet\*.log): comma-separated values whose
 * names stand in a line "#Fields: DateTime,StartTime,...". Which columns there are, and their order, differ by version.
 *
 * A value in quotes may hold commas, line ends and quotes that are doubled. The last row of a file that is being
 * written may be cut: it is left until the rest is there.
 */
#ifndef COLLECTORS_FILES_CMDLET_LOG_H
#define COLLECTORS_FILES_CMDLET_LOG_H

#include "detect/base/text.h"

/* Most columns of a file; Exchange has about 60. */
#define CMDLET_LOG_MAX_COLUMNS 256

/* Longest row, bytes: a quote that nothing closes would else take the rest of the file. A longer one ends at its first
 * line end. */
#define CMDLET_LOG_MAX_ROW (1u << 20)

/* A file's columns; begins as zeros, freed with cmdlet_log_clear(). */
struct cmdlet_log {
    char *fields; /* the names, NUL-terminated one after another */
    struct text names[CMDLET_LOG_MAX_COLUMNS];
    size_t count; /* 0: no "#Fields:" was read yet */
};

/* One row: values[i] belongs to names[i]. */
struct cmdlet_log_row {
    struct text values[CMDLET_LOG_MAX_COLUMNS]; /* slices of the bytes given, unquoted in place */
    size_t count;
};

enum cmdlet_log_line {
    CMDLET_LOG_NOTHING, /* a comment, an empty line, the names of the columns */
    CMDLET_LOG_ROW,
    CMDLET_LOG_BAD /* before any "#Fields:", or with more or fewer values than it has names */
};

/*
 * Bytes of the first row or line of bytes, its line end included; 0: it is not whole yet. is_end: nothing follows, so
 * that what is there is whole.
 */
size_t cmdlet_log_length(struct text bytes, bool is_end);

/*
 * Reads one row or line as cmdlet_log_length() gave it; it is changed. *line is set, and *row when there is one; it is
 * valid as long as the bytes are. Returns 0 or -ENOMEM.
 */
int cmdlet_log_read(struct cmdlet_log *log, enum cmdlet_log_line *line, struct cmdlet_log_row *row, char *bytes,
                    size_t size);

/* Frees what log owns. */
void cmdlet_log_clear(struct cmdlet_log *log);

/* Bytes that cmdlet_log_is_one() looks at. */
#define CMDLET_LOG_HEAD 32u

/* Does a file that begins so look like one? "#Software: Microsoft Exchange" or "#Fields:", after a byte order mark too.
 */
bool cmdlet_log_is_one(struct text head);

#endif
