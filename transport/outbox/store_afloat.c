/* Alerts that the disk had no room for: they wait in memory, are handed to outputs like all others, and go into the
 * file with their bookmarks as soon as it takes them. */
#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bit_of(const struct store *store, const struct store_output *output)
{
    return UINT64_C(1) << (output - store->outputs);
}

_Static_assert(STORE_MAX_OUTPUTS < 64, "each output has its bit of a word");

static uint64_t all_bits(const struct store *store)
{
    return (UINT64_C(1) << store->output_count) - 1;
}

static struct store_afloat_alert *find(struct store_afloat *afloat, const char *id)
{
    for (size_t i = 0; i < afloat->count; i++)
        if (strcmp(afloat->list[i].id, id) == 0)
            return &afloat->list[i];
    return NULL;
}

static void drop(struct store_afloat *afloat, struct store_afloat_alert *alert)
{
    size_t at = (size_t)(alert - afloat->list);
    afloat->bytes -= alert->size;
    free(alert->document);
    afloat->count--;
    memmove(alert, alert + 1, (afloat->count - at) * sizeof(*alert));
}

void store_afloat_free(struct store_afloat *afloat)
{
    for (size_t i = 0; i < afloat->count; i++)
        free(afloat->list[i].document);
    for (size_t i = 0; i < afloat->mark_count; i++) {
        free(afloat->marks[i].source);
        free(afloat->marks[i].bookmark);
    }
    free(afloat->list);
    free(afloat->marks);
    *afloat = (struct store_afloat){.list = NULL};
}

/* The newest bookmark of source, in the place of the one there is. Returns 0 or -ENOMEM. */
static int note_mark(struct store_afloat *afloat, const char *source, const char *bookmark)
{
    size_t at = 0;
    char *copy = text_dup(text_from(bookmark));
    while (at < afloat->mark_count && strcmp(afloat->marks[at].source, source) != 0)
        at++;
    if (copy != NULL && at == afloat->mark_count) {
        struct store_afloat_mark *marks = realloc(afloat->marks, (at + 1) * sizeof(*marks));
        char *name = marks == NULL ? NULL : text_dup(text_from(source));
        if (marks != NULL)
            afloat->marks = marks;
        if (name != NULL)
            afloat->marks[afloat->mark_count++] = (struct store_afloat_mark){name, NULL};
    }
    if (copy == NULL || at >= afloat->mark_count) {
        free(copy);
        return -ENOMEM;
    }
    free(afloat->marks[at].bookmark);
    afloat->marks[at].bookmark = copy;
    return 0;
}

/* Room for count more, so that nothing fails halfway. */
static int reserve(struct store_afloat *afloat, size_t count)
{
    struct store_afloat_alert *list = realloc(afloat->list, (afloat->count + count + 1) * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    afloat->list = list;
    return 0;
}

static int add(struct store *store, const struct store_alert *alert, const struct store_told *told)
{
    struct store_afloat *afloat = &store->afloat;
    struct store_afloat_alert *to = &afloat->list[afloat->count];
    *to = (struct store_afloat_alert){
        .kept_s = store_now_s(store), .size = alert->size, .number = INT64_MAX / 2 + ++afloat->last};
    to->waits = to->all = all_bits(store);
    (void)text_copy(to->id, sizeof(to->id), text_from(alert->id)); /* it is one of ours */
    for (size_t i = 0; i < told->count && !to->has_subject; i++)
        if (strcmp(told->subjects[i].alert, alert->id) == 0) {
            to->subject = told->subjects[i];
            to->has_subject = true;
        }
    to->document = malloc(alert->size + 1);
    if (to->document == NULL)
        return -ENOMEM;
    memcpy(to->document, alert->document, alert->size);
    to->document[alert->size] = '\0';
    afloat->bytes += alert->size;
    afloat->count++;
    return 0;
}

bool store_afloat_knows(struct store *store, const char *id)
{
    return find(&store->afloat, id) != NULL;
}

int store_afloat_keep(struct store *store, const struct store_alert *alerts, size_t count,
                      const struct store_told *told, const char *source, const char *bookmark, size_t *added,
                      struct fault *fault)
{
    struct store_afloat *afloat = &store->afloat;
    size_t before = afloat->count, bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += alerts[i].size;
    afloat->is_disk_full = true;
    *added = 0;
    if (count > 0 && (before + count > STORE_MAX_AFLOAT || afloat->bytes + bytes > STORE_MAX_AFLOAT_BYTES)) {
        fault_set(fault, "store_keep", 0, text_from(store->path),
                  "the disk is full, and as much waits in memory as may: make room on it");
        return -ENOSPC;
    }
    int rc = reserve(afloat, count);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        int known = store_afloat_knows(store, alerts[i].id) ? 1 : store_knows(store, alerts[i].id, fault);
        rc = known < 0 ? known : known == 1 ? 0 : add(store, &alerts[i], told);
    }
    if (rc == 0 && source != NULL)
        rc = note_mark(afloat, source, bookmark);
    while (rc < 0 && afloat->count > before) /* all or nothing */
        drop(afloat, &afloat->list[afloat->count - 1]);
    *added = afloat->count - before;
    return rc;
}

