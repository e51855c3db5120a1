#include "tests/transport/outbox/store_trial.h"

static void test_keep_and_deliver(void)
{
    struct store *store = trial_open_new(1);
    static const struct store_alert alert = {"0000000000000000000000000000000000000000000000000000000000000007",
                                             "{\"a\":\"\0b\"}", 10};
    struct store_item *items = NULL;
    size_t count = 0, added = 0;
    trial_counts(store, 0, 0, 0);
    CU_ASSERT_EQUAL(store_keep(store, &alert, 1, NULL, NULL, &added, &trial_fault), 0);
    CU_ASSERT_EQUAL(added, 1);
    trial_counts(store, 1, 10, 0);
    CU_ASSERT_EQUAL_FATAL(store_next(store, "a", 10, 1000, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(items[0].id, alert.id);
    CU_ASSERT_EQUAL_FATAL(items[0].size, 10);
    CU_ASSERT_EQUAL(memcmp(items[0].document, alert.document, 11), 0);
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, count, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, count, &trial_fault), 0); /* said twice */
    trial_counts(store, 0, 0, 0);
    trial_expect(store, "a", 0, 0);
    store_items_free(items, count);
    store_close(store);
}

static void test_unique(void)
{
    struct store *store = trial_open_new(1);
    size_t added = 99;
    CU_ASSERT_EQUAL(trial_keep(store, 0, 3, 10, NULL, &added), 0);
    CU_ASSERT_EQUAL(added, 3);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 4, 10, NULL, &added), 0); /* three wait */
    CU_ASSERT_EQUAL(added, 1);
    trial_deliver(store, "a", 0, 4);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 5, 10, NULL, &added), 0); /* four were delivered */
    CU_ASSERT_EQUAL(added, 1);
    struct store_item *items = trial_next(store, "a", 4, 5);
    CU_ASSERT_EQUAL(store_refused(store, "a", items, "HTTP 400", &trial_fault), 0);
    store_items_free(items, 1);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 5, 10, NULL, &added), 0); /* one is dead */
    CU_ASSERT_EQUAL(added, 0);
    CU_ASSERT_EQUAL(trial_keep(store, 5, 5, 10, NULL, &added), 0); /* none */
    CU_ASSERT_EQUAL(added, 0);
    trial_counts(store, 0, 0, 1);
    store_close(store);
}

/* The same id twice in one call is one alert. */
static void test_unique_in_call(void)
{
    struct store *store = trial_open_new(1);
    static const struct store_alert alerts[] = {{"1", "x", 1}, {"1", "x", 1}};
    size_t added = 0;
    CU_ASSERT_EQUAL(store_keep(store, alerts, 2, NULL, NULL, &added, &trial_fault), 0);
    CU_ASSERT_EQUAL(added, 1);
    trial_counts(store, 1, 1, 0);
    store_close(store);
}

static void test_two_outputs(void)
{
    struct store *store = trial_open_new(2);
    trial_keep_ok(store, 0, 4);
    trial_deliver(store, "a", 0, 4);
    trial_counts(store, 4, 40, 0); /* b has had none */
    trial_expect(store, "a", 0, 0);
    struct store_item *items = trial_next(store, "b", 0, 4);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, 2, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_refused(store, "b", &items[2], "no", &trial_fault), 0);
    store_items_free(items, 4);
    trial_expect(store, "b", 3, 4);
    trial_counts(store, 1, 10, 1);
    trial_keep_ok(store, 4, 5);
    trial_expect(store, "a", 4, 5);
    trial_expect(store, "b", 3, 5);
    CU_ASSERT_EQUAL(store_delivered(store, "c", NULL, 0, &trial_fault), -EINVAL);
    CU_ASSERT_EQUAL(store_next(store, "c", 1, 1, 0, NULL, NULL, &trial_fault), -EINVAL);
    store_close(store);
}

static void test_batch_limits(void)
{
    static const struct {
        size_t max_count, max_bytes, want;
    } cases[] = {{1, 1000, 1}, {3, 1000, 3}, {9, 1000, 5}, {9, 30, 3}, {9, 29, 2}, {9, 5, 1}, {9, 0, 1}};
    struct store *store = trial_open_new(1);
    trial_keep_ok(store, 0, 5); /* 10 bytes each */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_item *items = NULL;
        size_t count = 0;
        CU_ASSERT_EQUAL(store_next(store, "a", cases[i].max_count, cases[i].max_bytes, 0, &items, &count, &trial_fault),
                        0);
        CU_ASSERT_EQUAL(count, cases[i].want);
        store_items_free(items, count);
    }
    store_close(store);
}

