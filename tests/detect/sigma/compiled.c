#include "tests/detect/sigma/compiled.h"

#include "detect/event/kinds.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSMON "Microsoft-Windows-Sysmon"

struct compiled compiled_of(const char *yaml, const struct sigma_extras *extras)
{
    struct compiled compiled = {0};
    int rc = arena_new(&compiled.arena, (size_t)64 << 20);
    rc = rc != 0 ? rc : arena_new(&compiled.scratch, EXPR_SCRATCH_BYTES);
    rc = rc != 0 ? rc : columns_new(&compiled.columns);
    assert(rc == 0);
    (void)rc;
    compiled.notes.arena = compiled.arena;
    compiled.rule.arena = compiled.arena;
    compiled.rc = node_parse(&compiled.root, text_from(yaml), &compiled.notes);
    if (compiled.rc == 0)
        compiled.rc = sigma_compile(&compiled.rule, compiled.columns, compiled.root, extras, &compiled.notes);
    assert(compiled.rc != -ENOMEM);
    notes_sort(&compiled.notes);
    return compiled;
}

void compiled_clear(struct compiled *compiled)
{
    columns_free(compiled->columns);
    arena_free(compiled->scratch);
    arena_free(compiled->arena);
}

bool compiled_matches(struct compiled *compiled, const struct event *event)
{
    struct column_row row;
    column_row_of(&row, compiled->columns, event, 0);
    for (size_t i = 0; i < compiled->rule.legs.count; i++) {
        const struct leg *leg = &compiled->rule.legs.items[i];
        if (!leg_takes(leg, event))
            continue;
        enum truth truth = expr_truth(leg->condition, &row.row, compiled->scratch);
        arena_reset(compiled->scratch);
        assert(truth == TRUTH_FALSE || truth == TRUTH_TRUE); /* Sigma knows no third answer */
        if (truth == TRUTH_TRUE)
            return true;
    }
    return false;
}

const char *compiled_notes(const struct compiled *compiled, bool is_warnings)
{
    static char text[4096];
    size_t length = 0, count = is_warnings ? compiled->notes.warning_count : compiled->notes.error_count;
    const struct note *notes = is_warnings ? compiled->notes.warnings : compiled->notes.errors;
    text[0] = '\0';
    for (size_t i = 0; i < count && length < sizeof text - 40; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%u:%u %s", i == 0 ? "" : " ",
                                   notes[i].place.line, notes[i].place.column, notes[i].code);
    return text;
}

void compiled_event(struct compiled_event *out, const char *provider, const char *channel, uint32_t id,
                    const char *data)
{
    *out = (struct compiled_event){.event = {.event_id = id}};
    struct event *event = &out->event;
    event->field[EVENT_PROVIDER] = text_from(provider);
    event->field[EVENT_CHANNEL] = text_from(channel);
    event->field[EVENT_COMPUTER] = text_from("host.example.com");
    for (const char *at = data; *at != '\0';) {
        size_t length = strcspn(at, "|"), name = strcspn(at, "=|");
        assert(event->data_count < COMPILED_MAX_DATA && name < length);
        out->data[event->data_count++] = (struct event_datum){{at, name}, {at + name + 1, length - name - 1}};
        at += length + (at[length] == '|');
    }
    event->data = out->data;
    const struct kinds_entry *entry = kinds_find(text_from(provider), id);
    event->kind = kinds_kind(entry, text_from(channel));
    kinds_fill(event, entry);
}

void compiled_process(struct compiled_event *out, const char *data)
{
    compiled_event(out, SYSMON, SYSMON "/Operational", 1, data);
}

/* Where the slow evaluator's texts are put together. */
struct storage {
    struct slow_event *event;
    struct slow_field *fields;
    char *at, *end;
};

static void put_text(struct storage *storage, struct text name, struct text value)
{
    if (value.bytes == NULL)
        return;
    assert(storage->event->count < 128);
    storage->fields[storage->event->count++] = (struct slow_field){name, value};
}

static void put(struct storage *storage, const char *name, struct text value)
{
    put_text(storage, text_from(name), value);
}

static struct text join(struct storage *storage, struct text a, const char *between, struct text b)
{
    size_t length = strlen(between);
    assert(a.len + length + b.len <= (size_t)(storage->end - storage->at));
    char *begin = storage->at;
    memcpy(begin, a.bytes, a.len);
    memcpy(begin + a.len, between, length);
    memcpy(begin + a.len + length, b.bytes, b.len);
    storage->at += a.len + length + b.len;
    return (struct text){begin, a.len + length + b.len};
}

static bool is_named(struct text text)
{
    return text.len > 0 && !text_equal(text, text_from("-"));
}

