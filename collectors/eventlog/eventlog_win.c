#include "collectors/eventlog/eventlog.h"

#include "collectors/eventlog/eventlog_channel.h"

#include <windows.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Channels are looked at this often even without a signal: a lost one then costs seconds, not events. */
#define SPECULATIVE_PULL_MS 5000u

/* A bookmark without a match is kept this late at most: reading its events again is harmless. */
#define LAZY_CHECKPOINT_MS 5000u

/* Wait before a checkpoint that the sink refused is tried again. */
#define CHECKPOINT_RETRY_MS 1000u

struct eventlog {
    struct eventlog_settings set;
    struct eventlog_render *render;
    HANDLE stop; /* manual reset */
    size_t count;
    uint64_t last_checkpoint_ms, last_speculative_ms;
    bool is_waiting; /* a checkpoint was refused: nothing is read until one is taken */
    uint64_t checkpoint_at_ms;
    pthread_mutex_t mutex;                                  /* guards figures, which any thread reads */
    struct eventlog_figures figures[EVENTLOG_MAX_CHANNELS]; /* as of the last turn */
    struct channel channels[];
};

int eventlog_new(struct eventlog **out, const struct eventlog_settings *settings, struct fault *fault)
{
    size_t count = settings->channel_count;
    if (count < 1 || count > EVENTLOG_MAX_CHANNELS)
        return -EINVAL;
    struct eventlog *log = calloc(1, sizeof(*log) + count * sizeof(log->channels[0]));
    if (log == NULL)
        return -ENOMEM;
    log->set = *settings;
    log->set.channels = NULL;                    /* the caller's, gone after this call */
    (void)pthread_mutex_init(&log->mutex, NULL); /* with default attributes it can't fail (winpthreads, glibc) */
    int rc = eventlog_render_new(&log->render, fault);
    log->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (rc == 0 && log->stop == NULL) {
        fault_set(fault, "CreateEventW", (long)GetLastError(), text_from("stop"), NULL);
        rc = -EIO;
    }
    while (rc == 0 && log->count < count) {
        size_t i = log->count++; /* counted first: what is half made is cleared too */
        rc = channel_init(&log->channels[i], &settings->channels[i], &log->set, log->render, fault);
        log->figures[i] = log->channels[i].figures;
    }
    if (rc < 0) {
        eventlog_free(log);
        return rc;
    }
    *out = log;
    return 0;
}

void eventlog_free(struct eventlog *log)
{
    if (log == NULL)
        return;
    for (size_t i = log->count; i > 0; i--)
        channel_clear(&log->channels[i - 1]);
    if (log->stop != NULL)
        CloseHandle(log->stop);
    eventlog_render_free(log->render);
    (void)pthread_mutex_destroy(&log->mutex); /* nobody holds it: the reader has ended */
    free(log);
}

void eventlog_stop(struct eventlog *log)
{
    SetEvent(log->stop);
}

static bool is_stopping(const struct eventlog *log, DWORD wait_ms)
{
    return WaitForSingleObject(log->stop, wait_ms) == WAIT_OBJECT_0;
}

const char *eventlog_channel_name(const struct eventlog *log, size_t channel)
{
    return channel < log->count ? log->channels[channel].name : NULL;
}

int eventlog_figures(struct eventlog *log, size_t channel, struct eventlog_figures *out)
{
    if (channel >= log->count)
        return -EINVAL;
    (void)pthread_mutex_lock(&log->mutex);
    *out = log->figures[channel];
    (void)pthread_mutex_unlock(&log->mutex);
    return 0;
}

static void publish(struct eventlog *log)
{
    (void)pthread_mutex_lock(&log->mutex);
    for (size_t i = 0; i < log->count; i++)
        log->figures[i] = log->channels[i].figures;
    (void)pthread_mutex_unlock(&log->mutex);
}

/* Backpressure: once a checkpoint is refused nothing more is read until the sink has room. */
static void checkpoint(struct eventlog *log, struct channel *ch, uint64_t now_ms)
{
    log->is_waiting = channel_checkpoint(ch) != 0;
    log->checkpoint_at_ms = now_ms + CHECKPOINT_RETRY_MS;
}

