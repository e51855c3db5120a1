/* Source of the lexical rules: learn.microsoft.com/kusto/query (scalar data types, comments, identifiers), and
 * microsoft/Kusto-Query-Language grammar/KqlTokens.g4 for white space and line ends. */
#include "detect/kql/kql_tree.h"
#include <errno.h>

struct lexer {
    struct text query;
    size_t at;               /* the next byte */
    size_t seen;             /* bytes that `place` has counted */
    struct expr_place place; /* of byte `seen` */
    char *values;            /* of strings, one after another */
    size_t used;             /* bytes of them */
    struct kql_faults *faults;
};

static int peek(const struct lexer *lexer, size_t ahead)
{
    size_t at = lexer->at + ahead;
    return at < lexer->query.len ? (unsigned char)lexer->query.bytes[at] : -1;
}

/* The place of byte `at`, which is not before the one asked for last. */
static struct expr_place place_of(struct lexer *lexer, size_t at)
{
    while (lexer->seen < at) {
        unsigned char c = (unsigned char)lexer->query.bytes[lexer->seen++];
        if (c == '\n')
            lexer->place = (struct expr_place){lexer->place.line + 1, 1};
        else if (lexer->seen == lexer->query.len || ((unsigned char)lexer->query.bytes[lexer->seen] & 0xC0) != 0x80)
            lexer->place.column++;
    }
    return lexer->place;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_name_start(int c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$';
}

static bool is_name_part(int c)
{
    return is_name_start(c) || is_digit(c);
}

static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || c == 0xA0 || c == 0x1680 || c == 0x180E || (c >= 0x2000 && c <= 0x200B) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

static void skip_comment(struct lexer *lexer)
{
    while (lexer->at < lexer->query.len) {
        size_t next = lexer->at;
        uint32_t c = text_decode(lexer->query, &next);
        if (c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)
            return;
        lexer->at = next;
    }
}

/* White space and comments. */
static void skip(struct lexer *lexer)
{
    while (lexer->at < lexer->query.len) {
        if (peek(lexer, 0) == '/' && peek(lexer, 1) == '/') {
            skip_comment(lexer);
            continue;
        }
        size_t next = lexer->at;
        if (!is_space(text_decode(lexer->query, &next)))
            return;
        lexer->at = next;
    }
}

/* Value of `digits` hexadecimal digits at offset ahead, or -1. */
static int64_t read_hex(const struct lexer *lexer, size_t ahead, unsigned digits)
{
    int64_t value = 0;
    for (unsigned i = 0; i < digits; i++) {
        int digit = hex(peek(lexer, ahead + i));
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One to three octal digits at the lexer's place, up to 377. Returns how many it takes, 0: none. */
static unsigned read_octal(const struct lexer *lexer, size_t ahead, uint32_t *out)
{
    uint32_t value = 0;
    unsigned used = 0;
    for (; used < 3; used++) {
        int c = peek(lexer, ahead + used);
        if (c < '0' || c > '7' || value * 8 + (uint32_t)(c - '0') > 0377)
            break;
        value = value * 8 + (uint32_t)(c - '0');
    }
    *out = value;
    return used;
}

/* The escape that begins at the backslash the lexer stands on. Moves past it; false: it is none. */
static bool read_escape(struct lexer *lexer, uint32_t *out)
{
    static const char from[] = "'\"\\abfnrtv", to[] = "'\"\\\a\b\f\n\r\t\v";
    int c = peek(lexer, 1);
    const char *known = c > 0 ? strchr(from, c) : NULL;
    if (known != NULL) {
        *out = (uint32_t)(unsigned char)to[known - from];
        lexer->at += 2;
        return true;
    }
    unsigned digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
        int64_t value = read_hex(lexer, 2, digits);
        if (value < 0 || value > 0x10FFFF)
            return false;
        *out = (uint32_t)value;
        lexer->at += 2 + digits;
        return true;
    }
    unsigned used = read_octal(lexer, 1, out);
    lexer->at += used > 0 ? 1 + used : 0;
    return used > 0;
}

/* "..." or '...' with the lexer on the first quote. Writes the value to `to`; returns its length. */
static size_t read_escaped(struct lexer *lexer, char *to)
{
    size_t begin = lexer->at, len = 0;
    int quote = peek(lexer, 0);
    for (lexer->at++;;) {
        int c = peek(lexer, 0);
        if (c == -1 || c == '\n' || c == '\r') {
            kql_faults_add(lexer->faults, place_of(lexer, begin), "K102",
                           "the string does not end in its line; close it with %c", quote);
            return len;
        }
        if (c == quote) {
            lexer->at++;
            return len;
        }
        uint32_t code_point = 0;
        if (c != '\\') {
            to[len++] = (char)c;
            lexer->at++;
        } else if (read_escape(lexer, &code_point)) {
            len += text_encode(to + len, code_point);
        } else {
            kql_faults_add(lexer->faults, place_of(lexer, begin), "K102",
                           "the string holds a backslash that begins no escape; write \\\\, or @ before the string");
            lexer->at++;
        }
    }
}

/* @"..." with the lexer on the quote; the quote doubled stands for itself. */
static size_t read_verbatim(struct lexer *lexer, char *to)
{
    size_t begin = lexer->at, len = 0;
    int quote = peek(lexer, 0);
    for (lexer->at++;; lexer->at++) {
        int c = peek(lexer, 0);
        if (c == -1 || c == '\n' || c == '\r') {
            kql_faults_add(lexer->faults, place_of(lexer, begin), "K102",
                           "the string does not end in its line; close it with %c", quote);
            return len;
        }
        if (c == quote && peek(lexer, 1) != quote) {
            lexer->at++;
            return len;
        }
        if (c == quote)
            lexer->at++;
        to[len++] = (char)c;
    }
}

/* ```...``` or ~~~...~~~, lines and all. */
static size_t read_multiline(struct lexer *lexer, char *to)
{
    size_t begin = lexer->at, len = 0;
    int fence = peek(lexer, 0);
    for (lexer->at += 3; !(peek(lexer, 0) == fence && peek(lexer, 1) == fence && peek(lexer, 2) == fence);
         lexer->at++) {
        if (lexer->at >= lexer->query.len) {
            kql_faults_add(lexer->faults, place_of(lexer, begin), "K102",
                           "the string does not end; close it with %c%c%c", fence, fence, fence);
            return len;
        }
        to[len++] = lexer->query.bytes[lexer->at];
    }
    lexer->at += 3;
    return len;
}

static bool is_fence(const struct lexer *lexer, size_t ahead)
{
    int c = peek(lexer, ahead);
    return (c == '`' || c == '~') && peek(lexer, ahead + 1) == c && peek(lexer, ahead + 2) == c;
}

/* Does a string begin here? *prefix gets the bytes before its quote. */
static bool is_string(const struct lexer *lexer, size_t *prefix)
{
    size_t ahead = peek(lexer, 0) == 'h' || peek(lexer, 0) == 'H';
    bool is_verbatim = peek(lexer, ahead) == '@';
    int quote = peek(lexer, ahead + is_verbatim);
    *prefix = ahead + is_verbatim;
    return quote == '"' || quote == '\'' || (!is_verbatim && is_fence(lexer, ahead));
}

static void read_string(struct lexer *lexer, struct kql_token *token, size_t prefix)
{
    bool is_verbatim = prefix > 0 && peek(lexer, prefix - 1) == '@';
    char *to = lexer->values + lexer->used;
    lexer->at += prefix;
    size_t len;
    if (is_fence(lexer, 0))
        len = read_multiline(lexer, to);
    else
        len = is_verbatim ? read_verbatim(lexer, to) : read_escaped(lexer, to);
    lexer->used += len;
    token->kind = KQL_TOKEN_STRING;
    token->value = (struct text){to, len};
}

/* What follows the digits: d h m s ms and so on make a timespan; any other letters a name, as 7zip_x. */
static enum kql_token_kind kind_by_suffix(struct text suffix)
{
    static const char *const units[] = {
        "d",          "day",         "days",         "h",     "hr",     "hrs",         "hour",         "hours", "m",
        "min",        "minute",      "minutes",      "s",     "sec",    "second",      "seconds",      "ms",    "milli",
        "millis",     "millisecond", "milliseconds", "micro", "micros", "microsecond", "microseconds", "nano",  "nanos",
        "nanosecond", "nanoseconds", "tick",         "ticks"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text_equal(suffix, text_from(units[i])))
            return KQL_TOKEN_TIMESPAN;
    return KQL_TOKEN_NAME;
}

static void read_number(struct lexer *lexer, struct kql_token *token)
{
    size_t begin = lexer->at;
    token->kind = KQL_TOKEN_LONG;
    if (peek(lexer, 0) == '0' && (peek(lexer, 1) == 'x' || peek(lexer, 1) == 'X') && hex(peek(lexer, 2)) >= 0) {
        for (lexer->at += 2; hex(peek(lexer, 0)) >= 0;)
            lexer->at++;
        return;
    }
    while (is_digit(peek(lexer, 0)))
        lexer->at++;
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        token->kind = KQL_TOKEN_REAL;
        for (lexer->at++; is_digit(peek(lexer, 0));)
            lexer->at++;
    }
    size_t sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-';
    if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && is_digit(peek(lexer, 1 + sign))) {
        token->kind = KQL_TOKEN_REAL;
        for (lexer->at += 1 + sign; is_digit(peek(lexer, 0));)
            lexer->at++;
    }
    size_t suffix = lexer->at;
    while (is_name_part(peek(lexer, 0)))
        lexer->at++;
    if (lexer->at == suffix)
        return;
    enum kql_token_kind kind = kind_by_suffix((struct text){lexer->query.bytes + suffix, lexer->at - suffix});
    if (kind == KQL_TOKEN_NAME && token->kind == KQL_TOKEN_REAL)
        kql_faults_add(lexer->faults, place_of(lexer, begin), "K102",
                       "letters after a number that are no unit of time (d h m s ms microsecond tick)");
    token->kind = kind == KQL_TOKEN_TIMESPAN || token->kind == KQL_TOKEN_LONG ? kind : token->kind;
}

