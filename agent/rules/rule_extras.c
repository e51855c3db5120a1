#include "agent/rules/rule_extras.h"

#include <errno.h>
#include <string.h>

/* Memory for the trees of all such files, at most, bytes. */
#define MAX_MEMORY ((size_t)256 << 20)

int rule_extras_open(struct rule_extras *extras)
{
    *extras = (struct rule_extras){.arena = NULL};
    int rc = arena_new(&extras->arena, MAX_MEMORY);
    return rc != 0 ? rc : columns_new(&extras->columns);
}

void rule_extras_clear(struct rule_extras *extras)
{
    columns_free(extras->columns);
    arena_free(extras->arena);
    *extras = (struct rule_extras){.arena = NULL};
}

/* Does a line begin with that key? Most files are rules, and are not read as YAML twice. */
static bool has_key(struct text bytes, const char *key)
{
    size_t length = strlen(key);
    for (size_t at = 0; at + length <= bytes.len;) {
        if (memcmp(bytes.bytes + at, key, length) == 0)
            return true;
        struct text rest = {bytes.bytes + at, bytes.len - at};
        at += text_find(rest, '\n') + 1;
    }
    return false;
}

static int add_filter(struct rule_extras *extras, const struct node *root)
{
    if (extras->sigma.filter_count == extras->room) {
        size_t room = extras->room == 0 ? 8 : 2 * extras->room;
        const struct node **filters = arena_zeroed(extras->arena, room, sizeof(const struct node *));
        if (filters == NULL)
            return -ENOMEM;
        for (size_t i = 0; i < extras->sigma.filter_count; i++)
            filters[i] = extras->filters[i];
        extras->filters = filters;
        extras->room = room;
    }
    extras->filters[extras->sigma.filter_count++] = root;
    extras->sigma.filters = extras->filters;
    return 1;
}

static int take_filter(struct rule_extras *extras, const struct node *root, struct notes *notes)
{
    int rc = sigma_filter_check(extras->columns, root, notes);
    if (rc == -ENOMEM)
        return rc;
    return rc == 0 ? add_filter(extras, root) : 1;
}

/* Each is a text or a list of texts. */
static int take_placeholders(struct rule_extras *extras, const struct node *root, struct notes *notes)
{
    const struct node *vars = node_get(root, "vars");
    for (size_t i = 0; i < vars->count; i++) {
        const struct node *value = &vars->items[i];
        bool is_good = value->type != NODE_MAP;
        for (size_t k = 0; value->type == NODE_LIST && k < value->count; k++)
            is_good = is_good && value->items[k].type == NODE_SCALAR;
        if (!is_good)
            notes_error(notes, value->place, "K012", "a placeholder stands for a text or a list of texts");
    }
    if (extras->sigma.placeholders != NULL)
        notes_error(notes, node_key(root, "vars")->place, "K010",
                    "another file has the values of placeholders; one file holds all");
    else if (notes_ok(notes))
        extras->sigma.placeholders = vars;
    return 1;
}

int rule_extras_take(struct rule_extras *extras, struct text bytes, struct notes *notes)
{
    const struct node *root;
    struct notes unsaid = {.arena = extras->arena};
    if (has_key(bytes, "regression_tests_info:"))
        return 2;
    if (!has_key(bytes, "filter:") && !has_key(bytes, "vars:"))
        return 0;
    int rc = node_parse(&root, bytes, &unsaid);
    if (rc != 0)
        return rc == -ENOMEM ? rc : 0; /* the compiler of rules says what is wrong */
    if (sigma_is_filter(root))
        return take_filter(extras, root, notes);
    return sigma_is_placeholders(root) ? take_placeholders(extras, root, notes) : 0;
}
