#include "tests/detect/sigma/slow.h"

#include "tests/detect/sigma/slow_value.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text field_of(const struct slow_event *event, struct text name)
{
    for (size_t i = 0; i < event->count; i++)
        if (text_equal(event->fields[i].name, name))
            return event->fields[i].value;
    return (struct text){0};
}

static bool has(const char *modifiers, const char *word)
{
    char wanted[24];
    (void)snprintf(wanted, sizeof wanted, "|%s|", word);
    return strstr(modifiers, wanted) != NULL;
}

/* field|fieldref: other */
static bool test_other(const struct slow_event *event, struct text value, struct text name, const char *modifiers)
{
    struct text other = field_of(event, name);
    if (value.bytes == NULL || other.bytes == NULL)
        return false;
    return slow_value_compare(value, other, modifiers);
}

/* true, yes and on, in any letter case. */
static bool is_yes(struct text text)
{
    int first = tolower((unsigned char)text.bytes[0]), last = tolower((unsigned char)text.bytes[text.len - 1]);
    return first == 't' || first == 'y' || (first == 'o' && last == 'n');
}

static bool test_value(const struct slow_event *event, struct text value, bool is_keyword, const struct node *node,
                       const char *modifiers)
{
    if (node_is_null(node))
        return value.bytes == NULL;
    if (has(modifiers, "exists"))
        return (value.bytes != NULL) == is_yes(node->text);
    if (has(modifiers, "fieldref"))
        return test_other(event, value, node->text, modifiers);
    if (value.bytes == NULL)
        return false;
    return slow_value_test(value, node->text, node->style == NODE_PLAIN && !is_keyword, is_keyword, modifiers);
}

/* One line: a key (NULL: keywords) and its value or values. */
static bool test_item(const struct slow_event *event, const struct node *key, const struct node *values)
{
    char modifiers[128] = "|";
    struct text field = key == NULL ? (struct text){0} : key->text;
    size_t bar = text_find(field, '|');
    if (bar < field.len)
        (void)snprintf(modifiers, sizeof modifiers, "|%.*s|", (int)(field.len - bar - 1), field.bytes + bar + 1);
    field.len = bar;
    bool is_keyword = field.len == 0;
    struct text value = is_keyword ? event->whole : field_of(event, field);
    size_t count = values->type == NODE_LIST ? values->count : 1, met = 0;
    for (size_t i = 0; i < count; i++)
        met += test_value(event, value, is_keyword, values->type == NODE_LIST ? &values->items[i] : values, modifiers);
    bool is_met = has(modifiers, "all") ? met == count : met > 0;
    return has(modifiers, "neq") ? !is_met : is_met;
}

static bool test_identifier(const struct slow_event *event, const struct node *node)
{
    if (node->type == NODE_SCALAR)
        return test_item(event, NULL, node);
    for (size_t i = 0; i < node->count; i++) {
        bool is_met = node->type == NODE_MAP ? test_item(event, &node->keys[i], &node->items[i])
                                             : test_identifier(event, &node->items[i]);
        if (is_met != (node->type == NODE_MAP))
            return is_met;
    }
    return node->type == NODE_MAP;
}

/* The condition while it is read. */
struct reading {
    const struct slow_event *event;
    const struct node *detection;
    const char *at, *end;
    char word[128];
};

static void next(struct reading *reading)
{
    size_t length = 0;
    while (reading->at < reading->end && isspace((unsigned char)*reading->at))
        reading->at++;
    if (reading->at < reading->end && (*reading->at == '(' || *reading->at == ')'))
        reading->word[length++] = *reading->at++;
    else
        while (reading->at < reading->end && !isspace((unsigned char)*reading->at) && *reading->at != '(' &&
               *reading->at != ')' && length + 1 < sizeof reading->word)
            reading->word[length++] = *reading->at++;
    reading->word[length] = '\0';
}

/* Does name fit a pattern with * alone? */
static bool fits(const char *pattern, const char *name)
{
    if (*pattern == '*')
        return fits(pattern + 1, name) || (*name != '\0' && fits(pattern, name + 1));
    return *pattern == *name && (*name == '\0' || fits(pattern + 1, name + 1));
}

static bool some_of(struct reading *reading, bool is_all)
{
    size_t met = 0, count = 0;
    bool is_them = strcmp(reading->word, "them") == 0;
    for (size_t i = 0; i < reading->detection->count; i++) {
        const char *name = reading->detection->keys[i].text.bytes;
        if (name[0] == '_' || strcmp(name, "condition") == 0 || !(is_them || fits(reading->word, name)))
            continue;
        count++;
        met += test_identifier(reading->event, &reading->detection->items[i]);
    }
    assert(count > 0);
    next(reading);
    return is_all ? met == count : met > 0;
}

/* The condition's own words may be written in capitals too. */
static bool is_word(const char *word, const char *wanted)
{
    while (*wanted != '\0' && tolower((unsigned char)*word) == *wanted) {
        word++;
        wanted++;
    }
    return *wanted == '\0' && *word == '\0';
}

static bool read_or(struct reading *reading);

static bool read_one(struct reading *reading)
{
    char word[sizeof reading->word];
    memcpy(word, reading->word, sizeof word);
    next(reading);
    if (is_word(word, "not"))
        return !read_one(reading);
    if (strcmp(word, "(") == 0) {
        bool is_met = read_or(reading);
        assert(strcmp(reading->word, ")") == 0);
        next(reading);
        return is_met;
    }
    if (is_word(reading->word, "of")) {
        next(reading);
        return some_of(reading, is_word(word, "all"));
    }
    const struct node *identifier = node_get(reading->detection, word);
    assert(identifier != NULL);
    return test_identifier(reading->event, identifier);
}

static bool read_and(struct reading *reading)
{
    bool is_met = read_one(reading);
    while (is_word(reading->word, "and")) {
        next(reading);
        is_met = read_one(reading) && is_met;
    }
    return is_met;
}

static bool read_or(struct reading *reading)
{
    bool is_met = read_and(reading);
    while (is_word(reading->word, "or")) {
        next(reading);
        is_met = read_and(reading) || is_met;
    }
    return is_met;
}

bool slow_matches(const struct node *root, const struct slow_event *event)
{
    const struct node *detection = node_get(root, "detection");
    const struct node *condition = node_get(detection, "condition");
    size_t count = condition->type == NODE_LIST ? condition->count : 1;
    bool is_met = false;
    for (size_t i = 0; i < count; i++) {
        const struct node *text = condition->type == NODE_LIST ? &condition->items[i] : condition;
        struct reading reading = {
            .event = event, .detection = detection, .at = text->text.bytes, .end = text->text.bytes + text->text.len};
        next(&reading);
        is_met = read_or(&reading) || is_met;
        assert(reading.word[0] == '\0');
    }
    return is_met;
}
