#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Most alerts that go in one transaction because they are old. */
#define BURY_MAX 100

/* Removes the oldest dead letters until the rest is within the limits. */
static int trim(struct store *store, struct store_totals *totals, struct fault *fault)
{
    int rc = 0;
    while (rc == 0 && totals->dead > 1 &&
           (totals->dead > STORE_MAX_DEAD || totals->dead_bytes > store->set.max_bytes)) {
        rc = store_run(store, SQL_DEAD_OLDEST, fault);
        if (rc <= 0)
            return rc;
        int64_t number = store_sql_number(&store->sql, SQL_DEAD_OLDEST, 0);
        totals->dead--;
        totals->dropped++;
        totals->dead_bytes -= (uint64_t)store_sql_number(&store->sql, SQL_DEAD_OLDEST, 1);
        store_sql_reset(&store->sql, SQL_DEAD_OLDEST);
        store_sql_bind_number(&store->sql, SQL_DEAD_REMOVE, 1, number);
        rc = store_run(store, SQL_DEAD_REMOVE, fault);
    }
    return rc;
}

/* Items go from output to the dead letters, in one transaction. */
static int bury(struct store *store, const struct store_output *output, const struct store_item *items, size_t count,
                const char *reason, struct fault *fault)
{
    struct store_totals totals = store->totals;
    int rc = store_run(store, SQL_BEGIN, fault);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        store_sql_bind_text(&store->sql, SQL_DEAD_ADD, 1, output->name);
        store_sql_bind_text(&store->sql, SQL_DEAD_ADD, 2, items[i].id);
        store_sql_bind_blob(&store->sql, SQL_DEAD_ADD, 3, items[i].document, items[i].size);
        store_sql_bind_text(&store->sql, SQL_DEAD_ADD, 4, reason);
        totals.dead++;
        totals.dead_bytes += items[i].size;
        rc = store_run(store, SQL_DEAD_ADD, fault);
        if (rc == 0)
            rc = store_settle(store, output, items[i].id, &totals, fault);
    }
    if (rc == 0)
        rc = trim(store, &totals, fault);
    if (rc == 0)
        rc = store_forget_oldest(store, fault);
    return store_finish(store, rc, &totals, fault);
}

/* bury(), again where that helps. */
static int bury_well(struct store *store, const char *output_name, const struct store_item *items, size_t count,
                     const char *reason, struct fault *fault)
{
    const struct store_output *output = store_find_output(store, output_name, fault);
    if (output == NULL)
        return -EINVAL;
    int rc = bury(store, output, items, count, reason, fault);
    if (rc == -ENOSPC) {
        store_sql_checkpoint(&store->sql);
        rc = bury(store, output, items, count, reason, fault);
    }
    rc = store_heal(store, rc, fault);
    if (rc == -EAGAIN)
        rc = bury(store, store_find_output(store, output_name, fault), items, count, reason, fault);
    return rc;
}

