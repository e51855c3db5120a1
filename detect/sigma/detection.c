#include "detect/sigma/detection.h"

#include "detect/sigma/item.h"

#include <errno.h>

static int compile_map(struct piece *out, struct job *job, const struct node *map)
{
    struct piece *parts = arena_zeroed(job->arena, map->count + 1, sizeof *parts);
    bool is_good = map->count > 0;
    if (parts == NULL)
        return -ENOMEM;
    if (map->count == 0)
        notes_error(job->notes, map->place, "K014", "a map without fields");
    for (size_t i = 0; i < map->count; i++) {
        int rc = item_compile(&parts[i], job, &map->keys[i], &map->items[i]);
        if (rc == -ENOMEM)
            return rc;
        is_good &= rc == 0;
    }
    return is_good ? piece_all(out, job, parts, map->count, map->place) : -EINVAL;
}

static bool is_keywords(const struct node *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].type != NODE_SCALAR)
            return false;
    return true;
}

/* A list's parts: maps, keywords, and lists of these; node.h bounds how deep. */
static int compile_definition(struct piece *out, struct job *job, const struct node *node)
{
    if (node->type == NODE_MAP)
        return compile_map(out, job, node);
    if (node->type == NODE_SCALAR || is_keywords(node))
        return item_compile(out, job, NULL, node);
    struct piece *parts = arena_zeroed(job->arena, node->count, sizeof *parts);
    bool is_good = true;
    if (parts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < node->count; i++) {
        int rc = compile_definition(&parts[i], job, &node->items[i]);
        if (rc == -ENOMEM)
            return rc;
        is_good &= rc == 0;
    }
    return is_good ? piece_some(out, job, parts, node->count, node->place) : -EINVAL;
}

static bool is_other(struct text name, const char *const *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(name, text_from(others[i])))
            return true;
    return false;
}

int detection_compile(struct identifiers *out, struct job *job, const struct node *map, const char *const *others,
                      size_t other_count)
{
    struct identifiers found = {arena_zeroed(job->arena, map->count + 1, sizeof *found.items), 0};
    bool is_good = true;
    if (found.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < map->count; i++) {
        if (is_other(map->keys[i].text, others, other_count))
            continue;
        struct identifier *identifier = &found.items[found.count++];
        identifier->name = map->keys[i].text;
        identifier->place = map->keys[i].place;
        int rc = compile_definition(&identifier->piece, job, &map->items[i]);
        if (rc == -ENOMEM)
            return rc;
        is_good &= rc == 0;
    }
    *out = found;
    return is_good ? 0 : -EINVAL;
}
