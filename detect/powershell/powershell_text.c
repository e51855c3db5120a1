#include "detect/powershell/powershell_text.h"

#include "detect/powershell/powershell_line.h"
#include "detect/powershell/powershell_token.h"
#include "detect/powershell/powershell_word.h"
#include <errno.h>
#include <stdlib.h>

enum {
    MAX_DEPTH = 64,  /* of brackets within brackets */
    MAX_NESTED = 3,  /* of texts within texts */
    MAX_NAME = 64,   /* bytes of a noun or a parameter */
    MAX_FOLDED = 320 /* bytes of a name with its module and the noun's prefix */
};

/* What was begun in a statement. */
enum command {
    COMMAND_NONE,       /* nothing yet: a command may stand here */
    COMMAND_CALLED,     /* & or . came: a string is a command too */
    COMMAND_DEFINITION, /* function, filter: a name that is no call */
    COMMAND_OTHER,
    COMMAND_TARGET
};

/* One pair of brackets, or the whole text, and its present statement. */
struct frame {
    char opener; /* as of a token; 0: the whole text */
    enum command command;
    bool continues; /* a line end does not end the statement */
    bool is_expression;
    bool is_clause; /* it began with if, foreach, function, param ...: after its block or list a command may stand */
    bool is_list;   /* that was param */
    size_t begin;   /* of the command's name */
    bool has_parameter, is_what_if, has_splat;
    bool wants_value; /* the next token is the parameter's value */
    enum powershell_operation operation;
    bool is_value; /* of @{: the parameter's value; its keys tell the operation */
    bool is_key;   /* of @{: a key may stand here */
};

struct names {
    char noun[MAX_NAME], parameter[MAX_NAME];
    size_t noun_length, parameter_length, shortest_length;
};

struct scanner {
    const struct names *names;
    struct powershell_reader reader;
    struct frame frames[MAX_DEPTH];
    size_t depth; /* of the innermost frame */
    struct powershell_hit *hit;
    bool has_splat, has_name; /* seen anywhere: the cmdlet with a splatted table; the parameter's whole name */
    bool is_encoded_next;     /* the next word is what -EncodedCommand takes */
    unsigned nesting;
    int error;
};

static int scan_text(struct powershell_hit *hit, const struct names *names, struct text text, unsigned nesting);

static bool begins_with(const char *bytes, size_t length, const char *with, size_t with_length)
{
    return length >= with_length && memcmp(bytes, with, with_length) == 0;
}

/* Does name, in lower case, stand in text, in any letter case? */
static bool contains(struct text text, const char *name, size_t length)
{
    for (size_t i = 0; i + length <= text.len; i++) {
        size_t same = 0;
        while (same < length) {
            char c = text.bytes[i + same];
            if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != name[same])
                break;
            same++;
        }
        if (same == length)
            return true;
    }
    return false;
}

static bool is_prefix_of(const struct powershell_token *token, const char *name, size_t shortest)
{
    char folded[MAX_NAME];
    size_t length = powershell_token_fold(folded, sizeof(folded), token);
    return length <= sizeof(folded) && length >= shortest && strlen(name) >= length &&
           memcmp(name, folded, length) == 0;
}

static void found(struct scanner *s, enum powershell_use use, enum powershell_operation operation,
                  struct text statement)
{
    if (s->hit->use != POWERSHELL_USE_NONE && s->hit->use <= use)
        return;
    s->hit->use = use;
    s->hit->operation = operation;
    s->hit->statement = statement;
}

static void end_statement(struct scanner *s, struct frame *f)
{
    if (f->command == COMMAND_TARGET && f->has_parameter && !f->is_what_if)
        found(s, POWERSHELL_USE_DIRECT, f->wants_value ? POWERSHELL_OPERATION_UNKNOWN : f->operation,
              (struct text){s->reader.text.bytes + f->begin, s->reader.at - f->begin});
    s->has_splat |= f->command == COMMAND_TARGET && f->has_splat;
    *f = (struct frame){.opener = f->opener, .is_value = f->is_value, .operation = f->is_value ? f->operation : 0};
    f->is_key = f->opener == 'h';
}

