#include "detect/powershell/powershell_line.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#define ENCODED "RwBlAHQALQBEAGEAdABlAA==" /* Get-Date */

static const struct {
    const char *line, *script; /* script: NULL: none */
    bool is_encoded;
} cases[] = {
    {"powershell.exe -Command Get-Date", "Get-Date", false},
    {"powershell.exe -c Get-Date -x", "Get-Date -x", false},
    {"\"C:\\Program Files\\PowerShell\\7\\pwsh.exe\" -NoP -Command \"a 'b'\" c", "a 'b' c", false},
    {"powershell -Command \"say \\\"hi\\\"\"", "say \"hi\"", false},
    {"powershell -Command \"a \"\"b\"\" c\"", "a \"b\" c", false},
    {"powershell -Command C:\\\\x\\\\", "C:\\\\x\\\\", false},
    {"powershell -Command", "", false},
    {"powershell Get-Date", "Get-Date", false},
    {"powershell -ep bypass Get-Date", "Get-Date", false},
    {"powershell -ExecutionPolicy bypass -NoProfile -c Get-Date", "Get-Date", false},
    {"powershell -File a.ps1 -c x", NULL, false},
    {"powershell", NULL, false},
    {"", NULL, false},
    {"cmd.exe /c powershell -c Get-Date", "powershell -c Get-Date", false}, /* /c is any shell's */
    {"other.exe x y", NULL, false},
    {"powershell -EncodedCommand " ENCODED, "Get-Date", true},
    {"powershell -e " ENCODED, "Get-Date", true},
    {"powershell /enc " ENCODED, "Get-Date", true},
    {"powershell -ec " ENCODED, "Get-Date", true},
    {"powershell --enc " ENCODED, "Get-Date", true},
    {"powershell \xE2\x80\x93"
     "EncodedCommand " ENCODED " more",
     "Get-Date", true},
    {"powershell -ENC \"" ENCODED "\"", "Get-Date", true},
    {"powershell -ea " ENCODED, NULL, false},                 /* EncodedArguments */
    {"powershell -encodedcommandx " ENCODED, ENCODED, false}, /* no such switch: what follows is a command */
    {"powershell -enc RwBlAHQALQBEAGEAdABlAA=", NULL, false},
    {"powershell -enc !!!!", NULL, false},
    {"powershell -enc", NULL, false},
};

static void test_scripts(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct powershell_script script;
        size_t length = strlen(cases[i].line);
        char *exact = malloc(length + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, cases[i].line, length);
        CU_ASSERT_EQUAL(powershell_line_script(&script, (struct text){exact, length}), 0);
        bool is_right = cases[i].script == NULL
                            ? script.text.bytes == NULL
                            : script.text.bytes != NULL && text_equal(script.text, text_from(cases[i].script));
        if (!is_right || script.is_encoded != cases[i].is_encoded) {
            fprintf(stderr, "%s: \"%.*s\"\n", cases[i].line, (int)script.text.len,
                    script.text.bytes == NULL ? "" : script.text.bytes);
            CU_FAIL("a case");
        }
        free((char *)script.text.bytes);
        free(exact);
    }
}

static void test_decode(void)
{
    static const struct {
        const char *base64, *text; /* text: NULL: refused */
    } rows[] = {
        {"QQA=", "A"},
        {" Q Q\r\nA = ", "A"},
        {"QQBC", "A"}, /* an odd last byte */
        {"QQ==", ""},
        {"PdgA3g==", "\xF0\x9F\x98\x80"}, /* a pair of surrogates */
        {"PdhBAA==", "\xEF\xBF\xBD"
                     "A"},
        {"AN4=", "\xEF\xBF\xBD"},
        {"/9g=", "\xEF\xBF\xBD"},
        {"QQA", NULL},
        {"QQA==", NULL},
        {"QQ=", NULL},
        {"QQA=Q", NULL},
        {"Q*A=", NULL},
        {"", NULL},
        {"====", NULL},
        {"Q===", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text out = {NULL, 0};
        int rc = powershell_line_decode(&out, text_from(rows[i].base64));
        CU_ASSERT_EQUAL(rc, rows[i].text == NULL ? -EINVAL : 0);
        if (rc == 0 && rows[i].text != NULL && !text_equal(out, text_from(rows[i].text)))
            CU_FAIL("decoded otherwise");
        free((char *)out.bytes);
    }
}

static void test_long(void)
{
    size_t length = POWERSHELL_LINE_MAX + 10;
    char *line = malloc(length);
    struct powershell_script script;
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    memset(line, 'x', length);
    memcpy(line, "powershell -c ", 14);
    CU_ASSERT_EQUAL(powershell_line_script(&script, (struct text){line, length}), 0);
    CU_ASSERT_EQUAL(script.text.len, POWERSHELL_LINE_MAX - 14);
    free((char *)script.text.bytes);
    free(line);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"scripts", test_scripts}, {"base64", test_decode}, {"a long line", test_long}, CU_TEST_INFO_NULL};
    return test_main("powershell_line", tests);
}
