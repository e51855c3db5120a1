#include "detect/rule/leg.h"

#include <errno.h>
#include <string.h>

/* What a condition reads, as far as it tells whom it is about. */
struct reading {
    const struct columns *columns;
    bool is_of_creator, is_of_other;
};

static void read_column(void *context, unsigned i)
{
    struct reading *reading = context;
    const struct column *column = column_at(reading->columns, i);
    if (column->kind == COLUMN_SYSTEM)
        return; /* of the record: id, time, computer */
    bool is_field = column->kind == COLUMN_FIELD;
    if (is_field &&
        (column->field == EVENT_PROVIDER || column->field == EVENT_CHANNEL || column->field == EVENT_COMPUTER))
        return;
    bool is_creator =
        is_field && (column->field == EVENT_PARENT_IMAGE || column->field == EVENT_PARENT_COMMAND_LINE ||
                     column->field == EVENT_PARENT_USER || column->field == EVENT_PARENT_USER_SID ||
                     column->field == EVENT_GRANDPARENT_IMAGE || column->field == EVENT_GRANDPARENT_COMMAND_LINE);
    *(is_creator ? &reading->is_of_creator : &reading->is_of_other) = true;
}

int legs_add(struct legs *legs, struct arena *arena, const struct columns *columns, const struct leg *leg)
{
    if (legs->count >= LEG_MAX)
        return -E2BIG;
    if (legs->count == legs->room) {
        size_t room = legs->room == 0 ? 4 : legs->room * 2;
        struct leg *bigger = arena_zeroed(arena, room, sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        if (legs->count > 0)
            memcpy(bigger, legs->items, legs->count * sizeof(*bigger));
        legs->items = bigger;
        legs->room = room;
    }
    struct leg *added = &legs->items[legs->count++];
    *added = *leg;
    if (added->number == 0)
        added->number = (unsigned)legs->count;
    struct reading reading = {columns, false, false};
    expr_each_column(leg->condition, read_column, &reading);
    added->is_of_creator = reading.is_of_creator && !reading.is_of_other;
    return 0;
}

static bool takes_id(const struct leg_source *source, uint32_t id)
{
    if (source->event_ids == NULL)
        return true;
    for (size_t i = 0; i < source->event_id_count; i++)
        if (source->event_ids[i] == id)
            return true;
    return false;
}

bool leg_source_takes(const struct leg_source *source, const struct event *event)
{
    if ((source->kinds & UINT64_C(1) << event->kind) == 0 || !takes_id(source, event->event_id))
        return false;
    if (source->channel.bytes != NULL && !text_equal_nocase(source->channel, event->field[EVENT_CHANNEL]))
        return false;
    return source->provider.bytes == NULL || text_equal_nocase(source->provider, event->field[EVENT_PROVIDER]);
}

bool leg_takes(const struct leg *leg, const struct event *event)
{
    for (size_t i = 0; i < leg->source_count; i++)
        if (leg_source_takes(&leg->sources[i], event))
            return true;
    return false;
}
