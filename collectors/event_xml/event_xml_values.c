#include "collectors/event_xml/event_xml_values.h"
#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_kind.h"

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

/* What is kept of an event, by the names that the logs use. */
enum slot {
    SLOT_PROVIDER,
    SLOT_TIME,
    SLOT_EVENT_ID,
    SLOT_RECORD_ID,
    SLOT_CHANNEL,
    SLOT_COMPUTER,
    SLOT_COMMAND_LINE,
    SLOT_NEW_PROCESS_NAME,
    SLOT_NEW_PROCESS_ID,
    SLOT_PROCESS_ID,
    SLOT_SUBJECT_SID,
    SLOT_SUBJECT_NAME,
    SLOT_SUBJECT_DOMAIN,
    SLOT_SUBJECT_LOGON_ID,
    SLOT_TARGET_SID,
    SLOT_TARGET_NAME,
    SLOT_TARGET_DOMAIN,
    SLOT_PARENT_PROCESS_NAME,
    SLOT_IMAGE,
    SLOT_PROCESS_GUID,
    SLOT_USER,
    SLOT_LOGON_ID,
    SLOT_PARENT_IMAGE,
    SLOT_PARENT_COMMAND_LINE,
    SLOT_PARENT_USER,
    SLOT_PARENT_GUID,
    SLOT_PARENT_PROCESS_ID,
    SLOT_COUNT
};

struct slot_name {
    const char *name;
    enum slot slot;
};

/* Elements of System. */
static const struct slot_name system_names[] = {
    {"Provider", SLOT_PROVIDER}, {"EventID", SLOT_EVENT_ID},
    {"TimeCreated", SLOT_TIME},  {"EventRecordID", SLOT_RECORD_ID},
    {"Channel", SLOT_CHANNEL},   {"Computer", SLOT_COMPUTER},
    {NULL, SLOT_COUNT},
};

/* Data of EventData by Name, found by the name's length. Source: docs/event-xml.md. */
#define DATA_NAME_MAX 17
static const struct slot_name data_names[DATA_NAME_MAX + 1][5] = {
    [4] = {{"User", SLOT_USER}},
    [5] = {{"Image", SLOT_IMAGE}},
    [7] = {{"LogonId", SLOT_LOGON_ID}},
    [9] = {{"ProcessId", SLOT_PROCESS_ID}},
    [10] = {{"ParentUser", SLOT_PARENT_USER}},
    [11] = {{"CommandLine", SLOT_COMMAND_LINE}, {"ProcessGuid", SLOT_PROCESS_GUID}, {"ParentImage", SLOT_PARENT_IMAGE}},
    [12] = {{"NewProcessId", SLOT_NEW_PROCESS_ID}},
    [13] = {{"TargetUserSid", SLOT_TARGET_SID}},
    [14] = {{"NewProcessName", SLOT_NEW_PROCESS_NAME},
            {"SubjectUserSid", SLOT_SUBJECT_SID},
            {"SubjectLogonId", SLOT_SUBJECT_LOGON_ID},
            {"TargetUserName", SLOT_TARGET_NAME}},
    [15] = {{"SubjectUserName", SLOT_SUBJECT_NAME}, {"ParentProcessId", SLOT_PARENT_PROCESS_ID}},
    [16] = {{"TargetDomainName", SLOT_TARGET_DOMAIN}},
    [17] = {{"SubjectDomainName", SLOT_SUBJECT_DOMAIN},
            {"ParentProcessName", SLOT_PARENT_PROCESS_NAME},
            {"ParentCommandLine", SLOT_PARENT_COMMAND_LINE},
            {"ParentProcessGuid", SLOT_PARENT_GUID}},
};

struct slot_field {
    enum slot slot;
    enum event_field field;
};

static const struct slot_field common_fields[] = {
    {SLOT_PROVIDER, EVENT_PROVIDER},         {SLOT_CHANNEL, EVENT_CHANNEL},   {SLOT_COMPUTER, EVENT_COMPUTER},
    {SLOT_COMMAND_LINE, EVENT_COMMAND_LINE}, {SLOT_COUNT, EVENT_FIELD_COUNT},
};

