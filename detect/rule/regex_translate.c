#include "detect/rule/regex_translate.h"

#include "detect/base/unicode.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Deepest groups within groups. */
#define MAX_NESTING 64

struct translator {
    struct text pattern;
    size_t at;
    struct builder *out;
    struct regex_fault *fault;
    unsigned depth, groups;
    bool nocase[MAX_NESTING + 1];    /* flag i, of each group that is open */
    bool multiline[MAX_NESTING + 1]; /* flag m */
    bool can_repeat;                 /* something stands before that a quantifier can follow */
    size_t atom;                     /* where in out that begins; SIZE_MAX: it is a group */
    unsigned repeats;                /* sum of the counts of {n,m} */
    /* The literal: the run that is being read, and the best. */
    struct builder run;
    size_t run_points, last_size; /* characters in it; bytes of its last one */
    struct text best;
    size_t best_points;
    bool has_alternative; /* | outside groups: nothing must stand */
};

int regex_refuse(struct regex_fault *fault, struct text pattern, size_t at, const char *message)
{
    fault->character = text_code_points((struct text){pattern.bytes, at}) + 1;
    (void)snprintf(fault->message, sizeof(fault->message), "%s", message); /* cut where longer */
    return -EINVAL;
}

static int refuse(struct translator *t, size_t at, const char *message)
{
    return regex_refuse(t->fault, t->pattern, at, message);
}

static int peek(const struct translator *t, size_t ahead)
{
    size_t at = t->at + ahead;
    return at < t->pattern.len ? (unsigned char)t->pattern.bytes[at] : -1;
}

static void end_run(struct translator *t)
{
    if (t->run_points > t->best_points) {
        t->best = builder_end(&t->run);
        t->best_points = t->run_points;
    }
    t->run = builder_in(t->run.arena);
    t->run_points = t->last_size = 0;
}

