#include "collectors/etw/etw.h"

#include "collectors/etw/account.h"
#include "collectors/etw/etw_observer.h"
#include "collectors/etw/etw_session.h"
#include "collectors/etw/process_list.h"

#include <windows.h>

#include <evntcons.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hits that wait to be handed over. At this number Windows' thread waits, its buffers fill, and losses are reported. */
#define MAX_QUEUED 4096u

/* How often losses are asked for, ms. */
#define POLL_MS 1000u

/* How often Windows is asked whether it still gives what was enabled, ms: an intruder can switch it off in a session
 * that lives on. */
#define CHECK_MS 30000u

/* The longest wait between two signs of life (collector.h). */
#define ROUND_MS 5000u

/* Wait before a session is opened again: doubles from the first to the last, ms; without the right, the last at once.
 */
#define RETRY_FIRST_MS 1000u
#define RETRY_LAST_MS 60000u

/* A session that lived this long, ms, was a good one: trouble begins anew. */
#define GOOD_MS 10000u

/* The table of processes: a busy server has some thousand; texts are about 200 bytes each. */
static const struct process_table_limits table_limits = {32768, 32u * 1024u * 1024u};

struct etw {
    struct etw_settings set;
    struct etw_session session;
    struct etw_observer *observer; /* of Windows' thread while there is one */
    struct account_names *accounts;
    HANDLE stop, wake, room, ended; /* stop: manual reset; ended: manual reset, Windows' thread is done */
    pthread_t thread;
    bool has_thread;
    long end_code; /* of ProcessTrace, once ended is set */
    atomic_bool is_closing;
    pthread_mutex_t lock; /* guards the queue and dropped */
    struct etw_hit *first, **last;
    unsigned queued;
    uint64_t bad, dropped; /* events that were not what they should be; for want of memory */
    unsigned failures;
    long last_code; /* of the last trouble reported, so that it is said once */
    uint64_t retry_at_ms, opened_ms, polled_ms, flushed_ms, checked_ms;
    uint64_t checked_until;                                       /* event time of the last look at what is enabled */
    uint64_t seen_until;                                          /* event time: nothing was lost until then */
    bool is_blind;                                                /* from seen_until on nothing was seen */
    struct etw_hit *unhanded;                                     /* the sink had no memory for it and what follows */
    char user[ACCOUNT_NAME_SIZE], parent_user[ACCOUNT_NAME_SIZE]; /* of the event that is handed over */
    char path[PROCESS_PATH_SIZE], parent_path[PROCESS_PATH_SIZE];
};

static void report(struct etw *e, enum collector_report_kind kind, const struct fault *fault, uint64_t number)
{
    struct collector_report r = {
        .kind = kind, .source = text_from(etw_source_name(e->set.kind)), .first = number, .fault = fault};
    e->set.sink.report(e->set.sink.context, &r);
}

static HANDLE event_new(BOOL is_manual)
{
    return CreateEventW(NULL, is_manual, FALSE, NULL);
}

/* This host's name as the Event Log writes it. */
static struct text computer_name(char to[3 * 256 + 1])
{
    wchar_t name[256];
    DWORD units = 256;
    if (!GetComputerNameExW(ComputerNamePhysicalDnsFullyQualified, name, &units))
        units = 0;
    return text_from_utf16(to, (const uint16_t *)name, units);
}

int etw_new(struct etw **out, const struct etw_settings *settings, struct fault *fault)
{
    char computer[3 * 256 + 1];
    struct etw *e = calloc(1, sizeof(*e));
    if (e == NULL || pthread_mutex_init(&e->lock, NULL) != 0) {
        free(e);
        return -ENOMEM;
    }
    e->set = *settings;
    e->session.set = &e->set;
    e->last = &e->first;
    struct etw_observer_settings set = {.rules = settings->rules,
                                        .computer = computer_name(computer),
                                        .limits = table_limits,
                                        .decode = process_list_decode};
    int rc = etw_observer_new(&e->observer, &set);
    if (rc == 0)
        rc = account_names_new(&e->accounts, account_look_up);
    e->stop = event_new(TRUE);
    e->wake = event_new(FALSE);
    e->room = event_new(FALSE);
    e->ended = event_new(TRUE);
    if (rc == 0 && (e->stop == NULL || e->wake == NULL || e->room == NULL || e->ended == NULL)) {
        fault_set(fault, "CreateEventW", (long)GetLastError(), text_from("etw"), NULL);
        rc = -EIO;
    }
    if (rc < 0) {
        etw_free(e);
        return rc;
    }
    *out = e;
    return 0;
}