/* Those with a match at once, the others when they are due. */
static void checkpoint_due(struct eventlog *log, uint64_t now_ms)
{
    bool is_due = now_ms - log->last_checkpoint_ms >= LAZY_CHECKPOINT_MS;
    if (log->is_waiting && now_ms < log->checkpoint_at_ms)
        return;
    log->is_waiting = false;
    for (size_t i = 0; i < log->count && !log->is_waiting; i++)
        if (is_due || log->channels[i].has_new_match)
            checkpoint(log, &log->channels[i], now_ms);
    if (is_due && !log->is_waiting)
        log->last_checkpoint_ms = now_ms;
}

/* One batch of each channel that may have records, so that a busy one can't starve another. Returns whether any has
 * more. */
static bool pull_round(struct eventlog *log)
{
    bool has_more = false;
    for (size_t i = 0; i < log->count && !log->is_waiting; i++) {
        struct channel *ch = &log->channels[i];
        uint64_t now_ms = GetTickCount64();
        if (ch->subscription == NULL && now_ms >= ch->retry_at_ms)
            channel_try_open(ch, now_ms);
        if (ch->subscription == NULL || !ch->is_pending)
            continue;
        if (channel_pull(ch, now_ms) != CHANNEL_MORE)
            ch->is_pending = false;
        else
            has_more = true;
        if (ch->has_new_match)
            checkpoint(log, ch, now_ms);
    }
    return has_more && !log->is_waiting;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ms until something must be done even without a signal. */
static DWORD wait_time(const struct eventlog *log, uint64_t now_ms)
{
    uint64_t until = log->last_speculative_ms + SPECULATIVE_PULL_MS;
    if (log->is_waiting)
        return log->checkpoint_at_ms > now_ms ? (DWORD)(log->checkpoint_at_ms - now_ms) : 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct channel *ch = &log->channels[i];
        if (ch->subscription == NULL)
            until = earlier(until, ch->retry_at_ms);
        if (ch->has_new_mark)
            until = earlier(until, log->last_checkpoint_ms + LAZY_CHECKPOINT_MS);
    }
    return until > now_ms ? (DWORD)(until - now_ms) : 0;
}

/* The signals seen are reset before their channels are drained. */
static void take_signals(struct eventlog *log, uint64_t now_ms)
{
    bool is_speculative = now_ms - log->last_speculative_ms >= SPECULATIVE_PULL_MS;
    if (is_speculative)
        log->last_speculative_ms = now_ms;
    for (size_t i = 0; i < log->count; i++) {
        struct channel *ch = &log->channels[i];
        if (is_speculative || WaitForSingleObject(ch->signal, 0) == WAIT_OBJECT_0) {
            ResetEvent(ch->signal);
            ch->is_pending = true;
        }
    }
}

/* Waits for a signal or the next duty; while a channel has more, only looks whether another was signalled. */
static void wait_for_work(struct eventlog *log, bool has_more)
{
    HANDLE handles[1 + EVENTLOG_MAX_CHANNELS] = {log->stop};
    DWORD wait_ms = has_more ? 0 : wait_time(log, GetTickCount64());
    if (log->is_waiting) {
        (void)is_stopping(log, wait_ms); /* signals stay set until there is room */
        return;
    }
    for (size_t i = 0; i < log->count; i++)
        handles[1 + i] = log->channels[i].signal;
    DWORD rc = WaitForMultipleObjects((DWORD)(1 + log->count), handles, FALSE, wait_ms);
    if (rc != WAIT_TIMEOUT || !has_more)
        take_signals(log, GetTickCount64());
}

/* Will a log overwrite what was not read before long? */
static bool wraps_soon(const struct eventlog *log)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->channels[i].is_wrap_said)
            return true;
    return false;
}

void eventlog_run(struct eventlog *log)
{
    log->last_checkpoint_ms = log->last_speculative_ms = GetTickCount64();
    while (!is_stopping(log, 0)) {
        (void)collector_alive(&log->set.sink, !wraps_soon(log)); /* says something of files alone */
        bool has_more = pull_round(log);
        uint64_t now_ms = GetTickCount64();
        checkpoint_due(log, now_ms);
        for (size_t i = 0; i < log->count; i++)
            channel_watch(&log->channels[i], log->is_waiting, now_ms);
        publish(log);
        wait_for_work(log, has_more);
    }
    for (size_t i = 0; i < log->count; i++)
        (void)channel_checkpoint(&log->channels[i]); /* what is refused now is read again after the next start */
}
