#include "agent/alerts/alert_maker.h"

#include <errno.h>
#include <stdlib.h>

struct alert_maker {
    struct alert_maker_settings set;
    struct rule_scratch *scratch;
    struct sha256 sha256; /* of the alerts' ids */
    struct encode_ecs_kept kept;
};

int alert_maker_new(struct alert_maker **out, const struct alert_maker_settings *settings)
{
    struct alert_maker *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return -ENOMEM;
    m->set = *settings;
    int rc = rule_scratch_new(&m->scratch, settings->rules);
    if (rc < 0)
        free(m);
    else
        *out = m;
    return rc;
}

void alert_maker_free(struct alert_maker *m)
{
    if (m == NULL)
        return;
    sha256_clear(&m->sha256);
    encode_ecs_clear(&m->kept);
    rule_scratch_free(m->scratch);
    free(m);
}

bool alert_maker_wants(const struct alert_maker *m, const struct event *event)
{
    return event_kind_is_process(event->kind) || rule_set_wants(m->set.rules, event); /* processes are counted */
}

static int make_one(struct alert_maker *m, const struct rule_match *match, const struct event *event, uint64_t now)
{
    struct alert alert;
    char id[ALERT_ID_SIZE];
    if (match->failed != 0 && m->set.failed != NULL)
        m->set.failed(m->set.context, match->rule, event);
    if (match->legs == 0)
        return 0;
    int rc = alert_make(&alert, match, rule_set_columns(m->set.rules), event, now);
    if (rc < 0)
        return rc;
    rc = alert_id(id, &m->sha256, &alert);
    if (rc == 0)
        rc = m->set.take(m->set.context, &alert, id);
    alert_clear(&alert);
    return rc;
}

int alert_maker_event(struct alert_maker *m, const struct event *event)
{
    const struct rule_match *matches;
    uint64_t now = event_time_now();
    size_t count = rule_set_match(m->set.rules, event, now, m->scratch, &matches);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = make_one(m, &matches[i], event, now);
    return rc;
}

int alert_maker_document(struct alert_maker *m, char **out, size_t *size, const struct alert *alert, const char *id)
{
    return encode_ecs(out, size, &m->kept, alert, id, m->set.agent);
}
