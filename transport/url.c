#include "transport/url.h"

#include "detect/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int result_of(CURLUcode code)
{
    if (code == CURLUE_OK)
        return 0;
    return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

/* Base's path without the / at its end, then path. */
static int add_path(CURLU *url, const char *path)
{
    char *before = NULL;
    int rc = result_of(curl_url_get(url, CURLUPART_PATH, &before, CURLU_URLDECODE));
    if (rc < 0)
        return rc;
    size_t size = strlen(before);
    while (size > 0 && before[size - 1] == '/')
        size--;
    char *whole = malloc(size + strlen(path) + 1);
    if (whole == NULL) {
        curl_free(before);
        return -ENOMEM;
    }
    memcpy(whole, before, size);
    memcpy(whole + size, path, strlen(path) + 1);
    rc = result_of(curl_url_set(url, CURLUPART_PATH, whole, CURLU_URLENCODE));
    free(whole);
    curl_free(before);
    return rc;
}

int url_make(char **out, const char *base, const char *path, const char *const *query)
{
    char *text = NULL;
    CURLU *url = curl_url();
    if (url == NULL)
        return -ENOMEM;
    int rc = result_of(curl_url_set(url, CURLUPART_URL, base, 0));
    if (rc == 0 && path != NULL)
        rc = add_path(url, path);
    for (; rc == 0 && query != NULL && *query != NULL; query++)
        rc = result_of(curl_url_set(url, CURLUPART_QUERY, *query, CURLU_APPENDQUERY | CURLU_URLENCODE));
    if (rc == 0)
        rc = result_of(curl_url_get(url, CURLUPART_URL, &text, 0));
    if (rc == 0) {
        *out = text_dup(text_from(text)); /* curl_free() need not be free() */
        rc = *out == NULL ? -ENOMEM : 0;
    }
    curl_free(text);
    curl_url_cleanup(url);
    return rc;
}

char *url_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *copy = escaped == NULL ? NULL : text_dup(text_from(escaped)); /* curl_free() need not be free() */
    curl_free(escaped);
    return copy;
}