static const struct slot_field security_fields[] = {
    {SLOT_NEW_PROCESS_NAME, EVENT_IMAGE},
    {SLOT_SUBJECT_SID, EVENT_SUBJECT_SID},
    {SLOT_SUBJECT_NAME, EVENT_SUBJECT_NAME},
    {SLOT_SUBJECT_DOMAIN, EVENT_SUBJECT_DOMAIN},
    {SLOT_TARGET_SID, EVENT_TARGET_SID},
    {SLOT_TARGET_NAME, EVENT_TARGET_NAME},
    {SLOT_TARGET_DOMAIN, EVENT_TARGET_DOMAIN},
    {SLOT_SUBJECT_LOGON_ID, EVENT_LOGON_ID},
    {SLOT_PARENT_PROCESS_NAME, EVENT_PARENT_IMAGE},
    {SLOT_COUNT, EVENT_FIELD_COUNT},
};

static const struct slot_field sysmon_fields[] = {
    {SLOT_IMAGE, EVENT_IMAGE},
    {SLOT_PROCESS_GUID, EVENT_PROCESS_GUID},
    {SLOT_USER, EVENT_USER},
    {SLOT_LOGON_ID, EVENT_LOGON_ID},
    {SLOT_PARENT_IMAGE, EVENT_PARENT_IMAGE},
    {SLOT_PARENT_COMMAND_LINE, EVENT_PARENT_COMMAND_LINE},
    {SLOT_PARENT_USER, EVENT_PARENT_USER},
    {SLOT_PARENT_GUID, EVENT_PARENT_GUID},
    {SLOT_COUNT, EVENT_FIELD_COUNT},
};

/* The element of Event whose children are looked at. */
enum part { PART_OTHER, PART_SYSTEM, PART_EVENT_DATA };

/* Of Data and of System's children: Event is 1. */
#define VALUE_DEPTH 3u

struct event_xml_values {
    char *bytes; /* the kept texts, one after the other */
    size_t size, used;
    struct {
        size_t offset, len;
        bool is_set;
    } slots[SLOT_COUNT];
    enum slot open; /* the slot that character data goes to, of an element at VALUE_DEPTH; SLOT_COUNT: none */
    enum part part;
};

int event_xml_values_new(struct event_xml_values **out)
{
    struct event_xml_values *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    *out = v;
    return 0;
}

void event_xml_values_free(struct event_xml_values *v)
{
    if (v == NULL)
        return;
    free(v->bytes);
    free(v);
}

int event_xml_values_reserve(struct event_xml_values *v, size_t size)
{
    size_t wanted = VALUES_MAX(size);
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
    memset(v->slots, 0, sizeof(v->slots));
    v->open = SLOT_COUNT;
    v->part = PART_OTHER;
}

static bool is_equal(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* names ends with a NULL. */
static enum slot slot_by_name(const struct slot_name *names, const char *name)
{
    for (; names->name != NULL; names++)
        if (is_equal(names->name, name))
            return names->slot;
    return SLOT_COUNT;
}

/* The value of an attribute, or NULL. */
static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (is_equal(attributes[0], name))
            return attributes[1];
    return NULL;
}

static void append(struct event_xml_values *v, enum slot slot, const char *bytes, size_t size)
{
    assert(size <= v->size - v->used); /* VALUES_MAX */
    memcpy(v->bytes + v->used, bytes, size);
    v->used += size;
    v->slots[slot].len += size;
}

/* Begins a slot's text; false if it already has one (the first one counts). */
static bool begin_slot(struct event_xml_values *v, enum slot slot)
{
    if (slot == SLOT_COUNT || v->slots[slot].is_set)
        return false;
    v->slots[slot].is_set = true;
    v->slots[slot].offset = v->used;
    return true;
}

static void set_attribute_slot(struct event_xml_values *v, enum slot slot, const char *value)
{
    if (value != NULL && begin_slot(v, slot))
        append(v, slot, value, strlen(value));
}

static void open_slot(struct event_xml_values *v, enum slot slot)
{
    if (!begin_slot(v, slot))
        return;
    v->open = slot;
}

