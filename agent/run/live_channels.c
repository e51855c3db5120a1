#include "agent/run/live_channels.h"

#include "collectors/files/cmdlet_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct live_channel {
    char *name;
    const char *fixed; /* the config's own query; NULL: it has none */
    bool is_whole;     /* all events are read */
    uint32_t ids[LIVE_CHANNELS_MAX_IDS];
    size_t id_count;
    char query[KINDS_QUERY_SIZE];
};

struct live_channels {
    size_t count, left_out;
    int rc; /* below 0: memory was short while sources were visited */
    struct live_channel channels[CONFIG_MAX_CHANNELS];
};

static void add_id(struct live_channel *c, uint32_t id)
{
    for (size_t i = 0; i < c->id_count; i++)
        if (c->ids[i] == id)
            return;
    if (c->id_count == LIVE_CHANNELS_MAX_IDS)
        c->is_whole = true;
    else
        c->ids[c->id_count++] = id;
}

/* The channel of that name, made if it is new; NULL: no room or memory. */
static struct live_channel *channel_of(struct live_channels *l, struct text name)
{
    for (size_t i = 0; i < l->count; i++)
        if (text_equal_nocase(text_from(l->channels[i].name), name))
            return &l->channels[i];
    if (l->count == CONFIG_MAX_CHANNELS) {
        l->left_out++;
        return NULL;
    }
    struct live_channel *c = &l->channels[l->count];
    c->name = text_dup(name);
    if (c->name == NULL) {
        l->rc = -ENOMEM;
        return NULL;
    }
    l->count++;
    return c;
}

/* What the table of kinds says of a channel. */
static void add_defaults(struct live_channel *c)
{
    for (size_t i = 0; i < kinds_count(); i++)
        if (kinds_at(i)->is_default && text_equal_nocase(kinds_at(i)->channel, text_from(c->name)))
            add_id(c, kinds_at(i)->id);
    c->is_whole = c->id_count == 0; /* any channel that Windows Event Forwarding may fill: kinds_query() */
}

static void add_ids(struct live_channel *c, const struct leg_source *source)
{
    if (source->event_ids == NULL) {
        c->is_whole = true;
        return;
    }
    for (size_t i = 0; i < source->event_id_count; i++)
        add_id(c, source->event_ids[i]);
}

/* Does the source take events of entry, by their kind, provider and id? */
static bool takes(const struct leg_source *source, const struct kinds_entry *entry)
{
    bool has_id = source->event_ids == NULL;
    for (size_t i = 0; i < source->event_id_count; i++)
        has_id = has_id || source->event_ids[i] == entry->id;
    return has_id && (source->kinds & UINT64_C(1) << entry->kind) != 0 &&
           (source->provider.bytes == NULL || text_equal_nocase(source->provider, entry->provider));
}

static void add_source(void *context, const struct leg_source *source)
{
    struct live_channels *l = context;
    bool is_placed = false;
    if (text_equal(source->channel, text_from(CMDLET_FILE_CHANNEL)) ||
        text_equal(source->provider, text_from(CMDLET_FILE_CHANNEL)))
        return; /* no log of Windows: cmdlet_source.h */
    if (source->channel.bytes != NULL) {
        struct live_channel *c = channel_of(l, source->channel);
        if (c != NULL)
            add_ids(c, source);
        return;
    }
    for (size_t i = 0; i < kinds_count(); i++) {
        const struct kinds_entry *entry = kinds_at(i);
        bool is_of_source = entry->channel.bytes != NULL && takes(source, entry) &&
                            (entry->kind != EVENT_OTHER || source->provider.bytes != NULL);
        if (!is_of_source)
            continue;
        struct live_channel *c = channel_of(l, entry->channel);
        if (c != NULL)
            add_id(c, entry->id);
        is_placed = is_placed || entry->kind == EVENT_OTHER;
    }
    if (is_placed || (source->kinds & UINT64_C(1) << EVENT_OTHER) == 0)
        return;
    for (size_t i = 0; i < l->count; i++) /* nothing says which log */
        add_ids(&l->channels[i], source);
}

int live_channels_new(struct live_channels **out, const struct config *config, const struct rule_set *set)
{
    struct live_channels *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < config->channel_count; i++) {
        struct live_channel *c = channel_of(l, text_from(config->channels[i].name));
        if (c == NULL)
            continue;
        c->fixed = config->channels[i].query;
        add_defaults(c);
    }
    if (set != NULL)
        rule_set_each_source(set, add_source, l);
    for (size_t i = 0; i < l->count; i++)
        kinds_query_of(l->channels[i].query, l->channels[i].ids, l->channels[i].id_count);
    if (l->rc < 0) {
        int rc = l->rc;
        live_channels_free(l);
        return rc;
    }
    *out = l;
    return 0;
}

void live_channels_free(struct live_channels *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->channels[i].name);
    free(l);
}

size_t live_channels_count(const struct live_channels *l)
{
    return l->count;
}

size_t live_channels_left_out(const struct live_channels *l)
{
    return l->left_out;
}

const char *live_channels_name(const struct live_channels *l, size_t i)
{
    return l->channels[i].name;
}

const char *live_channels_query(const struct live_channels *l, size_t i)
{
    const struct live_channel *c = &l->channels[i];
    return c->fixed != NULL ? c->fixed : c->is_whole || c->id_count == 0 ? NULL : c->query;
}
