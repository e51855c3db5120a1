#include "detect/expression/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include "detect/expression/regex_translate.h"
#include "detect/search/term.h"
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

/* Limits of one search. Steps of PCRE2's backtracking matcher: about 20 ms. Its heap, KiB. What both need beyond that
 * comes from scratch. */
#define MAX_STEPS 1000000
#define MAX_HEAP_KIB 2048

/* Steps of the backtracking matcher that is tried before the other one: it answers most texts in a few. */
#define FIRST_STEPS 5000

/* Room for the states of the DFA matcher, ints: 20 and 6 for each state that can be active at once. */
#define WORKSPACE 12288

/* Largest compiled pattern, bytes: what has more states than fit a search is refused when it is loaded. */
#define MAX_COMPILED 262144

/* Above this sum of the counts of {n,m} the DFA matcher, which holds each count as a state and compares all of them, is
 * slower than the other one. */
#define MAX_REPEATS 128

struct regex {
    pcre2_code *search; /* anchored, after .*?: one pass says whether it is there; NULL: where is asked instead */
    pcre2_code *where;
    uint32_t groups;
    struct text literal;
    const struct term *needed; /* the literal; NULL: there is none */
};

static void *take(size_t size, void *arena)
{
    return arena_alloc(arena, size);
}

static void leave(void *piece, void *arena)
{
    (void)piece;
    (void)arena; /* an arena gives all back at once */
}

static struct text valid(struct text text, struct arena *arena)
{
    struct builder to = builder_in(arena);
    for (size_t at = 0; at < text.len && !to.is_failed;)
        builder_point(&to, text_decode(text, &at));
    return builder_end(&to);
}

static bool is_valid(struct text text)
{
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        if ((unsigned char)text.bytes[at] < 0x80)
            at++;
        else if (text_decode(text, &at) == TEXT_REPLACEMENT &&
                 (at - from != 3 || memcmp(text.bytes + from, "\xEF\xBF\xBD", 3) != 0))
            return false;
    }
    return true;
}

struct text regex_subject(struct text text, struct arena *scratch)
{
    if (text.len == 0)
        return (struct text){"", 0};
    return is_valid(text) ? text : valid(text, scratch);
}

/* The message of PCRE2 about its own pattern; the place is that of ours only where nothing was translated. */
static int refuse_compiled(struct regex_fault *fault, int code)
{
    PCRE2_UCHAR message[sizeof(fault->message)];
    fault->character = 1;
    if (pcre2_get_error_message(code, message, sizeof(message)) < 0)
        message[0] = '\0';
    (void)snprintf(fault->message, sizeof(fault->message), "%s", (const char *)message);
    return -EINVAL;
}

static int compile(pcre2_code **out, struct arena *arena, struct text pattern, uint32_t options,
                   struct regex_fault *fault)
{
    pcre2_general_context *general = pcre2_general_context_create(take, leave, arena);
    pcre2_compile_context *context = general == NULL ? NULL : pcre2_compile_context_create(general);
    int code = 0;
    PCRE2_SIZE place = 0, size = 0;
    uint32_t references = 0;
    if (context == NULL)
        return -ENOMEM;
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);                 /* always a known value */
    (void)pcre2_set_bsr(context, PCRE2_BSR_UNICODE);                    /* always a known value */
    (void)pcre2_set_parens_nest_limit(context, 100);                    /* always 0 */
    (void)pcre2_set_max_pattern_length(context, 4 * REGEX_MAX_PATTERN); /* always 0 */
    options |= PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.bytes, pattern.len, options, &code, &place, context);
    if (compiled == NULL)
        return code == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : refuse_compiled(fault, code);
    (void)pcre2_pattern_info(compiled, PCRE2_INFO_BACKREFMAX, &references); /* known kinds of information */
    (void)pcre2_pattern_info(compiled, PCRE2_INFO_SIZE, &size);
    if (references > 0 || size > MAX_COMPILED) {
        fault->character = 1;
        (void)snprintf(fault->message, sizeof(fault->message), "%s",
                       references > 0 ? "back-references are not supported" : "the pattern has too many states");
        return -EINVAL;
    }
    *out = compiled;
    return 0;
}

