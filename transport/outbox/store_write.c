#include "transport/outbox/store_internal.h"

#include <errno.h>

int store_knows(struct store *store, const char *id, struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_KNOWN, 1, id);
    int rc = store_run(store, SQL_KNOWN, fault);
    if (rc == 1)
        store_sql_reset(&store->sql, SQL_KNOWN);
    return rc;
}

static int add_alert(struct store *store, const struct store_alert *alert, struct store_totals *totals,
                     struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_ALERT_ADD, 1, alert->id);
    store_sql_bind_blob(&store->sql, SQL_ALERT_ADD, 2, alert->document, alert->size);
    store_sql_bind_number(&store->sql, SQL_ALERT_ADD, 3, store_now_s(store));
    int rc = store_run(store, SQL_ALERT_ADD, fault);
    if (rc < 0)
        return rc;
    store_sql_bind_number(&store->sql, SQL_DELIVERIES_ADD, 1, store_sql_added(&store->sql));
    totals->waiting++;
    totals->bytes += alert->size;
    return store_run(store, SQL_DELIVERIES_ADD, fault);
}

static int set_bookmark(struct store *store, const char *source, const char *bookmark, struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_BOOKMARK_SET, 1, source);
    store_sql_bind_text(&store->sql, SQL_BOOKMARK_SET, 2, bookmark);
    return store_run(store, SQL_BOOKMARK_SET, fault);
}

/* Twice the documents' size: each begins on a page of its own. */
static int reserve(struct store *store, const struct store_alert *alerts, size_t alert_count, struct fault *fault)
{
    size_t size = 0;
    for (size_t i = 0; i < alert_count; i++)
        size += alerts[i].size;
    return store_sql_reserve(&store->sql, 2 * size, fault);
}

/* One try of store_keep_told(), under the lock. -ENOBUFS: the limits, not the disk. */
static int keep(struct store *store, const struct store_alert *alerts, size_t alert_count,
                const struct store_told *told, const char *source, const char *bookmark, size_t *added,
                struct fault *fault)
{
    struct store_totals totals = store->totals;
    *added = 0;
    int rc = reserve(store, alerts, alert_count, fault);
    if (rc < 0)
        return rc;
    rc = store_run(store, SQL_BEGIN, fault);
    for (size_t i = 0; rc == 0 && i < alert_count; i++) {
        rc = store_knows(store, alerts[i].id, fault);
        if (rc == 0) {
            rc = add_alert(store, &alerts[i], &totals, fault);
            ++*added;
        } else if (rc == 1) {
            rc = 0;
        }
    }
    bool is_over = totals.waiting > store->set.max_alerts || totals.bytes > store->set.max_bytes;
    if (rc == 0 && *added > 0 && store->totals.waiting > 0 && is_over) {
        fault_set(fault, "store_keep", 0, text_from(source), "the outbox is full");
        rc = -ENOBUFS;
    }
    for (size_t i = 0; rc == 0 && i < told->count; i++)
        rc = store_subject_set(store, &told->subjects[i], fault);
    if (rc == 0 && source != NULL)
        rc = set_bookmark(store, source, bookmark, fault);
    return store_finish(store, rc, &totals, fault);
}

int store_keep(struct store *store, const struct store_alert *alerts, size_t alert_count, const char *source,
               const char *bookmark, size_t *added, struct fault *fault)
{
    return store_keep_told(store, alerts, alert_count, NULL, 0, source, bookmark, added, fault);
}

int store_keep_told(struct store *store, const struct store_alert *alerts, size_t alert_count,
                    const struct store_subject *subjects, size_t subject_count, const char *source,
                    const char *bookmark, size_t *added, struct fault *fault)
{
    const struct store_told told = {subjects, subject_count};
    size_t new_alerts = 0;
    if (alert_count == 0 && source == NULL) {
        if (added != NULL)
            *added = 0;
        return 0;
    }
    pthread_mutex_lock(&store->mutex);
    store_try_file(store);
    /* What waits in memory goes first, or bookmarks would say that it was kept. */
    int rc = store_afloat_sink(store, fault);
    if (rc == 0)
        rc = keep(store, alerts, alert_count, &told, source, bookmark, &new_alerts, fault);
    if (rc == -ENOSPC && !store->is_in_memory) {
        store_sql_checkpoint(&store->sql);
        rc = store_afloat_sink(store, fault);
        if (rc == 0)
            rc = keep(store, alerts, alert_count, &told, source, bookmark, &new_alerts, fault);
    }
    if (rc == -ENOSPC)
        rc = store_afloat_keep(store, alerts, alert_count, &told, source, bookmark, &new_alerts, fault);
    rc = store_heal(store, rc, fault);
    if (rc == -EAGAIN)
        rc = keep(store, alerts, alert_count, &told, source, bookmark, &new_alerts, fault);
    if (rc == -ENOBUFS && store_make_room(store, alerts, alert_count, NULL) == 1)
        rc = keep(store, alerts, alert_count, &told, source, bookmark, &new_alerts, fault);
    if (rc == -ENOBUFS)
        rc = -ENOSPC;
    if (rc == 0 && new_alerts > 0)
        condition_signal(&store->arrived);
    if (rc == 0 && source != NULL && !store->afloat.is_disk_full)
        store_copy_bookmarks(store, false);
    pthread_mutex_unlock(&store->mutex);
    if (rc == 0 && added != NULL)
        *added = new_alerts;
    return rc;
}

