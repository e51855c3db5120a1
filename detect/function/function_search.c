/* has, contains, startswith, endswith, =~ and their families: one text against another. */
#include "detect/expression/expr_node.h"
#include "detect/search/term.h"

#include <errno.h>
#include <string.h>

enum search_way {
    IN_TEXT,
    AT_START,
    AT_END,
    WHOLE,
};

/* What an operator's name means. */
struct search {
    enum search_way way;
    unsigned flags; /* enum term_flag */
    bool is_negated;
};

static struct search search_of(const char *name)
{
    struct search search = {.is_negated = name[0] == '!'};
    const char *word = search.is_negated ? name + 1 : name;
    const char *end = strstr(word, "_cs");
    if (end != NULL)
        search.flags |= TERM_CASED;
    if (word[0] == '=' || word[0] == '~')
        search.way = WHOLE;
    else if (strncmp(word, "startswith", 10) == 0)
        search.way = AT_START;
    else if (strncmp(word, "endswith", 8) == 0)
        search.way = AT_END;
    else if (strncmp(word, "hasprefix", 9) == 0)
        search.flags |= TERM_EDGE_LEFT;
    else if (strncmp(word, "hassuffix", 9) == 0)
        search.flags |= TERM_EDGE_RIGHT;
    else if (strncmp(word, "has", 3) == 0)
        search.flags |= TERM_EDGE_LEFT | TERM_EDGE_RIGHT;
    return search;
}

/* Prepared at load: how, and for what when that is constant. */
struct prepared {
    struct search search;
    const struct term *term; /* NULL: made for each event */
};

static int prepare_search(struct function_bind *bind)
{
    struct prepared *prepared = arena_zeroed(bind->arena, 1, sizeof(*prepared));
    if (prepared == NULL)
        return -ENOMEM;
    prepared->search = search_of(bind->function->name);
    bind->prepared = prepared;
    if (bind->args[1]->kind != EXPR_CONSTANT)
        return 0;
    int rc = term_new(&prepared->term, bind->arena, bind->args[1]->constant.text, prepared->search.flags);
    if (rc == -EINVAL)
        return function_refuse(bind, "K124", bind->args[1]->place, "the text to look for has more than %d characters",
                               EXPR_MAX_LITERAL);
    if (rc == 0)
        bind->count = 1;
    return rc;
}

static bool is_found(const struct search *search, const struct term *term, struct text text)
{
    switch (search->way) {
    case IN_TEXT:
        return term_in(term, text);
    case AT_START:
        return term_starts(term, text);
    case AT_END:
        return term_ends(term, text);
    default:
        return term_equals(term, text);
    }
}

static struct value call_search(const struct function_call *call)
{
    const struct prepared *prepared = call->prepared;
    const struct term *term = prepared->term;
    if (term == NULL && prepared->search.way == WHOLE && (prepared->search.flags & TERM_CASED) == 0)
        return value_bool(term_same(call->args[0].text, call->args[1].text) != prepared->search.is_negated);
    struct arena_mark mark = arena_mark(call->run->scratch);
    if (term == NULL && term_new(&term, call->run->scratch, call->args[1].text, prepared->search.flags) < 0)
        return value_error();
    bool found = is_found(&prepared->search, term, call->args[0].text);
    arena_rewind(call->run->scratch, mark);
    return value_bool(found != prepared->search.is_negated);
}

static bool need_search(struct expr_needs *out, const struct expr *expr, bool is_true,
                        const struct function_need *context)
{
    const struct prepared *prepared = expr->prepared;
    if (is_true == prepared->search.is_negated || prepared->term == NULL)
        return false;
    return function_need_text(out, context, expr->args[0], expr->args[1]->constant.text);
}

#define SEARCH(name, summary, right)                                                                                   \
    {                                                                                                                  \
        name, "string " name " string", summary, "S" right, 2, 2, VALUE_BOOL, FUNCTION_OPERATOR, 0, prepare_search,    \
            call_search, NULL, need_search                                                                             \
    }

/* An operator, its opposite and both with the case counting. */
#define FOUR(name, what, right)                                                                                        \
    SEARCH(name, what, right), SEARCH("!" name, "not: " what, right),                                                  \
        SEARCH(name "_cs", what "; the case counts", right),                                                           \
        SEARCH("!" name "_cs", "not: " what "; the case counts", right)

const struct function function_search[] = {
    SEARCH("=~", "the same but for the case", "S"),
    SEARCH("!~", "not the same, whatever the case", "S"),
    FOUR("has", "stands in it as a word (not within letters and digits)", "s"),
    FOUR("hasprefix", "a word in it begins so", "s"),
    FOUR("hassuffix", "a word in it ends so", "s"),
    FOUR("contains", "stands in it", "S"),
    FOUR("startswith", "it begins so", "S"),
    FOUR("endswith", "it ends so", "S"),
    {0},
};
