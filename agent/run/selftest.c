#include "agent/run/selftest.h"

#include "agent/guard/state_guard.h"
#include "agent/system/file.h"
#include "detect/event/event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_MS 10000u /* of event times */

/* What the first built-in rule looks for. */
#define TERMS " Set-CASMailbox ActiveSyncAllowedDeviceIDs add"

/* Stands before the nonce of a test. */
#define MARK " tripline-selftest-"

int selftest_command(char to[SELFTEST_COMMAND_SIZE], const char *program, const char *nonce)
{
    int used = snprintf(to, SELFTEST_COMMAND_SIZE, "\"%s\" /d /c rem" TERMS MARK "%s", program, nonce);
    return used > 0 && used < SELFTEST_COMMAND_SIZE ? 0 : -EMSGSIZE;
}

static bool contains(struct text text, struct text part)
{
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (memcmp(text.bytes + at, part.bytes, part.len) == 0)
            return true;
    return false;
}

bool selftest_is_ours(const char *path, struct text command_line)
{
    char *announced = NULL;
    size_t size = 0;
    char reason[STATE_GUARD_MAX_REASON];
    /* The file is looked for only where it may be one. */
    if (command_line.len >= SELFTEST_COMMAND_SIZE || !contains(command_line, text_from(MARK)))
        return false;
    if (file_read(&announced, &size, path, SELFTEST_COMMAND_SIZE) < 0)
        return false; /* mostly there is no such file */
    if (state_guard_check(path, STATE_GUARD_STATE, true, reason) < 0) {
        free(announced);
        return false; /* somebody else's: his word would hide an attack among tests */
    }
    bool is_ours = text_equal((struct text){announced, size}, command_line);
    free(announced);
    return is_ours;
}

static uint64_t time_of(const json_t *object, const char *key)
{
    uint64_t time = 0;
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && event_time_parse(&time, text_from(text)) ? time : 0;
}

static long long after(uint64_t time, uint64_t start)
{
    return ((long long)time - (long long)start) / TICKS_PER_MS;
}

__attribute__((format(printf, 2, 3))) static void step(json_t *steps, const char *format, ...)
{
    va_list arguments;
    char line[512];
    if (steps == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments); /* cut where longer */
    va_end(arguments);
    (void)json_array_append_new(steps, json_string(line)); /* words only: the verdict does not hang on them */
}

static enum selftest_verdict judge_outputs(const json_t *test, uint64_t started, json_t *steps)
{
    enum selftest_verdict verdict = SELFTEST_PASSED;
    const json_t *outputs = json_object_get(test, "outputs");
    if (json_array_size(outputs) == 0)
        return SELFTEST_WAITS;
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *o = json_array_get(outputs, i);
        const char *name = json_string_value(json_object_get(o, "name"));
        const char *state = json_string_value(json_object_get(o, "state"));
        long long status = (long long)json_integer_value(json_object_get(o, "status"));
        if (name == NULL || state == NULL)
            return SELFTEST_WAITS;
        if (strcmp(state, "taken") == 0) {
            step(steps, "output %s: taken after %lld ms (HTTP %lld)", name, after(time_of(o, "at"), started), status);
        } else if (strcmp(state, "refused") == 0) {
            step(steps, "output %s: REFUSED after %lld ms (HTTP %lld)", name, after(time_of(o, "at"), started), status);
            verdict = SELFTEST_FAILED;
        } else {
            step(steps, "output %s: has not taken it yet", name);
            if (verdict == SELFTEST_PASSED)
                verdict = SELFTEST_WAITS;
        }
    }
    return verdict;
}

enum selftest_verdict selftest_judge(const json_t *status, const char *command_line, uint64_t started, json_t *steps)
{
    const json_t *tests = json_object_get(status, "tests");
    enum selftest_verdict verdict = SELFTEST_WAITS;
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *t = json_array_get(tests, i);
        const char *text = json_string_value(json_object_get(t, "command_line"));
        const char *source = json_string_value(json_object_get(t, "source"));
        if (text == NULL || strcmp(text, command_line) != 0)
            continue;
        step(steps, "%s: event after %lld ms, matched after %lld ms, kept on disk after %lld ms",
             source == NULL || *source == '\0' ? "(not kept yet)" : source, after(time_of(t, "event"), started),
             after(time_of(t, "matched"), started), after(time_of(t, "kept"), started));
        enum selftest_verdict one = judge_outputs(t, started, steps);
        /* Each witness of the process makes an alert; one that arrived everywhere is enough, one refused is not. */
        if (one == SELFTEST_FAILED || (one == SELFTEST_PASSED && verdict == SELFTEST_WAITS))
            verdict = one;
    }
    return verdict;
}
