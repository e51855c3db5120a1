#include "transport/https/https.h"

#include "tests/test.h"
#include "tests/transport/https/receiver.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_OPTIONS ((const char *const[]){NULL})

static struct fault fault;
static struct https_reply reply;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct trial {
    struct https_settings https;
    char *ca, *certificate, *key;
};

/* Settings with the PEM files named (NULL: none), which trial_free() frees. */
static struct trial settings_of(const char *url, const char *ca, const char *certificate, const char *key)
{
    struct trial trial = {
        .https = {.url = url, .user_agent = "tripline-test/1", .connect_timeout_ms = 5000, .timeout_ms = 10000}};
    if (ca != NULL)
        trial.https.ca_pem = trial.ca = receiver_file(ca, &trial.https.ca_pem_size);
    if (certificate != NULL)
        trial.https.certificate_pem = trial.certificate = receiver_file(certificate, &trial.https.certificate_pem_size);
    if (key != NULL)
        trial.https.key_pem = trial.key = receiver_file(key, &trial.https.key_pem_size);
    return trial;
}

static void trial_free(struct trial *trial)
{
    free(trial->ca);
    free(trial->certificate);
    free(trial->key);
}

/* Opens and frees the settings: everything was copied. */
static struct https *open_ok(struct trial s)
{
    struct https *https = NULL;
    CU_ASSERT_EQUAL_FATAL(https_open(&https, &s.https, &fault), 0);
    trial_free(&s);
    return https;
}

/* https_open() refuses with these words. */
static void refuses(struct trial s, const char *words)
{
    struct https *https = NULL;
    memset(&fault, 0, sizeof(fault));
    CU_ASSERT_EQUAL(https_open(&https, &s.https, &fault), -EINVAL);
    CU_ASSERT_PTR_NULL(https);
    if (strstr(fault.detail, words) == NULL) {
        fprintf(stderr, "\"%s\" is not in \"%s\"\n", words, fault.detail);
        CU_FAIL("other words");
    }
    trial_free(&s);
}

static int post(struct https *https)
{
    static const struct https_request request = {.body = "{\"event\":{\"id\":\"1\"}}",
                                                 .size = 20,
                                                 .content_type = "application/json",
                                                 .idempotency_key = "key-1"};
    memset(&fault, 0, sizeof(fault));
    reply.status = 99;
    return https_post(https, &request, &reply, &fault);
}

/* One request to url with that authority and client certificate: the result, with these words in the fault. */
static void post_fails(struct trial s, int want, const char *words)
{
    struct https *https = open_ok(s);
    int rc = post(https);
    if (rc != want || strstr(fault.detail, words) == NULL) {
        fprintf(stderr, "%d, \"%s\": not %d, \"%s\"\n", rc, fault.detail, want, words);
        CU_FAIL("another failure");
    }
    CU_ASSERT_EQUAL(reply.status, 0);
    https_close(https);
}

static const char *line_text(const json_t *lines, size_t line, const char *key)
{
    return json_string_value(json_object_get(json_array_get(lines, line), key));
}

static const char *header_of(const json_t *lines, size_t line, const char *name)
{
    return json_string_value(json_object_get(json_object_get(json_array_get(lines, line), "headers"), name));
}

static void test_post(void)
{
    static const char *const headers[] = {"Authorization: Bearer 123", "X-Site: a: b"};
    struct receiver receiver;
    receiver_start(&receiver, "server", NO_OPTIONS);
    struct trial s = settings_of(receiver.url, "ca.pem", NULL, NULL);
    s.https.headers = headers;
    s.https.header_count = 2;
    struct https *https = open_ok(s);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(post(https), 0);
        CU_ASSERT_EQUAL(reply.status, 200);
        CU_ASSERT_STRING_EQUAL(reply.body, "taken\n");
        CU_ASSERT_EQUAL(reply.size, 6);
        CU_ASSERT_EQUAL(reply.retry_after_ms, 0);
    }
    https_close(https);
    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL_FATAL(json_array_size(lines), 3);
    CU_ASSERT_STRING_EQUAL(line_text(lines, 0, "client"), line_text(lines, 2, "client")); /* one connection */
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "Content-Type"), "application/json");
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "Idempotency-Key"), "key-1");
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "Authorization"), "Bearer 123");
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "X-Site"), "a: b");
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "User-Agent"), "tripline-test/1");
    CU_ASSERT_PTR_NULL(header_of(lines, 1, "Content-Encoding"));
    CU_ASSERT_PTR_NULL(header_of(lines, 1, "Expect"));
    json_decref(lines);
}

