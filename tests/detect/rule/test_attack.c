#include "detect/rule/attack.h"
#include "tests/test.h"

static void tactics_are_found_however_they_are_spelt(void)
{
    static const struct {
        const char *word, *id, *name;
    } cases[] = {{"TA0001", "TA0001", "Initial Access"},
                 {"ta0001", "TA0001", "Initial Access"},
                 {"InitialAccess", "TA0001", "Initial Access"},
                 {"initial-access", "TA0001", "Initial Access"},
                 {"initial_access", "TA0001", "Initial Access"},
                 {"Initial Access", "TA0001", "Initial Access"},
                 {"command-and-control", "TA0011", "Command and Control"},
                 {"stealth", "TA0005", "Stealth"},
                 {"DefenseEvasion", "TA0005", "Defense Evasion"},
                 {"defense-impairment", "TA0112", "Defense Impairment"},
                 {"TA0005", "TA0005", "Stealth"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rule_attack *tactic = attack_tactic(text_from(cases[i].word));
        CU_ASSERT_PTR_NOT_NULL_FATAL(tactic);
        CU_ASSERT_STRING_EQUAL(tactic->id, cases[i].id);
        CU_ASSERT_STRING_EQUAL(tactic->name, cases[i].name);
    }
    static const char *const none[] = {"", "-", "TA", "TA9999", "initial", "initial-access-x", "t1078"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        CU_ASSERT_PTR_NULL(attack_tactic(text_from(none[i])));
}

static void techniques_are_found_by_id(void)
{
    const struct rule_attack *technique = attack_technique(text_from("t1059.001"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(technique);
    CU_ASSERT_STRING_EQUAL(technique->id, "T1059.001");
    CU_ASSERT_STRING_EQUAL(technique->name, "PowerShell");
    CU_ASSERT_STRING_EQUAL(attack_technique(text_from("T1098"))->name, "Account Manipulation");
    static const char *const none[] = {"",       "T",          "T9999",  "T1059.", "T1059.999",
                                       "T10590", "T1059.0011", "TA0001", "S1059"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        CU_ASSERT_PTR_NULL(attack_technique(text_from(none[i])));
}

static void form_of_a_technique(void)
{
    CU_ASSERT_TRUE(attack_is_technique(text_from("T9999")));
    CU_ASSERT_TRUE(attack_is_technique(text_from("t9999.001")));
    static const char *const others[] = {"", "T999", "T99999", "T9999.1", "T9999-001", "X9999", "T99a9", "G0004"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CU_ASSERT_FALSE(attack_is_technique(text_from(others[i])));
}

/* They are looked for by halving. */
static void the_table_is_in_order(void)
{
    for (size_t i = 0; i < attack_technique_count; i++) {
        CU_ASSERT_TRUE(attack_is_technique(text_from(attack_techniques[i].id)));
        CU_ASSERT_TRUE(attack_techniques[i].name[0] != '\0');
        CU_ASSERT_TRUE(i == 0 || strcmp(attack_techniques[i - 1].id, attack_techniques[i].id) < 0);
        CU_ASSERT_PTR_EQUAL(attack_technique(text_from(attack_techniques[i].id)), &attack_techniques[i]);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"tactics are found however they are spelt", tactics_are_found_however_they_are_spelt},
        {"techniques are found by id", techniques_are_found_by_id},
        {"form of a technique's id", form_of_a_technique},
        {"the table is in order", the_table_is_in_order},
        CU_TEST_INFO_NULL};
    return test_main("attack", tests);
}
