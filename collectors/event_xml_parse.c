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
 * Many events in one stream, as the children of ROOT, cost less than streams of their own: setting one up costs as much
 * as a fifth of an event, and more where memory is allotted slowly. But expat keeps all names of a stream, each with
 * some 100 bytes, so a stream gets no further event once it has had this many bytes: 45 usual events; with more of them
 * nothing is gained. Beyond those go only the names of one event, EVENT_XML_MAX_FIELDS at most.
 */
#define STREAM_MAX (64u * 1024u)
#define ROOT "<e>"

/*
 * Most bytes that the values of an event of size bytes have: each comes from a byte of its own (references only
 * shrink), but for a WORD_PART for each start and each end of an element.
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

struct event_xml_parser {
    XML_Parser expat;        /* NULL before the first stream */
    size_t streamed;         /* bytes of the stream that expat is in; 0: none that takes a further event */
    XML_Index begin, behind; /* in what expat was fed: the last outermost element; -1: there was none */
    char *values;            /* the kept texts, one after the other */
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
    *out = p;
    return 0;
}

void event_xml_parser_free(struct event_xml_parser *p)
{
    if (p == NULL)
        return;
    XML_ParserFree(p->expat); /* NULL is allowed */
    free(p->values);
    free(p);
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
static const char *attribute(const XML_Char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (is_equal(attributes[0], name))
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

static void start_data(struct event_xml_parser *p, const char *name, const XML_Char **attributes)
{
    const char *data_name = is_local(name, "Data") ? attribute(attributes, "Name") : NULL;
    size_t length = data_name == NULL ? 0 : strlen(data_name);
    if (length > 0 && length <= DATA_NAME_MAX)
        open_slot(p, slot_by_name(data_names[length], data_name));
}

static void start_system(struct event_xml_parser *p, const char *name, const XML_Char **attributes)
{
    const char *local;
    enum slot slot = slot_by_name(system_names, name);
    if (slot == SLOT_COUNT && (local = local_name(name)) != NULL)
        slot = slot_by_name(system_names, local);
    if (slot == SLOT_PROVIDER)
        set_attribute_slot(p, slot, attribute(attributes, "Name"));
    else if (slot == SLOT_TIME)
        set_attribute_slot(p, slot, attribute(attributes, "SystemTime"));
    else
        open_slot(p, slot);
}

static void start_child(struct event_xml_parser *p, const char *name, const XML_Char **attributes)
{
    if (p->part == PART_EVENT_DATA)
        start_data(p, name, attributes);
    else if (p->part == PART_SYSTEM)
        start_system(p, name, attributes);
}

static enum part part_of(const char *name)
{
    return is_local(name, "System") ? PART_SYSTEM : is_local(name, "EventData") ? PART_EVENT_DATA : PART_OTHER;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct event_xml_parser *p = user;
    size_t i = 0;
    while (attributes[i] != NULL)
        i += 2;
    p->depth++;
    p->field_count += 1 + (unsigned)(i / 2);
    if (p->depth > EVENT_XML_MAX_DEPTH || p->field_count > EVENT_XML_MAX_FIELDS) {
        p->limit = p->depth > EVENT_XML_MAX_DEPTH ? "elements are nested too deep" : "too many elements and attributes";
        (void)XML_StopParser(p->expat, XML_FALSE); /* it is parsing */
        return;
    }
    part_words(p);
    if (p->depth == 3)
        start_child(p, name, attributes);
    else if (p->depth == 2)
        p->part = part_of(name);
    else if (p->depth == 1)
        p->begin = XML_GetCurrentByteIndex(p->expat);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct event_xml_parser *p = user;
    (void)name; /* expat has checked it against the start tag's */
    if (p->open != SLOT_COUNT && p->depth == p->open_depth)
        p->open = SLOT_COUNT;
    part_words(p);
    p->depth--; /* below 0: the root's end, after which expat takes no element */
    if (p->depth == 0)
        p->behind = XML_GetCurrentByteIndex(p->expat) + XML_GetCurrentByteCount(p->expat);
}

static void XMLCALL on_text(void *user, const XML_Char *bytes, int size)
{
    struct event_xml_parser *p = user;
    if (p->open != SLOT_COUNT)
        append(p, p->open, bytes, (size_t)size);
}

static int reserve_values(struct event_xml_parser *p, size_t size)
{
    if (size <= p->values_size)
        return 0;
    char *values = realloc(p->values, size);
    if (values == NULL)
        return -ENOMEM;
    p->values = values;
    p->values_size = size;
    return 0;
}

static void begin_event(struct event_xml_parser *p)
{
    p->values_used = 0;
    memset(p->slots, 0, sizeof(p->slots));
    p->open = SLOT_COUNT;
    p->depth = p->field_count = 0;
    p->part = PART_OTHER;
    p->limit = NULL;
    p->begin = p->behind = -1;
}

/*
 * What comes next begins a stream; root, which may be empty, is no part of an event. A new parser, not
 * XML_ParserReset(): that keeps the buffer of the longest name of each depth for ever, and expat 2.8 gives no memory
 * beyond 64 MiB in all to a stream that is not yet as long as a hundredth of it (lib/xmlparse.c, "allocation tracker").
 */
static int begin_stream(struct event_xml_parser *p, struct text root)
{
    XML_Parser expat = XML_ParserCreate("UTF-8");
    p->streamed = 0;
    if (expat == NULL)
        return -ENOMEM;
    XML_ParserFree(p->expat);
    p->expat = expat;
    p->streamed = root.len;
    if (root.len > 0 && XML_Parse(p->expat, root.bytes, (int)root.len, XML_FALSE) != XML_STATUS_OK)
        return -ENOMEM; /* there is nothing wrong with the root */
    XML_SetUserData(p->expat, p);
    XML_SetElementHandler(p->expat, on_start, on_end);
    XML_SetCharacterDataHandler(p->expat, on_text);
    return 0;
}

/*
 * Parses xml as a further child of the stream's root. True: it is one element, from its first byte to its last, and
 * well-formed as an event alone would be; nothing of it is left in expat, which keeps an incomplete token for the bytes
 * that follow (and, from 2.6 on, may put off only such a token). False: only parse_alone() can tell, which gives the
 * stream up.
 */
static bool parse_in_stream(struct event_xml_parser *p, struct text xml)
{
    if ((p->streamed == 0 || p->streamed >= STREAM_MAX) && begin_stream(p, text_from(ROOT)) < 0)
        return false;
    XML_Index begin = (XML_Index)p->streamed;
    p->streamed += xml.len;
    begin_event(p);
    return XML_Parse(p->expat, xml.bytes, (int)xml.len, XML_FALSE) == XML_STATUS_OK && p->begin == begin &&
           p->behind == (XML_Index)p->streamed;
}

/* Parses xml as a stream of its own, so that nothing but xml decides what is said of it. */
static int parse_alone(struct event_xml_parser *p, struct text xml, struct fault *fault)
{
    if (begin_stream(p, (struct text){NULL, 0}) < 0)
        return -ENOMEM;
    begin_event(p);
    if (XML_Parse(p->expat, xml.bytes, (int)xml.len, XML_TRUE) == XML_STATUS_OK)
        return 0;
    enum XML_Error code = XML_GetErrorCode(p->expat);
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
    int rc = reserve_values(p, VALUES_MAX(xml.len));
    if (rc == 0 && !parse_in_stream(p, xml))
        rc = parse_alone(p, xml, fault);
    if (rc < 0)
        return rc;
    enum event_xml_kind kind = event_xml_kind(slot_text(p, SLOT_PROVIDER), trimmed(slot_text(p, SLOT_EVENT_ID)));
    *is_process = kind != KIND_OTHER;
    if (*is_process)
        make_event(event, p, kind, read_from);
    return 0;
}