/* Is it a type whose literals have a text of their own between parentheses? */
static bool is_typed(struct text name)
{
    static const char *const types[] = {"datetime", "date",   "timespan", "time", "long",    "int",
                                        "real",     "double", "decimal",  "bool", "boolean", "guid"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_equal(name, text_from(types[i])))
            return true;
    return false;
}

/* datetime(2020-01-02 03:04), long(null), ...: up to the closing parenthesis. Leaves a name alone that none follows. */
static void read_typed(struct lexer *lexer, struct kql_token *token)
{
    size_t at = lexer->at;
    while (at < lexer->query.len && (lexer->query.bytes[at] == ' ' || lexer->query.bytes[at] == '\t'))
        at++;
    if (at == lexer->query.len || lexer->query.bytes[at] != '(')
        return;
    size_t begin = at + 1, end = begin;
    while (end < lexer->query.len && strchr("()\r\n", lexer->query.bytes[end]) == NULL)
        end++;
    if (end == lexer->query.len || lexer->query.bytes[end] != ')')
        return;
    lexer->at = end + 1;
    token->kind = KQL_TOKEN_TYPED;
    while (begin < end && strchr(" \t\"'", lexer->query.bytes[begin]) != NULL)
        begin++;
    while (end > begin && strchr(" \t\"'", lexer->query.bytes[end - 1]) != NULL)
        end--;
    token->value = (struct text){lexer->query.bytes + begin, end - begin};
}