static bool is_alnum(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One thing that can be repeated begins here in out. */
static void begin_atom(struct translator *t)
{
    t->atom = t->out->len;
    t->can_repeat = true;
}

/* A plain character of the pattern; in a run when it stands outside groups. Where the case does not count, k and s have
 * forms beyond ASCII that (?i) takes for the same: they end a run. */
static void put_plain(struct translator *t, uint32_t c)
{
    bool is_special = c < 0x80 && !is_alnum((int)c) && c > 0x20 && c != 0x7F;
    begin_atom(t);
    if (c < 0x20 || c == 0x7F)
        builder_format(t->out, "\\x{%x}", (unsigned)c);
    else if (is_special)
        builder_format(t->out, "\\%c", (char)c);
    else
        builder_point(t->out, c);
    uint32_t folded = c < 0x80 ? (c >= 'A' && c <= 'Z' ? c + 0x20 : c) : unicode_fold(c);
    bool crosses = t->nocase[t->depth] && (folded == 'k' || folded == 's' || c >= 0x80);
    if (t->depth > 0 || crosses) {
        end_run(t);
        return;
    }
    size_t before = t->run.len;
    builder_point(&t->run, folded);
    t->last_size = t->run.len - before;
    t->run_points++;
}

/* What is no plain character. */
static void put_other(struct translator *t, const char *text)
{
    end_run(t);
    begin_atom(t);
    builder_string(t->out, text);
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0 ? (c | 0x20) - 'a' + 10 : -1;
}

/* \x7F \x{..} \u007F \u{..} \U0000007F \U{..}; *at is after the letter. */
static int read_code(struct translator *t, char letter, uint32_t *c)
{
    size_t begin = t->at, digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    bool is_braced = peek(t, 0) == '{';
    *c = 0;
    t->at += is_braced;
    size_t from = t->at;
    while (hex_value(peek(t, 0)) >= 0 && t->at - from < (is_braced ? 8 : digits))
        *c = *c * 16 + (uint32_t)hex_value(peek(t, 0)), t->at++;
    bool is_whole = is_braced ? t->at > from && peek(t, 0) == '}' : t->at - from == digits;
    t->at += is_braced;
    if (!is_whole || *c > 0x10FFFF || (*c >= 0xD800 && *c <= 0xDFFF))
        return refuse(t, begin, "a hexadecimal number of a character is wanted");
    return 0;
}

/* \p{Name}, \pL; *at is after the letter. */
static int read_property(struct translator *t, char letter, char to[64])
{
    size_t begin = t->at, len;
    if (peek(t, 0) == '{') {
        const char *end = memchr(t->pattern.bytes + t->at, '}', t->pattern.len - t->at);
        len = end == NULL ? 0 : (size_t)(end - t->pattern.bytes) + 1 - t->at;
    } else {
        len = is_alnum(peek(t, 0)) ? 1 : 0;
    }
    if (len == 0 || len > 50)
        return refuse(t, begin, "the name of a Unicode class is wanted");
    (void)snprintf(to, 64, "\\%c%.*s", letter, (int)len, t->pattern.bytes + t->at); /* fits */
    t->at += len;
    return 0;
}

/* The character that \a \f \n \r \t \v stand for, or 0. */
static uint32_t control_of(int letter)
{
    static const char letters[] = "afnrtv", bytes[] = "\a\f\n\r\t\v";
    const char *hit = letter > 0 ? strchr(letters, letter) : NULL;
    return hit == NULL ? 0 : (uint32_t)bytes[hit - letters];
}

/*
 * What follows a backslash (*at), within a class or not. A character: *c, and class[0] is NUL. A class of characters:
 * its text in class.
 */
static int read_escape(struct translator *t, uint32_t *c, char class[64])
{
    size_t begin = t->at;
    class[0] = '\0';
    if (t->at == t->pattern.len)
        return refuse(t, begin, "a backslash at the end");
    int letter = peek(t, 0);
    if (letter >= 0x80 || !is_alnum(letter)) {
        if (letter == '<' || letter == '>')
            return refuse(t, begin, "\\< and \\> are not supported: write \\b");
        *c = text_decode(t->pattern, &t->at);
        return 0;
    }
    t->at++;
    *c = control_of(letter);
    if (*c != 0)
        return 0;
    if (letter == 'x' || letter == 'u' || letter == 'U')
        return read_code(t, (char)letter, c);
    if (letter == 'p' || letter == 'P')
        return read_property(t, (char)letter, class);
    if (strchr("dDwWsS", letter) != NULL) {
        (void)snprintf(class, 64, "\\%c", (char)letter); /* fits */
        return 0;
    }
    if (letter >= '0' && letter <= '9')
        return refuse(t, begin, "back-references are not supported");
    return refuse(t, begin, "there is no such escape");
}

/* [:alpha:] and its like are ASCII's. *at is after "[:". */
static int put_named_class(struct translator *t)
{
    static const struct {
        const char *name, *members;
    } classes[] = {
        {"alnum", "0-9A-Za-z"},
        {"alpha", "A-Za-z"},
        {"ascii", "\\x00-\\x7f"},
        {"blank", "\\t\\x20"},
        {"cntrl", "\\x00-\\x1f\\x7f"},
        {"digit", "0-9"},
        {"graph", "!-~"},
        {"lower", "a-z"},
        {"print", "\\x20-~"},
        {"punct", "!-/:-@\\[-`{-~"},
        {"space", "\\t\\n\\x0b\\f\\r\\x20"},
        {"upper", "A-Z"},
        {"word", "0-9A-Za-z_"},
        {"xdigit", "0-9A-Fa-f"},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t len = strlen(classes[i].name);
        if (t->pattern.len - t->at > len + 1 && memcmp(t->pattern.bytes + t->at, classes[i].name, len) == 0 &&
            peek(t, len) == ':' && peek(t, len + 1) == ']') {
            builder_string(t->out, classes[i].members);
            t->at += len + 2;
            return 0;
        }
    }
    return refuse(t, t->at, "there is no such class between [: and :]");
}

static void put_class_point(struct translator *t, uint32_t c)
{
    if (c < 0x80 && !is_alnum((int)c))
        builder_format(t->out, "\\x{%x}", (unsigned)c);
    else
        builder_point(t->out, c);
}

/* One member of a class, or a range. */
static int put_class_member(struct translator *t)
{
    char class[64];
    uint32_t c;
    int byte = peek(t, 0), next = peek(t, 1);
    if (byte == '[' && next == ':') {
        t->at += 2;
        return put_named_class(t);
    }
    if (byte == '[')
        return refuse(t, t->at, "a class within a class is not supported; a plain [ is written \\[");
    if ((byte == '&' || byte == '~') && next == byte)
        return refuse(t, t->at, "&& and ~~ in a class are not supported");
    if (byte == '-' && next == '-' && peek(t, 2) != ']')
        return refuse(t, t->at, "-- in a class is not supported");
    if (byte == '\\') {
        t->at++;
        int rc = read_escape(t, &c, class);
        if (rc < 0)
            return rc;
        if (class[0] != '\0') {
            builder_string(t->out, class);
            return 0;
        }
    } else {
        c = text_decode(t->pattern, &t->at);
        if (byte == '-' && peek(t, 0) != ']') { /* a range's, unless first or last */
            builder_byte(t->out, '-');
            return 0;
        }
    }
    put_class_point(t, c);
    return 0;
}

/* [...]; *at is after the bracket. */
static int put_class(struct translator *t)
{
    size_t begin = t->at - 1;
    end_run(t);
    begin_atom(t);
    builder_byte(t->out, '[');
    if (peek(t, 0) == '^') {
        builder_byte(t->out, '^');
        t->at++;
    }
    for (bool is_first = true;; is_first = false) {
        int byte = peek(t, 0);
        if (byte < 0)
            return refuse(t, begin, "the class has no end");
        if (byte == ']' && !is_first)
            break;
        if (is_first && (byte == '-' || byte == ']')) {
            builder_format(t->out, "\\%c", (char)byte);
            t->at++;
            continue;
        }
        int rc = put_class_member(t);
        if (rc < 0)
            return rc;
    }
    t->at++;
    builder_byte(t->out, ']');
    return 0;
}

/* A quantifier at *at, of len bytes: at least so many times. A { that begins none is a plain character. */
static size_t quantifier(const struct translator *t, unsigned *least, unsigned *most)
{
    int c = peek(t, 0);
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
        for (; peek(t, at) >= '0' && peek(t, at) <= '9'; at++)
            if (numbers[i] <= REGEX_MAX_REPEAT)
                numbers[i] = numbers[i] * 10 + (unsigned)(peek(t, at) - '0');
        if (i == 0 && at == from)
            return 0;
        if (i == 0 && peek(t, at) != ',')
            break;
        at += i == 0;
    }
    *least = numbers[0];
    *most = numbers[0] > numbers[1] ? numbers[0] : numbers[1];
    return peek(t, at) == '}' ? at + 1 : 0;
}

