#include "collectors/evtx/evtx_program.h"

#include <errno.h>
#include <stdlib.h>

#define DEFINITION_HEADER 24u /* offset of the next one, GUID, size */
#define NAME_HEADER 8u        /* offset of the next one, hash, units */

static const char too_short[] = "its binary XML breaks off";

/* A program that is being read. */
struct reading {
    struct evtx_steps *steps;
    struct evtx_cursor *cursor;
    struct evtx_chunk chunk;
    bool is_template;
    size_t first;                   /* step of the program */
    size_t open[EVTX_MAX_DEPTH];    /* the steps of the elements that have begun */
    size_t content[EVTX_MAX_DEPTH]; /* where the content of each begins; 0: its tag has not yet ended */
    size_t depth;
    size_t attribute; /* the open attribute's step, or none */
    const char *why;
    int error;
};

#define NONE SIZE_MAX

static bool fail(struct reading *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return false;
}

/* Are size bytes left at the cursor? */
static bool has(const struct evtx_cursor *c, size_t size)
{
    return c->at <= c->end && c->end - c->at >= size;
}

static bool take_u8(struct reading *r, unsigned *value)
{
    if (!has(r->cursor, 1))
        return fail(r, too_short);
    *value = r->cursor->bytes[r->cursor->at++];
    return true;
}

static bool take_u16(struct reading *r, uint16_t *value)
{
    if (!has(r->cursor, 2))
        return fail(r, too_short);
    *value = evtx_u16(r->cursor->bytes + r->cursor->at);
    r->cursor->at += 2;
    return true;
}

static bool take_u32(struct reading *r, uint32_t *value)
{
    if (!has(r->cursor, 4))
        return fail(r, too_short);
    *value = evtx_u32(r->cursor->bytes + r->cursor->at);
    r->cursor->at += 4;
    return true;
}

/* A name is stored where it stands first in the chunk, which may be right here. */
static bool take_name(struct reading *r, struct evtx_units *name)
{
    uint32_t at = 0;
    if (!take_u32(r, &at))
        return false;
    if (at > r->chunk.size || r->chunk.size - at < NAME_HEADER)
        return fail(r, "a name lies outside of its chunk");
    *name = (struct evtx_units){at + NAME_HEADER, evtx_u16(r->chunk.bytes + at + 6)};
    if (r->chunk.size - name->at < 2u * name->count)
        return fail(r, "a name lies outside of its chunk");
    if (at != r->cursor->at)
        return true;
    size_t size = NAME_HEADER + 2u * name->count + 2u; /* with its NUL */
    if (!has(r->cursor, size))
        return fail(r, too_short);
    r->cursor->at += size;
    return true;
}

/* Text with its length before it. */
static bool take_units(struct reading *r, struct evtx_units *units)
{
    uint16_t count = 0;
    if (!take_u16(r, &count))
        return false;
    if (!has(r->cursor, 2u * (size_t)count))
        return fail(r, too_short);
    *units = (struct evtx_units){(uint32_t)r->cursor->at, count};
    r->cursor->at += 2u * (size_t)count;
    return true;
}

/* Appends a step; NULL: there is no room for it. */
static struct evtx_step *add(struct reading *r, enum evtx_step_kind kind)
{
    struct evtx_steps *s = r->steps;
    if (s->count - r->first >= EVTX_PROGRAM_MAX_STEPS) {
        (void)fail(r, "it has too many elements");
        return NULL;
    }
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 256 : 2 * s->room;
        struct evtx_step *list = realloc(s->list, room * sizeof(*list));
        if (list == NULL) {
            r->error = -ENOMEM;
            (void)fail(r, "memory");
            return NULL;
        }
        s->list = list;
        s->room = room;
    }
    struct evtx_step *step = &s->list[s->count++];
    *step = (struct evtx_step){.kind = (uint8_t)kind, .number = EVTX_NO_NUMBER, .only = EVTX_NO_NUMBER};
    return step;
}

static struct evtx_step *step_at(const struct reading *r, size_t step)
{
    return &r->steps->list[step];
}

/* The element or attribute at step ends here. content: where its content begins; is that one value alone? */
static void close(struct reading *r, size_t step, size_t content)
{
    struct evtx_step *s = step_at(r, step);
    s->end = (uint32_t)(r->steps->count - r->first);
    if (content + 1 == r->steps->count && step_at(r, content)->kind == EVTX_STEP_SUBSTITUTION)
        s->only = step_at(r, content)->number;
}

