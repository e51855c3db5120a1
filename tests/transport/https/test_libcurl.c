/* What the libcurl of the Windows program was built with: cmake/deps/build-deps.sh asks for it, docs/delivery.md names
 * it. */
#include "tests/test.h"

#include <curl/curl.h>
#include <string.h>

static void test_features(void)
{
    int features = curl_version_info(CURLVERSION_NOW)->features;
    CU_ASSERT((features & CURL_VERSION_SSL) != 0);
    CU_ASSERT((features & CURL_VERSION_LIBZ) != 0);
    CU_ASSERT((features & CURL_VERSION_SSPI) != 0); /* login="system" at a proxy: */
    CU_ASSERT((features & CURL_VERSION_SPNEGO) != 0);
    CU_ASSERT((features & CURL_VERSION_NTLM) != 0);
}

static void test_protocols(void)
{
    const char *const *protocols = curl_version_info(CURLVERSION_NOW)->protocols;
    CU_ASSERT_PTR_NOT_NULL_FATAL(protocols[0]);
    for (size_t i = 0; protocols[i] != NULL; i++)
        CU_ASSERT(strcmp(protocols[i], "http") == 0 || strcmp(protocols[i], "https") == 0);
}

static CU_TestInfo tests[] = {
    {"features", test_features},
    {"no protocol but HTTP", test_protocols},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("libcurl", tests);
}
