/* What an installation is made of, as texts: properties, config, account, command line, security. */
#include "agent/config/config.h"
#include "agent/config/config_internal.h"
#include "agent/service/install_account.h"
#include "agent/service/install_config.h"
#include "agent/service/install_state.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char reason[INSTALL_MAX_REASON];

static int set(struct install_properties *p, const char *argument)
{
    reason[0] = '\0';
    return install_properties_set(p, text_from(argument), reason);
}

static void test_properties(void)
{
    struct install_properties p = {{NULL}};
    CU_ASSERT_EQUAL(set(&p, "COLLECTOR_URL=https://x.example/?a=b"), 0);
    CU_ASSERT_STRING_EQUAL(p.values[INSTALL_COLLECTOR_URL], "https://x.example/?a=b");
    CU_ASSERT_EQUAL(set(&p, "COLLECTOR_URL=https://y.example/"), 0);
    CU_ASSERT_STRING_EQUAL(p.values[INSTALL_COLLECTOR_URL], "https://y.example/");
    CU_ASSERT_EQUAL(set(&p, "COLLECTOR_URL="), 0);
    CU_ASSERT_PTR_NULL(p.values[INSTALL_COLLECTOR_URL]);
    CU_ASSERT_EQUAL(set(&p, "COLLECTOR_UR=1"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(reason, "unknown property \"COLLECTOR_UR\"; did you mean COLLECTOR_URL?");
    CU_ASSERT_EQUAL(set(&p, "TOKEN"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(reason, "TOKEN has no value; write TOKEN=VALUE");
    CU_ASSERT_EQUAL(set(&p, "TOKEN=sec\nret"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(reason, "TOKEN holds a control character; leave it out");
    CU_ASSERT_EQUAL(set(&p, "PURGE=2"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(reason, "PURGE is neither 0 nor 1");
    install_properties_clear(&p);
}

static void test_flags(void)
{
    struct install_properties p = {{NULL}};
    CU_ASSERT_TRUE(install_properties_flag(&p, INSTALL_START_SERVICE, true));
    CU_ASSERT_FALSE(install_properties_flag(&p, INSTALL_PURGE, false));
    CU_ASSERT_EQUAL(set(&p, "START_SERVICE=0"), 0);
    CU_ASSERT_FALSE(install_properties_flag(&p, INSTALL_START_SERVICE, true));
    CU_ASSERT_EQUAL(set(&p, "PURGE=Yes"), 0);
    CU_ASSERT_TRUE(install_properties_flag(&p, INSTALL_PURGE, false));
    install_properties_clear(&p);
}

static void test_lines(void)
{
    struct install_properties p = {{NULL}};
    CU_ASSERT_EQUAL(install_properties_read(&p, text_from("\r\nTOKEN=a b\r\nCA_FILE=\nACCOUNT=LocalSystem"), reason),
                    0);
    CU_ASSERT_STRING_EQUAL(p.values[INSTALL_TOKEN], "a b");
    CU_ASSERT_PTR_NULL(p.values[INSTALL_CA_FILE]);
    CU_ASSERT_STRING_EQUAL(p.values[INSTALL_ACCOUNT], "LocalSystem");
    CU_ASSERT_EQUAL(install_properties_read(&p, text_from("TOKEN=x\nNAME=y\n"), reason), -EINVAL);
    char *large = calloc(1, INSTALL_MAX_TEXT + 1);
    CU_ASSERT_EQUAL(install_properties_read(&p, (struct text){large, INSTALL_MAX_TEXT + 1}, reason), -EINVAL);
    memset(large, 'x', INSTALL_MAX_TEXT);
    memcpy(large, "TOKEN=", 6);
    CU_ASSERT_EQUAL(install_properties_set(&p, (struct text){large, 6 + INSTALL_MAX_VALUE}, reason), 0);
    CU_ASSERT_EQUAL(install_properties_set(&p, (struct text){large, 7 + INSTALL_MAX_VALUE}, reason), -EINVAL);
    free(large);
    install_properties_clear(&p);
    CU_ASSERT_PTR_NULL(p.values[INSTALL_TOKEN]);
}

/* What was written must come back out of the parser as it went in, whatever it holds. */
static void test_config(void)
{
    struct install_properties p = {{NULL}};
    const char *lines = "COLLECTOR_URL=https://x.example/a?b=1&c=<>\nTOKEN=t\"o'k<e>n&amp;]]>\n"
                        "CLIENT_CERT=C:\\a & b\\\"c\".pem\nLOOKBACK=7d\nSOURCES=eventlog\n";
    char *xml = NULL;
    CU_ASSERT_EQUAL_FATAL(install_properties_read(&p, text_from(lines), reason), 0);
    CU_ASSERT_EQUAL_FATAL(install_config_write(&xml, &p, reason), 0);
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    CU_ASSERT_EQUAL(config_parse(&config, text_from(xml), "/x/y.xml", &errors), 0);
    config_errors_print(stdout, "written", &errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_STRING_EQUAL(config->outputs[0].url, "https://x.example/a?b=1&c=<>");
    CU_ASSERT_STRING_EQUAL(config->outputs[0].type, "webhook");
    CU_ASSERT_EQUAL_FATAL(config->outputs[0].header_count, 1);
    CU_ASSERT_STRING_EQUAL(config->outputs[0].headers[0], "Authorization: Bearer t\"o'k<e>n&amp;]]>");
    CU_ASSERT_PTR_NOT_NULL(strstr(config->outputs[0].client_certificate, "a & b\\\"c\".pem"));
    CU_ASSERT_STRING_EQUAL(config->outputs[0].client_key, config->outputs[0].client_certificate);
    CU_ASSERT_EQUAL(config->lookback_s, 7 * 86400);
    config_errors_free(&errors);
    config_free(config);
    config_wipe(xml);
    install_properties_clear(&p);
}

static void test_config_least(void)
{
    struct install_properties p = {{NULL}};
    char *xml = NULL;
    CU_ASSERT_EQUAL(install_config_write(&xml, &p, reason), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "COLLECTOR_URL is not given"));
    CU_ASSERT_EQUAL(set(&p, "COLLECTOR_URL=https://x.example/"), 0);
    CU_ASSERT_EQUAL_FATAL(install_config_write(&xml, &p, reason), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(xml, "<webhook name=\"central\" url=\"https://x.example/\"/>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(xml, "<eventlog/>"));
    config_wipe(xml);
    CU_ASSERT_EQUAL(set(&p, "OUTPUT_TYPE=pigeon"), 0);
    CU_ASSERT_EQUAL(install_config_write(&xml, &p, reason), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "OUTPUT_TYPE"));
    CU_ASSERT_EQUAL(set(&p, "OUTPUT_TYPE="), 0);
    CU_ASSERT_EQUAL(set(&p, "SOURCES=eventlog,tea leaves"), 0);
    CU_ASSERT_EQUAL(install_config_write(&xml, &p, reason), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "\"tea leaves\" is no source"));
    install_properties_clear(&p);
}

static void test_lists(void)
{
    CU_ASSERT_TRUE(install_config_lists("eventlog, ETW", "etw"));
    CU_ASSERT_TRUE(install_config_lists("etw", "etw"));
    CU_ASSERT_FALSE(install_config_lists("etwas", "etw"));
    CU_ASSERT_FALSE(install_config_lists("", "etw"));
    CU_ASSERT_FALSE(install_config_lists(NULL, "etw"));
}

static int choose(struct install_account *account, const char *lines)
{
    static struct install_properties p;
    install_properties_clear(&p);
    reason[0] = '\0';
    CU_ASSERT_EQUAL_FATAL(install_properties_read(&p, text_from(lines), reason), 0);
    int rc = install_account_choose(account, &p, reason);
    if (rc < 0)
        install_properties_clear(&p);
    return rc;
}

static void test_account(void)
{
    struct install_account a;
    CU_ASSERT_EQUAL(choose(&a, ""), 0);
    CU_ASSERT_EQUAL(a.kind, INSTALL_VIRTUAL);
    CU_ASSERT_STRING_EQUAL(a.name, "NT SERVICE\\Tripline");
    CU_ASSERT_TRUE(a.reads_by_group && !a.is_chosen);
    CU_ASSERT_STRING_EQUAL(a.privileges[0], "SeChangeNotifyPrivilege");
    CU_ASSERT_PTR_NULL(a.privileges[1]);
    CU_ASSERT_EQUAL(choose(&a, "SOURCES=eventlog,etw"), 0);
    CU_ASSERT_EQUAL(a.kind, INSTALL_SYSTEM);
    CU_ASSERT_STRING_EQUAL(a.name, "LocalSystem");
    CU_ASSERT_STRING_EQUAL(a.privileges[1], "SeSystemProfilePrivilege");
    CU_ASSERT_PTR_NULL(a.privileges[2]);
    CU_ASSERT_FALSE(a.reads_by_group);
    CU_ASSERT_EQUAL(choose(&a, "ACCOUNT=localsystem"), 0);
    CU_ASSERT_EQUAL(a.kind, INSTALL_SYSTEM);
    CU_ASSERT_TRUE(a.is_chosen);
    CU_ASSERT_EQUAL(choose(&a, "ACCOUNT=nt service\\tripline"), 0);
    CU_ASSERT_EQUAL(a.kind, INSTALL_VIRTUAL);
    CU_ASSERT_TRUE(a.is_chosen);
    CU_ASSERT_EQUAL(choose(&a, "ACCOUNT=CORP\\tripline$"), 0);
    CU_ASSERT_EQUAL(a.kind, INSTALL_MANAGED);
    CU_ASSERT_TRUE(a.reads_by_group);
    CU_ASSERT_STRING_EQUAL(a.name, "CORP\\tripline$");
    CU_ASSERT_EQUAL(choose(&a, "ACCOUNT=CORP\\bob"), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "needs no password"));
    CU_ASSERT_EQUAL(choose(&a, "ACCOUNT=CORP\\tripline$\nSOURCES=etw"), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "only LocalSystem"));
    CU_ASSERT_EQUAL(choose(&a, ""), 0);
    struct install_properties none = {{NULL}};
    install_account_fall_back(&a, &none);
    CU_ASSERT_STRING_EQUAL(a.name, "LocalSystem");
    CU_ASSERT_PTR_NULL(a.privileges[1]);
}

/* TrustedInstaller's is published everywhere; it shows that ours is made the same way. */
static void test_sid(void)
{
    char sid[INSTALL_MAX_SID];
    CU_ASSERT_EQUAL(install_service_sid(sid, "TrustedInstaller"), 0);
    CU_ASSERT_STRING_EQUAL(sid, "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464");
    CU_ASSERT_EQUAL(install_service_sid(sid, "Tripline"), 0);
    CU_ASSERT_STRING_EQUAL(sid, "S-1-5-80-2626929972-1828039956-2459551040-2650350661-2553190788");
}

static void test_sddl(void)
{
    static const char sid[] = "S-1-5-80-1-2-3-4-5", other[] = "S-1-5-21-1-2-3-1105";
    char sddl[INSTALL_MAX_SDDL];
    install_sddl_home(sddl, sid, NULL);
    CU_ASSERT_STRING_EQUAL(sddl, "O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;S-1-5-80-1-2-3-4-5)");
    install_sddl_state(sddl, sid, NULL);
    CU_ASSERT_STRING_EQUAL(sddl, "O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200ab;;;S-1-5-80-1-2-3-4-5)"
                                 "(A;OIIO;0x13019f;;;S-1-5-80-1-2-3-4-5)");
    install_sddl_config(sddl, sid, NULL);
    CU_ASSERT_STRING_EQUAL(sddl, "O:BAG:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-80-1-2-3-4-5)");
    /* A managed account, whose token may have no SID of the service yet. */
    install_sddl_config(sddl, sid, other);
    CU_ASSERT_STRING_EQUAL(sddl, "O:BAG:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-80-1-2-3-4-5)"
                                 "(A;;FR;;;S-1-5-21-1-2-3-1105)");
    install_sddl_state(sddl, sid, other);
    CU_ASSERT_PTR_NOT_NULL(strstr(sddl, "(A;;0x1200ab;;;S-1-5-21-1-2-3-1105)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sddl, "(A;OIIO;0x13019f;;;S-1-5-21-1-2-3-1105)"));
}

/* Whatever the agent, SQLite or a rescue puts into the state directory, and nothing else. */
static void test_state_names(void)
{
    static const char *const own[] = {
        "tripline.db",           "TRIPLINE.DB-wal", "tripline.db-journal",
        "tripline.db.bookmarks", "tripline.log.4",  "tripline.db.damaged-20260101T000000Z",
        "status.json",           "status.json.new", "selftest.txt"};
    static const char *const others[] = {"tripline.xml", "ca.pem", "state", "selftest.txt.bak", "my-tripline.db", ""};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        CU_ASSERT_TRUE(install_state_owns(own[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CU_ASSERT_FALSE(install_state_owns(others[i]));
}

static void test_command(void)
{
    char *command = NULL;
    CU_ASSERT_EQUAL_FATAL(install_command(&command, "C:\\Program Files\\T\\tripline.exe", "D:\\x\\t.xml"), 0);
    CU_ASSERT_STRING_EQUAL(command, "\"C:\\Program Files\\T\\tripline.exe\" service --config \"D:\\x\\t.xml\"");
    free(command);
    CU_ASSERT_EQUAL(install_command(&command, "C:\\a\"b", "x"), -EINVAL);
    CU_ASSERT_EQUAL(install_command(&command, "C:\\a", "x\ny"), -EINVAL);
    char *path = malloc(32768);
    memset(path, 'a', 32767);
    path[32767] = '\0';
    CU_ASSERT_EQUAL(install_command(&command, "C:\\a", path), -ENAMETOOLONG);
    free(path);
}

static void test_quoted(void)
{
    static const struct {
        const char *argument, *quoted;
    } cases[] = {
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a\\b", "\"a\\b\""},
        {"C:\\dir\\", "\"C:\\dir\\\\\""},
        {"say \"x\"", "\"say \\\"x\\\"\""},
        {"a\\\"b", "\"a\\\\\\\"b\""},
        {"\\\\server\\share", "\"\\\\server\\share\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *quoted = install_quoted(cases[i].argument);
        CU_ASSERT_STRING_EQUAL(quoted, cases[i].quoted);
        free(quoted);
    }
}

static void test_multi_string(void)
{
    static const char *const two[] = {"Ab", "C", NULL}, *const none[] = {NULL};
    static const uint16_t expected[] = {'A', 'b', 0, 'C', 0, 0};
    uint16_t *list = NULL;
    size_t bytes = 0;
    CU_ASSERT_EQUAL_FATAL(install_multi_string(&list, &bytes, two), 0);
    CU_ASSERT_EQUAL(bytes, sizeof(expected));
    CU_ASSERT_EQUAL(memcmp(list, expected, sizeof(expected)), 0);
    free(list);
    CU_ASSERT_EQUAL_FATAL(install_multi_string(&list, &bytes, none), 0);
    CU_ASSERT_EQUAL(bytes, 2);
    free(list);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"properties", test_properties},
                                        {"flags", test_flags},
                                        {"lines", test_lines},
                                        {"config", test_config},
                                        {"least config", test_config_least},
                                        {"lists", test_lists},
                                        {"account", test_account},
                                        {"service SID", test_sid},
                                        {"SDDL", test_sddl},
                                        {"names of the state", test_state_names},
                                        {"command line", test_command},
                                        {"quoted", test_quoted},
                                        {"multi-string", test_multi_string},
                                        {NULL, NULL}};
    return test_main("install", tests);
}