static void free_hits(struct etw_hit *hit)
{
    for (struct etw_hit *next; hit != NULL; hit = next) {
        next = hit->next;
        free(hit);
    }
}

void etw_free(struct etw *e)
{
    if (e == NULL)
        return;
    free_hits(e->first);
    free_hits(e->unhanded);
    HANDLE handles[] = {e->ended, e->room, e->wake, e->stop};
    for (size_t i = 0; i < 4; i++)
        if (handles[i] != NULL)
            CloseHandle(handles[i]);
    account_names_free(e->accounts);
    etw_observer_free(e->observer);
    (void)pthread_mutex_destroy(&e->lock); /* fails only while it is held */
    free(e);
}

void etw_stop(struct etw *e)
{
    SetEvent(e->stop);
}

static bool is_stopping(const struct etw *e, DWORD wait_ms)
{
    return WaitForSingleObject(e->stop, wait_ms) == WAIT_OBJECT_0;
}

/* On Windows' thread. A full queue is waited for, unless the session is being closed: then little more comes. */
static void push(struct etw *e, struct etw_hit *hit)
{
    pthread_mutex_lock(&e->lock);
    while (e->queued >= MAX_QUEUED && !atomic_load(&e->is_closing)) {
        pthread_mutex_unlock(&e->lock);
        (void)WaitForSingleObject(e->room, 100); /* whether there is room is seen by looking */
        pthread_mutex_lock(&e->lock);
    }
    *e->last = hit;
    e->last = &hit->next;
    e->queued++;
    pthread_mutex_unlock(&e->lock);
    SetEvent(e->wake);
}

/* On Windows' thread; the record is gone when this returns. */
static void WINAPI take_record(EVENT_RECORD *from)
{
    const EVENT_HEADER *header = &from->EventHeader;
    struct etw *e = from->UserContext;
    struct etw_hit *hit = NULL;
    struct etw_record record = {.provider = (const unsigned char *)&header->ProviderId,
                                .id = header->EventDescriptor.Id,
                                .version = header->EventDescriptor.Version,
                                .opcode = header->EventDescriptor.Opcode,
                                .pointer_size = (header->Flags & EVENT_HEADER_FLAG_32_BIT_HEADER) != 0 ? 4 : 8,
                                .pid = header->ProcessId,
                                .time = (uint64_t)header->TimeStamp.QuadPart,
                                .data = from->UserData,
                                .size = from->UserDataLength};
    int rc = etw_observer_take(e->observer, &record, &hit);
    if (rc < 0) {
        pthread_mutex_lock(&e->lock);
        ++*(rc == -EBADMSG ? &e->bad : &e->dropped);
        pthread_mutex_unlock(&e->lock);
    }
    if (hit != NULL)
        push(e, hit);
}

static void *consume(void *context)
{
    struct etw *e = context;
    (void)SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL); /* then it runs as it is */
    e->end_code = etw_session_process(&e->session);
    SetEvent(e->ended);
    return NULL;
}

static int seed(void *context, const struct process_entry *entry)
{
    struct etw *e = context;
    return etw_observer_seed(e->observer, entry);
}

/* Accounts and paths, which take their time. */
static void complete(struct etw *e, struct event *event)
{
    uint64_t now_ms = GetTickCount64();
    if (event->kind != EVENT_ETW_PROCESS)
        return;
    struct text name = account_name(e->accounts, event->field[EVENT_USER_SID], now_ms);
    (void)text_copy(e->user, sizeof(e->user), name); /* it fits */
    if (name.len > 0)
        event->field[EVENT_USER] = text_from(e->user);
    name = account_name(e->accounts, event->field[EVENT_PARENT_USER_SID], now_ms);
    (void)text_copy(e->parent_user, sizeof(e->parent_user), name);
    if (name.len > 0)
        event->field[EVENT_PARENT_USER] = text_from(e->parent_user);
    event->field[EVENT_IMAGE] = process_list_path(e->path, event->pid, event->time, event->field[EVENT_IMAGE]);
    if (event->parent_time != 0)
        event->field[EVENT_PARENT_IMAGE] =
            process_list_path(e->parent_path, event->parent_pid, event->parent_time, event->field[EVENT_PARENT_IMAGE]);
}

/* All that waits, oldest first; what the sink had no memory for before comes first. */
static struct etw_hit *take_all(struct etw *e)
{
    pthread_mutex_lock(&e->lock);
    struct etw_hit *hits = e->first;
    e->first = NULL;
    e->last = &e->first;
    e->queued = 0;
    pthread_mutex_unlock(&e->lock);
    SetEvent(e->room);
    if (e->unhanded == NULL)
        return hits;
    struct etw_hit **end = &e->unhanded;
    while (*end != NULL)
        end = &(*end)->next;
    *end = hits;
    hits = e->unhanded;
    e->unhanded = NULL;
    return hits;
}

