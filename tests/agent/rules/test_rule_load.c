#include "agent/rules/rule_load.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define A "11111111-1111-4111-8111-111111111111"
#define B "22222222-2222-4222-8222-222222222222"

static const char sentinel[] = "id: " A "\nname: One\nversion: 1.0.0\nkind: Scheduled\nseverity: High\nquery: |\n"
                               "  SecurityEvent\n  | where EventID == 4688\n  | where CommandLine has 'frobnicate'\n";
static const char sigma[] = "title: Two\nid: " B "\nstatus: test\nlogsource:\n  category: process_creation\n"
                            "  product: windows\ndetection:\n  selection:\n    Image|endswith: '\\frob.exe'\n"
                            "  condition: selection\nlevel: medium\n";

static char directory[64];

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file = NULL;
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, "wb"), 0);
    CU_ASSERT_EQUAL(fwrite(text, 1, strlen(text), file), strlen(text));
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static struct rule_load *load(const struct rule_load *before)
{
    struct rule_load *out = NULL;
    struct fault fault = {0};
    const struct rule_load_settings settings = {.directory = directory, .before = before};
    CU_ASSERT_EQUAL_FATAL(rule_load_new(&out, &settings, &fault), 0);
    return out;
}

static const struct rule_load_file *file_of(const struct rule_load *loaded, const char *name)
{
    for (size_t i = 0; i < loaded->count; i++)
        if (strstr(loaded->files[i].path, name) != NULL)
            return &loaded->files[i];
    return NULL;
}

