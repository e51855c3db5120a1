/* Mistakes in what says how alerts get out: proxy, pins, plaintext, .p12, secrets. */
#include "agent/config/config.h"
#include "tests/test.h"
#include <string.h>

#define ROOT "<tripline version=\"1\">"
#define OUT "<outputs><webhook name=\"a\" url=\"https://h/\"/></outputs>"

static const struct {
    const char *xml;
    unsigned long line, column;
    const char *words;
} cases[] = {
    {ROOT "<proxy url=\"https://p:1\"/>" OUT "</tripline>", 1, 30, "url of <proxy> is no proxy"},
    {ROOT "<proxy url=\"http://u:p@h:1\"/>" OUT "</tripline>", 1, 30, "url of <proxy> is no proxy"},
    {ROOT "<proxy login=\"basic\" user=\"u\"/>" OUT "</tripline>", 1, 30, "login, user and password"},
    {ROOT "<proxy user=\"u\" password=\"p\"/>" OUT "</tripline>", 1, 23, "login, user and password"},
    {ROOT "<proxy password=\"env:\"/>" OUT "</tripline>", 1, 30, "password has an env: without a name"},
    {ROOT "<state max-age=\"all\"/>" OUT "</tripline>", 1, 30, "write none, or 1m to 3650d"},
    {ROOT "<outputs><webhook name=\"a\" url=\"http://localhost:1/\"/></outputs></tripline>", 1, 50,
     "allow-plaintext=\"loopback\""},
    {ROOT
     "<outputs><webhook name=\"a\" url=\"http://localhost.x/\" allow-plaintext=\"loopback\"/></outputs></tripline>",
     1, 50, "write https://"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" pin=\"AAAA\"/></outputs></tripline>", 1, 67,
     "44 characters of base64"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" client-certificate=\"c.p12\" client-key=\"k\"/></outputs>"
          "</tripline>",
     1, 94, "client-key beside a .p12"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A\" value=\"Bearer dpapi:!\"/></webhook>"
          "</outputs></tripline>",
     1, 84, "tripline protect"},
};

static void test_mistakes(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *config = NULL;
        struct config_errors errors = {NULL, 0};
        CU_ASSERT(config_parse(&config, text_from(cases[i].xml), "/x/tripline.xml", &errors) < 0);
        bool good = errors.count == 1 && errors.list[0].line == cases[i].line &&
                    errors.list[0].column == cases[i].column && strstr(errors.list[0].message, cases[i].words) != NULL;
        CU_ASSERT(good);
        if (!good) {
            fprintf(stderr, "case %zu: %s\n", i, cases[i].xml);
            config_errors_print(stderr, "got", &errors);
        }
        config_errors_free(&errors);
        config_free(config);
    }
}

static void test_good(void)
{
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    static const char xml[] = ROOT
        "<state max-age=\"7d\"/><proxy url=\"http://p:3128\" login=\"basic\" user=\"u\" password=\"file:p.txt\" "
        "bypass=\".x\"/><outputs start-spread=\"1m\"><webhook name=\"a\" url=\"http://[::1]:8/x\" "
        "allow-plaintext=\"loopback\" ocsp-staple=\"yes\" client-certificate=\"/c.PFX\" client-key-password=\"env:K\" "
        "pin=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"/></outputs></tripline>";
    CU_ASSERT_EQUAL_FATAL(config_parse(&config, text_from(xml), "/etc/t/tripline.xml", &errors), 0);
    CU_ASSERT_EQUAL(config->store_max_age_s, 7u * 86400u);
    CU_ASSERT_EQUAL(config->start_spread_ms, 60000);
    CU_ASSERT_STRING_EQUAL(config->proxy.url, "http://p:3128");
    CU_ASSERT_EQUAL(config->proxy.login, HTTPS_PROXY_BASIC);
    CU_ASSERT_STRING_EQUAL(config->proxy.bypass, ".x");
    CU_ASSERT(config->outputs[0].allow_plaintext && config->outputs[0].ocsp_staple);
    CU_ASSERT_STRING_EQUAL(config->outputs[0].client_key_password, "env:K");
    CU_ASSERT_EQUAL(strlen(config->outputs[0].pin), 44);
    CU_ASSERT_PTR_NULL(config->outputs[0].pin_next);
    config_errors_free(&errors);
    config_free(config);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"mistakes", test_mistakes},
        {"all set", test_good},
        CU_TEST_INFO_NULL,
    };
    return test_main("config_way", tests);
}
