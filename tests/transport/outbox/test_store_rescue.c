/* A damaged store: it is moved aside, what can be read goes on, and bookmarks come from their copy where they must. */
#include "tests/test.h"
#include "tests/transport/outbox/store_trial.h"
#include "tests/transport/outbox/vfs.h"
#include "transport/document/sha256.h"
#include <stdlib.h>

#define PAGE 4096L

/* What was told of the last rescue. */
static struct store_rescue told;
static char moved_to[256];
static int rescues;

static void rescued(void *context, const struct store_rescue *rescue)
{
    CU_ASSERT_PTR_EQUAL(context, &told);
    CU_ASSERT_PTR_NOT_NULL(rescue->fault->call);
    told = *rescue;
    snprintf(moved_to, sizeof(moved_to), "%s", rescue->moved_to);
    rescues++;
}

static struct store *open_store(size_t outputs)
{
    struct store *store = NULL;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = trial_two_outputs,
                                      .output_count = outputs,
                                      .max_alerts = 100000,
                                      .max_bytes = 100000000,
                                      .context = &told,
                                      .rescued = rescued};
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    return store;
}

/* Alerts with documents that are JSON, and ids as ours are. */
static void keep(struct store *store, int from, int to, const char *bookmark)
{
    static char document[3000];
    for (int i = from; i < to; i++) {
        char id[SHA256_HEX_SIZE];
        snprintf(document, sizeof(document), "{\"n\":%d,\"x\":\"%02900d\"}", i, 0);
        CU_ASSERT_EQUAL(sha256_of(id, &i, sizeof(i)), 0);
        struct store_alert alert = {id, document, strlen(document)};
        CU_ASSERT_EQUAL_FATAL(store_keep(store, &alert, 1, "Security", bookmark, NULL, &trial_fault), 0);
    }
}

static void forget(void)
{
    if (moved_to[0] != '\0')
        (void)remove(moved_to);
    moved_to[0] = '\0';
    rescues = 0;
    memset(&told, 0, sizeof(told));
    trial_remove_files();
}

