#include "collectors/evtx/evtx_tree.h"

#include <errno.h>
#include <stdlib.h>

/* Most nodes of one record: its elements and attributes, and as many values and ends. */
#define MAX_NODES 16384u

/* Most bytes of all values of one record: a value may be substituted more than once, but no template that is seen does
 * so with a large one. A record has 64 KiB. */
#define MAX_BYTES (1024u * 1024u)

/* Deepest nesting of binary XML in binary XML: Windows writes one level. */
#define MAX_NESTING 8u

/* Most steps taken and values looked at for one record: what nests without giving anything ends here. */
#define MAX_WORK 1000000u

static const char too_much[] = "its binary XML is too complex";

/* A value that a template is filled with. */
struct value {
    uint8_t type;
    uint16_t size;
    uint32_t at;
};

struct evtx_tree {
    struct evtx_chunk chunk;
    struct evtx_templates templates;
    struct evtx_steps own; /* of what has no template, nested ones after one another */
    struct value *values;  /* of the instances that are being read, nested ones after one another */
    size_t value_count, value_room;
    struct evtx_node *nodes;
    size_t count, room;
    size_t bytes, work, fields;
    unsigned depth, nesting;
    bool is_recovered; /* the record */
    const char *why;
};

/* A program and what it is filled with; indices, as the lists may move. */
struct run {
    const struct evtx_steps *steps;
    size_t first;
    size_t values, value_count;
};

int evtx_tree_new(struct evtx_tree **out)
{
    struct evtx_tree *tree = calloc(1, sizeof(*tree));
    if (tree == NULL)
        return -ENOMEM;
    *out = tree;
    return 0;
}

void evtx_tree_free(struct evtx_tree *tree)
{
    if (tree == NULL)
        return;
    free(tree->nodes);
    free(tree->values);
    free(tree->own.list);
    evtx_templates_clear(&tree->templates);
    free(tree);
}

void evtx_tree_chunk(struct evtx_tree *tree, struct evtx_chunk chunk)
{
    tree->chunk = chunk;
    evtx_templates_forget(&tree->templates);
}

struct evtx_templates *evtx_tree_templates(struct evtx_tree *tree)
{
    return &tree->templates;
}

static int bad(struct evtx_tree *t, const char *why)
{
    t->why = why;
    return -EBADMSG;
}

/* Doubles a list of *room items of size bytes if count fill it. */
static int grow(void **list, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return 0;
    size_t wanted = *room == 0 ? 128 : 2 * *room;
    void *grown = realloc(*list, wanted * size);
    if (grown == NULL)
        return -ENOMEM;
    *list = grown;
    *room = wanted;
    return 0;
}

static int add_node(struct evtx_tree *t, enum evtx_node_kind kind, unsigned type, const unsigned char *bytes,
                    size_t size)
{
    t->fields += kind == EVTX_NODE_ELEMENT || kind == EVTX_NODE_ATTRIBUTE;
    if (t->count == MAX_NODES || t->fields > EVTX_MAX_FIELDS)
        return bad(t, "it has too many elements");
    if (t->count == t->room) {
        void *nodes = t->nodes;
        int rc = grow(&nodes, &t->room, t->count, sizeof(*t->nodes));
        t->nodes = nodes;
        if (rc < 0)
            return rc;
    }
    t->bytes += kind == EVTX_NODE_VALUE ? size : 0;
    if (t->bytes > MAX_BYTES)
        return bad(t, "its values are too long");
    t->nodes[t->count++] = (struct evtx_node){(uint8_t)kind, (uint8_t)type, (uint16_t)t->depth, (uint32_t)size, bytes};
    return 0;
}

static int add_units(struct evtx_tree *t, enum evtx_node_kind kind, struct evtx_units units)
{
    return add_node(t, kind, EVTX_STRING, t->chunk.bytes + units.at, 2u * (size_t)units.count);
}

