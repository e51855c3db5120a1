#include "detect/alert/entity.h"
#include "detect/base/account.h"
#include "tests/test.h"

struct row {
    const char *host, *account;
    const char *host_name, *host_domain;
    long domain_index;
    const char *account_name, *account_domain;
};

static void check(struct entity e, const struct row *want)
{
    bool good = text_equal(e.host_name, text_from(want->host_name)) &&
                text_equal(e.host_domain, text_from(want->host_domain)) && e.domain_index == want->domain_index &&
                text_equal(e.account_name, text_from(want->account_name)) &&
                text_equal(e.account_domain, text_from(want->account_domain));
    if (!good)
        printf("host %s, account %s\n", want->host, want->account);
    CU_ASSERT(good);
}

static void test_faithful(void)
{
    static const struct row rows[] = {
        {"exch01.corp.example.com", "CONTOSO\\dadmin", "exch01", "corp.example.com", 6, "dadmin", "CONTOSO"},
        {"EXCH01", "SYSTEM", "EXCH01", "EXCH01", -1, "", "SYSTEM"}, /* Q3, Q5 */
        {"10.0.0.5", "-\\-", "10", "0.0.5", 2, "-", "-"},           /* Q4, Q6 */
        {"a.", "a\\b\\c", "a", "", 1, "b", "a"},                    /* Q7 */
        {".a", "\\\\srv\\u", "", "a", 0, "", ""},
        {"", "\\", "", "", -1, "", ""},
        {"", "CONTOSO\\", "", "", -1, "", "CONTOSO"},
        {"\xF0\x9D\x93\x97ost.corp", "u@example.com", "\xF0\x9D\x93\x97ost", "corp", 4, "", "u@example.com"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(entity_faithful(text_from(rows[i].host), text_from(rows[i].account)), &rows[i]);
    struct row none = {"", "", "", "", -1, "", ""};
    check(entity_faithful(text_from(NULL), text_from(NULL)), &none);
}

static void test_corrected(void)
{
    static const struct row rows[] = {
        {"exch01.corp.example.com", "CONTOSO\\dadmin", "exch01", "corp.example.com", 6, "dadmin", "CONTOSO"},
        {"EXCH01", "SYSTEM", "EXCH01", NULL, -1, "SYSTEM", NULL},
        {"10.0.0.5", "-\\-", "10.0.0.5", NULL, -1, NULL, NULL},
        {"fe80::1", "-", "fe80::1", NULL, -1, NULL, NULL},
        {"1.2.3", "", "1", "2.3", 1, NULL, NULL},         /* three parts are no address */
        {"1.2.3.4.5", "x", "1", "2.3.4.5", 1, "x", NULL}, /* nor are five */
        {"1.2.3.256", "x", "1", "2.3.256", 1, "x", NULL},
        {"1.2.3.1000", "x", "1", "2.3.1000", 1, "x", NULL},
        {"1..2.3", "x", "1", ".2.3", 1, "x", NULL},
        {"1.2.3.", "x", "1", "2.3.", 1, "x", NULL},
        {"a.", "a\\b\\c", "a", NULL, 1, "b\\c", "a"},
        {"h", "user@corp@example.com", "h", NULL, -1, "user@corp", "example.com"},
        {"h", "@x", "h", NULL, -1, "@x", NULL},
        {"h", "x@", "h", NULL, -1, "x@", NULL},
        {"-", "CONTOSO\\", NULL, NULL, -1, NULL, "CONTOSO"},
        {"", "\\u", NULL, NULL, -1, "u", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(entity_corrected(text_from(rows[i].host), text_from(rows[i].account)), &rows[i]);
}

static void test_absent(void)
{
    CU_ASSERT(account_or_absent(text_from("-")).bytes == NULL);
    CU_ASSERT(account_or_absent(text_from("")).bytes == NULL);
    CU_ASSERT(text_equal(account_or_absent(text_from("--")), text_from("--")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"faithful", test_faithful}, {"corrected", test_corrected}, {"absent", test_absent}, CU_TEST_INFO_NULL};
    return test_main("entity", tests);
}