/* A word where a command may stand. */
static void take_command(struct scanner *s, struct frame *f, const struct powershell_token *token, size_t begin)
{
    char word[MAX_FOLDED];
    size_t length = powershell_token_fold(word, sizeof(word), token);
    bool is_definition = f->command == COMMAND_DEFINITION;
    f->command = COMMAND_OTHER;
    struct text text = {word, length};
    if (length > sizeof(word) || is_definition)
        return;
    f->is_clause = powershell_word_is_clause(text);
    f->is_list = f->is_clause && length == 5 && memcmp(word, "param", 5) == 0;
    if (powershell_word_is_keyword(text)) {
        f->command = COMMAND_NONE;
    } else if ((length == 8 && memcmp(word, "function", 8) == 0) || (length == 6 && memcmp(word, "filter", 6) == 0)) {
        f->command = COMMAND_DEFINITION;
    } else if (powershell_word_is_setter(text, (struct text){s->names->noun, s->names->noun_length})) {
        f->command = COMMAND_TARGET;
        f->begin = begin;
    }
}

static bool is_parameter(const struct names *names, const struct powershell_token *token)
{
    char folded[MAX_NAME];
    size_t length = powershell_token_fold(folded, sizeof(folded), token);
    return length >= names->shortest_length && length <= names->parameter_length &&
           begins_with(names->parameter, names->parameter_length, folded, length);
}

static void take_parameter(struct scanner *s, struct frame *f, const struct powershell_token *token)
{
    s->is_encoded_next = (is_prefix_of(token, "encodedcommand", 1) || is_prefix_of(token, "ec", 2));
    if (f->command != COMMAND_TARGET)
        return;
    if (is_parameter(s->names, token)) {
        f->has_parameter = f->wants_value = true;
        return;
    }
    if (!is_prefix_of(token, "whatif", 2) && !is_prefix_of(token, "wi", 2))
        return;
    f->is_what_if = true;
    if (token->has_colon) { /* -WhatIf:$false */
        struct powershell_reader ahead = s->reader;
        struct powershell_token value = powershell_token_next(&ahead, false, false);
        f->is_what_if = !(value.kind == POWERSHELL_VARIABLE && text_equal_nocase(value.text, text_from("false")));
    }
}

/* The first token after the parameter. */
static void take_value(struct frame *f, const struct powershell_token *token)
{
    f->wants_value = false;
    f->operation = POWERSHELL_OPERATION_UNKNOWN;
    if (token->kind == POWERSHELL_VARIABLE && text_equal_nocase(token->text, text_from("null")))
        f->operation = POWERSHELL_OPERATION_CLEAR;
    else if (token->kind == POWERSHELL_WORD || token->kind == POWERSHELL_STRING ||
             (token->kind == POWERSHELL_OPEN && token->opener == 'a'))
        f->operation = POWERSHELL_OPERATION_REPLACE;
}

/* A key of the table that is the parameter's value. */
static void take_key(struct frame *f, const struct powershell_token *token)
{
    char key[8];
    size_t length = powershell_token_fold(key, sizeof(key), token);
    enum powershell_operation now = POWERSHELL_OPERATION_NONE;
    if ((length == 3 && memcmp(key, "add", 3) == 0) || (length == 1 && key[0] == '+'))
        now = POWERSHELL_OPERATION_ADD;
    else if ((length == 6 && memcmp(key, "remove", 6) == 0) || (length == 1 && key[0] == '-'))
        now = POWERSHELL_OPERATION_REMOVE;
    if (now == POWERSHELL_OPERATION_NONE)
        return;
    f->operation = f->operation == POWERSHELL_OPERATION_NONE || f->operation == now ? now : POWERSHELL_OPERATION_BOTH;
}

