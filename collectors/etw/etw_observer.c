#include "collectors/etw/etw_observer.h"

#include "collectors/etw/etw_events.h"
#include "collectors/etw/etw_process.h"
#include "detect/event/kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts that one event has at most; each has a NUL in the scratch room. */
#define MAX_TEXTS 32u

/* Most bytes of an image name that is made of 8-bit text. */
#define MAX_IMAGE 1024u

struct etw_observer {
    struct etw_observer_settings set;
    char *computer;
    struct process_table *table;
    struct etw_observer_counts counts;
    size_t used; /* of scratch */
    uint16_t units[ETW_MAX_PAYLOAD / 2 + 1];
    char scratch[TEXT_UTF16_MAX_BYTES(ETW_MAX_PAYLOAD / 2 + 1) + MAX_TEXTS];
    char image[MAX_IMAGE], user[ETW_SID_TEXT_SIZE], target[ETW_SID_TEXT_SIZE];
    char guid[ETW_GUID_TEXT_SIZE], parent_guid[ETW_GUID_TEXT_SIZE], logon_id[24];
};

int etw_observer_new(struct etw_observer **out, const struct etw_observer_settings *settings)
{
    struct etw_observer *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return -ENOMEM;
    o->set = *settings;
    o->computer = text_dup(settings->computer);
    if (o->computer == NULL || process_table_new(&o->table, &settings->limits) < 0) {
        etw_observer_free(o);
        return -ENOMEM;
    }
    *out = o;
    return 0;
}

void etw_observer_free(struct etw_observer *o)
{
    if (o == NULL)
        return;
    process_table_free(o->table);
    free(o->computer);
    free(o);
}

int etw_observer_restart(struct etw_observer *o)
{
    struct process_table *fresh = NULL;
    int rc = process_table_new(&fresh, &o->set.limits);
    if (rc < 0)
        return rc;
    process_table_free(o->table);
    o->table = fresh;
    return 0;
}

int etw_observer_seed(struct etw_observer *o, const struct process_entry *entry)
{
    struct process_entry e = *entry;
    e.is_match = rule_set_bytes_may_match(o->set.rules, e.command_line);
    return process_table_seed(o->table, &e);
}

/* As UTF-8 in the scratch room, until the next event; all units of an event fit there. */
static struct text utf8(struct etw_observer *o, struct etw_units units)
{
    if (units.bytes == NULL)
        return (struct text){NULL, 0};
    etw_units_copy(o->units, units);
    struct text text = text_from_utf16(o->scratch + o->used, o->units, units.count);
    o->used += text.len + 1;
    return text;
}

static struct text image_text(struct etw_observer *o, struct text bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if ((unsigned char)bytes.bytes[i] >= 0x80 && o->set.decode != NULL)
            return (struct text){o->image, o->set.decode(o->image, sizeof(o->image), bytes)};
    return bytes;
}

static struct text sid_text(char to[ETW_SID_TEXT_SIZE], struct etw_sid sid)
{
    struct text text = etw_sid_text(to, sid);
    return text.len == 0 ? (struct text){NULL, 0} : text;
}

/* A hit that owns the texts of event. */
static int make_hit(struct etw_observer *o, struct etw_hit **out, const struct event *event)
{
    size_t size = 0;
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
        size += event->field[f].len + 1;
    struct etw_hit *hit = malloc(sizeof(*hit) + size);
    if (hit == NULL)
        return -ENOMEM;
    *hit = (struct etw_hit){.event = *event};
    char *at = hit->texts;
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        struct text *field = &hit->event.field[f];
        if (field->bytes == NULL)
            continue;
        memcpy(at, field->bytes, field->len);
        at[field->len] = '\0';
        field->bytes = at;
        at += field->len + 1;
    }
    o->counts.hits++;
    *out = hit;
    return 0;
}

/* Is a rule about such events that asks for more than command lines? Then each is handed over: the sink asks. */
static bool is_wanted(const struct etw_observer *o, const struct event *event)
{
    return !rule_set_asks_lines_only(o->set.rules, event->kind) && rule_set_wants(o->set.rules, event);
}

