#include "transport/https/https_internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longest wait that an answer can ask for, s. A collector gone wrong must not keep an agent silent for longer. */
#define MAX_RETRY_AFTER_S 3600

/* How often a running request looks whether it was cancelled although nobody woke it, ms. */
#define POLL_MS 1000

int https_start_up(void)
{
#ifdef SIGPIPE
    /* A connection that breaks while OpenSSL writes must not end the process; with CURLOPT_NOSIGNAL libcurl leaves
     * that to the program (curl.se/libcurl/c/CURLOPT_NOSIGNAL.html). */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -EIO;
#endif
    return https_memory_start_up() == CURLE_OK ? 0 : -EIO;
}

void https_clean_up(void)
{
    curl_global_cleanup();
}

/* curl's write callback: keeps what fits, takes the rest as well, but not for ever. */
static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
    struct https *https = context;
    struct https_reply *reply = https->reply;
    https->received += count;
    if (https->received > HTTPS_MAX_ANSWER)
        return 0; /* fewer than count: CURLE_WRITE_ERROR (curl.se/libcurl/c/CURLOPT_WRITEFUNCTION.html) */
    size_t room = HTTPS_MAX_REPLY - reply->size;
    size_t size = count < room ? count : room;
    memcpy(reply->body + reply->size, bytes, size);
    reply->size += size;
    return one * count; /* one is always 1 */
}

/* Where the cookie of that name stands among those that are kept; the end if it does not. */
static size_t find_cookie(const char *cookies, struct text name)
{
    size_t at = 0;
    while (cookies[at] != '\0' && (strncmp(cookies + at, name.bytes, name.len) != 0 || cookies[at + name.len] != '=')) {
        at += strcspn(cookies + at, ";");
        at += strspn(cookies + at, "; ");
    }
    return at;
}

/* Keeps "name=value" of a Set-Cookie header instead of an older one of the name. Its attributes say how long, and where
 * to: to no other server than this one in any case. */
static void keep_cookie(char cookies[HTTPS_COOKIES_SIZE], struct text pair)
{
    size_t name_size = text_find(pair, '=');
    for (size_t i = 0; i < pair.len; i++)
        if (pair.bytes[i] <= ' ' || pair.bytes[i] > '~') /* bytes above ASCII are negative or above '~' */
            return;
    if (name_size == 0 || name_size == pair.len)
        return;
    char *old = cookies + find_cookie(cookies, (struct text){pair.bytes, name_size});
    const char *rest = old + strcspn(old, ";");
    rest += strspn(rest, "; ");
    memmove(old, rest, strlen(rest) + 1);
    size_t used = strlen(cookies);
    while (used > 0 && (cookies[used - 1] == ' ' || cookies[used - 1] == ';'))
        used--;
    cookies[used] = '\0';
    if (used + pair.len + 3 <= HTTPS_COOKIES_SIZE)
        snprintf(cookies + used, HTTPS_COOKIES_SIZE - used, "%s%.*s", used > 0 ? "; " : "", (int)pair.len, pair.bytes);
}

/* curl's header callback: one line of the answer's head. */
static size_t take_header(char *bytes, size_t one, size_t count, void *context)
{
    static const char name[] = "Set-Cookie:";
    struct https *https = context;
    struct text line = {bytes, count};
    const size_t size = sizeof(name) - 1;
    if (https->keeps_cookies && count > size && text_equal_nocase((struct text){bytes, size}, text_from(name))) {
        line.bytes += size;
        line.len -= size;
        while (line.len > 0 && *line.bytes == ' ')
            line = (struct text){line.bytes + 1, line.len - 1};
        line.len = text_find(line, ';');
        while (line.len > 0 && strchr(" \r\n", line.bytes[line.len - 1]) != NULL)
            line.len--;
        keep_cookie(https->cookies, line);
    }
    return one * count; /* one is always 1 */
}

int https_open(struct https **out, const struct https_settings *settings, struct fault *fault)
{
    struct https *https = calloc(1, sizeof(*https));
    if (https == NULL)
        return -ENOMEM;
    atomic_init(&https->is_cancelled, false);
    https->keeps_cookies = settings->keeps_cookies;
    https->alive = settings->alive;
    https->alive_context = settings->alive_context;
    https->timeout_ms = settings->timeout_ms;
    int rc = https_check_url(https->origin, settings->url, settings->allows_http, fault);
    if (rc == 0 && (https->url = text_dup(text_from(settings->url))) == NULL)
        rc = -ENOMEM;
    if (rc < 0)
        goto out;

    https->easy = curl_easy_init();
    https->multi = curl_multi_init();
    if (https->easy == NULL || https->multi == NULL)
        rc = -ENOMEM;
    /* Nor may closing wait for the resolver's threads, which a name server that is away holds for a minute and more
     * (CURLOPT_QUICK_EXIT does not reach them: they are the multi handle's). */
    if (rc == 0 && curl_multi_setopt(https->multi, CURLMOPT_QUICK_EXIT, 1L) != CURLM_OK)
        rc = -EIO;
    if (rc == 0)
        rc = https_settings_apply(https, settings, fault);
    https->prepared = https->easy;
    https->easy = NULL;
out:
    if (rc < 0)
        https_close(https);
    else
        *out = https;
    return rc;
}