/* The ids of alerts that nobody waits for any more; the alert itself goes. */
static int retire(struct store *store, int64_t number, const char *id, struct store_totals *totals, struct fault *fault)
{
    store_sql_bind_number(&store->sql, SQL_ALERT_SIZE, 1, number);
    int rc = store_run(store, SQL_ALERT_SIZE, fault);
    if (rc <= 0)
        return rc;
    totals->waiting--;
    totals->bytes -= (uint64_t)store_sql_number(&store->sql, SQL_ALERT_SIZE, 0);
    store_sql_reset(&store->sql, SQL_ALERT_SIZE);

    store_sql_bind_text(&store->sql, SQL_DONE_ADD, 1, id);
    rc = store_run(store, SQL_DONE_ADD, fault);
    if (rc < 0)
        return rc;
    store_sql_bind_number(&store->sql, SQL_ALERT_REMOVE, 1, number);
    return store_run(store, SQL_ALERT_REMOVE, fault);
}

int store_settle(struct store *store, const struct store_output *output, const char *id, struct store_totals *totals,
                 struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_ALERT_NUMBER, 1, id); /* its number changes when a damaged file is replaced */
    int rc = store_run(store, SQL_ALERT_NUMBER, fault);
    if (rc <= 0)
        return rc;
    int64_t number = store_sql_number(&store->sql, SQL_ALERT_NUMBER, 0);
    store_sql_reset(&store->sql, SQL_ALERT_NUMBER);
    store_sql_bind_number(&store->sql, SQL_DELIVERY_REMOVE, 1, output->id);
    store_sql_bind_number(&store->sql, SQL_DELIVERY_REMOVE, 2, number);
    rc = store_run(store, SQL_DELIVERY_REMOVE, fault);
    if (rc < 0)
        return rc;
    store_sql_bind_number(&store->sql, SQL_STILL_WAITING, 1, number);
    rc = store_run(store, SQL_STILL_WAITING, fault);
    if (rc == 0)
        return retire(store, number, id, totals, fault);
    if (rc < 0)
        return rc;
    store_sql_reset(&store->sql, SQL_STILL_WAITING);
    store_sql_bind_number(&store->sql, SQL_ALERT_TAKEN, 1, number);
    return store_run(store, SQL_ALERT_TAKEN, fault);
}

int store_forget_oldest(struct store *store, struct fault *fault)
{
    store_sql_bind_number(&store->sql, SQL_DONE_FORGET, 1, STORE_MAX_REMEMBERED);
    return store_run(store, SQL_DONE_FORGET, fault);
}

/* One try of store_delivered(), under the lock. */
static int deliver(struct store *store, const struct store_output *output, const struct store_item *items,
                   size_t item_count, struct fault *fault)
{
    struct store_totals totals = store->totals;
    int rc = store_run(store, SQL_BEGIN, fault);
    for (size_t i = 0; rc == 0 && i < item_count; i++)
        if (!store_afloat_delivered(store, output, items[i].id))
            rc = store_settle(store, output, items[i].id, &totals, fault);
    if (rc == 0)
        rc = store_forget_oldest(store, fault);
    return store_finish(store, rc, &totals, fault);
}

/* The same on a full disk: in pieces that the log has room for, each moved into the file at once. Even taking away
 * needs room there; the rest comes again, under the same ids. */
#define PIECE 8
static int deliver_in_pieces(struct store *store, const struct store_output *output, const struct store_item *items,
                             size_t item_count, struct fault *fault)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < item_count; at += PIECE) {
        store_sql_checkpoint(&store->sql);
        rc = deliver(store, output, items + at, item_count - at < PIECE ? item_count - at : PIECE, fault);
    }
    return rc;
}

int store_delivered(struct store *store, const char *output_name, const struct store_item *items, size_t item_count,
                    struct fault *fault)
{
    int rc = -EINVAL;
    pthread_mutex_lock(&store->mutex);
    const struct store_output *output = store_find_output(store, output_name, fault);
    if (output != NULL)
        rc = deliver(store, output, items, item_count, fault);
    if (rc == -ENOSPC)
        rc = deliver_in_pieces(store, output, items, item_count, fault);
    rc = store_heal(store, rc, fault);
    if (rc == -EAGAIN)
        rc = deliver(store, store_find_output(store, output_name, fault), items, item_count, fault);
    if (rc == 0)
        store_is_at_work(store, output_name);
    pthread_mutex_unlock(&store->mutex);
    return rc;
}
