/* What a status file means: pure, so that every state can be tried. */
#include "agent/health/status_file.h"

#include "detect/event/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TICKS_PER_SECOND 10000000u /* of event times */

__attribute__((format(printf, 2, 3))) static void reason(struct status_judgement *j, const char *format, ...)
{
    va_list arguments;
    if (j->count == STATUS_MAX_REASONS)
        return; /* enough to know that much is wrong; the document has all */
    va_start(arguments, format);
    (void)vsnprintf(j->reasons[j->count++], STATUS_REASON_SIZE, format, arguments); /* cut where longer */
    va_end(arguments);
}

static const char *string(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value == NULL ? "" : value;
}

static long long integer(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void judge_sources(struct status_judgement *j, const json_t *document)
{
    const json_t *list = json_object_get(document, "sources");
    size_t reading = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        const char *state = string(s, "state"), *trouble = string(s, "trouble");
        bool is_disabled = json_is_true(json_object_get(s, "disabled"));
        if (strcmp(state, "reading") == 0 && !is_disabled)
            reading++;
        if (is_disabled)
            reason(j, "%s is switched off: Windows writes nothing into it", string(s, "name"));
        else if (strcmp(state, "denied") == 0 || strcmp(state, "broken") == 0)
            reason(j, "%s is not read (%s)%s%s", string(s, "name"), state, *trouble == '\0' ? "" : ": ", trouble);
    }
    if (reading == 0)
        reason(j, "nothing is watched: no source is read");
}

static void judge_outputs(struct status_judgement *j, const json_t *document)
{
    const json_t *list = json_object_get(document, "outputs");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        if (integer(o, "failing") > 0)
            reason(j, "output %s does not take alerts (%lld wait; %lld tries failed): %s", string(o, "name"),
                   integer(o, "waiting"), integer(o, "failing"), string(o, "trouble"));
        if (integer(o, "overflowed") > 0)
            reason(j, "output %s took nothing for so long that the outbox was full: %lld alerts are dead letters of it",
                   string(o, "name"), integer(o, "overflowed"));
    }
    const json_t *store = json_object_get(document, "store");
    if (integer(store, "dead") > 0)
        reason(
            j,
            "%lld alert%s refused for good or given up, and kept as dead letters: tripline deadletters list says why, "
            "retry sends them again",
            integer(store, "dead"), integer(store, "dead") == 1 ? " was" : "s were");
    if (integer(store, "dropped") > 0)
        reason(j, "%lld dead letters had to give way to later ones", integer(store, "dropped"));
    if (strcmp(string(store, "state"), "disk full") == 0)
        reason(j,
               "disk full: %lld alerts wait in memory, of at most %d, and are still handed to outputs; bookmarks stay "
               "where "
               "they are, so what the logs hold is read again should the agent end; make room",
               integer(store, "in_memory"), STORE_MAX_AFLOAT);
    else if (strcmp(string(store, "state"), "working") != 0)
        reason(j, "the outbox is %s: reading waits", string(store, "state"));
}

static void judge_rest(struct status_judgement *j, const json_t *document)
{
    if (json_is_true(json_object_get(json_object_get(document, "config"), "refused")))
        reason(j, "the config file has mistakes and was not taken: the one before it is in force "
                  "(tripline check-config names them)");
    long long bad = integer(json_object_get(document, "doctor"), "bad");
    if (bad > 0)
        reason(j, "tripline doctor finds %lld thing%s bad", bad, bad == 1 ? "" : "s");
}

/* Is a thread overdue? */
static bool judge_threads(struct status_judgement *j, const json_t *document)
{
    const json_t *list = json_object_get(document, "threads");
    bool is_stuck = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *t = json_array_get(list, i);
        if (integer(t, "overdue_s") <= 0)
            continue;
        is_stuck = true;
        reason(j, "thread %s gives no sign of life (overdue for %lld s)", string(t, "name"), integer(t, "overdue_s"));
    }
    return is_stuck;
}

void status_judge(struct status_judgement *out, const json_t *document, uint64_t now, bool is_alive)
{
    uint64_t written = 0;
    *out = (struct status_judgement){.verdict = STATUS_UNKNOWN};
    if (!event_time_parse(&written, text_from(string(document, "written")))) {
        reason(out, "the status file does not say when it was written");
        return;
    }
    long long interval = integer(document, "interval_s");
    uint64_t late = (uint64_t)(interval > 0 ? interval : STATUS_INTERVAL_S) * STATUS_LATE;
    uint64_t age = now > written ? (now - written) / TICKS_PER_SECOND : 0;
    if (strcmp(string(document, "state"), "stopped") == 0) {
        out->verdict = STATUS_STOPPED;
        reason(out, "it was stopped at %s", string(document, "written"));
        return;
    }
    if (!is_alive) {
        out->verdict = STATUS_DEAD;
        reason(out, "process %lld is gone, though nobody stopped it; its last sign of life is %llu s old",
               integer(document, "pid"), (unsigned long long)age);
        return;
    }
    if (age > late) {
        out->verdict = STATUS_STUCK;
        reason(out, "process %lld runs, but its last sign of life is %llu s old; it is due every %lld s",
               integer(document, "pid"), (unsigned long long)age, interval);
        return;
    }
    bool is_stuck = judge_threads(out, document);
    judge_sources(out, document);
    judge_outputs(out, document);
    judge_rest(out, document);
    out->verdict = is_stuck ? STATUS_STUCK : out->count > 0 ? STATUS_TROUBLE : STATUS_WATCHING;
}

const char *status_word(enum status_verdict verdict)
{
    switch (verdict) {
    case STATUS_WATCHING:
        return "watching";
    case STATUS_TROUBLE:
        return "running, with trouble";
    case STATUS_STOPPED:
        return "stopped";
    case STATUS_DEAD:
        return "DEAD";
    case STATUS_STUCK:
        return "STUCK";
    case STATUS_UNKNOWN:
        break;
    }
    return "unknown";
}
