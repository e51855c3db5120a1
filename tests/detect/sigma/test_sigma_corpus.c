/*
 * Public Sigma rules on recorded events: they compile, the events recorded for a rule fire it, the slow evaluator gives
 * the same answer for every rule and event, and so does a set of rules with its candidates. Rules and events are not
 * part of the project: skipped where they are not. TRIPLINE_LONG=1: all files, and more pairs of them.
 */
#include "collectors/files/replay.h"
#include "detect/event/kinds.h"
#include "detect/rule/rule_set.h"
#include "tests/detect/sigma/compiled.h"
#include "tests/test.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS TEST_SHARED "/corpus/"
#define RULES CORPUS "sigma/rules/"
#define MAX_RULES 2000

/* Most rules that may be refused, of a hundred. */
#define MAX_REFUSED 1

static struct {
    char name[128];
    const struct node *root;
    const struct rule *rule; /* NULL: refused */
    unsigned fired;
} rules[MAX_RULES];
static size_t rule_count, refused_count;
static struct rule_set *set;
static struct rule_scratch *set_scratch;
static struct arena *trees, *scratch;

static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    if (file == NULL)
        return NULL;
    *size = 0;
    for (size_t room = 65536;; room *= 2) {
        bytes = realloc(bytes, room + 1);
        assert(bytes != NULL);
        *size += fread(bytes + *size, 1, room - *size, file);
        if (*size < room)
            break;
    }
    (void)fclose(file); /* only read */
    bytes[*size] = '\0';
    return bytes;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, in order; the caller frees each and the list. */
static char **names_in(const char *folder, size_t *count)
{
    char **names = NULL;
    DIR *directory = opendir(folder);
    *count = 0;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        names = realloc(names, (*count + 1) * sizeof *names);
        assert(names != NULL);
        names[(*count)++] = strdup(entry->d_name);
    }
    if (directory != NULL)
        (void)closedir(directory); /* only read */
    qsort(names, *count, sizeof *names, by_name);
    return names;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* Compiles one file into the set; the tree is kept for the slow evaluator. */
static void add_rule(const char *name)
{
    char path[512];
    size_t size;
    struct notes notes = {.arena = trees};
    struct arena *arena;
    const struct rule *other;
    int rc = arena_new(&arena, (size_t)16 << 20);
    assert(rc == 0);
    struct rule *rule = arena_zeroed(arena, 1, sizeof *rule);
    rule->arena = arena;
    rule->source = "test";
    (void)snprintf(path, sizeof path, RULES "%s", name);
    char *bytes = read_all(path, &size);
    assert(bytes != NULL && rule_count < MAX_RULES);
    (void)snprintf(rules[rule_count].name, sizeof rules[0].name, "%s", name);
    rc = node_parse(&rules[rule_count].root, (struct text){bytes, size}, &notes);
    if (rc == 0)
        rc = sigma_compile(rule, rule_set_columns(set), rules[rule_count].root, NULL, &notes);
    if (rc == 0)
        rc = rule_set_add(set, rule, &other);
    if (rc == 0) {
        rules[rule_count].rule = rule;
    } else {
        printf("\n  refused: %s: %s ", name, notes.error_count > 0 ? notes.errors[0].message : "another has its id");
        refused_count++;
        arena_free(arena);
    }
    free(bytes);
    rule_count++;
}