static void free_list(struct curl_slist *list)
{
    for (struct curl_slist *line = list; line != NULL; line = line->next)
        OPENSSL_cleanse(line->data, strlen(line->data));
    curl_slist_free_all(list);
}

/* What lies after the host in a URL may be a secret. */
static void wipe(char *secret, size_t size)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, size);
    free(secret);
}

void https_close(struct https *https)
{
    if (https == NULL)
        return;
    curl_easy_cleanup(https->prepared);
    (void)curl_multi_cleanup(https->multi); /* fails only for what is no handle */
    https_cover_free(https->headers);
    https_cover_free(https->key);
    https_cover_free(https->proxy_login);
    wipe(https->url, https->url == NULL ? 0 : strlen(https->url));
    free(https->certificate);
    free(https->ca);
    free(https);
}

int https_begin_request(struct https *https)
{
    https->easy = curl_easy_duphandle(https->prepared);
    return https->easy != NULL ? 0 : -ENOMEM;
}

void https_end_request(struct https *https)
{
    curl_easy_cleanup(https->easy);
    https->easy = NULL;
}

void https_cancel(struct https *https)
{
    atomic_store(&https->is_cancelled, true);
    (void)curl_multi_wakeup(https->multi); /* if that fails, the request looks again after POLL_MS */
}

void https_alive(const struct https *https, unsigned wait_ms)
{
    if (https->alive != NULL)
        https->alive(https->alive_context, wait_ms);
}

int https_pause(struct https *https, unsigned ms)
{
    struct timespec now, end;
    https_alive(https, ms);
    (void)clock_gettime(CLOCK_MONOTONIC, &end); /* fails only for an unknown clock */
    end.tv_sec += (time_t)(ms / 1000);
    end.tv_nsec += (long)(ms % 1000) * 1000000L;
    for (;;) {
        if (atomic_load(&https->is_cancelled))
            return -ECANCELED;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        long left = (long)(end.tv_sec - now.tv_sec) * 1000L + (end.tv_nsec - now.tv_nsec) / 1000000L;
        if (left <= 0)
            return 0;
        if (curl_multi_poll(https->multi, NULL, 0, left < POLL_MS ? (int)left : POLL_MS, NULL) != CURLM_OK)
            return 0; /* no wait is better than none to come back from */
    }
}

static int report_cancelled(const struct https *https, struct fault *fault)
{
    fault_set(fault, "POST", ECANCELED, text_from(https->origin), "broken off");
    return -ECANCELED;
}

/* Runs the prepared request to its end: 0 and *code, or -ECANCELED. */
static int perform(struct https *https, CURLcode *code)
{
    int running = 1;
    CURLMcode multi_code = curl_multi_add_handle(https->multi, https->easy);
    if (multi_code != CURLM_OK) {
        *code = multi_code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        return 0;
    }
    *code = CURLE_FAILED_INIT;
    while (running > 0 && multi_code == CURLM_OK && !atomic_load(&https->is_cancelled)) {
        multi_code = curl_multi_perform(https->multi, &running);
        if (multi_code == CURLM_OK && running > 0)
            multi_code = curl_multi_poll(https->multi, NULL, 0, POLL_MS, NULL);
    }
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(https->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            *code = message->data.result;
    (void)curl_multi_remove_handle(https->multi, https->easy); /* it was added above */
    return running > 0 && atomic_load(&https->is_cancelled) ? -ECANCELED : 0;
}

/* Appends to the list; the list stays when there is no memory. */
static int add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer == NULL)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static int add_settings_headers(struct curl_slist **list, const struct https *https)
{
    int rc = 0;
    const char *all = https_cover_open(https->headers);
    for (size_t at = 0; rc == 0 && at < https_cover_size(https->headers); at += strlen(all + at) + 1)
        rc = add_header(list, all + at);
    https_cover_close(https->headers);
    return rc;
}

