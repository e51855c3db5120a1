#include "detect/rule/leg.h"

#include <errno.h>
#include <string.h>

int legs_add(struct legs *legs, struct arena *arena, const struct leg *leg)
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
    legs->items[legs->count++] = *leg;
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
