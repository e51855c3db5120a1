#include "collectors/eventlog/eventlog_gap.h"

#include <string.h>

void eventlog_gap_start(struct eventlog_gap *gap, uint64_t newest)
{
    gap->has_newest = true;
    gap->newest = newest;
    gap->count = 0;
}

bool eventlog_gap_take_batch(struct eventlog_gap *gap, uint64_t newest, size_t count)
{
    if (!gap->has_newest || gap->count > 0 || newest - gap->newest != count)
        return false;
    gap->newest = newest;
    return true;
}

static void remove_at(struct eventlog_gap *gap, size_t i)
{
    gap->count--;
    memmove(&gap->open[i], &gap->open[i + 1], (gap->count - i) * sizeof(gap->open[0]));
    memmove(&gap->since_ms[i], &gap->since_ms[i + 1], (gap->count - i) * sizeof(gap->since_ms[0]));
}

/* Puts range at i; where there is no room it becomes part of the one before. */
static void insert_at(struct eventlog_gap *gap, size_t i, struct eventlog_range range, uint64_t since_ms)
{
    if (gap->count == EVENTLOG_GAP_RANGES) {
        gap->open[i - 1].last = range.last;
        return;
    }
    memmove(&gap->open[i + 1], &gap->open[i], (gap->count - i) * sizeof(gap->open[0]));
    memmove(&gap->since_ms[i + 1], &gap->since_ms[i], (gap->count - i) * sizeof(gap->since_ms[0]));
    gap->open[i] = range;
    gap->since_ms[i] = since_ms;
    gap->count++;
}

/* A record that was passed over has come after all, or comes a second time. */
static void take_late(struct eventlog_gap *gap, uint64_t record)
{
    for (size_t i = 0; i < gap->count; i++) {
        struct eventlog_range *r = &gap->open[i];
        if (record < r->first || record > r->last)
            continue;
        if (r->first == r->last) {
            remove_at(gap, i);
        } else if (record == r->first) {
            r->first++;
        } else if (record == r->last) {
            r->last--;
        } else if (gap->count < EVENTLOG_GAP_RANGES) {
            struct eventlog_range rest = {record + 1, r->last};
            r->last = record - 1;
            insert_at(gap, i + 1, rest, gap->since_ms[i]);
        }
        return;
    }
}

void eventlog_gap_take(struct eventlog_gap *gap, uint64_t record, uint64_t now_ms)
{
    if (gap->has_newest && record <= gap->newest) {
        take_late(gap, record);
        return;
    }
    if (gap->has_newest && record > gap->newest + 1)
        insert_at(gap, gap->count, (struct eventlog_range){gap->newest + 1, record - 1}, now_ms);
    gap->has_newest = true;
    gap->newest = record;
}

bool eventlog_gap_next(struct eventlog_gap *gap, struct eventlog_range *out, uint64_t now_ms)
{
    for (size_t i = 0; i < gap->count; i++) {
        if (now_ms - gap->since_ms[i] < EVENTLOG_GAP_LATE_MS)
            continue;
        *out = gap->open[i];
        remove_at(gap, i);
        return true;
    }
    return false;
}
