/*
 * What Sigma's modifiers need beyond KQL's operators. No KQL query can write these names. Each of those of type bool is
 * true or false, never null; of a text that is absent only sigma:exists tells.
 */
#include "detect/event/event.h"
#include "detect/expression/cidr.h"
#include "detect/expression/expr_node.h"
#include "detect/expression/like.h"
#include "detect/expression/regex.h"
#include "detect/search/term.h"

#include <errno.h>
#include <string.h>

static struct value call_exists(const struct function_call *call)
{
    return value_bool(call->args[0].text.bytes != NULL);
}

static int prepare_like(struct function_bind *bind)
{
    struct like *like = arena_zeroed(bind->arena, 1, sizeof *like);
    bool is_cased = strstr(bind->function->name, "_cs") != NULL;
    bind->prepared = like;
    return like == NULL ? -ENOMEM : like_compile(like, bind->arena, function_constant(bind, 1).text, is_cased);
}

static struct value call_like(const struct function_call *call)
{
    return value_bool(like_matches(call->prepared, call->args[0].text));
}

/* Flags: i m s as in Sigma; ^ and $: the match must reach the text's beginning, its end. */
static int prepare_re(struct function_bind *bind)
{
    static const char letters[] = "ims^$";
    static const unsigned meanings[] = {REGEX_NOCASE, REGEX_MULTILINE, REGEX_DOTALL, REGEX_AT_START, REGEX_AT_END};
    struct text pattern = function_constant(bind, 1).text, given = function_constant(bind, 2).text;
    const struct regex *regex = NULL;
    struct regex_fault fault;
    unsigned flags = REGEX_PCRE;
    for (size_t i = 0; i < given.len; i++) {
        const char *letter = memchr(letters, given.bytes[i], sizeof letters - 1);
        if (letter == NULL)
            return function_refuse(bind, "K122", bind->args[2]->place, "the flags are some of %s", letters);
        flags |= meanings[letter - letters];
    }
    int rc = regex_new(&regex, bind->arena, pattern, flags, &fault);
    if (rc == -EINVAL)
        return function_refuse(bind, "K123", bind->args[1]->place, "at character %u of the expression: %s",
                               (unsigned)fault.character, fault.message);
    bind->prepared = regex;
    return rc;
}

static struct value call_re(const struct function_call *call)
{
    struct text text = call->args[0].text;
    if (text.bytes == NULL)
        return value_bool(false);
    enum regex_answer answer = regex_matches(call->prepared, text, call->run->scratch);
    return answer == REGEX_LIMIT ? value_error() : value_bool(answer == REGEX_YES);
}

/* What must stand in the column; false: nothing is known. */
static bool required_text(struct expr_needs *out, const struct expr *expr, struct text text, struct arena *arena)
{
    struct expr_literal *literal = arena_zeroed(arena, 1, sizeof *literal);
    if (literal == NULL || text.len == 0 || expr->args[0]->kind != EXPR_COLUMN)
        return false;
    *literal = (struct expr_literal){.column = expr->args[0]->number, .text = text};
    *out = (struct expr_needs){literal, 1};
    return true;
}

static bool required_re(struct expr_needs *out, const struct expr *expr, struct arena *arena)
{
    return required_text(out, expr, regex_literal(expr->prepared), arena);
}

static bool required_like(struct expr_needs *out, const struct expr *expr, struct arena *arena)
{
    struct text text;
    return like_literal(&text, arena, expr->prepared) == 0 && required_text(out, expr, term_fold(text, arena), arena);
}

static int prepare_cidr(struct function_bind *bind)
{
    struct cidr *network = arena_zeroed(bind->arena, 1, sizeof *network);
    if (network == NULL)
        return -ENOMEM;
    bind->prepared = network;
    struct text text = function_constant(bind, 1).text;
    if (!cidr_parse(network, text))
        return function_refuse(
            bind, "K122", bind->args[1]->place,
            "'%.*s' is not a network: an IPv4 or IPv6 address, / and the bits that count, the others "
            "zero (10.0.0.0/8)",
            (int)(text.len > 60 ? 60 : text.len), text.bytes);
    return 0;
}

static struct value call_cidr(const struct function_call *call)
{
    return value_bool(cidr_holds(call->prepared, call->args[0].text));
}

/* A number, decimal or after 0x. */
static bool read_number(double *real, struct text text)
{
    int64_t whole;
    if (text.len == 0)
        return false;
    if (value_read_long(&whole, text)) {
        *real = (double)whole;
        return true;
    }
    return value_read_real(real, text) && *real == *real;
}

