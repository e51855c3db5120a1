#include "tests/winsim/event_win.h"

#include "tests/winsim/query.h"

#include <stdlib.h>

struct event *event_new(struct channel *ch, size_t index)
{
    const struct record *r = &ch->records[index];
    struct event *e = winsim_alloc(sizeof(*e));
    e->channel = ch;
    e->record = r->id;
    e->line = r->line;
    e->size = r->size;
    e->text = winsim_copy(channel_read(ch, index), r->size);
    return e;
}

void event_free(void *event)
{
    struct event *e = event;
    event_tree_free(e->tree);
    free(e->text);
    free(e);
}

const struct event_tree *event_tree_of(struct event *e)
{
    const char *why = "";
    if (e->tree == NULL)
        e->tree = event_tree_new(e->text, e->size, &why);
    if (e->tree == NULL)
        winsim_abort("winsim: %ls:%u: not well-formed: %s", e->channel->path, e->line, why);
    return e->tree;
}

bool event_is_forwarded(struct event *e)
{
    const struct event_tree *tree = event_tree_of(e);
    uint32_t system = event_tree_child(tree, 0, "System");
    uint32_t channel = system == TREE_NONE ? TREE_NONE : event_tree_child(tree, system, "Channel");
    if (e->channel->is_file || channel == TREE_NONE)
        return false;
    return !channel_name_equal(event_tree_text(tree, channel), e->channel->name);
}