static void test_full(void)
{
    trial_remove_files();
    struct store *store = trial_open(trial_one_output, 1, 3, 100);
    size_t added = 77;
    CU_ASSERT_EQUAL(trial_keep(store, 0, 2, 10, "first", NULL), 0);
    CU_ASSERT_EQUAL(trial_keep(store, 2, 4, 10, "second", &added), -ENOSPC); /* a fourth */
    CU_ASSERT_EQUAL(added, 77);
    trial_bookmark(store, "first");
    trial_expect(store, "a", 0, 2);
    CU_ASSERT_EQUAL(trial_keep(store, 2, 3, 81, NULL, NULL), -ENOSPC); /* byte 101 */
    CU_ASSERT_EQUAL(trial_keep(store, 2, 3, 80, NULL, NULL), 0);
    trial_counts(store, 3, 100, 0);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 3, 10, "third", &added), 0); /* nothing new: the bookmark may go on */
    CU_ASSERT_EQUAL(added, 0);
    trial_bookmark(store, "third");
    CU_ASSERT_EQUAL(trial_keep(store, 3, 4, 1, "fourth", NULL), -ENOSPC);
    trial_deliver(store, "a", 0, 3);
    CU_ASSERT_EQUAL(trial_keep(store, 3, 4, 1, "fourth", NULL), 0); /* there is room again */
    trial_deliver(store, "a", 3, 4);
    CU_ASSERT_EQUAL(trial_keep(store, 4, 9, 1000, NULL, NULL), 0); /* an empty outbox takes it whatever the limits */
    trial_counts(store, 5, 5000, 0);
    store_close(store);
}

static void test_bookmark(void)
{
    struct store *store = trial_open_new(1);
    trial_bookmark(store, NULL);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 0, 0, "<b 1>", NULL), 0);
    trial_bookmark(store, "<b 1>");
    CU_ASSERT_EQUAL(trial_keep(store, 0, 2, 10, "<b 2>", NULL), 0);
    CU_ASSERT_EQUAL(store_keep(store, NULL, 0, "System", "other", NULL, &trial_fault), 0);
    trial_bookmark(store, "<b 2>");
    store_close(store);
    store = trial_open(trial_one_output, 1, 1000, 100000);
    trial_bookmark(store, "<b 2>");
    trial_expect(store, "a", 0, 2);
    store_close(store);
}

static void test_reopen(void)
{
    struct store *store = trial_open_new(2);
    size_t added = 0;
    trial_keep_ok(store, 0, 6);
    trial_deliver(store, "a", 0, 6);
    struct store_item *items = trial_next(store, "b", 0, 6);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, 1, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_refused(store, "b", &items[1], "no", &trial_fault), 0);
    store_items_free(items, 6);
    store_close(store);

    store = trial_open(trial_two_outputs, 2, 1000, 100000);
    trial_counts(store, 4, 40, 1);
    trial_expect(store, "a", 0, 0);
    trial_expect(store, "b", 2, 6);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 2, 10, NULL, &added), 0);
    CU_ASSERT_EQUAL(added, 0);
    store_close(store);
}

static void test_outputs_change(void)
{
    static const char *const changed[] = {"b", "c"}, *const renamed[] = {"d", "e"}, *const last[] = {"e"};
    struct store *store = trial_open_new(2);
    trial_keep_ok(store, 0, 4);
    struct store_item *items = trial_next(store, "b", 0, 4);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, 2, &trial_fault), 0);
    store_items_free(items, 4);
    store_close(store);

    /* a, which had none, goes: what b has had is done; c is new and gets what comes from now on. */
    store = trial_open(changed, 2, 1000, 100000);
    trial_expect(store, "b", 2, 4);
    trial_expect(store, "c", 0, 0);
    trial_counts(store, 2, 20, 0);
    trial_keep_ok(store, 0, 5);
    trial_expect(store, "b", 2, 5);
    trial_expect(store, "c", 4, 5);
    trial_deliver(store, "c", 4, 5);
    store_close(store);

    /* Nobody is left: what no output has had waits for all that there are. */
    store = trial_open(renamed, 2, 1000, 100000);
    trial_expect(store, "d", 2, 4);
    trial_expect(store, "e", 2, 4);
    trial_counts(store, 2, 20, 0);
    trial_deliver(store, "d", 2, 4);
    store_close(store);

    store = trial_open(last, 1, 1000, 100000);
    trial_expect(store, "e", 2, 4);
    store_close(store);
    store = trial_open(trial_one_output, 1, 1000, 100000); /* d has had them */
    trial_expect(store, "a", 0, 0);
    trial_counts(store, 0, 0, 0);
    store_close(store);
}

