/* What a document can have wrong, with the place that is told; metadata; filters. */
#include "tests/detect/sigma/compiled.h"
#include "tests/test.h"

#include <assert.h>
#include <stdio.h>

#define TOP "title: A rule\nid: 11111111-2222-3333-4444-555555555555\nlevel: high\n"
#define SOURCE "logsource: {category: process_creation, product: windows}\n"
#define HEAD TOP SOURCE "detection:\n" /* five lines */
#define GOOD "    a: {Image: x}\n    condition: a\n"

static const struct {
    const char *yaml, *notes;
} mistakes[] = {
    /* modifiers: the place is the modifier's */
    {HEAD "    a:\n        Image|endwith: x\n    condition: a\n", "7:15 K130"},
    {HEAD "    a:\n        'Image|contains|al': [x, y]\n    condition: a\n", "7:25 K130"},
    {HEAD "    a:\n        Image|contains|contains: x\n    condition: a\n", "7:24 K131"},
    {HEAD "    a:\n        Image|: x\n    condition: a\n", "7:15 K130"},
    {HEAD "    a:\n        Image|contains|re: x\n    condition: a\n", "7:24 K131"},
    {HEAD "    a:\n        Image|i: x\n    condition: a\n", "7:15 K131"},
    {HEAD "    a:\n        Image|re|cased: x\n    condition: a\n", "7:18 K131"},
    {HEAD "    a:\n        Image|wide: x\n    condition: a\n", "7:9 K131"},
    {HEAD "    a:\n        Image|wide|contains: x\n    condition: a\n", "7:20 K131"},
    {HEAD "    a:\n        Image|gt|lt: 5\n    condition: a\n", "7:18 K131"},
    {HEAD "    a:\n        Image|exists|contains: true\n    condition: a\n", "7:22 K131"},
    {HEAD "    a:\n        '|exists': true\n    condition: a\n", "7:11 K131"},
    {HEAD "    a:\n        '|cidr': 10.0.0.0/8\n    condition: a\n", "7:11 K131"},
    /* values */
    {HEAD "    a:\n        Image|gt: many\n    condition: a\n", "7:19 K132"},
    {HEAD "    a:\n        Image|exists: maybe\n    condition: a\n", "7:23 K132"},
    {HEAD "    a:\n        Image|contains: null\n    condition: a\n", "7:25 K132"},
    {HEAD "    a:\n        Image|base64: 'a*'\n    condition: a\n", "7:23 K132"},
    {HEAD "    a:\n        Image|contains|base64: 'a'\n    condition: a\n", "7:32 K132"},
    {HEAD "    a:\n        Image|base64offset|contains: 'a'\n    condition: a\n", "7:38 K132"},
    {HEAD "    a:\n        Image|cidr: 10.1.0.0/8\n    condition: a\n", "7:21 K122"},
    {HEAD "    a:\n        Image|windash|base64: '-a -b -c -d -e'\n    condition: a\n", "7:31 K132"},
    {HEAD "    a:\n        Image: []\n    condition: a\n", "7:16 K014"},
    {HEAD "    a:\n        Image: {b: c}\n    condition: a\n", "7:16 K012"},
    {HEAD "    a:\n        Image: [x, [y]]\n    condition: a\n", "7:20 K012"},
    {HEAD "    a: {}\n    condition: a\n", "6:8 K014"},
    {HEAD "    a: []\n    condition: a\n", "6:8 K014"},
    {HEAD "    a:\n        - null\n    condition: a\n", "7:11 K132"},
    {HEAD "    a:\n        Image|expand: '%Admins%'\n    condition: a\n", "7:23 K133"},
    {HEAD "    a:\n        Image: x\n        Image: y\n    condition: a\n", "8:9 K006"},
    {HEAD "    a:\n        Image|re: '('\n    condition: a\n", "7:19 K123"},
    /* conditions */
    {HEAD "    a: {Image: x}\n    condition: b\n", "7:16 K135"},
    {HEAD "    selection: {Image: x}\n    condition: selecton\n", "7:16 K135"},
    {HEAD "    a: {Image: x}\n    condition: a and\n", "7:21 K134"},
    {HEAD "    a: {Image: x}\n    condition: a a\n", "7:18 K134"},
    {HEAD "    a: {Image: x}\n    condition: (a\n", "7:18 K134"},
    {HEAD "    a: {Image: x}\n    condition: a)\n", "7:17 K134"},
    {HEAD "    a: {Image: x}\n    condition: '(a'\n", "7:19 K134"},
    {HEAD "    a: {Image: x}\n    condition: not\n", "7:19 K134"},
    {HEAD "    a: {Image: x}\n    condition: ''\n", "7:17 K134"},
    {HEAD "    a: {Image: x}\n    condition: 1 of b*\n", "7:21 K135"},
    {HEAD "    _a: {Image: x}\n    condition: 1 of them\n", "7:21 K135"},
    {HEAD "    a: {Image: x}\n    condition: 2 of a*\n", "7:16 K134"},
    {HEAD "    a: {Image: x}\n    condition: 1 of\n", "7:20 K134"},
    {HEAD "    a: {Image: x}\n    condition: a | count() > 5\n", "7:18 K320"},
    {HEAD "    a: {Image: x}\n    condition: a and near b\n", "7:22 K320"},
    {HEAD "    a: {Image: x}\n    condition: |\n        a and\n        b\n", "9:9 K135"},
    {HEAD "    a: {Image: x}\n    condition: {a: b}\n", "7:16 K012"},
    {HEAD "    a: {Image: x}\n", "6:5 K007"},
    {HEAD "    a: {Image: x}\n    timeframe: 5m\n    condition: a\n", "7:5 K320"},
    /* keys */
    {TOP SOURCE "detecton:\n" GOOD, "1:1 K007 5:1 K013"},
    {TOP SOURCE "levle: high\ndetection:\n" GOOD, "5:1 K013"},
    {TOP SOURCE, "1:1 K007"},
    {TOP "detection:\n" GOOD, "1:1 K007"},
    {TOP "logsource: {categry: process_creation}\ndetection:\n" GOOD, "4:13 K013"},
    {TOP "logsource: {definition: x}\ndetection:\n" GOOD, "4:12 K007"},
    {TOP "logsource: {category: [x]}\ndetection:\n" GOOD, "4:23 K012"},
    {"id: 11111111-2222-3333-4444-555555555555\nlevel: low\n" SOURCE "detection:\n" GOOD, "1:1 K007"},
    {"title: t\nid: 11111111-2222\nlevel: low\n" SOURCE "detection:\n" GOOD, "2:5 K009"},
    {"title: t\nid: 11111111-2222-3333-4444-555555555555\nlevel: hihg\n" SOURCE "detection:\n" GOOD, "3:8 K011"},
    {TOP "status: done\n" SOURCE "detection:\n" GOOD, "4:9 K015"},
    {TOP "taxonomy: mine\n" SOURCE "detection:\n" GOOD, "4:11 K015"},
    {TOP "tags: {a: b}\n" SOURCE "detection:\n" GOOD, "4:7 K012"},
    {TOP SOURCE "correlation:\n    type: event_count\n", "5:1 K321"},
    {TOP SOURCE "action: global\ndetection:\n" GOOD, "5:1 K322"},
    /* all of a document's mistakes are told */
    {HEAD "    a:\n        Image|x: 1\n        Image|y: 2\n    b: {Image|z: 3}\n    condition: a or b or c\n",
     "7:15 K130 8:15 K130 9:15 K130 10:26 K135"},
};

