#include "collectors/event_xml/event_xml_values.h"
#include "collectors/event_xml/event_xml.h"
#include "detect/event/kinds.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Stands in a value where an element was: U+FFFD. */
#define WORD_PART "\xEF\xBF\xBD"

/*
 * Most bytes that the values of an event have, in a document of size bytes: each comes from a byte of its own
 * (references only shrink), but for a WORD_PART for each start and each end of an element.
 */
#define VALUES_MAX(size) ((size) + 2 * (sizeof(WORD_PART) - 1) * EVENT_XML_MAX_FIELDS)

/* Where a value of System goes: a canonical field, or one of these. */
enum { SYSTEM_EVENT_ID = EVENT_FIELD_COUNT, SYSTEM_RECORD_ID, SYSTEM_TIME, SYSTEM_END };

/* What of System is kept: of an element its text, or up to two of its attributes. */
struct system_element {
    const char *name;
    struct {
        const char *attribute; /* NULL: the text */
        int to;
    } values[2];
    unsigned count;
};

static const struct system_element system_elements[] = {
    {"Provider", {{"Name", EVENT_PROVIDER}}, 1},
    {"EventID", {{NULL, SYSTEM_EVENT_ID}}, 1},
    {"Version", {{NULL, EVENT_VERSION}}, 1},
    {"Level", {{NULL, EVENT_LEVEL}}, 1},
    {"Task", {{NULL, EVENT_TASK}}, 1},
    {"Opcode", {{NULL, EVENT_OPCODE}}, 1},
    {"Keywords", {{NULL, EVENT_KEYWORDS}}, 1},
    {"TimeCreated", {{"SystemTime", SYSTEM_TIME}}, 1},
    {"EventRecordID", {{NULL, SYSTEM_RECORD_ID}}, 1},
    {"Correlation", {{"ActivityID", EVENT_ACTIVITY_ID}}, 1},
    {"Execution", {{"ProcessID", EVENT_LOGGER_PID}, {"ThreadID", EVENT_LOGGER_TID}}, 2},
    {"Channel", {{NULL, EVENT_CHANNEL}}, 1},
    {"Computer", {{NULL, EVENT_COMPUTER}}, 1},
    {"Security", {{"UserID", EVENT_LOGGER_SID}}, 1},
};
#define SYSTEM_COUNT (sizeof(system_elements) / sizeof(system_elements[0]))

/* The element of Event whose descendants are looked at. */
enum part { PART_OTHER, PART_SYSTEM, PART_EVENT_DATA, PART_USER_DATA };

/* Of Data and of System's children: Event is 1. */
#define VALUE_DEPTH 3u

/* Is the event one that is wanted? */
enum wanted { WANTED_UNKNOWN, WANTED_YES, WANTED_NO };

struct event_xml_values {
    char *bytes; /* the kept texts, one after the other */
    size_t size, used;
    struct event_xml_wanted asks;
    struct event event; /* filled as its parts come */
    struct text numbers[SYSTEM_END - EVENT_FIELD_COUNT];
    const struct kinds_entry *entry; /* of the event, once wanted is known */
    enum wanted wanted;
    size_t next_system; /* in system_elements: what comes next if the order is Windows' own */
    size_t next_name;   /* in entry's names, likewise */
    struct text *open;  /* what character data goes to; NULL: nothing */
    unsigned open_depth;
    enum part part;
    bool has_data;    /* something follows System */
    bool has_error;   /* Windows could not apply the event's data to its template */
    bool has_no_time; /* what stands as its time is none */
    size_t data_count;
    struct event_datum *data;
};

int event_xml_values_new(struct event_xml_values **out, const struct event_xml_wanted *asks)
{
    struct event_xml_values *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    v->asks = *asks;
    *out = v;
    return 0;
}

void event_xml_values_free(struct event_xml_values *v)
{
    if (v == NULL)
        return;
    free(v->data);
    free(v->bytes);
    free(v);
}

int event_xml_values_reserve(struct event_xml_values *v, size_t size)
{
    size_t wanted = VALUES_MAX(size);
    if (v->data == NULL && (v->data = malloc(EVENT_XML_MAX_FIELDS * sizeof(*v->data))) == NULL)
        return -ENOMEM;
    if (wanted <= v->size)
        return 0;
    char *bytes = realloc(v->bytes, wanted);
    if (bytes == NULL)
        return -ENOMEM;
    v->bytes = bytes;
    v->size = wanted;
    return 0;
}

