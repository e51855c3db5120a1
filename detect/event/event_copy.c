#include "detect/event/event_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void event_copy_clear(struct event_copy *copy)
{
    free(copy->data);
    free(copy->bytes);
    *copy = (struct event_copy){.size = 0};
}

/* Moves text to *at, which moves on; absent stays absent. */
static struct text put(char **at, struct text text)
{
    if (text.bytes == NULL)
        return text;
    if (text.len > 0)
        memcpy(*at, text.bytes, text.len);
    text.bytes = *at;
    *at += text.len;
    return text;
}

static struct text value_of(const struct event_datum *datum, struct text without)
{
    bool is_left_out = without.bytes != NULL && text_equal(datum->name, without);
    return is_left_out ? (struct text){"", 0} : datum->value;
}

int event_copy_make(struct event_copy *out, const struct event *event, struct text without)
{
    size_t size = 1;
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++)
        size += event->field[i].len;
    for (size_t i = 0; i < event->data_count; i++)
        size += event->data[i].name.len + value_of(&event->data[i], without).len;
    struct event_copy copy = {.event = *event,
                              .data = calloc(event->data_count + 1, sizeof(*copy.data)),
                              .bytes = malloc(size),
                              .size = sizeof(copy) + (event->data_count + 1) * sizeof(*copy.data) + size};
    if (copy.data == NULL || copy.bytes == NULL) {
        event_copy_clear(&copy);
        return -ENOMEM;
    }
    char *at = copy.bytes;
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++)
        copy.event.field[i] = put(&at, event->field[i]);
    for (size_t i = 0; i < event->data_count; i++)
        copy.data[i] =
            (struct event_datum){put(&at, event->data[i].name), put(&at, value_of(&event->data[i], without))};
    copy.event.data = copy.data;
    *out = copy;
    return 0;
}