static struct text datum(const struct event *event, const char *name)
{
    for (size_t i = 0; i < event->data_count; i++)
        if (text_equal(event->data[i].name, text_from(name)))
            return event->data[i].value;
    return (struct text){0};
}

/* domain\name of a 4688's account; the system's own accounts as Sysmon names them. */
static struct text account(struct storage *storage, const struct event *event, const char *which)
{
    char name[32];
    struct text part[3];
    static const char *const parts[] = {"UserSid", "DomainName", "UserName"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", which, parts[i]);
        part[i] = datum(event, name);
    }
    if (!is_named(part[2]))
        return (struct text){0};
    if (text_equal(part[0], text_from("S-1-5-18")))
        return text_from("NT AUTHORITY\\SYSTEM");
    if (text_equal(part[0], text_from("S-1-5-19")))
        return text_from("NT AUTHORITY\\LOCAL SERVICE");
    if (text_equal(part[0], text_from("S-1-5-20")))
        return text_from("NT AUTHORITY\\NETWORK SERVICE");
    return is_named(part[1]) ? join(storage, part[1], "\\", part[2]) : part[2];
}

/* Names of Security 4688 -> Sigma's. */
static void put_4688(struct storage *storage, const struct event *event)
{
    static const char *const names[][2] = {{"NewProcessName", "Image"},
                                           {"CommandLine", "CommandLine"},
                                           {"ParentProcessName", "ParentImage"},
                                           {"NewProcessId", "ProcessId"},
                                           {"ProcessId", "ParentProcessId"}};
    static const char *const levels[][2] = {
        {"S-1-16-4096", "Low"}, {"S-1-16-8192", "Medium"}, {"S-1-16-12288", "High"}, {"S-1-16-16384", "System"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        put(storage, names[i][1], datum(event, names[i][0]));
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (text_equal(datum(event, "MandatoryLabel"), text_from(levels[i][0])))
            put(storage, "IntegrityLevel", text_from(levels[i][1]));
    struct text target = account(storage, event, "Target"), subject = account(storage, event, "Subject");
    struct text logon = datum(event, "TargetLogonId");
    put(storage, "User", target.bytes == NULL ? subject : target);
    put(storage, "ParentUser", subject);
    put(storage, "LogonId",
        is_named(logon) && !text_equal(logon, text_from("0x0")) ? logon : datum(event, "SubjectLogonId"));
}

static void put_hashes(struct storage *storage, struct text hashes)
{
    for (const char *at = hashes.bytes; at != NULL && at < hashes.bytes + hashes.len;) {
        struct text one = {at, text_find((struct text){at, (size_t)(hashes.bytes + hashes.len - at)}, ',')};
        struct text kind = {at, text_find(one, '=')};
        struct text value = {at + kind.len + 1, one.len > kind.len ? one.len - kind.len - 1 : 0};
        static const char *const names[][2] = {
            {"MD5", "md5"}, {"SHA1", "sha1"}, {"SHA256", "sha256"}, {"IMPHASH", "Imphash"}};
        for (size_t i = 0; i < 4; i++)
            if (one.len > kind.len && text_equal(kind, text_from(names[i][0]))) {
                put(storage, names[i][1], value);
                if (i == 3)
                    put(storage, "imphash", value);
            }
        at += one.len + 1;
    }
}

void compiled_slow(struct slow_event *out, struct slow_field *fields, char *storage, size_t size,
                   const struct event *event)
{
    struct storage to = {out, fields, storage, storage + size};
    bool is_4688 = event->event_id == 4688 &&
                   text_equal(event->field[EVENT_PROVIDER], text_from("Microsoft-Windows-Security-Auditing"));
    *out = (struct slow_event){.fields = fields};
    int length = snprintf(to.at, (size_t)(to.end - to.at), "%u", (unsigned)event->event_id);
    put(&to, "EventID", (struct text){to.at, (size_t)length});
    to.at += length;
    put(&to, "Channel", event->field[EVENT_CHANNEL]);
    put(&to, "Provider_Name", event->field[EVENT_PROVIDER]);
    put(&to, "Computer", event->field[EVENT_COMPUTER]);
    if (is_4688)
        put_4688(&to, event);
    struct text whole = {to.at, 0};
    for (size_t i = 0; i < event->data_count; i++) {
        struct text line = join(&to, event->data[i].value, "\n", (struct text){"", 0});
        whole.len += line.len;
    }
    out->whole = (struct text){whole.bytes, whole.len > 0 ? whole.len - 1 : 0};
    for (size_t i = 0; i < event->data_count; i++)
        if (event->data[i].name.bytes != NULL && !(is_4688 && text_equal(event->data[i].name, text_from("ProcessId"))))
            put_text(&to, event->data[i].name, event->data[i].value);
    put_hashes(&to, datum(event, "Hashes"));
}