/* Overwrites bytes of the closed file. */
static void damage(long at, size_t size)
{
    FILE *file = fopen(TRIAL_PATH, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fseek(file, at, SEEK_SET), 0);
    for (size_t i = 0; i < size; i++)
        CU_ASSERT_EQUAL(fputc(0xA5, file), 0xA5);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static size_t waiting(struct store *store, const char *output)
{
    struct store_item *items = NULL;
    size_t count = 0;
    CU_ASSERT_EQUAL(store_next(store, output, 100000, 1u << 30, 0, &items, &count, &trial_fault), 0);
    for (size_t i = 0; i < count; i++) {
        char id[SHA256_HEX_SIZE];
        int number = (int)strtol(items[i].document + 5, NULL, 10);
        CU_ASSERT_EQUAL(sha256_of(id, &number, sizeof(number)), 0);
        CU_ASSERT_STRING_EQUAL(id, items[i].id); /* none is forged */
    }
    store_items_free(items, count);
    return count;
}

/* A header that says nothing: everything comes from the copy, which has the bookmarks alone. */
static void test_no_database(void)
{
    char *value = NULL;
    forget();
    struct store *store = open_store(1);
    keep(store, 0, 5, "place");
    CU_ASSERT_EQUAL(store_value(store, "agent.id", "first", &value, &trial_fault), 0);
    free(value);
    store_close(store);
    damage(0, 100);
    store = open_store(1);
    CU_ASSERT_EQUAL(rescues, 1);
    CU_ASSERT_EQUAL(told.copies, 1);
    CU_ASSERT_EQUAL(told.alerts, 0);
    trial_bookmark(store, "place");
    trial_counts(store, 0, 0, 0);
    keep(store, 0, 5, "place"); /* the log is read again, and what is found is kept */
    CU_ASSERT_EQUAL(waiting(store, "a"), 5);
    store_close(store);
    FILE *file = fopen(moved_to, "rb"); /* the damaged file is still there */
    CU_ASSERT_PTR_NOT_NULL(file);
    if (file != NULL)
        fclose(file);
    store = open_store(1); /* and the new one is good */
    CU_ASSERT_EQUAL(rescues, 1);
    store_close(store);
    forget();
}

/* One bad page among many: nearly all is saved, for those outputs that still waited. */
static void test_one_page(void)
{
    struct store_counts counts;
    forget();
    struct store *store = open_store(2);
    keep(store, 0, 100, "place");
    struct store_item *items = NULL;
    size_t count = 0;
    CU_ASSERT_EQUAL_FATAL(store_next(store, "b", 40, 1u << 30, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, count, &trial_fault), 0);
    store_items_free(items, count);
    store_close(store);
    damage(60 * PAGE, PAGE);
    store = open_store(2);
    CU_ASSERT_EQUAL(rescues, 1);
    CU_ASSERT(told.alerts >= 95 && told.alerts <= 100);
    CU_ASSERT_EQUAL(told.bookmarks + told.copies, 1);
    trial_bookmark(store, "place");
    CU_ASSERT_EQUAL(waiting(store, "a"), told.alerts);
    CU_ASSERT(waiting(store, "b") >= 55 && waiting(store, "b") <= 62);
    CU_ASSERT_EQUAL(store_counts(store, &counts, &trial_fault), 0);
    CU_ASSERT_EQUAL(counts.waiting, told.alerts);
    store_close(store);
    forget();
}

/* Every page in turn: no crash, no forged alert, and afterwards a store that works. */
static void test_every_page(void)
{
    size_t saved = 0, tried = 0;
    for (long page = 0; page < 40; page++) {
        forget();
        struct store *store = open_store(1);
        keep(store, 0, 20, "place");
        store_close(store);
        damage(page * PAGE + (page % 3) * 50, PAGE / 2);
        store = open_store(1);
        CU_ASSERT(rescues <= 1);
        saved += waiting(store, "a");
        tried += 20;
        trial_bookmark(store, "place");
        keep(store, 0, 30, "later"); /* what was lost is read again, what is there is known */
        CU_ASSERT_EQUAL(waiting(store, "a"), 30);
        store_close(store);
    }
    printf("%llu of %llu alerts saved ", (unsigned long long)saved, (unsigned long long)tried);
    CU_ASSERT(saved > tried / 2);
    forget();
}

/* Damage that shows while the store is open. */
static void test_while_open(void)
{
    forget();
    struct store *store = open_store(1);
    keep(store, 0, 1500, "place"); /* more than SQLite keeps in memory */
    struct store_item *items = NULL;
    size_t count = 0;
    CU_ASSERT_EQUAL_FATAL(store_next(store, "a", 3, 1u << 30, 0, &items, &count, &trial_fault), 0);
    store_close(store);
    store = open_store(1); /* with nothing of the file in memory */
    damage(PAGE, 1200 * PAGE);
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, count, &trial_fault), 0);
    store_items_free(items, count);
    keep(store, 1500, 1510, "later");
    CU_ASSERT_EQUAL(rescues, 1);
    CU_ASSERT(waiting(store, "a") >= 10);
    trial_bookmark(store, "later");
    store_close(store);
    store = open_store(1);
    CU_ASSERT_EQUAL(rescues, 1);
    store_close(store);
    forget();
}

/* Copies are made once a minute and at the end. */
static int64_t time_s = 1000;

static int64_t now_s(void)
{
    return time_s;
}

static void test_copies(void)
{
    struct store *store = NULL;
    char *bookmark = NULL;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = trial_one_output,
                                      .output_count = 1,
                                      .max_alerts = 10,
                                      .max_bytes = 1000,
                                      .now_s = now_s};
    forget();
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_keep(store, NULL, 0, "Security", "one", NULL, &trial_fault), 0);
    FILE *file = fopen(TRIAL_PATH ".bookmarks", "rb");
    CU_ASSERT_PTR_NULL(file);
    time_s += STORE_COPY_S;
    CU_ASSERT_EQUAL(store_keep(store, NULL, 0, "Security", "two", NULL, &trial_fault), 0);
    file = fopen(TRIAL_PATH ".bookmarks", "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(store_keep(store, NULL, 0, "Sysmon", "three", NULL, &trial_fault), 0);
    store_close(store);
    damage(0, 100);
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    trial_bookmark(store, "two");
    CU_ASSERT_EQUAL(store_bookmark(store, "Sysmon", &bookmark, &trial_fault), 0);
    CU_ASSERT_STRING_EQUAL(bookmark, "three");
    free(bookmark);
    store_close(store);
    forget();
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"no database any more", test_no_database}, {"one bad page", test_one_page},
        {"each page in turn", test_every_page},     {"while it is open", test_while_open},
        {"copies of bookmarks", test_copies},       CU_TEST_INFO_NULL,
    };
    vfs_install();
    vfs_trial.skips_sync = true; /* for speed */
    int code = test_main("store_rescue", tests);
    trial_remove_files();
    return code;
}
