/*
 * The outbox is full. While no output takes alerts, reading waits. But an output that has been away for long must not
 * keep alerts from those that take them: then its oldest ones become its dead letters. Only those give way that every
 * output at work has had, so that an output that is merely slow loses nothing: for that one reading waits.
 */
#include "transport/outbox/store_internal.h"

#include <errno.h>

/* Room made beyond what is needed, as a share of the limits: so that it is not made, and told of, for every alert. */
#define SLACK 100u

static const char reason[] = "this output took no alerts for so long that the outbox was full";

/* The oldest alert that waits for output: 1 with *number, 0: none. */
static int oldest(struct store *store, const struct store_output *output, int64_t *number, struct fault *fault)
{
    store_sql_bind_number(&store->sql, SQL_OLDEST_WAITING, 1, output->id);
    int rc = store_run(store, SQL_OLDEST_WAITING, fault);
    if (rc == 1) {
        *number = store_sql_number(&store->sql, SQL_OLDEST_WAITING, 0);
        store_sql_reset(&store->sql, SQL_OLDEST_WAITING);
    }
    return rc;
}

void store_is_at_work(struct store *store, const char *output_name)
{
    struct store_output *output = store_find_output(store, output_name, NULL);
    if (output != NULL)
        output->taken_s = store_now_s(store);
}

static bool is_away(struct store *store, struct store_output *output)
{
    int64_t now_s = store_now_s(store);
    if (now_s < output->taken_s)
        output->taken_s = now_s; /* the clock was set back */
    return now_s - output->taken_s >= STORE_AWAY_S;
}

/* *first: the output that is away and has the oldest alert of all such; NULL: none. *bound: alerts from this number on
 * are still waited for by an output at work. Returns 1; 0: no output is at work; or a negative errno value. */
static int look(struct store *store, struct store_output **first, int64_t *bound, struct fault *fault)
{
    int64_t number = 0, least = INT64_MAX;
    bool has_work = false;
    *first = NULL;
    *bound = INT64_MAX;
    for (size_t i = 0; i < store->output_count; i++) {
        struct store_output *output = &store->outputs[i];
        int rc = oldest(store, output, &number, fault);
        if (rc < 0)
            return rc;
        if (rc == 0 || !is_away(store, output)) {
            has_work = true;
            *bound = rc == 1 && number < *bound ? number : *bound;
        } else if (number < least) {
            least = number;
            *first = output;
        }
    }
    if (least >= *bound)
        *first = NULL;
    return has_work ? 1 : 0;
}

static bool has_room(const struct store *store, uint64_t count, uint64_t bytes)
{
    const struct store_settings *set = &store->set;
    return store->totals.waiting + count <= set->max_alerts - set->max_alerts / SLACK &&
           store->totals.bytes + bytes <= set->max_bytes - set->max_bytes / SLACK;
}

int store_make_room(struct store *store, const struct store_alert *alerts, size_t count, struct fault *fault)
{
    uint64_t buried[STORE_MAX_OUTPUTS] = {0}, bytes = 0, all = 0;
    struct store_output *first = NULL;
    int64_t bound = 0;
    int rc = 1;
    for (size_t i = 0; i < count; i++)
        bytes += alerts[i].size;
    while (rc == 1 && !has_room(store, count, bytes) && (rc = look(store, &first, &bound, fault)) == 1 &&
           first != NULL) {
        size_t some = 0, place = (size_t)(first - store->outputs);
        int bury_rc = store_bury_oldest(store, first->name, INT64_MAX, bound, reason, &some, fault);
        rc = bury_rc < 0 ? bury_rc : some > 0;
        buried[place] += some;
        all += some;
    }
    for (size_t i = 0; i < store->output_count; i++)
        if (buried[i] > 0 && store->set.overflowed != NULL)
            store->set.overflowed(store->set.context, store->outputs[i].name, buried[i]);
    return rc < 0 ? rc : all > 0;
}