/* A string that is looked into: it says what to run, or names a default value. */
static void look_into(struct scanner *s, const struct powershell_token *token)
{
    const struct names *names = s->names;
    char *folded = malloc(token->text.len + 1);
    if (folded == NULL) {
        s->error = -ENOMEM;
        return;
    }
    size_t length = powershell_token_fold(folded, token->text.len + 1, token);
    if (length > token->text.len + 1) /* no character becomes longer */
        length = 0;
    folded[length < token->text.len ? length : token->text.len] = '\0';
    struct text text = {folded, length};
    s->has_name |= length == names->parameter_length && memcmp(folded, names->parameter, length) == 0;

    bool has_noun = contains(text, names->noun, names->noun_length);
    bool has_parameter = contains(text, names->parameter, names->shortest_length);
    size_t colon = text_find(text, ':');
    size_t short_noun = names->noun_length < 4 ? names->noun_length : 4;
    if (colon < length && begins_with(folded, length, "set-", 4) &&
        begins_with(folded + 4, length - 4, names->noun, short_noun) &&
        begins_with(folded + colon + 1, length - colon - 1, names->parameter, names->shortest_length))
        found(s, POWERSHELL_USE_DEFAULT, POWERSHELL_OPERATION_UNKNOWN, (struct text){NULL, 0});
    else if (has_noun && has_parameter && s->nesting < MAX_NESTED && s->error == 0) {
        struct powershell_hit inside = {.use = POWERSHELL_USE_NONE};
        s->error = scan_text(&inside, names, text, s->nesting + 1);
        s->hit->is_cut |= inside.is_cut;
        if (inside.use != POWERSHELL_USE_NONE)
            found(s, POWERSHELL_USE_QUOTED, inside.operation, (struct text){NULL, 0});
    }
    free(folded);
}

/* What follows -EncodedCommand. */
static void look_into_encoded(struct scanner *s, struct text base64)
{
    struct text decoded;
    if (s->nesting >= MAX_NESTED || s->error != 0)
        return;
    int rc = powershell_line_decode(&decoded, base64);
    if (rc == -ENOMEM)
        s->error = rc;
    if (rc != 0)
        return; /* PowerShell refuses it too */
    struct powershell_hit inside = {.use = POWERSHELL_USE_NONE};
    s->error = scan_text(&inside, s->names, decoded, s->nesting + 1);
    if (inside.use != POWERSHELL_USE_NONE)
        found(s, POWERSHELL_USE_QUOTED, inside.operation, (struct text){NULL, 0});
    free((char *)decoded.bytes);
}

static bool open_frame(struct scanner *s, const struct powershell_token *token)
{
    struct frame *outer = &s->frames[s->depth];
    bool is_value = outer->wants_value && token->opener == 'h';
    if (outer->wants_value)
        take_value(outer, token);
    if (outer->command == COMMAND_NONE || outer->command == COMMAND_CALLED)
        outer->command = COMMAND_OTHER, outer->is_expression = true;
    if (s->depth + 1 == MAX_DEPTH) {
        s->hit->is_cut = true;
        return false;
    }
    s->frames[++s->depth] =
        (struct frame){.opener = token->opener, .is_value = is_value, .is_key = token->opener == 'h'};
    return true;
}

/* A bracket that closes another kind than was opened last is passed over. */
static void close_frame(struct scanner *s, char bracket)
{
    struct frame *f = &s->frames[s->depth];
    char opener = f->opener == '{' || f->opener == 'h' ? '}' : f->opener == '[' ? ']' : f->opener == 0 ? 0 : ')';
    if (opener != bracket)
        return;
    enum powershell_operation operation = f->operation;
    bool is_value = f->is_value, is_block = f->opener == '{', is_list = f->opener == '(';
    end_statement(s, f);
    struct frame *outer = &s->frames[--s->depth];
    if (is_value && operation != POWERSHELL_OPERATION_NONE)
        outer->operation = operation;
    if (outer->is_clause && (outer->is_list ? is_list : is_block))
        end_statement(s, outer);
    else if (is_block && (outer->command != COMMAND_TARGET && !outer->is_expression))
        outer->command = COMMAND_OTHER;
}

