/*
 * keep_alerts: puts alerts into an agent's outbox, as a collector would, so that the program's outputs can be tried
 * where there is no Event Log.
 *
 *     keep_alerts DATABASE OUTPUT... < ALERTS        one document a line; prints how many were new
 *
 * With TRIPLINE_KEEP_TELL the id of each is printed as soon as it is kept, instead of their number.
 * Each is kept in a transaction of its own, or as many together as TRIPLINE_KEEP_BATCH says (up to 1000).
 */
#include "transport/outbox/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BATCH 1000

static int fail(const char *what, const struct fault *fault)
{
    char text[512] = "";
    fprintf(stderr, "keep_alerts: %s: %s\n", what, fault_text(fault, text, sizeof(text)));
    return 1;
}

/* What is kept in one transaction. */
struct batch {
    struct store_alert alerts[MAX_BATCH];
    json_t *documents[MAX_BATCH]; /* whose ids the alerts borrow */
    size_t count;
};

static int flush(struct store *store, struct batch *batch, size_t *total, struct fault *fault)
{
    size_t added = 0;
    struct store_counts counts = {.in_memory = 0};
    int rc = batch->count == 0 ? 0 : store_keep(store, batch->alerts, batch->count, NULL, NULL, &added, fault);
    if (rc == 0)
        rc = store_counts(store, &counts, fault);
    if (rc == 0 && counts.in_memory > 0) {
        fault_set(fault, "store_keep", 0, text_from("disk"), "it is full: this waits in memory, which ends with us");
        rc = -ENOSPC;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (rc == 0 && getenv("TRIPLINE_KEEP_TELL") != NULL) {
            printf("%s\n", batch->alerts[i].id);
            (void)fflush(stdout); /* a test reads it, and misses what is not there */
        }
        json_decref(batch->documents[i]);
        free((char *)batch->alerts[i].document);
    }
    batch->count = 0;
    *total += added;
    return rc;
}

/* One line's document under its event.id. */
static int add_line(struct batch *batch, const char *line, size_t size)
{
    json_t *document = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
    const char *id = json_string_value(json_object_get(json_object_get(document, "event"), "id"));
    char *copy = id == NULL ? NULL : malloc(size);
    if (copy == NULL) {
        json_decref(document);
        return id == NULL ? -EBADMSG : -ENOMEM;
    }
    memcpy(copy, line, size);
    batch->documents[batch->count] = document;
    batch->alerts[batch->count++] = (struct store_alert){id, copy, size};
    return 0;
}

int main(int argc, char **argv)
{
    struct fault fault = {.call = NULL};
    struct store *store = NULL;
    char *line = NULL;
    size_t room = 0, total = 0;
    ssize_t size;
    int rc = 0;
    static struct batch batch;
    const char *wanted = getenv("TRIPLINE_KEEP_BATCH");
    size_t most = wanted == NULL ? 1 : (size_t)strtoul(wanted, NULL, 10);
    most = most < 1 || most > MAX_BATCH ? 1 : most;
    if (argc < 3) {
        fprintf(stderr, "usage: keep_alerts DATABASE OUTPUT... < ALERTS\n");
        return 2;
    }
    struct store_settings settings = {.path = argv[1],
                                      .outputs = (const char *const *)argv + 2,
                                      .output_count = (size_t)argc - 2,
                                      .max_alerts = 1000000,
                                      .max_bytes = 1u << 30};
    if (store_open(&store, &settings, &fault) < 0)
        return fail("opening", &fault);
    while (rc == 0 && (size = getline(&line, &room, stdin)) > 0) {
        rc = add_line(&batch, line, (size_t)size - (line[size - 1] == '\n' ? 1 : 0));
        if (rc == 0 && batch.count == most)
            rc = flush(store, &batch, &total, &fault);
    }
    if (rc == 0)
        rc = flush(store, &batch, &total, &fault);
    free(line);
    store_close(store);
    if (rc < 0)
        return fail("keeping", &fault);
    if (getenv("TRIPLINE_KEEP_TELL") == NULL)
        printf("%zu\n", total);
    return 0;
}