static void begin(void)
{
    (void)snprintf(directory, sizeof(directory), "rules-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    put("a.yaml", sentinel);
    put("b.yml", sigma);
}

static void end(void)
{
    static const char *const names[] = {"a.yaml", "b.yml", "c.yml", "notes.txt", "a.accept"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        (void)file_remove(path); /* not all are there */
    }
    (void)rmdir(directory);
}

static void test_both_formats(void)
{
    begin();
    put("notes.txt", "no rule\n");
    struct rule_load *loaded = load(NULL);
    CU_ASSERT_EQUAL(loaded->count, 2);
    CU_ASSERT_EQUAL(loaded->mistaken, 0);
    CU_ASSERT_EQUAL(rule_set_count(loaded->set), 2);
    size_t number = 9;
    const struct rule *one = rule_set_find(loaded->set, A, &number);
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_EQUAL(number, 0);
    CU_ASSERT(one->format == RULE_SENTINEL && strcmp(one->severity, "High") == 0);
    const struct rule *two = rule_set_find(loaded->set, B, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    CU_ASSERT(two->format == RULE_SIGMA && strcmp(two->name, "Two") == 0);
    rule_load_free(loaded);
    end();
}

/* Ids are unique over both formats, in any letter case. */
static void test_same_id(void)
{
    begin();
    char text[sizeof(sigma)];
    memcpy(text, sigma, sizeof(text));
    memcpy(strstr(text, B), A, strlen(A));
    put("c.yml", text);
    struct rule_load *loaded = load(NULL);
    const struct rule_load_file *file = file_of(loaded, "c.yml");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(file->notes.error_count, 1);
    CU_ASSERT_STRING_EQUAL(file->notes.errors[0].code, "K010");
    CU_ASSERT_EQUAL(file->notes.errors[0].place.line, 2);
    CU_ASSERT_EQUAL(loaded->mistaken, 1);
    rule_load_free(loaded);
    end();
}

/* A file with mistakes keeps its last good version, over any number of loads. */
static void test_last_good(void)
{
    begin();
    struct rule_load *first = load(NULL);
    put("a.yaml", "id: " A "\nname: [\n");
    struct rule_load *second = load(first);
    CU_ASSERT_EQUAL(second->mistaken, 1);
    const struct rule_load_file *file = file_of(second, "a.yaml");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(file->is_older && file->rule != NULL && file->notes.error_count == 1);
    CU_ASSERT_PTR_NOT_NULL(rule_set_find(second->set, A, NULL));
    CU_ASSERT_STRING_EQUAL(first->hash, second->hash);
    struct rule_load *third = load(second);
    CU_ASSERT_PTR_NOT_NULL(rule_set_find(third->set, A, NULL));
    rule_load_free(first);
    rule_load_free(second);
    struct rule_load *fresh = load(NULL); /* without a former version there is none */
    CU_ASSERT_PTR_NULL(rule_set_find(fresh->set, A, NULL));
    CU_ASSERT_STRING_NOT_EQUAL(fresh->hash, third->hash);
    rule_load_free(third);
    rule_load_free(fresh);
    end();
}

/* What its authors call deprecated is off, unless it is asked for by its id. */
static void test_off(void)
{
    begin();
    char text[sizeof(sigma) + 16];
    const char *status = strstr(sigma, "test");
    (void)snprintf(text, sizeof(text), "%.*sdeprecated%s", (int)(status - sigma), sigma, status + 4);
    put("b.yml", text);
    struct rule_load *loaded = load(NULL);
    CU_ASSERT_PTR_NULL(rule_set_find(loaded->set, B, NULL));
    CU_ASSERT(file_of(loaded, "b.yml")->is_off);
    rule_load_free(loaded);
    struct fault fault = {0};
    const struct rule_load_settings only = {.directory = directory, .only = B};
    CU_ASSERT_EQUAL_FATAL(rule_load_new(&loaded, &only, &fault), 0);
    CU_ASSERT_EQUAL(rule_set_count(loaded->set), 1);
    CU_ASSERT_PTR_NOT_NULL(rule_set_find(loaded->set, B, NULL));
    rule_load_free(loaded);
    end();
}

/* What "tripline:" adds to a rule, and what is wrong with it: line and column of the mistake. */
static void test_own_keys(void)
{
    static const struct {
        const char *own, *mistake;
    } cases[] = {
        {"{}\n", NULL},
        {"\n  ruleset: mine\n  attached-to: " B "\n", NULL},
        {"\n  mends:\n    - leg: 1\n      kind: ETW\n      query: |\n        DeviceProcessEvents\n", NULL},
        {"\n  mends:\n    - leg: 1\n      kind: ETW\n      query: |\n        SecurityEvent\n", "15:9"},
        {"no map\n", "10:11"},
        {"\n  rulesets: mine\n", "11:3"},
        {"\n  ruleset: [mine]\n", "11:12"},
        {"\n  upstream: 1.0.0\n", "11:13"},
        {"\n  upstream:\n    tag: v1\n", "12:5"},
        {"\n  columns: [CommandLine]\n", NULL},
        {"\n  columns: Computer\n", "11:12"},
        {"\n  columns: [CommandLine, Nowhere]\n", "11:26"},
        {"\n  mends: none\n", "11:10"},
        {"\n  mends:\n    leg: 1\n", "12:5"},
        {"\n  mends:\n    - none\n", "12:7"},
        {"\n  mends:\n    - leg: 1\n      kind: ETW\n", "12:7"},
        {"\n  mends:\n    - leg: 2\n      kind: ETW\n      query: |\n        SecurityEvent\n", "12:7"},
        {"\n  mends:\n    - leg: 1\n      kind: DTW\n      query: |\n        SecurityEvent\n", "12:7"},
    };
    begin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1000], place[32] = "";
        (void)snprintf(text, sizeof(text), "%stripline: %s", sentinel, cases[i].own);
        put("a.yaml", text);
        struct rule_load *loaded = load(NULL);
        const struct rule_load_file *file = file_of(loaded, "a.yaml");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        if (file->notes.error_count > 0)
            (void)snprintf(place, sizeof(place), "%u:%u", file->notes.errors[0].place.line,
                           file->notes.errors[0].place.column);
        CU_ASSERT_STRING_EQUAL(place, cases[i].mistake == NULL ? "" : cases[i].mistake);
        CU_ASSERT_EQUAL(loaded->mistaken, cases[i].mistake == NULL ? 0 : 1);
        rule_load_free(loaded);
    }
    end();
}

static void test_no_directory(void)
{
    struct rule_load *loaded = NULL;
    struct fault fault = {0};
    const struct rule_load_settings settings = {.directory = "there-is-no-such-directory"};
    CU_ASSERT_EQUAL(rule_load_new(&loaded, &settings, &fault), -ENOENT);
    CU_ASSERT_PTR_NULL(loaded);
    CU_ASSERT_PTR_NOT_NULL(fault.call);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"both formats", test_both_formats},
                                        {"same id", test_same_id},
                                        {"last good", test_last_good},
                                        {"off", test_off},
                                        {"own keys", test_own_keys},
                                        {"no directory", test_no_directory},
                                        CU_TEST_INFO_NULL};
    return test_main("rule_load", tests);
}
