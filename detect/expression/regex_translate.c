#include "detect/expression/regex_translate.h"

#include "detect/base/unicode.h"
#include "detect/expression/rarity.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

int regex_refuse(struct regex_fault *fault, struct text pattern, size_t at, const char *message)
{
    fault->character = text_code_points((struct text){pattern.bytes, at}) + 1;
    (void)snprintf(fault->message, sizeof(fault->message), "%s", message); /* cut where longer */
    return -EINVAL;
}

static int refuse(struct regex_translator *t, size_t at, const char *message)
{
    return regex_refuse(t->fault, t->pattern, at, message);
}

/* Of the runs the rarest is kept, of equally rare ones the longest. */
static void end_run(struct regex_translator *t)
{
    struct text run = t->run_points == 0 ? (struct text){"", 0} : builder_end(&t->run);
    unsigned cost = rarity_cost(run), best = rarity_cost(t->best);
    if (t->run_points > 0 && run.bytes != NULL &&
        (t->best_points == 0 || cost < best || (cost == best && t->run_points > t->best_points))) {
        t->best = run;
        t->best_points = t->run_points;
    }
    t->run = builder_in(t->run.arena);
    t->run_points = t->last_size = 0;
}

/* One thing that can be repeated begins here in out. */
static void begin_atom(struct regex_translator *t)
{
    t->atom = t->out->len;
    t->can_repeat = true;
}

/* A plain character of the pattern; in a run when it stands outside groups. Where the case does not count, k and s have
 * forms beyond ASCII that (?i) takes for the same: they end a run. */
static void put_plain(struct regex_translator *t, uint32_t c)
{
    bool is_special = c < 0x80 && !regex_is_alnum((int)c) && c > 0x20 && c != 0x7F;
    begin_atom(t);
    if (c < 0x20 || c == 0x7F)
        builder_format(t->out, "\\x{%x}", (unsigned)c);
    else if (is_special)
        builder_format(t->out, "\\%c", (char)c);
    else
        builder_point(t->out, c);
    uint32_t folded = c < 0x80 ? (c >= 'A' && c <= 'Z' ? c + 0x20 : c) : unicode_fold(c);
    bool crosses = t->nocase[t->depth] && (folded == 'k' || folded == 's' || c >= 0x80);
    if (crosses) {
        end_run(t);
        return;
    }
    size_t before = t->run.len;
    builder_point(&t->run, folded);
    t->last_size = t->run.len - before;
    t->run_points++;
}

/* What is no plain character. */
static void put_other(struct regex_translator *t, const char *text)
{
    end_run(t);
    begin_atom(t);
    builder_string(t->out, text);
}

/* A quantifier at *at, of len bytes: at least so many times. A { that begins none is a plain character. */
static size_t quantifier(const struct regex_translator *t, unsigned *least, unsigned *most)
{
    int c = regex_peek(t, 0);
    *least = c == '+';
    *most = 0;
    if (c == '*' || c == '+' || c == '?')
        return 1;
    if (c != '{')
        return 0;
    size_t at = 1;
    unsigned numbers[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        size_t from = at;
        for (; regex_peek(t, at) >= '0' && regex_peek(t, at) <= '9'; at++)
            if (numbers[i] <= REGEX_MAX_REPEAT)
                numbers[i] = numbers[i] * 10 + (unsigned)(regex_peek(t, at) - '0');
        if (i == 0 && at == from)
            return 0;
        if (i == 0 && regex_peek(t, at) != ',')
            break;
        at += i == 0;
    }
    *least = numbers[0];
    *most = numbers[0] > numbers[1] ? numbers[0] : numbers[1];
    return regex_peek(t, at) == '}' ? at + 1 : 0;
}

static int put_quantifier(struct regex_translator *t, size_t len, unsigned least, unsigned most)
{
    if (!t->can_repeat)
        return refuse(t, t->at, "a quantifier with nothing before it to repeat");
    if (least > REGEX_MAX_REPEAT || most > REGEX_MAX_REPEAT)
        return refuse(t, t->at, "more than 1000 repetitions");
    if (least == 0 && t->run_points > 0) { /* its last character need not stand */
        t->run.len -= t->last_size;
        t->run_points--;
    }
    end_run(t);
    t->repeats += least > most ? least : most;
    if (regex_peek(t, 0) == '+' &&
        t->atom != SIZE_MAX) { /* a+ is aa*: the DFA matcher counts the one and not the other */
        struct text atom = arena_text(t->run.arena, (struct text){t->out->bytes + t->atom, t->out->len - t->atom});
        builder_text(t->out, atom);
        builder_byte(t->out, '*');
    } else {
        builder_text(t->out, (struct text){t->pattern.bytes + t->at, len});
    }
    t->at += len;
    if (regex_peek(t, 0) == '?') {
        builder_byte(t->out, '?');
        t->at++;
    }
    t->can_repeat = false;
    unsigned again;
    if (quantifier(t, &again, &again) > 0)
        return refuse(t, t->at, "a quantifier after a quantifier is not supported");
    return 0;
}

/* Into a group: what stands in it counts only if it must stand. */
static void enter(struct regex_translator *t)
{
    t->depth++;
    t->before[t->depth] = t->best;
    t->before_points[t->depth] = t->best_points;
    t->has_alternative[t->depth] = false;
}

