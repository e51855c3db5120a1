#include "tests/winsim/scenario.h"

#include "tests/winsim/query.h"
#include "tests/winsim/winsim.h"
#include "tests/winsim/xpath_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 12

/* EVT_VARIANT_TYPE, winevt.h */
#define TYPE_UINT64 10
#define TYPE_SIZE_T 16
#define TYPE_HEX_INT64 21

struct line {
    unsigned number;
    const char *text;
    char *words[MAX_WORDS];
    size_t count;
};

static _Noreturn void refuse(const struct line *line, const char *why)
{
    winsim_abort("scenario.txt:%u: %s: %s", line->number, why, line->text);
}

static uint64_t number(const struct line *line, const char *text)
{
    uint64_t value;
    if (!xpath_number(&value, text))
        refuse(line, "a number expected");
    return value;
}

/* Channel directives: name, and whether a number follows the channel. */
static const struct {
    const char *word;
    bool has_number;
} channel_words[SCENARIO_KIND_COUNT] = {
    [SCENARIO_DENIED] = {"denied", false},
    [SCENARIO_MISSING] = {"missing", false},
    [SCENARIO_DIRECT] = {"direct", false},
    [SCENARIO_STRICT_MISSING] = {"strict-missing", false},
    [SCENARIO_OLDEST] = {"oldest", true},
    [SCENARIO_CLEARED_LINES] = {"cleared-lines", true},
    [SCENARIO_FIRST_RECORD] = {"first-record", true},
    [SCENARIO_DISABLED] = {"disabled", false},
    [SCENARIO_RETENTION] = {"retention", false},
    [SCENARIO_AUTO_BACKUP] = {"auto-backup", false},
    [SCENARIO_MAX_SIZE] = {"max-size", true},
    [SCENARIO_BROKEN_XML] = {"broken-xml", true},
};

static bool parse_channel(struct scenario *s, const struct line *line)
{
    size_t kind = 0;
    while (kind < SCENARIO_KIND_COUNT && strcmp(channel_words[kind].word, line->words[0]) != 0)
        kind++;
    if (kind == SCENARIO_KIND_COUNT)
        return false;
    if (line->count != (channel_words[kind].has_number ? 3u : 2u))
        refuse(line, channel_words[kind].has_number ? "a channel and a number expected" : "a channel expected");
    winsim_reserve((void **)&s->channels, s->channel_count, &s->channel_room, sizeof(*s->channels));
    s->channels[s->channel_count++] = (struct scenario_channel){
        .kind = (enum scenario_kind)kind,
        .channel = winsim_copy(line->words[1], strlen(line->words[1])),
        .number = channel_words[kind].has_number ? number(line, line->words[2]) : 1,
    };
    return true;
}

/* The functions of which a call can be made to fail; of EvtRender also those of one kind alone. */
static const char *const functions[] = {"EvtSubscribe",
                                        "EvtNext",
                                        "EvtQuery",
                                        "EvtSeek",
                                        "EvtRender",
                                        "EvtRenderXml",
                                        "EvtRenderValues",
                                        "EvtRenderBookmark",
                                        "EvtUpdateBookmark",
                                        "EvtOpenLog",
                                        "EvtGetLogInfo",
                                        "EvtOpenChannelConfig",
                                        "EvtGetChannelConfigProperty"};

static void parse_option(struct scenario_failure *f, const struct line *line, const char *word)
{
    if (strncmp(word, "code=", 5) == 0)
        f->code = (uint32_t)number(line, word + 5);
    else if (strncmp(word, "after=", 6) == 0)
        f->after = number(line, word + 6);
    else if (strcmp(word, "times=all") == 0)
        f->times = UINT64_MAX;
    else if (strncmp(word, "times=", 6) == 0)
        f->times = number(line, word + 6);
    else if (strncmp(word, "min-batch=", 10) == 0)
        f->min_batch = number(line, word + 10);
    else if (strcmp(word, "advance") == 0)
        f->is_advancing = true;
    else
        refuse(line, "unknown option");
}

static void parse_failure(struct scenario *s, const struct line *line, const struct scenario *before)
{
    struct scenario_failure f = {.times = 1};
    size_t i = 0;
    if (line->count < 4)
        refuse(line, "fail FUNCTION CHANNEL code=N expected");
    while (i < sizeof(functions) / sizeof(functions[0]) && strcmp(functions[i], line->words[1]) != 0)
        i++;
    if (i == sizeof(functions) / sizeof(functions[0]))
        refuse(line, "calls of this function can't be made to fail");
    for (i = 3; i < line->count; i++)
        parse_option(&f, line, line->words[i]);
    if (f.code == 0)
        refuse(line, "code=N is missing");
    if ((f.is_advancing || f.min_batch > 0) && strcmp(line->words[1], "EvtNext") != 0)
        refuse(line, "advance and min-batch are for EvtNext");
    for (i = 0; before != NULL && i < before->failure_count; i++) {
        if (strcmp(before->failures[i].line, line->text) == 0) {
            f.calls = before->failures[i].calls;
            f.failed = before->failures[i].failed;
        }
    }
    f.line = winsim_copy(line->text, strlen(line->text));
    f.function = winsim_copy(line->words[1], strlen(line->words[1]));
    f.channel = winsim_copy(line->words[2], strlen(line->words[2]));
    winsim_reserve((void **)&s->failures, s->failure_count, &s->failure_room, sizeof(*s->failures));
    s->failures[s->failure_count++] = f;
}