static void end_attribute(struct reading *r)
{
    if (r->attribute != NONE)
        close(r, r->attribute, r->attribute + 1);
    r->attribute = NONE;
}

/* The start tag of the open element ends. */
static bool begin_content(struct reading *r)
{
    end_attribute(r);
    if (r->depth == 0 || r->content[r->depth - 1] > 0)
        return fail(r, "a tag ends that has not begun");
    if (add(r, EVTX_STEP_CONTENT) == NULL)
        return false;
    r->content[r->depth - 1] = r->steps->count;
    return true;
}

static bool end_element(struct reading *r)
{
    if (r->depth == 0)
        return fail(r, "an element ends that has not begun");
    size_t step = r->open[--r->depth];
    if (r->content[r->depth] == 0)
        return fail(r, "an element ends in its own tag");
    close(r, step, r->content[r->depth]);
    if (add(r, EVTX_STEP_ELEMENT_END) == NULL)
        return false;
    step_at(r, step)->end++;
    return true;
}

static bool begin_element(struct reading *r, bool has_attributes)
{
    uint16_t needs = EVTX_NO_NUMBER;
    uint32_t size;
    struct evtx_units name;
    /* Only elements of templates name a value that they hang on (MS-EVEN6 section 2.2.12.2, "DependencyId"). */
    if ((r->is_template && !take_u16(r, &needs)) || !take_u32(r, &size) || !take_name(r, &name) ||
        (has_attributes && !take_u32(r, &size)))
        return false;
    if (r->depth == EVTX_MAX_DEPTH)
        return fail(r, "elements are nested too deep");
    if (r->depth > 0 && r->content[r->depth - 1] == 0)
        return fail(r, "an element begins in another one's tag");
    r->content[r->depth] = 0;
    r->open[r->depth++] = r->steps->count;
    struct evtx_step *step = add(r, EVTX_STEP_ELEMENT);
    if (step == NULL)
        return false;
    step->number = needs;
    step->units = name;
    return true;
}

static bool add_units(struct reading *r, enum evtx_step_kind kind, struct evtx_units units)
{
    struct evtx_step *step = add(r, kind);
    if (step != NULL)
        step->units = units;
    return step != NULL;
}

static bool take_attribute(struct reading *r)
{
    struct evtx_units name;
    if (r->depth == 0 || r->content[r->depth - 1] > 0)
        return fail(r, "an attribute stands outside of a tag");
    end_attribute(r);
    if (!take_name(r, &name))
        return false;
    r->attribute = r->steps->count;
    return add_units(r, EVTX_STEP_ATTRIBUTE, name);
}

/* Text that stands in the binary XML itself is always a string (MS-EVEN6 section 2.2.12.3, "ValueText"). */
static bool take_text(struct reading *r)
{
    unsigned type;
    struct evtx_units units;
    if (!take_u8(r, &type))
        return false;
    if (type != EVTX_STRING)
        return fail(r, "a text is of another type than a string");
    return take_units(r, &units) && add_units(r, EVTX_STEP_TEXT, units);
}

static bool take_substitution(struct reading *r, bool is_optional)
{
    uint16_t number;
    unsigned type; /* that of the value itself counts */
    if (!take_u16(r, &number) || !take_u8(r, &type))
        return false;
    struct evtx_step *step = add(r, EVTX_STEP_SUBSTITUTION);
    if (step == NULL)
        return false;
    step->number = number;
    step->is_optional = is_optional;
    return true;
}

static bool take_instance(struct reading *r)
{
    struct evtx_instance instance;
    struct evtx_units units = {(uint32_t)--r->cursor->at, 0};
    const char *why = evtx_instance_read(&instance, r->cursor);
    return why == NULL ? add_units(r, EVTX_STEP_INSTANCE, units) : fail(r, why);
}

/* Processing instructions say nothing: they are read over. */
static bool take_other(struct reading *r, unsigned token)
{
    struct evtx_units units;
    uint16_t unit;
    switch (token) {
    case EVTX_TOKEN_CDATA:
        return take_units(r, &units) && add_units(r, EVTX_STEP_TEXT, units);
    case EVTX_TOKEN_CHARACTER: /* one UTF-16 unit */
        units = (struct evtx_units){(uint32_t)r->cursor->at, 1};
        return take_u16(r, &unit) && add_units(r, EVTX_STEP_TEXT, units);
    case EVTX_TOKEN_ENTITY:
        return take_name(r, &units) && add_units(r, EVTX_STEP_ENTITY, units);
    case EVTX_TOKEN_PI_TARGET:
        return take_name(r, &units);
    case EVTX_TOKEN_PI_DATA:
        return take_units(r, &units);
    case EVTX_TOKEN_FRAGMENT:
        if (!has(r->cursor, 3))
            return fail(r, too_short);
        r->cursor->at += 3;
        return true;
    default:
        return fail(r, "its binary XML has an unknown token");
    }
}

