#include "agent/rules/rule_test.h"

#include "agent/system/file.h"
#include "collectors/files/replay.h"
#include "detect/rule/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest path, bytes; most directories that are looked in above a file. */
#define MAX_PATH_SIZE 4096
#define MAX_ABOVE 32

/* Memory for the YAML of one file, bytes. */
#define MAX_TREE ((size_t)64 << 20)

struct run {
    struct rule_test_counts *counts;
    const struct rule_load *load;
    void (*tell)(void *context, const struct rule_test_result *result);
    void *context;
    struct rule_scratch *scratch;
    struct arena *arena; /* of the file that is looked at */
};

/* Events of one file against one rule. */
struct reading {
    const struct rule_set *set;
    const struct rule *rule;
    struct rule_scratch *scratch;
    unsigned long found;
    unsigned long bad; /* events that could not be read */
};

static bool wants(void *context, const struct event *event)
{
    const struct reading *reading = context;
    return rule_set_wants(reading->set, event);
}

static int take(void *context, const struct event *event)
{
    struct reading *reading = context;
    const struct rule_match *matches;
    size_t count =
        event->is_recovered ? 0 : rule_set_match(reading->set, event, event->time, reading->scratch, &matches);
    for (size_t i = 0; i < count; i++)
        reading->found += matches[i].rule == reading->rule && matches[i].legs != 0;
    return 0;
}

static void note_bad(void *context, const struct collector_report *report)
{
    struct reading *reading = context;
    reading->bad += report->kind == COLLECTOR_BAD_EVENT;
}

/* The length of the directory part of path: up to its last separator, 0 for none. */
static size_t directory_length(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '/' && path[length - 1] != '\\')
        length--;
    return length > 0 ? length - 1 : 0;
}

static bool is_there(const char *path)
{
    FILE *file = NULL;
    if (file_open(&file, path, "r") < 0)
        return false;
    (void)fclose(file); /* only looked for */
    return true;
}

/* A file of that name in the directory of from, or above it. False: there is none. */
static bool find_file(char to[MAX_PATH_SIZE], const char *from, struct text name)
{
    size_t length = strlen(from);
    for (int above = 0; above < MAX_ABOVE; above++) {
        length = directory_length(from, length);
        int size = snprintf(to, MAX_PATH_SIZE, "%.*s%s%.*s", (int)length, from, length > 0 ? "/" : "", (int)name.len,
                            name.bytes);
        if (size < 0 || size >= MAX_PATH_SIZE)
            return false;
        if (is_there(to))
            return true;
        if (length == 0)
            return false;
    }
    return false;
}

/* The rule's info.yml. False: it has no tests. *is_missing: it names one that is not there. */
static bool find_info(char to[MAX_PATH_SIZE], bool *is_missing, struct run *run, const struct rule_load_file *file)
{
    struct notes unsaid = {.arena = run->arena};
    const struct node *root;
    size_t stem = strlen(file->path);
    *is_missing = false;
    if (file->good != NULL && node_parse(&root, (struct text){file->good, file->good_size}, &unsaid) == 0) {
        const struct node *path = node_get(root, "regression_tests_path");
        if (path != NULL && path->type == NODE_SCALAR && path->text.len > 0) {
            *is_missing = !find_file(to, file->path, path->text);
            if (*is_missing)
                (void)text_copy(to, MAX_PATH_SIZE, path->text);
            return true;
        }
    }
    while (stem > 0 && file->path[stem] != '.' && file->path[stem] != '/' && file->path[stem] != '\\')
        stem--;
    int size = snprintf(to, MAX_PATH_SIZE, "%.*s.test/info.yml", (int)stem, file->path);
    if (size < 0 || size >= MAX_PATH_SIZE || file->path[stem] != '.')
        return false;
    return is_there(to);
}

static void tell(struct run *run, struct rule_test_result *result)
{
    run->counts->tests++;
    run->counts->failed += !result->is_passed;
    run->tell(run->context, result);
}

static void tell_problem(struct run *run, struct rule_test_result result, const char *problem)
{
    result.problem = problem;
    result.is_passed = false;
    tell(run, &result);
}

static const char *text_of(const struct node *map, const char *key)
{
    const struct node *node = node_get(map, key);
    return node == NULL || node->type != NODE_SCALAR ? NULL : node->text.bytes;
}