static void set_creator(const struct etw_observer *o, struct event *event, const struct process_entry *creator)
{
    event->parent_time = creator->created;
    event->field[EVENT_PARENT_IMAGE] = creator->image;
    event->field[EVENT_PARENT_COMMAND_LINE] = creator->command_line;
    event->field[EVENT_PARENT_USER_SID] = creator->user;
    uint64_t then = creator->created != 0 ? creator->created : event->time;
    const struct process_entry *its_creator = process_table_find(o->table, creator->parent_pid, then);
    if (its_creator != NULL) {
        event->field[EVENT_GRANDPARENT_IMAGE] = its_creator->image;
        event->field[EVENT_GRANDPARENT_COMMAND_LINE] = its_creator->command_line;
    }
}

/*
 * A new process. Who really created it is in the header (learn.microsoft.com/windows/win32/etw/process: logged in the
 * context of the creator); ParentId is what the creator said.
 */
static int start(struct etw_observer *o, const struct etw_record *r, const struct etw_process *p,
                 struct process_entry *entry, struct etw_hit **hit)
{
    uint32_t creator_pid = r->pid == UINT32_MAX || r->pid == 0 ? p->parent_pid : r->pid;
    struct event event = {.kind = EVENT_ETW_PROCESS,
                          .time = r->time,
                          .has_pid = true,
                          .has_parent_pid = true,
                          .pid = p->pid,
                          .parent_pid = creator_pid,
                          .has_claimed_parent = creator_pid != p->parent_pid,
                          .claimed_parent_pid = p->parent_pid};
    entry->parent_pid = creator_pid;
    entry->created = r->time;
    const struct process_entry *creator = process_table_find(o->table, creator_pid, r->time);
    int rc = 0;
    o->counts.starts++;
    event.field[EVENT_PROVIDER] = kinds_provider(EVENT_ETW_PROCESS);
    if (entry->is_match || (creator != NULL && creator->is_match) || is_wanted(o, &event)) {
        event.field[EVENT_COMPUTER] = text_from(o->computer);
        event.field[EVENT_COMMAND_LINE] = entry->command_line;
        event.field[EVENT_IMAGE] = entry->image;
        event.field[EVENT_USER_SID] = entry->user;
        if (creator != NULL)
            set_creator(o, &event, creator);
        const struct process_entry *claimed =
            event.has_claimed_parent ? process_table_find(o->table, p->parent_pid, r->time) : NULL;
        if (claimed != NULL)
            event.field[EVENT_CLAIMED_PARENT_IMAGE] = claimed->image;
        rc = make_hit(o, hit, &event);
    }
    int added = process_table_start(o->table, entry);
    return rc < 0 ? rc : added;
}

static int take_process(struct etw_observer *o, const struct etw_record *r, struct etw_hit **hit)
{
    struct etw_process p;
    int rc = etw_process_read(&p, r->data, r->size, r->version, r->pointer_size);
    if (rc < 0)
        return -EBADMSG;
    struct process_entry entry = {.pid = p.pid,
                                  .parent_pid = p.parent_pid,
                                  .image = image_text(o, p.image),
                                  .command_line = utf8(o, p.command_line),
                                  .user = sid_text(o->user, p.user)};
    switch (r->opcode) {
    case ETW_PROCESS_START:
        entry.is_match = rule_set_bytes_may_match(o->set.rules, entry.command_line);
        return start(o, r, &p, &entry, hit);
    case ETW_PROCESS_DC_START:
        return etw_observer_seed(o, &entry);
    case ETW_PROCESS_END:
    case ETW_PROCESS_DEFUNCT:
        process_table_end(o->table, p.pid, r->time);
        return 0;
    default:
        return 0;
    }
}