/* The same whole number exactly, or the same real one. */
static struct value call_is(const struct function_call *call)
{
    struct text text = call->args[0].text, wanted = call->args[1].text;
    int64_t whole[2];
    double real[2];
    if (text.bytes == NULL)
        return value_bool(false);
    if (text_equal_nocase(text, wanted))
        return value_bool(true);
    if (value_read_long(&whole[0], text) && value_read_long(&whole[1], wanted))
        return value_bool(whole[0] == whole[1]);
    return value_bool(read_number(&real[0], text) && read_number(&real[1], wanted) && real[0] == real[1]);
}

static const char *const comparisons[] = {"eq", "lt", "lte", "gt", "gte"};

static int comparison_of(struct text name)
{
    for (int i = 0; i < 5; i++)
        if (text_equal(name, text_from(comparisons[i])))
            return i;
    return -1;
}

static bool compares(double a, int comparison, double b)
{
    switch (comparison) {
    case 0:
        return a == b;
    case 1:
        return a < b;
    case 2:
        return a <= b;
    case 3:
        return a > b;
    default:
        return a >= b;
    }
}

/* The comparison's word is the last argument but one. */
static int prepare_comparison(struct function_bind *bind)
{
    int *comparison = arena_zeroed(bind->arena, 1, sizeof *comparison);
    if (comparison == NULL)
        return -ENOMEM;
    size_t word = bind->count - 2;
    *comparison = comparison_of(function_constant(bind, word).text);
    bind->prepared = comparison;
    if (*comparison < 0)
        return function_refuse(bind, "K122", bind->args[word]->place, "a comparison is eq, lt, lte, gt or gte");
    return 0;
}

static struct value call_number(const struct function_call *call)
{
    double number;
    const int *comparison = call->prepared;
    return value_bool(read_number(&number, call->args[0].text) &&
                      compares(number, *comparison, function_real(call->args[2])));
}

/* Days since 1970-01-01 as a date of the proleptic Gregorian calendar (howardhinnant.github.io/date_algorithms.html).
 */
static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * of_year + 2) / 153;
    *day = of_year - (153 * shifted_month + 2) / 5 + 1;
    *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

/* ISO 8601: the week of the year that holds the day's Thursday; weeks begin on Monday. */
static int64_t week_of(int64_t days)
{
    int64_t year, thursday = days - (days % 7 + 7 + 3) % 7 + 3; /* 1970-01-01 was a Thursday */
    unsigned month, day;
    date_of(thursday, &year, &month, &day);
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return (int64_t)(before[month - 1] + day - 1 + (is_leap && month > 2)) / 7 + 1;
}

/* Part of a time in UTC, or -1: no such part. */
static int64_t part_of(struct text part, uint64_t time)
{
    const uint64_t second = 10000000, day_ticks = 86400 * second;
    int64_t year, days = (int64_t)(time / day_ticks) - 134774; /* from 1601-01-01 to 1970-01-01 */
    unsigned month, day;
    date_of(days, &year, &month, &day);
    if (text_equal(part, text_from("minute")))
        return (int64_t)(time / (60 * second) % 60);
    if (text_equal(part, text_from("hour")))
        return (int64_t)(time / (3600 * second) % 24);
    if (text_equal(part, text_from("day")))
        return day;
    if (text_equal(part, text_from("week")))
        return week_of(days);
    if (text_equal(part, text_from("month")))
        return month;
    return text_equal(part, text_from("year")) ? year : -1;
}

static struct value call_time(const struct function_call *call)
{
    uint64_t time;
    const int *comparison = call->prepared;
    if (!event_time_parse(&time, call->args[0].text))
        return value_bool(false);
    int64_t part = part_of(call->args[1].text, time);
    return value_bool(compares((double)part, *comparison, function_real(call->args[3])));
}

static struct value text_value(struct text text)
{
    return (struct value){.type = VALUE_STRING, .text = text};
}

/* Is there anything but the log's words for nothing? */
static bool is_given(struct text text)
{
    return text.len > 0 && !text_equal(text, text_from("-"));
}

/* domain\name as Sysmon writes it. The accounts of the system itself have names that differ by language; Sysmon's are
 * those of the host, these the English ones. */
static struct value account(struct text sid, struct text domain, struct text name, struct arena *scratch)
{
    static const char *const system[][2] = {{"S-1-5-18", "NT AUTHORITY\\SYSTEM"},
                                            {"S-1-5-19", "NT AUTHORITY\\LOCAL SERVICE"},
                                            {"S-1-5-20", "NT AUTHORITY\\NETWORK SERVICE"}};
    for (size_t i = 0; i < 3; i++)
        if (text_equal(sid, text_from(system[i][0])))
            return text_value(text_from(system[i][1]));
    if (!is_given(domain))
        return text_value(name);
    char *bytes = arena_alloc(scratch, domain.len + 1 + name.len);
    if (bytes == NULL)
        return value_error();
    memcpy(bytes, domain.bytes, domain.len);
    bytes[domain.len] = '\\';
    memcpy(bytes + domain.len + 1, name.bytes, name.len);
    return text_value((struct text){bytes, domain.len + 1 + name.len});
}

