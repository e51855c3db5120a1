/* The processes that alerts are about, so that a late or repeated witness finds its alert (agent/run/witness.h). */
#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <string.h>

int store_subject_set(struct store *store, const struct store_subject *subject, struct fault *fault)
{
    store_sql_bind_text(&store->sql, SQL_SUBJECT_SET, 1, subject->alert);
    store_sql_bind_text(&store->sql, SQL_SUBJECT_SET, 2, subject->key);
    store_sql_bind_number(&store->sql, SQL_SUBJECT_SET, 3, (int64_t)subject->created);
    store_sql_bind_number(&store->sql, SQL_SUBJECT_SET, 4, (int64_t)subject->until);
    store_sql_bind_blob(&store->sql, SQL_SUBJECT_SET, 5, subject->witness, sizeof(subject->witness));
    int rc = store_run(store, SQL_SUBJECT_SET, fault);
    if (rc < 0)
        return rc;
    store_sql_bind_number(&store->sql, SQL_SUBJECT_FORGET, 1, STORE_MAX_SUBJECTS);
    return store_run(store, SQL_SUBJECT_FORGET, fault);
}

/* The row that SQL_SUBJECT_LIST stands on; false: it is none of ours. */
static bool read_row(struct store *store, struct store_subject *out)
{
    size_t alert_size, key_size, witness_size;
    const char *alert = store_sql_text(&store->sql, SQL_SUBJECT_LIST, 0, &alert_size);
    const char *key = store_sql_text(&store->sql, SQL_SUBJECT_LIST, 1, &key_size);
    const char *witness = store_sql_text(&store->sql, SQL_SUBJECT_LIST, 4, &witness_size);
    if (alert_size >= sizeof(out->alert) || key_size >= sizeof(out->key) || witness_size != sizeof(out->witness))
        return false;
    memset(out, 0, sizeof(*out));
    memcpy(out->alert, alert, alert_size);
    memcpy(out->key, key, key_size);
    memcpy(out->witness, witness, witness_size);
    out->created = (uint64_t)store_sql_number(&store->sql, SQL_SUBJECT_LIST, 2);
    out->until = (uint64_t)store_sql_number(&store->sql, SQL_SUBJECT_LIST, 3);
    return true;
}

int store_subjects(struct store *store, int (*each)(void *context, const struct store_subject *subject), void *context,
                   struct fault *fault)
{
    int rc;
    pthread_mutex_lock(&store->mutex);
    while ((rc = store_run(store, SQL_SUBJECT_LIST, fault)) == 1) {
        struct store_subject subject;
        rc = read_row(store, &subject) ? each(context, &subject) : 0;
        if (rc < 0)
            break;
    }
    store_sql_reset(&store->sql, SQL_SUBJECT_LIST);
    pthread_mutex_unlock(&store->mutex);
    return rc;
}
