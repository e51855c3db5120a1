#include "transport/outputs/output.h"

#include "tests/test.h"
#include "tests/transport/https/receiver.h"
#include "tests/transport/outputs/own.h"
#include "transport/document/sha256.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Places of the words of "format". */
enum { FORMAT_JSON, FORMAT_NDJSON };

static struct fault fault;
static char *ca;
static size_t ca_size;

/* An open output to url. */
static struct output *open_to(const char *url, unsigned format, bool gzip)
{
    if (ca == NULL)
        ca = receiver_file("ca.pem", &ca_size);
    struct output_settings settings = {
        .name = "soc",
        .type = "webhook",
        .https = {.url = url,
                  .ca_pem = ca,
                  .ca_pem_size = ca_size,
                  .user_agent = "tripline-test/1",
                  .connect_timeout_ms = 5000,
                  .timeout_ms = 10000},
        .own = own_of("webhook", "format", format),
        .gzip = gzip,
        .max_batch_alerts = 100,
        .max_batch_bytes = 1000000,
    };
    struct output *output = NULL;
    CU_ASSERT_EQUAL_FATAL(output_open(&output, &settings, &fault), 0);
    return output;
}

static char documents[3][64] = {"{\"event\":{\"id\":\"1\"},\"a\":\"\xC3\xA9\"}", "{\"event\":{\"id\":\"2\"}}",
                                "{\"event\":{\"id\":\"3\"}}"};

/* Sends the first count documents; the outcome. */
static enum output_outcome send_some(struct output *output, size_t count, struct output_result *result)
{
    struct store_item items[3];
    for (size_t i = 0; i < 3; i++) {
        items[i] = (struct store_item){.number = (int64_t)i, .document = documents[i], .size = strlen(documents[i])};
        snprintf(items[i].id, sizeof(items[i].id), "%064zu", i + 1);
    }
    output_send(output, items, count, result);
    return result->outcome;
}

static const char *header_of(const json_t *lines, size_t line, const char *name)
{
    return json_string_value(json_object_get(json_object_get(json_array_get(lines, line), "headers"), name));
}

static const char *alert_id_of(const json_t *lines, size_t line)
{
    return json_string_value(
        json_object_get(json_object_get(json_object_get(json_array_get(lines, line), "alert"), "event"), "id"));
}

