/* Real rules: which compile, and where the others are refused. */
#include "detect/kql/kql.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULES TEST_SHARED "/corpus/sentinel-rules/"
#define VECTORS TEST_SHARED "/spec/vectors/kql_refusal_vectors.tsv"
#define MAX_RULES 1024

struct file {
    char *bytes;
    size_t len;
};

static struct file read_file(const char *path)
{
    struct file file = {NULL, 0};
    FILE *from = fopen(path, "rb");
    if (from == NULL)
        return file;
    char *bytes = malloc((size_t)1 << 22);
    if (bytes != NULL)
        file = (struct file){bytes, fread(bytes, 1, ((size_t)1 << 22) - 1, from)};
    if (bytes != NULL)
        bytes[file.len] = '\0';
    (void)fclose(from); /* read only */
    return file;
}

/* The block after "query: |", its indent taken off; in place. */
static struct text query_of(struct file file)
{
    char *at = file.bytes != NULL ? strstr(file.bytes, "\nquery: |") : NULL, *to;
    size_t indent = 0, len = 0;
    if (at == NULL)
        return (struct text){NULL, 0};
    at = strchr(at + 1, '\n') + 1;
    to = at;
    for (char *first = at; indent == 0 && *first != '\0'; first = strchr(first, '\n') + 1)
        indent = strspn(first, " ") < strcspn(first, "\n") ? strspn(first, " ") : 0;
    struct text query = {to, 0};
    while (*at != '\0') {
        size_t line = strcspn(at, "\n"), blanks = strspn(at, " ");
        if (blanks < indent && blanks < line)
            break;
        size_t cut = line < indent ? line : indent;
        memmove(to + len, at + cut, line - cut + (at[line] != '\0'));
        len += line - cut + (at[line] != '\0');
        at += line + (at[line] != '\0');
    }
    query.len = len;
    return query;
}

/* Column number i of a line between tabs. */
static struct text column(const char *line, size_t i)
{
    for (; i > 0; i--)
        line += strcspn(line, "\t\n") + 1;
    return (struct text){line, strcspn(line, "\t\n")};
}

struct outcome {
    struct arena *arena;
    struct columns *columns;
    struct legs legs;
    struct notes notes;
    int rc;
};

static bool compile(struct outcome *outcome, struct text file_name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s%.*s", RULES, (int)file_name.len, file_name.bytes);
    struct file file = read_file(path);
    struct text query = query_of(file);
    memset(outcome, 0, sizeof *outcome);
    CU_ASSERT_PTR_NOT_NULL(query.bytes);
    if (query.bytes == NULL || arena_new(&outcome->arena, (size_t)64 << 20) != 0 ||
        columns_new(&outcome->columns) != 0) {
        free(file.bytes);
        return false;
    }
    outcome->notes.arena = outcome->arena;
    struct kql_options options = {.at = {1, 1}};
    outcome->rc = kql_compile(&outcome->legs, outcome->arena, outcome->columns, query, &options, &outcome->notes);
    free(file.bytes);
    return true;
}

static void end(struct outcome *outcome)
{
    columns_free(outcome->columns);
    arena_free(outcome->arena);
}

/* Levels of the index that stand for what single events can tell. */
static bool is_of_one_event(struct text level)
{
    return level.len > 2 && (memcmp(level.bytes, "a-", 2) == 0 || memcmp(level.bytes, "b-", 2) == 0 ||
                             memcmp(level.bytes, "b2", 2) == 0);
}

static void test_rules(void)
{
    struct file index = read_file(RULES "INDEX.tsv");
    unsigned compiled = 0, refused = 0;
    if (index.bytes == NULL) {
        test_skip("there is no " RULES);
        return;
    }
    const char *line = strchr(index.bytes, '\n') + 1;
    for (; *line != '\0'; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL)) {
        struct outcome outcome;
        struct text name = column(line, 0);
        bool expected = is_of_one_event(column(line, 4));
        if (!compile(&outcome, name))
            continue;
        CU_ASSERT_EQUAL(outcome.rc, expected ? 0 : -EINVAL);
        if (outcome.rc != (expected ? 0 : -EINVAL))
            fprintf(stderr, "%.*s: %d %s %s\n", (int)name.len, name.bytes, outcome.rc,
                    outcome.notes.error_count > 0 ? outcome.notes.errors[0].code : "",
                    outcome.notes.error_count > 0 ? outcome.notes.errors[0].message : "");
        CU_ASSERT(outcome.rc != 0 || outcome.legs.count > 0);
        compiled += outcome.rc == 0;
        refused += outcome.rc != 0;
        end(&outcome);
    }
    printf(" %u compiled, %u refused ", compiled, refused);
    free(index.bytes);
}

static bool is_told(const struct notes *notes, unsigned line, unsigned at, struct text class)
{
    for (size_t i = 0; i < notes->error_count; i++)
        if (notes->errors[i].place.line == line && notes->errors[i].place.column == at &&
            text_equal(text_from(kql_fault_class(notes->errors[i].code)), class))
            return true;
    return false;
}

/* Each place that the vectors name is reported, with its class. The vectors were made when less was supported: what is
 * supported now is not refused any more. Some were made of queries with one more line at their
 * beginning, which the block's indent is told by. */
static void test_places(void)
{
    struct file vectors = read_file(VECTORS);
    unsigned same = 0, shifted = 0, supported = 0, rows = 0;
    if (vectors.bytes == NULL) {
        test_skip("there is no " VECTORS);
        return;
    }
    const char *line = strchr(vectors.bytes, '\n') + 1;
    for (; *line != '\0'; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL)) {
        struct outcome outcome;
        struct text name = column(line, 0), class = column(line, 3);
        unsigned row = (unsigned)strtoul(column(line, 1).bytes, NULL, 10);
        unsigned at = (unsigned)strtoul(column(line, 2).bytes, NULL, 10);
        if (!compile(&outcome, name))
            continue;
        rows++;
        bool is_same = is_told(&outcome.notes, row, at, class);
        bool is_shifted =
            !is_same && row > 1 && at > 2 &&
            (is_told(&outcome.notes, row - 1, at, class) || is_told(&outcome.notes, row - 1, at - 2, class));
        bool is_supported =
            !is_same && !is_shifted &&
            (text_equal(class, text_from("function-not-in-core")) || text_equal(class, text_from("row-expansion")));
        same += is_same;
        shifted += is_shifted;
        supported += is_supported;
        CU_ASSERT(is_same || is_shifted || is_supported);
        if (!is_same && !is_shifted && !is_supported)
            fprintf(stderr, "%.*s:%u:%u: %.*s is not told\n", (int)name.len, name.bytes, row, at, (int)class.len,
                    class.bytes);
        end(&outcome);
    }
    printf(" %u rows: %u told there, %u a line above, %u supported by now ", rows, same, shifted, supported);
    free(vectors.bytes);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"rules", test_rules}, {"places", test_places}, CU_TEST_INFO_NULL};
    return test_main("kql_rules", tests);
}