int store_refused(struct store *store, const char *output_name, const struct store_item *item, const char *reason,
                  struct fault *fault)
{
    pthread_mutex_lock(&store->mutex);
    const struct store_output *output = store_find_output(store, output_name, fault);
    bool is_afloat = output != NULL && store_afloat_refused(store, output, item->id);
    int rc = is_afloat ? 0 : bury_well(store, output_name, item, 1, reason, fault);
    if (rc == 0)
        store_is_at_work(store, output_name);
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

/* The row's document as an item of its own. */
static int read_item(struct store_item *item, struct store *store)
{
    size_t size;
    item->number = store_sql_number(&store->sql, SQL_OLDEST, 0);
    const char *id = store_sql_text(&store->sql, SQL_OLDEST, 1, &size);
    (void)text_copy(item->id, sizeof(item->id), (struct text){id, size}); /* it was one of ours */
    return store_copy_column(&item->document, &item->size, store, SQL_OLDEST, 2);
}

int store_bury_oldest(struct store *store, const char *output_name, int64_t before_s, int64_t bound, const char *reason,
                      size_t *count, struct fault *fault)
{
    struct store_item items[BURY_MAX];
    size_t used = 0;
    const struct store_output *output = store_find_output(store, output_name, fault);
    if (output == NULL)
        return -EINVAL;
    store_sql_bind_number(&store->sql, SQL_OLDEST, 1, output->id);
    store_sql_bind_number(&store->sql, SQL_OLDEST, 2, before_s);
    store_sql_bind_number(&store->sql, SQL_OLDEST, 3, bound);
    store_sql_bind_number(&store->sql, SQL_OLDEST, 4, BURY_MAX);
    int rc;
    while ((rc = store_run(store, SQL_OLDEST, fault)) == 1) {
        rc = read_item(&items[used], store);
        if (rc < 0)
            break;
        used++;
    }
    store_sql_reset(&store->sql, SQL_OLDEST);
    if (rc == 0 && used > 0)
        rc = bury_well(store, output_name, items, used, reason, fault);
    for (size_t i = 0; i < used; i++)
        free(items[i].document);
    *count = used;
    return rc;
}

int store_expire(struct store *store, const char *output_name, size_t *count, struct fault *fault)
{
    size_t some = BURY_MAX, all = 0;
    int rc = 0;
    while (rc == 0 && store->set.max_age_s > 0 && some == BURY_MAX) {
        pthread_mutex_lock(&store->mutex); /* others get their turn between two transactions */
        rc = store_bury_oldest(store, output_name, store_now_s(store) - (int64_t)store->set.max_age_s, INT64_MAX,
                               "it waited for longer than max-age", &some, fault);
        pthread_mutex_unlock(&store->mutex);
        if (rc == 0)
            all += some;
    }
    *count = all;
    return rc;
}

static int read_dead(struct store_dead *dead, struct store *store)
{
    size_t size;
    memset(dead, 0, sizeof(*dead));
    dead->number = store_sql_number(&store->sql, SQL_DEAD_LIST, 0);
    const char *id = store_sql_text(&store->sql, SQL_DEAD_LIST, 1, &size);
    (void)text_copy(dead->id, sizeof(dead->id), (struct text){id, size}); /* it was one of ours */
    char **const texts[] = {&dead->output, &dead->reason, &dead->at, &dead->document};
    int rc = 0;
    for (int i = 0; rc == 0 && i < 4; i++)
        rc = store_copy_column(texts[i], &dead->size, store, SQL_DEAD_LIST, i + 2);
    return rc;
}

int store_dead_list(struct store *store, int64_t after, size_t max_count, struct store_dead **list, size_t *count,
                    struct fault *fault)
{
    size_t used = 0;
    struct store_dead *dead = calloc(max_count, sizeof(*dead));
    if (dead == NULL)
        return -ENOMEM;
    pthread_mutex_lock(&store->mutex);
    store_sql_bind_number(&store->sql, SQL_DEAD_LIST, 1, after);
    store_sql_bind_number(&store->sql, SQL_DEAD_LIST, 2, (int64_t)max_count);
    int rc;
    while ((rc = store_run(store, SQL_DEAD_LIST, fault)) == 1) {
        rc = read_dead(&dead[used++], store);
        if (rc < 0)
            break;
    }
    store_sql_reset(&store->sql, SQL_DEAD_LIST);
    pthread_mutex_unlock(&store->mutex);
    if (rc < 0) {
        store_dead_free(dead, used);
        return rc;
    }
    *list = dead;
    *count = used;
    return 0;
}

void store_dead_free(struct store_dead *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].output);
        free(list[i].reason);
        free(list[i].at);
        free(list[i].document);
    }
    free(list);
}