/* One alert with what of it is still to be done into the file. */
static int sink_alert(struct store *store, const struct store_afloat_alert *a, struct store_totals *totals,
                      struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_ALERT_ADD, 1, a->id);
    store_sql_bind_blob(&store->sql, SQL_ALERT_ADD, 2, a->document, a->size);
    store_sql_bind_number(&store->sql, SQL_ALERT_ADD, 3, a->kept_s);
    int rc = store_run(store, SQL_ALERT_ADD, fault);
    int64_t number = rc < 0 ? 0 : store_sql_added(&store->sql);
    for (size_t i = 0; rc == 0 && i < store->output_count; i++) {
        if ((a->waits & bit_of(store, &store->outputs[i])) == 0)
            continue;
        store_sql_bind_number(&store->sql, SQL_DELIVERY_ADD, 1, store->outputs[i].id);
        store_sql_bind_number(&store->sql, SQL_DELIVERY_ADD, 2, number);
        rc = store_run(store, SQL_DELIVERY_ADD, fault);
    }
    if (rc == 0 && a->waits != a->all) {
        store_sql_bind_number(&store->sql, SQL_ALERT_TAKEN, 1, number);
        rc = store_run(store, SQL_ALERT_TAKEN, fault);
    }
    if (rc == 0 && a->has_subject)
        rc = store_subject_set(store, &a->subject, fault);
    totals->waiting++;
    totals->bytes += a->size;
    return rc;
}

int store_afloat_sink(struct store *store, struct fault *fault)
{
    struct store_afloat *afloat = &store->afloat;
    struct store_totals totals = store->totals;
    if (!afloat->is_disk_full)
        return 0;
    int rc = store->is_in_memory ? -ENOSPC : store_sql_reserve(&store->sql, 2 * afloat->bytes, fault);
    if (rc < 0)
        return rc;
    rc = store_run(store, SQL_BEGIN, fault);
    for (size_t i = 0; rc == 0 && i < afloat->count; i++)
        rc = sink_alert(store, &afloat->list[i], &totals, fault);
    for (size_t i = 0; rc == 0 && i < afloat->mark_count; i++) {
        store_sql_bind_text(&store->sql, SQL_BOOKMARK_SET, 1, afloat->marks[i].source);
        store_sql_bind_text(&store->sql, SQL_BOOKMARK_SET, 2, afloat->marks[i].bookmark);
        rc = store_run(store, SQL_BOOKMARK_SET, fault);
    }
    rc = store_finish(store, rc, &totals, fault);
    if (rc == 0)
        store_afloat_free(afloat);
    return rc;
}

int store_afloat_next(struct store *store, const struct store_output *output, size_t max_count, size_t max_bytes,
                      struct store_list *list)
{
    for (size_t i = 0; i < store->afloat.count && list->count < max_count; i++) {
        const struct store_afloat_alert *a = &store->afloat.list[i];
        if ((a->waits & ~a->held & bit_of(store, output)) == 0)
            continue;
        if (list->count > 0 && (list->bytes > max_bytes || a->size > max_bytes - list->bytes))
            break;
        struct store_item *item = store_list_add(list);
        if (item == NULL)
            return -ENOMEM;
        memcpy(item->id, a->id, sizeof(item->id));
        item->number = a->number;
        item->document = malloc(a->size + 1);
        if (item->document == NULL) {
            list->count--;
            return -ENOMEM;
        }
        memcpy(item->document, a->document, a->size + 1);
        item->size = a->size;
        list->bytes += a->size;
    }
    return 0;
}

bool store_afloat_delivered(struct store *store, const struct store_output *output, const char *id)
{
    struct store_afloat_alert *a = find(&store->afloat, id);
    if (a == NULL)
        return false;
    a->waits &= ~bit_of(store, output);
    if (a->waits == 0)
        drop(&store->afloat, a);
    return true;
}

