#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct store_output *store_find_output(struct store *store, const char *name, struct fault *fault)
{
    for (size_t i = 0; i < store->output_count; i++)
        if (strcmp(store->outputs[i].name, name) == 0)
            return &store->outputs[i];
    fault_set(fault, "store", 0, text_from(name), "the store was not opened for this output");
    return NULL;
}

int store_run(struct store *store, enum store_statement which, struct fault *fault)
{
    return store_sql_step(&store->sql, which, fault);
}

int store_finish(struct store *store, int rc, const struct store_totals *totals, struct fault *fault)
{
    if (rc == 0)
        rc = store_run(store, SQL_COMMIT, fault);
    if (rc < 0)
        store_sql_rollback(&store->sql);
    else
        store->totals = *totals;
    return rc;
}

int64_t store_now_s(const struct store *store)
{
    return store->set.now_s != NULL ? store->set.now_s() : (int64_t)time(NULL);
}

static bool is_among(const char *const *names, size_t count, const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return true;
    return false;
}

/* Removes one output that is no longer wanted. 1: there was one. */
static int remove_unwanted(struct store *store, const char *const *names, size_t name_count, struct fault *fault)
{
    int rc;
    while ((rc = store_run(store, SQL_OUTPUT_LIST, fault)) == 1) {
        size_t size;
        const char *name = store_sql_text(&store->sql, SQL_OUTPUT_LIST, 1, &size);
        if (is_among(names, name_count, name, size))
            continue;
        int64_t id = store_sql_number(&store->sql, SQL_OUTPUT_LIST, 0);
        store_sql_reset(&store->sql, SQL_OUTPUT_LIST);
        store_sql_bind_number(&store->sql, SQL_OUTPUT_REMOVE, 1, id);
        rc = store_run(store, SQL_OUTPUT_REMOVE, fault);
        return rc < 0 ? rc : 1;
    }
    return rc;
}

/* The output of that name, which the file has, is one of the store's. */
static int take_output(struct store *store, const char *name, struct fault *fault)
{
    struct store_output *output = &store->outputs[store->output_count];
    store_sql_bind_text(&store->sql, SQL_OUTPUT_ID, 1, name);
    int rc = store_run(store, SQL_OUTPUT_ID, fault);
    if (rc < 0)
        return rc;
    output->id = store_sql_number(&store->sql, SQL_OUTPUT_ID, 0);
    store_sql_reset(&store->sql, SQL_OUTPUT_ID);
    output->taken_s = store_now_s(store);
    output->name = strdup(name);
    if (output->name == NULL)
        return -ENOMEM;
    store->output_count++;
    return 0;
}

static int add_output(struct store *store, const char *name, struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_OUTPUT_ADD, 1, name);
    int rc = store_run(store, SQL_OUTPUT_ADD, fault);
    return rc < 0 ? rc : take_output(store, name, fault);
}

static int count(struct store *store, enum store_statement which, uint64_t *number, uint64_t *bytes,
                 struct fault *fault)
{
    int rc = store_run(store, which, fault);
    if (rc < 0)
        return rc;
    *number = (uint64_t)store_sql_number(&store->sql, which, 0);
    *bytes = (uint64_t)store_sql_number(&store->sql, which, 1);
    store_sql_reset(&store->sql, which);
    return 0;
}

/* Takes the outputs of names as the file has them. 1: it has just these; 0: it has others; then none is taken. */
static int find_outputs(struct store *store, const char *const *names, size_t name_count, struct fault *fault)
{
    size_t found = 0;
    bool is_same = true;
    int rc;
    while ((rc = store_run(store, SQL_OUTPUT_LIST, fault)) == 1) {
        size_t size;
        const char *name = store_sql_text(&store->sql, SQL_OUTPUT_LIST, 1, &size);
        found++;
        is_same = is_same && is_among(names, name_count, name, size);
    }
    if (rc < 0 || !is_same || found != name_count)
        return rc;
    for (size_t i = 0; rc == 0 && i < name_count; i++)
        rc = take_output(store, names[i], fault);
    return rc < 0 ? rc : 1;
}

/* Makes the file's outputs those of names, and counts what waits. Where they are that already nothing is written, for
 * which a full disk may have no room. */