static void take_word(struct scanner *s, struct frame *f, const struct powershell_token *token, size_t begin)
{
    if (s->is_encoded_next)
        look_into_encoded(s, token->text);
    if (f->is_key && f->opener == 'h') {
        f->is_key = false;
        if (f->is_value)
            take_key(f, token);
    } else if (f->wants_value) {
        take_value(f, token);
    } else if (f->command == COMMAND_CALLED || f->command == COMMAND_DEFINITION ||
               (f->command == COMMAND_NONE && token->kind == POWERSHELL_WORD)) {
        take_command(s, f, token, begin);
    } else if (f->command == COMMAND_NONE) {
        f->command = COMMAND_OTHER;
        f->is_expression = true;
    }
    if (token->kind == POWERSHELL_STRING || token->text.len >= s->names->parameter_length)
        look_into(s, token);
}

static void take_sign(struct scanner *s, struct frame *f, const struct powershell_token *token)
{
    switch (token->kind) {
    case POWERSHELL_LINE:
        if (!f->continues)
            end_statement(s, f);
        return; /* a line end after a comma or a pipe goes on continuing */
    case POWERSHELL_AMPERSAND:
        if (f->command == COMMAND_NONE) {
            f->command = COMMAND_CALLED;
            break;
        }
        end_statement(s, f);
        break;
    case POWERSHELL_EQUAL:
        if (f->opener == 'h' ? f->command == COMMAND_NONE || f->is_expression : f->is_expression) {
            f->command = COMMAND_NONE;
            f->is_expression = false;
        }
        f->is_key = false;
        break;
    case POWERSHELL_SEPARATOR:
    case POWERSHELL_PIPE:
        end_statement(s, f);
        break;
    default: /* a comma */
        break;
    }
    f->continues = token->kind == POWERSHELL_PIPE || token->kind == POWERSHELL_COMMA;
}

static bool take_token(struct scanner *s, const struct powershell_token *token, size_t begin)
{
    struct frame *f = &s->frames[s->depth];
    bool was_encoded_next = s->is_encoded_next;
    switch (token->kind) {
    case POWERSHELL_LINE:
    case POWERSHELL_SEPARATOR:
    case POWERSHELL_PIPE:
    case POWERSHELL_AMPERSAND:
    case POWERSHELL_COMMA:
    case POWERSHELL_EQUAL:
        take_sign(s, f, token);
        return true;
    case POWERSHELL_OPEN:
        f->continues = false;
        return open_frame(s, token);
    case POWERSHELL_CLOSE:
        close_frame(s, token->opener);
        return true;
    case POWERSHELL_PARAMETER:
        if (f->is_key && f->opener == 'h')
            f->is_key = false;
        take_parameter(s, f, token);
        break;
    case POWERSHELL_SPLAT:
        f->has_splat = true;
        break;
    case POWERSHELL_VARIABLE:
        if (f->wants_value)
            take_value(f, token);
        if (f->command == COMMAND_NONE || f->command == COMMAND_CALLED)
            f->command = COMMAND_OTHER, f->is_expression = true;
        break;
    default:
        take_word(s, f, token, begin);
        break;
    }
    f->continues = false;
    if (was_encoded_next)
        s->is_encoded_next = false;
    return true;
}

/* Depth or size ended the reading: the words alone are then enough for the weakest hit. */
static void judge_unread(struct scanner *s, struct text text)
{
    const struct names *names = s->names;
    if (s->hit->is_cut && contains(text, names->noun, names->noun_length) &&
        contains(text, names->parameter, names->shortest_length))
        found(s, POWERSHELL_USE_QUOTED, POWERSHELL_OPERATION_UNKNOWN, (struct text){NULL, 0});
}

/* Inside [ ] a bracket ends a word: [string], [List[int]]. */
static void end_in_index(struct scanner *s, struct powershell_token *token)
{
    size_t length = text_find(token->text, ']');
    if (token->kind != POWERSHELL_WORD || length == token->text.len || length == 0)
        return;
    s->reader.at -= token->text.len - length;
    token->text.len = length;
}

