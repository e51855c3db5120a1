/* store_internal: what store.c (opening, reading, waiting) and store_write.c (each change of the outbox) share. */
#ifndef TRANSPORT_STORE_INTERNAL_H
#define TRANSPORT_STORE_INTERNAL_H

#include "transport/condition.h"
#include "transport/store.h"
#include "transport/store_sql.h"

#include <pthread.h>

struct store_output {
    char *name;
    int64_t id;
    bool woken; /* its next store_next() returns with nothing */
};

/* What the limits are compared with. */
struct store_totals {
    uint64_t waiting, bytes, dead, dead_bytes;
};

struct store {
    pthread_mutex_t mutex; /* guards all below */
    struct condition arrived;
    struct store_sql sql;
    struct store_output outputs[STORE_MAX_OUTPUTS];
    size_t output_count;
    uint64_t max_alerts, max_bytes;
    struct store_totals totals; /* of what is on disk */
    bool ending;
};

/* All of these: under the lock. */

/* The output of that name; NULL, with fault: there is none. */
struct store_output *store_find_output(struct store *store, const char *name, struct fault *fault);

/* As store_sql_step(). */
int store_run(struct store *store, enum store_statement which, struct fault *fault);

/* Ends a transaction: commits and takes over totals when rc is 0, else rolls back. Returns rc or the commit's failure.
 */
int store_finish(struct store *store, int rc, const struct store_totals *totals, struct fault *fault);

/* Keeps or replaces the subject of its alert, within a transaction (store_subject.c). */
int store_subject_set(struct store *store, const struct store_subject *subject, struct fault *fault);

#endif