static void read_name(struct lexer *lexer, struct kql_token *token)
{
    size_t begin = lexer->at;
    while (is_name_part(peek(lexer, 0)))
        lexer->at++;
    token->kind = KQL_TOKEN_NAME;
    struct text name = {lexer->query.bytes + begin, lexer->at - begin};
    if (text_equal(name, text_from("in")) && peek(lexer, 0) == '~')
        lexer->at++;
    else if (is_typed(name))
        read_typed(lexer, token);
}

/* Signs and the words with "!" before. False: the byte begins nothing. */
static bool read_sign(struct lexer *lexer, struct kql_token *token)
{
    static const char *const signs[] = {"==", "=~", "!=", "!~", "<>", "<=", ">=", "=>", ".."};
    token->kind = KQL_TOKEN_SIGN;
    if (peek(lexer, 0) == '!' && is_name_start(peek(lexer, 1))) {
        lexer->at++;
        read_name(lexer, token);
        token->kind = KQL_TOKEN_NAME;
        if (peek(lexer, 0) == '~' && lexer->query.bytes[lexer->at - 1] == 'n')
            lexer->at++;
        return true;
    }
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (peek(lexer, 0) == signs[i][0] && peek(lexer, 1) == signs[i][1]) {
            lexer->at += 2;
            return true;
        }
    if (peek(lexer, 0) <= 0 || strchr("|;,()[]{}=<>+-*/%.:@", peek(lexer, 0)) == NULL)
        return false;
    lexer->at++;
    return true;
}