/* The flags after "(?": to ) or :, *at is at the first. */
static int put_flags(struct regex_translator *t)
{
    bool is_on = true;
    size_t begin = t->at;
    bool nocase = t->nocase[t->depth], multiline = t->multiline[t->depth];
    builder_string(t->out, "(?");
    for (;; t->at++) {
        int c = regex_peek(t, 0);
        if (c == ')' || c == ':')
            break;
        if (c == '-')
            is_on = false;
        else if (c == 'i')
            nocase = is_on;
        else if (c == 'm')
            multiline = is_on;
        else if (c == 'u' && is_on)
            continue; /* is on already */
        else if (c < 0 || strchr("sU", c) == NULL)
            return refuse(t, c < 0 ? begin : t->at, "only the flags i, m, s, U are supported here");
        builder_byte(t->out, (char)c);
    }
    if (regex_peek(t, 0) == ':') {
        if (t->depth == REGEX_MAX_NESTING)
            return refuse(t, begin, "groups nested deeper than 64");
        enter(t);
    }
    t->nocase[t->depth] = nocase;
    t->multiline[t->depth] = multiline;
    t->can_repeat = false;
    builder_byte(t->out, (char)regex_peek(t, 0));
    t->at++;
    return 0;
}

/* (?P<name> or (?<name>; *at is at its <. */
static int put_name(struct regex_translator *t)
{
    size_t from = ++t->at;
    while (regex_is_alnum(regex_peek(t, 0)) || regex_peek(t, 0) == '_')
        t->at++;
    if (regex_peek(t, 0) != '>' || t->at == from || t->at - from > 32)
        return refuse(t, from, "a group's name is up to 32 letters, digits and _, and ends with >");
    t->at++;
    builder_string(t->out, "(?<");
    builder_text(t->out, (struct text){t->pattern.bytes + from, t->at - from});
    return 0;
}

/* A group; *at is after its bracket. */
static int open_group(struct regex_translator *t)
{
    size_t begin = t->at - 1;
    end_run(t);
    if (regex_peek(t, 0) == '*')
        return refuse(t, t->at, "a quantifier with nothing before it to repeat");
    bool is_special = regex_peek(t, 0) == '?';
    if (is_special) {
        t->at++;
        int c = regex_peek(t, 0), next = regex_peek(t, 1);
        if (c == '=' || c == '!' || (c == '<' && (next == '=' || next == '!')))
            return refuse(t, begin, "look-around is not supported");
        if (c == 'P' && next == '<')
            t->at++;
        if (regex_peek(t, 0) != '<')
            return put_flags(t);
    }
    if (t->depth == REGEX_MAX_NESTING)
        return refuse(t, begin, "groups nested deeper than 64");
    if (++t->groups > REGEX_MAX_GROUPS)
        return refuse(t, begin, "more than 16 capture groups");
    enter(t);
    t->nocase[t->depth] = t->nocase[t->depth - 1];
    t->multiline[t->depth] = t->multiline[t->depth - 1];
    t->can_repeat = false;
    if (is_special)
        return put_name(t);
    builder_byte(t->out, '(');
    return 0;
}

static int close_group(struct regex_translator *t)
{
    if (t->depth == 0)
        return refuse(t, t->at - 1, "a ) that closes nothing");
    put_other(t, ")");
    t->atom = SIZE_MAX;
    unsigned least = 1, most;
    bool is_optional = quantifier(t, &least, &most) > 0 && least == 0;
    if (is_optional || t->has_alternative[t->depth]) {
        t->best = t->before[t->depth];
        t->best_points = t->before_points[t->depth];
    }
    t->depth--;
    return 0;
}

/* An escape outside classes; *at is after the backslash. */
static int put_escape(struct regex_translator *t)
{
    char class[64];
    uint32_t c;
    int letter = regex_peek(t, 0);
    if (letter == 'b' && regex_peek(t, 1) == '{')
        return refuse(t, t->at, "\\b{...} is not supported: write \\b");
    if (letter > 0 && strchr("bBAz", letter) != NULL) {
        end_run(t);
        builder_format(t->out, "\\%c", (char)letter);
        t->can_repeat = false;
        t->at++;
        return 0;
    }
    int rc = regex_read_escape(t, &c, class);
    if (rc < 0)
        return rc;
    if (class[0] != '\0')
        put_other(t, class);
    else
        put_plain(t, c);
    return 0;
}

static int put_next(struct regex_translator *t)
{
    unsigned least, most;
    size_t len = quantifier(t, &least, &most);
    if (len > 0)
        return put_quantifier(t, len, least, most);
    int c = regex_peek(t, 0);
    if (c == '[' || c == '(' || c == ')' || c == '\\' || c == '.' || c == '^' || c == '$' || c == '|')
        t->at++;
    switch (c) {
    case '[':
        end_run(t);
        begin_atom(t);
        return regex_put_class(t);
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '\\':
        return put_escape(t);
    case '.':
        put_other(t, ".");
        return 0;
    case '^':
    case '$':
    case '|':
        put_other(t, c == '^' ? "^" : c == '|' ? "|" : t->multiline[t->depth] ? "$" : "\\z");
        t->can_repeat = false;
        t->has_alternative[t->depth] = t->has_alternative[t->depth] || c == '|';
        return 0;
    default:
        put_plain(t, text_decode(t->pattern, &t->at));
        return 0;
    }
}

int regex_translate(struct builder *out, struct builder *literal, unsigned *repeats, struct text pattern,
                    unsigned flags, struct regex_fault *fault)
{
    struct regex_translator t = {.pattern = pattern, .out = out, .fault = fault, .run = builder_in(literal->arena)};
    t.nocase[0] = (flags & REGEX_NOCASE) != 0;
    t.multiline[0] = (flags & REGEX_MULTILINE) != 0;
    while (t.at < pattern.len) {
        int rc = put_next(&t);
        if (rc < 0)
            return rc;
    }
    if (t.depth > 0)
        return refuse(&t, pattern.len, "a group has no end");
    end_run(&t);
    if (!t.has_alternative[0])
        builder_text(literal, t.best);
    *repeats = t.repeats;
    return 0;
}