/* Backpressure: nothing more is handed over until the sink has room. Once the agent stops, one try must do. */
static void checkpoint(struct etw *e)
{
    const struct collector_sink *sink = &e->set.sink;
    while (sink->checkpoint(sink->context, text_from(etw_source_name(e->set.kind)), NULL) != 0 &&
           !is_stopping(e, RETRY_FIRST_MS))
        ;
}

static void hand_over(struct etw *e)
{
    struct etw_hit *hits = take_all(e);
    bool any = false;
    while (hits != NULL) {
        struct etw_hit *hit = hits;
        complete(e, &hit->event);
        if (e->set.sink.event(e->set.sink.context, &hit->event) != 0) {
            e->unhanded = hits;
            break;
        }
        any = true;
        hits = hit->next;
        free(hit);
    }
    if (any)
        checkpoint(e);
}

/* Trouble is reported when it begins and when it changes, not at each try. */
static void trouble(struct etw *e, enum collector_report_kind kind, const struct fault *fault, uint64_t now_ms)
{
    uint64_t wait = RETRY_LAST_MS;
    if (kind == COLLECTOR_BROKEN && e->failures < 6)
        wait = (uint64_t)RETRY_FIRST_MS << e->failures;
    e->failures++;
    e->retry_at_ms = now_ms + (wait < RETRY_LAST_MS ? wait : RETRY_LAST_MS);
    if (fault->code != e->last_code)
        report(e, kind, fault, 0);
    e->last_code = fault->code;
}

/* A loss, with the time it is in: what the Event Log's channels have of that time is all there is. */
static void report_loss(struct etw *e, const char *what, uint64_t count, uint64_t until)
{
    struct fault fault = {0};
    char from_text[EVENT_TIME_SIZE], until_text[EVENT_TIME_SIZE], detail[256];
    event_time_format(from_text, e->seen_until);
    event_time_format(until_text, until);
    snprintf(detail, sizeof(detail), "%s between %s and %s", what, from_text, until_text);
    fault_set(&fault, NULL, 0, text_from(NULL), detail);
    report(e, COLLECTOR_LOST, &fault, count);
}

static bool start_thread(struct etw *e, struct fault *fault)
{
    ResetEvent(e->ended);
    atomic_store(&e->is_closing, false);
    e->has_thread = pthread_create(&e->thread, NULL, consume, e) == 0;
    if (!e->has_thread)
        fault_set(fault, "pthread_create", EAGAIN, text_from(etw_source_name(e->set.kind)), NULL);
    return e->has_thread;
}

static void try_open(struct etw *e, uint64_t now_ms)
{
    struct fault fault = {0};
    enum collector_report_kind kind = COLLECTOR_BROKEN;
    int rc = etw_session_open(&e->session, take_record, e, &kind, &fault);
    if (rc == 0 && e->set.kind == ETW_KERNEL) {
        rc = etw_observer_restart(e->observer);
        if (rc == 0)
            rc = process_list_each(seed, e);
        if (rc < 0)
            fault_set(&fault, "malloc", ENOMEM, text_from("the table of processes"), NULL);
    }
    if (rc < 0 || !start_thread(e, &fault)) {
        etw_session_close(&e->session);
        trouble(e, kind, &fault, now_ms);
        return;
    }
    uint64_t now = event_time_now();
    report(e, COLLECTOR_OPENED, NULL, 0);
    if (e->is_blind)
        report_loss(e, "nothing was seen", 0, now);
    e->is_blind = false;
    e->seen_until = now;
    e->opened_ms = e->polled_ms = e->flushed_ms = e->checked_ms = now_ms;
    e->checked_until = now;
    e->last_code = 0;
}

/* Events that Windows lost, and those that could not be read. */
static void poll_losses(struct etw *e)
{
    struct etw_lost lost = {0, 0, 0};
    char what[160];
    uint64_t now = event_time_now();
    if (etw_session_lost(&e->session, &lost)) {
        snprintf(what, sizeof(what), "%llu events, %llu log buffers, %llu real-time buffers lost",
                 (unsigned long long)lost.events, (unsigned long long)lost.log_buffers,
                 (unsigned long long)lost.real_time_buffers);
        report_loss(e, what, lost.events, now);
    }
    pthread_mutex_lock(&e->lock);
    uint64_t bad = e->bad, dropped = e->dropped;
    e->bad = e->dropped = 0;
    pthread_mutex_unlock(&e->lock);
    if (bad > 0) {
        struct fault fault = {0};
        snprintf(what, sizeof(what), "%llu events are not what they should be", (unsigned long long)bad);
        fault_set(&fault, NULL, 0, text_from(NULL), what);
        report(e, COLLECTOR_BAD_EVENT, &fault, 0);
    }
    if (dropped > 0) {
        snprintf(what, sizeof(what), "%llu events dropped for want of memory", (unsigned long long)dropped);
        report_loss(e, what, dropped, now);
    }
    e->seen_until = now;
}

