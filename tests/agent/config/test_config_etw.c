/* <etw> and <matching>: defaults, values, mistakes. */
#include "agent/config/config.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

#define AROUND(xml)                                                                                                    \
    "<tripline version=\"1\">" xml "<outputs><webhook name=\"a\" url=\"https://h/\"/></outputs></tripline>"

static void test_values(void)
{
    struct config_errors errors = {0};
    struct config *c = NULL;
    CU_ASSERT_FATAL(config_parse(&c, text_from(AROUND("")), "x", &errors) == 0);
    CU_ASSERT(!c->etw.enabled && c->etw.sysmon && c->etw.security && !c->is_faithful);
    CU_ASSERT(c->etw.min_buffers == 64 && c->etw.max_buffers == 256 && c->etw.flush_ms == 1000);
    config_free(c);
    c = NULL;
    CU_ASSERT_FATAL(
        config_parse(&c,
                     text_from(AROUND("<etw enabled=\"yes\" sysmon=\"no\" security=\"no\" min-buffers=\"9\" "
                                      "max-buffers=\"9\" flush-milliseconds=\"5\"/>"
                                      "<matching reading=\"faithful\"/>")),
                     "x", &errors) == 0);
    CU_ASSERT(c->etw.enabled && !c->etw.sysmon && !c->etw.security && c->is_faithful);
    CU_ASSERT(c->etw.min_buffers == 9 && c->etw.max_buffers == 9 && c->etw.flush_ms == 5);
    config_free(c);
    config_errors_free(&errors);
}

static void test_mistakes(void)
{
    static const struct {
        const char *xml, *part;
    } cases[] = {
        {AROUND("<etw min-buffers=\"65\" max-buffers=\"64\"/>"),
         "min-buffers (65) is above max-buffers (64); write it the other way round"},
        {AROUND("<etw max-buffers=\"63\"/>"), "min-buffers (64) is above max-buffers (63)"},
        {AROUND("<etw flush-milliseconds=\"4\"/>"), "write 5 to 1000"},
        {AROUND("<etw enabled=\"on\"/>"), "write no, yes"},
        {AROUND("<matching reading=\"fathful\"/>"), "did you mean \"faithful\"?"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_errors errors = {0};
        struct config *c = NULL;
        CU_ASSERT_EQUAL(config_parse(&c, text_from(cases[i].xml), "x", &errors), -EINVAL);
        CU_ASSERT_FATAL(errors.count == 1);
        CU_ASSERT(strstr(errors.list[0].message, cases[i].part) != NULL);
        config_errors_free(&errors);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"values", test_values}, {"mistakes", test_mistakes}, CU_TEST_INFO_NULL};
    return test_main("config_etw", tests);
}
