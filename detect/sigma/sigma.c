#include "detect/sigma/sigma.h"

#include "detect/sigma/condition.h"
#include "detect/sigma/filter.h"
#include "detect/sigma/logsource.h"
#include "detect/sigma/metadata.h"

#include <errno.h>

bool sigma_is_rule(const struct node *root)
{
    return node_get(root, "detection") != NULL || node_get(root, "correlation") != NULL ||
           (node_get(root, "logsource") != NULL && !sigma_is_filter(root));
}

bool sigma_is_filter(const struct node *root)
{
    return node_get(root, "filter") != NULL && node_get(root, "detection") == NULL;
}

bool sigma_is_placeholders(const struct node *root)
{
    const struct node *vars = node_get(root, "vars");
    return vars != NULL && vars->type == NODE_MAP && node_get(root, "detection") == NULL;
}

/* What Sigma has and this program has not. */
static bool is_refused(const struct node *root, struct notes *notes)
{
    const struct node *correlation = node_key(root, "correlation"), *action = node_key(root, "action");
    if (correlation != NULL)
        notes_error(
            notes, correlation->place, "K321",
            "correlations need state over several events and are not supported; the rules that it names work alone");
    if (action != NULL)
        notes_error(notes, action->place, "K322",
                    "collections of rules ('action') are not supported; write each rule into a file of its own");
    return correlation != NULL || action != NULL;
}

static int compile_conditions(struct piece *out, struct job *job, const struct node *detection,
                              const struct identifiers *identifiers)
{
    const struct node *condition = node_get(detection, "condition");
    const struct node *texts = condition != NULL && condition->type == NODE_LIST ? condition->items : condition;
    size_t count = condition == NULL ? 0 : condition->type == NODE_LIST ? condition->count : 1;
    struct piece *parts = arena_zeroed(job->arena, count + 1, sizeof *parts);
    bool is_good = count > 0;
    if (parts == NULL)
        return -ENOMEM;
    if (count == 0)
        notes_error(job->notes, detection->place, "K007", "detection has no condition");
    for (size_t i = 0; i < count; i++) {
        int rc = -EINVAL;
        if (texts[i].type != NODE_SCALAR)
            notes_error(job->notes, texts[i].place, "K012", "a condition is one text, or a list of texts");
        else
            rc = condition_compile(&parts[i], job, &texts[i], identifiers);
        if (rc == -ENOMEM)
            return rc;
        is_good &= rc == 0;
    }
    return is_good ? piece_some(out, job, parts, count, condition->place) : -EINVAL;
}

static void warn_unused(struct job *job, const struct identifiers *identifiers)
{
    for (size_t i = 0; i < identifiers->count; i++)
        if (!identifiers->items[i].is_used)
            notes_warning(job->notes, identifiers->items[i].place, "W436",
                          "no condition names '%.60s': it does nothing", identifiers->items[i].name.bytes);
}

static int compile_detection(struct piece *out, struct job *job, const struct node *root)
{
    static const char *const others[] = {"condition", "timeframe"};
    const struct node *detection = node_get(root, "detection");
    struct identifiers identifiers = {0};
    if (detection == NULL || detection->type != NODE_MAP) {
        notes_error(job->notes, detection == NULL ? root->place : detection->place, "K007",
                    "detection must be a map of search identifiers and a condition");
        return -EINVAL;
    }
    const struct node *timeframe = node_key(detection, "timeframe");
    if (timeframe != NULL)
        notes_error(job->notes, timeframe->place, "K320",
                    "a timeframe needs state over several events and is not supported");
    int rc = detection_compile(&identifiers, job, detection, others, 2);
    if (rc == -ENOMEM)
        return rc;
    int condition_rc = compile_conditions(out, job, detection, &identifiers);
    if (condition_rc == 0)
        warn_unused(job, &identifiers);
    return condition_rc != 0 ? condition_rc : rc;
}