static uint8_t pointer_type(const struct line *line, const char *word)
{
    if (strcmp(word, "size_t") == 0)
        return TYPE_SIZE_T;
    if (strcmp(word, "uint64") == 0)
        return TYPE_UINT64;
    if (strcmp(word, "hexint64") != 0)
        refuse(line, "size_t, uint64 or hexint64 expected");
    return TYPE_HEX_INT64;
}

static bool parse_service(struct scenario *s, const struct line *line)
{
    if (strcmp(line->words[0], "service") != 0)
        return false;
    if (line->count == 2 && strcmp(line->words[1], "up") == 0)
        s->service_code = 0;
    else if (line->count >= 2 && line->count <= 3 && strcmp(line->words[1], "down") == 0)
        s->service_code = line->count == 3 ? (uint32_t)number(line, line->words[2]) : 1722;
    else
        refuse(line, "service up, or service down [CODE] expected");
    return true;
}

/* Directives of one word and one value. */
static bool parse_setting(struct scenario *s, const struct line *line)
{
    const char *word = line->words[0], *value = line->words[1];
    const struct {
        const char *word;
        uint32_t *number;
    } numbers[] = {{"poll-ms", &s->poll_ms},
                   {"next-delay-ms", &s->next_delay_ms},
                   {"search-ms", &s->search_ms},
                   {"render-grow", &s->render_grow},
                   {"extra-properties", &s->extra_properties}};
    if (line->count != 2)
        return false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(numbers[i].word, word) == 0) {
            *numbers[i].number = (uint32_t)number(line, value);
            return true;
        }
    }
    if (strcmp(word, "pointer-type") == 0)
        s->pointer_type = pointer_type(line, value);
    else if (strcmp(word, "first-signal") == 0 && (strcmp(value, "set") == 0 || strcmp(value, "none") == 0))
        s->is_first_signalled = strcmp(value, "set") == 0;
    else
        return false;
    return true;
}

/* Splits text, which is changed, at blanks; "..." is one word. */
static void split(struct line *line, char *text)
{
    line->count = 0;
    for (char *at = text + strspn(text, " \t"); *at != 0;) {
        if (line->count == MAX_WORDS)
            refuse(line, "too many words");
        bool is_quoted = *at == '"';
        if (is_quoted)
            at++;
        line->words[line->count++] = at;
        at += strcspn(at, is_quoted ? "\"" : " \t");
        if (is_quoted && *at == 0)
            refuse(line, "a quote without its end");
        if (*at != 0)
            *at++ = 0;
        at += strspn(at, " \t");
    }
}

static void parse_line(struct scenario *s, const struct line *line, const struct scenario *before)
{
    if (strcmp(line->words[0], "fail") == 0)
        parse_failure(s, line, before);
    else if (!parse_channel(s, line) && !parse_service(s, line) && !parse_setting(s, line))
        refuse(line, "unknown directive");
}

struct scenario *scenario_new(char *text, const struct scenario *before)
{
    struct scenario *s = winsim_alloc(sizeof(*s));
    struct line line = {0};
    s->poll_ms = 20;
    s->pointer_type = TYPE_SIZE_T;
    while (*text != 0) {
        size_t size = strcspn(text, "\r\n");
        char *next = text + size + strspn(text + size, "\r");
        line.number++;
        if (*next == '\n')
            next++;
        text[size] = 0;
        char *whole = winsim_copy(text, size);
        line.text = whole;
        split(&line, text);
        if (line.count > 0 && line.words[0][0] != '#')
            parse_line(s, &line, before);
        free(whole);
        text = next;
    }
    return s;
}

void scenario_free(struct scenario *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->channel_count; i++)
        free(s->channels[i].channel);
    for (size_t i = 0; i < s->failure_count; i++) {
        free(s->failures[i].line);
        free(s->failures[i].function);
        free(s->failures[i].channel);
    }
    free(s->channels);
    free(s->failures);
    free(s);
}

static bool is_for(const char *directive, const char *channel)
{
    return strcmp(directive, "*") == 0 || channel_name_equal(directive, channel);
}

bool scenario_number(const struct scenario *s, enum scenario_kind kind, const char *channel, uint64_t *out)
{
    for (size_t i = s->channel_count; i > 0; i--) { /* the last one counts */
        const struct scenario_channel *c = &s->channels[i - 1];
        if (c->kind != kind || !is_for(c->channel, channel))
            continue;
        if (out != NULL)
            *out = c->number;
        return true;
    }
    return false;
}

struct scenario_failure *scenario_failure(struct scenario *s, const char *function, const char *channel, uint64_t batch)
{
    for (size_t i = 0; i < s->failure_count; i++) {
        struct scenario_failure *f = &s->failures[i];
        if (strcmp(f->function, function) != 0 || !is_for(f->channel, channel) || batch < f->min_batch)
            continue;
        if (f->calls++ < f->after || f->failed >= f->times)
            continue;
        f->failed++;
        return f;
    }
    return NULL;
}
