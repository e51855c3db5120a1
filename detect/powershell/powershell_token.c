#include "detect/powershell/powershell_token.h"

enum { END_OF_TEXT = 0x110000 }; /* no code point */

static bool is_dash(uint32_t c)
{
    return c == '-' || (c >= 0x2013 && c <= 0x2015);
}

static bool is_single_quote(uint32_t c)
{
    return c == '\'' || (c >= 0x2018 && c <= 0x201B);
}

static bool is_double_quote(uint32_t c)
{
    return c == '"' || (c >= 0x201C && c <= 0x201E);
}

static bool is_line_end(uint32_t c)
{
    return c == '\n' || c == '\r';
}

/* White space within a line: ASCII's, NEL and Unicode's Zs. */
static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Characters that a linguistic comparison of names passes over. */
static bool is_weightless(uint32_t c)
{
    return c == 0xAD || c == 0x34F || c == 0x180E || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF;
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 0x80 && c < END_OF_TEXT);
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* The code point at *at, which then moves past it. */
static uint32_t take(struct text text, size_t *at)
{
    if (*at >= text.len)
        return END_OF_TEXT;
    return text_decode(text, at);
}

static uint32_t peek(struct text text, size_t at)
{
    return take(text, &at);
}

static struct text slice(struct text text, size_t from, size_t to)
{
    return (struct text){text.bytes + from, to - from};
}

/* Ends a bare word or a parameter's name wherever it stands. */
static bool is_word_end(uint32_t c)
{
    return c == END_OF_TEXT || is_blank(c) || is_line_end(c) || c == '{' || c == '}' || c == '(' || c == ')' ||
           c == ';' || c == ',' || c == '|' || c == '&';
}

/* Passes blanks, comments and continued lines. Returns whether anything was passed. */
static bool pass_blanks(struct powershell_reader *r)
{
    size_t begin = r->at;
    for (;;) {
        size_t next = r->at;
        uint32_t c = take(r->text, &next);
        if (is_blank(c)) {
            r->at = next;
        } else if (c == '`' && is_line_end(peek(r->text, next))) {
            bool is_cr = take(r->text, &next) == '\r';
            if (is_cr && peek(r->text, next) == '\n')
                next++;
            r->at = next;
        } else if (c == '#') {
            while (r->at < r->text.len && !is_line_end(peek(r->text, r->at)))
                (void)take(r->text, &r->at);
        } else if (c == '<' && peek(r->text, next) == '#') {
            while (r->at < r->text.len && !(r->text.bytes[r->at] == '#' && peek(r->text, r->at + 1) == '>'))
                r->at++;
            r->at = r->at < r->text.len ? r->at + 2 : r->text.len;
        } else {
            return r->at != begin;
        }
    }
}

/* The string whose opening quote, which was read, is quote. */
static struct powershell_token read_string(struct powershell_reader *r, bool is_double)
{
    size_t begin = r->at, nested = 0;
    for (;;) {
        size_t here = r->at;
        uint32_t c = take(r->text, &r->at);
        if (c == END_OF_TEXT)
            return (struct powershell_token){
                .kind = POWERSHELL_STRING, .text = slice(r->text, begin, here), .is_expandable = is_double};
        if (is_double && c == '`') {
            (void)take(r->text, &r->at);
        } else if (is_double && c == '$' && peek(r->text, r->at) == '(') {
            nested++;
            r->at++;
        } else if (is_double && c == ')' && nested > 0) {
            nested--;
        } else if (is_double ? is_double_quote(c) && nested == 0 : is_single_quote(c)) {
            uint32_t next = peek(r->text, r->at);
            if (is_double ? is_double_quote(next) : is_single_quote(next))
                (void)take(r->text, &r->at);
            else
                return (struct powershell_token){
                    .kind = POWERSHELL_STRING, .text = slice(r->text, begin, here), .is_expandable = is_double};
        }
    }
}