/* The entities that XML itself has; all others are read as U+FFFD. */
static int add_entity(struct evtx_tree *t, struct evtx_units name)
{
    static const struct {
        const char *name;
        unsigned char unit[2];
    } entities[] = {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
    static const unsigned char unknown[2] = {0xFD, 0xFF};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        size_t length = strlen(entities[i].name), at = 0;
        while (at < length && name.count == length &&
               evtx_u16(t->chunk.bytes + name.at + 2 * at) == (unsigned char)entities[i].name[at])
            at++;
        if (at == length && name.count == length)
            return add_node(t, EVTX_NODE_VALUE, EVTX_STRING, entities[i].unit, 2);
    }
    return add_node(t, EVTX_NODE_VALUE, EVTX_STRING, unknown, 2);
}

static int read_fragment(struct evtx_tree *t, size_t at, size_t end);

/* Bytes of one item of an array; 0: its items are texts with a NUL after each. Source: libyal's documentation, "Array
 * values". */
static size_t item_size(unsigned type)
{
    switch (type) {
    case EVTX_INT8:
    case EVTX_UINT8:
        return 1;
    case EVTX_INT16:
    case EVTX_UINT16:
        return 2;
    case EVTX_INT32:
    case EVTX_UINT32:
    case EVTX_REAL32:
    case EVTX_BOOL:
    case EVTX_HEX32:
        return 4;
    case EVTX_INT64:
    case EVTX_UINT64:
    case EVTX_REAL64:
    case EVTX_FILETIME:
    case EVTX_HEX64:
    case EVTX_SIZE:
        return 8;
    case EVTX_GUID:
    case EVTX_SYSTEMTIME:
        return 16;
    default:
        return 0;
    }
}

/* Length of the item at the front of an array's rest, its NUL left out, and *next: bytes to the one after it. */
static size_t text_item(const unsigned char *bytes, size_t size, size_t width, size_t *next)
{
    size_t at = 0;
    while (size - at >= width && (bytes[at] != 0 || (width == 2 && bytes[at + 1] != 0)))
        at += width;
    *next = size - at >= width ? at + width : size;
    return at;
}

/* Moves item to the array's next item, which begins at *at. False: there is none. */
static bool next_item(struct value *item, const struct evtx_tree *t, const struct value *array, size_t *at)
{
    unsigned type = array->type & ~(unsigned)EVTX_ARRAY;
    size_t left = array->size - *at, width = item_size(type), next = width;
    if (left == 0)
        return false;
    const unsigned char *bytes = t->chunk.bytes + array->at + *at;
    if (type == EVTX_SID && left >= 2)
        width = next = 8 + 4 * (size_t)bytes[1];
    else if (width == 0)
        width = text_item(bytes, left, type == EVTX_ANSI_STRING ? 1 : 2, &next);
    if (next > left)
        width = next = left; /* too short for its type, which shows in its text */
    *item = (struct value){(uint8_t)type, (uint16_t)width, array->at + (uint32_t)*at};
    *at += next;
    return true;
}

static int add_value(struct evtx_tree *t, const struct value *value)
{
    if (value->type == EVTX_NULL || value->size == 0)
        return 0;
    if (value->type == EVTX_XML)
        return read_fragment(t, value->at, value->at + (size_t)value->size);
    if ((value->type & EVTX_ARRAY) == 0)
        return add_node(t, EVTX_NODE_VALUE, value->type, t->chunk.bytes + value->at, value->size);
    static const unsigned char blank[2] = {' ', 0};
    struct value item;
    size_t at = 0;
    int rc = 0;
    for (bool is_first = true; rc == 0 && next_item(&item, t, value, &at); is_first = false) {
        if (!is_first)
            rc = add_node(t, EVTX_NODE_VALUE, EVTX_STRING, blank, 2);
        if (rc == 0 && item.size > 0)
            rc = add_node(t, EVTX_NODE_VALUE, item.type, t->chunk.bytes + item.at, item.size);
    }
    return rc;
}

/* The value of this number; one that is not there is as NULL. */
static struct value value_of(const struct evtx_tree *t, const struct run *run, unsigned number)
{
    if (number >= run->value_count)
        return (struct value){.type = EVTX_NULL};
    return t->values[run->values + number];
}