static int adapt(struct store *store, const char *const *names, size_t name_count, struct fault *fault)
{
    struct store_totals totals = {.dropped = store->totals.dropped};
    int rc = find_outputs(store, names, name_count, fault);
    bool is_same = rc == 1;
    if (rc >= 0)
        rc = store_run(store, SQL_BEGIN, fault);
    while (!is_same && rc == 0 && (rc = remove_unwanted(store, names, name_count, fault)) == 1)
        rc = 0;
    for (size_t i = 0; !is_same && rc == 0 && i < name_count; i++)
        rc = add_output(store, names[i], fault);
    if (!is_same && rc == 0)
        rc = store_run(store, SQL_ORPHANS_ADOPT, fault);
    if (!is_same && rc == 0)
        rc = store_run(store, SQL_ORPHANS_DONE, fault);
    if (!is_same && rc == 0)
        rc = store_run(store, SQL_ORPHANS_REMOVE, fault);
    if (rc == 0)
        rc = count(store, SQL_COUNT_ALERTS, &totals.waiting, &totals.bytes, fault);
    if (rc == 0)
        rc = count(store, SQL_COUNT_DEAD, &totals.dead, &totals.dead_bytes, fault);
    return store_finish(store, rc, &totals, fault);
}

static int check_settings(const struct store_settings *settings, struct fault *fault)
{
    const char *wrong = NULL;
    if (settings->output_count < 1 || settings->output_count > STORE_MAX_OUTPUTS)
        wrong = "1 to 16 outputs are possible";
    else if (settings->max_alerts == 0 || settings->max_bytes == 0)
        wrong = "the limits must be 1 or more";
    for (size_t i = 0; wrong == NULL && i < settings->output_count; i++) {
        const char *name = settings->outputs[i];
        if (name[0] == '\0' || is_among(settings->outputs, i, name, strlen(name)))
            wrong = "each output needs a name of its own";
    }
    if (wrong == NULL)
        return 0;
    fault_set(fault, "store_open", 0, text_from(settings->path), wrong);
    return -EINVAL;
}

static void free_outputs(struct store *store)
{
    for (size_t i = 0; i < store->output_count; i++)
        free(store->outputs[i].name);
    store->output_count = 0;
}

int store_begin(struct store *store, const char *const *names, size_t name_count, struct fault *fault)
{
    free_outputs(store);
    int rc = store_sql_open(&store->sql, store->is_in_memory ? STORE_SQL_IN_MEMORY : store->path, fault);
    return rc == 0 ? adapt(store, names, name_count, fault) : rc;
}

static int new_store(struct store **out, const struct store_settings *settings)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return -ENOMEM;
    int rc = condition_init(&store->arrived);
    if (rc < 0) {
        free(store);
        return rc;
    }
    if (pthread_mutex_init(&store->mutex, NULL) != 0) {
        condition_destroy(&store->arrived);
        free(store);
        return -ENOMEM;
    }
    store->set = *settings;
    store->set.outputs = NULL;
    store->path = text_dup(text_from(settings->path));
    store->set.path = store->path;
    *out = store;
    return 0;
}

int store_open(struct store **out, const struct store_settings *settings, struct fault *fault)
{
    struct store *store = NULL;
    struct fault damage = {.call = NULL};
    int rc = check_settings(settings, fault);
    if (rc == 0)
        rc = new_store(&store, settings);
    if (rc < 0 || store == NULL)
        return rc;
    rc = store->path == NULL ? -ENOMEM : store_begin(store, settings->outputs, settings->output_count, &damage);
    if (rc == -EBADMSG)
        rc = store_rescue(store, settings->outputs, settings->output_count, &damage);
    if (rc == -ENOSPC && store->sql.is_new)
        rc = store_begin_in_memory(store, settings->outputs, settings->output_count, &damage);
    if (rc < 0) {
        if (fault != NULL)
            *fault = damage;
        store_close(store);
        return rc;
    }
    store->copied_s = store_now_s(store);
    *out = store;
    return 0;
}

int store_adapt(struct store *store, const struct store_settings *settings, struct fault *fault)
{
    struct store_output old[STORE_MAX_OUTPUTS];
    int rc = check_settings(settings, fault);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&store->mutex);
    size_t old_count = store->output_count;
    memcpy(old, store->outputs, sizeof(old));
    memset(store->outputs, 0, sizeof(store->outputs));
    store->output_count = 0;
    rc = adapt(store, settings->outputs, settings->output_count, fault);
    if (rc == 0)
        store_afloat_adapt(store, old, old_count);
    struct store_output *unused = rc == 0 ? old : store->outputs;
    size_t unused_count = rc == 0 ? old_count : store->output_count;
    for (size_t i = 0; i < unused_count; i++)
        free(unused[i].name);
    if (rc == 0) {
        store->set.max_alerts = settings->max_alerts;
        store->set.max_bytes = settings->max_bytes;
        store->set.max_age_s = settings->max_age_s;
    } else {
        memcpy(store->outputs, old, sizeof(old));
        store->output_count = old_count;
    }
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->sql.db != NULL && store->output_count > 0) {
        store_afloat_retry(store, true); /* if there is no room now either: it is read again */
        if (!store->is_in_memory)
            store_copy_bookmarks(store, true);
    }
    store_afloat_free(&store->afloat);
    free(store->value_name);
    free(store->value);
    store_sql_close(&store->sql);
    free_outputs(store);
    free(store->damaged);
    free(store->path);
    (void)pthread_mutex_destroy(&store->mutex); /* fails only while it is held */
    condition_destroy(&store->arrived);
    free(store);
}

