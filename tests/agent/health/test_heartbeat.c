/* Makes chains of heartbeats; with a directory as argument writes them there for test_heartbeat.py. */
#include "agent/health/heartbeat.h"
#include "agent/health/metrics.h"

#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct health *health;
static struct health_figures *figures;
static struct heartbeat_chain chain;
static struct status_about about;
static char account[] = "NT AUTHORITY\\SYSTEM", sid[] = "S-1-5-18", kept[] = "SeChangeNotifyPrivilege";
static const struct token_facts token = {.account = account,
                                         .sid = sid,
                                         .integrity = "system",
                                         .is_administrator = true,
                                         .privileges = {{kept, true}},
                                         .privilege_count = 1};

static void begin(void)
{
    const char *sources[] = {"Security", "\"odd\"\\name \xC3\xA4"}, *outputs[] = {"central"};
    figures = calloc(1, sizeof(*figures));
    CU_ASSERT_FATAL(figures != NULL && health_new(&health) == 0);
    health_sources_set(health, sources, 2);
    health_outputs_set(health, outputs, 1);
    health_source_state(health, "Security", HEALTH_READING, NULL);
    health_source_begin(health, "Security", 100);
    CU_ASSERT_TRUE(heartbeat_chain_parse(&chain, NULL));
    about = (struct status_about){.state = "running",
                                  .agent_id = "0a7716d0-18a0-44d7-8b90-1f8dce6568d9",
                                  .host = "h\xFFst.example.com",
                                  .token = &token,
                                  .config_path = "c",
                                  .config_sha256 = "abcd",
                                  .max_alerts = 10,
                                  .max_bytes = 100};
}

static void end(void)
{
    free(figures);
    health_free(health);
}

/* The next heartbeat, after records up to record; the caller frees it. */
static char *beat(uint64_t record, const char *boot)
{
    char id[ALERT_ID_SIZE], *document = NULL;
    struct heartbeat_chain next;
    health_source_kept(health, "Security", &(struct health_kept){.events = 1, .has_record = true, .record = record});
    health_read(health, figures);
    struct status_now now = {.figures = figures};
    CU_ASSERT_EQUAL_FATAL(heartbeat_make(id, &document, &next, &chain, &about, &now, boot, 0), 0);
    health_receipt(health, figures);
    CU_ASSERT_EQUAL(next.sequence, chain.sequence + 1);
    CU_ASSERT_STRING_EQUAL(id, next.hash);
    chain = next;
    return document;
}

static json_t *inside(const char *document)
{
    json_t *whole = json_loads(document, 0, NULL);
    json_t *heartbeat = json_incref(json_object_get(json_object_get(whole, "tripline"), "heartbeat"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(heartbeat);
    json_decref(whole);
    return heartbeat;
}

static void test_chain_text(void)
{
    static const char *const bad[] = {"", "1", "0 ab", "x", " 1", "1 0000", "-1 x"};
    struct heartbeat_chain c = {7, "x"}, read;
    char text[SHA256_HEX_SIZE + 24];
    CU_ASSERT_TRUE(heartbeat_chain_parse(&c, NULL));
    CU_ASSERT_EQUAL(c.sequence, 0);
    CU_ASSERT_EQUAL(strspn(c.hash, "0"), 64);
    c.sequence = UINT64_MAX;
    heartbeat_chain_text(text, &c);
    CU_ASSERT_TRUE(heartbeat_chain_parse(&read, text));
    CU_ASSERT_EQUAL(read.sequence, UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(read.hash, c.hash);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(heartbeat_chain_parse(&c, bad[i]));
}

static void test_chained(void)
{
    begin();
    char *first = beat(110, "b1"), *second = beat(120, "b1");
    json_t *one = inside(first), *two = inside(second);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(two, "previous")),
                           json_string_value(json_object_get(one, "hash")));
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(two, "sequence")), 2);
    json_t *receipt = json_array_get(json_object_get(two, "receipts"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(receipt, "after")), 110);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(receipt, "to")), 120);
    receipt = json_array_get(json_object_get(one, "receipts"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(receipt, "after")), 100);
    receipt = json_array_get(json_object_get(one, "receipts"), 1);
    CU_ASSERT_TRUE(json_is_null(json_object_get(receipt, "to")));
    CU_ASSERT_PTR_NULL(strchr(first, '\n'));
    const json_t *rights = json_object_get(one, "token");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(rights, "account")), account);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(rights, "integrity")), "system");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(json_object_get(rights, "privileges"), 0)), kept);
    json_decref(two);
    json_decref(one);
    free(second);
    free(first);
    end();
}

