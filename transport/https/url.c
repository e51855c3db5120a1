#include "transport/https/url.h"

#include "detect/base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int result_of(CURLUcode code)
{
    if (code == CURLUE_OK)
        return 0;
    return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

/* first_size bytes of first, then second; NULL: no memory. */
static char *join(const char *first, size_t first_size, const char *second)
{
    size_t size = first_size + strlen(second) + 1;
    char *whole = malloc(size);
    if (whole != NULL)
        snprintf(whole, size, "%.*s%s", (int)first_size, first, second);
    return whole;
}

/* Base's path without the / at its end, then path, unless it ends so already. */
static int add_path(CURLU *url, const char *path)
{
    char *before = NULL;
    int rc = result_of(curl_url_get(url, CURLUPART_PATH, &before, CURLU_URLDECODE));
    if (rc < 0)
        return rc;
    size_t size = strlen(before);
    while (size > 0 && before[size - 1] == '/')
        size--;
    size_t path_size = strlen(path);
    bool is_there = size >= path_size && memcmp(before + size - path_size, path, path_size) == 0;
    char *whole = join(before, size, is_there ? "" : path);
    rc = whole == NULL ? -ENOMEM : result_of(curl_url_set(url, CURLUPART_PATH, whole, CURLU_URLENCODE));
    free(whole);
    curl_free(before);
    return rc;
}

/* pair: "name=value", whose value is escaped here: how libcurl does it has changed from version to version. */
static int add_query(CURLU *url, const char *pair)
{
    size_t name_size = strcspn(pair, "=") + 1;
    char *value = url_escape(pair + name_size), *whole = value == NULL ? NULL : join(pair, name_size, value);
    int rc = whole == NULL ? -ENOMEM : result_of(curl_url_set(url, CURLUPART_QUERY, whole, CURLU_APPENDQUERY));
    free(whole);
    free(value);
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
        rc = add_query(url, *query);
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
