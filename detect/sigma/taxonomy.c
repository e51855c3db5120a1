#include "detect/sigma/taxonomy.h"

#include "detect/sigma/logsource.h"

#include <errno.h>

struct alias {
    const char *name;
    int column; /* enum event_field, or enum column_system */
};

/* Of process creations. */
static const struct alias process_fields[] = {
    {"CommandLine", EVENT_COMMAND_LINE},
    {"Image", EVENT_IMAGE},
    {"ParentImage", EVENT_PARENT_IMAGE},
    {"ParentCommandLine", EVENT_PARENT_COMMAND_LINE},
    {"GrandParentImage", EVENT_GRANDPARENT_IMAGE},
    {"GrandparentImage", EVENT_GRANDPARENT_IMAGE},
    {"GrandParentCommandLine", EVENT_GRANDPARENT_COMMAND_LINE},
    {"GrandparentCommandLine", EVENT_GRANDPARENT_COMMAND_LINE},
    {"CurrentDirectory", EVENT_CURRENT_DIRECTORY},
    {"OriginalFileName", EVENT_ORIGINAL_NAME},
    {"Company", EVENT_COMPANY},
    {"Product", EVENT_PRODUCT},
    {"Description", EVENT_DESCRIPTION},
    {"FileVersion", EVENT_FILE_VERSION},
    {"Hashes", EVENT_HASHES},
    {"IntegrityLevel", EVENT_INTEGRITY},
    {"MandatoryLabel", EVENT_MANDATORY_LABEL},
    {"TerminalSessionId", EVENT_TERMINAL_SESSION},
    {"LogonGuid", EVENT_LOGON_GUID},
    {"ProcessGuid", EVENT_PROCESS_GUID},
    {"ParentProcessGuid", EVENT_PARENT_GUID},
    {"ProcessId", EVENT_PROCESS_ID_TEXT},
    {"ParentProcessId", EVENT_PARENT_PROCESS_ID_TEXT},
    {"NewProcessName", EVENT_IMAGE},
    {"ParentProcessName", EVENT_PARENT_IMAGE},
    {"md5", EVENT_MD5},
    {"MD5", EVENT_MD5},
    {"sha1", EVENT_SHA1},
    {"SHA1", EVENT_SHA1},
    {"sha256", EVENT_SHA256},
    {"SHA256", EVENT_SHA256},
    {"imphash", EVENT_IMPHASH},
    {"Imphash", EVENT_IMPHASH},
    {"IMPHASH", EVENT_IMPHASH},
};

/* Of the System part. */
static const struct alias header_fields[] = {
    {"Channel", EVENT_CHANNEL},       {"EventLog", EVENT_CHANNEL},  {"Provider_Name", EVENT_PROVIDER},
    {"ProviderName", EVENT_PROVIDER}, {"Computer", EVENT_COMPUTER}, {"ComputerName", EVENT_COMPUTER},
};

static const struct alias system_fields[] = {
    {"EventID", COLUMN_EVENT_ID},
    {"EventRecordID", COLUMN_RECORD_ID},
    {"TimeCreated_SystemTime", COLUMN_TIME},
    {"Data", COLUMN_ALL_DATA},
};

/* Other events' hashes: the name in the text Hashes. */
static const struct {
    const char *name, *kind;
} hashes[] = {{"md5", "MD5"},         {"MD5", "MD5"},         {"sha1", "SHA1"},
              {"SHA1", "SHA1"},       {"sha256", "SHA256"},   {"SHA256", "SHA256"},
              {"imphash", "IMPHASH"}, {"Imphash", "IMPHASH"}, {"IMPHASH", "IMPHASH"}};

/* Of the System part too, but not kept in events. */
static const char *const not_kept[] = {"Provider_Guid", "Provider_EventSourceName", "Correlation_RelatedActivityID"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct alias *find(const struct alias *list, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(name, text_from(list[i].name)))
            return &list[i];
    return NULL;
}

static int column(struct expr **out, struct job *job, unsigned number, struct text name, struct expr_place place)
{
    if (number == COLUMN_NONE)
        return -ENOMEM;
    struct expr *made = column_expr(job->arena, job->columns, number, name, place);
    if (made == NULL)
        return -ENOMEM;
    if (expr_type(made) == VALUE_STRING) {
        *out = made;
        return 0;
    }
    return piece_call(out, job, "tostring", &made, 1, place);
}

static int field(struct expr **out, struct job *job, enum event_field which, struct text name, struct expr_place place)
{
    return column(out, job, column_of_field(job->columns, which), name, place);
}