/* (sid, domain, name, ...): the first account that is named. */
static struct value call_account(const struct function_call *call)
{
    for (size_t i = 0; i + 2 < call->count; i += 3)
        if (is_given(call->args[i + 2].text))
            return account(call->args[i].text, call->args[i + 1].text, call->args[i + 2].text, call->run->scratch);
    return text_value((struct text){0});
}

/* The new process's own session, where it is another one than its creator's. */
static struct value call_logon(const struct function_call *call)
{
    struct text own = call->args[0].text;
    return is_given(own) && !text_equal(own, text_from("0x0")) && !text_equal(own, text_from("0")) ? call->args[0]
                                                                                                   : call->args[1];
}

/* The first, where the event has it, else the second. */
static struct value call_either(const struct function_call *call)
{
    return call->args[0].text.bytes != NULL ? call->args[0] : call->args[1];
}

/* "SHA256=...,IMPHASH=...", as Sysmon writes it. */
static struct value call_hash(const struct function_call *call)
{
    struct text rest = call->args[0].text, kind = call->args[1].text;
    while (rest.len > 0) {
        struct text one = {rest.bytes, text_find(rest, ',')};
        size_t equals = text_find(one, '=');
        if (equals < one.len && text_equal_nocase((struct text){one.bytes, equals}, kind))
            return text_value((struct text){one.bytes + equals + 1, one.len - equals - 1});
        size_t used = one.len + (one.len < rest.len);
        rest = (struct text){rest.bytes + used, rest.len - used};
    }
    return text_value((struct text){0});
}

const struct function function_sigma[] = {
    {"sigma:exists", "(text: string)", "the event has that field", "s", 1, 1, VALUE_BOOL, FUNCTION_OURS, 0, NULL,
     call_exists, NULL, NULL},
    {"sigma:like", "(text: string, pattern: string)", "the whole text fits a pattern with * and ?", "ss!", 2, 2,
     VALUE_BOOL, FUNCTION_OURS, 0, prepare_like, call_like, required_like, NULL},
    {"sigma:like_cs", "(text: string, pattern: string)", "the same; the case counts", "ss!", 2, 2, VALUE_BOOL,
     FUNCTION_OURS, 0, prepare_like, call_like, required_like, NULL},
    {"sigma:re", "(text: string, expression: string, flags: string)", "the expression matches somewhere in the text",
     "ss!s!", 3, 3, VALUE_BOOL, FUNCTION_OURS, 0, prepare_re, call_re, required_re, NULL},
    {"sigma:cidr", "(text: string, network: string)", "the text is an IP address in the network", "ss!", 2, 2,
     VALUE_BOOL, FUNCTION_OURS, 0, prepare_cidr, call_cidr, NULL, NULL},
    {"sigma:is", "(text: string, number: string)", "the text is that number, however it is written", "ss!", 2, 2,
     VALUE_BOOL, FUNCTION_OURS, 0, NULL, call_is, NULL, NULL},
    {"sigma:number", "(text: string, comparison: string, number: long or real)",
     "the text is a number, and compares so", "ss!n!", 3, 3, VALUE_BOOL, FUNCTION_OURS, 0, prepare_comparison,
     call_number, NULL, NULL},
    {"sigma:time", "(text: string, part: string, comparison: string, number: long or real)",
     "the text is a time (UTC), and its minute, hour, day, week, month or year compares so", "ss!s!n!", 4, 4,
     VALUE_BOOL, FUNCTION_OURS, 0, prepare_comparison, call_time, NULL, NULL},
    {"sigma:account", "(sid: string, domain: string, name: string, ...)",
     "the first account that is named, as domain\\name", "ss*", 3, 6, VALUE_STRING, FUNCTION_OURS, 0, NULL,
     call_account, NULL, NULL},
    {"sigma:logon", "(target: string, subject: string)", "the session of the new process", "ss", 2, 2, VALUE_STRING,
     FUNCTION_OURS, 0, NULL, call_logon, NULL, NULL},
    {"sigma:either", "(text: string, other: string)", "the first of two fields that the event has", "ss", 2, 2,
     VALUE_STRING, FUNCTION_OURS, 0, NULL, call_either, NULL, NULL},
    {"sigma:hash", "(hashes: string, kind: string)", "one of Sysmon's Hashes", "ss!", 2, 2, VALUE_STRING, FUNCTION_OURS,
     0, NULL, call_hash, NULL, NULL},
    {0},
};
