#include "detect/sigma/modifier.h"

#include "detect/base/suggest.h"

#include <errno.h>

/* What a value is when a modifier comes to it, and what it is after that. */
enum state {
    STATE_TEXT = 1,
    STATE_CODED = 2, /* UTF-16: bytes that only base64 can follow */
    STATE_REGEX = 4,
    STATE_FIELD = 8, /* the name of another field */
    STATE_NUMBER = 16,
    STATE_OTHER = 32, /* a network, or whether the field is there */
    STATE_ANY = 63,
};

static const struct entry {
    const char *name;
    unsigned takes; /* enum state */
    unsigned gives; /* 0: as it was */
    bool is_first;  /* no modifier that changes values may come before it */
} table[MODIFIER_COUNT] = {
    [MODIFIER_ALL] = {"all", STATE_ANY, 0, false},
    [MODIFIER_NEQ] = {"neq", STATE_ANY, 0, false},
    [MODIFIER_CONTAINS] = {"contains", STATE_TEXT | STATE_REGEX | STATE_FIELD, 0, false},
    [MODIFIER_STARTSWITH] = {"startswith", STATE_TEXT | STATE_REGEX | STATE_FIELD, 0, false},
    [MODIFIER_ENDSWITH] = {"endswith", STATE_TEXT | STATE_REGEX | STATE_FIELD, 0, false},
    [MODIFIER_CASED] = {"cased", STATE_TEXT | STATE_FIELD, 0, false},
    [MODIFIER_WINDASH] = {"windash", STATE_TEXT, 0, false},
    [MODIFIER_EXPAND] = {"expand", STATE_TEXT | STATE_REGEX, 0, false},
    [MODIFIER_UTF16LE] = {"utf16le", STATE_TEXT, STATE_CODED, false},
    [MODIFIER_UTF16BE] = {"utf16be", STATE_TEXT, STATE_CODED, false},
    [MODIFIER_UTF16] = {"utf16", STATE_TEXT, STATE_CODED, false},
    [MODIFIER_BASE64] = {"base64", STATE_TEXT | STATE_CODED, STATE_TEXT, false},
    [MODIFIER_BASE64OFFSET] = {"base64offset", STATE_TEXT | STATE_CODED, STATE_TEXT, false},
    [MODIFIER_RE] = {"re", STATE_TEXT, STATE_REGEX, true},
    [MODIFIER_RE_I] = {"i", STATE_REGEX, 0, false},
    [MODIFIER_RE_M] = {"m", STATE_REGEX, 0, false},
    [MODIFIER_RE_S] = {"s", STATE_REGEX, 0, false},
    [MODIFIER_CIDR] = {"cidr", STATE_TEXT, STATE_OTHER, true},
    [MODIFIER_EXISTS] = {"exists", STATE_TEXT, STATE_OTHER, true},
    [MODIFIER_FIELDREF] = {"fieldref", STATE_TEXT, STATE_FIELD, true},
    [MODIFIER_LT] = {"lt", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_LTE] = {"lte", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_GT] = {"gt", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_GTE] = {"gte", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_MINUTE] = {"minute", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_HOUR] = {"hour", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_DAY] = {"day", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_WEEK] = {"week", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_MONTH] = {"month", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
    [MODIFIER_YEAR] = {"year", STATE_TEXT | STATE_NUMBER, STATE_NUMBER, true},
};

/* Other spellings: "wide" is the specification's, the long ones are those of its reference implementation. */
static const struct {
    const char *name;
    enum modifier modifier;
} aliases[] = {
    {"wide", MODIFIER_UTF16LE}, {"ignorecase", MODIFIER_RE_I}, {"multiline", MODIFIER_RE_M}, {"dotall", MODIFIER_RE_S}};
#define ALIASES (sizeof aliases / sizeof aliases[0])

const char *modifier_name(enum modifier modifier)
{
    return table[modifier].name;
}

static enum modifier find(struct text word)
{
    for (unsigned i = 0; i < MODIFIER_COUNT; i++)
        if (text_equal(word, text_from(table[i].name)))
            return (enum modifier)i;
    for (size_t i = 0; i < ALIASES; i++)
        if (text_equal(word, text_from(aliases[i].name)))
            return aliases[i].modifier;
    return MODIFIER_COUNT;
}

static void refuse_unknown(struct job *job, struct expr_place place, struct text word)
{
    char name[SUGGEST_MAX_WORD];
    const char *names[MODIFIER_COUNT + ALIASES];
    for (unsigned i = 0; i < MODIFIER_COUNT; i++)
        names[i] = table[i].name;
    for (size_t i = 0; i < ALIASES; i++)
        names[MODIFIER_COUNT + i] = aliases[i].name;
    (void)text_copy(name, sizeof name, word);
    const char *near = suggest_nearest(name, names, MODIFIER_COUNT + ALIASES);
    notes_error(job->notes, place, "K130", "'%s' is not a modifier%s%s%s", name, near == NULL ? "" : "; did you mean '",
                near == NULL ? "" : near, near == NULL ? "" : "'?");
}

bool modifier_has(const struct modifiers *modifiers, enum modifier modifier)
{
    return modifier_among(modifiers, modifier, modifier) == modifier;
}

enum modifier modifier_among(const struct modifiers *modifiers, enum modifier first, enum modifier last)
{
    for (size_t i = 0; i < modifiers->count; i++)
        if (modifiers->step[i] >= first && modifiers->step[i] <= last)
            return modifiers->step[i];
    return MODIFIER_COUNT;
}

static bool is_comparison(enum modifier modifier)
{
    return modifier >= MODIFIER_LT && modifier <= MODIFIER_GTE;
}

static bool is_time(enum modifier modifier)
{
    return modifier >= MODIFIER_MINUTE && modifier <= MODIFIER_YEAR;
}

/* Why the modifier can't stand there; NULL: it can. *state and *changed (has any changed the values?) follow it. */
static const char *objection(const struct modifiers *before, enum modifier next, unsigned *state, bool *changed)
{
    const struct entry *entry = &table[next];
    if (modifier_has(before, next))
        return "stands there twice";
    if ((entry->takes & *state) == 0)
        return *state == STATE_CODED ? "can't follow UTF-16; base64 or base64offset can"
                                     : "does not fit what is before it";
    if (entry->is_first && *changed && !(*state == STATE_NUMBER && (is_comparison(next) || is_time(next))))
        return "must come before any modifier that changes the value";
    if ((is_comparison(next) && modifier_among(before, MODIFIER_LT, MODIFIER_GTE) != MODIFIER_COUNT) ||
        (is_time(next) && modifier_among(before, MODIFIER_MINUTE, MODIFIER_YEAR) != MODIFIER_COUNT))
        return "and another comparison exclude each other";
    if (before->field.bytes == NULL && entry->gives != 0 && entry->gives != STATE_TEXT && entry->gives != STATE_CODED &&
        next != MODIFIER_RE)
        return "needs a field before it";
    if (modifier_has(before, MODIFIER_EXISTS))
        return "can't follow exists, which takes true or false alone";
    if (next != MODIFIER_ALL && next != MODIFIER_NEQ)
        *changed = true;
    if (entry->gives != 0)
        *state = entry->gives;
    return NULL;
}

/* Reads one word; false: it was refused. */
static bool add(struct modifiers *modifiers, struct job *job, struct text word, struct expr_place place,
                unsigned *state, bool *changed)
{
    enum modifier modifier = find(word);
    if (modifier == MODIFIER_COUNT) {
        refuse_unknown(job, place, word);
        return false;
    }
    const char *why = objection(modifiers, modifier, state, changed);
    if (why == NULL && modifiers->count == MODIFIER_MAX)
        why = "is one too many";
    if (why != NULL) {
        notes_error(job->notes, place, "K131", "the modifier '%.*s' %s", (int)word.len, word.bytes, why);
        return false;
    }
    modifiers->step[modifiers->count++] = modifier;
    return true;
}

int modifier_parse(struct modifiers *out, struct job *job, const struct node *key)
{
    struct modifiers modifiers = {0};
    if (key == NULL) {
        *out = modifiers;
        return 0;
    }
    unsigned state = STATE_TEXT;
    bool changed = false, is_good = true;
    modifiers.place = key->place;
    size_t end = text_find(key->text, '|');
    if (end > 0)
        modifiers.field = (struct text){key->text.bytes, end};
    while (end < key->text.len) {
        size_t begin = end + 1;
        struct text rest = {key->text.bytes + begin, key->text.len - begin};
        struct text word = {rest.bytes, text_find(rest, '|')};
        struct expr_place place = key->place;
        place.column += (unsigned)text_code_points((struct text){key->text.bytes, begin}) + (key->style == NODE_QUOTED);
        is_good &= add(&modifiers, job, word, place, &state, &changed);
        end = begin + word.len;
    }
    if (is_good && state == STATE_CODED) {
        notes_error(job->notes, key->place, "K131",
                    "a value in UTF-16 can't be compared with a field's text; base64 or base64offset must follow");
        is_good = false;
    }
    if (is_good)
        *out = modifiers;
    return is_good ? 0 : -EINVAL;
}