static int scan_text(struct powershell_hit *hit, const struct names *names, struct text text, unsigned nesting)
{
    struct scanner *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    *s = (struct scanner){.names = names, .hit = hit, .nesting = nesting, .reader = {.text = text}};
    if (text.len > POWERSHELL_TEXT_MAX) {
        s->reader.text.len = POWERSHELL_TEXT_MAX;
        hit->is_cut = true;
    }
    for (;;) {
        const struct frame *f = &s->frames[s->depth];
        size_t before = s->reader.at;
        bool is_command = f->command == COMMAND_NONE || f->command == COMMAND_CALLED;
        struct powershell_token token = powershell_token_next(&s->reader, f->opener == 'h', is_command);
        if (f->opener == '[')
            end_in_index(s, &token);
        size_t begin = token.text.bytes == NULL ? before : (size_t)(token.text.bytes - text.bytes);
        if (token.kind == POWERSHELL_END || s->error != 0 || !take_token(s, &token, begin))
            break;
    }
    for (s->depth++; s->depth > 0; s->depth--) {
        struct frame *f = &s->frames[s->depth - 1];
        enum powershell_operation operation = f->operation;
        bool is_value = f->is_value;
        end_statement(s, f);
        if (is_value && operation != POWERSHELL_OPERATION_NONE && s->depth > 1)
            s->frames[s->depth - 2].operation = operation;
    }
    if (s->has_splat && s->has_name)
        found(s, POWERSHELL_USE_SPLAT, POWERSHELL_OPERATION_UNKNOWN, (struct text){NULL, 0});
    judge_unread(s, text);
    int rc = s->error;
    free(s);
    return rc;
}

/* Copies a name in lower case. False: not ASCII, empty or too long. */
static bool fold_name(char to[MAX_NAME], struct text name)
{
    if (name.len == 0 || name.len > MAX_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.bytes[i];
        if (c >= 0x80)
            return false;
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return true;
}

/*
 * Can the text be seen at a glance to hold no hit? Without the parameter's name there is none, unless something can
 * hide it: a character beyond ASCII (weightless), a backtick (within a string), base64 after a switch that begins with
 * e.
 */
static bool is_plainly_none(const struct names *names, struct text text)
{
    bool was_dash = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c >= 0x80 || (c == '`' && i + 1 < text.len && text.bytes[i + 1] != '\r' && text.bytes[i + 1] != '\n'))
            return false;
        if (was_dash && (c | 0x20) == 'e') {
            char next = i + 1 < text.len ? (char)(text.bytes[i + 1] | 0x20) : ' ';
            if (next == ' ' || next == 'n' || next == 'c' || next < ' ')
                return false;
        }
        was_dash = c == '-' || c == '/';
    }
    return text.len <= POWERSHELL_TEXT_MAX && !contains(text, names->parameter, names->shortest_length);
}

int powershell_text_find(struct powershell_hit *out, const struct powershell_target *target, struct text text)
{
    struct names names = {.noun_length = target->noun.len,
                          .parameter_length = target->parameter.len,
                          .shortest_length = target->shortest.len};
    char shortest[MAX_NAME];
    if (!fold_name(names.noun, target->noun) || !fold_name(names.parameter, target->parameter) ||
        !fold_name(shortest, target->shortest) || target->shortest.len > target->parameter.len ||
        memcmp(shortest, names.parameter, target->shortest.len) != 0)
        return -EINVAL;
    *out = (struct powershell_hit){.use = POWERSHELL_USE_NONE};
    return is_plainly_none(&names, text) ? 0 : scan_text(out, &names, text, 0);
}

const char *powershell_use_name(enum powershell_use use)
{
    static const char *const names[] = {"", "direct", "splat", "default", "quoted"};
    return names[use];
}

const char *powershell_operation_name(enum powershell_operation operation)
{
    static const char *const names[] = {"", "add", "remove", "both", "replace", "clear", "unknown"};
    return names[operation];
}