/* The same while the store is open. */
static void test_adapt(void)
{
    static const char *const changed[] = {"b", "c"}, *const twice[] = {"x", "x"};
    struct store *store = trial_open_new(2);
    uint64_t waiting = 99;
    trial_keep_ok(store, 0, 4);
    struct store_item *items = trial_next(store, "b", 0, 4);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, 2, &trial_fault), 0);
    store_items_free(items, 4);
    CU_ASSERT_EQUAL(store_waiting(store, "a", &waiting, &trial_fault), 0);
    CU_ASSERT_EQUAL(waiting, 4);
    CU_ASSERT_EQUAL(store_waiting(store, "b", &waiting, &trial_fault), 0);
    CU_ASSERT_EQUAL(waiting, 2);
    CU_ASSERT_EQUAL(store_waiting(store, "c", &waiting, &trial_fault), -EINVAL);

    struct store_settings set = {
        .path = "", .outputs = twice, .output_count = 2, .max_alerts = 1000, .max_bytes = 100000};
    CU_ASSERT_EQUAL(store_adapt(store, &set, &trial_fault), -EINVAL);
    trial_expect(store, "b", 2, 4); /* as before */
    set.outputs = changed;
    set.max_alerts = 3;
    CU_ASSERT_EQUAL(store_adapt(store, &set, &trial_fault), 0);
    trial_expect(store, "b", 2, 4);
    trial_expect(store, "c", 0, 0);
    trial_counts(store, 2, 20, 0);
    trial_keep_ok(store, 4, 5);
    CU_ASSERT_EQUAL(trial_keep(store, 5, 6, 10, NULL, NULL), -ENOSPC); /* the new limit */
    trial_expect(store, "b", 2, 5);
    trial_expect(store, "c", 4, 5);
    CU_ASSERT_EQUAL(store_waiting(store, "a", &waiting, &trial_fault), -EINVAL);
    store_close(store);
}

static void test_dead_limit(void)
{
    trial_remove_files();
    struct store *store = trial_open(trial_one_output, 1, 1000, 100);
    trial_keep_ok(store, 0, 10); /* 100 bytes */
    struct store_item *items = trial_next(store, "a", 0, 10);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(store_refused(store, "a", &items[i], "no", &trial_fault), 0);
    store_items_free(items, 10);
    trial_counts(store, 0, 0, 10);
    CU_ASSERT_EQUAL(trial_keep(store, 10, 11, 95, NULL, NULL), 0);
    items = trial_next(store, "a", 10, 11);
    CU_ASSERT_EQUAL(store_refused(store, "a", items, "no", &trial_fault), 0);
    store_items_free(items, 1);
    trial_counts(store, 0, 0, 1); /* the ten oldest went */
    store_close(store);
    store = trial_open(trial_one_output, 1, 1000, 100);
    trial_counts(store, 0, 0, 1);
    store_close(store);
}

static void test_value(void)
{
    struct store *store = trial_open_new(1);
    char *value = NULL;
    CU_ASSERT_EQUAL_FATAL(store_value(store, "agent", "first", &value, &trial_fault), 0);
    CU_ASSERT_STRING_EQUAL(value, "first");
    free(value);
    store_close(store);
    store = trial_open(trial_one_output, 1, 10, 10);
    CU_ASSERT_EQUAL_FATAL(store_value(store, "agent", "second", &value, &trial_fault), 0);
    CU_ASSERT_STRING_EQUAL(value, "first");
    free(value);
    CU_ASSERT_EQUAL_FATAL(store_value(store, "other", "second", &value, &trial_fault), 0);
    CU_ASSERT_STRING_EQUAL(value, "second");
    free(value);
    store_close(store);
}

static int take_subject(void *context, const struct store_subject *subject)
{
    struct store_subject *list = context;
    size_t i = 0;
    while (list[i].alert[0] != '\0')
        i++;
    list[i] = *subject;
    return i == 2 ? -EPROTO : 0;
}

static void test_subjects(void)
{
    struct store *store = trial_open_new(1);
    struct store_subject two[2] = {{.alert = "1", .key = "k1", .created = 5, .until = UINT64_MAX, .witness = {0, 7}},
                                   {.alert = "2", .key = "k2"}};
    struct store_subject list[4] = {{.alert = ""}};
    CU_ASSERT_EQUAL(store_keep_told(store, NULL, 0, two, 2, "Security", "m", NULL, &trial_fault), 0);
    trial_bookmark(store, "m");
    two[0].created = 6;
    two[0].witness[7] = UINT64_MAX;
    CU_ASSERT_EQUAL(store_keep_told(store, NULL, 0, two, 1, "Security", "n", NULL, &trial_fault), 0); /* instead */
    store_close(store);
    store = trial_open(trial_one_output, 1, 100, 100000);
    CU_ASSERT_EQUAL(store_subjects(store, take_subject, list, &trial_fault), 0);
    CU_ASSERT(memcmp(list, two, sizeof(two)) == 0 && list[2].alert[0] == '\0');
    CU_ASSERT_EQUAL(store_subjects(store, take_subject, list, &trial_fault), -EPROTO); /* what each says */
    store_close(store);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"keep and deliver", test_keep_and_deliver},
        {"an id is kept once", test_unique},
        {"an id twice in one call", test_unique_in_call},
        {"two outputs at different places", test_two_outputs},
        {"limits of a batch", test_batch_limits},
        {"a full outbox", test_full},
        {"bookmark", test_bookmark},
        {"reopen", test_reopen},
        {"outputs change", test_outputs_change},
        {"outputs change meanwhile", test_adapt},
        {"dead letters are limited", test_dead_limit},
        {"value", test_value},
        {"subjects", test_subjects},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("store", tests);
    trial_remove_files();
    return code;
}