/* An element inside a value parts words, so that no term is put together that the bytes don't have. */
static void part_words(struct event_xml_values *v)
{
    if (v->open != SLOT_COUNT)
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

static void start_data(struct event_xml_values *v, const char *name, const char **attributes)
{
    const char *data_name = is_local(name, "Data") ? attribute(attributes, "Name") : NULL;
    size_t length = data_name == NULL ? 0 : strlen(data_name);
    if (length > 0 && length <= DATA_NAME_MAX)
        open_slot(v, slot_by_name(data_names[length], data_name));
}

static void start_system(struct event_xml_values *v, const char *name, const char **attributes)
{
    const char *local;
    enum slot slot = slot_by_name(system_names, name);
    if (slot == SLOT_COUNT && (local = local_name(name)) != NULL)
        slot = slot_by_name(system_names, local);
    if (slot == SLOT_PROVIDER)
        set_attribute_slot(v, slot, attribute(attributes, "Name"));
    else if (slot == SLOT_TIME)
        set_attribute_slot(v, slot, attribute(attributes, "SystemTime"));
    else
        open_slot(v, slot);
}

static enum part part_of(const char *name)
{
    return is_local(name, "System") ? PART_SYSTEM : is_local(name, "EventData") ? PART_EVENT_DATA : PART_OTHER;
}

void event_xml_values_start(struct event_xml_values *v, unsigned depth, const char *name, const char **attributes)
{
    part_words(v);
    if (depth == 2)
        v->part = part_of(name);
    else if (depth == VALUE_DEPTH && v->part == PART_EVENT_DATA)
        start_data(v, name, attributes);
    else if (depth == VALUE_DEPTH && v->part == PART_SYSTEM)
        start_system(v, name, attributes);
}

void event_xml_values_text(struct event_xml_values *v, const char *bytes, size_t size)
{
    if (v->open != SLOT_COUNT)
        append(v, v->open, bytes, size);
}

void event_xml_values_end(struct event_xml_values *v, unsigned depth)
{
    if (depth == VALUE_DEPTH)
        v->open = SLOT_COUNT;
    part_words(v);
}

static struct text slot_text(const struct event_xml_values *v, enum slot slot)
{
    if (!v->slots[slot].is_set)
        return (struct text){NULL, 0};
    return (struct text){v->bytes + v->slots[slot].offset, v->slots[slot].len};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Pretty-printers may put white space around a number. */
static struct text trimmed(struct text text)
{
    while (text.len > 0 && is_space(text.bytes[0]))
        text = (struct text){text.bytes + 1, text.len - 1};
    while (text.len > 0 && is_space(text.bytes[text.len - 1]))
        text.len--;
    return text;
}

static bool parse_record_id(uint64_t *id, struct text text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.bytes[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *id = value;
    return text.len > 0;
}

static void take_fields(struct process_event *event, const struct event_xml_values *v, const struct slot_field *fields)
{
    for (; fields->slot != SLOT_COUNT; fields++)
        event->field[fields->field] = slot_text(v, fields->slot);
}

static enum event_kind kind_of_4688(const struct event_xml_values *v, struct text read_from)
{
    struct text channel = read_from.bytes == NULL ? slot_text(v, SLOT_CHANNEL) : read_from;
    return text_equal_nocase(channel, text_from("Security")) ? EVENT_SECURITY_4688 : EVENT_FORWARDED_4688;
}

bool event_xml_values_take(struct process_event *event, const struct event_xml_values *v, struct text read_from)
{
    enum event_xml_kind kind = event_xml_kind(slot_text(v, SLOT_PROVIDER), trimmed(slot_text(v, SLOT_EVENT_ID)));
    if (kind == KIND_OTHER)
        return false;
    bool is_sysmon = kind == KIND_SYSMON_1;
    *event = (struct process_event){.kind = is_sysmon ? EVENT_SYSMON_1 : kind_of_4688(v, read_from),
                                    .event_id = is_sysmon ? 1 : 4688};
    take_fields(event, v, common_fields);
    take_fields(event, v, is_sysmon ? sysmon_fields : security_fields);
    struct text pid = slot_text(v, is_sysmon ? SLOT_PROCESS_ID : SLOT_NEW_PROCESS_ID);
    struct text parent_pid = slot_text(v, is_sysmon ? SLOT_PARENT_PROCESS_ID : SLOT_PROCESS_ID);
    event->has_pid = event_pid_parse(&event->pid, trimmed(pid));
    event->has_parent_pid = event_pid_parse(&event->parent_pid, trimmed(parent_pid));
    event->has_record_id = parse_record_id(&event->record_id, trimmed(slot_text(v, SLOT_RECORD_ID)));
    (void)event_time_parse(&event->time, trimmed(slot_text(v, SLOT_TIME))); /* stays 0 if it is no time */
    return true;
}
