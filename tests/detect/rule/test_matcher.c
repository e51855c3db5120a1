#include "detect/rule/matcher.h"
#include "tests/detect/event/event_sample.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct matcher *make(void)
{
    size_t count = 0;
    const struct rule *const *rules = rules_all(&count);
    struct matcher *m = NULL;
    CU_ASSERT_FATAL(matcher_new(&m, rules, count) == 0);
    CU_ASSERT(matcher_rule_count(m) == count);
    return m;
}

/* The numbers of the branches through which the first rule is fulfilled, as a decimal: branches 4 and 3 give 43. */
static unsigned branches(const struct matcher *m, const struct event *event)
{
    struct match match;
    unsigned numbers = 0;
    if (matcher_match(m, event, &match) == 0)
        return 0;
    for (size_t b = 0; b < match.rule->branch_count; b++)
        if ((match.branches & 1u << b) != 0)
            numbers = numbers * 10 + match.rule->branches[b].number;
    return numbers;
}

static void test_branches(void)
{
    struct matcher *m = make();
    struct event e = sample_event(EVENT_SECURITY_4688);
    CU_ASSERT(branches(m, &e) == 1);
    e = sample_event(EVENT_FORWARDED_4688);
    CU_ASSERT(branches(m, &e) == 2);
    e = sample_event(EVENT_SYSMON_1);
    CU_ASSERT(branches(m, &e) == 4);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    CU_ASSERT(branches(m, &e) == 43);
    e.field[EVENT_COMMAND_LINE] = text_from("conhost.exe");
    CU_ASSERT(branches(m, &e) == 3);
    e.kind = EVENT_ETW_PROCESS;
    CU_ASSERT(branches(m, &e) == 3);

    /* ETW: the creator's command line as the rule has it, and the process's own (quirk Q8); a 4688 has no creator's */
    e = sample_event(EVENT_ETW_PROCESS);
    CU_ASSERT(branches(m, &e) == 3);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    CU_ASSERT(branches(m, &e) == 33);
    e = sample_event(EVENT_SECURITY_4688);
    e.field[EVENT_PARENT_COMMAND_LINE] = e.field[EVENT_COMMAND_LINE];
    e.field[EVENT_COMMAND_LINE] = text_from(NULL);
    CU_ASSERT(branches(m, &e) == 0);

    /* the terms must stand in one field */
    e = sample_event(EVENT_SYSMON_1);
    e.field[EVENT_COMMAND_LINE] = text_from("Set-CASMailbox add");
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from("ActiveSyncAllowedDeviceIDs");
    CU_ASSERT(branches(m, &e) == 0);
    matcher_free(m);
}

static void test_texts(void)
{
    struct matcher *m = make();
    uint16_t *units = NULL;
    size_t count = 0;
    CU_ASSERT(matcher_text_matches(m, text_from(SAMPLE_ATTACK)));
    CU_ASSERT(!matcher_text_matches(m, text_from("Set-CASMailbox -ActiveSyncAllowedDeviceIDs address")));
    CU_ASSERT(text_to_utf16(&units, &count, text_from(SAMPLE_ATTACK)) == 0);
    CU_ASSERT(matcher_text_matches_utf16(m, units, count));
    CU_ASSERT(!matcher_text_matches_utf16(m, units, count - 20));
    free(units);
    matcher_free(m);
}

static void test_bytes(void)
{
    struct matcher *m = make();
    CU_ASSERT(matcher_bytes_may_match(m, text_from("<Data>xactivesyncalloweddeviceidsx</Data>")));
    CU_ASSERT(!matcher_bytes_may_match(m, text_from("<Data>ActiveSyncAllowedDeviceID Set-CASMailbox add</Data>")));
    CU_ASSERT(!matcher_bytes_may_match(m, text_from(NULL)));
    matcher_free(m);
}

