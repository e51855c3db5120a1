/*
 * scan_format: an alert's ECS document -> the line or row that a scan prints: the document itself, OCSF, the rule's own
 * row, CSV for a spreadsheet, or CSV for a timeline as Timesketch and others import it (message, datetime,
 * timestamp_desc, and what else is known: timesketch.org/guides/user/import-from-json-csv).
 *
 * CSV is that of RFC 4180. A value that begins with = + - @ would be a formula to a spreadsheet, and whoever is looked
 * for has written it: a "'" stands before it. Control characters but tab and line ends are U+FFFD.
 */
#ifndef AGENT_SCAN_SCAN_FORMAT_H
#define AGENT_SCAN_SCAN_FORMAT_H

#include <stddef.h>

enum scan_format { SCAN_FORMAT_ECS, SCAN_FORMAT_OCSF, SCAN_FORMAT_SENTINEL, SCAN_FORMAT_CSV, SCAN_FORMAT_TIMELINE };

/* "ecs", "ocsf", "sentinel", "csv", "timeline". Returns 0 or -EINVAL. */
int scan_format_parse(enum scan_format *out, const char *name);

/* What stands before the first alert, with its line end; "" for none. */
#define SCAN_FORMAT_HEAD_SIZE 256
void scan_format_head(char to[SCAN_FORMAT_HEAD_SIZE], enum scan_format format);

/* One alert, without its line end; the caller frees *out. ecs: its document. Not for SCAN_FORMAT_ECS, which is the
 * document. Returns 0 or -ENOMEM. */
int scan_format_line(char **out, size_t *size, enum scan_format format, const char *ecs, size_t ecs_size);

#endif
