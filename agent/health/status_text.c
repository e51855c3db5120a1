#include "agent/health/status_text.h"
#include "agent/system/plain.h"

#include "detect/event/event.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79u
#define TICKS_PER_SECOND 10000000u /* of event times */

/* "12 s", "4 min", "3 h 05 min", "12 d 04 h". */
static const char *span(char to[32], unsigned long long seconds)
{
    if (seconds < 120)
        snprintf(to, 32, "%llu s", seconds);
    else if (seconds < 7200)
        snprintf(to, 32, "%llu min", seconds / 60);
    else if (seconds < 2u * 86400u)
        snprintf(to, 32, "%llu h %02llu min", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(to, 32, "%llu d %02llu h", seconds / 86400, seconds / 3600 % 24);
    return to;
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

/* How long ago the time under key is: "3 s ago", or "-". */
static const char *ago(char to[40], const json_t *object, const char *key, uint64_t now)
{
    uint64_t time;
    char length[32];
    if (!event_time_parse(&time, text_from(string(object, key))))
        return "-";
    snprintf(to, 40, "%s ago", span(length, now > time ? (now - time) / TICKS_PER_SECOND : 0));
    return to;
}

/* The number under key, or "-" where it is null. */
static const char *known(char to[24], const json_t *object, const char *key)
{
    if (!json_is_integer(json_object_get(object, key)))
        return "-";
    snprintf(to, 24, "%lld", integer(object, key));
    return to;
}

void status_print_wrapped(FILE *to, const char *first, const char *rest, const char *text, size_t width)
{
    const char *prefix = first;
    do {
        size_t room = width > strlen(prefix) + 8 ? width - strlen(prefix) : 8, size = strlen(text);
        if (size > room) {
            size = room;
            while (size > 0 && text[size] != ' ')
                size--;
            if (size == 0) /* a word that is longer than a line */
                size = strcspn(text, " ");
        }
        plain_printf(to, "%s%.*s\n", prefix, (int)size, text);
        text += size;
        text += strspn(text, " ");
        prefix = rest;
    } while (*text != '\0');
}

/* "Users" of "S-1-5-32-545 Users"; "?" of NULL, as of a value that is no text. */
static const char *without_sid(const char *right)
{
    if (right == NULL)
        return "?";
    const char *name = strncmp(right, "S-1-", 4) == 0 ? strchr(right, ' ') : NULL;
    return name == NULL || name[1] == '(' ? right : name + 1;
}

/* The texts of list with ", " between, after words; cut where longer than the line's buffer. */
static void print_list(FILE *to, const char *words, const json_t *list)
{
    char line[2048];
    size_t used = (size_t)snprintf(line, sizeof(line), "%s%s", words, json_array_size(list) == 0 ? "none" : "");
    for (size_t i = 0; i < json_array_size(list) && used < sizeof(line); i++)
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i == 0 ? "" : ", ",
                                 without_sid(json_string_value(json_array_get(list, i))));
    status_print_wrapped(to, "            ", "            ", line, WIDTH);
}

static void print_token(FILE *to, const json_t *token)
{
    char line[512];
    if (!json_is_object(token)) {
        plain_printf(to, "  runs as   can't be read\n");
        return;
    }
    (void)snprintf(line, sizeof(line), "%s%s%s%s", string(token, "account"), /* cut where longer */
                   *string(token, "integrity") == '\0' ? "" : ", integrity ", string(token, "integrity"),
                   json_is_true(json_object_get(token, "administrator")) ? ", an administrator" : "");
    status_print_wrapped(to, "  runs as   ", "            ", line, WIDTH);
    print_list(to, "privileges: ", json_object_get(token, "privileges"));
    print_list(to, "groups: ", json_object_get(token, "groups"));
}

static void print_head(FILE *to, const json_t *d, const struct status_judgement *j)
{
    const json_t *process = json_object_get(d, "process"), *config = json_object_get(d, "config");
    const json_t *token = json_object_get(d, "token");
    char length[32], line[512];
    plain_printf(to, "Tripline %s on %s: %s\n", string(d, "version"), string(d, "host"), status_word(j->verdict));
    for (size_t i = 0; i < j->count; i++)
        status_print_wrapped(to, "  ! ", "    ", j->reasons[i], WIDTH);
    plain_printf(to, "\n  up        %s, process %lld", span(length, (unsigned long long)integer(d, "uptime_s")),
                 integer(d, "pid"));
    fputc('\n', to);
    print_token(to, token);
    plain_printf(to, "  config    %s\n            SHA-256 %.16s..., in force since %.19sZ\n", string(config, "path"),
                 string(config, "sha256"), string(config, "loaded"));
    int used = snprintf(line, sizeof(line), "%.1f %% of one core in the last minute",
                        json_number_value(json_object_get(process, "cpu_percent")));
    if (integer(process, "private_bytes") > 0) /* where the system says it */
        snprintf(line + used, sizeof(line) - (size_t)used, ", %.1f MB of its own, %lld threads, %lld handles",
                 (double)integer(process, "private_bytes") / 1048576.0, integer(process, "threads"),
                 integer(process, "handles"));
    status_print_wrapped(to, "  uses      ", "            ", line, WIDTH);
    if (integer(process, "pace_ms") > 0)
        plain_printf(to, "            reading is slowed to stay within its limits (%lld ms a round)\n",
                     integer(process, "pace_ms"));
    plain_printf(to, "  agent id  %s\n", string(d, "agent_id"));
}

static void print_sources(FILE *to, const json_t *list, uint64_t now)
{
    char record[24], when[40];
    plain_printf(to, "\n  %-36s %-8s %10s %7s %11s\n", "SOURCE", "STATE", "RECORD", "MATCHES", "LAST EVENT");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        plain_printf(to, "  %-36s %-8s %10s %7lld %11s\n", string(s, "name"), string(s, "state"),
                     known(record, s, "record"), integer(s, "matches"), ago(when, s, "last_event", now));
        if (strcmp(string(s, "state"), "absent") == 0 && *string(s, "trouble") != '\0') /* others: among the reasons */
            status_print_wrapped(to, "      ", "      ", string(s, "trouble"), WIDTH);
        if (integer(s, "lost") > 0)
            plain_printf(to, "      %lld events were lost before they were read (%lld gap%s)\n", integer(s, "lost"),
                         integer(s, "gaps"), integer(s, "gaps") == 1 ? "" : "s");
        if (integer(s, "process_events") > 0 && 10 * integer(s, "empty_command_lines") > integer(s, "process_events"))
            plain_printf(to, "      %lld of %lld events had no command line: see tripline doctor\n",
                         integer(s, "empty_command_lines"), integer(s, "process_events"));
        if (integer(s, "backlog") > 0)
            plain_printf(to, "      %lld records are still to be read\n", integer(s, "backlog"));
        if (json_is_real(json_object_get(s, "wrap_hours")))
            plain_printf(to, "      the log overwrites what is unread in %.1f h at this rate\n",
                         json_real_value(json_object_get(s, "wrap_hours")));
    }
}

