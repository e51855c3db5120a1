#include "tests/transport/outbox/store_trial.h"

const char *const trial_one_output[1] = {"a"};
const char *const trial_two_outputs[2] = {"a", "b"};
struct fault trial_fault;

int trial_number(const char *id)
{
    return (int)strtol(id, NULL, 10);
}

void trial_remove_files(void)
{
    (void)remove(TRIAL_PATH); /* they may not be there */
    (void)remove(TRIAL_PATH "-wal");
    (void)remove(TRIAL_PATH "-journal");
    (void)remove(TRIAL_PATH ".bookmarks");
}

struct store *trial_open(const char *const *outputs, size_t count, uint64_t max_alerts, uint64_t max_bytes)
{
    struct store *store = NULL;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = outputs,
                                      .output_count = count,
                                      .max_alerts = max_alerts,
                                      .max_bytes = max_bytes};
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    return store;
}

struct store *trial_open_new(size_t outputs)
{
    trial_remove_files();
    return trial_open(trial_two_outputs, outputs, 1000, 1000000);
}

int trial_keep(struct store *store, int from, int to, size_t size, const char *bookmark, size_t *added)
{
    struct store_alert *alerts = calloc((size_t)(to - from) + 1, sizeof(*alerts));
    char(*ids)[ALERT_ID_SIZE] = calloc((size_t)(to - from) + 1, sizeof(*ids));
    char *document = malloc(size + 32);
    CU_ASSERT_FATAL(alerts != NULL && ids != NULL && document != NULL);
    memset(document, 'x', size + 32);
    for (int i = from; i < to; i++) {
        snprintf(ids[i - from], sizeof(ids[0]), "%064d", i);
        alerts[i - from] = (struct store_alert){ids[i - from], document, size};
    }
    int rc = store_keep(store, alerts, (size_t)(to - from), bookmark == NULL ? NULL : "Security", bookmark, added,
                        &trial_fault);
    free(document);
    free(ids);
    free(alerts);
    return rc;
}

void trial_keep_ok(struct store *store, int from, int to)
{
    CU_ASSERT_EQUAL(trial_keep(store, from, to, 10, NULL, NULL), 0);
}

struct store_item *trial_next(struct store *store, const char *output, int from, int to)
{
    struct store_item *items = NULL;
    size_t count = 99;
    CU_ASSERT_EQUAL_FATAL(store_next(store, output, 1000, 1000000, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL_FATAL(count, (size_t)(to - from));
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(trial_number(items[i].id), from + (int)i);
        CU_ASSERT(i == 0 || items[i].number > items[i - 1].number);
    }
    return items;
}

void trial_expect(struct store *store, const char *output, int from, int to)
{
    store_items_free(trial_next(store, output, from, to), (size_t)(to - from));
}

void trial_deliver(struct store *store, const char *output, int from, int to)
{
    struct store_item *items = trial_next(store, output, from, to);
    CU_ASSERT_EQUAL(store_delivered(store, output, items, (size_t)(to - from), &trial_fault), 0);
    store_items_free(items, (size_t)(to - from));
}

void trial_counts(struct store *store, uint64_t waiting, uint64_t bytes, uint64_t dead)
{
    struct store_counts counts = {.waiting = 99, .bytes = 99, .dead = 99};
    CU_ASSERT_EQUAL(store_counts(store, &counts, &trial_fault), 0);
    CU_ASSERT_EQUAL(counts.waiting, waiting);
    CU_ASSERT_EQUAL(counts.bytes, bytes);
    CU_ASSERT_EQUAL(counts.dead, dead);
}

void trial_bookmark(struct store *store, const char *want)
{
    char *bookmark = NULL;
    CU_ASSERT_EQUAL(store_bookmark(store, "Security", &bookmark, &trial_fault), 0);
    if (want == NULL)
        CU_ASSERT_PTR_NULL(bookmark);
    if (want != NULL && bookmark != NULL)
        CU_ASSERT_STRING_EQUAL(bookmark, want);
    CU_ASSERT_EQUAL(want == NULL, bookmark == NULL);
    free(bookmark);
}
