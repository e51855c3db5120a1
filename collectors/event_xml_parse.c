#include "collectors/event_xml_parse.h"
#include "collectors/event_xml.h"
#include "collectors/event_xml_clean.h"
#include "collectors/event_xml_kind.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

/* Stands in a value where an element was: U+FFFD. */
#define WORD_PART "\xEF\xBF\xBD"

/*
 * Most bytes that the values of an event of size bytes have: each comes from a byte of its own (references only
 * shrink), but for a WORD_PART for each start and each end of an element.
 */
#define VALUES_MAX(size) ((size) + 2 * (sizeof(WORD_PART) - 1) * EVENT_XML_MAX_FIELDS)

/*
 * Most bytes that one stream of expat's takes before it is begun anew. Beginning costs about as much as half an event,
 * so events are fed to one stream, as the children of a root; but expat keeps every name of a stream in its tables, so
 * a stream without an end would grow by what hostile events name.
 */
#define STREAM_MAX (1024u * 1024u)

/* The root, which is never closed. */
#define ROOT "<events>"

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

/* Elements of System with text. */
static const struct slot_name system_names[] = {
    {"EventID", SLOT_EVENT_ID}, {"EventRecordID", SLOT_RECORD_ID},
    {"Channel", SLOT_CHANNEL},  {"Computer", SLOT_COMPUTER},
    {NULL, SLOT_COUNT},
};