/* The next token. False: there was none at a byte, which is then passed over. */
static bool read_token(struct lexer *lexer, struct kql_token *token)
{
    size_t begin = lexer->at, prefix;
    token->place = place_of(lexer, begin);
    int c = peek(lexer, 0);
    if (is_string(lexer, &prefix)) {
        read_string(lexer, token, prefix);
    } else if (is_digit(c)) {
        read_number(lexer, token);
    } else if (is_name_start(c)) {
        read_name(lexer, token);
    } else if (!read_sign(lexer, token)) {
        uint32_t what = text_decode(lexer->query, &lexer->at);
        kql_faults_add(lexer->faults, token->place, "K102",
                       what >= 0x21 && what < 0x7F ? "the character %c has no place in a query"
                                                   : "the character U+%04X has no place in a query outside a string",
                       (int)what);
        return false;
    }
    token->text = (struct text){lexer->query.bytes + begin, lexer->at - begin};
    return true;
}

int kql_lexer_run(struct kql_token **out, struct arena *arena, struct text query, struct kql_faults *faults)
{
    struct lexer lexer = {.query = query, .place = {1, 1}, .faults = faults};
    if (query.len > KQL_MAX_QUERY) {
        kql_faults_add(faults, (struct expr_place){1, 1}, "K105", "the query has %u bytes; at most %d are taken",
                       (unsigned)query.len, KQL_MAX_QUERY);
        return -EINVAL;
    }
    lexer.values = arena_alloc(arena, query.len + 4); /* no value is longer than what is written */
    size_t room = 256, count = 0;
    struct kql_token *tokens = arena_alloc(arena, room * sizeof *tokens);
    for (;; count++) {
        if (lexer.values == NULL || tokens == NULL)
            return -ENOMEM;
        if (count == room) {
            struct kql_token *more = arena_alloc(arena, 2 * room * sizeof *more);
            if (more == NULL)
                return -ENOMEM;
            memcpy(more, tokens, room * sizeof *more);
            tokens = more;
            room *= 2;
        }
        tokens[count] = (struct kql_token){0};
        skip(&lexer);
        while (lexer.at < query.len && !read_token(&lexer, &tokens[count]))
            skip(&lexer);
        if (tokens[count].text.len == 0)
            break;
    }
    tokens[count] = (struct kql_token){.kind = KQL_TOKEN_END, .place = place_of(&lexer, query.len)};
    *out = tokens;
    return 0;
}