bool store_afloat_refused(struct store *store, const struct store_output *output, const char *id)
{
    struct store_afloat_alert *a = find(&store->afloat, id);
    if (a == NULL)
        return false;
    a->held |= bit_of(store, output);
    return true;
}

uint64_t store_afloat_waiting(const struct store *store, const struct store_output *output)
{
    uint64_t count = 0;
    for (size_t i = 0; i < store->afloat.count; i++)
        count += (store->afloat.list[i].waits & bit_of(store, output)) != 0;
    return count;
}

const char *store_afloat_bookmark(const struct store *store, const char *source)
{
    for (size_t i = 0; i < store->afloat.mark_count; i++)
        if (strcmp(store->afloat.marks[i].source, source) == 0)
            return store->afloat.marks[i].bookmark;
    return NULL;
}

void store_afloat_adapt(struct store *store, const struct store_output *before, size_t before_count)
{
    for (size_t i = 0; i < store->afloat.count; i++) {
        struct store_afloat_alert *a = &store->afloat.list[i];
        uint64_t waits = 0;
        for (size_t from = 0; from < before_count; from++)
            for (size_t to = 0; to < store->output_count; to++)
                if ((a->waits & UINT64_C(1) << from) != 0 && strcmp(before[from].name, store->outputs[to].name) == 0)
                    waits |= UINT64_C(1) << to;
        if (waits == 0 && a->waits == a->all) /* none has had it: as an orphan of the file */
            waits = all_bits(store);
        a->held = 0;
        a->all = waits;
        a->waits = waits;
        if (waits == 0)
            drop(&store->afloat, a), i--;
    }
}

int store_begin_in_memory(struct store *store, const char *const *names, size_t count, struct fault *fault)
{
    store_sql_close(&store->sql);
    store->is_in_memory = store->afloat.is_disk_full = true;
    store->tried_s = store_now_s(store);
    return store_begin(store, names, count, fault);
}

/* The file takes over what was kept as a value before there was one. */
static int take_value(struct store *store)
{
    if (store->value == NULL || store->value_name == NULL)
        return 0;
    store_sql_bind_text(&store->sql, SQL_VALUE_ADD, 1, store->value_name);
    store_sql_bind_text(&store->sql, SQL_VALUE_ADD, 2, store->value);
    return store_run(store, SQL_VALUE_ADD, NULL);
}

void store_try_file(struct store *store)
{
    const char *names[STORE_MAX_OUTPUTS] = {NULL};
    struct store_output before[STORE_MAX_OUTPUTS];
    int64_t now_s = store_now_s(store);
    size_t count = store->output_count;
    if (!store->is_in_memory || (now_s >= store->tried_s && now_s - store->tried_s < STORE_TRY_S))
        return;
    store->tried_s = now_s;
    struct store_sql stand_in = store->sql;
    memcpy(before, store->outputs, sizeof(before));
    for (size_t i = 0; i < count; i++)
        names[i] = before[i].name;
    memset(&store->sql, 0, sizeof(store->sql));
    memset(store->outputs, 0, sizeof(store->outputs));
    store->output_count = 0;
    store->is_in_memory = false;
    int rc = store_begin(store, names, count, NULL);
    if (rc == 0)
        rc = take_value(store);
    struct store_output *unused = rc == 0 ? before : store->outputs;
    size_t unused_count = rc == 0 ? count : store->output_count;
    for (size_t i = 0; i < unused_count; i++) {
        if (rc == 0)
            store->outputs[i].woken = before[i].woken;
        free(unused[i].name);
    }
    store_sql_close(rc == 0 ? &stand_in : &store->sql);
    if (rc == 0)
        return;
    store->is_in_memory = true;
    store->sql = stand_in;
    memcpy(store->outputs, before, sizeof(before));
    store->output_count = count;
}

void store_afloat_retry(struct store *store, bool is_last)
{
    if (!store->afloat.is_disk_full)
        return;
    int64_t since_s = store_now_s(store) - store->tried_s;
    if (!is_last && since_s >= 0 && since_s < STORE_TRY_S)
        return;
    if (is_last)
        store->tried_s = 0;
    store_try_file(store);
    store->tried_s = store_now_s(store);
    (void)store_afloat_sink(store, NULL); /* it is tried again */
}

void store_items_free(struct store_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(items[i].document);
    free(items);
}
