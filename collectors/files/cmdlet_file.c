#include "collectors/files/cmdlet_file.h"

#include "collectors/files/cmdlet_log.h"
#include <errno.h>
#include <stdlib.h>

struct cmdlet_file {
    const struct collector_sink *sink;
    struct text path;
    struct cmdlet_log log;
    struct cmdlet_log_row row;
    struct event_datum data[CMDLET_LOG_MAX_COLUMNS];
    char *bytes; /* what was fed and not yet read */
    size_t used, room;
    uint64_t offset; /* of bytes in the file */
    struct cmdlet_file_counts counts;
};

int cmdlet_file_new(struct cmdlet_file **out, const struct collector_sink *sink, struct text path)
{
    struct cmdlet_file *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    f->sink = sink;
    f->path = path;
    *out = f;
    return 0;
}

void cmdlet_file_free(struct cmdlet_file *f)
{
    if (f == NULL)
        return;
    cmdlet_log_clear(&f->log);
    free(f->bytes);
    free(f);
}

struct cmdlet_file_counts cmdlet_file_counts(const struct cmdlet_file *f)
{
    return f->counts;
}

uint64_t cmdlet_file_offset(const struct cmdlet_file *f)
{
    return f->offset;
}

void cmdlet_file_place(struct cmdlet_file *f, uint64_t offset)
{
    f->offset = offset;
}

static int reserve(struct cmdlet_file *f, size_t size)
{
    size_t room = f->room == 0 ? 65536 : f->room;
    if (size <= f->room - f->used)
        return 0;
    while (room - f->used < size)
        room *= 2;
    char *grown = realloc(f->bytes, room);
    if (grown == NULL)
        return -ENOMEM;
    f->bytes = grown;
    f->room = room;
    return 0;
}

static struct text value_of(const struct cmdlet_file *f, const char *name)
{
    for (size_t i = 0; i < f->row.count; i++)
        if (text_equal_nocase(f->log.names[i], text_from(name)))
            return f->row.values[i];
    return (struct text){NULL, 0};
}

static int give_row(struct cmdlet_file *f)
{
    struct event event = {.kind = EVENT_OTHER};
    for (size_t i = 0; i < f->row.count; i++)
        f->data[i] = (struct event_datum){f->log.names[i], f->row.values[i]};
    event.data = f->data;
    event.data_count = f->row.count;
    event.field[EVENT_PROVIDER] = event.field[EVENT_CHANNEL] = text_from(CMDLET_FILE_CHANNEL);
    event.field[EVENT_COMPUTER] = value_of(f, "ServerHostName");
    (void)event_time_parse(&event.time, value_of(f, "DateTime")); /* else it stays unknown */
    if (!collector_wants(f->sink, &event))
        return 0;
    f->counts.taken++;
    return f->sink->event(f->sink->context, &event);
}

static void report_bad(struct cmdlet_file *f, uint64_t offset)
{
    struct fault fault = {0};
    fault_set(&fault, "cmdlet_file", EBADMSG, f->path,
              f->log.count == 0 ? "a row before the line \"#Fields:\""
                                : "a row with more or fewer values than \"#Fields:\" has names");
    struct collector_report report = {
        .kind = COLLECTOR_BAD_EVENT, .source = f->path, .offset = offset, .fault = &fault};
    f->counts.bad++;
    f->sink->report(f->sink->context, &report);
}

/* Reads the rows that are whole. */
static int read_rows(struct cmdlet_file *f, bool is_end)
{
    size_t at = 0, length;
    int rc = 0;
    while (rc == 0 && (length = cmdlet_log_length((struct text){f->bytes + at, f->used - at}, is_end)) > 0) {
        enum cmdlet_log_line line;
        rc = cmdlet_log_read(&f->log, &line, &f->row, f->bytes + at, length);
        f->counts.rows += rc == 0 && line != CMDLET_LOG_NOTHING;
        if (rc == 0 && line == CMDLET_LOG_BAD)
            report_bad(f, f->offset + at);
        if (rc == 0 && line == CMDLET_LOG_ROW)
            rc = give_row(f);
        if (rc == 0) /* what the sink did not take is not read */
            at += length;
    }
    memmove(f->bytes, f->bytes + at, f->used - at);
    f->used -= at;
    f->offset += at;
    return rc;
}

int cmdlet_file_feed(struct cmdlet_file *f, const char *bytes, size_t size)
{
    int rc = reserve(f, size);
    if (rc < 0)
        return rc;
    memcpy(f->bytes + f->used, bytes, size);
    f->used += size;
    rc = read_rows(f, false);
    return rc < 0 ? rc : collector_alive(f->sink, true);
}

int cmdlet_file_end(struct cmdlet_file *f)
{
    return f->used == 0 ? 0 : read_rows(f, true);
}