static bool is_null(const struct evtx_tree *t, const struct run *run, unsigned number)
{
    return number != EVTX_NO_NUMBER && value_of(t, run, number).type == EVTX_NULL;
}

/* What stands for the value of this number while an array is gone through. */
struct item {
    struct value value;
    unsigned number;
};

static int run_steps(struct evtx_tree *t, const struct run *run, size_t from, size_t to, const struct item *item);
static int read_instance(struct evtx_tree *t, struct evtx_cursor *cursor);

/* An element whose content is an array stands once for each of its items (seen: the strings of classic events). Returns
 * 1: it was such a one. */
static int run_array(struct evtx_tree *t, const struct run *run, size_t from, const struct item *outer)
{
    struct evtx_step element = run->steps->list[run->first + from];
    struct value array = value_of(t, run, element.only);
    struct item item = {.number = element.only};
    size_t at = 0;
    int rc = 0;
    if (outer != NULL || element.only == EVTX_NO_NUMBER || (array.type & EVTX_ARRAY) == 0 || array.size == 0)
        return 0;
    while (rc == 0 && next_item(&item.value, t, &array, &at))
        rc = run_steps(t, run, from, element.end, &item);
    return rc < 0 ? rc : 1;
}

static int run_element(struct evtx_tree *t, const struct run *run, size_t *i, const struct item *item)
{
    struct evtx_step element = run->steps->list[run->first + *i];
    int rc = is_null(t, run, element.number) ? 1 : run_array(t, run, *i, item);
    *i = rc != 0 ? element.end : *i + 1;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (t->depth == EVTX_MAX_DEPTH)
        return bad(t, "elements are nested too deep");
    t->depth++;
    return add_units(t, EVTX_NODE_ELEMENT, element.units);
}

static int run_attribute(struct evtx_tree *t, const struct run *run, size_t *i)
{
    const struct evtx_step *attribute = &run->steps->list[run->first + *i];
    if (attribute->only != EVTX_NO_NUMBER && attribute[1].is_optional && is_null(t, run, attribute->only)) {
        *i = attribute->end;
        return 0;
    }
    ++*i;
    return add_units(t, EVTX_NODE_ATTRIBUTE, attribute->units);
}

static int run_other(struct evtx_tree *t, const struct run *run, const struct evtx_step *step, const struct item *item)
{
    struct evtx_cursor cursor = {t->chunk.bytes, step->units.at, t->chunk.size};
    struct value value;
    int rc;
    switch (step->kind) {
    case EVTX_STEP_CONTENT:
        return add_node(t, EVTX_NODE_CONTENT, 0, NULL, 0);
    case EVTX_STEP_TEXT:
        return step->units.count == 0 ? 0 : add_units(t, EVTX_NODE_VALUE, step->units);
    case EVTX_STEP_ENTITY:
        return add_entity(t, step->units);
    case EVTX_STEP_SUBSTITUTION:
        value = item != NULL && item->number == step->number ? item->value : value_of(t, run, step->number);
        return add_value(t, &value);
    case EVTX_STEP_INSTANCE:
        return read_instance(t, &cursor);
    default: /* EVTX_STEP_ELEMENT_END */
        rc = add_node(t, EVTX_NODE_ELEMENT_END, 0, NULL, 0);
        t->depth--;
        return rc;
    }
}

/* The steps from..to-1 of a program. */
static int run_steps(struct evtx_tree *t, const struct run *run, size_t from, size_t to, const struct item *item)
{
    int rc = 0;
    for (size_t i = from; rc == 0 && i < to;) {
        struct evtx_step step = run->steps->list[run->first + i];
        if (++t->work > MAX_WORK)
            return bad(t, too_much);
        if (step.kind == EVTX_STEP_ELEMENT) {
            rc = run_element(t, run, &i, i == from ? item : NULL);
        } else if (step.kind == EVTX_STEP_ATTRIBUTE) {
            rc = run_attribute(t, run, &i);
        } else {
            rc = run_other(t, run, &step, item);
            i++;
        }
    }
    return rc;
}