void event_xml_values_begin(struct event_xml_values *v)
{
    v->used = 0;
    memset(&v->event, 0, sizeof(v->event));
    memset(v->numbers, 0, sizeof(v->numbers));
    v->entry = NULL;
    v->wanted = WANTED_UNKNOWN;
    v->next_system = v->next_name = v->data_count = 0;
    v->open = NULL;
    v->part = PART_OTHER;
    v->has_data = v->has_error = v->has_no_time = false;
}

static bool is_equal(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* The value of an attribute, or NULL. */
static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (is_equal(attributes[0], name))
            return attributes[1];
    return NULL;
}

static void append(struct event_xml_values *v, struct text *to, const char *bytes, size_t size)
{
    assert(size <= v->size - v->used); /* VALUES_MAX */
    memcpy(v->bytes + v->used, bytes, size);
    v->used += size;
    to->len += size;
}

/* Begins a text; false if it already has begun (the first one counts). */
static bool begin_text(struct event_xml_values *v, struct text *text)
{
    if (text->bytes != NULL)
        return false;
    *text = (struct text){v->bytes + v->used, 0};
    return true;
}

static void open_text(struct event_xml_values *v, struct text *text, unsigned depth)
{
    if (!begin_text(v, text))
        return;
    v->open = text;
    v->open_depth = depth;
}

/* An element inside a value parts words, so that no term is put together that the bytes don't have. */
static void part_words(struct event_xml_values *v)
{
    if (v->open != NULL)
        append(v, v->open, WORD_PART, sizeof(WORD_PART) - 1);
}

/* The name without its namespace prefix, or NULL if it has none. */
static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon == NULL ? NULL : colon + 1;
}

/* Is name, with or without a namespace prefix, the one that is wanted? */
static bool is_local(const char *name, const char *wanted)
{
    const char *local;
    return is_equal(name, wanted) || ((local = local_name(name)) != NULL && is_equal(local, wanted));
}

static struct text *system_target(struct event_xml_values *v, int to)
{
    return to < EVENT_FIELD_COUNT ? &v->event.field[to] : &v->numbers[to - EVENT_FIELD_COUNT];
}

static void set_kind(struct event_xml_values *v)
{
    struct event *e = &v->event;
    e->kind = kinds_kind(v->entry, v->asks.read_from.bytes == NULL ? e->field[EVENT_CHANNEL] : v->asks.read_from);
}

/* By what is known of System: what kind of event is it, and is it wanted? */
static bool is_wanted(struct event_xml_values *v)
{
    struct event *e = &v->event;
    uint64_t id = 0;
    if (v->wanted != WANTED_UNKNOWN)
        return v->wanted == WANTED_YES;
    bool is_event = text_to_number(&id, text_trimmed(*system_target(v, SYSTEM_EVENT_ID))) && id <= UINT32_MAX;
    e->event_id = (uint32_t)id;
    v->entry = is_event ? kinds_find(e->field[EVENT_PROVIDER], e->event_id) : NULL;
    set_kind(v);
    if (is_event)
        is_event = v->asks.wants == NULL ? event_kind_is_process(e->kind) : v->asks.wants(v->asks.context, e);
    v->wanted = is_event ? WANTED_YES : WANTED_NO;
    return is_event;
}

/* Begins a datum of that name (NULL: it has none) and its text. */
static void open_datum(struct event_xml_values *v, const char *name, unsigned depth)
{
    if (v->data_count == EVENT_XML_MAX_FIELDS) /* which no reader lets an event have */
        return;
    struct event_datum *datum = &v->data[v->data_count++];
    *datum = (struct event_datum){{NULL, 0}, {NULL, 0}};
    if (name != NULL && v->entry != NULL && v->next_name < v->entry->name_count &&
        is_equal(v->entry->names[v->next_name].name.bytes, name)) {
        datum->name = v->entry->names[v->next_name++].name; /* as expected: no copy */
    } else if (name != NULL) {
        (void)begin_text(v, &datum->name);
        append(v, &datum->name, name, strlen(name));
    }
    open_text(v, &datum->value, depth);
}

static void start_event_data(struct event_xml_values *v, const char *name, const char **attributes)
{
    if (is_local(name, "Data") || is_local(name, "ComplexData"))
        open_datum(v, attribute(attributes, "Name"), VALUE_DEPTH);
    else if (is_local(name, "Binary"))
        open_datum(v, "Binary", VALUE_DEPTH);
}

