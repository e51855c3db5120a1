#include "agent/rules/rule_extras.h"
#include "agent/rules/rule_load.h"
#include "tests/test.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SOURCE "logsource: {category: process_creation}\n"
#define FILTER "title: f\n" SOURCE "filter:\n    rules: any\n    a: {User: u}\n    condition: not a\n"
#define RULE                                                                                                           \
    "title: r\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\n" SOURCE                                          \
    "detection:\n    a: {User|expand: '%Admins%'}\n    condition: a\n"

static void files_are_told_by_their_contents(void)
{
    static const struct {
        const char *text;
        int rc;
        size_t errors, filters;
        bool has_placeholders;
    } cases[] = {
        {FILTER, 1, 0, 1, false},
        {"title: f\nfilter: 5\n", 1, 1, 0, false},
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User|x: u}\n    condition: not a\n", 1, 1, 0, false},
        {"vars:\n    Admins: [a, b]\n    One: 1\n", 1, 0, 0, true},
        {"name: p\nvars:\n    Admins: {a: b}\n", 1, 1, 0, false},
        {"vars:\n    Admins: [[a]]\n", 1, 1, 0, false},
        {RULE, 0, 0, 0, false},
        {"filter: [\n", 0, 0, 0, false}, /* no YAML: the compiler of rules says so */
        {"query: |\n    filter: x\n", 0, 0, 0, false},
        {"vars: x\n", 0, 0, 0, false},
        {"", 0, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rule_extras extras;
        struct notes notes = {0};
        assert(arena_new(&notes.arena, (size_t)1 << 20) == 0 && rule_extras_open(&extras) == 0);
        int rc = rule_extras_take(&extras, text_from(cases[i].text), &notes);
        if (rc != cases[i].rc || notes.error_count != cases[i].errors)
            printf("\n%s", cases[i].text);
        CU_ASSERT_EQUAL(rc, cases[i].rc);
        CU_ASSERT_EQUAL(notes.error_count, cases[i].errors);
        CU_ASSERT_EQUAL(extras.sigma.filter_count, cases[i].filters);
        CU_ASSERT_EQUAL(extras.sigma.placeholders != NULL, cases[i].has_placeholders);
        rule_extras_clear(&extras);
        arena_free(notes.arena);
    }
}

static void one_file_has_the_placeholders(void)
{
    struct rule_extras extras;
    struct notes notes = {0};
    assert(arena_new(&notes.arena, (size_t)1 << 20) == 0 && rule_extras_open(&extras) == 0);
    CU_ASSERT_EQUAL(rule_extras_take(&extras, text_from("vars: {A: 1}\n"), &notes), 1);
    CU_ASSERT_EQUAL(notes.error_count, 0);
    const struct node *first = extras.sigma.placeholders;
    CU_ASSERT_EQUAL(rule_extras_take(&extras, text_from("vars: {B: 1}\n"), &notes), 1);
    CU_ASSERT_EQUAL(notes.error_count, 1);
    CU_ASSERT_PTR_EQUAL(extras.sigma.placeholders, first);
    notes.error_count = 0;
    for (size_t i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(rule_extras_take(&extras, text_from(FILTER), &notes), 1);
    CU_ASSERT_EQUAL(extras.sigma.filter_count, 20);
    rule_extras_clear(&extras);
    arena_free(notes.arena);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert(file != NULL && fwrite(text, 1, strlen(text), file) == strlen(text));
    (void)fclose(file);
}

/* A set of files; the caller frees it. */
static struct rule_load *load(const char *const *paths, size_t count, const struct rule_load *before)
{
    struct rule_load *made = NULL;
    struct fault fault = {0};
    const struct rule_load_settings settings = {.paths = paths, .path_count = count, .before = before};
    CU_ASSERT_EQUAL_FATAL(rule_load_new(&made, &settings, &fault), 0);
    return made;
}

static void they_count_in_the_set(void)
{
    static const char *const paths[] = {"test_rule_extras_rule.yml", "test_rule_extras_vars.yml",
                                        "test_rule_extras_filter.yml"};
    write_file(paths[0], RULE);
    write_file(paths[1], "vars: {Admins: root}\n");
    write_file(paths[2], FILTER);
    struct rule_load *alone = load(paths, 1, NULL), *two = load(paths, 2, NULL), *all = load(paths, 3, NULL);
    CU_ASSERT_EQUAL(alone->mistaken, 1); /* nobody says what %Admins% is */
    CU_ASSERT_EQUAL(rule_set_count(alone->set), 0);
    CU_ASSERT_EQUAL(two->mistaken, 0);
    CU_ASSERT_EQUAL(rule_set_count(two->set), 1);
    CU_ASSERT_EQUAL(all->mistaken, 0);
    CU_ASSERT_TRUE(all->files[2].is_extra);
    CU_ASSERT_STRING_NOT_EQUAL(two->hash, all->hash);
    /* With a mistake, the filter's last good text stays in force. */
    write_file(paths[2], "title: f\nfilter: 5\n");
    struct rule_load *later = load(paths, 3, all);
    CU_ASSERT_EQUAL(later->mistaken, 1);
    CU_ASSERT_TRUE(later->files[2].is_older);
    CU_ASSERT_STRING_EQUAL(later->hash, all->hash);
    rule_load_free(later);
    rule_load_free(all);
    rule_load_free(two);
    rule_load_free(alone);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(remove(paths[i]), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"files are recognised by their contents", files_are_told_by_their_contents},
                                        {"one file has the placeholders", one_file_has_the_placeholders},
                                        {"they count in the set", they_count_in_the_set},
                                        CU_TEST_INFO_NULL};
    return test_main("rule_extras", tests);
}