/* A here-string, if one begins at r->at, after its @ and quote: only blanks up to the end of the line. */
static bool read_here_string(struct powershell_reader *r, bool is_double, struct powershell_token *out)
{
    size_t at = r->at;
    while (is_blank(peek(r->text, at)))
        (void)take(r->text, &at);
    if (!is_line_end(peek(r->text, at)))
        return false;
    if (take(r->text, &at) == '\r' && peek(r->text, at) == '\n')
        at++;
    size_t begin = at, end;
    bool is_line_begin = true;
    for (;;) {
        size_t here = at;
        uint32_t c = take(r->text, &at);
        if (c == END_OF_TEXT) {
            end = here;
            break;
        }
        if (is_line_begin && (is_double ? is_double_quote(c) : is_single_quote(c)) && peek(r->text, at) == '@') {
            end = here;
            at++;
            break;
        }
        is_line_begin = is_line_end(c);
    }
    r->at = at;
    *out = (struct powershell_token){
        .kind = POWERSHELL_STRING, .text = slice(r->text, begin, end), .is_expandable = is_double};
    return true;
}

/* A bare word from r->at on; quoted pieces and escaped characters are part of it. */
static struct powershell_token read_word(struct powershell_reader *r, bool is_in_hash)
{
    size_t begin = r->at;
    for (;;) {
        size_t here = r->at;
        uint32_t c = take(r->text, &r->at);
        if (is_word_end(c) || (is_in_hash && c == '=')) {
            r->at = here;
            break;
        }
        if (c == '`') {
            if (is_line_end(peek(r->text, r->at))) {
                r->at = here;
                break;
            }
            (void)take(r->text, &r->at);
        } else if (is_single_quote(c) || is_double_quote(c)) {
            (void)read_string(r, is_double_quote(c));
        } else if (c == '$' && peek(r->text, r->at) == '(') {
            r->at = here;
            break;
        }
    }
    if (r->at == begin) /* a sign that stands for nothing here */
        (void)take(r->text, &r->at);
    return (struct powershell_token){.kind = POWERSHELL_WORD, .text = slice(r->text, begin, r->at)};
}

/* After a dash. A name with a quote in it is an argument. */
static bool read_parameter(struct powershell_reader *r, struct powershell_token *out)
{
    size_t at = r->at, begin = at;
    if (!is_letter(peek(r->text, at)) && peek(r->text, at) != '?')
        return false;
    for (;;) {
        size_t here = at;
        uint32_t c = take(r->text, &at);
        if (is_word_end(c) || c == '.' || c == '[' || c == ':') {
            r->at = c == ':' ? at : here;
            *out = (struct powershell_token){
                .kind = POWERSHELL_PARAMETER, .text = slice(r->text, begin, here), .has_colon = c == ':'};
            return true;
        }
        if (is_single_quote(c) || is_double_quote(c))
            return false;
    }
}

/* After $: its name, without a member that follows. */
static struct powershell_token read_variable(struct powershell_reader *r)
{
    size_t begin = r->at;
    if (peek(r->text, r->at) == '{') {
        begin = ++r->at;
        while (r->at < r->text.len && r->text.bytes[r->at] != '}')
            r->at++;
        struct text name = slice(r->text, begin, r->at);
        r->at += r->at < r->text.len;
        return (struct powershell_token){.kind = POWERSHELL_VARIABLE, .text = name};
    }
    for (size_t at = begin; r->at = at, true;) {
        uint32_t c = take(r->text, &at);
        if (!is_letter(c) && !is_digit(c) && c != ':' && c != '?' && c != '^' && c != '$')
            break;
    }
    return (struct powershell_token){.kind = POWERSHELL_VARIABLE, .text = slice(r->text, begin, r->at)};
}

static struct powershell_token sign(struct powershell_reader *r, enum powershell_token_kind kind, size_t length)
{
    struct powershell_token token = {.kind = kind, .text = slice(r->text, r->at, r->at + length)};
    r->at += length;
    return token;
}

static struct powershell_token bracket(struct powershell_reader *r, char opener, size_t length)
{
    struct powershell_token token = sign(r, POWERSHELL_OPEN, length);
    token.opener = opener;
    return token;
}

/* @( @{ @name and here-strings; any other @ begins a word. */
static struct powershell_token read_at(struct powershell_reader *r)
{
    struct powershell_token token;
    size_t at = r->at + 1;
    uint32_t next = take(r->text, &at);
    if (next == '(' || next == '{')
        return bracket(r, next == '(' ? 'a' : 'h', 2);
    if (is_single_quote(next) || is_double_quote(next)) {
        struct powershell_reader inside = {r->text, at};
        if (read_here_string(&inside, is_double_quote(next), &token)) {
            r->at = inside.at;
            return token;
        }
    }
    if (!is_letter(next))
        return read_word(r, false);
    r->at++;
    token = read_variable(r);
    token.kind = POWERSHELL_SPLAT;
    return token;
}