static void test_trust(void)
{
    struct receiver receiver;
    receiver_start(&receiver, "server", NO_OPTIONS);
    post_fails(settings_of(receiver.url, "other-ca.pem", NULL, NULL), -EACCES, "no trusted authority");
    post_fails(settings_of(receiver.url, NULL, NULL, NULL), -EACCES, "no trusted authority");
    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL(json_array_size(lines), 0); /* nothing was sent before the check */
    json_decref(lines);

    receiver_start(&receiver, "expired", NO_OPTIONS);
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -EACCES, "has expired");
    json_decref(receiver_stop(&receiver));

    receiver_start(&receiver, "wrong-host", NO_OPTIONS);
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -EACCES, "another host name");
    json_decref(receiver_stop(&receiver));
}

static void test_tls_versions(void)
{
    struct receiver receiver;
    receiver_start(&receiver, "server", (const char *const[]){"--tls-version", "1.1", NULL});
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -EACCES, "no TLS connection");
    json_decref(receiver_stop(&receiver));
    static const char *const good[] = {"1.2", "1.3"};
    for (int i = 0; i < 2; i++) {
        receiver_start(&receiver, "server", (const char *const[]){"--tls-version", good[i], NULL});
        struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
        CU_ASSERT_EQUAL(post(https), 0);
        https_close(https);
        json_decref(receiver_stop(&receiver));
    }
}

static void test_client_certificate(void)
{
    static const char *const options[] = {"--require-client", "--ca", TEST_CERTIFICATES "/ca.pem", NULL};
    struct receiver receiver;
    receiver_start(&receiver, "server", options);
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", "client.pem", "client.key"));
    CU_ASSERT_EQUAL(post(https), 0);
    CU_ASSERT_EQUAL(reply.status, 200);
    https_close(https);

    struct trial s = settings_of(receiver.url, "ca.pem", "client.pem", "client-encrypted.key");
    s.https.key_password = "secret word";
    https = open_ok(s);
    CU_ASSERT_EQUAL(post(https), 0);
    https_close(https);

    /* With TLS 1.3 the refusal comes after the handshake, and may be lost with the connection. */
    https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    int rc = post(https);
    CU_ASSERT(rc == -EPIPE || (rc == -EACCES && strstr(fault.detail, "asks for a client certificate") != NULL));
    https_close(https);
    https = open_ok(settings_of(receiver.url, "ca.pem", "other-client.pem", "other-client.key"));
    rc = post(https);
    CU_ASSERT(rc == -EPIPE || (rc == -EACCES && strstr(fault.detail, "does not accept the client") != NULL));
    https_close(https);

    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL(json_array_size(lines), 2);
    CU_ASSERT_STRING_EQUAL(line_text(lines, 0, "certificate"), "client");
    json_decref(lines);

    /* With TLS 1.2 it is part of the handshake. */
    static const char *const older[] = {
        "--tls-version", "1.2", "--require-client", "--ca", TEST_CERTIFICATES "/ca.pem", NULL};
    receiver_start(&receiver, "server", older);
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -EACCES, "asks for a client certificate");
    post_fails(settings_of(receiver.url, "ca.pem", "other-client.pem", "other-client.key"), -EACCES,
               "does not accept the client certificate");
    json_decref(receiver_stop(&receiver));
}

static void test_no_way_there(void)
{
    struct receiver receiver;
    receiver_start(&receiver, "server", (const char *const[]){"--delay", "3000", NULL});
    struct trial s = settings_of(receiver.url, "ca.pem", NULL, NULL);
    s.https.timeout_ms = 300;
    double start = now_ms();
    post_fails(s, -ETIMEDOUT, "no answer in time");
    double waited = now_ms() - start;
    CU_ASSERT(waited >= 250 && waited < 2500);
    json_decref(receiver_stop(&receiver));
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -ECONNREFUSED, "no connection");
    post_fails(settings_of("https://nowhere.invalid/", "ca.pem", NULL, NULL), -EHOSTUNREACH, "name was not found");
}

static void test_lost_answer(void)
{
    struct receiver receiver;
    receiver_start(&receiver, "server", (const char *const[]){"--script", "200,drop,200", NULL});
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    CU_ASSERT_EQUAL(post(https), 0);
    /* libcurl itself tries again when a connection that it kept turns out dead: then the second answer is a 200. */
    int rc = post(https);
    CU_ASSERT(rc == -EPIPE || rc == 0);
    CU_ASSERT_EQUAL(post(https), 0);
    https_close(https);
    json_decref(receiver_stop(&receiver));

    receiver_start(&receiver, "server", (const char *const[]){"--drop", "1", NULL});
    post_fails(settings_of(receiver.url, "ca.pem", NULL, NULL), -EPIPE, "");
    json_decref(receiver_stop(&receiver));
}