/* Puts the instance's values after those of the outer ones. */
static int push_values(struct evtx_tree *t, const struct evtx_instance *instance)
{
    size_t at = instance->values;
    t->work += instance->count;
    for (size_t i = 0; i < instance->count; i++) {
        const unsigned char *type = t->chunk.bytes + instance->types + 4 * i;
        if (t->value_count == t->value_room) {
            void *values = t->values;
            int rc = grow(&values, &t->value_room, t->value_count, sizeof(*t->values));
            t->values = values;
            if (rc < 0)
                return rc;
        }
        t->values[t->value_count++] = (struct value){type[2], evtx_u16(type), (uint32_t)at};
        at += evtx_u16(type);
    }
    return 0;
}

/* The instance whose token is at the cursor. */
static int read_instance(struct evtx_tree *t, struct evtx_cursor *cursor)
{
    struct evtx_instance instance;
    struct evtx_template template;
    size_t number;
    const char *why = evtx_instance_read(&instance, cursor);
    if (why != NULL)
        return bad(t, why);
    int rc = evtx_templates_find(&number, &t->templates, t->chunk, &instance, t->is_recovered, &why);
    if (rc < 0)
        return why != NULL ? bad(t, why) : rc;
    template = t->templates.list[number];
    struct run run = {&t->templates.steps, template.first, t->value_count, instance.count};
    if (t->nesting == MAX_NESTING)
        return bad(t, "binary XML is nested too deep");
    t->nesting++;
    rc = push_values(t, &instance);
    if (rc == 0)
        rc = run_steps(t, &run, 0, template.count, NULL);
    t->value_count = run.values;
    t->nesting--;
    return rc;
}

/* An element without a template. */
static int read_own(struct evtx_tree *t, struct evtx_cursor *cursor)
{
    struct run run = {.steps = &t->own, .first = t->own.count};
    int rc = 0;
    t->work += cursor->end - cursor->at;
    if (t->work > MAX_WORK)
        return bad(t, too_much);
    const char *why = evtx_program_read(&t->own, cursor, t->chunk, false, &rc);
    if (why != NULL)
        return rc < 0 ? rc : bad(t, why);
    rc = run_steps(t, &run, 0, t->own.count - run.first, NULL);
    t->own.count = run.first;
    return rc;
}

/* Binary XML as a record holds it, or a value of it. */
static int read_fragment(struct evtx_tree *t, size_t at, size_t end)
{
    struct evtx_cursor cursor = {t->chunk.bytes, at, end};
    int rc = 0;
    while (rc == 0 && cursor.at < cursor.end) {
        switch (cursor.bytes[cursor.at] & ~(unsigned)EVTX_TOKEN_MORE) {
        case EVTX_TOKEN_END:
            return 0;
        case EVTX_TOKEN_FRAGMENT:
            cursor.at += 4;
            break;
        case EVTX_TOKEN_INSTANCE:
            rc = read_instance(t, &cursor);
            break;
        default:
            rc = read_own(t, &cursor);
        }
    }
    return rc;
}

int evtx_tree_read(const struct evtx_node **nodes, size_t *count, struct evtx_tree *tree,
                   const struct evtx_record *record, const char **why)
{
    tree->own.count = tree->value_count = tree->count = tree->bytes = tree->work = tree->fields = 0;
    tree->depth = tree->nesting = 0;
    tree->is_recovered = record->is_recovered;
    evtx_templates_trim(&tree->templates);
    int rc = read_fragment(tree, record->offset + EVTX_RECORD_HEADER_SIZE, record->offset + record->size - 4);
    if (rc == 0 && (tree->count == 0 || tree->nodes[0].kind != EVTX_NODE_ELEMENT))
        rc = bad(tree, "it holds no element");
    *why = rc == -EBADMSG ? tree->why : NULL;
    if (rc < 0)
        return rc;
    *nodes = tree->nodes;
    *count = tree->count;
    return 0;
}
