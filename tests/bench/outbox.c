/*
 * outbox PATH: what one alert costs when many wait already: fills a new store in batches and, at each count below,
 * prints, tabs between: alerts waiting; milliseconds of keeping one more alert with a bookmark, and of fetching and
 * delivering one (least and median of some; disk flushes included); MiB of the database.
 */
#include "transport/outbox/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Alerts put in at once while filling, and times that one more is measured. */
#define BATCH 500
#define ROUNDS 25

static char document[2772]; /* an alert's usual size */
static unsigned long number;

static double now_ms(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6 : 0;
}

static int keep(struct store *store, size_t count)
{
    static struct store_alert alerts[BATCH];
    static char ids[BATCH][ALERT_ID_SIZE];
    struct fault fault = {0};
    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%064lx", number++ * 2654435761u);
        alerts[i] = (struct store_alert){ids[i], document, sizeof(document)};
    }
    int rc = store_keep(store, alerts, count, "Security", "bookmark", NULL, &fault);
    if (rc < 0)
        fprintf(stderr, "outbox: %s: %s\n", fault.call != NULL ? fault.call : "store_keep", strerror(-rc));
    return rc;
}

static int deliver(struct store *store)
{
    struct fault fault = {0};
    struct store_item *items = NULL;
    size_t count = 0;
    int rc = store_next(store, "central", 1, sizeof(document), 0, &items, &count, &fault);
    if (rc == 0 && count == 1)
        rc = store_delivered(store, "central", items, count, &fault);
    store_items_free(items, count);
    return rc == 0 && count == 1 ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(struct store *store, unsigned long waiting, const char *path)
{
    double kept[ROUNDS], delivered[ROUNDS];
    struct stat status = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        double begin = now_ms();
        if (keep(store, 1) < 0)
            return -1;
        kept[i] = now_ms() - begin;
        begin = now_ms();
        if (deliver(store) < 0)
            return -1;
        delivered[i] = now_ms() - begin;
    }
    qsort(kept, ROUNDS, sizeof(kept[0]), by_value);
    qsort(delivered, ROUNDS, sizeof(delivered[0]), by_value);
    (void)stat(path, &status); /* its size is for reading only */
    printf("%lu\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\n", waiting, kept[0], kept[ROUNDS / 2], delivered[0],
           delivered[ROUNDS / 2], (double)status.st_size / 1048576);
    return 0;
}

int main(int argc, char **argv)
{
    static const unsigned long counts[] = {0, 100, 1000, 10000, 100000};
    static const char *const outputs[] = {"central"};
    struct store *store = NULL;
    struct fault fault = {0};
    if (argc != 2)
        return 2;
    memset(document, 'x', sizeof(document) - 1);
    const struct store_settings settings = {
        .path = argv[1], .outputs = outputs, .output_count = 1, .max_alerts = 1000000, .max_bytes = UINT64_MAX / 2};
    int rc = store_open(&store, &settings, &fault);
    unsigned long waiting = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (; rc == 0 && waiting < counts[i]; waiting += counts[i] - waiting < BATCH ? counts[i] - waiting : BATCH)
            rc = keep(store, counts[i] - waiting < BATCH ? counts[i] - waiting : BATCH);
        if (rc == 0)
            rc = measure(store, counts[i], argv[1]);
    }
    store_close(store);
    return rc == 0 ? 0 : 1;
}