/* What Sysmon and 4688 have in common; true: a rule may match. */
static bool begin_creation(struct etw_observer *o, struct event *event, enum event_kind kind,
                           const struct etw_record *r, const struct etw_creation *e)
{
    struct text provider = kinds_provider(kind);
    *event = (struct event){.kind = kind,
                            .time = r->time,
                            .event_id = r->id,
                            .has_pid = true,
                            .has_parent_pid = true,
                            .pid = e->pid,
                            .parent_pid = e->parent_pid};
    event->field[EVENT_PROVIDER] = provider;
    event->field[EVENT_CHANNEL] = kinds_find(provider, r->id)->channel; /* it is in the table: only such come here */
    event->field[EVENT_COMMAND_LINE] = utf8(o, e->command_line);
    event->field[EVENT_PARENT_COMMAND_LINE] = utf8(o, e->parent_command_line);
    o->counts.starts++;
    if (!rule_set_bytes_may_match(o->set.rules, event->field[EVENT_COMMAND_LINE]) &&
        !rule_set_bytes_may_match(o->set.rules, event->field[EVENT_PARENT_COMMAND_LINE]) && !is_wanted(o, event))
        return false;
    event->field[EVENT_COMPUTER] = text_from(o->computer);
    event->field[EVENT_IMAGE] = utf8(o, e->image);
    event->field[EVENT_PARENT_IMAGE] = utf8(o, e->parent_image);
    snprintf(o->logon_id, sizeof(o->logon_id), "0x%" PRIx64, e->logon_id);
    event->field[EVENT_LOGON_ID] = text_from(o->logon_id);
    return true;
}

static int take_sysmon(struct etw_observer *o, const struct etw_record *r, struct etw_hit **hit)
{
    struct etw_creation e;
    struct event event;
    if (etw_sysmon_read(&e, r->data, r->size) < 0)
        return -EBADMSG;
    if (!begin_creation(o, &event, EVENT_SYSMON_1, r, &e))
        return 0;
    event.field[EVENT_USER] = utf8(o, e.user);
    event.field[EVENT_PARENT_USER] = utf8(o, e.parent_user);
    event.field[EVENT_PROCESS_GUID] = etw_guid_text(o->guid, e.guid);
    event.field[EVENT_PARENT_GUID] = etw_guid_text(o->parent_guid, e.parent_guid);
    return make_hit(o, hit, &event);
}

static int take_security(struct etw_observer *o, const struct etw_record *r, struct etw_hit **hit)
{
    struct etw_creation e;
    struct event event;
    if (etw_security_read(&e, r->data, r->size, r->version, r->pointer_size) < 0)
        return -EBADMSG;
    if (!begin_creation(o, &event, EVENT_SECURITY_4688, r, &e))
        return 0;
    event.field[EVENT_SUBJECT_SID] = sid_text(o->user, e.subject_sid);
    event.field[EVENT_SUBJECT_NAME] = utf8(o, e.subject_name);
    event.field[EVENT_SUBJECT_DOMAIN] = utf8(o, e.subject_domain);
    event.field[EVENT_TARGET_SID] = sid_text(o->target, e.target_sid);
    event.field[EVENT_TARGET_NAME] = utf8(o, e.target_name);
    event.field[EVENT_TARGET_DOMAIN] = utf8(o, e.target_domain);
    return make_hit(o, hit, &event);
}

static bool is_provider(const struct etw_record *r, const unsigned char guid[16])
{
    return memcmp(r->provider, guid, 16) == 0;
}

int etw_observer_take(struct etw_observer *o, const struct etw_record *r, struct etw_hit **hit)
{
    int (*take)(struct etw_observer *, const struct etw_record *, struct etw_hit **) = NULL;
    *hit = NULL;
    if (is_provider(r, etw_process_guid))
        take = take_process;
    else if (is_provider(r, etw_sysmon_guid) && r->id == 1)
        take = take_sysmon;
    else if (is_provider(r, etw_security_guid) && r->id == 4688)
        take = take_security;
    if (take == NULL)
        return 0;
    o->used = 0;
    o->counts.events++;
    int rc = r->size > ETW_MAX_PAYLOAD ? -EBADMSG : take(o, r, hit);
    if (rc == -EBADMSG)
        o->counts.bad++;
    return rc;
}

struct etw_observer_counts etw_observer_counts(const struct etw_observer *o)
{
    return o->counts;
}

struct process_table_counts etw_observer_table(const struct etw_observer *o)
{
    return process_table_counts(o->table);
}
