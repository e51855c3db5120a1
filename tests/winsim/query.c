#include "tests/winsim/query.h"

#include "tests/winsim/winsim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool channel_name_equal(const char *a, const char *b)
{
    for (;; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a | 0x20) : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b | 0x20) : *b;
        if (x != y)
            return false;
        if (x == 0)
            return true;
    }
}

bool query_is_structured(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] == '<';
}

static enum query_fault add(struct query *q, const char *channel, const char *text, char why[XPATH_WHY_SIZE])
{
    struct xpath *xpath = NULL;
    if (channel == NULL || channel[0] == 0) {
        snprintf(why, XPATH_WHY_SIZE, "no channel is named for: %.80s", text == NULL ? "*" : text);
        return QUERY_NO_CHANNEL;
    }
    if (text != NULL && strcmp(text, "*") != 0 && (xpath = xpath_new(text, why)) == NULL)
        return QUERY_INVALID;
    winsim_reserve((void **)&q->parts, q->count, &q->room, sizeof(*q->parts));
    q->parts[q->count++] = (struct query_part){.channel = winsim_copy(channel, strlen(channel)), .xpath = xpath};
    return QUERY_GOOD;
}

/* One Select or Suppress at node, in the Query element at parent. */
static enum query_fault add_part(struct query *q, const struct event_tree *tree, uint32_t node, uint32_t parent,
                                 char why[XPATH_WHY_SIZE])
{
    const char *path = event_tree_attribute(tree, node, "Path");
    const char *name = event_tree_name(tree, node);
    bool is_suppress = strcmp(name, "Suppress") == 0;
    if (!is_suppress && strcmp(name, "Select") != 0) {
        snprintf(why, XPATH_WHY_SIZE, "<%.40s> is not known in <Query>", name);
        return QUERY_INVALID;
    }
    if (path == NULL)
        path = event_tree_attribute(tree, parent, "Path");
    enum query_fault fault = add(q, path, event_tree_text(tree, node), why);
    if (fault == QUERY_GOOD) {
        q->parts[q->count - 1].is_suppress = is_suppress;
        q->parts[q->count - 1].group = parent;
    }
    return fault;
}

static enum query_fault add_list(struct query *q, const struct event_tree *tree, char why[XPATH_WHY_SIZE])
{
    if (strcmp(event_tree_name(tree, 0), "QueryList") != 0 || tree->nodes[0].first_child == TREE_NONE) {
        snprintf(why, XPATH_WHY_SIZE, "a <QueryList> with a <Query> expected");
        return QUERY_INVALID;
    }
    for (uint32_t n = tree->nodes[0].first_child; n != TREE_NONE; n = tree->nodes[n].next) {
        if (strcmp(event_tree_name(tree, n), "Query") != 0) {
            snprintf(why, XPATH_WHY_SIZE, "<%.40s> is not known in <QueryList>", event_tree_name(tree, n));
            return QUERY_INVALID;
        }
        for (uint32_t part = tree->nodes[n].first_child; part != TREE_NONE; part = tree->nodes[part].next) {
            enum query_fault fault = add_part(q, tree, part, n, why);
            if (fault != QUERY_GOOD)
                return fault;
        }
    }
    return QUERY_GOOD;
}

enum query_fault query_new(struct query **out, const char *channel, const char *text, char why[XPATH_WHY_SIZE])
{
    struct query *q = winsim_alloc(sizeof(*q));
    enum query_fault fault;
    if (query_is_structured(text)) {
        const char *reason = "";
        struct event_tree *tree = event_tree_new(text, strlen(text), &reason);
        if (tree == NULL) {
            snprintf(why, XPATH_WHY_SIZE, "not well-formed: %.80s", reason);
            fault = QUERY_MALFORMED;
        } else {
            fault = add_list(q, tree, why);
        }
        event_tree_free(tree);
    } else {
        fault = add(q, channel, text, why);
    }
    if (fault == QUERY_GOOD)
        *out = q;
    else
        query_free(q);
    return fault;
}

void query_free(struct query *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->count; i++) {
        free(q->parts[i].channel);
        xpath_free(q->parts[i].xpath);
    }
    free(q->parts);
    free(q);
}

bool query_takes_all(const struct query *q, const char *channel)
{
    bool takes_all = false;
    for (size_t i = 0; i < q->count; i++) {
        if (!channel_name_equal(q->parts[i].channel, channel))
            continue;
        if (q->parts[i].is_suppress)
            return false;
        takes_all = takes_all || q->parts[i].xpath == NULL;
    }
    return takes_all;
}

static bool part_matches(const struct query_part *part, const char *channel, const struct event_tree *tree,
                         uint64_t now)
{
    return channel_name_equal(part->channel, channel) && (part->xpath == NULL || xpath_matches(part->xpath, tree, now));
}

bool query_matches(const struct query *q, const char *channel, const struct event_tree *tree, uint64_t now)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->parts[i].is_suppress || !part_matches(&q->parts[i], channel, tree, now))
            continue;
        bool is_suppressed = false;
        for (size_t j = 0; j < q->count && !is_suppressed; j++)
            is_suppressed = q->parts[j].is_suppress && q->parts[j].group == q->parts[i].group &&
                            part_matches(&q->parts[j], channel, tree, now);
        if (!is_suppressed)
            return true;
    }
    return false;
}
