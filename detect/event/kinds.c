#include "detect/event/kinds.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }
#define NONE EVENT_FIELD_COUNT
#define NAMES(array) (array), sizeof(array) / sizeof((array)[0])

static const struct kinds_name security_4688[] = {
    {TEXT("SubjectUserSid"), EVENT_SUBJECT_SID},
    {TEXT("SubjectUserName"), EVENT_SUBJECT_NAME},
    {TEXT("SubjectDomainName"), EVENT_SUBJECT_DOMAIN},
    {TEXT("SubjectLogonId"), EVENT_LOGON_ID},
    {TEXT("NewProcessId"), EVENT_PROCESS_ID_TEXT},
    {TEXT("NewProcessName"), EVENT_IMAGE},
    {TEXT("TokenElevationType"), EVENT_TOKEN_ELEVATION_TYPE},
    {TEXT("ProcessId"), EVENT_PARENT_PROCESS_ID_TEXT}, /* of the creator */
    {TEXT("CommandLine"), EVENT_COMMAND_LINE},
    {TEXT("TargetUserSid"), EVENT_TARGET_SID},
    {TEXT("TargetUserName"), EVENT_TARGET_NAME},
    {TEXT("TargetDomainName"), EVENT_TARGET_DOMAIN},
    {TEXT("TargetLogonId"), EVENT_TARGET_LOGON_ID},
    {TEXT("ParentProcessName"), EVENT_PARENT_IMAGE},
    {TEXT("MandatoryLabel"), EVENT_MANDATORY_LABEL},
};

static const struct kinds_name sysmon_1[] = {
    {TEXT("RuleName"), NONE},
    {TEXT("UtcTime"), NONE},
    {TEXT("ProcessGuid"), EVENT_PROCESS_GUID},
    {TEXT("ProcessId"), EVENT_PROCESS_ID_TEXT},
    {TEXT("Image"), EVENT_IMAGE},
    {TEXT("FileVersion"), EVENT_FILE_VERSION},
    {TEXT("Description"), EVENT_DESCRIPTION},
    {TEXT("Product"), EVENT_PRODUCT},
    {TEXT("Company"), EVENT_COMPANY},
    {TEXT("OriginalFileName"), EVENT_ORIGINAL_NAME},
    {TEXT("CommandLine"), EVENT_COMMAND_LINE},
    {TEXT("CurrentDirectory"), EVENT_CURRENT_DIRECTORY},
    {TEXT("User"), EVENT_USER},
    {TEXT("LogonGuid"), EVENT_LOGON_GUID},
    {TEXT("LogonId"), EVENT_LOGON_ID},
    {TEXT("TerminalSessionId"), EVENT_TERMINAL_SESSION},
    {TEXT("IntegrityLevel"), EVENT_INTEGRITY},
    {TEXT("Hashes"), EVENT_HASHES},
    {TEXT("ParentProcessGuid"), EVENT_PARENT_GUID},
    {TEXT("ParentProcessId"), EVENT_PARENT_PROCESS_ID_TEXT},
    {TEXT("ParentImage"), EVENT_PARENT_IMAGE},
    {TEXT("ParentCommandLine"), EVENT_PARENT_COMMAND_LINE},
    {TEXT("ParentUser"), EVENT_PARENT_USER},
};

static const struct kinds_entry entries[] = {
    {TEXT("Microsoft-Windows-Security-Auditing"), 4688, TEXT("Security"), EVENT_SECURITY_4688, EVENT_FORWARDED_4688,
     true, NAMES(security_4688)},
    {TEXT("Microsoft-Windows-Sysmon"), 1, TEXT("Microsoft-Windows-Sysmon/Operational"), EVENT_SYSMON_1, EVENT_SYSMON_1,
     true, NAMES(sysmon_1)},
    /* This log was cleared; another one was. */
    {TEXT("Microsoft-Windows-Eventlog"), 1102, TEXT("Security"), EVENT_OTHER, EVENT_OTHER, true, NULL, 0},
    {TEXT("Microsoft-Windows-Eventlog"), 104, TEXT("System"), EVENT_OTHER, EVENT_OTHER, true, NULL, 0},
    {TEXT("Windows Kernel Trace"), 0, {NULL, 0}, EVENT_ETW_PROCESS, EVENT_ETW_PROCESS, false, NULL, 0},
};

const struct kinds_entry *kinds_at(size_t i)
{
    assert(i < kinds_count());
    return &entries[i];
}

size_t kinds_count(void)
{
    return sizeof(entries) / sizeof(entries[0]);
}

const struct kinds_entry *kinds_find(struct text provider, uint32_t id)
{
    for (size_t i = 0; i < kinds_count(); i++)
        if (entries[i].id == id && entries[i].channel.bytes != NULL && text_equal(entries[i].provider, provider))
            return &entries[i];
    return NULL;
}

enum event_kind kinds_kind(const struct kinds_entry *entry, struct text read_from)
{
    if (entry == NULL)
        return EVENT_OTHER;
    return text_equal_nocase(read_from, entry->channel) ? entry->kind : entry->elsewhere;
}

