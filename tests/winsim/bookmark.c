#include "tests/winsim/bookmark.h"

#include "tests/winsim/event_tree.h"
#include "tests/winsim/query.h"
#include "tests/winsim/winsim.h"
#include "tests/winsim/xpath_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_place(struct bookmark *b, const struct event_tree *tree, uint32_t node)
{
    const char *channel = event_tree_attribute(tree, node, "Channel");
    const char *record = event_tree_attribute(tree, node, "RecordId");
    const char *current = event_tree_attribute(tree, node, "IsCurrent");
    uint64_t id;
    if (strcmp(event_tree_name(tree, node), "Bookmark") != 0 || channel == NULL || record == NULL ||
        !xpath_number(&id, record))
        return false;
    bookmark_set(b, channel, id);
    b->places[b->count - 1].is_current = current != NULL && channel_name_equal(current, "true");
    return true;
}

struct bookmark *bookmark_parse(const char *xml)
{
    const char *why;
    struct event_tree *tree = event_tree_new(xml, strlen(xml), &why);
    if (tree == NULL)
        return NULL;
    struct bookmark *b = winsim_alloc(sizeof(*b));
    bool is_good = strcmp(event_tree_name(tree, 0), "BookmarkList") == 0 && tree->nodes[0].first_child != TREE_NONE;
    for (uint32_t n = tree->nodes[0].first_child; n != TREE_NONE && is_good; n = tree->nodes[n].next)
        is_good = add_place(b, tree, n);
    event_tree_free(tree);
    if (is_good)
        return b;
    bookmark_free(b);
    return NULL;
}

void bookmark_free(struct bookmark *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++)
        free(b->places[i].channel);
    free(b->places);
    free(b);
}

void bookmark_set(struct bookmark *b, const char *channel, uint64_t record)
{
    struct bookmark_place *place = NULL;
    for (size_t i = 0; i < b->count; i++) {
        b->places[i].is_current = false;
        if (channel_name_equal(b->places[i].channel, channel))
            place = &b->places[i];
    }
    if (place == NULL) {
        winsim_reserve((void **)&b->places, b->count, &b->room, sizeof(*b->places));
        place = &b->places[b->count++];
        place->channel = winsim_copy(channel, strlen(channel));
    }
    place->record = record;
    place->is_current = true;
}

const struct bookmark_place *bookmark_find(const struct bookmark *b, const char *channel)
{
    for (size_t i = 0; i < b->count; i++)
        if (channel_name_equal(b->places[i].channel, channel))
            return &b->places[i];
    return NULL;
}

/* Channel names hold no character that XML must escape: winsim refuses such names (ERROR_EVT_INVALID_CHANNEL_PATH). */
char *bookmark_text(const struct bookmark *b)
{
    size_t size = 64, used;
    for (size_t i = 0; i < b->count; i++)
        size += strlen(b->places[i].channel) + 96;
    char *text = winsim_alloc(size);
    used = (size_t)snprintf(text, size, "<BookmarkList>\r\n");
    for (size_t i = 0; i < b->count; i++)
        used += (size_t)snprintf(text + used, size - used, "  <Bookmark Channel='%s' RecordId='%" PRIu64 "'%s/>\r\n",
                                 b->places[i].channel, b->places[i].record,
                                 b->places[i].is_current ? " IsCurrent='true'" : "");
    snprintf(text + used, size - used, "</BookmarkList>");
    return text;
}
