#include "collectors/eventlog/eventlog_origin.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 8u
#define SETS (EVENTLOG_ORIGINS / WAYS)
#define HOUR_MS 3600000u

struct origin {
    uint64_t key; /* of its name; 0: free */
    uint64_t newest;
    uint64_t heard; /* counts events over all origins */
    uint64_t even;  /* ids that have followed each other */
};

struct eventlog_origins {
    uint64_t count, events;
    uint64_t hour_ms, reports, unsaid; /* when the hour began, and what was reported in it; since the last report */
    struct origin list[SETS][WAYS];
};

int eventlog_origins_new(struct eventlog_origins **out)
{
    struct eventlog_origins *origins = calloc(1, sizeof(*origins));
    if (origins == NULL)
        return -ENOMEM;
    *out = origins;
    return 0;
}

void eventlog_origins_free(struct eventlog_origins *origins)
{
    free(origins);
}

uint64_t eventlog_origins_count(const struct eventlog_origins *origins)
{
    return origins->count;
}

bool eventlog_origins_may_report(struct eventlog_origins *origins, uint64_t now_ms, uint64_t *unsaid)
{
    if (now_ms - origins->hour_ms >= HOUR_MS) {
        origins->hour_ms = now_ms;
        origins->reports = 0;
    }
    if (origins->reports == EVENTLOG_ORIGIN_REPORTS) {
        origins->unsaid++;
        return false;
    }
    origins->reports++;
    *unsaid = origins->unsaid;
    origins->unsaid = 0;
    return true;
}

/* FNV-1a, 64 bits (RFC 9923), over the units in small letters. */
static uint64_t hash(uint64_t value, const uint16_t *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t unit = units[i] >= 'A' && units[i] <= 'Z' ? (uint16_t)(units[i] | 0x20u) : units[i];
        value = (value ^ (unit & 0xFFu)) * 0x100000001B3u;
        value = (value ^ (unit >> 8)) * 0x100000001B3u;
    }
    return (value ^ 0xFFu) * 0x100000001B3u; /* where the name ends */
}

static struct origin *find(struct eventlog_origins *o, const struct eventlog_origin_name *name)
{
    uint64_t key = hash(0xCBF29CE484222325u, name->computer, name->computer_units);
    key = hash(key, name->channel, name->channel_units);
    key = key == 0 ? 1 : key;
    struct origin *set = o->list[(key ^ key >> 32) % SETS], *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].heard < oldest->heard) /* a free one was never heard of */
            oldest = &set[i];
    }
    o->count += oldest->key == 0 ? 1 : 0;
    *oldest = (struct origin){.key = key};
    return oldest;
}

enum eventlog_origin_step eventlog_origins_take(struct eventlog_origins *o, const struct eventlog_origin_name *name,
                                                uint64_t record, struct eventlog_range *range)
{
    struct origin *from = find(o, name);
    bool is_first = from->heard == 0;
    uint64_t newest = from->newest;
    from->heard = ++o->events;
    if (!is_first && record <= newest && newest - record < EVENTLOG_ORIGIN_DISORDER)
        return EVENTLOG_ORIGIN_EVEN;
    from->newest = record;
    if (is_first)
        return EVENTLOG_ORIGIN_EVEN;
    if (record < newest) {
        from->even = 0;
        *range = (struct eventlog_range){newest, record};
        return EVENTLOG_ORIGIN_RESTART;
    }
    if (record == newest + 1) {
        from->even++;
        return EVENTLOG_ORIGIN_EVEN;
    }
    bool is_gap = from->even >= EVENTLOG_ORIGIN_DENSE;
    from->even = 0;
    if (is_gap)
        *range = (struct eventlog_range){newest + 1, record - 1};
    return is_gap ? EVENTLOG_ORIGIN_GAP : EVENTLOG_ORIGIN_EVEN;
}