/* Reads the events; the counts are in *result. */
static void run_events(struct run *run, struct rule_test_result *result, const char *path)
{
    struct reading reading = {.set = run->load->set, .rule = result->file->rule, .scratch = run->scratch};
    struct collector_sink sink = {.context = &reading, .wants = wants, .event = take, .report = note_bad};
    struct replay_counts counts;
    struct fault fault = {0};
    char text[512];
    FILE *file = NULL;
    int rc = file_open(&file, path, "r");
    if (rc < 0) {
        tell_problem(run, *result, strerror(-rc));
        return;
    }
    rc = replay_file(file, text_from(path), &sink, NULL, &counts, &fault);
    (void)fclose(file); /* only read */
    result->found = reading.found;
    if (rc < 0) {
        tell_problem(run, *result, fault.call != NULL ? fault_text(&fault, text, sizeof(text)) : strerror(-rc));
    } else if (reading.bad > 0) {
        tell_problem(run, *result, "not all of its events could be read");
    } else {
        result->is_passed = result->wanted < 0 ? result->found > 0 : result->found == (unsigned long)result->wanted;
        tell(run, result);
    }
}

/* One entry of regression_tests_info. */
static void run_entry(struct run *run, struct rule_test_result result, const struct node *entry)
{
    char path[MAX_PATH_SIZE];
    const char *type = text_of(entry, "type"), *count = text_of(entry, "match_count");
    int64_t wanted = -1;
    result.name = text_of(entry, "name") == NULL ? "" : text_of(entry, "name");
    result.events = text_of(entry, "path");
    if (type == NULL || (strcmp(type, "evtx") != 0 && strcmp(type, "xml") != 0)) {
        tell_problem(run, result, "its type is neither evtx nor xml");
        return;
    }
    if (result.events == NULL) {
        tell_problem(run, result, "it names no path");
        return;
    }
    if (count != NULL && (!value_read_long(&wanted, text_from(count)) || wanted < 0 || wanted > INT32_MAX)) {
        tell_problem(run, result, "its match_count is no number");
        return;
    }
    result.wanted = (long)wanted;
    if (!find_file(path, result.info, text_from(result.events)))
        tell_problem(run, result, "its file of events is not there");
    else
        run_events(run, &result, path);
}

/* All tests of a rule. Returns 0 or -ENOMEM. */
static int run_info(struct run *run, const struct rule_load_file *file, const char *info)
{
    struct rule_test_result result = {.file = file, .info = info, .wanted = -1};
    struct notes unsaid = {.arena = run->arena};
    const struct node *root;
    char *bytes = NULL;
    size_t size;
    int rc = file_read(&bytes, &size, info, NODE_MAX_BYTES);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        tell_problem(run, result, strerror(-rc));
        return 0;
    }
    rc = node_parse(&root, (struct text){bytes, size}, &unsaid);
    free(bytes);
    const struct node *list = rc == 0 ? node_get(root, "regression_tests_info") : NULL;
    if (rc == -ENOMEM)
        return rc;
    if (list == NULL || list->type != NODE_LIST) {
        tell_problem(run, result,
                     rc != 0 && unsaid.error_count > 0 ? unsaid.errors[0].message
                                                       : "there is no list regression_tests_info in it");
        return 0;
    }
    for (size_t i = 0; i < list->count; i++)
        run_entry(run, result, &list->items[i]);
    run->counts->tested += list->count > 0;
    return 0;
}

int rule_test_run(struct rule_test_counts *counts, const struct rule_load *load,
                  void (*tell_result)(void *context, const struct rule_test_result *result), void *context)
{
    struct run run = {.counts = counts, .load = load, .tell = tell_result, .context = context};
    *counts = (struct rule_test_counts){0};
    int rc = arena_new(&run.arena, MAX_TREE);
    if (rc == 0)
        rc = rule_scratch_new(&run.scratch, load->set);
    for (size_t i = 0; rc == 0 && i < load->count; i++) {
        const struct rule_load_file *file = &load->files[i];
        char info[MAX_PATH_SIZE];
        bool is_missing;
        if (file->rule == NULL || file->is_off)
            continue;
        counts->rules++;
        arena_reset(run.arena);
        if (!find_info(info, &is_missing, &run, file))
            continue;
        if (is_missing)
            tell_problem(&run, (struct rule_test_result){.file = file, .info = info, .wanted = -1},
                         "the rule's regression_tests_path is not there");
        else
            rc = run_info(&run, file, info);
    }
    rule_scratch_free(run.scratch);
    arena_free(run.arena);
    return rc;
}
