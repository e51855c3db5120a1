#include "tests/collectors/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
    if (p == NULL) {
        perror("recorder");
        exit(1);
    }
    return p;
}

static struct text copy_of(struct text text)
{
    if (text.bytes == NULL)
        return text;
    char *copy = checked(malloc(text.len + 1));
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    return (struct text){copy, text.len};
}

static void free_text(struct text text)
{
    free((void *)(uintptr_t)text.bytes);
}

static bool record_wants(void *context, const struct event *event)
{
    const struct recorder *r = context;
    return r->wants_all || event_kind_is_process(event->kind);
}

static int record_event(void *context, const struct event *event)
{
    struct recorder *r = context;
    size_t i = r->event_count++;
    if (i >= RECORDER_MAX)
        return r->answer;
    r->events[i] = *event;
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
        r->events[i].field[f] = copy_of(event->field[f]);
    struct event_datum *data = checked(calloc(event->data_count + 1, sizeof(*data)));
    for (size_t d = 0; d < event->data_count; d++)
        data[d] = (struct event_datum){copy_of(event->data[d].name), copy_of(event->data[d].value)};
    r->events[i].data = data;
    return r->answer;
}

static void record_report(void *context, const struct collector_report *report)
{
    struct recorder *r = context;
    size_t i = r->report_count++;
    if (i >= RECORDER_MAX)
        return;
    r->reports[i].kind = report->kind;
    r->reports[i].offset = report->offset;
    (void)text_copy(r->reports[i].source, sizeof(r->reports[i].source), report->source); /* cut where longer */
    if (report->fault != NULL)
        r->reports[i].fault = *report->fault;
}

struct collector_sink recorder_sink(struct recorder *r)
{
    return (struct collector_sink){.context = r, .wants = record_wants, .event = record_event, .report = record_report};
}

void recorder_clear(struct recorder *r)
{
    for (size_t i = 0; i < r->event_count && i < RECORDER_MAX; i++) {
        for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
            free_text(r->events[i].field[f]);
        for (size_t d = 0; d < r->events[i].data_count; d++) {
            free_text(r->events[i].data[d].name);
            free_text(r->events[i].data[d].value);
        }
        free((void *)(uintptr_t)r->events[i].data);
    }
    memset(r, 0, sizeof(*r));
}

bool recorder_has(const struct recorder *r, size_t i, enum event_field field, const char *want)
{
    if (i >= r->event_count || i >= RECORDER_MAX)
        return false;
    struct text got = r->events[i].field[field];
    bool is_same = want == NULL ? got.bytes == NULL : got.bytes != NULL && text_equal(got, text_from(want));
    if (!is_same)
        fprintf(stderr, "\n  event %zu, %s: \"%s\"\n", i, event_field_name(field),
                got.bytes == NULL ? "(absent)" : got.bytes);
    return is_same;
}

char *recorder_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size_t room = 1u << 16, used = 0;
    char *bytes = checked(malloc(room));
    while ((used += fread(bytes + used, 1, room - used - 1, file)) == room - 1)
        bytes = checked(realloc(bytes, room *= 2));
    if (ferror(file) != 0) {
        perror(path);
        exit(1);
    }
    (void)fclose(file); /* only read */
    bytes[used] = '\0';
    *size = used;
    return bytes;
}
