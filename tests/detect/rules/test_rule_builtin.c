#include "detect/rules/rule_builtin.h"
#include "tests/detect/event/event_sample.h"
#include "tests/test.h"

#include <string.h>

static struct rule_set *rules;

/* The rule says what it says where it was published: each fact once more, from docs/rule-semantics.md. */
static void test_email_access(void)
{
    const struct rule *r = rule_set_at(rules, 0);
    CU_ASSERT_STRING_EQUAL(r->id, "2f561e20-d97b-4b13-b02d-18b34af6e87c");
    CU_ASSERT_STRING_EQUAL(r->name, "Email access via active sync");
    CU_ASSERT_STRING_EQUAL(r->version, "1.2.1");
    CU_ASSERT_STRING_EQUAL(r->severity, "Medium");
    CU_ASSERT_STRING_EQUAL(r->source, RULE_BUILTIN_SOURCE);
    CU_ASSERT(strlen(r->upstream_sha256) == 64 && strlen(r->upstream_commit) == 40);
    CU_ASSERT(r->tactic_count == 1 && strcmp(r->tactics[0].id, "TA0004") == 0);
    CU_ASSERT(r->technique_count == 2 && strcmp(r->techniques[0].id, "T1068") == 0 &&
              strcmp(r->techniques[1].id, "T1078") == 0);
    CU_ASSERT_FATAL(r->legs.count == 5);
    for (size_t i = 0; i < 5; i++) {
        const struct leg *leg = &r->legs.items[i];
        CU_ASSERT(leg->number == (i == 4 ? 3 : i + 1) && leg->is_faithful == (i < 4));
        CU_ASSERT(leg->is_of_creator == (i == 2) && leg->row_count == 25);
        CU_ASSERT_PTR_NOT_NULL(rule_set_leg(rules, 0, i).needs);
    }
    /* the only one that is on by itself */
    CU_ASSERT_EQUAL(rule_set_count(rules), 1);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        CU_ASSERT(rule_set_asks_lines_only(rules, (enum event_kind)kind));
}

/* The legs of the first rule that are true, as a decimal: legs 3 and 4 give 34. */
static unsigned legs_of(const struct rule_set *set, const struct event *event)
{
    struct rule_scratch *scratch = NULL;
    const struct rule_match *matches;
    unsigned numbers = 0;
    CU_ASSERT_FATAL(rule_scratch_new(&scratch, set) == 0);
    if (rule_set_match(set, event, 0, scratch, &matches) > 0)
        for (unsigned i = 0; i < 8; i++)
            if ((matches[0].legs & UINT64_C(1) << i) != 0)
                numbers = numbers * 10 + i + 1;
    rule_scratch_free(scratch);
    return numbers;
}

static void test_legs(void)
{
    struct event e = sample_event(EVENT_SECURITY_4688);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 1);
    e = sample_event(EVENT_FORWARDED_4688);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 2);
    e = sample_event(EVENT_SYSMON_1);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 4);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 34);
    e.field[EVENT_COMMAND_LINE] = text_from("conhost.exe");
    CU_ASSERT_EQUAL(legs_of(rules, &e), 3);
    e.kind = EVENT_ETW_PROCESS;
    CU_ASSERT_EQUAL(legs_of(rules, &e), 3);

    /* ETW: the creator's command line as the rule has it, and the process's own (quirk Q8) */
    e = sample_event(EVENT_ETW_PROCESS);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 5);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    CU_ASSERT_EQUAL(legs_of(rules, &e), 35);

    /* the terms must stand in one field */
    e = sample_event(EVENT_SYSMON_1);
    e.field[EVENT_COMMAND_LINE] = text_from("Set-CASMailbox add");
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from("ActiveSyncAllowedDeviceIDs");
    CU_ASSERT_EQUAL(legs_of(rules, &e), 0);
}

static void test_as_written(void)
{
    const struct rule_set_options options = {.is_as_written = true};
    struct rule_set *set = NULL;
    CU_ASSERT_FATAL(rule_builtin_set(&set, &options) == 0);
    struct event e = sample_event(EVENT_ETW_PROCESS);
    CU_ASSERT_EQUAL(legs_of(set, &e), 0);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    CU_ASSERT_EQUAL(legs_of(set, &e), 3);
    rule_set_free(set);
}

/* What is looked for in bytes and in UTF-16 before anything is read. */
static void test_sift(void)
{
    static const uint16_t units[] = {'A', 'C', 'T', 'I', 'V', 'E', 's', 'y', 'n', 'c', 'A', 'l', 'l', 'o',
                                     'w', 'e', 'd', 'D', 'e', 'v', 'i', 'c', 'e', 'I', 'D', 's', 'x'};
    CU_ASSERT(rule_set_bytes_may_match(rules, text_from("x " SAMPLE_ATTACK)));
    CU_ASSERT(!rule_set_bytes_may_match(rules, text_from("Set-CASMailbox -ActiveSyncAllowedDeviceID add")));
    CU_ASSERT(!rule_set_bytes_may_match(rules, text_from(NULL)));
    CU_ASSERT_EQUAL(rule_set_bytes_find(rules, text_from("-activesyncALLOWEDdeviceids"), 0), 1);
    CU_ASSERT(rule_set_utf16_may_match(rules, units, sizeof(units) / sizeof(units[0])));
    CU_ASSERT(!rule_set_utf16_may_match(rules, units, 25));
}

/* All texts compile, those that are off too. */
static void test_texts(void)
{
    struct text text;
    size_t count = 0;
    while (rule_builtin_at(&text, count))
        count++;
    CU_ASSERT(count >= 10 && !rule_builtin_at(&text, count + 1));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"email access", test_email_access},
                                        {"legs", test_legs},
                                        {"as written", test_as_written},
                                        {"sift", test_sift},
                                        {"texts", test_texts},
                                        CU_TEST_INFO_NULL};
    if (rule_builtin_set(&rules, NULL) < 0)
        return 1;
    int result = test_main("rule_builtin", tests);
    rule_set_free(rules);
    return result;
}
