#include "detect/rule/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A power of two; hosts write some hundred kinds of events, a rule set reads fewer. */
#define CACHE_SIZE 128u

/* Longest names of channel and provider together that are remembered, bytes. */
#define MAX_NAMES 160u

struct routes {
    const struct leg **legs; /* of route i, one of those that have it */
    size_t count;
    uint32_t *route_of;
};

struct entry {
    bool is_used;
    enum event_kind kind;
    uint32_t event_id;
    size_t channel_len, provider_len;
    char names[MAX_NAMES]; /* channel, provider */
};

struct route_cache {
    size_t words;
    uint64_t *bits; /* of entry i from i * words on */
    struct entry entries[CACHE_SIZE];
};

static bool is_same_text(struct text a, struct text b)
{
    return (a.bytes == NULL) == (b.bytes == NULL) && text_equal_nocase(a, b);
}

static bool is_same_source(const struct leg_source *a, const struct leg_source *b)
{
    return a->kinds == b->kinds && (a->event_ids == NULL) == (b->event_ids == NULL) &&
           a->event_id_count == b->event_id_count &&
           (a->event_id_count == 0 || a->event_ids == NULL ||
            memcmp(a->event_ids, b->event_ids, a->event_id_count * sizeof(*a->event_ids)) == 0) &&
           is_same_text(a->channel, b->channel) && is_same_text(a->provider, b->provider);
}

static bool is_same(const struct leg *a, const struct leg *b)
{
    if (a->source_count != b->source_count)
        return false;
    for (size_t i = 0; i < a->source_count; i++)
        if (!is_same_source(&a->sources[i], &b->sources[i]))
            return false;
    return true;
}

int routes_new(struct routes **out, const struct leg *const *legs, size_t count)
{
    struct routes *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    r->legs = calloc(count + 1, sizeof(const struct leg *));
    r->route_of = calloc(count + 1, sizeof(*r->route_of));
    if (r->legs == NULL || r->route_of == NULL) {
        routes_free(r);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        size_t route = 0;
        while (route < r->count && !is_same(r->legs[route], legs[i]))
            route++;
        if (route == r->count)
            r->legs[r->count++] = legs[i];
        r->route_of[i] = (uint32_t)route;
    }
    *out = r;
    return 0;
}

void routes_free(struct routes *r)
{
    if (r == NULL)
        return;
    free(r->legs);
    free(r->route_of);
    free(r);
}

size_t routes_count(const struct routes *r)
{
    return r->count;
}

size_t routes_words(const struct routes *r)
{
    return r->count / 64 + 1;
}

uint32_t routes_of(const struct routes *r, size_t leg)
{
    return r->route_of[leg];
}

bool routes_any(const struct routes *r, const struct event *event)
{
    for (size_t i = 0; i < r->count; i++)
        if (leg_takes(r->legs[i], event))
            return true;
    return false;
}

int route_cache_new(struct route_cache **out, const struct routes *r)
{
    struct route_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return -ENOMEM;
    cache->words = routes_words(r);
    cache->bits = calloc(CACHE_SIZE * cache->words, sizeof(*cache->bits));
    if (cache->bits == NULL) {
        free(cache);
        return -ENOMEM;
    }
    *out = cache;
    return 0;
}

void route_cache_free(struct route_cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->bits);
    free(cache);
}

static bool is_of(const struct entry *entry, const struct event *event)
{
    struct text channel = event->field[EVENT_CHANNEL], provider = event->field[EVENT_PROVIDER];
    return entry->is_used && entry->kind == event->kind && entry->event_id == event->event_id &&
           text_equal((struct text){entry->names, entry->channel_len}, channel) &&
           text_equal((struct text){entry->names + entry->channel_len, entry->provider_len}, provider);
}

/* Makes entry event's, or leaves it unused where the names are too long. */
static void remember(struct entry *entry, const struct event *event)
{
    struct text channel = event->field[EVENT_CHANNEL], provider = event->field[EVENT_PROVIDER];
    *entry = (struct entry){.kind = event->kind, .event_id = event->event_id};
    entry->is_used = channel.len <= MAX_NAMES && provider.len <= MAX_NAMES - channel.len;
    if (!entry->is_used)
        return;
    entry->channel_len = channel.len;
    entry->provider_len = provider.len;
    if (channel.len > 0)
        memcpy(entry->names, channel.bytes, channel.len);
    if (provider.len > 0)
        memcpy(entry->names + channel.len, provider.bytes, provider.len);
}

const uint64_t *routes_take(const struct routes *r, struct route_cache *cache, const struct event *event)
{
    size_t key = event->event_id * 31u + (size_t)event->kind + 7 * event->field[EVENT_CHANNEL].len +
                 61 * event->field[EVENT_PROVIDER].len;
    size_t at = key % CACHE_SIZE;
    struct entry *entry = &cache->entries[at];
    uint64_t *bits = &cache->bits[at * cache->words];
    if (is_of(entry, event))
        return bits;
    remember(entry, event);
    memset(bits, 0, cache->words * sizeof(*bits));
    for (size_t i = 0; i < r->count; i++)
        if (leg_takes(r->legs[i], event))
            bits[i / 64] |= UINT64_C(1) << i % 64;
    return bits;
}
