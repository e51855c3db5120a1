#include "agent/run/witness.h"

#include "agent/log/messages.h"
#include "detect/base/condition.h"
#include "transport/document/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(STORE_SOURCES == 2 * EVENT_OTHER, "one place for each kind of process creation, in a log and live");

/* How often missing witnesses are searched for, ms. */
#define WATCH_MS 1000u

#define TICKS_PER_SECOND 10000000ull

/* A process that an alert is about. */
struct subject {
    struct store_subject s;          /* alert empty: this place is free */
    const void *owner;               /* the pipeline whose document made it */
    bool is_kept;                    /* the alert is on disk */
    bool is_expected[STORE_SOURCES]; /* sources that were read, and had told before, when it was first told of */
    uint64_t live_until;             /* event time at which witnesses are looked for; 0: not, or done */
};

struct witness {
    struct log *log;
    pthread_mutex_t lock; /* guards all below */
    struct condition kept, ending;
    bool is_ending, has_thread;
    pthread_t thread;
    bool is_open[STORE_SOURCES], has_told[STORE_SOURCES];
    size_t next;                                     /* the place of the next subject */
    uint64_t keys[WITNESS_MAX], alerts[WITNESS_MAX]; /* hashes of each subject's key and alert; 0: the place is free */
    struct subject subjects[WITNESS_MAX];
};

/* What is asked for. */
struct sighting {
    char key[SHA256_HEX_SIZE];
    uint64_t hash, created; /* created 0: not known, but not after until */
    uint64_t until;         /* the event's own time */
    uint64_t event;         /* hash of its id */
    unsigned source;
    bool is_child;
};

/* FNV-1a (isthe.com/chongo/tech/comp/fnv): to pass over what can't be equal. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash == 0 ? 1 : hash;
}

static unsigned source_of(const struct event *event)
{
    return 2u * (unsigned)event->kind + (event->has_record_id ? 1u : 0u);
}

static int make_key(char key[SHA256_HEX_SIZE], const char *rule, struct text host, uint32_t pid, struct text line)
{
    struct sha256 sha256 = {0};
    char number[16], name[256];
    size_t size = text_copy(name, sizeof(name), host);
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] + ('a' - 'A'));
    int digits = snprintf(number, sizeof(number), "%lu", (unsigned long)pid);
    int rc = sha256_init(&sha256);
    if (rc == 0)
        rc = sha256_add_field(&sha256, rule, strlen(rule));
    if (rc == 0)
        rc = sha256_add_field(&sha256, name, size);
    if (rc == 0)
        rc = sha256_add_field(&sha256, number, (size_t)digits);
    if (rc == 0)
        rc = sha256_add_field(&sha256, line.bytes, line.len);
    if (rc == 0)
        rc = sha256_hex(key, &sha256);
    sha256_clear(&sha256);
    return rc;
}

static int make_sighting(struct sighting *out, const struct alert *alert, const char *event_id)
{
    const struct event *e = alert->event;
    struct sighting s = {.until = e->time, .source = source_of(e), .event = hash_of(event_id)};
    s.is_child = alert_is_of_parent(alert);
    s.created = s.is_child ? e->parent_time : e->time;
    int rc = make_key(s.key, alert->rule->id, e->field[EVENT_COMPUTER], s.is_child ? e->parent_pid : e->pid,
                      e->field[s.is_child ? EVENT_PARENT_COMMAND_LINE : EVENT_COMMAND_LINE]);
    s.hash = rc < 0 ? 0 : hash_of(s.key);
    if (rc == 0)
        *out = s;
    return rc;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Can s be about the subject? *distance: how far apart in time, to choose the nearest. */
static bool fits(const struct subject *subject, const struct sighting *s, uint64_t *distance)
{
    const struct store_subject *is = &subject->s;
    if (!s->is_child && is->witness[s->source] != 0 && is->witness[s->source] != s->event)
        return false; /* a source tells of each creation once */
    if (strcmp(is->key, s->key) != 0)
        return false;
    if (!s->is_child && is->witness[s->source] != 0)
        return true;
    if (is->created != 0 && s->created != 0) {
        *distance = apart(is->created, s->created);
        return *distance <= WITNESS_SLACK;
    }
    if (s->created != 0) { /* the subject is known by what it started: it began before that */
        *distance = apart(s->created, is->until);
        return s->created <= is->until + WITNESS_SLACK;
    }
    uint64_t begun = is->created != 0 ? is->created : is->until;
    *distance = apart(begun, s->until);
    return is->created == 0 || is->created <= s->until + WITNESS_SLACK;
}

