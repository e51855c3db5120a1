/* Mistakes in outputs other than the webhook; as test_config.c. */
#include "agent/config/config_internal.h"

#include "tests/test.h"
#include <errno.h>
#include <string.h>

#define BEGIN "<tripline version=\"1\"><outputs>"
#define END "</outputs></tripline>"
#define AZURE "<azure_logs name=\"a\" url=\"https://h/\" tenant=\"t\" client-id=\"c\" rule-id=\"r\" stream=\"s\" "

static const struct {
    const char *xml, *part; /* part NULL: it is good */
} cases[] = {
    {BEGIN "<clickhouse name=\"a\" url=\"https://h/\"/>" END, NULL},
    {BEGIN "<clickhouse name=\"a\"/>" END, "<clickhouse> has no url"},
    {BEGIN "<elasticsearch name=\"a\" url=\"https://h/\" format=\"json\"/>" END, "unknown attribute \"format\""},
    {BEGIN "<splunk_hec name=\"a\" url=\"https://h/\"/>" END, "<splunk_hec> has no token"},
    {BEGIN "<splunk_hek name=\"a\"/>" END, "did you mean <splunk_hec>?"},
    {BEGIN "<alertmanager name=\"a\" url=\"https://h/\" resolve-after=\"59s\"/>" END, "write 1m to 30d"},
    {BEGIN
     "<otlp name=\"a\" url=\"https://h/\"><header name=\"A\" value=\"b\"/><failover url=\"https://i/\"/></otlp>" END,
     NULL},
    {BEGIN "<otlp name=\"a\" url=\"https://h/\"><failover/></otlp>" END, "<failover> has no url"},
    {BEGIN "<otlp name=\"a\" url=\"https://h/\"><failover url=\"http://i/\"/></otlp>" END, "write https://"},
    {BEGIN "<otlp name=\"a\" url=\"https://h/\" encoding=\"ecss\"/>" END, "did you mean \"ecs\"?"},
    {BEGIN "<otlp name=\"a\" url=\"https://h/\" max-batch-age=\"61s\"/>" END, "write 0s to 1m"},
    {BEGIN "<file name=\"a\"/>" END, "<file> has no path"},
    {BEGIN "<file name=\"a\" path=\"p\"/>" END, NULL},
    {BEGIN "<file name=\"a\" path=\"p\" url=\"https://h/\"/>" END, "unknown attribute \"url\""},
    {BEGIN "<file name=\"a\" path=\"p\"><header name=\"A\" value=\"b\"/></file>" END, "nothing may stand in it"},
    {BEGIN "<file name=\"a\" path=\"p\"/><otlp name=\"a\" url=\"https://h/\"/>" END, "output \"a\" is there twice"},
    {BEGIN AZURE "client-secret=\"x\"/>" END, NULL},
    {BEGIN AZURE "signing-certificate=\"x\" signing-key=\"y\"/>" END, NULL},
    {BEGIN AZURE "/>" END, "wants either client-secret"},
    {BEGIN AZURE "client-secret=\"x\" signing-certificate=\"x\" signing-key=\"y\"/>" END, "wants either client-secret"},
    {BEGIN AZURE "signing-key=\"y\"/>" END, "only good together"},
    {BEGIN AZURE "client-secret=\"x\" max-batch-kilobytes=\"901\"/>" END, "write 1 to 900"},
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *config = NULL;
        struct config_errors errors;
        int rc = config_parse(&config, text_from(cases[i].xml), "tripline.xml", &errors);
        bool good = cases[i].part == NULL
                        ? rc == 0
                        : rc == -EINVAL && errors.count == 1 && strstr(errors.list[0].message, cases[i].part) != NULL;
        CU_ASSERT(good);
        if (!good) {
            fprintf(stderr, "%s\n", cases[i].xml);
            config_errors_print(stderr, "  got", &errors);
        }
        config_errors_free(&errors);
        config_free(config);
    }
}

/* The value of a number among output's own settings. */
static uint64_t number_of(const struct config_output *output, const char *setting)
{
    const struct config_element *e = config_element(config_element_of(output));
    for (size_t i = 0; i < e->count; i++) {
        const struct setting *s = &e->settings[i];
        if (strcmp(s->name, setting) == 0)
            return s->store == SETTING_U64 ? *(uint64_t *)config_field(output, s)
                                           : *(unsigned *)config_field(output, s);
    }
    CU_FAIL("there is no such setting");
    return 0;
}

/* Each kind's own settings and defaults arrive. */
static void test_values(void)
{
    struct config *config = NULL;
    struct config_errors errors;
    static const char xml[] = BEGIN "<file name=\"f\" path=\"/p\" files=\"7\"/>" AZURE "client-secret=\"x\"/>"
                                    "<splunk_hec name=\"s\" url=\"https://h/\" token=\"t\" ack=\"no\"><failover "
                                    "url=\"https://i/\"/></splunk_hec>" END;
    CU_ASSERT_EQUAL_FATAL(config_parse(&config, text_from(xml), "tripline.xml", &errors), 0);
    const struct config_output *file = &config->outputs[0], *azure = &config->outputs[1], *splunk = &config->outputs[2];
    CU_ASSERT_STRING_EQUAL(file->type, "file");
    CU_ASSERT_PTR_NULL(file->url);
    CU_ASSERT_EQUAL(number_of(file, "files"), 7);
    CU_ASSERT_EQUAL(number_of(file, "max-megabytes"), 100u * 1024u * 1024u);
    CU_ASSERT_EQUAL(file->encoding, OUTPUT_ECS);
    CU_ASSERT_EQUAL(azure->encoding, OUTPUT_SENTINEL);
    CU_ASSERT_STRING_EQUAL(config_output_text(azure, "login-url"), "https://login.microsoftonline.com");
    CU_ASSERT(azure->gzip);
    CU_ASSERT_STRING_EQUAL(config_output_text(splunk, "ack"), "no");
    CU_ASSERT_PTR_NULL(config_output_text(splunk, "tenant"));
    CU_ASSERT_EQUAL(splunk->failover_count, 1);
    CU_ASSERT_STRING_EQUAL(splunk->failover[0], "https://i/");
    CU_ASSERT_EQUAL(splunk->max_batch_age_ms, 1000);
    config_errors_free(&errors);
    config_free(config);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"cases", test_cases}, {"values", test_values}, CU_TEST_INFO_NULL};
    return test_main("config output", tests);
}