struct text kinds_provider(enum event_kind kind)
{
    for (size_t i = 0; i < kinds_count() && kind != EVENT_OTHER; i++)
        if (entries[i].kind == kind || entries[i].elsewhere == kind)
            return entries[i].provider;
    return (struct text){NULL, 0};
}

/* Which of entry's names is name? next: the one that is looked at first, as data mostly come in the table's order. */
static size_t name_index(const struct kinds_entry *entry, struct text name, size_t next)
{
    for (size_t i = 0; i < entry->name_count; i++) {
        size_t at = next + i < entry->name_count ? next + i : next + i - entry->name_count;
        if (text_equal(entry->names[at].name, name))
            return at;
    }
    return entry->name_count;
}

/* The parts of "SHA1=...,MD5=...,SHA256=...,IMPHASH=...", in any order. */
static void fill_hashes(struct event *event)
{
    static const struct kinds_name parts[] = {
        {TEXT("SHA256"), EVENT_SHA256},
        {TEXT("SHA1"), EVENT_SHA1},
        {TEXT("MD5"), EVENT_MD5},
        {TEXT("IMPHASH"), EVENT_IMPHASH},
    };
    struct text rest = event->field[EVENT_HASHES];
    while (rest.len > 0) {
        size_t length = text_find(rest, ',');
        struct text part = {rest.bytes, length};
        size_t sign = text_find(part, '=');
        size_t skipped = length < rest.len ? length + 1 : length;
        rest = (struct text){rest.bytes + skipped, rest.len - skipped};
        for (size_t i = 0; sign < part.len && i < sizeof(parts) / sizeof(parts[0]); i++)
            if (text_equal_nocase((struct text){part.bytes, sign}, parts[i].name))
                event->field[parts[i].field] = (struct text){part.bytes + sign + 1, part.len - sign - 1};
    }
}

/* Source: learn.microsoft.com/windows/win32/secauthz/well-known-sids; the words are Sysmon's. */
static void fill_integrity(struct event *event)
{
    static const struct {
        struct text label, word;
    } levels[] = {
        {TEXT("S-1-16-0"), TEXT("Untrusted")}, {TEXT("S-1-16-4096"), TEXT("Low")},
        {TEXT("S-1-16-8192"), TEXT("Medium")}, {TEXT("S-1-16-8448"), TEXT("Medium Plus")},
        {TEXT("S-1-16-12288"), TEXT("High")},  {TEXT("S-1-16-16384"), TEXT("System")},
    };
    struct text label = event->field[EVENT_MANDATORY_LABEL];
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (text_equal(label, levels[i].label))
            event->field[EVENT_INTEGRITY] = levels[i].word;
}

void kinds_fill(struct event *event, const struct kinds_entry *entry)
{
    if (entry == NULL || entry->name_count == 0)
        return;
    size_t next = 0;
    for (size_t i = 0; i < event->data_count; i++) {
        const struct event_datum *datum = &event->data[i];
        size_t at = datum->name.bytes == NULL ? entry->name_count : name_index(entry, datum->name, next);
        if (at == entry->name_count)
            continue;
        next = at + 1;
        enum event_field field = entry->names[at].field;
        if (field != NONE && event->field[field].bytes == NULL)
            event->field[field] = datum->value;
    }
    /* Pretty-printers may put white space around a number. */
    event->has_pid = event_pid_parse(&event->pid, text_trimmed(event->field[EVENT_PROCESS_ID_TEXT]));
    event->has_parent_pid =
        event_pid_parse(&event->parent_pid, text_trimmed(event->field[EVENT_PARENT_PROCESS_ID_TEXT]));
    if (event->field[EVENT_HASHES].len > 0)
        fill_hashes(event);
    if (event->field[EVENT_INTEGRITY].bytes == NULL && event->field[EVENT_MANDATORY_LABEL].len > 0)
        fill_integrity(event);
}

void kinds_query_of(char to[KINDS_QUERY_SIZE], const uint32_t *ids, size_t count)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        int written = snprintf(to + used, KINDS_QUERY_SIZE - used, "%sEventID=%lu", i == 0 ? "*[System[(" : " or ",
                               (unsigned long)ids[i]);
        used += (size_t)written;
        assert(used + sizeof(")]]") <= KINDS_QUERY_SIZE);
    }
    if (used > 0)
        memcpy(to + used, ")]]", sizeof(")]]"));
}

bool kinds_query(char to[KINDS_QUERY_SIZE], struct text channel)
{
    uint32_t ids[sizeof(entries) / sizeof(entries[0])];
    size_t count = 0;
    for (size_t i = 0; i < kinds_count(); i++)
        if (entries[i].is_default && entries[i].channel.bytes != NULL && text_equal_nocase(entries[i].channel, channel))
            ids[count++] = entries[i].id;
    if (count > 0)
        kinds_query_of(to, ids, count);
    return count > 0;
}
