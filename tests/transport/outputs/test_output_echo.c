#include "transport/outputs/output_echo.h"

#include "tests/test.h"
#include <string.h>

struct own {
    char *name, *token, *password;
};

static const struct setting settings_table[] = {
    SETTING_AS_TEXT("name", struct own, name, "none", 10),
    SETTING_AS_SECRET("token", struct own, token, "none", 100),
    SETTING_AS_SECRET("password", struct own, password, "none", 100),
};
static const struct output_type type = {.settings = settings_table, .setting_count = 3};

static void test_hide(void)
{
    static const char *const headers[] = {"Authorization: Bearer hunter2hunter2", "X-Site: a"};
    const struct own own = {"tripline_alerts", "t0ken-value", "pass word"};
    struct output_settings settings = {.own = &own, .https = {.headers = headers, .header_count = 2}};
    static const struct output_alert alerts[] = {
        {.document = "{\"process\":{\"command_line\":\"powershell -c Set-CASMailbox\"}}", .size = 59}};
    static const struct {
        const char *answer, *want;
    } cases[] = {
        {"no such table: tripline_alerts", "no such table: tripline_alerts"},
        {"token t0ken-value is not valid", "token *** is not valid"},
        {"t0ken-valuet0ken-value", "***"},
        {"password 'pass word' wrong", "password '***' wrong"},
        {"you sent hunter2hunter2", "you sent ***"},
        {"site a is unknown", "site a is unknown"}, /* too short to be a secret */
        {"failed at powershell -c Set-CASMailbox!", "failed at ***!"},
        {"powershell -c", "powershell -c"}, /* a piece this short says nothing */
        {"jwt eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.x expired", "jwt *** expired"},
        {"", ""},
    };
    struct output_echo *echo = NULL;
    CU_ASSERT_EQUAL_FATAL(output_echo_new(&echo, &type, &settings), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char answer[OUTPUT_MAX_ANSWER + 1];
        snprintf(answer, sizeof(answer), "%s", cases[i].answer);
        output_echo_hide(answer, echo, alerts, 1);
        CU_ASSERT_STRING_EQUAL(answer, cases[i].want);
    }
    output_echo_free(echo);
    output_echo_free(NULL);
}

/* As long as it may be, all of it to hide, or every second word. */
static void test_longest(void)
{
    const struct own own = {NULL, "abcdef", NULL};
    struct output_settings settings = {.own = &own};
    struct output_echo *echo = NULL;
    char answer[OUTPUT_MAX_ANSWER + 1];
    CU_ASSERT_EQUAL_FATAL(output_echo_new(&echo, &type, &settings), 0);
    memset(answer, 'x', OUTPUT_MAX_ANSWER);
    answer[OUTPUT_MAX_ANSWER] = '\0';
    output_echo_hide(answer, echo, NULL, 0);
    CU_ASSERT_STRING_EQUAL(answer, "***");
    for (size_t i = 0; i + 7 < sizeof(answer); i += 7)
        memcpy(answer + i, "abcdef ", 8);
    output_echo_hide(answer, echo, NULL, 0);
    CU_ASSERT_PTR_NULL(strstr(answer, "abcdef"));
    CU_ASSERT_EQUAL(strncmp(answer, "*** *** ", 8), 0);
    output_echo_free(echo);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"hide", test_hide}, {"longest", test_longest}, CU_TEST_INFO_NULL};
    return test_main("output_echo", tests);
}