/* The settings' headers, then this request's own. The copies must not outlive the request. */
static int request_headers(struct curl_slist **list, const struct https *https, const struct https_request *request)
{
    char line[256], cookies[HTTPS_COOKIES_SIZE + 16];
    int rc = add_settings_headers(list, https);
    snprintf(cookies, sizeof(cookies), "Cookie: %s", https->cookies);
    if (rc == 0 && https->cookies[0] != '\0')
        rc = add_header(list, cookies);
    if (rc == 0)
        rc = add_header(list, "Expect:"); /* no pause before a long body (curl.se/libcurl/c/CURLOPT_HTTPHEADER.html) */
    const char *const own[][2] = {{"Content-Type", request->content_type},
                                  {"Content-Encoding", request->content_encoding},
                                  {"Idempotency-Key", request->idempotency_key}};
    for (size_t i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i][1] == NULL)
            continue;
        if (snprintf(line, sizeof(line), "%s: %s", own[i][0], own[i][1]) >= (int)sizeof(line))
            return -EINVAL;
        rc = add_header(list, line);
    }
    for (size_t i = 0; rc == 0 && i < request->header_count; i++)
        rc = add_header(list, request->headers[i]);
    return rc;
}

/* Another URL of the same server, or the settings'. */
static int set_url(struct https *https, const struct https_request *request, CURLcode *code, struct fault *fault)
{
    char origin[HTTPS_ORIGIN_SIZE];
    if (request->url != NULL) {
        int rc = https_check_url(origin, request->url, true, fault);
        if (rc < 0)
            return rc;
        if (strcmp(origin, https->origin) != 0) {
            fault_set(fault, "https_post", EINVAL, text_from(https->origin), "a URL of another server");
            return -EINVAL;
        }
    }
    HTTPS_SET(*code, https, CURLOPT_URL, request->url != NULL ? request->url : https->url);
    return 0;
}

/* Only a server that is busy may ask for patience (RFC 9110, section 10.2.3; RFC 6585, section 4): what is wrong with
 * the way, the address or the credentials does not mend itself by a time that the other side knows. */
static unsigned retry_after_ms(const struct https *https, long status)
{
    curl_off_t seconds = 0;
    if (status != 408 && status != 425 && status != 429 && status < 500)
        return 0;
    if (curl_easy_getinfo(https->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0)
        return 0;
    return (unsigned)(seconds > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S : seconds) * 1000u;
}

/* Sends request with these headers. Returns 0 with reply, or as https_post(). */
static int send_request(struct https *https, const struct https_request *request, struct curl_slist *headers,
                        struct curl_slist *proxy_headers, CURLcode code, struct https_reply *reply, struct fault *fault)
{
    int rc = 0;
    https->error[0] = '\0';
    https->reply = reply;
    https->received = 0;
    (void)https_cover_open(https->key); /* curl has its place */
    HTTPS_SET(code, https, CURLOPT_PROXYHEADER, proxy_headers);
    HTTPS_SET(code, https, CURLOPT_WRITEFUNCTION, take_body);
    HTTPS_SET(code, https, CURLOPT_WRITEDATA, https);
    HTTPS_SET(code, https, CURLOPT_HEADERFUNCTION, take_header);
    HTTPS_SET(code, https, CURLOPT_HEADERDATA, https);
    HTTPS_SET(code, https, CURLOPT_HTTPHEADER, headers);
    HTTPS_SET(code, https, CURLOPT_POSTFIELDS, request->body);
    HTTPS_SET(code, https, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
    if (code == CURLE_OK)
        rc = perform(https, &code);
    https_cover_close(https->key);
    reply->body[reply->size] = '\0';
    if (rc < 0) {
        rc = report_cancelled(https, fault);
    } else if (code != CURLE_OK) {
        rc = https_fault(https, code, fault);
    } else {
        (void)curl_easy_getinfo(https->easy, CURLINFO_RESPONSE_CODE, &reply->status); /* stays 0 if it can't */
        reply->retry_after_ms = retry_after_ms(https, reply->status);
    }
    return rc;
}

int https_post(struct https *https, const struct https_request *request, struct https_reply *reply, struct fault *fault)
{
    struct curl_slist *headers = NULL, *proxy_headers = NULL;
    CURLcode code = CURLE_OK;
    reply->status = 0;
    reply->retry_after_ms = 0;
    reply->size = 0;
    reply->body[0] = '\0';
    if (atomic_load(&https->is_cancelled))
        return report_cancelled(https, fault);
    https_alive(https, https->timeout_ms);
    int rc = https_begin_request(https);
    if (rc == 0)
        rc = set_url(https, request, &code, fault);
    if (rc == 0)
        rc = request_headers(&headers, https, request);
    if (rc == 0 && https->proxy_login != NULL) {
        rc = add_header(&proxy_headers, https_cover_open(https->proxy_login));
        https_cover_close(https->proxy_login);
    }
    if (rc == 0)
        rc = send_request(https, request, headers, proxy_headers, code, reply, fault);
    https_end_request(https);
    free_list(proxy_headers);
    free_list(headers);
    return rc;
}
