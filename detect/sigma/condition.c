#include "detect/sigma/condition.h"

#include "detect/base/suggest.h"
#include "detect/expression/like.h"

#include <errno.h>

struct parser {
    struct job *job;
    const struct node *node;
    const struct identifiers *identifiers;
    size_t at;        /* where the token after the current one may begin */
    size_t begin;     /* of the current token */
    struct text word; /* the current token; empty at the end */
    unsigned depth;
    bool has_refused; /* does the condition name an identifier that was refused? */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void next(struct parser *parser)
{
    struct text text = parser->node->text;
    size_t at = parser->at;
    while (at < text.len && is_space(text.bytes[at]))
        at++;
    size_t end = at;
    if (end < text.len && strchr("()|", text.bytes[end]) != NULL)
        end++;
    else
        while (end < text.len && !is_space(text.bytes[end]) && strchr("()|", text.bytes[end]) == NULL)
            end++;
    parser->begin = at;
    parser->word = (struct text){text.bytes + at, end - at};
    parser->at = end;
}

/* Where in the file the current token stands; of a text over several lines that is no literal block, its beginning. */
static struct expr_place place_of(const struct parser *parser)
{
    const struct node *node = parser->node;
    struct expr_place place = node->style == NODE_LITERAL ? node->block : node->place;
    if (node->style != NODE_LITERAL && node->place.line != node->end.line)
        return place;
    unsigned first = place.column;
    size_t line = 0;
    for (size_t i = 0; i < parser->begin; i++)
        if (node->text.bytes[i] == '\n') {
            place.line++;
            place.column = first;
            line = i + 1;
        }
    place.column += (unsigned)text_code_points((struct text){node->text.bytes + line, parser->begin - line}) +
                    (node->style == NODE_QUOTED);
    return place;
}

static bool is_word(const struct parser *parser, const char *word)
{
    return text_equal_nocase(parser->word, text_from(word));
}

static int refuse(struct parser *parser, const char *wanted)
{
    if (is_word(parser, "|") || is_word(parser, "near"))
        notes_error(parser->job->notes, place_of(parser), "K320",
                    "aggregations ('| count() ...', near) need state over several events and are not supported");
    else if (parser->word.len == 0)
        notes_error(parser->job->notes, place_of(parser), "K134", "the condition ends where %s is expected", wanted);
    else
        notes_error(parser->job->notes, place_of(parser), "K134", "'%.*s' stands where %s is expected",
                    (int)(parser->word.len > 60 ? 60 : parser->word.len), parser->word.bytes, wanted);
    return -EINVAL;
}

static int refuse_name(struct parser *parser, struct expr_place place, struct text name)
{
    const struct identifiers *identifiers = parser->identifiers;
    const char **names = arena_zeroed(parser->job->arena, identifiers->count + 1, sizeof *names);
    char word[SUGGEST_MAX_WORD];
    if (names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < identifiers->count; i++) /* a node's text has a NUL after it */
        names[i] = identifiers->items[i].name.bytes;
    (void)text_copy(word, sizeof word, name);
    const char *near = suggest_nearest(word, names, identifiers->count);
    notes_error(parser->job->notes, place, "K135", "there is no search identifier '%s'%s%s%s", word,
                near == NULL ? "" : "; did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
    return -EINVAL;
}

static int take(struct parser *parser, struct piece *out, struct identifier *identifier)
{
    identifier->is_used = true;
    if (identifier->piece.expr == NULL)
        parser->has_refused = true;
    *out = identifier->piece;
    return 0;
}

/* "1 of", "all of" are read; the pattern is the current token. */
static int parse_some_of(struct parser *parser, struct piece *out, bool is_all)
{
    const struct identifiers *identifiers = parser->identifiers;
    struct expr_place place = place_of(parser);
    struct text name = parser->word;
    struct like like;
    if (name.len == 0 || strchr("()|", name.bytes[0]) != NULL)
        return refuse(parser, "'them' or a pattern of search identifiers");
    int rc = like_compile(&like, parser->job->arena, is_word(parser, "them") ? text_from("*") : name, true);
    struct piece *parts = arena_zeroed(parser->job->arena, identifiers->count + 1, sizeof *parts);
    if (rc != 0 || parts == NULL)
        return -ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < identifiers->count; i++) {
        struct identifier *identifier = &identifiers->items[i];
        if (identifier->name.len > 0 && identifier->name.bytes[0] != '_' && like_matches(&like, identifier->name))
            (void)take(parser, &parts[count++], identifier);
    }
    next(parser);
    if (count == 0)
        return refuse_name(parser, place, name);
    if (parser->has_refused) {
        *out = parts[0];
        return 0;
    }
    return is_all ? piece_all(out, parser->job, parts, count, place)
                  : piece_some(out, parser->job, parts, count, place);
}

static int parse_or(struct parser *parser, struct piece *out);

static int parse_primary(struct parser *parser, struct piece *out)
{
    if (is_word(parser, "(")) {
        next(parser);
        int rc = parse_or(parser, out);
        if (rc == 0 && !is_word(parser, ")"))
            return refuse(parser, "'and', 'or' or ')'");
        next(parser);
        return rc;
    }
    if (parser->word.len == 0 || strchr(")|", parser->word.bytes[0]) != NULL || is_word(parser, "and") ||
        is_word(parser, "or") || is_word(parser, "of") || is_word(parser, "near"))
        return refuse(parser, "a search identifier");
    struct parser ahead = *parser;
    next(&ahead);
    if (is_word(&ahead, "of")) {
        bool is_all = is_word(parser, "all");
        if (!is_all && !is_word(parser, "1") && !is_word(parser, "any"))
            return refuse(parser, "'1 of' or 'all of'");
        next(&ahead);
        *parser = ahead;
        return parse_some_of(parser, out, is_all);
    }
    for (size_t i = 0; i < parser->identifiers->count; i++)
        if (text_equal(parser->word, parser->identifiers->items[i].name)) {
            next(parser);
            return take(parser, out, &parser->identifiers->items[i]);
        }
    struct expr_place place = place_of(parser);
    return refuse_name(parser, place, parser->word);
}

static int parse_not(struct parser *parser, struct piece *out)
{
    struct expr_place place = place_of(parser);
    bool is_not = is_word(parser, "not");
    if (is_not)
        next(parser);
    if (parser->depth++ == CONDITION_MAX_DEPTH) {
        notes_error(parser->job->notes, place, "K134", "parentheses and nots nest deeper than %d", CONDITION_MAX_DEPTH);
        return -EINVAL;
    }
    int rc = is_not ? parse_not(parser, out) : parse_primary(parser, out);
    parser->depth--;
    return rc == 0 && is_not && !parser->has_refused ? piece_not(out, parser->job, out, place) : rc;
}

/* Operands with the same word between them. */
static int parse_chain(struct parser *parser, struct piece *out, const char *word,
                       int (*operand)(struct parser *, struct piece *))
{
    struct expr_place place = place_of(parser);
    size_t count = 0, room = 8;
    struct piece *parts = arena_zeroed(parser->job->arena, room, sizeof *parts);
    for (;;) {
        if (parts != NULL && count == room) {
            struct piece *more = arena_zeroed(parser->job->arena, 2 * room, sizeof *more);
            if (more != NULL)
                memcpy(more, parts, count * sizeof *more);
            parts = more;
            room *= 2;
        }
        if (parts == NULL)
            return -ENOMEM;
        int rc = operand(parser, &parts[count++]);
        if (rc != 0)
            return rc;
        if (!is_word(parser, word))
            break;
        next(parser);
    }
    *out = parts[0];
    if (count == 1 || parser->has_refused)
        return 0;
    return word[0] == 'a' ? piece_all(out, parser->job, parts, count, place)
                          : piece_some(out, parser->job, parts, count, place);
}

static int parse_and(struct parser *parser, struct piece *out)
{
    return parse_chain(parser, out, "and", parse_not);
}

static int parse_or(struct parser *parser, struct piece *out)
{
    return parse_chain(parser, out, "or", parse_and);
}

int condition_compile(struct piece *out, struct job *job, const struct node *text,
                      const struct identifiers *identifiers)
{
    struct parser parser = {.job = job, .node = text, .identifiers = identifiers};
    struct piece whole;
    next(&parser);
    int rc = parse_or(&parser, &whole);
    if (rc == 0 && parser.word.len > 0)
        rc = refuse(&parser, "'and' or 'or'");
    if (rc == 0 && parser.has_refused)
        rc = -EINVAL;
    if (rc == 0)
        *out = whole;
    return rc;
}
