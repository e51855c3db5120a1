#include "tests/winsim/etw/session.h"

#include <stdio.h>
#include <string.h>

#define MAX_TEXT 4096u
#define MAX_COUNTED 32

/* How often a "fail ... TIMES" has failed: as long as the process lives. */
static struct {
    char line[160];
    unsigned failed;
} counted[MAX_COUNTED];

static bool ended;

/* A directive that is misspelt would make a test pass that shows nothing. */
static void check_line(const char *line)
{
    char call[32], session[128], rest;
    unsigned long n[3];
    unsigned times;
    int got = sscanf(line, "fail %31s %127s %lu %u %c", call, session, &n[0], &times, &rest);
    if (got == 3 || got == 4) {
        static const char *const calls[] = {"StartTraceW", "EnableTraceEx2", "OpenTraceW", "ProcessTrace"};
        for (int i = 0; i < 4; i++)
            if (strcmp(call, calls[i]) == 0)
                return;
    }
    if (sscanf(line, "lost %127s %lu %lu %lu %c", session, &n[0], &n[1], &n[2], &rest) != 4 &&
        sscanf(line, "stop-code %127s %lu %c", session, &n[0], &rest) != 2 &&
        sscanf(line, "switched-off %127s %c", session, &rest) != 1 &&
        sscanf(line, "end %127s %lu %c", session, &n[0], &rest) != 2)
        winsim_abort("etw\\scenario.txt: unknown directive: %s", line);
}

/* Calls each for every line of scenario.txt until it returns true. */
static bool each_line(bool (*each)(const char *line, void *context), void *context)
{
    char text[MAX_TEXT];
    etw_read_text(L"scenario.txt", text, sizeof(text));
    char *line = text;
    while (*line != '\0') {
        char *end = line + strcspn(line, "\r\n");
        bool is_last = *end == '\0';
        *end = '\0';
        if (*line != '\0' && *line != '#') {
            check_line(line);
            if (each(line, context))
                return true;
        }
        line = is_last ? end : end + 1;
    }
    return false;
}

struct question {
    const char *call;
    char session[128];
    ULONG numbers[3];
};

static void ask(struct question *q, const wchar_t *session)
{
    *q = (struct question){.call = ""};
    for (size_t i = 0; i < sizeof(q->session) - 1 && session[i] != 0; i++)
        q->session[i] = (char)session[i];
}

static bool is_over(const char *line, unsigned times)
{
    for (int i = 0; i < MAX_COUNTED; i++) {
        if (counted[i].line[0] == '\0')
            snprintf(counted[i].line, sizeof(counted[i].line), "%s", line);
        if (strcmp(counted[i].line, line) == 0)
            return counted[i].failed++ >= times;
    }
    winsim_abort("winsim: more than %d directives with a count", MAX_COUNTED);
}

static bool is_fail(const char *line, void *context)
{
    struct question *q = context;
    char call[32], session[128];
    unsigned long code;
    unsigned times;
    int got = sscanf(line, "fail %31s %127s %lu %u", call, session, &code, &times);
    if (got < 3 || strcmp(call, q->call) != 0 || strcmp(session, q->session) != 0)
        return false;
    if (got == 4 && is_over(line, times))
        return false;
    q->numbers[0] = code;
    return true;
}

ULONG scenario_fail(const char *call, const wchar_t *session)
{
    struct question q;
    ask(&q, session);
    q.call = call;
    return each_line(is_fail, &q) ? q.numbers[0] : 0;
}

static bool is_lost(const char *line, void *context)
{
    struct question *q = context;
    char session[128];
    unsigned long n[3];
    if (sscanf(line, "lost %127s %lu %lu %lu", session, &n[0], &n[1], &n[2]) != 4 || strcmp(session, q->session) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        q->numbers[i] = n[i];
    return true;
}

void scenario_lost(const wchar_t *session, ULONG lost[3])
{
    struct question q;
    ask(&q, session);
    (void)each_line(is_lost, &q);
    memcpy(lost, q.numbers, sizeof(q.numbers));
}

static bool is_code(const char *line, void *context)
{
    struct question *q = context;
    char word[32], session[128];
    unsigned long code;
    if (sscanf(line, "%31s %127s %lu", word, session, &code) != 3 || strcmp(word, q->call) != 0 ||
        strcmp(session, q->session) != 0)
        return false;
    q->numbers[0] = code;
    return true;
}

ULONG scenario_stop_code(const wchar_t *session)
{
    struct question q;
    ask(&q, session);
    q.call = "stop-code";
    return each_line(is_code, &q) ? q.numbers[0] : 0;
}

bool scenario_end(const wchar_t *session, ULONG *code)
{
    struct question q;
    ask(&q, session);
    q.call = "end";
    if (ended || !each_line(is_code, &q))
        return false;
    ended = true;
    *code = q.numbers[0];
    return true;
}

static bool is_off(const char *line, void *context)
{
    const struct question *q = context;
    char session[128];
    return sscanf(line, "switched-off %127s", session) == 1 && strcmp(session, q->session) == 0;
}

bool scenario_is_switched_off(const wchar_t *session)
{
    struct question q;
    ask(&q, session);
    return each_line(is_off, &q);
}
