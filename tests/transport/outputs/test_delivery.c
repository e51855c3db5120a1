/* Store, sender and webhook output together against a receiver that fails in many ways: all alerts arrive, in order,
 * and none twice but after a lost answer. */
#include "transport/outputs/sender.h"

#include "tests/test.h"
#include "tests/transport/https/receiver.h"
#include "tests/transport/outputs/own.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH "test_delivery.db"

static char *ca;
static size_t ca_size;

struct trial {
    struct store *store;
    struct output *output;
    struct sender *sender;
};

/* Runs on the sender's thread. */
static void ignore(void *context, const struct sender_report *report)
{
    (void)context;
    (void)report;
}

static void remove_files(void)
{
    (void)unlink(PATH); /* they may not be there */
    (void)unlink(PATH "-wal");
    (void)unlink(PATH ".bookmarks");
}

static void begin(struct trial *trial, const char *url)
{
    static const char *const outputs[] = {"soc"};
    struct store_settings store = {
        .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = 100000, .max_bytes = 100000000};
    if (ca == NULL)
        ca = receiver_file("ca.pem", &ca_size);
    struct output_settings output = {.name = "soc",
                                     .type = "webhook",
                                     .https = {.url = url,
                                               .ca_pem = ca,
                                               .ca_pem_size = ca_size,
                                               .user_agent = "tripline-test/1",
                                               .connect_timeout_ms = 5000,
                                               .timeout_ms = 10000},
                                     .own = own_of("webhook", "format", 1), /* ndjson */
                                     .gzip = true,
                                     .max_batch_alerts = 100,
                                     .max_batch_bytes = 1000000};
    CU_ASSERT_EQUAL_FATAL(store_open(&trial->store, &store, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(output_open(&trial->output, &output, NULL), 0);
    struct sender_settings sender = {.store = trial->store, .output = trial->output, .report = ignore};
    CU_ASSERT_EQUAL_FATAL(sender_start(&trial->sender, &sender), 0);
}

static void end(struct trial *trial)
{
    sender_stop(trial->sender, 2000);
    store_close(trial->store);
}

static void keep(struct trial *trial, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[ALERT_ID_SIZE], document[128];
        snprintf(id, sizeof(id), "%064d", i);
        snprintf(document, sizeof(document), "{\"event\":{\"id\":\"%d\"}}", i);
        struct store_alert alert = {id, document, strlen(document)};
        CU_ASSERT_EQUAL(store_keep(trial->store, &alert, 1, NULL, NULL, NULL, NULL), 0);
    }
}

static bool is_drained(struct trial *trial)
{
    for (int i = 0; i < 9000; i++) {
        struct store_counts counts;
        CU_ASSERT_EQUAL(store_counts(trial->store, &counts, NULL), 0);
        if (counts.waiting == 0)
            return true;
        nanosleep(&(struct timespec){0, 10000000L}, NULL);
    }
    return false;
}

/* The alerts answered with 200 are from..to-1 in order; each other line is of a request that failed. */
static void took(const json_t *lines, int from, int to)
{
    int next = from;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const json_t *event = json_object_get(json_object_get(line, "alert"), "event");
        if (json_integer_value(json_object_get(line, "status")) != 200)
            continue;
        CU_ASSERT_EQUAL((int)strtol(json_string_value(json_object_get(event, "id")), NULL, 10), next);
        next++;
    }
    CU_ASSERT_EQUAL(next, to);
}

static void test_faults(void)
{
    struct receiver receiver;
    struct trial trial;
    remove_files();
    receiver_start(&receiver, "server",
                   (const char *const[]){"--script", "503,drop,429:1:retry-after=1,401,200,503", NULL});
    begin(&trial, receiver.url);
    keep(&trial, 0, 250);
    CU_ASSERT(is_drained(&trial));
    end(&trial);
    json_t *lines = receiver_stop(&receiver);
    took(lines, 0, 250);
    json_decref(lines);
}

/* The receiver is away, the agent starts anew meanwhile, then the receiver is back. */
static void test_outage(void)
{
    struct receiver receiver;
    struct trial trial;
    char port[16];
    remove_files();
    receiver_start(&receiver, "server", (const char *const[]){NULL});
    begin(&trial, receiver.url);
    keep(&trial, 0, 10);
    CU_ASSERT(is_drained(&trial));
    json_t *lines = receiver_stop(&receiver);
    took(lines, 0, 10);
    json_decref(lines);

    keep(&trial, 10, 300);
    end(&trial);
    begin(&trial, receiver.url);
    nanosleep(&(struct timespec){0, 300000000L}, NULL);
    snprintf(port, sizeof(port), "%d", receiver.port);
    receiver_start(&receiver, "server", (const char *const[]){"--port", port, NULL});
    CU_ASSERT(is_drained(&trial));
    end(&trial);
    lines = receiver_stop(&receiver);
    took(lines, 10, 300);
    json_decref(lines);
}

/* From store_keep() to the receiver's reading, one alert at a time. */
static void test_latency(void)
{
    struct receiver receiver;
    struct trial trial;
    long long kept_ns[20];
    double worst = 0, sum = 0;
    remove_files();
    receiver_start(&receiver, "server", (const char *const[]){NULL});
    begin(&trial, receiver.url);
    for (int i = 0; i < 20; i++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        kept_ns[i] = (long long)now.tv_sec * 1000000000LL + now.tv_nsec;
        keep(&trial, i, i + 1);
        CU_ASSERT(is_drained(&trial));
    }
    end(&trial);
    json_t *lines = receiver_stop(&receiver);
    CU_ASSERT_EQUAL_FATAL(json_array_size(lines), 20);
    for (size_t i = 0; i < 20; i++) {
        long long received = json_integer_value(json_object_get(json_array_get(lines, i), "received_ns"));
        double ms = (double)(received - kept_ns[i]) / 1e6;
        sum += ms;
        worst = ms > worst ? ms : worst;
    }
    json_decref(lines);
    printf("store_keep() to receiver: %.1f ms mean, %.1f ms worst ", sum / 20, worst);
    CU_ASSERT(worst < 5000);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"faults", test_faults},
        {"outage and restart", test_outage},
        {"latency", test_latency},
        CU_TEST_INFO_NULL,
    };
    if (https_start_up() < 0)
        return 1;
    int code = test_main("delivery", tests);
    remove_files();
    free(ca);
    https_clean_up();
    return code;
}