static void close_session(struct etw *e);

/* Is what was enabled still so? Else what was written since the last look may not have come. */
static void check_enabled(struct etw *e, uint64_t now_ms)
{
    struct fault fault = {0};
    int rc = etw_session_check(&e->session, &fault);
    uint64_t now = event_time_now(), before = e->checked_until;
    e->checked_ms = now_ms;
    e->checked_until = now;
    if (rc == 0)
        return;
    report(e, COLLECTOR_SWITCHED_OFF, &fault, 0);
    e->seen_until = before;
    if (rc == 1) {
        report_loss(e, "nothing may have been seen", 0, now);
        e->seen_until = now;
        return;
    }
    close_session(e); /* says itself what was lost while it lived */
    e->seen_until = before;
    e->is_blind = true;
    e->retry_at_ms = now_ms;
}

/* Ends the session, hands over what still came. */
static void close_session(struct etw *e)
{
    if (!e->has_thread)
        return;
    poll_losses(e);
    atomic_store(&e->is_closing, true);
    etw_session_close(&e->session);
    (void)pthread_join(e->thread, NULL); /* fails only for a thread that is not ours */
    e->has_thread = false;
    hand_over(e);
}

/* The session ended although nobody here ended it: intruders do that. */
static void lost_session(struct etw *e, uint64_t now_ms)
{
    struct fault fault = {0};
    enum collector_report_kind kind = COLLECTOR_STOPPED;
    close_session(e);
    e->is_blind = true;
    if (now_ms - e->opened_ms >= GOOD_MS)
        e->failures = 0;
    if (e->end_code == ERROR_ACCESS_DENIED)
        kind = COLLECTOR_DENIED;
    else if (e->end_code != ERROR_SUCCESS && e->end_code != ERROR_CANCELLED)
        kind = COLLECTOR_BROKEN;
    fault_set(&fault, "ProcessTrace", e->end_code, text_from(etw_source_name(e->set.kind)), NULL);
    e->last_code = fault.code;
    report(e, kind, &fault, 0);
    uint64_t wait = e->failures < 6 ? (uint64_t)RETRY_FIRST_MS << e->failures : RETRY_LAST_MS;
    e->failures++;
    e->retry_at_ms = kind == COLLECTOR_STOPPED && e->failures == 1 ? now_ms : now_ms + wait;
}

static DWORD wait_time(const struct etw *e, uint64_t now_ms)
{
    if (e->has_thread)
        return e->set.flush_ms < POLL_MS ? e->set.flush_ms : POLL_MS;
    uint64_t wait = e->retry_at_ms > now_ms ? e->retry_at_ms - now_ms : 0;
    return (DWORD)(wait < ROUND_MS ? wait : ROUND_MS);
}

void etw_run(struct etw *e)
{
    while (!is_stopping(e, 0)) {
        (void)collector_alive(&e->set.sink, false); /* a session keeps little */
        uint64_t now_ms = GetTickCount64();
        if (!e->has_thread && now_ms >= e->retry_at_ms)
            try_open(e, now_ms);
        hand_over(e);
        if (e->has_thread && WaitForSingleObject(e->ended, 0) == WAIT_OBJECT_0) {
            lost_session(e, now_ms);
            continue;
        }
        if (e->has_thread && e->set.flush_ms < POLL_MS && now_ms - e->flushed_ms >= e->set.flush_ms) {
            etw_session_flush(&e->session);
            e->flushed_ms = now_ms;
        }
        if (e->has_thread && now_ms - e->polled_ms >= POLL_MS) {
            poll_losses(e);
            e->polled_ms = now_ms;
        }
        if (e->has_thread && now_ms - e->checked_ms >= CHECK_MS)
            check_enabled(e, now_ms);
        HANDLE handles[] = {e->stop, e->wake, e->ended};
        (void)WaitForMultipleObjects(e->has_thread ? 3 : 2, handles, FALSE, wait_time(e, now_ms));
    }
    close_session(e);
}