static void mistakes_have_their_place(void)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct compiled compiled = compiled_of(mistakes[i].yaml, NULL);
        CU_ASSERT_NOT_EQUAL(compiled.rc, 0);
        const char *notes = compiled_notes(&compiled, false);
        if (strcmp(notes, mistakes[i].notes) != 0) {
            printf("\n%s%s instead of %s ", mistakes[i].yaml, notes, mistakes[i].notes);
            for (size_t k = 0; k < compiled.notes.error_count; k++)
                printf("\n%s", compiled.notes.errors[k].message);
            CU_FAIL("wrong place or code");
        }
        compiled_clear(&compiled);
    }
    CU_PASS("all");
}

static const struct {
    const char *yaml, *notes;
} warnings[] = {
    {HEAD GOOD, ""},
    {HEAD "    a:\n        Image|contains|all: x\n    condition: a\n", "7:9 W430"},
    {HEAD "    a: {Image: x}\n    b: {Image: y}\n    condition: a\n", "7:5 W436"},
    {TOP "logsource: {product: linux}\ndetection:\n" GOOD, "4:22 W431"},
    {TOP "logsource: {product: windows, category: proces_creation}\ndetection:\n" GOOD, "4:41 W431"},
    {TOP "logsource: {product: windows, service: securty}\ndetection:\n" GOOD, "4:40 W431"},
    {TOP "logsource: {product: windows, service: security, weather: fine}\ndetection:\n" GOOD, "4:50 W432"},
    {TOP "logsource: {product: windows, category: dns_query}\ndetection:\n    a: {EventID: 3}\n    condition: a\n",
     "4:12 W431"},
    {TOP "x-mine: y\n" SOURCE "detection:\n" GOOD, "4:1 W401"},
    {TOP "tags: [attack.t1059.001, attack.execution, attack.nothing, attack.g0007, cve.2021-1]\n" SOURCE
         "detection:\n" GOOD,
     "4:44 W404"},
    {"title: t\nlevel: low\n" SOURCE "detection:\n" GOOD, "1:1 W434"},
    {"title: t\nid: 11111111-2222-3333-4444-555555555555\n" SOURCE "detection:\n" GOOD, "1:1 W403"},
    {TOP "logsource: {product: windows, service: system}\ndetection:\n    a: {Provider_Guid: x}\n    condition: a\n",
     "6:9 W433"},
};