static void test_quiet(void)
{
    begin();
    char *first = beat(110, "b"), *document = NULL, id[ALERT_ID_SIZE];
    struct heartbeat_chain next;
    struct status_now now = {.figures = figures};
    health_read(health, figures);
    CU_ASSERT_EQUAL_FATAL(heartbeat_make(id, &document, &next, &chain, &about, &now, "b", 3), 0);
    json_t *heartbeat = inside(document), *receipt = json_array_get(json_object_get(heartbeat, "receipts"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(receipt, "after")), 110); /* nothing came: it stands there */
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(receipt, "to")), 110);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(heartbeat, "skipped")), 3);
    json_decref(heartbeat);
    free(document);
    free(first);
    end();
}

static const char *directory;

static void write_file(const char *name, const char *const *documents, size_t count)
{
    char *path = NULL;
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_join(&path, directory, name), 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, "wb"), 0);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", documents[i]);
    fclose(file);
    free(path);
}

/* Good chains, and what befalls a host: its store is set back; it is cloned. */
static void test_files(void)
{
    if (directory == NULL)
        return;
    begin();
    char *good[8];
    for (size_t i = 0; i < 4; i++)
        good[i] = beat(110 + 10 * i, "aaaa");
    struct heartbeat_chain saved = chain;
    for (size_t i = 4; i < 6; i++)
        good[i] = beat(110 + 10 * i, "bbbb"); /* a restart is no finding */
    write_file("good.jsonl", (const char *const *)good, 6);
    chain = saved; /* the store of before comes back */
    good[6] = beat(170, "cccc");
    write_file("rolled-back.jsonl", (const char *const *)good, 7);
    chain = saved;
    good[7] = beat(180, "bbbb"); /* the first one goes on beside it */
    const char *cloned[] = {good[0], good[1], good[2], good[3], good[4], good[6], good[7], good[5]};
    write_file("cloned.jsonl", cloned, 8);
    health_source_gap(health, "Security", 190, 199);
    char *lost = beat(200, "bbbb");
    const char *with_lost[] = {lost};
    write_file("lost.jsonl", with_lost, 1);
    free(lost);
    for (size_t i = 0; i < 8; i++)
        free(good[i]);

    struct status_now now = {.figures = figures};
    figures->sources[0].has_backlog = true;
    figures->sources[0].last_event = 133000000000000000u;
    char *metrics = metrics_text(&about, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(metrics);
    CU_ASSERT_PTR_NOT_NULL(strstr(metrics, "tripline_matches_total{source=\"\\\"odd\\\"\\\\name \xC3\xA4\"} 0\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(metrics, "\ntripline_running 1\n"));
    char *path = NULL;
    CU_ASSERT_EQUAL_FATAL(file_join(&path, directory, "tripline.prom"), 0);
    CU_ASSERT_EQUAL(status_write_text(path, metrics), 0);
    free(path);
    free(metrics);
    end();
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {{"the chain's text", test_chain_text},
                                        {"chained", test_chained},
                                        {"a quiet source", test_quiet},
                                        {"files for the verifier", test_files},
                                        {NULL, NULL}};
    directory = argc > 1 ? argv[1] : NULL;
    return test_main("heartbeat", tests);
}
