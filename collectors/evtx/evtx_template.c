#include "collectors/evtx/evtx_template.h"

#include <errno.h>
#include <stdlib.h>

/* Most steps that are kept; real chunks have under 4,000. Beyond, it can't be read. */
#define MAX_STEPS (8u * EVTX_PROGRAM_MAX_STEPS)

void evtx_templates_forget(struct evtx_templates *t)
{
    t->steps.count = 0;
    t->count = 0;
    memset(t->buckets, 0, sizeof(t->buckets));
}

void evtx_templates_trim(struct evtx_templates *t)
{
    if (t->steps.count > MAX_STEPS / 2)
        evtx_templates_forget(t);
}

void evtx_templates_clear(struct evtx_templates *t)
{
    free(t->list);
    free(t->steps.list);
    *t = (struct evtx_templates){0};
}

static bool is_named(struct evtx_chunk chunk, struct evtx_units name, const char *want)
{
    size_t i = 0;
    for (; i < name.count && want[i] != '\0'; i++)
        if (evtx_u16(chunk.bytes + name.at + 2 * i) != (unsigned char)want[i])
            return false;
    return i == name.count && want[i] == '\0';
}

/* The elements that are open while a template is gone through. */
struct path {
    struct evtx_units names[EVTX_MAX_DEPTH + 1];
    size_t depth;
    struct evtx_units attribute;
    bool is_attribute;
};

static bool is_at(const struct path *p, struct evtx_chunk chunk, const char *element, const char *attribute)
{
    if (p->depth != 3 || p->is_attribute != (attribute != NULL) || !is_named(chunk, p->names[0], "Event") ||
        !is_named(chunk, p->names[1], "System") || !is_named(chunk, p->names[2], element))
        return false;
    return attribute == NULL || is_named(chunk, p->attribute, attribute);
}

/* A text or a value stands at the path. */
static void note_source(struct evtx_template *template, const struct path *p, struct evtx_chunk chunk,
                        const struct evtx_step *step)
{
    struct evtx_source source = {step->units, EVTX_NO_NUMBER};
    if (step->kind == EVTX_STEP_SUBSTITUTION)
        source = (struct evtx_source){.number = step->number};
    if (is_at(p, chunk, "Provider", "Name"))
        template->provider = source;
    else if (is_at(p, chunk, "EventID", NULL))
        template->event_id = source;
    else if (is_at(p, chunk, "Channel", NULL))
        template->channel = source;
}

/* Is a text at the path a name, no value of the event's own? */
static bool is_name(const struct path *p, struct evtx_chunk chunk)
{
    if (!p->is_attribute || p->depth == 0)
        return is_at(p, chunk, "Channel", NULL);
    return is_named(chunk, p->attribute, "xmlns") || is_at(p, chunk, "Provider", "Name") ||
           (is_named(chunk, p->attribute, "Name") && is_named(chunk, p->names[p->depth - 1], "Data"));
}

static void note_step(struct evtx_template *template, struct path *p, struct evtx_chunk chunk, struct evtx_step *step,
                      bool *is_in_text)
{
    bool is_text = step->kind == EVTX_STEP_TEXT || step->kind == EVTX_STEP_SUBSTITUTION;
    if ((is_text && *is_in_text) || step->kind == EVTX_STEP_ENTITY || step->kind == EVTX_STEP_INSTANCE)
        template->is_plain = false;
    *is_in_text = is_text;
    step->is_name = step->kind == EVTX_STEP_TEXT && is_name(p, chunk);
    if (is_text)
        note_source(template, p, chunk, step);
    else if (step->kind == EVTX_STEP_ELEMENT && p->depth < EVTX_MAX_DEPTH)
        p->names[p->depth++] = step->units;
    else if (step->kind == EVTX_STEP_ELEMENT_END && p->depth > 0)
        p->depth--;
    if (step->kind == EVTX_STEP_ATTRIBUTE)
        p->attribute = step->units;
    if (!is_text)
        p->is_attribute = step->kind == EVTX_STEP_ATTRIBUTE;
}

/* Finds what the template says of its events. */
static void note(struct evtx_template *template, const struct evtx_templates *t, struct evtx_chunk chunk)
{
    static const struct evtx_source none = {.number = EVTX_NO_NUMBER};
    struct path path = {.depth = 0};
    bool is_in_text = false;
    template->is_plain = true;
    template->provider = template->event_id = template->channel = none;
    for (size_t i = 0; i < template->count; i++)
        note_step(template, &path, chunk, &t->steps.list[template->first + i], &is_in_text);
}

/* The number of a template of the same id: what was in unused space has lost its own, but others may use the same. */
static bool find_twin(size_t *number, const struct evtx_templates *t, uint32_t id)
{
    for (size_t i = t->count; i > 0; i--) {
        if (t->list[i - 1].id != id)
            continue;
        *number = i - 1;
        return true;
    }
    return false;
}

static int reserve(struct evtx_templates *t)
{
    if (t->count < t->room)
        return 0;
    size_t room = t->room == 0 ? 32 : 2 * t->room;
    struct evtx_template *list = realloc(t->list, room * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    t->list = list;
    t->room = room;
    return 0;
}

/* Reads a template that is not yet there. */
static int add(size_t *number, struct evtx_templates *t, struct evtx_chunk chunk, const struct evtx_instance *instance,
               const char **why)
{
    size_t *bucket = &t->buckets[instance->definition / 8 % EVTX_TEMPLATE_BUCKETS];
    struct evtx_template new = {.definition = instance->definition,
                                .id = instance->id,
                                .first = t->steps.count,
                                .has_words = -1,
                                .next = *bucket};
    struct evtx_cursor body;
    int rc = reserve(t);
    if (rc < 0)
        return rc;
    *why =
        t->steps.count > MAX_STEPS ? "its chunk has too many templates" : evtx_definition_read(&body, chunk, instance);
    if (*why == NULL)
        *why = evtx_program_read(&t->steps, &body, chunk, true, &rc);
    if (rc < 0)
        *why = NULL;
    if (rc < 0 || *why != NULL)
        return rc < 0 ? rc : -EBADMSG;
    new.count = t->steps.count - new.first;
    note(&new, t, chunk);
    t->list[t->count++] = new;
    *bucket = t->count;
    *number = t->count - 1;
    return 0;
}

int evtx_templates_find(size_t *number, struct evtx_templates *t, struct evtx_chunk chunk,
                        const struct evtx_instance *instance, bool take_twin, const char **why)
{
    size_t i = t->buckets[instance->definition / 8 % EVTX_TEMPLATE_BUCKETS];
    for (; i > 0; i = t->list[i - 1].next) {
        if (t->list[i - 1].definition != instance->definition || t->list[i - 1].id != instance->id)
            continue;
        *number = i - 1;
        return 0;
    }
    *why = NULL;
    int rc = add(number, t, chunk, instance, why);
    return rc == -EBADMSG && take_twin && find_twin(number, t, instance->id) ? 0 : rc;
}
