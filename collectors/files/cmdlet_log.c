#include "collectors/files/cmdlet_log.h"

#include <errno.h>
#include <stdlib.h>

#define FIELDS "#Fields:"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

void cmdlet_log_clear(struct cmdlet_log *log)
{
    free(log->fields);
    *log = (struct cmdlet_log){.count = 0};
}

static bool begins_with(struct text text, const char *with)
{
    size_t length = strlen(with);
    return text.len >= length && memcmp(text.bytes, with, length) == 0;
}

static struct text without_mark(struct text text)
{
    return begins_with(text, BYTE_ORDER_MARK) ? (struct text){text.bytes + 3, text.len - 3} : text;
}

bool cmdlet_log_is_one(struct text head)
{
    head = without_mark(head);
    return begins_with(head, "#Software: Microsoft Exchange") || begins_with(head, FIELDS);
}

size_t cmdlet_log_length(struct text bytes, bool is_end)
{
    bool is_quoted = false, is_comment = without_mark(bytes).len > 0 && without_mark(bytes).bytes[0] == '#';
    size_t first_line = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.bytes[i] == '"' && !is_comment)
            is_quoted = !is_quoted;
        if (bytes.bytes[i] != '\n')
            continue;
        if (!is_quoted)
            return i + 1;
        if (first_line == 0)
            first_line = i + 1;
        if (i >= CMDLET_LOG_MAX_ROW)
            return first_line;
    }
    if (bytes.len > CMDLET_LOG_MAX_ROW)
        return first_line > 0 ? first_line : bytes.len;
    return !is_end ? 0 : first_line > 0 ? first_line : bytes.len; /* at the end no quote will close any more */
}

static size_t without_line_end(const char *bytes, size_t size)
{
    while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    return size;
}

/* "#Fields: a,b,c" */
static int read_fields(struct cmdlet_log *log, struct text names)
{
    char *fields = text_dup(names);
    if (fields == NULL)
        return -ENOMEM;
    cmdlet_log_clear(log);
    log->fields = fields;
    for (char *at = fields; at != NULL && log->count < CMDLET_LOG_MAX_COLUMNS;) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        at += strspn(at, " ");
        log->names[log->count++] = text_from(at);
        at = comma == NULL ? NULL : comma + 1;
    }
    return 0;
}

/* The value that begins at *at, which moves past it and its comma. A value in quotes is unquoted where it stands. */
static struct text take_value(char *bytes, size_t size, size_t *at)
{
    size_t begin = *at, to = begin, i = begin;
    bool is_quoted = i < size && bytes[i] == '"';
    if (is_quoted)
        i++;
    for (; i < size; i++) {
        if (is_quoted && bytes[i] == '"') {
            if (i + 1 < size && bytes[i + 1] == '"')
                i++;
            else {
                is_quoted = false;
                continue;
            }
        } else if (!is_quoted && bytes[i] == ',') {
            break;
        }
        bytes[to++] = bytes[i];
    }
    *at = i < size ? i + 1 : size + 1;
    return (struct text){bytes + begin, to - begin};
}

int cmdlet_log_read(struct cmdlet_log *log, enum cmdlet_log_line *line, struct cmdlet_log_row *row, char *bytes,
                    size_t size)
{
    struct text text = without_mark((struct text){bytes, without_line_end(bytes, size)});
    *line = CMDLET_LOG_NOTHING;
    if (begins_with(text, FIELDS))
        return read_fields(log, (struct text){text.bytes + sizeof(FIELDS) - 1, text.len - (sizeof(FIELDS) - 1)});
    if (text.len == 0 || text.bytes[0] == '#')
        return 0;
    char *values = bytes + (text.bytes - bytes);
    size_t at = 0;
    row->count = 0;
    while (at <= text.len && row->count < CMDLET_LOG_MAX_COLUMNS)
        row->values[row->count++] = take_value(values, text.len, &at);
    *line = log->count > 0 && row->count == log->count && at > text.len ? CMDLET_LOG_ROW : CMDLET_LOG_BAD;
    return 0;
}
