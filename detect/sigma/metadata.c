#include "detect/sigma/metadata.h"

#include "detect/base/suggest.h"

#include <errno.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Longest title that the specification allows, characters. */
#define MAX_TITLE 256

static const char *const rule_keys[] = {
    "title",          "id",          "name",      "related",    "taxonomy",
    "status",         "description", "license",   "references", "author",
    "date",           "modified",    "logsource", "detection",  "fields",
    "falsepositives", "level",       "tags",      "scope",      "regression_tests_path",
    "simulation",     "correlation", "filter",    "action",     "reference"};

static const char *const filter_keys[] = {"title",      "id",      "name",     "description", "author",
                                          "references", "license", "taxonomy", "date",        "modified",
                                          "logsource",  "filter",  "status",   "level",       "tags"};

static const char *const statuses[] = {"stable", "test", "experimental", "deprecated", "unsupported"};

struct reader {
    struct rule *rule;
    const struct node *root;
    struct notes *notes;
    bool is_short_of_memory;
};

static const char *copy(struct reader *reader, struct text text)
{
    struct text kept = arena_text(reader->rule->arena, text);
    if (kept.bytes == NULL)
        reader->is_short_of_memory = true;
    return kept.bytes;
}

/* The text under a key; NULL: there is none. *node gets where it stands. */
static const char *scalar(struct reader *reader, const char *key, const struct node **node)
{
    const struct node *found = node_get(reader->root, key);
    if (node != NULL)
        *node = found == NULL ? reader->root : found;
    if (found == NULL || node_is_null(found))
        return NULL;
    if (found->type != NODE_SCALAR) {
        notes_error(reader->notes, found->place, "K012", "%s is one text, not a %s", key,
                    found->type == NODE_MAP ? "map" : "list");
        return NULL;
    }
    return copy(reader, found->text);
}

/* The texts of a list under a key; a text alone counts as a list of one. */
static const char *const *list(struct reader *reader, const char *key, size_t *count)
{
    const struct node *found = node_get(reader->root, key);
    *count = 0;
    if (found == NULL || node_is_null(found))
        return NULL;
    const struct node *items = found->type == NODE_LIST ? found->items : found;
    size_t item_count = found->type == NODE_LIST ? found->count : 1;
    const char **texts = arena_zeroed(reader->rule->arena, item_count + 1, sizeof *texts);
    if (texts == NULL) {
        reader->is_short_of_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < item_count; i++) {
        if (items[i].type == NODE_SCALAR)
            texts[(*count)++] = copy(reader, items[i].text);
        else
            notes_error(reader->notes, items[i].place, "K012", "%s is a list of texts", key);
    }
    return texts;
}

static void check_keys(const struct node *root, const char *const *known, size_t count, struct notes *notes)
{
    for (size_t i = 0; i < root->count; i++) {
        const struct node *key = &root->keys[i];
        bool is_known = false;
        for (size_t k = 0; k < count && !is_known; k++)
            is_known = text_equal(key->text, text_from(known[k]));
        if (is_known)
            continue;
        const char *near = suggest_nearest(key->text.bytes, known, count);
        if (near != NULL)
            notes_error(notes, key->place, "K013", "'%.60s' is not a key of Sigma; did you mean '%s'?", key->text.bytes,
                        near);
        else
            notes_warning(notes, key->place, "W401", "the key '%.60s' is not one of Sigma's and does nothing",
                          key->text.bytes);
    }
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_guid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; text[i] != '\0'; i++)
        if (form[i] == 'x' ? strchr("0123456789abcdefABCDEF", text[i]) == NULL : text[i] != '-')
            return false;
    return true;
}

/* "sigma-" and the title's letters and digits, a hyphen for all others. */
static const char *id_of_title(struct reader *reader, const char *title)
{
    size_t length = strlen(title), to = 6;
    char *id = arena_zeroed(reader->rule->arena, 1, length + 8);
    if (id == NULL) {
        reader->is_short_of_memory = true;
        return NULL;
    }
    memcpy(id, "sigma-", to);
    for (size_t i = 0; i < length; i++) {
        char c = (char)(title[i] >= 'A' && title[i] <= 'Z' ? title[i] + 32 : title[i]);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            id[to++] = c;
        else if (id[to - 1] != '-')
            id[to++] = '-';
    }
    id[id[to - 1] == '-' ? to - 1 : to] = '\0';
    return id;
}