static uint32_t options_of(unsigned flags)
{
    return ((flags & REGEX_NOCASE) != 0 ? PCRE2_CASELESS : 0) | ((flags & REGEX_DOTALL) != 0 ? PCRE2_DOTALL : 0) |
           ((flags & REGEX_MULTILINE) != 0 ? PCRE2_MULTILINE : 0);
}

/* Stands "(*" in it? In a class it would be harmless, but nobody writes that. */
static bool holds_verb(struct text pattern)
{
    for (size_t i = 1; i < pattern.len; i++)
        if (pattern.bytes[i - 1] == '(' && pattern.bytes[i] == '*')
            return true;
    return false;
}

/* What regex_new makes of a pattern first. */
struct translation {
    struct text pattern; /* as PCRE2 takes it */
    struct text literal;
    unsigned repeats;
};

/* A pattern in PCRE2's own dialect that the other one lacks is taken as it is: look-around, atomic groups. */
static int translate(struct translation *out, struct arena *arena, struct text pattern, unsigned flags,
                     struct regex_fault *fault)
{
    struct builder to = builder_in(arena), run = builder_in(arena);
    if (!is_valid(pattern))
        return regex_refuse(fault, pattern, 0, "the pattern is not UTF-8");
    if (pattern.len > REGEX_MAX_PATTERN)
        return regex_refuse(fault, pattern, 0, "the pattern is longer than 16,384 bytes");
    int rc = regex_translate(&to, &run, &out->repeats, pattern, flags, fault);
    if (rc < 0 && (flags & REGEX_PCRE) == 0)
        return rc;
    if (rc == 0) {
        out->pattern = builder_end(&to);
        out->literal = builder_end(&run);
    } else {
        if (holds_verb(pattern))
            return regex_refuse(fault, pattern, 0, "verbs, as in (*ACCEPT), are not supported");
        out->pattern = pattern;
        out->literal = (struct text){"", 0};
    }
    return out->pattern.bytes == NULL || out->literal.bytes == NULL ? -ENOMEM : 0;
}

/* before + pattern + after */
static struct text wrapped(struct arena *arena, const char *before, struct text pattern, const char *after)
{
    struct builder to = builder_in(arena);
    builder_string(&to, before);
    builder_text(&to, pattern);
    builder_string(&to, after);
    return builder_end(&to);
}

int regex_new(const struct regex **out, struct arena *arena, struct text pattern, unsigned flags,
              struct regex_fault *fault)
{
    struct regex *regex = arena_zeroed(arena, 1, sizeof(*regex));
    struct translation t = {.literal = {"", 0}};
    if (regex == NULL)
        return -ENOMEM;
    int rc = translate(&t, arena, pattern, flags, fault);
    if (rc < 0)
        return rc;
    const char *after = (flags & REGEX_AT_END) != 0 ? ")\\z" : ")";
    struct text search = wrapped(arena, (flags & REGEX_AT_START) != 0 ? "(?:" : "(?s:.*?)(?:", t.pattern, after);
    struct text where = wrapped(arena, "(?:", t.pattern, after);
    if (search.bytes == NULL || where.bytes == NULL)
        return -ENOMEM;
    uint32_t options = options_of(flags), anchored = (flags & REGEX_AT_START) != 0 ? PCRE2_ANCHORED : 0;
    if (t.repeats <= MAX_REPEATS)
        rc = compile(&regex->search, arena, search, options | PCRE2_ANCHORED, fault);
    if (rc == 0)
        rc = compile(&regex->where, arena, where, options | anchored, fault);
    if (rc == 0 && t.literal.len > 0)
        rc = term_new(&regex->needed, arena, t.literal, 0);
    if (rc < 0)
        return rc;
    (void)pcre2_pattern_info(regex->search != NULL ? regex->search : regex->where, PCRE2_INFO_CAPTURECOUNT,
                             &regex->groups); /* a known kind of information */
    regex->literal = t.literal;
    *out = regex;
    return 0;
}

unsigned regex_groups(const struct regex *regex)
{
    return regex->groups;
}

