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

int main(void)
{
    static const CU_TestInfo tests[] = {{"parts", test_parts}, {NULL, NULL}};
    return test_main("config_compare", tests);
}