static void read_names(struct reader *reader)
{
    struct rule *rule = reader->rule;
    const struct node *at;
    rule->name = scalar(reader, "title", &at);
    if (rule->name == NULL || rule->name[0] == '\0') {
        notes_error(reader->notes, at->place, "K007", "no title; alerts show it");
        rule->name = "";
    } else if (text_code_points(text_from(rule->name)) > MAX_TITLE) {
        notes_warning(reader->notes, at->place, "W402", "the title has over %d characters", MAX_TITLE);
    }
    rule->id = scalar(reader, "id", &at);
    if (rule->id == NULL) {
        rule->id = id_of_title(reader, rule->name);
        notes_warning(reader->notes, at->place, "W434", "no id: this rule is known as %s, until its title changes",
                      rule->id == NULL ? "" : rule->id);
    } else if (!is_guid(rule->id)) {
        notes_error(reader->notes, at->place, "K009", "the id '%.60s' is not a UUID (8-4-4-4-12 hexadecimal digits)",
                    rule->id);
    }
    const char *taxonomy = scalar(reader, "taxonomy", &at);
    if (taxonomy != NULL && strcmp(taxonomy, "sigma") != 0)
        notes_error(reader->notes, at->place, "K015", "the taxonomy '%.60s' is not known here; 'sigma' is", taxonomy);
}

static void read_status(struct reader *reader)
{
    const struct node *at;
    const char *status = scalar(reader, "status", &at);
    for (size_t i = 0; status != NULL && i < COUNT(statuses); i++)
        if (strcmp(status, statuses[i]) == 0) {
            reader->rule->status = statuses[i];
            return;
        }
    if (status != NULL)
        notes_error(reader->notes, at->place, "K015",
                    "the status '%.60s' is not known; stable, test, experimental, deprecated and unsupported are",
                    status);
}

static void read_level(struct reader *reader)
{
    const struct node *at;
    const char *level = scalar(reader, "level", &at);
    if (level == NULL) {
        (void)rule_severity_set(reader->rule, text_from("medium"));
        notes_warning(reader->notes, at->place, "W403", "no level; medium is taken");
    } else if (!rule_severity_set(reader->rule, text_from(level))) {
        notes_error(reader->notes, at->place, "K011",
                    "the level '%.60s' is not known; informational, low, medium, high and critical are", level);
    }
}

/* A group (g0001), software (s0001), campaign (c0001) or data source of ATT&CK: alerts have no place for them. */
static bool is_other_attack(struct text word)
{
    size_t digits = 1;
    while (digits < word.len && word.bytes[digits] >= '0' && word.bytes[digits] <= '9')
        digits++;
    return word.len == 5 && digits == 5 && strchr("gscGSC", word.bytes[0]) != NULL;
}

static void read_tags(struct reader *reader)
{
    size_t count;
    const char *const *tags = list(reader, "tags", &count);
    const struct node *node = node_get(reader->root, "tags");
    for (size_t i = 0; i < count; i++) {
        if (tags[i] == NULL || strncmp(tags[i], "attack.", 7) != 0)
            continue;
        struct text word = text_from(tags[i] + 7);
        struct expr_place place = node->type == NODE_LIST && node->count == count ? node->items[i].place : node->place;
        if (!is_other_attack(word) && !rule_attack_add(reader->rule, word))
            notes_warning(reader->notes, place, "W404",
                          "'%.60s' is no tactic or technique of ATT&CK that is known here", tags[i]);
    }
}

int metadata_read(struct rule *rule, const struct node *root, struct notes *notes)
{
    struct reader reader = {.rule = rule, .root = root, .notes = notes};
    check_keys(root, rule_keys, COUNT(rule_keys), notes);
    rule->format = RULE_SIGMA;
    rule->ruleset = "Sigma";
    read_names(&reader);
    read_status(&reader);
    read_level(&reader);
    read_tags(&reader);
    rule->description = scalar(&reader, "description", NULL);
    rule->author = scalar(&reader, "author", NULL);
    rule->license = scalar(&reader, "license", NULL);
    rule->version = scalar(&reader, "modified", NULL);
    if (rule->version == NULL)
        rule->version = scalar(&reader, "date", NULL);
    if (rule->version == NULL)
        rule->version = "0";
    rule->references = list(&reader, "references", &rule->reference_count);
    rule->reference = rule->reference_count > 0 ? rule->references[0] : NULL;
    rule->false_positives = list(&reader, "falsepositives", &rule->false_positive_count);
    return reader.is_short_of_memory ? -ENOMEM : 0;
}

void metadata_check_filter(const struct node *root, struct notes *notes)
{
    const struct node *title = node_get(root, "title");
    check_keys(root, filter_keys, COUNT(filter_keys), notes);
    if (title == NULL || title->type != NODE_SCALAR || title->text.len == 0)
        notes_error(notes, root->place, "K007", "no title");
}
