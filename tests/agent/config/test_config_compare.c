#include "agent/config/config_compare.h"

#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#define OUT "<webhook name='a' url='https://h/'><header name='X' value='1'/></webhook>"

static struct config *parse(const char *inside, const char *outputs)
{
    char xml[2048];
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    snprintf(xml, sizeof(xml), "<tripline version='1'>%s<outputs>%s</outputs></tripline>", inside, outputs);
    CU_ASSERT_EQUAL_FATAL(config_parse(&config, text_from(xml), "/x/t.xml", &errors), 0);
    config_errors_free(&errors);
    return config;
}

enum part { DIRECTORY = 1, LIMITS = 2, LOG = 4, OUTPUTS = 8, NAMES = 16, SOURCES = 32 };

static unsigned changed(const struct config *a, const struct config *b)
{
    return (config_same_directory(a, b) ? 0u : DIRECTORY) | (config_same_limits(a, b) ? 0u : LIMITS) |
           (config_same_log(a, b) ? 0u : LOG) | (config_same_outputs(a, b) ? 0u : OUTPUTS) |
           (config_same_output_names(a, b) ? 0u : NAMES) | (config_same_sources(a, b) ? 0u : SOURCES);
}

static void test_parts(void)
{
    static const struct {
        const char *inside, *outputs;
        unsigned changes;
    } cases[] = {
        {"", OUT, 0},
        {"<doctor interval='0s'/><heartbeat interval='5s'/><metrics file='m'/><limits cpu-percent='9'/>", OUT, 0},
        {"<state directory='/other'/>", OUT, DIRECTORY},
        {"<state max-alerts='7'/>", OUT, LIMITS},
        {"<state max-megabytes='7'/>", OUT, LIMITS},
        {"<log level='debug'/>", OUT, LOG},
        {"<log file='l'/>", OUT, LOG},
        {"<eventlog lookback='1h'/>", OUT, SOURCES},
        {"<eventlog><channel name='Security'/></eventlog>", OUT, SOURCES},
        {"<etw enabled='yes'/>", OUT, SOURCES},
        {"<exchange cmdlet-logs='no'/>", OUT, SOURCES},
        {"<exchange directory='D:\\x'/>", OUT, SOURCES},
        {"<matching reading='faithful'/>", OUT, SOURCES},
        {"", "<webhook name='b' url='https://h/'><header name='X' value='1'/></webhook>", OUTPUTS | NAMES},
        {"", OUT "<webhook name='b' url='https://h/'/>", OUTPUTS | NAMES},
        {"", "<webhook name='a' url='https://h/'/>", OUTPUTS},
        {"", "<webhook name='a' url='https://h/'><header name='X' value='2'/></webhook>", OUTPUTS},
        {"", "<webhook name='a' url='https://i/'><header name='X' value='1'/></webhook>", OUTPUTS},
        {"", "<webhook name='a' url='https://h/' gzip='yes'><header name='X' value='1'/></webhook>", OUTPUTS},
        {"", "<webhook name='a' url='https://h/' timeout='9s'><header name='X' value='1'/></webhook>", OUTPUTS},
    };
    struct config *first = parse("", OUT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *second = parse(cases[i].inside, cases[i].outputs);
        unsigned got = changed(first, second);
        if (got != cases[i].changes)
            printf("\n  case %zu: %u, not %u\n", i, got, cases[i].changes);
        CU_ASSERT_EQUAL(got, cases[i].changes);
        CU_ASSERT_EQUAL(changed(second, first), cases[i].changes);
        config_free(second);
    }
    config_free(first);
}

static void shown_hash(char hash[65], const char *output)
{
    char text[1024];
    struct config *config = NULL;
    struct config_errors errors;
    snprintf(text, sizeof(text), "<tripline version=\"1\"><outputs>%s</outputs></tripline>", output);
    CU_ASSERT_EQUAL_FATAL(config_parse(&config, text_from(text), "tripline.xml", &errors), 0);
    snprintf(hash, 65, "%s", config->shown_sha256);
    config_free(config);
}

/* What everybody may see of the config tells nothing of the secrets in it, and all else. */
static void test_shown_hash(void)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } cases[] = {
#define HEC(more) "<splunk_hec name=\"s\" url=\"https://h/\" " more "/>"
        {HEC("token=\"Winter2026\""), HEC("token=\"Summer2026\""), true},
        {HEC("token=\"Winter2026\""), HEC("token=\"W&amp;2\""), true},
        {HEC("token='x' index=\"a\""), HEC("token='x' index=\"b\""), false},
        {HEC("token=\"env:A\""), HEC("token=\"env:B\""), false}, /* a reference is no secret */
        {HEC("token=\"a\""), HEC("token=\"a\" ack=\"no\""), false},
#define WEBHOOK(url, more) "<webhook name=\"w\" url=\"" url "\">" more "</webhook>"
        {WEBHOOK("https://h/secret", ""), WEBHOOK("https://h/other", ""), true},
        {WEBHOOK("https://h/?sig=1", ""), WEBHOOK("https://h/", ""), true},
        {WEBHOOK("https://h/", ""), WEBHOOK("https://g/", ""), false},
        {WEBHOOK("https://h:1/", ""), WEBHOOK("https://h:2/", ""), false},
        {WEBHOOK("https://h/", "<header name=\"A\" value=\"x\"/>"),
         WEBHOOK("https://h/", "<header name=\"A\" value=\"y\"/>"), true},
        {WEBHOOK("https://h/", "<header name=\"A\" value=\"x\"/>"),
         WEBHOOK("https://h/", "<header name=\"B\" value=\"x\"/>"), false},
        {WEBHOOK("https://h/", "<failover url=\"https://f/a\"/>"),
         WEBHOOK("https://h/", "<failover url=\"https://f/b\"/>"), true},
        {WEBHOOK("https://h/", "<failover url=\"https://f/a\"/>"),
         WEBHOOK("https://h/", "<failover url=\"https://e/a\"/>"), false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char a[65], b[65];
        shown_hash(a, cases[i].a);
        shown_hash(b, cases[i].b);
        CU_ASSERT_EQUAL(strlen(a), 64);
        CU_ASSERT_EQUAL(strcmp(a, b) == 0, cases[i].is_same);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"what others see of the config", test_shown_hash}, {"parts", test_parts}, {NULL, NULL}};
    return test_main("config_compare", tests);
}
