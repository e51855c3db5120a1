#include "detect/rules/rule_file.h"

#include "detect/rules/rule_sentinel.h"
#include "detect/sigma/sigma.h"

#include <errno.h>

static int new_rule(struct rule **out, const char *name)
{
    struct arena *arena;
    int rc = arena_new(&arena, RULE_FILE_MAX_MEMORY);
    if (rc < 0)
        return rc;
    struct rule *rule = arena_zeroed(arena, 1, sizeof(*rule));
    struct text source = arena_text(arena, text_from(name));
    if (rule == NULL || source.bytes == NULL) {
        arena_free(arena);
        return -ENOMEM;
    }
    rule->arena = arena;
    rule->source = source.bytes;
    *out = rule;
    return 0;
}

/* Which front end takes root? *is_sigma says; false: neither, which is noted. */
static bool recognise(bool *is_sigma, const struct node *root, struct notes *notes)
{
    const struct node *query = node_key(root, "query");
    if (root->type != NODE_MAP) {
        notes_error(notes, root->place, "K013",
                    "no rule: a rule file is a map of keys (id:, name:, query: or detection:)");
        return false;
    }
    *is_sigma = query == NULL && sigma_is_rule(root);
    if (query == NULL && !*is_sigma) {
        notes_error(notes, root->place, "K013",
                    "no rule: neither \"query\" (Microsoft Sentinel) nor \"detection\" (Sigma) stands here");
        return false;
    }
    if (query != NULL && node_key(root, "detection") != NULL) {
        notes_error(notes, node_key(root, "detection")->place, "K013",
                    "both \"query\" and \"detection\"; a rule file holds one rule, of Sentinel or of Sigma");
        return false;
    }
    return true;
}

int rule_file_compile(struct rule **out, struct columns *columns, struct text bytes, const char *name,
                      const struct rule_beside *beside, struct notes *notes)
{
    const struct node *root;
    bool is_sigma = false;
    int rc = node_parse(&root, bytes, notes);
    if (rc < 0)
        return rc;
    if (!recognise(&is_sigma, root, notes))
        return -EINVAL;
    struct rule *rule;
    rc = new_rule(&rule, name);
    if (rc < 0)
        return rc;
    rule->format = is_sigma ? RULE_SIGMA : RULE_SENTINEL;
    rc = is_sigma ? sigma_compile(rule, columns, root, beside == NULL ? NULL : beside->sigma, notes)
                  : rule_sentinel_compile(rule, columns, root, beside, notes);
    const struct node *id = node_get(root, "id");
    rule->place = id == NULL ? root->place : id->place;
    if (rc == 0 && !notes_ok(notes))
        rc = -EINVAL;
    notes_sort(notes);
    if (rc < 0) {
        rule_free(rule);
        return rc;
    }
    *out = rule;
    return 0;
}