static int put_quantifier(struct translator *t, size_t len, unsigned least, unsigned most)
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
    if (peek(t, 0) == '+' && t->atom != SIZE_MAX) { /* a+ is aa*: the DFA matcher counts the one and not the other */
        struct text atom = arena_text(t->run.arena, (struct text){t->out->bytes + t->atom, t->out->len - t->atom});
        builder_text(t->out, atom);
        builder_byte(t->out, '*');
    } else {
        builder_text(t->out, (struct text){t->pattern.bytes + t->at, len});
    }
    t->at += len;
    if (peek(t, 0) == '?') {
        builder_byte(t->out, '?');
        t->at++;
    }
    t->can_repeat = false;
    unsigned again;
    if (quantifier(t, &again, &again) > 0)
        return refuse(t, t->at, "a quantifier after a quantifier is not supported");
    return 0;
}

/* The flags after "(?": to ) or :, *at is at the first. */
static int put_flags(struct translator *t)
{
    bool is_on = true;
    size_t begin = t->at;
    bool nocase = t->nocase[t->depth], multiline = t->multiline[t->depth];
    builder_string(t->out, "(?");
    for (;; t->at++) {
        int c = peek(t, 0);
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
    if (peek(t, 0) == ':') {
        if (t->depth == MAX_NESTING)
            return refuse(t, begin, "groups nested deeper than 64");
        t->depth++;
    }
    t->nocase[t->depth] = nocase;
    t->multiline[t->depth] = multiline;
    t->can_repeat = false;
    builder_byte(t->out, (char)peek(t, 0));
    t->at++;
    return 0;
}

/* (?P<name> or (?<name>; *at is at its <. */
static int put_name(struct translator *t)
{
    size_t from = ++t->at;
    while (is_alnum(peek(t, 0)) || peek(t, 0) == '_')
        t->at++;
    if (peek(t, 0) != '>' || t->at == from || t->at - from > 32)
        return refuse(t, from, "a group's name is up to 32 letters, digits and _, and ends with >");
    t->at++;
    builder_string(t->out, "(?<");
    builder_text(t->out, (struct text){t->pattern.bytes + from, t->at - from});
    return 0;
}

/* A group; *at is after its bracket. */
static int open_group(struct translator *t)
{
    size_t begin = t->at - 1;
    end_run(t);
    if (peek(t, 0) == '*')
        return refuse(t, t->at, "a quantifier with nothing before it to repeat");
    bool is_special = peek(t, 0) == '?';
    if (is_special) {
        t->at++;
        int c = peek(t, 0), next = peek(t, 1);
        if (c == '=' || c == '!' || (c == '<' && (next == '=' || next == '!')))
            return refuse(t, begin, "look-around is not supported");
        if (c == 'P' && next == '<')
            t->at++;
        if (peek(t, 0) != '<')
            return put_flags(t);
    }
    if (t->depth == MAX_NESTING)
        return refuse(t, begin, "groups nested deeper than 64");
    if (++t->groups > REGEX_MAX_GROUPS)
        return refuse(t, begin, "more than 16 capture groups");
    t->depth++;
    t->nocase[t->depth] = t->nocase[t->depth - 1];
    t->multiline[t->depth] = t->multiline[t->depth - 1];
    t->can_repeat = false;
    if (is_special)
        return put_name(t);
    builder_byte(t->out, '(');
    return 0;
}

static int close_group(struct translator *t)
{
    if (t->depth == 0)
        return refuse(t, t->at - 1, "a ) that closes nothing");
    t->depth--;
    put_other(t, ")");
    t->atom = SIZE_MAX;
    return 0;
}

/* An escape outside classes; *at is after the backslash. */
static int put_escape(struct translator *t)
{
    char class[64];
    uint32_t c;
    int letter = peek(t, 0);
    if (letter == 'b' && peek(t, 1) == '{')
        return refuse(t, t->at, "\\b{...} is not supported: write \\b");
    if (letter > 0 && strchr("bBAz", letter) != NULL) {
        end_run(t);
        builder_format(t->out, "\\%c", (char)letter);
        t->can_repeat = false;
        t->at++;
        return 0;
    }
    int rc = read_escape(t, &c, class);
    if (rc < 0)
        return rc;
    if (class[0] != '\0')
        put_other(t, class);
    else
        put_plain(t, c);
    return 0;
}

static int put_next(struct translator *t)
{
    unsigned least, most;
    size_t len = quantifier(t, &least, &most);
    if (len > 0)
        return put_quantifier(t, len, least, most);
    int c = peek(t, 0);
    if (c == '[' || c == '(' || c == ')' || c == '\\' || c == '.' || c == '^' || c == '$' || c == '|')
        t->at++;
    switch (c) {
    case '[':
        return put_class(t);
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
        t->has_alternative = t->has_alternative || (c == '|' && t->depth == 0);
        return 0;
    default:
        put_plain(t, text_decode(t->pattern, &t->at));
        return 0;
    }
}

int regex_translate(struct builder *out, struct builder *literal, unsigned *repeats, struct text pattern,
                    unsigned flags, struct regex_fault *fault)
{
    struct translator t = {.pattern = pattern, .out = out, .fault = fault, .run = builder_in(literal->arena)};
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
    if (!t.has_alternative)
        builder_text(literal, t.best);
    *repeats = t.repeats;
    return 0;
}