/* A function over several canonical fields. */
static int derived(struct expr **out, struct job *job, const char *function, const enum event_field *fields,
                   size_t count, struct expr_place place)
{
    struct expr *args[8];
    for (size_t i = 0; i < count; i++) {
        int rc = field(&args[i], job, fields[i], text_from(event_field_name(fields[i])), place);
        if (rc != 0)
            return rc;
    }
    return piece_call(out, job, function, args, count, place);
}

/* Fields of process creations that Security writes in parts; *is_one: was it such a name? */
static int process_field(struct expr **out, struct job *job, bool *is_one, struct text name, struct expr_place place)
{
    static const enum event_field user[] = {EVENT_TARGET_SID,  EVENT_TARGET_DOMAIN,  EVENT_TARGET_NAME,
                                            EVENT_SUBJECT_SID, EVENT_SUBJECT_DOMAIN, EVENT_SUBJECT_NAME};
    static const enum event_field logon[] = {EVENT_TARGET_LOGON_ID, EVENT_LOGON_ID};
    static const struct {
        const char *name;
        enum event_field field; /* of all but 4688 */
        const char *function;   /* of 4688 */
        const enum event_field *parts;
        size_t count;
    } known[] = {{"User", EVENT_USER, "sigma:account", user, COUNT(user)},
                 {"ParentUser", EVENT_PARENT_USER, "sigma:account", user + 3, 3}, /* its creator's */
                 {"LogonId", EVENT_LOGON_ID, "sigma:logon", logon, COUNT(logon)}};
    *is_one = false;
    for (size_t i = 0; i < COUNT(known); i++) {
        if (!text_equal(name, text_from(known[i].name)))
            continue;
        *is_one = true;
        job->has_parts = true;
        return job->is_4688 ? derived(out, job, known[i].function, known[i].parts, known[i].count, place)
                            : field(out, job, known[i].field, name, place);
    }
    return 0;
}

/* A hash out of the event's own Hashes. */
static int hash_field(struct expr **out, struct job *job, const char *kind, struct expr_place place)
{
    struct expr *text;
    struct text hash = text_from(kind), name = text_from("Hashes");
    int rc = column(&text, job, column_of_data(job->columns, name), name, place);
    return rc != 0 ? rc : piece_test(out, job, "sigma:hash", text, &hash, place);
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The event's own data of that name; or, where its log has such, of the name's words: "New Value" for NewValue. */
static int data_field(struct expr **out, struct job *job, struct text name, struct expr_place place)
{
    struct expr *args[2];
    char words[128];
    size_t length = 0;
    int rc = column(&args[0], job, column_of_data(job->columns, name), name, place);
    for (size_t i = 0; i < name.len && length + 2 < sizeof words; i++) {
        if (i > 0 && is_upper(name.bytes[i]) && !is_upper(name.bytes[i - 1]) && name.bytes[i - 1] != ' ')
            words[length++] = ' ';
        words[length++] = name.bytes[i];
    }
    if (rc != 0 || !job->source->has_blanks || length == name.len) {
        if (rc == 0)
            *out = args[0];
        return rc;
    }
    struct text spaced = {words, length};
    rc = column(&args[1], job, column_of_data(job->columns, spaced), spaced, place);
    return rc != 0 ? rc : piece_call(out, job, "sigma:either", args, 2, place);
}

int taxonomy_field(struct expr **out, struct job *job, struct text name, struct expr_place place)
{
    const struct alias *known = find(header_fields, COUNT(header_fields), name);
    if (known == NULL && job->source->is_process)
        known = find(process_fields, COUNT(process_fields), name);
    if (known != NULL)
        return field(out, job, (enum event_field)known->column, name, place);
    if (job->source->is_process) {
        bool is_one;
        int rc = process_field(out, job, &is_one, name, place);
        if (is_one)
            return rc;
    }
    known = find(system_fields, COUNT(system_fields), name);
    if (known != NULL)
        return column(out, job, column_of_system(job->columns, (enum column_system)known->column), name, place);
    for (size_t i = 0; i < COUNT(hashes); i++)
        if (text_equal(name, text_from(hashes[i].name)))
            return hash_field(out, job, hashes[i].kind, place);
    for (size_t i = 0; i < COUNT(not_kept); i++)
        if (text_equal(name, text_from(not_kept[i])))
            notes_warning(job->notes, place, "W433",
                          "%s of an event's System part is not kept: here it counts as a field that events lack",
                          not_kept[i]);
    return data_field(out, job, name, place);
}
