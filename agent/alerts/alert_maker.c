#include "agent/alerts/alert_maker.h"

#include <errno.h>
#include <stdlib.h>

struct alert_maker {
    struct alert_maker_settings set;
    struct rule_scratch *scratch;
    struct sha256 sha256; /* of the alerts' ids */
    struct encode_ecs_kept kept;
    struct powershell_blocks *blocks; /* NULL: no part of one has come */
    struct alert_maker_blocks counts;
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
    powershell_blocks_free(m->blocks);
    sha256_clear(&m->sha256);
    encode_ecs_clear(&m->kept);
    rule_scratch_free(m->scratch);
    free(m);
}

bool alert_maker_wants(const struct alert_maker *m, const struct event *event)
{
    return event_kind_is_process(event->kind) || rule_set_wants(m->set.rules, event); /* processes are counted */
}

/* Is there, among count matches, one of that rule? */
static bool has_match(const struct rule_match *list, size_t count, const char *rule)
{
    for (size_t i = 0; i < count && rule != NULL; i++)
        if (list[i].legs != 0 && text_equal_nocase(text_from(list[i].rule->id), text_from(rule)))
            return true;
    return false;
}

/* The rules of list that are attached to alert's. */
static void attach(struct alert *alert, const struct rule_match *list, size_t count)
{
    for (size_t i = 0; i < count && alert->also_count < ALERT_MAX_ALSO; i++) {
        const char *to = list[i].rule->attached_to;
        if (to != NULL && list[i].legs != 0 && text_equal_nocase(text_from(to), text_from(alert->rule->id)))
            alert->also[alert->also_count++] = list[i].rule->id;
    }
}

/* The alert of list[i], unless it makes none of its own. */
static int make_one(struct alert_maker *m, const struct rule_match *list, size_t count, size_t i,
                    const struct event *event, uint64_t now)
{
    const struct rule_match *found = &list[i];
    struct alert alert;
    char id[ALERT_ID_SIZE];
    if (found->failed != 0 && m->set.failed != NULL)
        m->set.failed(m->set.context, found->rule, event);
    if (found->legs == 0 || has_match(list, count, found->rule->attached_to))
        return 0;
    int rc = alert_make(&alert, found, rule_set_columns(m->set.rules), event, now);
    if (rc < 0)
        return rc;
    attach(&alert, list, count);
    rc = alert_id(id, &m->sha256, &alert);
    if (rc == 0)
        rc = m->set.take(m->set.context, &alert, id);
    alert_clear(&alert);
    return rc;
}

static int match(struct alert_maker *m, const struct event *event)
{
    const struct rule_match *matches;
    uint64_t now = event_time_now();
    size_t count = rule_set_match(m->set.rules, event, now, m->scratch, &matches);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = make_one(m, matches, count, i, event, now);
    return rc;
}

static uint64_t clock_ms(const struct alert_maker *m)
{
    return m->set.clock_ms == NULL ? 0 : m->set.clock_ms();
}

static void count_encrypted(struct alert_maker *m, const struct event *event)
{
    if (powershell_blocks_is_encrypted(event_data(event, text_from("ScriptBlockText"))))
        m->counts.encrypted++;
}

/* Matches the blocks that are due. What fails stays. */
static int match_blocks(struct alert_maker *m, bool is_end)
{
    const struct event *event;
    uint64_t now_ms = clock_ms(m);
    int rc = 0;
    while (m->blocks != NULL && rc == 0 && (rc = powershell_blocks_next(m->blocks, &event, now_ms, is_end)) > 0) {
        rc = match(m, event);
        if (rc < 0)
            break;
        count_encrypted(m, event);
        *(event->joined.is_whole ? &m->counts.joined : &m->counts.incomplete) += 1;
        powershell_blocks_done(m->blocks, now_ms);
    }
    return rc;
}

static int take_part(struct alert_maker *m, const struct event *event)
{
    enum powershell_taken taken;
    int rc = m->blocks == NULL ? powershell_blocks_new(&m->blocks) : 0;
    if (rc == 0)
        rc = powershell_blocks_take(m->blocks, &taken, event, clock_ms(m));
    return rc < 0 ? rc : match_blocks(m, false);
}

int alert_maker_event(struct alert_maker *m, const struct event *event)
{
    if (!powershell_blocks_is_logged(event))
        return match(m, event);
    if (powershell_blocks_is_part(event))
        return take_part(m, event);
    count_encrypted(m, event);
    return match(m, event);
}

int alert_maker_idle(struct alert_maker *m)
{
    return match_blocks(m, false);
}

int alert_maker_end(struct alert_maker *m)
{
    return match_blocks(m, true);
}

size_t alert_maker_waiting(const struct alert_maker *m)
{
    return m->blocks == NULL ? 0 : powershell_blocks_count(m->blocks);
}

struct powershell_blocks *alert_maker_give(struct alert_maker *m)
{
    if (alert_maker_waiting(m) == 0)
        return NULL;
    struct powershell_blocks *blocks = m->blocks;
    m->blocks = NULL;
    return blocks;
}

int alert_maker_adopt(struct alert_maker *m, struct powershell_blocks *blocks)
{
    int rc = m->blocks == NULL ? powershell_blocks_new(&m->blocks) : 0;
    while (rc == 0 && (rc = powershell_blocks_adopt(m->blocks, blocks)) > 0)
        rc = match_blocks(m, false);
    powershell_blocks_free(blocks);
    return rc;
}

struct alert_maker_blocks alert_maker_blocks(const struct alert_maker *m)
{
    return m->counts;
}

int alert_maker_document(struct alert_maker *m, char **out, size_t *size, const struct alert *alert, const char *id)
{
    return encode_ecs(out, size, &m->kept, alert, id, m->set.agent);
}