static void every_rule_compiles(void)
{
    size_t count;
    char **names = names_in(RULES, &count);
    if (count == 0) {
        test_skip("there are no rules in ../shared");
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_rule(names[i]);
    free_names(names, count);
    const struct rule_set_options options = {0};
    CU_ASSERT_EQUAL(rule_set_seal(set, &options), 0);
    CU_ASSERT_EQUAL(rule_scratch_new(&set_scratch, set), 0);
    printf("\n  %u rules, %u refused, tables of %u KiB ", (unsigned)rule_count, (unsigned)refused_count,
           (unsigned)(rule_set_size(set) / 1024));
    CU_ASSERT_TRUE(refused_count * 100 <= rule_count * MAX_REFUSED);
}

/* What is done with a file's events. */
struct reading {
    uint64_t events, fires, pairs; /* pairs: rule and event that the slow evaluator saw */
    unsigned different;
    unsigned every;   /* the slow evaluator sees one of so many pairs, and each that fires */
    bool is_counting; /* rules[].fired */
    unsigned most;    /* events of a file that are looked at; 0: all */
    unsigned in_file; /* events of this file */
    uint64_t passed_over;
    const char *path;
};

static bool is_true(const struct rule *rule, const struct event *event)
{
    struct column_row row;
    column_row_of(&row, rule_set_columns(set), event, 0);
    for (size_t i = 0; i < rule->legs.count; i++) {
        const struct leg *leg = &rule->legs.items[i];
        enum truth truth = leg_takes(leg, event) ? expr_truth(leg->condition, &row.row, scratch) : TRUTH_FALSE;
        arena_reset(scratch);
        CU_ASSERT_TRUE(truth == TRUTH_TRUE || truth == TRUTH_FALSE);
        if (truth == TRUTH_TRUE)
            return true;
    }
    return false;
}

static void tell(const struct reading *reading, size_t rule, const char *what)
{
    printf("\n  %s: %s: %s ", reading->path, rules[rule].name, what);
    CU_FAIL("answers differ");
}

/* All rules on one event: one by one, by the slow evaluator, and as a set. */
static void look_at(struct reading *reading, const struct event *event)
{
    static char storage[1 << 20];
    static uint32_t turn = 12345;
    struct slow_field fields[128];
    struct slow_event slow;
    const struct rule_match *matches;
    size_t match_count = rule_set_match(set, event, 0, set_scratch, &matches), at = 0;
    compiled_slow(&slow, fields, storage, sizeof storage, event);
    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].rule == NULL)
            continue;
        bool is = is_true(rules[i].rule, event);
        bool is_in_set = at < match_count && matches[at].rule == rules[i].rule;
        at += is_in_set;
        reading->fires += is;
        rules[i].fired += is && reading->is_counting && !event->is_recovered; /* those are of no log any more */
        if (is != is_in_set)
            tell(reading, i, is ? "the set does not find it" : "the set finds it");
        turn = turn * 1664525u + 1013904223u; /* numerical recipes' generator: the same pairs each time */
        if (!is && (turn >> 8) % reading->every != 0)
            continue;
        reading->pairs++;
        if (slow_matches(rules[i].root, &slow) != is && reading->different++ < 20)
            tell(reading, i, is ? "the slow evaluator says no" : "the slow evaluator says yes");
    }
    CU_ASSERT_EQUAL(at, match_count);
    reading->events++;
}

/* The same event with another command line, without its command line, and without its image's version. */
static void look_at_mutations(struct reading *reading, const struct event *event)
{
    static const char *const names[] = {"CommandLine", "Image", "NewProcessName", "OriginalFileName", "ParentImage"};
    struct event_datum data[64];
    if (event->data_count > 64)
        return;
    for (size_t which = 0; which < 5; which++) {
        struct event other = *event;
        char upper[1024];
        size_t kept = 0;
        for (size_t i = 0; i < event->data_count; i++) {
            data[kept] = event->data[i];
            if (!text_equal(data[kept].name, text_from(names[which]))) {
                kept++;
                continue;
            }
            if (reading->events % 2 == 0) /* it is lacking */
                continue;
            size_t length = text_copy(upper, sizeof upper, data[kept].value);
            for (size_t k = 0; k < length; k++)
                upper[k] = (char)(upper[k] >= 'a' && upper[k] <= 'z' ? upper[k] - 32
                                  : upper[k] == '-'                  ? '/'
                                                                     : upper[k]);
            data[kept++].value = (struct text){upper, length};
        }
        for (size_t field = 0; field < EVENT_FIELD_COUNT; field++)
            if (field != EVENT_PROVIDER && field != EVENT_CHANNEL && field != EVENT_COMPUTER)
                other.field[field] = (struct text){0};
        other.data = data;
        other.data_count = kept;
        kinds_fill(&other, kinds_find(event->field[EVENT_PROVIDER], event->event_id));
        look_at(reading, &other);
    }
}

static int take(void *context, const struct event *event)
{
    struct reading *reading = context;
    if (reading->most > 0 && reading->in_file++ >= reading->most) {
        reading->passed_over++;
        return 0;
    }
    look_at(reading, event);
    if (!reading->is_counting && reading->events % 16 == 0)
        look_at_mutations(reading, event);
    return 0;
}

static void ignore(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report; /* damaged events are other tests' */
}