static struct subject *find(struct witness *w, const struct sighting *s, const char *event_id)
{
    struct subject *best = NULL;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < WITNESS_MAX; i++) {
        struct subject *subject = &w->subjects[i];
        uint64_t distance = 0;
        if (w->keys[i] != s->hash)
            continue;
        if (w->alerts[i] == s->event && strcmp(subject->s.alert, event_id) == 0) /* this very event made it */
            return subject;
        if (fits(subject, s, &distance) && (best == NULL || distance < least)) {
            best = subject;
            least = distance;
        }
    }
    return best;
}

static bool is_local(unsigned source)
{
    return source / 2 != EVENT_FORWARDED_4688;
}

static void add(struct witness *w, const void *owner, const struct sighting *s, const char *event_id)
{
    struct subject *subject = &w->subjects[w->next];
    uint64_t now = event_time_now();
    w->keys[w->next] = s->hash;
    w->alerts[w->next] = s->event;
    w->next = (w->next + 1) % WITNESS_MAX;
    *subject = (struct subject){.owner = owner};
    memcpy(subject->s.key, s->key, sizeof(s->key));
    (void)text_copy(subject->s.alert, sizeof(subject->s.alert), text_from(event_id)); /* it is an id's size */
    subject->s.created = s->created;
    subject->s.until = s->until;
    if (!s->is_child)
        subject->s.witness[s->source] = s->event;
    for (size_t i = 0; i < STORE_SOURCES; i++)
        subject->is_expected[i] = w->is_open[i] && w->has_told[i];
    if (!s->is_child && is_local(s->source) && s->created + WITNESS_OVERDUE_S * TICKS_PER_SECOND > now)
        subject->live_until = now + WITNESS_OVERDUE_S * TICKS_PER_SECOND;
}

/* Waits until the alert of the subject is on disk. False: it isn't in time, or is forgotten. */
static bool wait_for_alert(struct witness *w, const void *owner, struct subject *subject)
{
    char alert[ALERT_ID_SIZE];
    struct timespec deadline = condition_deadline(&w->kept, WITNESS_WAIT_MS);
    memcpy(alert, subject->s.alert, sizeof(alert));
    while (!subject->is_kept && subject->owner != owner)
        if (!condition_wait(&w->kept, &w->lock, &deadline) || strcmp(subject->s.alert, alert) != 0)
            break;
    return strcmp(subject->s.alert, alert) == 0 && (subject->is_kept || subject->owner == owner);
}

int witness_see(struct witness *w, const void *owner, const struct alert *alert, const char *event_id,
                struct witness_verdict *out)
{
    struct sighting s = {.source = 0};
    *out = (struct witness_verdict){.action = NULL};
    (void)text_copy(out->alert, sizeof(out->alert), text_from(event_id)); /* it is an id's size */
    if (!alert->event->has_pid || (alert_is_of_parent(alert) && !alert->event->has_parent_pid))
        return 0;
    int rc = make_sighting(&s, alert, event_id);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&w->lock);
    struct subject *subject = find(w, &s, event_id);
    if (subject == NULL) {
        add(w, owner, &s, event_id);
    } else if (strcmp(subject->s.alert, event_id) != 0 && wait_for_alert(w, owner, subject)) {
        out->action = s.is_child ? "child-started" : "witness-added";
        memcpy(out->alert, subject->s.alert, sizeof(out->alert));
        if (!s.is_child)
            subject->s.witness[s.source] = s.event;
        if (subject->s.created == 0)
            subject->s.created = s.created;
    }
    if (!s.is_child)
        w->has_told[s.source] = true;
    pthread_mutex_unlock(&w->lock);
    return 0;
}

static struct subject *find_alert(struct witness *w, const char *alert_id)
{
    uint64_t hash = hash_of(alert_id);
    for (size_t i = 0; i < WITNESS_MAX; i++)
        if (w->alerts[i] == hash && strcmp(w->subjects[i].s.alert, alert_id) == 0)
            return &w->subjects[i];
    return NULL;
}

bool witness_subject(struct witness *w, const char *alert_id, struct store_subject *out)
{
    pthread_mutex_lock(&w->lock);
    const struct subject *subject = find_alert(w, alert_id);
    if (subject != NULL)
        *out = subject->s;
    pthread_mutex_unlock(&w->lock);
    return subject != NULL;
}