static void test_statuses(void)
{
    static const struct {
        long status;
        unsigned retry_after_ms;
    } want[] = {{503, 7000}, {429, 3600000}, {302, 0}, {500, 0}, {429, 0}, {404, 0}, {401, 0}, {403, 0}, {200, 0}};
    struct receiver receiver;
    static const char *const options[] = {
        "--script",
        "503:1:retry-after=7,429:1:retry-after=99999999,302:1:retry-after=60:location="
        "https%3A//127.0.0.1/,500,429:1:retry-after=nonsense,"
        "404:1:retry-after=60,401:1:retry-after=60,403:1:retry-after=60",
        NULL};
    receiver_start(&receiver, "server", options);
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        CU_ASSERT_EQUAL(post(https), 0);
        CU_ASSERT_EQUAL(reply.status, want[i].status);
        CU_ASSERT_EQUAL(reply.retry_after_ms, want[i].retry_after_ms);
    }
    https_close(https);
    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL(json_array_size(lines), 9); /* the redirect was not followed */
    json_decref(lines);
}

static void test_retry_after_date(void)
{
    char script[128], date[64];
    struct receiver receiver;
    time_t then = time(NULL) + 100;
    strftime(date, sizeof(date), "%a%%2C %d %b %Y %H%%3A%M%%3A%S GMT", gmtime(&then));
    snprintf(script, sizeof(script), "503:1:retry-after=%s", date);
    receiver_start(&receiver, "server", (const char *const[]){"--script", script, NULL});
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    CU_ASSERT_EQUAL(post(https), 0);
    CU_ASSERT(reply.retry_after_ms >= 80000 && reply.retry_after_ms <= 101000);
    https_close(https);
    json_decref(receiver_stop(&receiver));
}

static void test_long_reply(void)
{
    struct receiver receiver;
    receiver_start(&receiver, "server", (const char *const[]){"--reply-bytes", "1000000", NULL});
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    CU_ASSERT_EQUAL(post(https), 0);
    CU_ASSERT_EQUAL(reply.size, HTTPS_MAX_REPLY);
    CU_ASSERT_EQUAL(reply.body[HTTPS_MAX_REPLY], '\0');
    CU_ASSERT_EQUAL(strlen(reply.body), HTTPS_MAX_REPLY);
    https_close(https);
    json_decref(receiver_stop(&receiver));
}

/* Runs on a thread of its own. */
static void *cancel_soon(void *context)
{
    nanosleep(&(struct timespec){0, 200000000L}, NULL);
    https_cancel(context);
    return NULL;
}

static void test_cancel(void)
{
    struct receiver receiver;
    pthread_t thread;
    receiver_start(&receiver, "server", (const char *const[]){"--delay", "8000", NULL});
    struct https *https = open_ok(settings_of(receiver.url, "ca.pem", NULL, NULL));
    double start = now_ms();
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, cancel_soon, https), 0);
    CU_ASSERT_EQUAL(post(https), -ECANCELED);
    double waited = now_ms() - start;
    printf("cancelled after %.0f ms ", waited);
    CU_ASSERT(waited >= 190 && waited < 3000);
    pthread_join(thread, NULL);
    start = now_ms();
    CU_ASSERT_EQUAL(post(https), -ECANCELED);
    CU_ASSERT(now_ms() - start < 1000);
    https_close(https);
    json_decref(receiver_stop(&receiver));
}

static void test_wrong_settings(void)
{
    refuses(settings_of("http://localhost/", NULL, NULL, NULL), "https://");
    refuses(settings_of("ftp://localhost/", NULL, NULL, NULL), "https://");
    refuses(settings_of("", NULL, NULL, NULL), "no URL");
    refuses(settings_of("https://", NULL, NULL, NULL), "no URL");
    refuses(settings_of("https://localhost/", "client.key", NULL, NULL), "authorities");
    refuses(settings_of("https://localhost/", NULL, "client.key", "client.key"), "no certificate");
    refuses(settings_of("https://localhost/", NULL, "client.pem", NULL), "only good together");
    refuses(settings_of("https://localhost/", NULL, NULL, "client.key"), "only good together");
    refuses(settings_of("https://localhost/", NULL, "client.pem", "client.pem"), "no private key");
    refuses(settings_of("https://localhost/", NULL, "client.pem", "server.key"), "does not belong");
    refuses(settings_of("https://localhost/", NULL, "client.pem", "client-encrypted.key"), "no password");
    struct trial s = settings_of("https://localhost/", NULL, "client.pem", "client-encrypted.key");
    s.https.key_password = "wrong";
    refuses(s, "wrong password");
}

