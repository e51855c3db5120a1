/* Which events a rule's leg takes, and what their data are called. */
#include "tests/detect/sigma/compiled.h"
#include "tests/test.h"

/* Which events a log source takes. */
static void log_sources(void)
{
#define SYSMON "Microsoft-Windows-Sysmon/Operational"
    static const struct {
        const char *source, *channel;
        uint32_t id;
        bool takes;
    } cases[] = {
        {"{product: windows, category: image_load}", SYSMON, 7, true},
        {"{product: windows, category: image_load}", SYSMON, 8, false},
        {"{product: windows, category: image_load}", "Application", 7, false},
        {"{category: registry_event}", SYSMON, 14, true},
        {"{product: windows, category: registry_set}", SYSMON, 12, false},
        {"{product: windows, category: pipe_created}", SYSMON, 18, true},
        {"{product: windows, category: ps_script}", "Microsoft-Windows-PowerShell/Operational", 4104, true},
        {"{product: windows, category: ps_script}", "PowerShellCore/Operational", 4104, true},
        {"{product: windows, category: ps_module}", "Microsoft-Windows-PowerShell/Operational", 4104, false},
        {"{product: windows, category: ps_classic_start}", "Windows PowerShell", 400, true},
        {"{product: windows, service: security}", "Security", 4625, true},
        {"{product: windows, service: security}", "security", 4625, true},
        {"{product: windows, service: security}", "System", 4625, false},
        {"{product: windows, service: msexchange-management}", "MSExchange Management", 1, true},
        {"{product: windows, service: sysmon}", SYSMON, 1, true},
        {"{product: windows, service: sysmon, category: dns_query}", SYSMON, 22, true},
        {"{product: windows, service: security, category: dns_query}", SYSMON, 22, false},
        {"{product: windows}", "Anything", 1, true},
        {"{product: linux, category: process_creation}", SYSMON, 1, false},
        {"{product: windows, category: file_access}", SYSMON, 11, false},
        {"{product: windows, category: no_such}", SYSMON, 1, false},
        {"{product: windows, category: process_creation, service: security}", SYSMON, 1, false},
        {"{product: windows, category: process_creation, service: sysmon}", SYSMON, 1, true},
        {"{category: process_creation}", SYSMON, 1, true},
        {"{category: process_creation}", SYSMON, 5, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct compiled_event event;
        char yaml[512];
        (void)snprintf(yaml, sizeof yaml,
                       "title: t\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\nlogsource: %s\ndetection:\n    "
                       "a: {Name: x}\n    condition: a\n",
                       cases[i].source);
        compiled_event(&event, strcmp(cases[i].channel, SYSMON) == 0 ? "Microsoft-Windows-Sysmon" : "Some-Provider",
                       cases[i].channel, cases[i].id, "Name=x");
        struct compiled compiled = compiled_of(yaml, NULL);
        CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
        if (compiled_matches(&compiled, &event.event) != cases[i].takes) {
            printf("\n%s and %u of %s ", cases[i].source, (unsigned)cases[i].id, cases[i].channel);
            CU_FAIL("wrong answer");
        }
        compiled_clear(&compiled);
    }
#undef SYSMON
}

/* Defender's data have names of several words. */
static void names_of_several_words(void)
{
    static const struct {
        const char *service, *line, *data;
        bool is;
    } cases[] = {
        {"windefend", "NewValue|endswith: 'x'", "New Value=ax|Other=b", true},
        {"windefend", "NewValue|endswith: 'x'", "NewValue=ax", true},
        {"windefend", "NewValue|endswith: 'x'", "Old Value=ax", false},
        {"windefend", "NewValue: null", "Old Value=ax", true},
        {"windefend", "NewValue: null", "New Value=ax", false},
        {"windefend", "ActionID: 2", "Action ID=2", true},
        {"windefend", "'New Value': ax", "New Value=ax", true},
        {"windefend", "Path: ax", "Path=ax", true},
        {"system", "NewValue|endswith: 'x'", "New Value=ax", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct compiled_event event;
        char yaml[512];
        (void)snprintf(yaml, sizeof yaml,
                       "title: t\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\nlogsource: {product: windows, "
                       "service: %s}\ndetection:\n    a:\n        %s\n    condition: a\n",
                       cases[i].service, cases[i].line);
        compiled_event(&event, "Some-Provider",
                       cases[i].service[0] == 'w' ? "Microsoft-Windows-Windows Defender/Operational" : "System", 5007,
                       cases[i].data);
        struct compiled compiled = compiled_of(yaml, NULL);
        CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
        if (compiled_matches(&compiled, &event.event) != cases[i].is) {
            printf("\n%s of %s ", cases[i].line, cases[i].data);
            CU_FAIL("wrong answer");
        }
        compiled_clear(&compiled);
    }
}

/* Event ids that the condition asks for stand in the leg's sources. */
static void event_ids_of_a_leg(void)
{
    static const struct {
        const char *detection;
        size_t count; /* 0: any */
        uint32_t first;
    } cases[] = {
        {"    a: {EventID: 4625}\n    condition: a\n", 1, 4625},
        {"    a: {EventID: [4624, 4625], X: y}\n    condition: a\n", 2, 4624},
        {"    a: {EventID: 4624}\n    b: {X: y}\n    condition: a and b\n", 1, 4624},
        {"    a: {EventID: 4624}\n    b: {X: y}\n    condition: a or b\n", 0, 0},
        {"    a: {EventID: 4624}\n    b: {EventID: 4625}\n    condition: a or b\n", 2, 4624},
        {"    a: {EventID: [4624, 4625]}\n    b: {EventID: [4625, 1]}\n    condition: a and b\n", 1, 4625},
        {"    a: {EventID: 4624}\n    condition: not a\n", 0, 0},
        {"    a: {EventID|neq: 4624}\n    condition: a\n", 0, 0},
        {"    a: {EventID|contains: 46}\n    condition: a\n", 0, 0},
        {"    a: {X: y}\n    condition: a\n", 0, 0},
        {"    a:\n        - EventID: 1\n        - EventID: 2\n    condition: a\n", 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[512];
        (void)snprintf(yaml, sizeof yaml,
                       "title: t\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\nlogsource: {product: windows, "
                       "service: security}\ndetection:\n%s",
                       cases[i].detection);
        struct compiled compiled = compiled_of(yaml, NULL);
        CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
        CU_ASSERT_EQUAL_FATAL(compiled.rule.legs.count, 1);
        const struct leg_source *source = compiled.rule.legs.items[0].sources;
        CU_ASSERT_EQUAL(source->event_id_count, cases[i].count);
        CU_ASSERT_EQUAL(source->event_ids == NULL, cases[i].count == 0);
        if (source->event_id_count > 0)
            CU_ASSERT_EQUAL(source->event_ids[0], cases[i].first);
        CU_ASSERT_TRUE(text_equal(source->channel, text_from("Security")));
        compiled_clear(&compiled);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"log sources", log_sources},
                                        {"names of several words", names_of_several_words},
                                        {"event ids of a leg", event_ids_of_a_leg},
                                        CU_TEST_INFO_NULL};
    return test_main("sigma_sources", tests);
}