/* Data of EventData, by Name. Source: docs/event-xml.md. */
static const struct slot_name data_names[] = {
    {"CommandLine", SLOT_COMMAND_LINE},
    {"NewProcessName", SLOT_NEW_PROCESS_NAME},
    {"NewProcessId", SLOT_NEW_PROCESS_ID},
    {"ProcessId", SLOT_PROCESS_ID},
    {"SubjectUserSid", SLOT_SUBJECT_SID},
    {"SubjectUserName", SLOT_SUBJECT_NAME},
    {"SubjectDomainName", SLOT_SUBJECT_DOMAIN},
    {"SubjectLogonId", SLOT_SUBJECT_LOGON_ID},
    {"TargetUserSid", SLOT_TARGET_SID},
    {"TargetUserName", SLOT_TARGET_NAME},
    {"TargetDomainName", SLOT_TARGET_DOMAIN},
    {"ParentProcessName", SLOT_PARENT_PROCESS_NAME},
    {"Image", SLOT_IMAGE},
    {"ProcessGuid", SLOT_PROCESS_GUID},
    {"User", SLOT_USER},
    {"LogonId", SLOT_LOGON_ID},
    {"ParentImage", SLOT_PARENT_IMAGE},
    {"ParentCommandLine", SLOT_PARENT_COMMAND_LINE},
    {"ParentUser", SLOT_PARENT_USER},
    {"ParentProcessGuid", SLOT_PARENT_GUID},
    {"ParentProcessId", SLOT_PARENT_PROCESS_ID},
    {NULL, SLOT_COUNT},
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

struct event_xml_parser {
    XML_Parser expat;
    size_t fed;      /* bytes that expat's stream has; 0: one has to be begun */
    size_t ended_at; /* place in the stream at which the event's outermost element ended; 0: not yet */
    char *values;    /* the kept texts, one after the other */
    size_t values_size, values_used;
    struct {
        size_t offset, len;
        bool is_set;
    } slots[SLOT_COUNT];
    enum slot open;       /* the slot that character data goes to; SLOT_COUNT: none */
    unsigned open_depth;  /* depth of its element */
    unsigned depth;       /* open elements */
    unsigned field_count; /* elements and attributes so far */
    enum part part;
    const char *limit; /* why parsing was stopped, or NULL */
};

int event_xml_parser_new(struct event_xml_parser **out)
{
    struct event_xml_parser *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    p->expat = XML_ParserCreate("UTF-8");
    if (p->expat == NULL) {
        free(p);
        return -ENOMEM;
    }
    *out = p;
    return 0;
}

void event_xml_parser_free(struct event_xml_parser *p)
{
    if (p == NULL)
        return;
    XML_ParserFree(p->expat);
    free(p->values);
    free(p);
}

/* The name without its namespace prefix. */
static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

static enum slot slot_by_name(const struct slot_name *names, const char *name)
{
    while (names->name != NULL && (names->name[0] != name[0] || strcmp(names->name, name) != 0))
        names++;
    return names->slot;
}

/* The value of an attribute, or NULL. */
static const char *attribute(const XML_Char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

static void append(struct event_xml_parser *p, enum slot slot, const char *bytes, size_t size)
{
    assert(size <= p->values_size - p->values_used); /* VALUES_MAX */
    memcpy(p->values + p->values_used, bytes, size);
    p->values_used += size;
    p->slots[slot].len += size;
}

/* Begins a slot's text; false if it already has one (the first one counts). */
static bool begin_slot(struct event_xml_parser *p, enum slot slot)
{
    if (slot == SLOT_COUNT || p->slots[slot].is_set)
        return false;
    p->slots[slot].is_set = true;
    p->slots[slot].offset = p->values_used;
    return true;
}

static void set_attribute_slot(struct event_xml_parser *p, enum slot slot, const char *value)
{
    if (value != NULL && begin_slot(p, slot))
        append(p, slot, value, strlen(value));
}

static void open_slot(struct event_xml_parser *p, enum slot slot)
{
    if (!begin_slot(p, slot))
        return;
    p->open = slot;
    p->open_depth = p->depth;
}

/* An element inside a value parts words, so that no term is put together that the bytes don't have. */
static void part_words(struct event_xml_parser *p)
{
    if (p->open != SLOT_COUNT)
        append(p, p->open, WORD_PART, sizeof(WORD_PART) - 1);
}

static void start_child(struct event_xml_parser *p, const char *name, const XML_Char **attributes)
{
    if (p->part == PART_EVENT_DATA) {
        const char *data_name = strcmp(name, "Data") == 0 ? attribute(attributes, "Name") : NULL;
        if (data_name != NULL)
            open_slot(p, slot_by_name(data_names, data_name));
    } else if (p->part == PART_SYSTEM) {
        if (strcmp(name, "Provider") == 0)
            set_attribute_slot(p, SLOT_PROVIDER, attribute(attributes, "Name"));
        else if (strcmp(name, "TimeCreated") == 0)
            set_attribute_slot(p, SLOT_TIME, attribute(attributes, "SystemTime"));
        else
            open_slot(p, slot_by_name(system_names, name));
    }
}

/* Ends the parsing of an event that is bad. */
static void stop(struct event_xml_parser *p, const char *why)
{
    p->limit = why;
    (void)XML_StopParser(p->expat, XML_FALSE); /* fails only where it is stopped already */
}

static void XMLCALL on_start(void *user, const XML_Char *raw_name, const XML_Char **attributes)
{
    struct event_xml_parser *p = user;
    p->depth++;
    p->field_count++;
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        p->field_count++;
    if (p->ended_at > 0)
        stop(p, XML_ErrorString(XML_ERROR_JUNK_AFTER_DOC_ELEMENT));
    else if (p->depth > EVENT_XML_MAX_DEPTH)
        stop(p, "elements are nested too deep");
    else if (p->field_count > EVENT_XML_MAX_FIELDS)
        stop(p, "too many elements and attributes");
    if (p->limit != NULL)
        return;
    part_words(p);
    const char *name = p->depth == 2 || p->depth == 3 ? local_name(raw_name) : "";
    if (p->depth == 2)
        p->part = strcmp(name, "System") == 0      ? PART_SYSTEM
                  : strcmp(name, "EventData") == 0 ? PART_EVENT_DATA
                                                   : PART_OTHER;
    else if (p->depth == 3)
        start_child(p, name, attributes);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct event_xml_parser *p = user;
    (void)name;          /* expat has checked it against the start tag's */
    if (p->depth == 0) { /* it is the root's */
        stop(p, XML_ErrorString(XML_ERROR_JUNK_AFTER_DOC_ELEMENT));
        return;
    }
    if (p->open != SLOT_COUNT && p->depth == p->open_depth)
        p->open = SLOT_COUNT;
    part_words(p);
    p->depth--;
    if (p->depth == 0)
        p->ended_at = (size_t)XML_GetCurrentByteIndex(p->expat) + (size_t)XML_GetCurrentByteCount(p->expat);
}

static void XMLCALL on_text(void *user, const XML_Char *bytes, int size)
{
    struct event_xml_parser *p = user;
    if (p->open != SLOT_COUNT)
        append(p, p->open, bytes, (size_t)size);
}

static int prepare(struct event_xml_parser *p, size_t size)
{
    if (size > p->values_size) {
        char *values = realloc(p->values, size);
        if (values == NULL)
            return -ENOMEM;
        p->values = values;
        p->values_size = size;
    }
    p->values_used = 0;
    memset(p->slots, 0, sizeof(p->slots));
    p->open = SLOT_COUNT;
    p->depth = p->field_count = 0;
    p->part = PART_OTHER;
    p->limit = NULL;
    p->ended_at = 0;
    return 0;
}

static int begin_stream(struct event_xml_parser *p)
{
    if (XML_ParserReset(p->expat, "UTF-8") != XML_TRUE ||
        XML_Parse(p->expat, ROOT, (int)strlen(ROOT), XML_FALSE) != XML_STATUS_OK)
        return -ENOMEM;
    p->fed = strlen(ROOT);
    XML_SetUserData(p->expat, p);
    XML_SetElementHandler(p->expat, on_start, on_end);
    XML_SetCharacterDataHandler(p->expat, on_text);
    return 0;
}

/* Feeds the event to expat. Returns 0, -EBADMSG or -ENOMEM; if not 0, the stream is given up. */
static int feed(struct event_xml_parser *p, struct text xml, struct fault *fault)
{
    int rc = p->fed > 0 && p->fed < STREAM_MAX ? 0 : begin_stream(p);
    if (rc < 0)
        return rc;
    p->fed += xml.len;
    enum XML_Error code = XML_ERROR_NONE;
    if (XML_Parse(p->expat, xml.bytes, (int)xml.len, XML_FALSE) != XML_STATUS_OK) {
        code = XML_GetErrorCode(p->expat);
        if (p->ended_at > 0 && code != XML_ERROR_NO_MEMORY)
            code = XML_ERROR_JUNK_AFTER_DOC_ELEMENT;
    } else if (p->ended_at < p->fed) {
        /* A token that is not whole waits for more, which would be the next event. */
        code = XML_ERROR_UNCLOSED_TOKEN;
        if ((size_t)XML_GetCurrentByteIndex(p->expat) == p->fed)
            p->limit = p->ended_at > 0 ? XML_ErrorString(XML_ERROR_JUNK_AFTER_DOC_ELEMENT)
                                       : "the event's element or a section in it is not closed";
    }
    if (code == XML_ERROR_NONE)
        return 0;
    p->fed = 0;
    if (code == XML_ERROR_NO_MEMORY)
        return -ENOMEM;
    fault_set(fault, "XML_Parse", code, (struct text){NULL, 0}, p->limit != NULL ? p->limit : XML_ErrorString(code));
    return -EBADMSG;
}

static struct text slot_text(const struct event_xml_parser *p, enum slot slot)
{
    if (!p->slots[slot].is_set)
        return (struct text){NULL, 0};
    return (struct text){p->values + p->slots[slot].offset, p->slots[slot].len};
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

static void take_fields(struct process_event *event, const struct event_xml_parser *p, const struct slot_field *fields)
{
    for (; fields->slot != SLOT_COUNT; fields++)
        event->field[fields->field] = slot_text(p, fields->slot);
}

static enum event_kind kind_of_4688(const struct event_xml_parser *p, struct text read_from)
{
    struct text channel = read_from.bytes == NULL ? slot_text(p, SLOT_CHANNEL) : read_from;
    return text_equal_nocase(channel, text_from("Security")) ? EVENT_SECURITY_4688 : EVENT_FORWARDED_4688;
}

static void make_event(struct process_event *event, const struct event_xml_parser *p, enum event_xml_kind kind,
                       struct text read_from)
{
    bool is_sysmon = kind == KIND_SYSMON_1;
    *event = (struct process_event){.kind = is_sysmon ? EVENT_SYSMON_1 : kind_of_4688(p, read_from),
                                    .event_id = is_sysmon ? 1 : 4688};
    take_fields(event, p, common_fields);
    take_fields(event, p, is_sysmon ? sysmon_fields : security_fields);
    struct text pid = slot_text(p, is_sysmon ? SLOT_PROCESS_ID : SLOT_NEW_PROCESS_ID);
    struct text parent_pid = slot_text(p, is_sysmon ? SLOT_PARENT_PROCESS_ID : SLOT_PROCESS_ID);
    event->has_pid = event_pid_parse(&event->pid, trimmed(pid));
    event->has_parent_pid = event_pid_parse(&event->parent_pid, trimmed(parent_pid));
    event->has_record_id = parse_record_id(&event->record_id, trimmed(slot_text(p, SLOT_RECORD_ID)));
    (void)event_time_parse(&event->time, trimmed(slot_text(p, SLOT_TIME))); /* stays 0 if it is no time */
}

int event_xml_parse(struct process_event *event, bool *is_process, struct event_xml_parser *p, struct text xml,
                    struct text read_from, struct fault *fault)
{
    assert(xml.len <= EVENT_XML_CLEAN_MAX(EVENT_XML_MAX_EVENT)); /* fits an int */
    int rc = prepare(p, VALUES_MAX(xml.len));
    if (rc == 0)
        rc = feed(p, xml, fault);
    if (rc < 0)
        return rc;
    enum event_xml_kind kind = event_xml_kind(slot_text(p, SLOT_PROVIDER), trimmed(slot_text(p, SLOT_EVENT_ID)));
    *is_process = kind != KIND_OTHER;
    if (*is_process)
        make_event(event, p, kind, read_from);
    return 0;
}
