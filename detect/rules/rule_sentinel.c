#include "detect/rules/rule_sentinel.h"

#include "detect/base/suggest.h"
#include "detect/rules/rule_own.h"

#include <errno.h>
#include <stdio.h>

/* Microsoft's validator refuses what is longer (Azure-Sentinel, .script/tests/detectionTemplateSchemaValidation); here
 * a warning: the rule itself is none the worse for it. */
#define MAX_NAME 256
#define MAX_QUERY 10000

/* Keys of published rules. What Microsoft's own engine does by them and we don't: the schedule, the trigger, grouping.
 */
static const char *const known_keys[] = {
    "id",
    "name",
    "version",
    "kind",
    "severity",
    "status",
    "description",
    "description-detailed",
    "requiredDataConnectors",
    "queryFrequency",
    "queryPeriod",
    "triggerOperator",
    "triggerThreshold",
    "tactics",
    "relevantTechniques",
    "query",
    "entityMappings",
    "sentinelEntitiesMappings",
    "customDetails",
    "alertDetailsOverride",
    "eventGroupingSettings",
    "incidentConfiguration",
    "suppressionDuration",
    "suppressionEnabled",
    "tags",
    "metadata",
    "enabled",
    "author",
    "license",
    "references",
    "displayName",
    "techniques",
    "subTechniques",
    "templateVersion",
    "tripline",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader {
    struct rule *rule;
    const struct node *root;
    struct notes *notes;
    bool is_short_of_memory;
};

static const char *copy(struct reader *r, struct text text)
{
    struct text kept = arena_text(r->rule->arena, text);
    if (kept.bytes == NULL)
        r->is_short_of_memory = true;
    return kept.bytes;
}

/* The scalar under key as a copy; NULL: there is none. A map or list there is a mistake. */
static const char *scalar(struct reader *r, const char *key)
{
    const struct node *node = node_get(r->root, key);
    if (node == NULL || node_is_null(node))
        return NULL;
    if (node->type != NODE_SCALAR) {
        notes_error(r->notes, node->place, "K012", "\"%s\" is one text here, no map or list", key);
        return NULL;
    }
    return copy(r, node->text);
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_guid(struct text text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.len != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.bytes[i];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (form[i] == 'x' ? !is_hex : c != '-')
            return false;
    }
    return true;
}

/* "tl-" and small letters, digits and dashes: the ids of rules of ours. */
static bool is_ours(struct text text)
{
    if (text.len < 4 || memcmp(text.bytes, "tl-", 3) != 0)
        return false;
    for (size_t i = 3; i < text.len; i++) {
        char c = text.bytes[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static void read_id(struct reader *r)
{
    const struct node *node = node_get(r->root, "id");
    r->rule->id = scalar(r, "id");
    r->rule->place = node == NULL ? r->root->place : node->place;
    if (r->rule->id == NULL)
        notes_error(r->notes, r->rule->place, "K007",
                    "no \"id\"; a rule has one of its own, a GUID such as 2f561e20-d97b-4b13-b02d-18b34af6e87c");
    else if (!is_guid(text_from(r->rule->id)) && !is_ours(text_from(r->rule->id)))
        notes_error(r->notes, r->rule->place, "K009", "\"%.60s\" is no GUID (8-4-4-4-12 hexadecimal digits)",
                    r->rule->id);
}

static void read_names(struct reader *r)
{
    struct rule *rule = r->rule;
    const struct node *node = node_get(r->root, "name");
    rule->name = scalar(r, "name");
    if (rule->name == NULL || rule->name[0] == '\0')
        notes_error(r->notes, r->rule->place, "K007", "no \"name\"; alerts show it");
    else if (text_code_points(text_from(rule->name)) > MAX_NAME)
        notes_warning(r->notes, node->place, "W452", "the name has over 256 characters; Sentinel takes no longer one");
    rule->version = scalar(r, "version");
    if (rule->version == NULL)
        rule->version = "0"; /* hunting queries have none */
    rule->kind = scalar(r, "kind");
    rule->status = scalar(r, "status");
    rule->description = scalar(r, "description");
    rule->author = scalar(r, "author");
    rule->license = scalar(r, "license");
    rule->ruleset = rule->id != NULL && is_ours(text_from(rule->id)) ? "Tripline" : "Sentinel";
    const char *enabled = scalar(r, "enabled");
    rule->is_disabled = enabled != NULL && text_equal_nocase(text_from(enabled), text_from("false"));
}

static void read_severity(struct reader *r)
{
    const struct node *node = node_get(r->root, "severity");
    const char *word = scalar(r, "severity");
    if (word == NULL) {
        (void)rule_severity_set(r->rule, text_from("Medium"));
        notes_warning(r->notes, r->root->place, "W453", "no \"severity\"; Medium is taken");
    } else if (!rule_severity_set(r->rule, text_from(word))) {
        notes_error(r->notes, node->place, "K011", "\"%.60s\" is no severity; High, Medium, Low and Informational are",
                    word);
    }
}

/* Calls take for each scalar in the list under key; a scalar alone counts as a list of one. */
static void each(struct reader *r, const char *key, void (*take)(struct reader *r, const struct node *item))
{
    const struct node *node = node_get(r->root, key);
    if (node == NULL || node_is_null(node))
        return;
    if (node->type == NODE_SCALAR) {
        take(r, node);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == NODE_LIST && node->items[i].type == NODE_SCALAR)
            take(r, &node->items[i]);
        else
            notes_error(r->notes, node->items[i].place, "K012", "\"%s\" is a list of texts", key);
    }
}

static void take_tactic(struct reader *r, const struct node *item)
{
    if (!rule_attack_add(r->rule, item->text))
        notes_warning(r->notes, item->place, "W454", "\"%.*s\" is no tactic of MITRE ATT&CK that is known here",
                      (int)(item->text.len > 60 ? 60 : item->text.len), item->text.bytes);
}

static void take_reference(struct reader *r, const struct node *item)
{
    struct rule *rule = r->rule;
    const char **more = arena_zeroed(rule->arena, rule->reference_count + 1, sizeof(*more));
    const char *reference = copy(r, item->text);
    if (more == NULL || reference == NULL) {
        r->is_short_of_memory = true;
        return;
    }
    for (size_t i = 0; i < rule->reference_count; i++)
        more[i] = rule->references[i];
    more[rule->reference_count++] = reference;
    rule->references = more;
    rule->reference = more[0];
}

/* entityMappings: [{entityType, fieldMappings: [{identifier, columnName}]}] */
static void read_entities(struct reader *r)
{
    const struct node *list = node_get(r->root, "entityMappings");
    size_t room = 0;
    if (list == NULL || node_is_null(list))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *fields = node_get(&list->items[i], "fieldMappings");
        room += fields == NULL ? 0 : fields->count;
    }
    struct rule_entity *entities = arena_zeroed(r->rule->arena, room + 1, sizeof(*entities));
    if (entities == NULL) {
        r->is_short_of_memory = true;
        return;
    }
    r->rule->entities = entities;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *type = node_get(&list->items[i], "entityType");
        const struct node *fields = node_get(&list->items[i], "fieldMappings");
        for (size_t f = 0; fields != NULL && f < fields->count; f++) {
            const struct node *identifier = node_get(&fields->items[f], "identifier");
            const struct node *column = node_get(&fields->items[f], "columnName");
            if (type == NULL || type->type != NODE_SCALAR || identifier == NULL || identifier->type != NODE_SCALAR ||
                column == NULL || column->type != NODE_SCALAR) {
                notes_warning(r->notes, fields->items[f].place, "W455",
                              "an entity mapping without entityType, identifier or columnName; it is left out");
                continue;
            }
            entities[r->rule->entity_count++] =
                (struct rule_entity){copy(r, type->text), copy(r, identifier->text), copy(r, column->text)};
        }
    }
}

static void read_details(struct reader *r)
{
    const struct node *map = node_get(r->root, "customDetails");
    if (map == NULL || map->type != NODE_MAP)
        return;
    struct rule_detail *details = arena_zeroed(r->rule->arena, map->count + 1, sizeof(*details));
    if (details == NULL) {
        r->is_short_of_memory = true;
        return;
    }
    r->rule->details = details;
    for (size_t i = 0; i < map->count; i++)
        if (map->items[i].type == NODE_SCALAR)
            details[r->rule->detail_count++] =
                (struct rule_detail){copy(r, map->keys[i].text), copy(r, map->items[i].text)};
}

static void check_keys(struct reader *r)
{
    for (size_t i = 0; i < r->root->count; i++) {
        const struct node *key = &r->root->keys[i];
        bool is_known = false;
        for (size_t k = 0; k < COUNT(known_keys) && !is_known; k++)
            is_known = text_equal(key->text, text_from(known_keys[k]));
        if (is_known)
            continue;
        const char *near = suggest_nearest(key->text.bytes, known_keys, COUNT(known_keys));
        notes_warning(r->notes, key->place, "W451", "the key \"%.*s\" is not known here and does nothing%s%s%s",
                      (int)(key->text.len > 60 ? 60 : key->text.len), key->text.bytes,
                      near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
}

/* The columns that entity mappings and customDetails name: the row should have them. */
static int wanted_columns(struct reader *r, struct text **out, size_t *count)
{
    const struct rule *rule = r->rule;
    struct text *wanted = arena_zeroed(rule->arena, rule->entity_count + rule->detail_count + 2, sizeof(*wanted));
    if (wanted == NULL)
        return -ENOMEM;
    *count = 0;
    for (size_t i = 0; i < rule->entity_count; i++)
        wanted[(*count)++] = text_from(rule->entities[i].column);
    for (size_t i = 0; i < rule->detail_count; i++)
        wanted[(*count)++] = text_from(rule->details[i].column);
    if (rule->severity_column != NULL)
        wanted[(*count)++] = text_from(rule->severity_column);
    *out = wanted;
    return 0;
}

/* The other details that may be overridden are texts for Sentinel's own pages. */
static void read_override(struct reader *r)
{
    const struct node *map = node_get(r->root, "alertDetailsOverride");
    const struct node *column = map == NULL ? NULL : node_get(map, "alertSeverityColumnName");
    if (column != NULL && column->type == NODE_SCALAR && column->text.len > 0)
        r->rule->severity_column = copy(r, column->text);
}

static int compile_query(struct reader *r, struct columns *columns, const struct rule_beside *beside)
{
    const struct node *query = node_get(r->root, "query");
    if (query->type != NODE_SCALAR || query->style != NODE_LITERAL) {
        notes_error(
            r->notes, query->place, "K008",
            "the query must be a literal block, so that places in it are places in the file: \"query: |\" and the "
            "text below, indented");
        return -EINVAL;
    }
    if (text_code_points(query->text) > MAX_QUERY)
        notes_warning(r->notes, query->place, "W452",
                      "the query has over 10,000 characters; Sentinel takes no longer one");
    struct text *wanted;
    size_t wanted_count;
    int rc = wanted_columns(r, &wanted, &wanted_count);
    if (rc < 0)
        return rc;
    struct kql_options options = {.at = query->block, .beside = beside, .wanted = wanted, .wanted_count = wanted_count};
    rc = kql_compile(&r->rule->legs, r->rule->arena, columns, query->text, &options, r->notes);
    return rc == 0 ? rule_own_read(r->rule, columns, r->root, &options, r->notes) : rc;
}

int rule_sentinel_compile(struct rule *rule, struct columns *columns, const struct node *root,
                          const struct rule_beside *beside, struct notes *notes)
{
    struct reader r = {.rule = rule, .root = root, .notes = notes};
    read_id(&r);
    read_names(&r);
    read_severity(&r);
    each(&r, "tactics", take_tactic);
    each(&r, "relevantTechniques", take_tactic);
    each(&r, "references", take_reference);
    read_entities(&r);
    read_details(&r);
    read_override(&r);
    check_keys(&r);
    int rc = compile_query(&r, columns, beside);
    if (rc == 0 && r.is_short_of_memory)
        rc = -ENOMEM;
    if (rc == -ENOMEM) {
        notes_error(notes, root->place, "K003", "the rule needs over 64 MiB once compiled; no rule needs as much");
        rc = -EINVAL;
    }
    return rc == 0 && !notes_ok(notes) ? -EINVAL : rc;
}