static bool is_among(uint32_t id, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* The ids that both the log source and the condition allow. Copies: the source's are static, the piece's are not ours.
 */
static int leg_ids(struct leg_source *to, struct job *job, const struct piece *condition)
{
    const struct logsource *source = job->source;
    if (source->event_ids == NULL && !condition->has_ids)
        return 0;
    const uint32_t *ids = condition->has_ids ? condition->ids : source->event_ids;
    size_t count = condition->has_ids ? condition->id_count : source->event_id_count;
    uint32_t *kept = arena_zeroed(job->arena, count + 1, sizeof *kept);
    if (kept == NULL)
        return -ENOMEM;
    to->event_ids = kept;
    for (size_t i = 0; i < count; i++)
        if (source->event_ids == NULL || is_among(ids[i], source->event_ids, source->event_id_count))
            kept[to->event_id_count++] = ids[i];
    return 0;
}

static int add_leg(struct rule *rule, struct job *job, const struct piece *condition, uint64_t kinds,
                   struct expr_place place)
{
    const struct logsource *source = job->source;
    struct leg_source common = {.kinds = kinds};
    size_t count = source->channel_count == 0 ? 1 : source->channel_count;
    struct leg_source *sources = arena_zeroed(job->arena, count, sizeof *sources);
    int rc = source->is_process ? 0 : leg_ids(&common, job, condition);
    if (sources == NULL || rc != 0)
        return -ENOMEM;
    if (common.event_ids != NULL && common.event_id_count == 0) {
        notes_warning(job->notes, place, "W431",
                      "the log source has none of the event ids asked for: the rule can never fire");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        sources[i] = common;
        if (source->channel_count > 0)
            sources[i].channel = text_from(source->channels[i]);
    }
    struct leg leg = {.table = arena_text(job->arena, source->name),
                      .sources = sources,
                      .source_count = count,
                      .condition = condition->expr,
                      .place = place,
                      .is_faithful = true};
    return leg.table.bytes == NULL ? -ENOMEM : legs_add(&rule->legs, job->arena, job->columns, &leg);
}

/* The condition, with the filters that apply. */
static int compile_all(struct piece *out, struct job *job, const struct node *root, const struct sigma_extras *extras)
{
    struct piece condition;
    int rc = compile_detection(&condition, job, root);
    if (rc == 0 && extras != NULL)
        rc = filter_apply(&condition, job, root, extras->filters, extras->filter_count);
    if (rc == 0)
        *out = condition;
    return rc;
}

/*
 * The rule's legs. There is one, or two for process creations where a field is asked for that Security 4688 has in
 * parts: then one is for these alone.
 */
static int compile_legs(struct rule *rule, struct job *job, const struct node *root, const struct sigma_extras *extras)
{
    const uint64_t security = (uint64_t)1 << EVENT_SECURITY_4688 | (uint64_t)1 << EVENT_FORWARDED_4688;
    const struct logsource *source = job->source;
    const struct expr_place place = node_get(root, "logsource")->place;
    const uint64_t others = source->is_process ? source->kinds & ~security : source->kinds;
    struct piece condition;
    job->is_4688 = others == 0;
    int rc = compile_all(&condition, job, root, extras);
    bool is_split = job->has_parts && others != 0 && others != source->kinds;
    if (rc == 0 && source->is_served)
        rc = add_leg(rule, job, &condition, is_split ? others : source->kinds, place);
    if (rc != 0 || !is_split)
        return rc;
    struct notes said = {.arena = job->arena}, *notes = job->notes; /* all was said above */
    job->notes = &said;
    job->is_4688 = true;
    rc = compile_all(&condition, job, root, extras);
    if (rc == 0)
        rc = add_leg(rule, job, &condition, source->kinds & security, place);
    job->notes = notes;
    return rc;
}

int sigma_compile(struct rule *rule, struct columns *columns, const struct node *root,
                  const struct sigma_extras *extras, struct notes *notes)
{
    struct logsource source = {0};
    struct job job = {.arena = rule->arena,
                      .columns = columns,
                      .notes = notes,
                      .source = &source,
                      .placeholders = extras == NULL ? NULL : extras->placeholders};
    if (is_refused(root, notes))
        return -EINVAL;
    int rc = metadata_read(rule, root, notes);
    if (rc != 0)
        return rc;
    if (logsource_read(&source, node_get(root, "logsource"), notes) !=
        0) { /* the detection's mistakes are reported too */
        struct piece condition;
        return compile_detection(&condition, &job, root) == -ENOMEM ? -ENOMEM : -EINVAL;
    }
    rc = compile_legs(rule, &job, root, extras);
    return rc == 0 && !notes_ok(notes) ? -EINVAL : rc;
}