/* A term that may lie in XML as "&quot;..." is not what raw bytes are searched for, however long it is. */
static void test_escaped_terms(void)
{
    static const char *const terms[] = {"\"a much longer term\"", "add"}, *const signs[] = {"a<b", "a>b", "a&b", "a'b",
                                                                                            "a\"b"};
    struct rule rule = rule_email_access_active_sync;
    const struct rule *list[] = {&rule};
    struct matcher *m = NULL;
    rule.terms = terms;
    rule.term_count = 2;
    CU_ASSERT_EQUAL_FATAL(matcher_new(&m, list, 1), 0);
    CU_ASSERT(matcher_bytes_may_match(m, text_from("add &quot;a much longer term&quot;")));
    CU_ASSERT(!matcher_bytes_may_match(m, text_from("\"a much longer term\"")));
    matcher_free(m);
    rule.term_count = 1;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        rule.terms = &signs[i];
        CU_ASSERT_EQUAL_FATAL(matcher_new(&m, list, 1), 0);
        CU_ASSERT(matcher_bytes_may_match(m, text_from("anything")));
        matcher_free(m);
    }
}

/* Several rules: each is found, among the others' terms too; one that can't be scanned for lets everything through. */
static void test_many_rules(void)
{
    static const char *const terms[6][2] = {{"Set-CASMailbox", "add"},   {"Forwarding", "Set-Mailbox"},
                                            {"New-InboxRule", "delete"}, {"ab", "a"},
                                            {"Set-CASMailboxes", "x"},   {"\xC3\xA4\xC3\xB6", "\xC3\xBC"}};
    struct rule rules[6];
    const struct rule *list[6];
    for (size_t i = 0; i < 6; i++) {
        rules[i] = rule_email_access_active_sync;
        rules[i].terms = terms[i];
        rules[i].term_count = 2;
        list[i] = &rules[i];
    }
    for (size_t count = 1; count <= 6; count++) {
        struct matcher *m = NULL;
        struct match matches[6];
        CU_ASSERT_EQUAL_FATAL(matcher_new(&m, list, count), 0);
        CU_ASSERT_EQUAL(matcher_bytes_may_match(m, text_from("nothing")), count == 6);
        CU_ASSERT_EQUAL(matcher_bytes_find(m, text_from("nothing"), 2), count == 6 ? 2 : 7);
        CU_ASSERT_EQUAL(matcher_bytes_find(m, text_from(". set-casmailbox"), 0), count == 6 ? 0 : 2);
        for (size_t i = 0; i < 6; i++) {
            char line[100];
            uint16_t *units = NULL;
            size_t unit_count;
            struct event e = sample_event(EVENT_SECURITY_4688);
            snprintf(line, sizeof(line), "%s %s", terms[i][1], terms[i][0]);
            e.field[EVENT_COMMAND_LINE] = text_from(line);
            CU_ASSERT_EQUAL_FATAL(text_to_utf16(&units, &unit_count, text_from(line)), 0);
            CU_ASSERT_EQUAL(matcher_match(m, &e, matches), i < count ? 1 : 0);
            CU_ASSERT(i >= count || matches[0].rule == &rules[i]);
            CU_ASSERT_EQUAL(matcher_text_matches(m, text_from(line)), i < count);
            CU_ASSERT_EQUAL(matcher_text_matches_utf16(m, units, unit_count), i < count);
            CU_ASSERT(i >= count || matcher_bytes_may_match(m, text_from(line)));
            free(units);
        }
        matcher_free(m);
    }
}

static void test_bad_rule(void)
{
    struct rule bad = rule_email_access_active_sync;
    const struct rule *list[] = {&rule_email_access_active_sync, &bad};
    struct matcher *m = NULL;
    bad.term_count = 0;
    CU_ASSERT(matcher_new(&m, list, 2) == -EINVAL && m == NULL);
    bad.term_count = 257;
    CU_ASSERT(matcher_new(&m, list, 2) == -EINVAL && m == NULL);
    bad.term_count = 1;
    bad.branch_count = RULE_MAX_BRANCHES + 1;
    CU_ASSERT(matcher_new(&m, list, 2) == -EINVAL && m == NULL);
    matcher_free(NULL);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"branches", test_branches},
        {"texts", test_texts},
        {"bytes", test_bytes},
        {"escaped terms", test_escaped_terms},
        {"many rules", test_many_rules},
        {"bad rule", test_bad_rule},
        CU_TEST_INFO_NULL,
    };
    return test_main("matcher", tests);
}