static void warnings_have_their_place(void)
{
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
        struct compiled compiled = compiled_of(warnings[i].yaml, NULL);
        CU_ASSERT_EQUAL(compiled.rc, 0);
        CU_ASSERT_STRING_EQUAL(compiled_notes(&compiled, false), "");
        const char *notes = compiled_notes(&compiled, true);
        if (strcmp(notes, warnings[i].notes) != 0) {
            printf("\n%s%s instead of %s ", warnings[i].yaml, notes, warnings[i].notes);
            CU_FAIL("wrong place or code");
        }
        compiled_clear(&compiled);
    }
}

static void what_is_near_is_named(void)
{
    struct compiled compiled = compiled_of(HEAD "    a:\n        Image|endwith: x\n    condition: a\n", NULL);
    CU_ASSERT_EQUAL_FATAL(compiled.notes.error_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(compiled.notes.errors[0].message, "'endswith'"));
    compiled_clear(&compiled);
    compiled = compiled_of(HEAD "    selection: {Image: x}\n    condition: selecton\n", NULL);
    CU_ASSERT_EQUAL_FATAL(compiled.notes.error_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(compiled.notes.errors[0].message, "'selection'"));
    compiled_clear(&compiled);
}

/* A condition of depth levels of parentheses. */
static int rc_of_depth(unsigned depth)
{
    char open[512] = {0}, close[512] = {0}, yaml[2048];
    memset(open, '(', depth);
    memset(close, ')', depth);
    (void)snprintf(yaml, sizeof yaml, HEAD "    a: {Image: x}\n    condition: %sa%s\n", open, close);
    struct compiled compiled = compiled_of(yaml, NULL);
    int rc = compiled.rc;
    compiled_clear(&compiled);
    return rc;
}

static void nesting_has_a_limit(void)
{
    CU_ASSERT_EQUAL(rc_of_depth(30), 0);
    CU_ASSERT_EQUAL(rc_of_depth(31), 0);
    CU_ASSERT_NOT_EQUAL(rc_of_depth(32), 0);
    CU_ASSERT_NOT_EQUAL(rc_of_depth(300), 0);
}