int regex_group_number(const struct regex *regex, struct text name)
{
    char word[64];
    if (name.len >= sizeof(word))
        return -1;
    (void)text_copy(word, sizeof(word), name); /* fits */
    int number =
        pcre2_substring_number_from_name(regex->search != NULL ? regex->search : regex->where, (PCRE2_SPTR)word);
    return number < 0 ? -1 : number;
}

struct text regex_literal(const struct regex *regex)
{
    return regex->literal;
}

/* What PCRE2 needs for one search, out of scratch. */
static pcre2_match_context *match_context(struct arena *scratch, pcre2_match_data **data, uint32_t pairs,
                                          uint32_t steps)
{
    pcre2_general_context *general = pcre2_general_context_create(take, leave, scratch);
    pcre2_match_context *context = general == NULL ? NULL : pcre2_match_context_create(general);
    *data = context == NULL ? NULL : pcre2_match_data_create(pairs, general);
    if (*data == NULL)
        return NULL;
    (void)pcre2_set_match_limit(context, steps); /* always 0, as are those below */
    (void)pcre2_set_depth_limit(context, steps);
    (void)pcre2_set_heap_limit(context, MAX_HEAP_KIB);
    return context;
}

static enum regex_answer answer_of(int rc)
{
    return rc >= 0 ? REGEX_YES : rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

/* By the backtracking matcher. */
static enum regex_answer answer_within(const struct regex *regex, struct text subject, uint32_t steps,
                                       struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    pcre2_match_data *data;
    pcre2_match_context *context = match_context(scratch, &data, 1, steps);
    enum regex_answer answer = REGEX_LIMIT;
    if (context != NULL)
        answer = answer_of(
            pcre2_match(regex->where, (PCRE2_SPTR)subject.bytes, subject.len, 0, PCRE2_NO_UTF_CHECK, data, context));
    arena_rewind(scratch, mark);
    return answer;
}

/* By the matcher that never goes back. */
static enum regex_answer answer_in_one_pass(const struct regex *regex, struct text subject, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    pcre2_match_data *data;
    pcre2_match_context *context = match_context(scratch, &data, 1, MAX_STEPS);
    int *workspace = arena_alloc(scratch, WORKSPACE * sizeof(*workspace));
    enum regex_answer answer = REGEX_LIMIT;
    if (context != NULL && workspace != NULL)
        answer =
            answer_of(pcre2_dfa_match(regex->search, (PCRE2_SPTR)subject.bytes, subject.len, 0,
                                      PCRE2_NO_UTF_CHECK | PCRE2_DFA_SHORTEST, data, context, workspace, WORKSPACE));
    arena_rewind(scratch, mark);
    return answer;
}

enum regex_answer regex_matches(const struct regex *regex, struct text text, struct arena *scratch)
{
    if (regex->needed != NULL && !term_in(regex->needed, text))
        return REGEX_NO;
    struct arena_mark mark = arena_mark(scratch);
    struct text subject = regex_subject(text, scratch);
    enum regex_answer answer = REGEX_LIMIT;
    if (subject.bytes != NULL) {
        answer = answer_within(regex, subject, regex->search == NULL ? MAX_STEPS : FIRST_STEPS, scratch);
        if (answer == REGEX_LIMIT && regex->search != NULL)
            answer = answer_in_one_pass(regex, subject, scratch);
    }
    arena_rewind(scratch, mark);
    return answer;
}

enum regex_answer regex_find(const struct regex *regex, struct text subject, size_t from, struct regex_span *spans,
                             size_t count, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    pcre2_match_data *data;
    enum regex_answer answer = REGEX_LIMIT;
    pcre2_match_context *context = match_context(scratch, &data, regex->groups + 1, MAX_STEPS);
    if (context != NULL)
        answer = answer_of(
            pcre2_match(regex->where, (PCRE2_SPTR)subject.bytes, subject.len, from, PCRE2_NO_UTF_CHECK, data, context));
    if (answer == REGEX_YES) {
        const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(data);
        for (size_t i = 0; i < count; i++) {
            bool is_set = i <= regex->groups && offsets[2 * i] != PCRE2_UNSET;
            spans[i] = is_set ? (struct regex_span){offsets[2 * i], offsets[2 * i + 1]} : (struct regex_span){1, 0};
        }
    }
    arena_rewind(scratch, mark);
    return answer;
}