int store_copy_column(char **out, size_t *size, struct store *store, enum store_statement which, int column)
{
    const char *text = store_sql_text(&store->sql, which, column, size);
    char *copy = malloc(*size + 1);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, text, *size);
    copy[*size] = '\0';
    *out = copy;
    return 0;
}

/* The one text that which gives for name, or NULL. */
static int look_up(struct store *store, enum store_statement which, const char *name, char **out, struct fault *fault)
{
    size_t size;
    char *copy = NULL;
    store_sql_bind_text(&store->sql, which, 1, name);
    int rc = store_run(store, which, fault);
    if (rc == 1) {
        rc = store_copy_column(&copy, &size, store, which, 0);
        store_sql_reset(&store->sql, which);
    }
    if (rc == 0)
        *out = copy;
    return rc;
}

int store_bookmark(struct store *store, const char *source, char **out, struct fault *fault)
{
    pthread_mutex_lock(&store->mutex);
    const char *newer = store_afloat_bookmark(store, source);
    char *copy = newer == NULL ? NULL : text_dup(text_from(newer));
    int rc = newer == NULL ? look_up(store, SQL_BOOKMARK, source, out, fault) : copy == NULL ? -ENOMEM : 0;
    if (copy != NULL)
        *out = copy;
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

int store_value(struct store *store, const char *name, const char *value, char **out, struct fault *fault)
{
    pthread_mutex_lock(&store->mutex);
    store_sql_bind_text(&store->sql, SQL_VALUE_ADD, 1, name);
    store_sql_bind_text(&store->sql, SQL_VALUE_ADD, 2, value);
    int rc = store_run(store, SQL_VALUE_ADD, fault);
    if (rc == 0)
        rc = look_up(store, SQL_VALUE, name, out, fault);
    if (rc == 0 && store->is_in_memory && store->value == NULL) { /* there is one, the agent's id */
        store->value_name = text_dup(text_from(name));
        store->value = text_dup(text_from(*out));
    }
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

struct store_item *store_list_add(struct store_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct store_item *items = realloc(list->items, room * sizeof(*items));
        if (items == NULL)
            return NULL;
        list->items = items;
        list->room = room;
    }
    struct store_item *item = &list->items[list->count++];
    *item = (struct store_item){.document = NULL};
    return item;
}

static int append_row(struct store *store, enum store_statement which, struct store_list *list)
{
    size_t size;
    struct store_item *item = store_list_add(list);
    if (item == NULL)
        return -ENOMEM;
    const char *id = store_sql_text(&store->sql, which, 1, &size);
    (void)text_copy(item->id, sizeof(item->id), (struct text){id, size}); /* it was one of ours */
    item->number = store_sql_number(&store->sql, which, 0);
    int rc = store_copy_column(&item->document, &item->size, store, which, 2);
    list->bytes += rc < 0 ? 0 : item->size;
    return rc;
}

/* What waits for output now; which: SQL_NEXT or SQL_NEWEST. */
static int read_waiting(struct store *store, enum store_statement which, const struct store_output *output,
                        size_t max_count, size_t max_bytes, struct store_list *list, struct fault *fault)
{
    bool is_full = false;
    int rc;
    store_sql_bind_number(&store->sql, which, 1, output->id);
    store_sql_bind_number(&store->sql, which, 2, max_count > INT64_MAX ? INT64_MAX : (int64_t)max_count);
    while ((rc = store_run(store, which, fault)) == 1) {
        size_t size;
        (void)store_sql_text(&store->sql, which, 2, &size); /* only the size, before it is copied */
        if (list->count > 0 && (list->bytes > max_bytes || size > max_bytes - list->bytes)) {
            rc = 0;
            is_full = true;
            break;
        }
        rc = append_row(store, which, list);
        if (rc < 0)
            break;
    }
    store_sql_reset(&store->sql, which);
    if (rc == 0 && !is_full)
        rc = store_afloat_next(store, output, max_count, max_bytes, list);
    if (rc < 0) {
        store_items_free(list->items, list->count);
        *list = (struct store_list){NULL, 0, 0, 0};
    }
    return rc;
}

int store_next(struct store *store, const char *output_name, size_t max_count, size_t max_bytes, unsigned timeout_ms,
               struct store_item **items, size_t *item_count, struct fault *fault)
{
    struct store_list list = {NULL, 0, 0, 0};
    int rc = -EINVAL;
    pthread_mutex_lock(&store->mutex);
    struct store_output *output = store_find_output(store, output_name, fault);
    if (output == NULL)
        goto out;
    struct timespec deadline = condition_deadline(&store->arrived, timeout_ms);
    for (bool in_time = true;;) {
        rc = 0;
        if (store->ending || output->woken)
            break;
        rc = read_waiting(store, SQL_NEXT, output, max_count, max_bytes, &list, fault);
        rc = store_heal(store, rc, fault);
        if (rc == -EAGAIN) {
            output = store_find_output(store, output_name, fault); /* there is one again, as before */
            rc = read_waiting(store, SQL_NEXT, output, max_count, max_bytes, &list, fault);
        }
        if (rc < 0 || list.count > 0 || !in_time)
            break;
        in_time = timeout_ms > 0 && condition_wait(&store->arrived, &store->mutex, &deadline);
    }
    output->woken = false;
out:
    pthread_mutex_unlock(&store->mutex);
    if (rc == 0) {
        *items = list.items;
        *item_count = list.count;
    }
    return rc;
}

int store_newest(struct store *store, const char *output_name, struct store_item **items, size_t *item_count,
                 struct fault *fault)
{
    struct store_list list = {NULL, 0, 0, 0};
    int rc = -EINVAL;
    pthread_mutex_lock(&store->mutex);
    const struct store_output *output = store_find_output(store, output_name, fault);
    if (output != NULL && store_afloat_waiting(store, output) > 0) /* newer than all in the file; the oldest will do */
        rc = store_afloat_next(store, output, 1, SIZE_MAX, &list);
    if (output != NULL && list.count == 0)
        rc = read_waiting(store, SQL_NEWEST, output, 1, SIZE_MAX, &list, fault);
    rc = store_heal(store, rc, fault);
    pthread_mutex_unlock(&store->mutex);
    if (rc == 0) {
        *items = list.items;
        *item_count = list.count;
    }
    return rc;
}

int store_counts(struct store *store, struct store_counts *counts, struct fault *fault)
{
    (void)fault; /* they are known without asking the file */
    pthread_mutex_lock(&store->mutex);
    store_afloat_retry(store, false);
    unsigned percent = (unsigned)(store->totals.waiting * 100 / store->set.max_alerts);
    unsigned bytes = (unsigned)(store->totals.bytes * 100 / store->set.max_bytes);
    *counts = (struct store_counts){.waiting = store->totals.waiting + store->afloat.count,
                                    .bytes = store->totals.bytes + store->afloat.bytes,
                                    .dead = store->totals.dead,
                                    .dropped = store->totals.dropped,
                                    .percent = percent > bytes ? percent : bytes,
                                    .is_disk_full = store->afloat.is_disk_full,
                                    .in_memory = store->afloat.count};
    pthread_mutex_unlock(&store->mutex);
    return 0;
}

int store_waiting(struct store *store, const char *output_name, uint64_t *waiting, struct fault *fault)
{
    int rc = -EINVAL;
    pthread_mutex_lock(&store->mutex);
    const struct store_output *output = store_find_output(store, output_name, fault);
    if (output != NULL) {
        store_sql_bind_number(&store->sql, SQL_COUNT_WAITING, 1, output->id);
        rc = store_run(store, SQL_COUNT_WAITING, fault);
    }
    if (rc == 1) {
        *waiting = (uint64_t)store_sql_number(&store->sql, SQL_COUNT_WAITING, 0) + store_afloat_waiting(store, output);
        store_sql_reset(&store->sql, SQL_COUNT_WAITING);
        rc = 0;
    }
    pthread_mutex_unlock(&store->mutex);
    return rc;
}

void store_wake(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    store->ending = true;
    condition_signal(&store->arrived);
    pthread_mutex_unlock(&store->mutex);
}

void store_wake_output(struct store *store, const char *output_name)
{
    pthread_mutex_lock(&store->mutex);
    struct store_output *output = store_find_output(store, output_name, NULL);
    if (output != NULL)
        output->woken = true;
    condition_signal(&store->arrived);
    pthread_mutex_unlock(&store->mutex);
}