static void metadata_is_kept(void)
{
    struct compiled compiled = compiled_of(
        "title: A rule\nid: 11111111-2222-3333-4444-555555555555\nstatus: test\nlevel: critical\ndescription: d\n"
        "author: Joe, Ann\ndate: 2026-01-02\nmodified: 2026-02-03\nlicense: DRL-1.1\n"
        "references:\n    - https://example.com/1\n    - https://example.com/2\nfalsepositives: [Unknown]\n"
        "tags:\n    - attack.execution\n    - attack.t1059.001\n    - attack.defense_evasion\n" SOURCE
        "detection:\n" GOOD,
        NULL);
    const struct rule *rule = &compiled.rule;
    CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
    CU_ASSERT_EQUAL(rule->format, RULE_SIGMA);
    CU_ASSERT_STRING_EQUAL(rule->ruleset, "Sigma");
    CU_ASSERT_STRING_EQUAL(rule->id, "11111111-2222-3333-4444-555555555555");
    CU_ASSERT_STRING_EQUAL(rule->name, "A rule");
    CU_ASSERT_STRING_EQUAL(rule->version, "2026-02-03");
    CU_ASSERT_STRING_EQUAL(rule->severity, "Critical");
    CU_ASSERT_STRING_EQUAL(rule->status, "test");
    CU_ASSERT_STRING_EQUAL(rule->description, "d");
    CU_ASSERT_STRING_EQUAL(rule->author, "Joe, Ann");
    CU_ASSERT_STRING_EQUAL(rule->license, "DRL-1.1");
    CU_ASSERT_EQUAL(rule->reference_count, 2);
    CU_ASSERT_STRING_EQUAL(rule->references[1], "https://example.com/2");
    CU_ASSERT_EQUAL(rule->false_positive_count, 1);
    CU_ASSERT_STRING_EQUAL(rule->false_positives[0], "Unknown");
    CU_ASSERT_EQUAL(rule->tactic_count, 2);
    CU_ASSERT_STRING_EQUAL(rule->tactics[0].id, "TA0002");
    CU_ASSERT_EQUAL(rule->technique_count, 1);
    CU_ASSERT_STRING_EQUAL(rule->techniques[0].name, "PowerShell");
    CU_ASSERT_EQUAL(rule->legs.count, 1);
    CU_ASSERT_TRUE(text_equal(rule->legs.items[0].table, text_from("process_creation")));
    compiled_clear(&compiled);
    compiled =
        compiled_of("title: \"My  Rule, it's #1\"\nlevel: low\ndate: 2026-01-02\n" SOURCE "detection:\n" GOOD, NULL);
    CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
    CU_ASSERT_STRING_EQUAL(compiled.rule.id, "sigma-my-rule-it-s-1");
    CU_ASSERT_STRING_EQUAL(compiled.rule.version, "2026-01-02");
    compiled_clear(&compiled);
}

/* A filter's tree; the arena is the caller's. */
static const struct node *tree(const char *yaml, struct arena *arena)
{
    struct notes notes = {.arena = arena};
    const struct node *root = NULL;
    int rc = node_parse(&root, text_from(yaml), &notes);
    assert(rc == 0);
    (void)rc;
    return root;
}

#define RULE_ID "11111111-2222-3333-4444-555555555555"

static void filters_narrow_rules(void)
{
    static const struct {
        const char *filter; /* after its title */
        const char *true_of;
    } cases[] = {
        {"filter:\n    rules: [" RULE_ID "]\n    selection: {User: u}\n    condition: not selection\n", "x"},
        {"filter:\n    rules: [" RULE_ID "]\n    selection: {User: u}\n    condition: selection\n", "xu"},
        {"filter:\n    rules: [my_rule]\n    selection: {User: u}\n    condition: not selection\n", "x"},
        {"filter:\n    rules: any\n    selection: {User: u}\n    condition: not selection\n", "x"},
        {"filter:\n    rules: [another]\n    selection: {User: u}\n    condition: not selection\n", "x xu"},
        {"filter:\n    rules: any\n    f_1: {User: u}\n    f_2: {User: v}\n    condition: not 1 of f_*\n", "x"},
        {"filter:\n    rules: any\n    a: {User: u}\n    condition: not a\n", "x"}, /* a name that the rule has too */
    };
    static const char *const sources[] = {SOURCE, "logsource: {product: windows}\n", "logsource: {product: linux}\n",
                                          "logsource: {category: process_creation, service: sysmon}\n"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < sizeof sources / sizeof sources[0]; k++) {
            struct arena *arena;
            char yaml[512], list[32];
            assert(arena_new(&arena, (size_t)1 << 20) == 0);
            (void)snprintf(yaml, sizeof yaml, "title: f\n%s%s", sources[k], cases[i].filter);
            const struct node *filter = tree(yaml, arena);
            CU_ASSERT_TRUE(sigma_is_filter(filter));
            CU_ASSERT_FALSE(sigma_is_rule(filter));
            struct sigma_extras extras = {.filters = &filter, .filter_count = 1};
            struct compiled compiled = compiled_of(TOP "name: my_rule\n" SOURCE "detection:\n" GOOD, &extras);
            CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
            (void)snprintf(list, sizeof list, " %s ", k < 2 ? cases[i].true_of : "x xu");
            struct compiled_event event;
            compiled_process(&event, "Image=x|User=w");
            CU_ASSERT_EQUAL(compiled_matches(&compiled, &event.event), strstr(list, " x ") != NULL);
            compiled_process(&event, "Image=x|User=u");
            CU_ASSERT_EQUAL(compiled_matches(&compiled, &event.event), strstr(list, " xu ") != NULL);
            compiled_process(&event, "Image=y|User=w");
            CU_ASSERT_FALSE(compiled_matches(&compiled, &event.event));
            compiled_clear(&compiled);
            arena_free(arena);
        }
}