/* What the program runs as can log in to a proxy only where libcurl has SSPI. */
static void test_system_login(void)
{
    struct trial s = settings_of("https://localhost/", NULL, NULL, NULL);
    s.https.proxy = "http://localhost:1";
    s.https.proxy_login = HTTPS_PROXY_SYSTEM;
    if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SPNEGO) != 0)
        https_close(open_ok(s));
    else
        refuses(s, "Windows");
}

static void test_wrong_headers(void)
{
    static const struct {
        const char *header, *words;
    } cases[] = {{"NoColon", "wanted"},     {": x", "wanted"},
                 {"Na me: x", "wanted"},    {"A: x\r\nB: y", "line break"},
                 {"A: \x7F", "line break"}, {"A:", "no value"},
                 {"A:  ", "no value"},      {"content-type: x", "own to set"},
                 {"Host: x", "own to set"}, {"Transfer-Encoding: chunked", "own to set"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trial s = settings_of("https://localhost/", NULL, NULL, NULL);
        s.https.headers = &cases[i].header;
        s.https.header_count = 1;
        refuses(s, cases[i].words);
    }
}

/* Neither the URL's secrets nor a header's value come into a fault. */
static void test_secrets(void)
{
    char text[600];
    static const char *const bad[] = {"Authorization: hunter2\r\n"};
    post_fails(settings_of("https://user:hunter2@localhost:1/hunter2?sig=hunter2#hunter2", NULL, NULL, NULL),
               -ECONNREFUSED, "");
    CU_ASSERT_STRING_EQUAL(fault.object, "https://localhost:1");
    CU_ASSERT_PTR_NULL(strstr(fault_text(&fault, text, sizeof(text)), "hunter2"));
    struct trial s = settings_of("https://localhost/", NULL, NULL, NULL);
    s.https.headers = bad;
    s.https.header_count = 1;
    refuses(s, "Authorization" + 13);
    CU_ASSERT_PTR_NULL(strstr(fault_text(&fault, text, sizeof(text)), "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Authorization"));
    refuses(settings_of("http://user:hunter2@localhost/", NULL, NULL, NULL), "");
    CU_ASSERT_PTR_NULL(strstr(fault_text(&fault, text, sizeof(text)), "hunter2"));
    https_close(NULL);
}

/* What was said before each wait. */
struct signs {
    size_t count;
    unsigned wait_ms[8];
};

static void note_alive(void *context, unsigned wait_ms)
{
    struct signs *signs = context;
    if (signs->count < sizeof(signs->wait_ms) / sizeof(signs->wait_ms[0]))
        signs->wait_ms[signs->count] = wait_ms;
    signs->count++;
}

/* Each request and each pause says before it waits how long that may take. */
static void test_alive(void)
{
    struct receiver receiver;
    struct signs signs = {0};
    receiver_start(&receiver, "server", NO_OPTIONS);
    struct trial s = settings_of(receiver.url, "ca.pem", NULL, NULL);
    s.https.alive = note_alive;
    s.https.alive_context = &signs;
    struct https *https = open_ok(s);
    CU_ASSERT_EQUAL(signs.count, 0);
    CU_ASSERT_EQUAL(post(https), 0);
    CU_ASSERT_EQUAL(https_pause(https, 7), 0);
    CU_ASSERT_EQUAL(post(https), 0);
    CU_ASSERT_EQUAL(signs.count, 3);
    CU_ASSERT_EQUAL(signs.wait_ms[0], s.https.timeout_ms);
    CU_ASSERT_EQUAL(signs.wait_ms[1], 7);
    CU_ASSERT_EQUAL(signs.wait_ms[2], s.https.timeout_ms);
    https_close(https);
    json_decref(receiver_stop(&receiver));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"post, and again on the same connection", test_post},
        {"who is trusted", test_trust},
        {"TLS 1.2 or later", test_tls_versions},
        {"client certificates", test_client_certificate},
        {"no way there", test_no_way_there},
        {"a lost answer", test_lost_answer},
        {"statuses", test_statuses},
        {"Retry-After as a date", test_retry_after_date},
        {"a long reply", test_long_reply},
        {"cancel", test_cancel},
        {"wrong settings", test_wrong_settings},
        {"system login", test_system_login},
        {"wrong headers", test_wrong_headers},
        {"no secrets in faults", test_secrets},
        {"signs of life", test_alive},
        CU_TEST_INFO_NULL,
    };
    if (https_start_up() < 0)
        return 1;
    int code = test_main("https", tests);
    https_clean_up();
    return code;
}