static void test_formats(void)
{
    static const struct {
        unsigned format;
        bool gzip;
        const char *type, *encoding;
    } cases[] = {{FORMAT_JSON, false, "application/json", NULL},
                 {FORMAT_JSON, true, "application/json", "gzip"},
                 {FORMAT_NDJSON, false, "application/x-ndjson", NULL},
                 {FORMAT_NDJSON, true, "application/x-ndjson", "gzip"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct receiver receiver;
        struct output_result result;
        receiver_start(&receiver, "server", (const char *const[]){NULL});
        struct output *output = open_to(receiver.url, cases[i].format, cases[i].gzip);
        CU_ASSERT_EQUAL(send_some(output, 1, &result), OUTPUT_DELIVERED);
        CU_ASSERT_EQUAL(result.status, 200);
        CU_ASSERT_EQUAL(send_some(output, 3, &result), OUTPUT_DELIVERED);
        output_close(output);
        json_t *lines = receiver_stop(&receiver);
        CU_ASSERT_EQUAL_FATAL(json_array_size(lines), 4);
        static const char *const ids[] = {"1", "1", "2", "3"};
        for (size_t line = 0; line < 4; line++) {
            CU_ASSERT_STRING_EQUAL(alert_id_of(lines, line), ids[line]);
            CU_ASSERT_STRING_EQUAL(header_of(lines, line, "Content-Type"), cases[i].type);
            const char *encoding = header_of(lines, line, "Content-Encoding");
            CU_ASSERT(cases[i].encoding == NULL ? encoding == NULL
                                                : encoding != NULL && strcmp(encoding, cases[i].encoding) == 0);
        }
        CU_ASSERT_STRING_EQUAL(
            json_string_value(json_object_get(json_object_get(json_array_get(lines, 1), "alert"), "a")), "\xC3\xA9");
        json_decref(lines);
    }
}

/* One alert: its id. Several: the same for the same ones, another for others. */
static void test_idempotency_key(void)
{
    struct receiver receiver;
    struct output_result result;
    char want[SHA256_HEX_SIZE], fields[2 * 72];
    receiver_start(&receiver, "server", (const char *const[]){NULL});
    struct output *output = open_to(receiver.url, FORMAT_JSON, false);
    static const size_t counts[] = {1, 2, 2, 3};
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(send_some(output, counts[i], &result), OUTPUT_DELIVERED);
    output_close(output);
    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL_FATAL(json_array_size(lines), 8);
    CU_ASSERT_STRING_EQUAL(header_of(lines, 0, "Idempotency-Key"),
                           "0000000000000000000000000000000000000000000000000000000000000001");
    for (int i = 0; i < 2; i++) {
        memcpy(fields + 72 * i, "\x40\0\0\0\0\0\0\0", 8);
        memset(fields + 72 * i + 8, '0', 64);
        fields[72 * i + 71] = (char)('1' + i);
    }
    CU_ASSERT_EQUAL(sha256_of(want, fields, sizeof(fields)), 0);
    CU_ASSERT_STRING_EQUAL(header_of(lines, 1, "Idempotency-Key"), want);
    CU_ASSERT_STRING_EQUAL(header_of(lines, 3, "Idempotency-Key"), want);
    CU_ASSERT_STRING_NOT_EQUAL(header_of(lines, 5, "Idempotency-Key"), want);
    json_decref(lines);
}

static void test_outcomes(void)
{
    static const struct {
        long status;
        enum output_outcome one, several;
    } cases[] = {
        {200, OUTPUT_DELIVERED, OUTPUT_DELIVERED}, {201, OUTPUT_DELIVERED, OUTPUT_DELIVERED},
        {202, OUTPUT_DELIVERED, OUTPUT_DELIVERED}, {301, OUTPUT_RETRY, OUTPUT_RETRY},
        {400, OUTPUT_REFUSED, OUTPUT_SPLIT},       {401, OUTPUT_RETRY, OUTPUT_RETRY},
        {403, OUTPUT_RETRY, OUTPUT_RETRY},         {404, OUTPUT_RETRY, OUTPUT_RETRY},
        {408, OUTPUT_RETRY, OUTPUT_RETRY},         {409, OUTPUT_REFUSED, OUTPUT_SPLIT},
        {413, OUTPUT_REFUSED, OUTPUT_SPLIT},       {415, OUTPUT_REFUSED, OUTPUT_SPLIT},
        {422, OUTPUT_REFUSED, OUTPUT_SPLIT},       {425, OUTPUT_RETRY, OUTPUT_RETRY},
        {429, OUTPUT_RETRY, OUTPUT_RETRY},         {500, OUTPUT_RETRY, OUTPUT_RETRY},
        {501, OUTPUT_REFUSED, OUTPUT_SPLIT},       {503, OUTPUT_RETRY, OUTPUT_RETRY},
        {599, OUTPUT_RETRY, OUTPUT_RETRY},
    };
    char script[512] = "", words[32];
    struct receiver receiver;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        snprintf(script + strlen(script), sizeof(script) - strlen(script), "%s%ld:2", i == 0 ? "" : ",",
                 cases[i].status);
    receiver_start(&receiver, "server", (const char *const[]){"--script", script, NULL});
    struct output *output = open_to(receiver.url, FORMAT_NDJSON, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct output_result result;
        CU_ASSERT_EQUAL(send_some(output, 1, &result), cases[i].one);
        CU_ASSERT_EQUAL(result.status, cases[i].status);
        CU_ASSERT_EQUAL(send_some(output, 2, &result), cases[i].several);
        CU_ASSERT_EQUAL(result.status, cases[i].status);
        if (cases[i].one == OUTPUT_DELIVERED)
            continue;
        snprintf(words, sizeof(words), "HTTP %ld", cases[i].status);
        CU_ASSERT_PTR_NOT_NULL(strstr(result.fault.detail, words));
        CU_ASSERT_STRING_EQUAL(result.answer, "not taken ");
    }
    output_close(output);
    json_decref(receiver_stop(&receiver));
}

static void test_no_answer(void)
{
    struct receiver receiver;
    struct output_result result;
    receiver_start(&receiver, "server", (const char *const[]){"--script", "503:1:retry-after=3", NULL});
    struct output *output = open_to(receiver.url, FORMAT_NDJSON, true);
    CU_ASSERT_EQUAL(send_some(output, 1, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(result.retry_after_ms, 3000);
    json_decref(receiver_stop(&receiver));
    CU_ASSERT_EQUAL(send_some(output, 3, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_EQUAL(result.retry_after_ms, 0);
    CU_ASSERT_STRING_EQUAL(result.answer, "");
    CU_ASSERT(result.fault.detail[0] != '\0');
    output_cancel(output);
    CU_ASSERT_EQUAL(send_some(output, 1, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(result.fault.code, ECANCELED);
    output_close(output);
}

/* A batch with one alert that is refused: only in the batch is it SPLIT. */
static void test_refused_one(void)
{
    struct receiver receiver;
    struct output_result result;
    receiver_start(&receiver, "server", (const char *const[]){"--refuse", "\"id\":\"2\"", "--max-bytes", "70", NULL});
    struct output *output = open_to(receiver.url, FORMAT_JSON, true);
    CU_ASSERT_EQUAL(send_some(output, 1, &result), OUTPUT_DELIVERED);
    CU_ASSERT_EQUAL(send_some(output, 2, &result), OUTPUT_SPLIT);
    CU_ASSERT_EQUAL(result.status, 422);
    CU_ASSERT_EQUAL(send_some(output, 3, &result), OUTPUT_SPLIT);
    CU_ASSERT_EQUAL(result.status, 413); /* of the whole, though it was sent compressed */
    output_close(output);
    json_decref(receiver_stop(&receiver));
}

static void test_settings(void)
{
    const struct output_settings good = {.own = own_of("webhook", "format", FORMAT_JSON),
                                         .name = "a-Z_0",
                                         .type = "webhook",
                                         .https = {.url = "https://localhost/", .user_agent = "t"},
                                         .max_batch_alerts = 5,
                                         .max_batch_bytes = 7};
    static const char long_name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct output *output = NULL;
    CU_ASSERT_EQUAL_FATAL(output_open(&output, &good, &fault), 0);
    CU_ASSERT_STRING_EQUAL(output_name(output), "a-Z_0");
    CU_ASSERT_EQUAL(output_max_batch_alerts(output), 5);
    CU_ASSERT_EQUAL(output_max_batch_bytes(output), 7);
    output_close(output);
    output_close(NULL);
    for (int i = 0; i < 7; i++) {
        struct output_settings bad = good;
        output = NULL;
        switch (i) {
        case 0:
            bad.name = "";
            break;
        case 1:
            bad.name = "a b";
            break;
        case 2:
            bad.name = long_name;
            break;
        case 3:
            bad.type = "pigeon";
            break;
        case 4:
            bad.max_batch_alerts = 0;
            break;
        case 5:
            bad.max_batch_alerts = 1001;
            break;
        default:
            bad.https.url = "http://localhost/";
            break;
        }
        CU_ASSERT_EQUAL(output_open(&output, &bad, &fault), -EINVAL);
        CU_ASSERT_PTR_NULL(output);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"formats", test_formats},
        {"Idempotency-Key", test_idempotency_key},
        {"outcomes", test_outcomes},
        {"no answer", test_no_answer},
        {"one of several refused", test_refused_one},
        {"settings", test_settings},
        CU_TEST_INFO_NULL,
    };
    if (https_start_up() < 0)
        return 1;
    int code = test_main("output_webhook", tests);
    free(ca);
    https_clean_up();
    return code;
}