static void filters_are_checked_alone(void)
{
    static const struct {
        const char *yaml, *errors, *warnings;
    } cases[] = {
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User: u}\n    condition: not a\n", "", ""},
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User: u}\n    condition: a\n", "", "6:16 W435"},
        {"title: f\n" SOURCE "filter:\n    a: {User: u}\n    condition: not a\n", "4:5 K007", ""},
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User: u}\n", "4:5 K007", ""},
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User|x: u}\n    condition: not a\n", "5:14 K130", ""},
        {"title: f\n" SOURCE "filter:\n    rules: any\n    a: {User: u}\n    condition: not b\n", "6:20 K135", ""},
        {"title: f\nfilter:\n    rules: any\n    a: {User: u}\n    condition: not a\n", "1:1 K007", ""},
        {"title: f\n" SOURCE "filter: x\n", "1:1 K012", ""},
        {"title: f\n" SOURCE "filtr: x\nfilter:\n    rules: any\n    a: {User: u}\n    condition: not a\n", "3:1 K013",
         ""},
        {SOURCE "filter:\n    rules: any\n    a: {User: u}\n    condition: not a\n", "1:1 K007", ""},
        {"title: f\n" SOURCE "filter:\n    rules: [{a: b}]\n    a: {User: u}\n    condition: not a\n", "4:13 K012", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct compiled made = {0};
        assert(arena_new(&made.arena, (size_t)1 << 20) == 0 && columns_new(&made.columns) == 0);
        made.notes.arena = made.arena;
        const struct node *root = tree(cases[i].yaml, made.arena);
        int rc = sigma_filter_check(made.columns, root, &made.notes);
        CU_ASSERT_EQUAL(rc == 0, cases[i].errors[0] == '\0');
        notes_sort(&made.notes);
        if (strcmp(compiled_notes(&made, false), cases[i].errors) != 0)
            printf("\n%s%s ", cases[i].yaml, compiled_notes(&made, false));
        CU_ASSERT_STRING_EQUAL(compiled_notes(&made, false), cases[i].errors);
        CU_ASSERT_STRING_EQUAL(compiled_notes(&made, true), cases[i].warnings);
        compiled_clear(&made);
    }
}

static void placeholders_are_replaced(void)
{
    static const struct {
        const char *value, *user;
        bool is;
    } cases[] = {
        {"'%Admins%'", "root", true},
        {"'%Admins%'", "adm_joe", true},
        {"'%Admins%'", "joe", false},
        {"'CORP\\%Admins%'", "corp%admins%", true},
        {"'%One%-%Admins%'", "1-root", true},
        {"'\\%One\\%'", "%One%", true},
        {"'100%'", "100%", true},
        {"'%One%'", "%One%", false},
    };
    struct arena *arena;
    struct compiled_event event;
    assert(arena_new(&arena, (size_t)1 << 20) == 0);
    const struct node *root = tree("vars:\n    Admins: [root, 'adm_*']\n    One: 1\n", arena);
    CU_ASSERT_TRUE(sigma_is_placeholders(root));
    struct sigma_extras extras = {.placeholders = node_get(root, "vars")};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[512], data[64];
        (void)snprintf(yaml, sizeof yaml, HEAD "    a:\n        User|expand: %s\n    condition: a\n", cases[i].value);
        (void)snprintf(data, sizeof data, "User=%s", cases[i].user);
        struct compiled compiled = compiled_of(yaml, &extras);
        CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
        compiled_process(&event, data);
        if (compiled_matches(&compiled, &event.event) != cases[i].is) {
            printf("\n%s of %s ", cases[i].value, cases[i].user);
            CU_FAIL("wrong answer");
        }
        compiled_clear(&compiled);
    }
    arena_free(arena);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"mistakes have their place", mistakes_have_their_place},
                                        {"warnings have their place", warnings_have_their_place},
                                        {"what is near is named", what_is_near_is_named},
                                        {"nesting has a limit", nesting_has_a_limit},
                                        {"metadata is kept", metadata_is_kept},
                                        {"filters narrow rules", filters_narrow_rules},
                                        {"filters are checked alone", filters_are_checked_alone},
                                        {"placeholders are replaced", placeholders_are_replaced},
                                        CU_TEST_INFO_NULL};
    return test_main("sigma_mistakes", tests);
}
