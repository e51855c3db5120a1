#include "collectors/eventlog.h"

#include "collectors/eventlog_channel.h"

#include <windows.h>

#include <errno.h>
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
    log->set.channels = NULL; /* the caller's, gone after this call */
    int rc = eventlog_render_new(&log->render, fault);
    log->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (rc == 0 && log->stop == NULL) {
        fault_set(fault, "CreateEventW", (long)GetLastError(), text_from("stop"), NULL);
        rc = -EIO;
    }
    for (; rc == 0 && log->count < count; log->count++)
        rc = channel_init(&log->channels[log->count], &settings->channels[log->count], &log->set, log->render, fault);
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

/* Backpressure: nothing more is read until the sink has room. Once the agent stops, one try must do. */
static void checkpoint(struct eventlog *log, struct channel *ch)
{
    while (channel_checkpoint(ch) != 0 && !is_stopping(log, CHECKPOINT_RETRY_MS))
        ;
}

static void checkpoint_all(struct eventlog *log, uint64_t now_ms)
{
    for (size_t i = 0; i < log->count; i++)
        checkpoint(log, &log->channels[i]);
    log->last_checkpoint_ms = now_ms;
}

/* One batch of each channel that may have records, so that a busy one can't starve another. Returns whether any has
 * more. */
static bool pull_round(struct eventlog *log)
{
    bool has_more = false;
    for (size_t i = 0; i < log->count; i++) {
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
            checkpoint(log, ch);
    }
    return has_more;
}

/* ms until something must be done even without a signal. */
static DWORD wait_time(const struct eventlog *log, uint64_t now_ms)
{
    uint64_t until = log->last_speculative_ms + SPECULATIVE_PULL_MS;
    for (size_t i = 0; i < log->count; i++) {
        const struct channel *ch = &log->channels[i];
        if (ch->subscription == NULL && ch->retry_at_ms < until)
            until = ch->retry_at_ms;
        if (ch->has_new_bookmark && log->last_checkpoint_ms + LAZY_CHECKPOINT_MS < until)
            until = log->last_checkpoint_ms + LAZY_CHECKPOINT_MS;
    }
    return until > now_ms ? (DWORD)(until - now_ms) : 0;
}

/* Waits for a signal or the next duty; the signals seen are reset before their channels are drained. */
static void wait_for_work(struct eventlog *log)
{
    HANDLE handles[1 + EVENTLOG_MAX_CHANNELS] = {log->stop};
    for (size_t i = 0; i < log->count; i++)
        handles[1 + i] = log->channels[i].signal;
    (void)WaitForMultipleObjects((DWORD)(1 + log->count), handles, FALSE, wait_time(log, GetTickCount64()));

    uint64_t now_ms = GetTickCount64();
    bool is_speculative = now_ms - log->last_speculative_ms >= SPECULATIVE_PULL_MS;
    if (is_speculative)
        log->last_speculative_ms = now_ms;
    for (size_t i = 0; i < log->count; i++) {
        struct channel *ch = &log->channels[i];
        if (WaitForSingleObject(ch->signal, 0) == WAIT_OBJECT_0 || is_speculative) {
            ResetEvent(ch->signal);
            ch->is_pending = true;
        }
    }
}

void eventlog_run(struct eventlog *log)
{
    log->last_checkpoint_ms = log->last_speculative_ms = GetTickCount64();
    while (!is_stopping(log, 0)) {
        if (log->set.sink.alive != NULL)
            log->set.sink.alive(log->set.sink.context);
        bool has_more = pull_round(log);
        uint64_t now_ms = GetTickCount64();
        if (now_ms - log->last_checkpoint_ms >= LAZY_CHECKPOINT_MS)
            checkpoint_all(log, now_ms);
        if (!has_more)
            wait_for_work(log);
    }
    checkpoint_all(log, GetTickCount64());
}