static bool take_token(struct reading *r, unsigned token)
{
    switch (token & ~(unsigned)EVTX_TOKEN_MORE) {
    case EVTX_TOKEN_ELEMENT:
        end_attribute(r);
        return begin_element(r, (token & EVTX_TOKEN_MORE) != 0);
    case EVTX_TOKEN_CONTENT:
        return begin_content(r);
    case EVTX_TOKEN_EMPTY:
        return begin_content(r) && end_element(r);
    case EVTX_TOKEN_ELEMENT_END:
        return end_element(r);
    case EVTX_TOKEN_ATTRIBUTE:
        return take_attribute(r);
    case EVTX_TOKEN_TEXT:
        return take_text(r);
    case EVTX_TOKEN_SUBSTITUTION:
    case EVTX_TOKEN_OPTIONAL:
        return take_substitution(r, token == EVTX_TOKEN_OPTIONAL);
    case EVTX_TOKEN_INSTANCE:
        return take_instance(r);
    default:
        return take_other(r, token & ~(unsigned)EVTX_TOKEN_MORE);
    }
}

const char *evtx_program_read(struct evtx_steps *steps, struct evtx_cursor *cursor, struct evtx_chunk chunk,
                              bool is_template, int *error)
{
    struct reading r = {.steps = steps,
                        .cursor = cursor,
                        .chunk = chunk,
                        .is_template = is_template,
                        .first = steps->count,
                        .attribute = NONE};
    unsigned token;
    do {
        if (is_template && r.depth == 0 && cursor->at == cursor->end && steps->count > r.first)
            break; /* its end is not marked */
        if (!take_u8(&r, &token) || token == EVTX_TOKEN_END || !take_token(&r, token))
            break;
    } while (is_template || r.depth > 0);
    if (r.why == NULL && (r.depth > 0 || steps->count == r.first))
        r.why = too_short;
    if (r.why != NULL)
        steps->count = r.first;
    *error = r.error;
    return r.why;
}

const char *evtx_instance_read(struct evtx_instance *out, struct evtx_cursor *cursor)
{
    struct evtx_cursor c = *cursor;
    if (!has(&c, 10))
        return too_short;
    out->id = evtx_u32(c.bytes + c.at + 2);
    out->definition = evtx_u32(c.bytes + c.at + 6);
    c.at += 10;
    if (out->definition == c.at) { /* it stands here, as it is used for the first time */
        if (!has(&c, DEFINITION_HEADER))
            return too_short;
        size_t size = evtx_u32(c.bytes + c.at + 20);
        c.at += DEFINITION_HEADER;
        if (!has(&c, size))
            return too_short;
        c.at += size;
    }
    if (!has(&c, 4))
        return too_short;
    out->count = evtx_u32(c.bytes + c.at);
    out->types = c.at + 4;
    c.at += 4;
    if (out->count > (c.end - c.at) / 4)
        return too_short;
    out->values = c.at = out->types + 4 * out->count;
    for (size_t i = 0; i < out->count; i++)
        c.at += evtx_u16(c.bytes + out->types + 4 * i);
    if (c.at > c.end)
        return too_short;
    cursor->at = c.at;
    return NULL;
}

const char *evtx_definition_read(struct evtx_cursor *body, struct evtx_chunk chunk,
                                 const struct evtx_instance *instance)
{
    size_t at = instance->definition;
    if (at > chunk.size || chunk.size - at < DEFINITION_HEADER)
        return "its template lies outside of its chunk";
    size_t size = evtx_u32(chunk.bytes + at + 20);
    if (evtx_u32(chunk.bytes + at + 4) != instance->id || size > chunk.size - at - DEFINITION_HEADER)
        return "its template was overwritten";
    *body = (struct evtx_cursor){chunk.bytes, at + DEFINITION_HEADER, at + DEFINITION_HEADER + size};
    return NULL;
}
