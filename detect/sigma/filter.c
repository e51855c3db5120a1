#include "detect/sigma/filter.h"

#include "detect/sigma/condition.h"
#include "detect/sigma/logsource.h"
#include "detect/sigma/metadata.h"
#include "detect/sigma/sigma.h"

#include <errno.h>

static bool is_any(const struct node *rules)
{
    return rules->type == NODE_LIST
               ? rules->count == 0
               : text_equal_nocase(rules->text, text_from("any")) || text_equal_nocase(rules->text, text_from("all"));
}

/* Does rules name the rule, by id or name? */
static bool names(const struct node *rules, const struct node *root)
{
    static const char *const keys[] = {"id", "name"};
    const struct node *items = rules->type == NODE_LIST ? rules->items : rules;
    size_t count = rules->type == NODE_LIST ? rules->count : 1;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct node *is = node_get(root, keys[k]);
            if (is != NULL && is->type == NODE_SCALAR && text_equal_nocase(is->text, items[i].text))
                return true;
        }
    return false;
}

static bool applies(const struct node *filter, const struct node *root)
{
    const struct node *rules = node_get(node_get(filter, "filter"), "rules");
    return rules != NULL && logsource_lies_within(node_get(root, "logsource"), node_get(filter, "logsource")) &&
           (is_any(rules) || names(rules, root));
}

static int compile(struct piece *out, struct job *job, const struct node *body)
{
    static const char *const others[] = {"rules", "condition"};
    const struct node *condition = node_get(body, "condition");
    struct identifiers identifiers;
    if (condition == NULL || condition->type != NODE_SCALAR) {
        notes_error(job->notes, condition == NULL ? body->place : condition->place, "K007",
                    "a filter has one condition, a text");
        return -EINVAL;
    }
    int rc = detection_compile(&identifiers, job, body, others, 2);
    if (rc == -ENOMEM)
        return rc;
    int condition_rc = condition_compile(out, job, condition, &identifiers);
    return condition_rc != 0 ? condition_rc : rc;
}

int filter_apply(struct piece *condition, struct job *job, const struct node *root, const struct node *const *filters,
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct piece both[2] = {*condition};
        if (!applies(filters[i], root))
            continue;
        const struct node *body = node_get(filters[i], "filter");
        int rc = compile(&both[1], job, body);
        if (rc == 0)
            rc = piece_all(condition, job, both, 2, body->place);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Are rules as they must be? */
static void check_rules(const struct node *body, struct notes *notes)
{
    const struct node *rules = node_get(body, "rules");
    if (rules == NULL || rules->type == NODE_MAP) {
        notes_error(notes, body->place, "K007",
                    "a filter names its rules: a list of ids or names, or 'any' for all of the log source");
        return;
    }
    for (size_t i = 0; rules->type == NODE_LIST && i < rules->count; i++)
        if (rules->items[i].type != NODE_SCALAR)
            notes_error(notes, rules->items[i].place, "K012", "a rule is named by its id or its name");
}

/* Has the condition a "not"? */
static bool has_not(struct text condition)
{
    for (size_t i = 0; i + 3 <= condition.len; i++) {
        bool begins = i == 0 || strchr(" (\n\t", condition.bytes[i - 1]) != NULL;
        bool ends = i + 3 == condition.len || strchr(" (\n\t", condition.bytes[i + 3]) != NULL;
        if (begins && ends && text_equal_nocase((struct text){condition.bytes + i, 3}, text_from("not")))
            return true;
    }
    return false;
}

int sigma_filter_check(struct columns *columns, const struct node *root, struct notes *notes)
{
    struct logsource source;
    struct job job = {.arena = notes->arena, .columns = columns, .notes = notes, .source = &source};
    const struct node *body = node_get(root, "filter");
    struct piece condition;
    metadata_check_filter(root, notes);
    if (body == NULL || body->type != NODE_MAP) {
        notes_error(notes, root->place, "K012", "filter is a map of rules, search identifiers and a condition");
        return -EINVAL;
    }
    check_rules(body, notes);
    if (logsource_read(&source, node_get(root, "logsource"), notes) != 0)
        return -EINVAL;
    int rc = compile(&condition, &job, body);
    if (rc == 0 && !has_not(node_get(body, "condition")->text))
        notes_warning(
            notes, node_get(body, "condition")->place, "W435",
            "without 'not' the rules fire only where this filter matches; to leave its matches out, write 'not "
            "...'");
    return rc == -ENOMEM || notes_ok(notes) ? rc : -EINVAL;
}