/* Reads the dead letter: to whom and what. -ENOENT: there is none. */
static int find(struct store *store, int64_t number, char **output, struct store_item *item, struct fault *fault)
{
    size_t size;
    store_sql_bind_number(&store->sql, SQL_DEAD_GET, 1, number);
    int rc = store_run(store, SQL_DEAD_GET, fault);
    if (rc == 0) {
        fault_set(fault, "store_dead", 0, text_from(NULL), "there is no dead letter of that number");
        return -ENOENT;
    }
    if (rc < 0)
        return rc;
    const char *id = store_sql_text(&store->sql, SQL_DEAD_GET, 1, &size);
    (void)text_copy(item->id, sizeof(item->id), (struct text){id, size}); /* it was one of ours */
    rc = store_copy_column(output, &size, store, SQL_DEAD_GET, 0);
    if (rc == 0)
        rc = store_copy_column(&item->document, &item->size, store, SQL_DEAD_GET, 2);
    store_sql_reset(&store->sql, SQL_DEAD_GET);
    return rc;
}

/* Waits (again) for output; another output may wait for the same alert already. */
static int add_delivery(struct store *store, const struct store_output *output, const struct store_item *item,
                        struct store_totals *totals, struct fault *fault)
{
    int64_t number = 0;
    store_sql_bind_text(&store->sql, SQL_ALERT_NUMBER, 1, item->id);
    int rc = store_run(store, SQL_ALERT_NUMBER, fault);
    if (rc == 1) {
        number = store_sql_number(&store->sql, SQL_ALERT_NUMBER, 0);
        store_sql_reset(&store->sql, SQL_ALERT_NUMBER);
    } else if (rc == 0) {
        store_sql_bind_text(&store->sql, SQL_ALERT_ADD, 1, item->id);
        store_sql_bind_blob(&store->sql, SQL_ALERT_ADD, 2, item->document, item->size);
        store_sql_bind_number(&store->sql, SQL_ALERT_ADD, 3, store_now_s(store));
        rc = store_run(store, SQL_ALERT_ADD, fault);
        number = store_sql_added(&store->sql);
        totals->waiting++;
        totals->bytes += item->size;
    }
    if (rc < 0)
        return rc;
    store_sql_bind_number(&store->sql, SQL_DELIVERY_ADD, 1, output->id);
    store_sql_bind_number(&store->sql, SQL_DELIVERY_ADD, 2, number);
    return store_run(store, SQL_DELIVERY_ADD, fault);
}

/* Takes the dead letter away and, where is_retry, gives it back to its output: in one transaction. */
static int take_away(struct store *store, int64_t number, bool is_retry, struct fault *fault)
{
    char *name = NULL;
    struct store_item item = {.document = NULL};
    struct store_totals totals = store->totals;
    const struct store_output *output = NULL;
    int rc = store_run(store, SQL_BEGIN, fault);
    if (rc == 0)
        rc = find(store, number, &name, &item, fault);
    if (rc == 0 && is_retry) {
        output = store_find_output(store, name, fault);
        rc = output == NULL ? -ENODEV : add_delivery(store, output, &item, &totals, fault);
    } else if (rc == 0) { /* a log that is read again brings it back no more */
        store_sql_bind_text(&store->sql, SQL_DONE_ADD, 1, item.id);
        rc = store_run(store, SQL_DONE_ADD, fault);
    }
    if (rc == 0) {
        store_sql_bind_number(&store->sql, SQL_DEAD_REMOVE, 1, number);
        totals.dead--;
        totals.dead_bytes -= item.size;
        rc = store_run(store, SQL_DEAD_REMOVE, fault);
    }
    rc = store_finish(store, rc, &totals, fault);
    free(item.document);
    free(name);
    return rc;
}

int store_dead_retry(struct store *store, int64_t number, struct fault *fault)
{
    pthread_mutex_lock(&store->mutex);
    int rc = take_away(store, number, true, fault);
    if (rc == 0)
        condition_signal(&store->arrived);
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

int store_dead_drop(struct store *store, int64_t number, struct fault *fault)
{
    pthread_mutex_lock(&store->mutex);
    int rc = take_away(store, number, false, fault);
    pthread_mutex_unlock(&store->mutex);
    return rc;
}
