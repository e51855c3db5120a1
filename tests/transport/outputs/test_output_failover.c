/* Another server while the first is away; and what output.c does whatever the kind. */
#include "transport/outputs/output.h"

#include "tests/test.h"
#include "tests/transport/https/receiver.h"
#include "tests/transport/outputs/own.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *ca;
static size_t ca_size;

static struct output *open_to(const char *url, const char *const *failover, size_t count)
{
    if (ca == NULL)
        ca = receiver_file("ca.pem", &ca_size);
    struct output_settings settings = {.name = "soc",
                                       .type = "webhook",
                                       .https = {.url = url,
                                                 .ca_pem = ca,
                                                 .ca_pem_size = ca_size,
                                                 .user_agent = "tripline-test/1",
                                                 .connect_timeout_ms = 5000,
                                                 .timeout_ms = 10000},
                                       .own = own_of("webhook", "format", 0),
                                       .failover = failover,
                                       .failover_count = count,
                                       .failover_ms = 700,
                                       .max_batch_alerts = 10,
                                       .max_batch_bytes = 100000};
    struct output *output = NULL;
    CU_ASSERT_EQUAL_FATAL(output_open(&output, &settings, NULL), 0);
    return output;
}

static enum output_outcome send_one(struct output *output, char *document, struct output_result *result)
{
    struct store_item item = {.number = 1, .id = "1", .document = document, .size = strlen(document)};
    output_send(output, &item, 1, result);
    return result->outcome;
}

/* How many alerts each receiver took. */
static void ends_with(struct receiver *receiver, size_t expected)
{
    json_t *lines = receiver_stop(receiver);
    size_t taken = 0;
    for (size_t i = 0; i < json_array_size(lines); i++)
        taken += json_integer_value(json_object_get(json_array_get(lines, i), "status")) == 200 ? 1 : 0;
    CU_ASSERT_EQUAL(taken, expected);
    json_decref(lines);
}

/* 503 leads to the second at once, which is kept to until the time is over. */
static void test_there_and_back(void)
{
    struct receiver first, second;
    struct output_result result;
    char document[] = "{\"event\":{\"id\":\"1\"}}";
    receiver_start(&first, "server", (const char *const[]){"--script", "503:1", NULL});
    receiver_start(&second, "server", (const char *const[]){NULL});
    const char *const failover[] = {"https://localhost:1/", second.url};
    struct output *output = open_to(first.url, failover, 2);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_DELIVERED);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_DELIVERED);
    nanosleep(&(struct timespec){0, 800000000L}, NULL);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_DELIVERED);
    output_close(output);
    ends_with(&first, 1);
    ends_with(&second, 2);
}

/* An answer that is sensible is not gone round: 429, 401, 400. */
static void test_kept_to(void)
{
    struct receiver first, second;
    struct output_result result;
    char document[] = "{\"event\":{\"id\":\"1\"}}";
    receiver_start(&first, "server", (const char *const[]){"--script", "429:1,401:1,400:1", NULL});
    receiver_start(&second, "server", (const char *const[]){NULL});
    const char *const failover[] = {second.url};
    struct output *output = open_to(first.url, failover, 1);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_REFUSED);
    output_close(output);
    ends_with(&first, 0);
    ends_with(&second, 0);
}

/* All away: RETRY, with a fault; cancelled: the others are not tried. */
static void test_all_away(void)
{
    struct receiver second;
    struct output_result result;
    char document[] = "{}";
    const char *const nobody[] = {"https://localhost:2/"};
    struct output *output = open_to("https://localhost:1/", nobody, 1);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_RETRY);
    CU_ASSERT(result.fault.detail[0] != '\0');
    output_close(output);
    receiver_start(&second, "server", (const char *const[]){NULL});
    const char *const failover[] = {second.url};
    output = open_to("https://localhost:1/", failover, 1);
    output_cancel(output);
    CU_ASSERT_EQUAL(send_one(output, document, &result), OUTPUT_RETRY);
    CU_ASSERT_EQUAL(result.fault.code, ECANCELED);
    output_close(output);
    ends_with(&second, 0);
}

/* What the store holds and is no JSON object is refused, alone. */
static void test_no_document(void)
{
    struct output_result result;
    char bad[] = "[1]", good[] = "{}";
    struct output *output = open_to("https://localhost:1/", NULL, 0);
    CU_ASSERT_EQUAL(send_one(output, bad, &result), OUTPUT_REFUSED);
    struct store_item items[] = {{.number = 1, .id = "1", .document = good, .size = 2},
                                 {.number = 2, .id = "2", .document = bad, .size = 3}};
    output_send(output, items, 2, &result);
    CU_ASSERT_EQUAL(result.outcome, OUTPUT_SPLIT);
    output_close(output);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"there and back", test_there_and_back},
        {"an answer is kept to", test_kept_to},
        {"all away", test_all_away},
        {"no document", test_no_document},
        CU_TEST_INFO_NULL,
    };
    if (https_start_up() < 0)
        return 1;
    int code = test_main("output_failover", tests);
    free(ca);
    https_clean_up();
    return code;
}
