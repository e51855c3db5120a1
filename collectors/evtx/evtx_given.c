#include "collectors/evtx/evtx_given.h"

#include "detect/event/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024u /* a power of two */

struct evtx_given {
    pthread_mutex_t lock; /* guards all below */
    uint64_t salt;        /* no file knows it, so none can hide a record behind another one's mark */
    uint64_t *marks;      /* open addressing; 0: free; bit 0: was recovered */
    size_t room, count;
    bool has_recovered;
    struct evtx_given_record *live; /* of which no marks are made before one is asked for */
    size_t live_count, live_room;
};

int evtx_given_new(struct evtx_given **out)
{
    struct evtx_given *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return -ENOMEM;
    int rc = -pthread_mutex_init(&g->lock, NULL);
    if (rc < 0) {
        free(g);
        return rc;
    }
    g->salt = event_time_now() ^ (uint64_t)(uintptr_t)g;
    *out = g;
    return 0;
}

void evtx_given_free(struct evtx_given *g)
{
    if (g == NULL)
        return;
    pthread_mutex_destroy(&g->lock);
    free(g->live);
    free(g->marks);
    free(g);
}

/* Spreads all bits over all (the finalizer of MurmurHash3, which is one to one). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCDu;
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53u;
    return value ^ value >> 33;
}

/* The mark's place, or the free one where it belongs. */
static size_t find(const uint64_t *marks, size_t room, uint64_t mark)
{
    size_t at = (size_t)(mark >> 1) & (room - 1);
    while (marks[at] != 0 && (marks[at] ^ mark) > 1)
        at = (at + 1) & (room - 1);
    return at;
}

static int grow(struct evtx_given *g)
{
    size_t room = g->room == 0 ? FIRST_ROOM : 2 * g->room;
    uint64_t *marks = calloc(room, sizeof(*marks));
    if (marks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < g->room; i++)
        if (g->marks[i] != 0)
            marks[find(marks, room, g->marks[i])] = g->marks[i];
    free(g->marks);
    g->marks = marks;
    g->room = room;
    return 0;
}

static int add(bool *is_new, struct evtx_given *g, const struct evtx_given_record *record, bool is_recovered)
{
    uint64_t mark = mix(mix(record->id ^ g->salt) + record->written) & ~(uint64_t)1;
    mark += mark == 0 ? 2 : 0;
    int rc = 4 * g->count < 3 * g->room ? 0 : grow(g);
    if (rc < 0)
        return rc;
    uint64_t *place = &g->marks[find(g->marks, g->room, mark)];
    *is_new = *place == 0 || (!is_recovered && (*place & 1) == 0);
    g->count += *place == 0;
    if (*place == 0)
        *place = mark | is_recovered;
    else if (!is_recovered)
        *place &= ~(uint64_t)1;
    return 0;
}

int evtx_given_add(bool *is_new, struct evtx_given *g, uint64_t id, uint64_t written, bool is_recovered)
{
    struct evtx_given_record record = {id, written};
    bool unused;
    int rc = 0;
    pthread_mutex_lock(&g->lock);
    for (; rc == 0 && g->live_count > 0; g->live_count -= rc == 0)
        rc = add(&unused, g, &g->live[g->live_count - 1], false);
    if (rc == 0)
        rc = add(is_new, g, &record, is_recovered);
    if (rc == 0)
        g->has_recovered = g->has_recovered || (is_recovered && *is_new);
    pthread_mutex_unlock(&g->lock);
    return rc;
}

static int reserve(struct evtx_given *g, size_t count)
{
    if (g->live_room - g->live_count >= count)
        return 0;
    size_t room = 2 * g->live_room + count;
    struct evtx_given_record *live = realloc(g->live, room * sizeof(*live));
    if (live == NULL)
        return -ENOMEM;
    g->live = live;
    g->live_room = room;
    return 0;
}

int evtx_given_add_live(struct evtx_given *g, const struct evtx_given_record *records, size_t count)
{
    pthread_mutex_lock(&g->lock);
    int rc = reserve(g, count);
    if (rc == 0 && count > 0) {
        memcpy(g->live + g->live_count, records, count * sizeof(*records));
        g->live_count += count;
    }
    pthread_mutex_unlock(&g->lock);
    return rc;
}

bool evtx_given_has_recovered(struct evtx_given *g)
{
    pthread_mutex_lock(&g->lock);
    bool has = g->has_recovered;
    pthread_mutex_unlock(&g->lock);
    return has;
}