static void read_events(struct reading *reading, const char *path)
{
    struct collector_sink sink = {.context = reading, .event = take, .report = ignore};
    struct replay_counts counts;
    struct fault fault = {0};
    FILE *file = fopen(path, "rb");
    reading->path = path;
    reading->in_file = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    int rc = replay_file(file, text_from(path), &sink, NULL, &counts, &fault);
    CU_ASSERT_TRUE(rc == 0 || rc == -EBADMSG);
    (void)fclose(file); /* only read */
}

/* INDEX.tsv: rule, id, file of events, how often they fire it. */
static void recorded_events_fire_their_rule(void)
{
    size_t size;
    unsigned tried = 0;
    char *index = read_all(CORPUS "sigma/INDEX.tsv", &size);
    if (index == NULL || set_scratch == NULL) {
        test_skip("there are no events in ../shared");
        free(index);
        return;
    }
    for (char *line = index; line != NULL && *line != '\0';) {
        char name[128], file[128], path[512];
        unsigned count;
        char *end = strchr(line, '\n');
        if (sscanf(line, "%127[^\t]\t%*[^\t]\t%127[^\t]\t%u", name, file, &count) == 3) {
            struct reading reading = {.every = 10, .is_counting = true};
            for (size_t i = 0; i < rule_count; i++)
                rules[i].fired = 0;
            (void)snprintf(path, sizeof path, CORPUS "sigma/events/%s", file);
            read_events(&reading, path);
            for (size_t i = 0; i < rule_count; i++)
                if (strcmp(rules[i].name, name) == 0 && rules[i].fired != count) {
                    printf("\n  %s: %u instead of %u ", name, rules[i].fired, count);
                    CU_FAIL("the recorded events do not fire their rule");
                }
            tried++;
        }
        line = end == NULL ? NULL : end + 1;
    }
    free(index);
    printf("\n  %u files ", tried);
    CU_ASSERT_TRUE(tried > 0);
}

static void all_answers_are_the_same(void)
{
    static const char *const folders[] = {"xml/", "json-reconstructed/", "native/", "evtx/"};
    const bool is_long = test_is_long();
    struct reading reading = {.every = is_long ? 100 : 400, .most = is_long ? 200 : 0};
    if (set_scratch == NULL) {
        test_skip("there are no rules in ../shared");
        return;
    }
    for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++) {
        size_t count;
        char path[768], folder[256];
        (void)snprintf(folder, sizeof folder, CORPUS "%s", folders[f]);
        char **names = names_in(folder, &count);
        for (size_t i = 0; i < count; i++) {
            if (!is_long && i % 8 != 0) /* one file of eight, unless there is time */
                continue;
            (void)snprintf(path, sizeof path, "%s%s", folder, names[i]);
            read_events(&reading, path);
        }
        free_names(names, count);
    }
    printf(
        "\n  %u events, %u more of long files passed over, %u fires, %u pairs seen by the slow evaluator too, %u legs "
        "evaluated by the set ",
        (unsigned)reading.events, (unsigned)reading.passed_over, (unsigned)reading.fires, (unsigned)reading.pairs,
        (unsigned)rule_scratch_evaluated(set_scratch));
    CU_ASSERT_EQUAL(reading.different, 0);
    CU_ASSERT_TRUE(reading.events > 0);
}

/* Which rules fire on our own benign events: docs/sigma.md says why. */
static void benign_events(void)
{
    struct reading reading = {.every = 20, .is_counting = true};
    if (set_scratch == NULL) {
        test_skip("there are no rules in ../shared");
        return;
    }
    for (size_t i = 0; i < rule_count; i++)
        rules[i].fired = 0;
    read_events(&reading, TEST_DATA "/background.xml");
    for (size_t i = 0; i < rule_count; i++)
        if (rules[i].fired > 0)
            printf("\n  %u times %s ", rules[i].fired, rules[i].name);
    CU_ASSERT_EQUAL(reading.different, 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"every rule compiles", every_rule_compiles},
                                        {"recorded events fire their rule", recorded_events_fire_their_rule},
                                        {"all answers are the same", all_answers_are_the_same},
                                        {"benign events", benign_events},
                                        CU_TEST_INFO_NULL};
    if (rule_set_new(&set) != 0 || arena_new(&trees, (size_t)256 << 20) != 0 ||
        arena_new(&scratch, EXPR_SCRATCH_BYTES) != 0)
        return 1;
    int rc = test_main("sigma_corpus", tests);
    rule_scratch_free(set_scratch);
    rule_set_free(set);
    arena_free(trees);
    arena_free(scratch);
    return rc;
}