static void print_outputs(FILE *to, const json_t *list, uint64_t now)
{
    char when[40];
    plain_printf(to, "\n  %-36s %-8s %10s %7s %11s\n", "OUTPUT", "STATE", "DELIVERED", "WAITING", "LAST");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        bool is_new = integer(o, "delivered") == 0 && integer(o, "heartbeats") == 0 && integer(o, "failures") == 0;
        plain_printf(to, "  %-36s %-8s %10lld %7lld %11s\n", string(o, "name"),
                     integer(o, "failing") > 0 ? "failing"
                     : is_new                  ? "idle"
                                               : "working",
                     integer(o, "delivered"), integer(o, "waiting"), ago(when, o, "last_success", now));
        if (integer(o, "refused") > 0)
            plain_printf(to, "      %lld refused for good: dead letters\n", integer(o, "refused"));
    }
}

void status_print(FILE *to, const json_t *document, const struct status_judgement *judgement, uint64_t now)
{
    const json_t *store = json_object_get(document, "store"), *log = json_object_get(document, "log");
    print_head(to, document, judgement);
    print_sources(to, json_object_get(document, "sources"), now);
    print_outputs(to, json_object_get(document, "outputs"), now);
    plain_printf(to, "\n  outbox    %s: %lld of %lld alerts, %.1f of %.0f MB; %lld dead letters\n",
                 string(store, "state"), integer(store, "waiting"), integer(store, "max_alerts"),
                 (double)integer(store, "bytes") / 1048576.0, (double)integer(store, "max_bytes") / 1048576.0,
                 integer(store, "dead"));
    const json_t *blocks = json_object_get(document, "script_blocks");
    if (integer(blocks, "joined") + integer(blocks, "incomplete") + integer(blocks, "encrypted") > 0)
        plain_printf(
            to, "  scripts   %lld script blocks joined of their parts, %lld without some of them, %lld encrypted\n",
            integer(blocks, "joined"), integer(blocks, "incomplete"), integer(blocks, "encrypted"));
    plain_printf(to, "  log       %lld warnings, %lld errors since the start\n", integer(log, "warnings"),
                 integer(log, "errors"));
}
