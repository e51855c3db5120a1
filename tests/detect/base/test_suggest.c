#include "detect/base/suggest.h"
#include "tests/test.h"

#include <stdbool.h>
#include <string.h>

static const char *const names[] = {"scan", "start", "stop", "status", "check-config", "version"};

static const struct {
    const char *word, *want; /* NULL: none */
} cases[] = {
    {"scna", "scan"},  /* two swapped */
    {"scn", "scan"},   /* one left out */
    {"sccan", "scan"}, /* one too many */
    {"stap", "stop"},  /* one changed */
    {"SCAN", "scan"},  /* case is no difference */
    {"check_config", "check-config"},
    {"chek-cnofig", "check-config"}, /* two of twelve */
    {"scxy", NULL},                  /* two of four are too many */
    {"", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

static void test_nearest(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = suggest_nearest(cases[i].word, names, sizeof(names) / sizeof(names[0]));
        bool good = cases[i].want == NULL ? got == NULL : got != NULL && strcmp(got, cases[i].want) == 0;
        CU_ASSERT(good);
        if (!good)
            fprintf(stderr, "%s: %s\n", cases[i].word, got == NULL ? "none" : got);
    }
    static const char *const one[] = {"1"};
    CU_ASSERT_PTR_NULL(suggest_nearest("2", one, 1)); /* all of it would be changed */
    CU_ASSERT_PTR_NULL(suggest_nearest("scan", names, 0));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"the nearest name", test_nearest}, CU_TEST_INFO_NULL};
    return test_main("suggest", tests);
}
