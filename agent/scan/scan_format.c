#include "agent/scan/scan_format.h"

#include "detect/base/text.h"
#include "transport/document/document.h"
#include "transport/document/encode_ocsf.h"
#include "transport/document/encode_sentinel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The columns of a row: their names, and where in the document they stand. NULL: made here. */
static const struct column {
    const char *name, *path;
    bool is_of_timeline; /* alone */
} columns[] = {
    {"datetime", "@timestamp", false},
    {"timestamp_desc", NULL, true},
    {"message", NULL, true},
    {"severity", "log.level", false},
    {"rule", "rule.name", false},
    {"rule_id", "rule.id", false},
    {"host", "host.hostname", false},
    {"user", NULL, false},
    {"command_line", "process.command_line", false},
    {"executable", "process.executable", false},
    {"pid", "process.pid", false},
    {"parent_command_line", "process.parent.command_line", false},
    {"parent_executable", "process.parent.executable", false},
    {"provider", "event.provider", false},
    {"event_id", "event.code", false},
    {"record_id", "event.sequence", false},
    {"recovered", "tripline.recovered", false},
    {"file", "log.file.path", false},
    {"alert_id", "event.id", false},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A row that grows. */
struct row {
    char *bytes;
    size_t used, room;
    int error;
};

int scan_format_parse(enum scan_format *out, const char *name)
{
    static const char *const names[] = {"ecs", "ocsf", "sentinel", "csv", "timeline"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum scan_format)i;
            return 0;
        }
    return -EINVAL;
}

static bool has_column(enum scan_format format, size_t i)
{
    return format == SCAN_FORMAT_TIMELINE || (format == SCAN_FORMAT_CSV && !columns[i].is_of_timeline);
}

void scan_format_head(char to[SCAN_FORMAT_HEAD_SIZE], enum scan_format format)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!has_column(format, i))
            continue;
        used += text_copy(to + used, SCAN_FORMAT_HEAD_SIZE - used, text_from(used == 0 ? "" : ","));
        used += text_copy(to + used, SCAN_FORMAT_HEAD_SIZE - used, text_from(columns[i].name));
    }
    if (used > 0)
        (void)text_copy(to + used, SCAN_FORMAT_HEAD_SIZE - used, text_from("\r\n")); /* there is room: a test */
}

static void put(struct row *r, const char *bytes, size_t size)
{
    if (size > 0 && r->error == 0 && r->room - r->used < size) {
        size_t room = 2 * r->room + size + 256;
        char *grown = realloc(r->bytes, room);
        if (grown == NULL) {
            r->error = -ENOMEM;
            return;
        }
        r->bytes = grown;
        r->room = room;
    }
    if (r->error < 0 || size == 0)
        return;
    memcpy(r->bytes + r->used, bytes, size);
    r->used += size;
}

/* A value; it is quoted always, which every reader takes. */
static void put_value(struct row *r, const char *text, size_t size)
{
    static const char formulas[] = {'=', '+', '-', '@', '\t', '\r'};
    put(r, "\"", 1);
    if (size > 0 && memchr(formulas, text[0], sizeof(formulas)) != NULL)
        put(r, "'", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"')
            put(r, "\"\"", 2);
        else if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7F)
            put(r, "\xEF\xBF\xBD", 3);
        else
            put(r, text + i, 1);
    }
    put(r, "\"", 1);
}

/* "rule: command line", or who logged it where it is no process. */
static void put_message(struct row *r, const json_t *ecs)
{
    struct row message = {0};
    const char *rule = document_text(ecs, "rule.name");
    const json_t *command = document_at(ecs, "process.command_line");
    put(&message, rule, strlen(rule));
    put(&message, ": ", 2);
    if (json_is_string(command))
        put(&message, json_string_value(command), json_string_length(command));
    else
        put(&message, document_text(ecs, "event.provider"), strlen(document_text(ecs, "event.provider")));
    r->error = r->error < 0 ? r->error : message.error;
    if (message.error == 0)
        put_value(r, message.bytes, message.used);
    free(message.bytes);
}

static void put_column(struct row *r, const struct column *column, const json_t *ecs)
{
    char text[600] = "";
    if (column->path == NULL && strcmp(column->name, "message") == 0) {
        put_message(r, ecs);
        return;
    }
    const json_t *value = column->path == NULL ? NULL : document_at(ecs, column->path);
    if (json_is_string(value)) {
        put_value(r, json_string_value(value), json_string_length(value));
        return;
    }
    if (json_is_integer(value))
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
    else if (value != NULL)
        (void)snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "");
    else if (strcmp(column->name, "user") == 0)
        (void)document_account(text, sizeof(text), ecs);
    else if (strcmp(column->name, "timestamp_desc") == 0)
        (void)snprintf(text, sizeof(text), "Event logged");
    put_value(r, text, strlen(text));
}

static int csv_line(char **out, size_t *size, enum scan_format format, const json_t *ecs)
{
    struct row row = {0};
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!has_column(format, i))
            continue;
        if (i > 0)
            put(&row, ",", 1);
        put_column(&row, &columns[i], ecs);
    }
    put(&row, "\r", 1);
    if (row.error < 0) {
        free(row.bytes);
        return row.error;
    }
    *out = row.bytes;
    *size = row.used;
    return 0;
}

int scan_format_line(char **out, size_t *size, enum scan_format format, const char *ecs, size_t ecs_size)
{
    json_t *document = document_parse(ecs, ecs_size);
    if (document == NULL)
        return -ENOMEM; /* it was made by this program */
    int rc = -ENOMEM;
    if (format == SCAN_FORMAT_CSV || format == SCAN_FORMAT_TIMELINE) {
        rc = csv_line(out, size, format, document);
    } else {
        json_t *other = format == SCAN_FORMAT_OCSF ? encode_ocsf(document) : encode_sentinel(document);
        char *text = other == NULL ? NULL : json_dumps(other, JSON_COMPACT);
        if (text != NULL) {
            *out = text;
            *size = strlen(text);
            rc = 0;
        }
        json_decref(other);
    }
    json_decref(document);
    return rc;
}