/* An element of UserData: a datum, if none turns out to be inside it. */
static void start_user_data(struct event_xml_values *v, unsigned depth, const char *name)
{
    if (v->open != NULL) { /* the one around it is no datum: what it has is forgotten */
        v->open = NULL;
        v->data_count--;
    }
    const char *local = local_name(name);
    open_datum(v, local == NULL ? name : local, depth);
}

static void start_system(struct event_xml_values *v, const char *name, const char **attributes)
{
    for (size_t i = 0; i < SYSTEM_COUNT; i++) {
        size_t at = (v->next_system + i) % SYSTEM_COUNT;
        const struct system_element *s = &system_elements[at];
        if (!is_local(name, s->name))
            continue;
        v->next_system = at + 1;
        for (unsigned k = 0; k < s->count; k++) {
            struct text *to = system_target(v, s->values[k].to);
            const char *value = s->values[k].attribute == NULL ? NULL : attribute(attributes, s->values[k].attribute);
            if (s->values[k].attribute == NULL)
                open_text(v, to, VALUE_DEPTH);
            else if (value != NULL && begin_text(v, to))
                append(v, to, value, strlen(value));
        }
        return;
    }
}

static enum part part_of(const char *name)
{
    return is_local(name, "System")      ? PART_SYSTEM
           : is_local(name, "EventData") ? PART_EVENT_DATA
           : is_local(name, "UserData")  ? PART_USER_DATA
                                         : PART_OTHER;
}

/*
 * A child of Event begins. What is not wanted is not looked at. System comes first; in a file where it does not, all
 * data are kept until it is known whose they are.
 */
static void start_part(struct event_xml_values *v, const char *name)
{
    v->part = part_of(name);
    v->has_data = v->has_data || v->part != PART_SYSTEM;
    v->has_error = v->has_error || is_local(name, "ProcessingErrorData") || is_local(name, "BinaryEventData");
    if (v->part == PART_OTHER || v->part == PART_SYSTEM)
        return;
    bool is_known = v->event.field[EVENT_PROVIDER].bytes != NULL && system_target(v, SYSTEM_EVENT_ID)->bytes != NULL;
    if (is_known && !is_wanted(v))
        v->part = PART_OTHER;
    if (v->part == PART_USER_DATA && v->entry != NULL &&
        v->entry->name_count > 0) /* its names are those of EventData */
        v->part = PART_OTHER;
}

void event_xml_values_start(struct event_xml_values *v, unsigned depth, const char *name, const char **attributes)
{
    if (depth == 2)
        start_part(v, name);
    else if (v->part == PART_USER_DATA && depth >= VALUE_DEPTH)
        start_user_data(v, depth, name);
    else if (depth > VALUE_DEPTH)
        part_words(v);
    else if (v->part == PART_EVENT_DATA && depth == VALUE_DEPTH)
        start_event_data(v, name, attributes);
    else if (v->part == PART_SYSTEM && depth == VALUE_DEPTH)
        start_system(v, name, attributes);
}

void event_xml_values_text(struct event_xml_values *v, const char *bytes, size_t size)
{
    if (v->open != NULL)
        append(v, v->open, bytes, size);
}

void event_xml_values_end(struct event_xml_values *v, unsigned depth)
{
    if (v->open != NULL && depth == v->open_depth)
        v->open = NULL;
    part_words(v);
}

bool event_xml_values_take(struct event *event, struct event_xml_values *v)
{
    struct event *e = &v->event;
    if (!is_wanted(v))
        return false;
    set_kind(v); /* parts of System may have come since */
    e->has_record_id = text_to_number(&e->record_id, text_trimmed(*system_target(v, SYSTEM_RECORD_ID)));
    struct text time = text_trimmed(*system_target(v, SYSTEM_TIME));
    v->has_no_time = !event_time_parse(&e->time, time) && time.len > 0; /* stays 0 if it is no time */
    e->data = v->data;
    e->data_count = v->data_count;
    kinds_fill(e, v->entry);
    *event = *e;
    return true;
}

const char *event_xml_values_fault(const struct event_xml_values *v)
{
    bool is_process = event_kind_is_process(v->event.kind);
    if (v->has_no_time)
        return "its time is not understood: TimeCreated wants 2024-05-06T07:08:09Z, or with an offset for Z";
    if (is_process && v->has_error)
        return "its data do not fit their template: it holds them as bytes alone";
    return is_process && !v->has_data ? "it has no data" : NULL;
}