/* The length of an assignment's sign at r->at, or 0. */
static size_t assignment(const struct powershell_reader *r, uint32_t c)
{
    size_t length = c == '=' ? 1 : 2;
    bool is_arithmetic = c == '+' || c == '-' || c == '*' || c == '/' || c == '%';
    if (c != '=' && !(is_arithmetic && peek(r->text, r->at + 1) == '='))
        return 0;
    return peek(r->text, r->at + length) == '=' ? 0 : length;
}

struct powershell_token powershell_token_next(struct powershell_reader *reader, bool is_in_hash, bool is_command)
{
    bool follows_blank = pass_blanks(reader);
    struct powershell_token token = {.kind = POWERSHELL_END};
    struct powershell_reader *r = reader;
    size_t at = r->at;
    uint32_t c = take(r->text, &at), next = peek(r->text, at);

    if (c == END_OF_TEXT)
        token.text = slice(r->text, r->text.len, r->text.len);
    else if (is_line_end(c))
        token = sign(r, POWERSHELL_LINE, c == '\r' && next == '\n' ? 2 : 1);
    else if (c == ';')
        token = sign(r, POWERSHELL_SEPARATOR, 1);
    else if (c == ',')
        token = sign(r, POWERSHELL_COMMA, 1);
    else if (c == '|' || (c == '&' && next == '&'))
        token = sign(r, POWERSHELL_PIPE, next == c ? 2 : 1);
    else if (c == '&' || (c == '.' && is_command && (is_blank(next) || is_single_quote(next) || is_double_quote(next))))
        token = sign(r, POWERSHELL_AMPERSAND, 1);
    else if (c == '(' || c == '{' || c == '[')
        token = bracket(r, (char)c, 1);
    else if (c == ')' || c == '}' || c == ']') {
        token = sign(r, POWERSHELL_CLOSE, 1);
        token.opener = (char)c;
    } else if (c == '@')
        token = read_at(r);
    else if (c == '$' && next == '(')
        token = bracket(r, 's', 2);
    else if (c == '$' &&
             (is_letter(next) || is_digit(next) || next == '{' || next == '?' || next == '^' || next == '$')) {
        r->at = at;
        token = read_variable(r);
    } else if (is_single_quote(c) || is_double_quote(c)) {
        r->at = at;
        token = read_string(r, is_double_quote(c));
    } else if (assignment(r, c) > 0 && (is_in_hash ? c == '=' : true))
        token = sign(r, POWERSHELL_EQUAL, assignment(r, c));
    else {
        struct powershell_reader inside = {r->text, at};
        if (is_dash(c) && read_parameter(&inside, &token))
            r->at = inside.at;
        else
            token = read_word(r, is_in_hash);
    }
    token.follows_blank = follows_blank;
    return token;
}

size_t powershell_token_fold(char *to, size_t size, const struct powershell_token *token)
{
    bool is_word = token->kind == POWERSHELL_WORD, is_escaping = is_word || token->is_expandable;
    uint32_t within = 0; /* the quote that a piece of a word stands in: ' or " */
    size_t count = 0;
    for (size_t at = 0; at < token->text.len;) {
        uint32_t c = take(token->text, &at);
        char bytes[4];
        if (is_single_quote(c))
            c = '\'';
        else if (is_double_quote(c))
            c = '"';
        if (c == '`' && is_escaping && within != '\'') {
            c = take(token->text, &at);
            if (c == END_OF_TEXT)
                break;
            /* `e is a letter to Windows PowerShell, which Exchange's shell is. */
            if (c == '0' || c == 'a' || c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't' || c == 'v')
                c = ' '; /* a control character: whichever, it ends a word */
        } else if (is_word && (c == '\'' || c == '"') && (within == 0 || within == c)) {
            within = within == 0 ? c : 0;
            continue;
        } else if (!is_word && c == (token->is_expandable ? '"' : '\'') && at < token->text.len) {
            (void)take(token->text, &at); /* it is there twice */
        }
        if (is_weightless(c))
            continue;
        if (is_dash(c))
            c = '-';
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        size_t length = text_encode(bytes, c);
        if (count + length > size)
            return size + 1;
        memcpy(to + count, bytes, length);
        count += length;
    }
    return count;
}
