/* live_channels: the config's channels, the rules' channels, and the query of each. */
#include "agent/run/live_channels.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define ALL_KINDS ((UINT64_C(1) << EVENT_KIND_COUNT) - 1)
#define OTHER (UINT64_C(1) << EVENT_OTHER)

/* A rule with these sources; in force, alone. */
static struct rule_set *set_of(const struct leg_source *sources, size_t count)
{
    const struct rule_set_options options = {.is_plain = false};
    struct rule_set *set = NULL;
    struct arena *arena = NULL;
    const struct rule *other;
    CU_ASSERT_FATAL(rule_set_new(&set) == 0 && arena_new(&arena, 1u << 20) == 0);
    struct rule *rule = arena_zeroed(arena, 1, sizeof(*rule));
    rule->arena = arena;
    rule->id = "x";
    const struct leg leg = {.sources = sources,
                            .source_count = count,
                            .condition = expr_constant(arena, value_bool(true), (struct expr_place){0, 0}),
                            .is_faithful = true};
    CU_ASSERT_FATAL(legs_add(&rule->legs, arena, rule_set_columns(set), &leg) == 0 &&
                    rule_set_add(set, rule, &other) == 0);
    CU_ASSERT_FATAL(rule_set_seal(set, &options) == 0);
    return set;
}

static const char *query_of(const struct live_channels *l, const char *name)
{
    for (size_t i = 0; i < live_channels_count(l); i++)
        if (strcmp(live_channels_name(l, i), name) == 0)
            return live_channels_query(l, i) == NULL ? "*" : live_channels_query(l, i);
    return "not read";
}

static struct config *config_of(const char *const *names, size_t count)
{
    struct config *config = calloc(1, sizeof(*config));
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    for (size_t i = 0; i < count; i++)
        config->channels[config->channel_count++].name = strdup(names[i]);
    return config;
}

static void config_gone(struct config *config)
{
    for (size_t i = 0; i < config->channel_count; i++)
        free(config->channels[i].name);
    free(config);
}

static void test_sources(void)
{
    static const char *const names[] = {"Security", "System", "ForwardedEvents"};
    static const uint32_t service[] = {7045}, logon[] = {4624, 4688};
    static const struct {
        struct leg_source source;
        const char *channel, *want;
    } cases[] = {
        {{0}, "Security", "*[System[(EventID=4688 or EventID=1102)]]"},
        {{0}, "ForwardedEvents", "*"},
        {{.kinds = OTHER, .channel = {"system", 6}, .event_ids = service, .event_id_count = 1},
         "System",
         "*[System[(EventID=104 or EventID=7045)]]"},
        {{.kinds = OTHER, .channel = {"System", 6}}, "System", "*"},
        {{.kinds = OTHER, .channel = {"New/Operational", 15}, .event_ids = service, .event_id_count = 1},
         "New/Operational",
         "*[System[(EventID=7045)]]"},
        /* By kind: the log that the table names. */
        {{.kinds = UINT64_C(1) << EVENT_SYSMON_1}, "Microsoft-Windows-Sysmon/Operational", "*[System[(EventID=1)]]"},
        {{.kinds = UINT64_C(1) << EVENT_SYSMON_1 | OTHER, .event_ids = service, .event_id_count = 1},
         "Microsoft-Windows-Sysmon/Operational",
         "not read"},
        /* No log is named: all of them. */
        {{.kinds = OTHER, .event_ids = service, .event_id_count = 1},
         "Security",
         "*[System[(EventID=4688 or EventID=1102 or EventID=7045)]]"},
        {{.kinds = ALL_KINDS, .channel = {"Security", 8}, .event_ids = logon, .event_id_count = 2},
         "Security",
         "*[System[(EventID=4688 or EventID=1102 or EventID=4624)]]"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct live_channels *l = NULL;
        struct config *config = config_of(names, 3);
        struct rule_set *set = set_of(&cases[i].source, 1);
        CU_ASSERT_EQUAL_FATAL(live_channels_new(&l, config, set), 0);
        CU_ASSERT_STRING_EQUAL(query_of(l, cases[i].channel), cases[i].want);
        live_channels_free(l);
        rule_set_free(set);
        config_gone(config);
    }
}

static void test_limits(void)
{
    static const char *const names[] = {"Security"};
    uint32_t ids[LIVE_CHANNELS_MAX_IDS + 1];
    char channels[CONFIG_MAX_CHANNELS + 1][8];
    struct leg_source sources[CONFIG_MAX_CHANNELS + 1];
    struct live_channels *l = NULL;
    struct config *config = config_of(names, 1);
    for (uint32_t i = 0; i <= LIVE_CHANNELS_MAX_IDS; i++)
        ids[i] = i + 1;
    for (size_t i = 0; i <= CONFIG_MAX_CHANNELS; i++) {
        snprintf(channels[i], sizeof(channels[i]), "c%u", (unsigned)i);
        sources[i] = (struct leg_source){.kinds = OTHER,
                                         .channel = text_from(channels[i]),
                                         .event_ids = ids,
                                         .event_id_count = LIVE_CHANNELS_MAX_IDS};
    }
    sources[1].event_id_count = LIVE_CHANNELS_MAX_IDS + 1;
    struct rule_set *set = set_of(sources, CONFIG_MAX_CHANNELS + 1);
    CU_ASSERT_EQUAL_FATAL(live_channels_new(&l, config, set), 0);
    CU_ASSERT_EQUAL(live_channels_count(l), CONFIG_MAX_CHANNELS);
    CU_ASSERT_EQUAL(live_channels_left_out(l), 2);
    CU_ASSERT_STRING_EQUAL(query_of(l, "c1"), "*"); /* more than a query takes */
    CU_ASSERT(strncmp(query_of(l, "c0"), "*[System[(EventID=1 or ", 23) == 0);
    live_channels_free(l);
    config->channels[0].query = strdup("*[System[(EventID=5)]]"); /* the config's own stays */
    CU_ASSERT_EQUAL_FATAL(live_channels_new(&l, config, NULL), 0);
    CU_ASSERT_STRING_EQUAL(query_of(l, "Security"), "*[System[(EventID=5)]]");
    CU_ASSERT_EQUAL(live_channels_count(l), 1);
    live_channels_free(l);
    live_channels_free(NULL);
    free(config->channels[0].query);
    rule_set_free(set);
    config_gone(config);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"what a rule's source adds", test_sources},
                                        {"limits; the config's own query", test_limits},
                                        CU_TEST_INFO_NULL};
    return test_main("live_channels", tests);
}
