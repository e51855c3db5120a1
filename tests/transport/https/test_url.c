#include "transport/https/url.h"

#include "tests/test.h"
#include <errno.h>
#include <stdlib.h>

static void is(const char *base, const char *path, const char *const *query, const char *expected)
{
    char *url = NULL;
    CU_ASSERT_EQUAL(url_make(&url, base, path, query), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(url);
    CU_ASSERT_STRING_EQUAL(url, expected);
    free(url);
}

static void test_make(void)
{
    static const char *const query[] = {"q=a b&c", "x=1", NULL};
    char *url = NULL;
    is("https://h", NULL, NULL, "https://h/");
    is("https://h:1/", "/_bulk", NULL, "https://h:1/_bulk");
    is("https://h/a/b/", "/_bulk", NULL, "https://h/a/b/_bulk");
    is("https://h/a%20b", "/c d/e", NULL, "https://h/a%20b/c%20d/e");
    is("https://h/v1/logs", "/v1/logs", NULL, "https://h/v1/logs"); /* the whole address is there already */
    is("https://h/a/v1/logs/", "/v1/logs", NULL, "https://h/a/v1/logs");
    is("https://h/v1", "/v1/logs", NULL, "https://h/v1/v1/logs");
    is("https://h/?k=v", "/p", query, "https://h/p?k=v&q=a%20b%26c&x=1");
    CU_ASSERT_EQUAL(url_make(&url, "not a url", "/p", NULL), -EINVAL);
    CU_ASSERT_PTR_NULL(url);
}

static void test_escape(void)
{
    char *text = url_escape("a/b \xC3\xA9?&=-._~");
    CU_ASSERT_STRING_EQUAL(text, "a%2Fb%20%C3%A9%3F%26%3D-._~");
    free(text);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"make", test_make}, {"escape", test_escape}, CU_TEST_INFO_NULL};
    return test_main("url", tests);
}