void witness_kept(struct witness *w, const char *alert_id)
{
    pthread_mutex_lock(&w->lock);
    struct subject *subject = find_alert(w, alert_id);
    if (subject != NULL)
        subject->is_kept = true;
    condition_signal(&w->kept);
    pthread_mutex_unlock(&w->lock);
}

void witness_forget(struct witness *w, const void *owner)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < WITNESS_MAX; i++)
        if (w->subjects[i].owner == owner && !w->subjects[i].is_kept) {
            w->subjects[i] = (struct subject){.owner = NULL};
            w->keys[i] = w->alerts[i] = 0;
        } else if (w->subjects[i].owner == owner) {
            w->subjects[i].owner = NULL;
        }
    condition_signal(&w->kept);
    pthread_mutex_unlock(&w->lock);
}

/* The sources that can be missed, by their names in reports. Forwarded events tell of other hosts. */
static const struct {
    const char *name;
    unsigned source;
} sources[] = {
    {"Security", 2 * EVENT_SECURITY_4688 + 1},
    {"Microsoft-Windows-Sysmon/Operational", 2 * EVENT_SYSMON_1 + 1},
    {"ETW kernel", 2 * EVENT_ETW_PROCESS},
    {"ETW Sysmon", 2 * EVENT_SYSMON_1},
    {"ETW EventLog-Security", 2 * EVENT_SECURITY_4688},
};

#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

void witness_source(struct witness *w, struct text source, bool is_open)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        if (text_equal_nocase(text_from(sources[i].name), source))
            w->is_open[sources[i].source] = is_open;
    pthread_mutex_unlock(&w->lock);
}

/* Who is missed at subject; the others told of it. */
static void report_missed(struct witness *w, const struct subject *subject)
{
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        unsigned source = sources[i].source;
        if (w->is_open[source] && subject->is_expected[source] && subject->s.witness[source] == 0)
            log_write(w->log, LOG_ERROR, MESSAGE_WITNESS_MISSED,
                      "%s: is read, and did not tell within %u s of a process that another source told of: alert=%s",
                      sources[i].name, WITNESS_OVERDUE_S, subject->s.alert);
    }
}

static void *watch(void *context)
{
    struct witness *w = context;
    pthread_mutex_lock(&w->lock);
    while (!w->is_ending) {
        uint64_t now = event_time_now();
        for (size_t i = 0; i < WITNESS_MAX; i++) {
            struct subject *subject = &w->subjects[i];
            if (subject->live_until == 0 || subject->live_until > now)
                continue;
            subject->live_until = 0;
            report_missed(w, subject);
        }
        struct timespec deadline = condition_deadline(&w->ending, WATCH_MS);
        (void)condition_wait(&w->ending, &w->lock, &deadline); /* either way the loop looks again */
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static int load(void *context, const struct store_subject *from)
{
    struct witness *w = context;
    struct subject *subject = &w->subjects[w->next];
    w->keys[w->next] = hash_of(from->key);
    w->alerts[w->next] = hash_of(from->alert);
    w->next = (w->next + 1) % WITNESS_MAX;
    *subject = (struct subject){.s = *from, .is_kept = true};
    for (size_t i = 0; i < STORE_SOURCES; i++)
        w->has_told[i] = w->has_told[i] || from->witness[i] != 0;
    return 0;
}

int witness_new(struct witness **out, struct store *store, struct log *log, struct fault *fault)
{
    struct witness *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return -ENOMEM;
    w->log = log;
    if (pthread_mutex_init(&w->lock, NULL) != 0 || condition_init(&w->kept) < 0 || condition_init(&w->ending) < 0) {
        free(w); /* what was made of the three is nothing but memory of the struct */
        return -ENOMEM;
    }
    int rc = store_subjects(store, load, w, fault);
    if (rc == 0) {
        w->has_thread = pthread_create(&w->thread, NULL, watch, w) == 0;
        if (!w->has_thread) {
            fault_set(fault, "pthread_create", EAGAIN, text_from("witness"), NULL);
            rc = -EAGAIN;
        }
    }
    if (rc < 0) {
        witness_free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->is_ending = true;
    condition_signal(&w->ending);
    pthread_mutex_unlock(&w->lock);
    if (w->has_thread)
        (void)pthread_join(w->thread, NULL); /* fails only for a thread that is not ours */
    condition_destroy(&w->ending);
    condition_destroy(&w->kept);
    (void)pthread_mutex_destroy(&w->lock); /* fails only while it is held */
    free(w);
}
