#include "detect/sigma/item.h"
#include "detect/sigma/pattern.h"

#include <errno.h>

/* The texts that a value has become. */
struct texts {
    struct pattern *items;
    size_t count, room;
};

static int texts_add(struct texts *texts, struct job *job, const struct pattern *text)
{
    if (texts->count == texts->room) {
        size_t room = texts->room == 0 ? 4 : 2 * texts->room;
        struct pattern *items = arena_zeroed(job->arena, room, sizeof *items);
        if (items == NULL)
            return -ENOMEM;
        if (texts->count > 0)
            memcpy(items, texts->items, texts->count * sizeof *items);
        texts->items = items;
        texts->room = room;
    }
    texts->items[texts->count++] = *text;
    return 0;
}

static int refuse_many(struct job *job, const struct node *value)
{
    notes_error(job->notes, value->place, "K132", "this value stands for more than %d texts", PATTERN_MAX_EXPANSIONS);
    return -EINVAL;
}

/* 5 to the power of the number of dashes; 0: more than are allowed. */
static size_t variants_of(const struct pattern *text)
{
    size_t variants = 1;
    for (size_t dashes = pattern_dashes(text); dashes > 0; dashes--)
        if ((variants *= 5) > PATTERN_MAX_EXPANSIONS)
            return 0;
    return variants;
}

/* Encodes one text whose dashes are spelt out; base64offset gives three. */
static int encode_one(struct texts *to, struct job *job, struct pattern text, enum modifier step,
                      const struct node *value)
{
    int rc = 0;
    switch (step) {
    case MODIFIER_UTF16LE:
        rc = pattern_encode(&text, job->arena, PATTERN_UTF16LE);
        break;
    case MODIFIER_UTF16BE:
        rc = pattern_encode(&text, job->arena, PATTERN_UTF16BE);
        break;
    case MODIFIER_UTF16:
        rc = pattern_encode(&text, job->arena, PATTERN_UTF16_BOM);
        break;
    default:
        break;
    }
    if (step != MODIFIER_BASE64 && step != MODIFIER_BASE64OFFSET)
        return rc != 0 ? rc : texts_add(to, job, &text);
    bool is_inside = step == MODIFIER_BASE64OFFSET;
    for (unsigned skip = 0; rc == 0 && skip < (is_inside ? 3 : 1); skip++) {
        struct pattern coded;
        rc = pattern_base64(&coded, job->arena, &text, skip, is_inside);
        if (rc == 0 && coded.count == 0) {
            notes_error(job->notes, value->place, "K132", "this value is too short for %s: nothing of it can be told",
                        modifier_name(step));
            return -EINVAL;
        }
        if (rc == 0)
            rc = texts_add(to, job, &coded);
    }
    return rc;
}

static int encode(struct texts *texts, struct job *job, enum modifier step, const struct node *value)
{
    struct texts to = {0};
    for (size_t i = 0; i < texts->count; i++) {
        size_t variants = variants_of(&texts->items[i]);
        if (!texts->items[i].is_bytes && pattern_has_wildcard(&texts->items[i])) {
            notes_error(job->notes, value->place, "K132",
                        "a value with wildcards can't be encoded; write \\* and \\? for the characters themselves, and "
                        "contains after %s",
                        modifier_name(step));
            return -EINVAL;
        }
        if (variants == 0 || to.count + 3 * variants > PATTERN_MAX_EXPANSIONS)
            return refuse_many(job, value);
        for (size_t which = 0; which < variants; which++) {
            struct pattern text = texts->items[i];
            int rc = text.is_bytes ? 0 : pattern_dash_variant(&text, job->arena, &texts->items[i], which);
            if (rc == 0)
                rc = encode_one(&to, job, text, step, value);
            if (rc != 0)
                return rc;
        }
    }
    *texts = to;
    return 0;
}

/* Is a character one that a placeholder's name may have? */
static bool is_name(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* The next %name% from *begin on: sets *begin and *end (after it). False: none. */
static bool next_placeholder(const struct pattern *text, size_t *begin, size_t *end)
{
    for (size_t i = *begin; i < text->count; i++) {
        if (text->element[i] != '%' || (i > 0 && text->element[i - 1] == '\\'))
            continue;
        size_t last = i + 1;
        while (last < text->count && is_name(text->element[last]))
            last++;
        if (last > i + 1 && last < text->count && text->element[last] == '%') {
            *begin = i;
            *end = last + 1;
            return true;
        }
    }
    return false;
}

/* text with begin..end-1 replaced; the elements come from the arena. */
static int splice(struct pattern *out, struct job *job, const struct pattern *text, size_t begin, size_t end,
                  const struct pattern *with)
{
    size_t count = text->count - (end - begin) + with->count;
    uint32_t *element = arena_zeroed(job->arena, count + 1, sizeof *element);
    if (element == NULL)
        return -ENOMEM;
    memcpy(element, text->element, begin * sizeof *element);
    memcpy(element + begin, with->element, with->count * sizeof *element);
    memcpy(element + begin + with->count, text->element + end, (text->count - end) * sizeof *element);
    *out = (struct pattern){element, count, false};
    return 0;
}

static void unescape_percent(struct pattern *text)
{
    size_t to = 0;
    for (size_t i = 0; i < text->count; i++)
        if (text->element[i] != '\\' || i + 1 == text->count || text->element[i + 1] != '%')
            text->element[to++] = text->element[i];
    text->count = to;
}

static const struct node *placeholder(struct job *job, const struct pattern *text, size_t begin, size_t end,
                                      const struct node *value)
{
    char name[64];
    size_t length = 0;
    for (size_t i = begin + 1; i + 1 < end && length + 1 < sizeof name; i++)
        name[length++] = (char)text->element[i];
    name[length] = '\0';
    const struct node *values = node_get(job->placeholders, name);
    if (values == NULL)
        notes_error(job->notes, value->place, "K133",
                    "the placeholder %%%s%% has no value here; a file with 'vars:' in the rules' directory can give it",
                    name);
    return values;
}

/* Replaces the first placeholder of each text by each of its values, until none is left. */
static int expand(struct texts *texts, struct job *job, const struct node *value)
{
    struct texts to = {0};
    for (size_t i = 0; i < texts->count; i++) { /* grows meanwhile */
        struct pattern text = texts->items[i];
        size_t begin = 0, end = 0;
        if (!next_placeholder(&text, &begin, &end)) {
            unescape_percent(&text);
            int rc = texts_add(&to, job, &text);
            if (rc != 0)
                return rc;
            continue;
        }
        const struct node *values = placeholder(job, &text, begin, end, value);
        if (values == NULL)
            return -EINVAL;
        size_t count = values->type == NODE_LIST ? values->count : 1;
        if (texts->count + count > PATTERN_MAX_EXPANSIONS)
            return refuse_many(job, value);
        for (size_t k = 0; k < count; k++) {
            struct pattern with, whole;
            const struct node *item = values->type == NODE_LIST ? &values->items[k] : values;
            int rc = pattern_parse(&with, job->arena, item->text);
            if (rc == 0)
                rc = splice(&whole, job, &text, begin, end, &with);
            if (rc == 0)
                rc = texts_add(texts, job, &whole);
            if (rc != 0)
                return rc;
        }
    }
    *texts = to;
    return 0;
}

static int apply(struct texts *texts, struct job *job, enum modifier step, const struct node *value)
{
    bool before = step == MODIFIER_CONTAINS || step == MODIFIER_ENDSWITH;
    bool after = step == MODIFIER_CONTAINS || step == MODIFIER_STARTSWITH;
    if (step == MODIFIER_EXPAND)
        return expand(texts, job, value);
    if (step >= MODIFIER_UTF16LE && step <= MODIFIER_BASE64OFFSET)
        return encode(texts, job, step, value);
    for (size_t i = 0; i < texts->count; i++) {
        int rc = before || after ? pattern_surround(&texts->items[i], job->arena, before, after) : 0;
        if (rc != 0)
            return rc;
        if (step == MODIFIER_WINDASH)
            pattern_windash(&texts->items[i]);
    }
    return 0;
}

/* field == "" of a field that is there. */
static int test_empty(struct piece *out, struct job *job, struct expr *field, struct expr_place place)
{
    struct piece both[2] = {0};
    struct text empty = {"", 0};
    int rc = piece_test(&both[0].expr, job, "sigma:exists", field, NULL, place);
    if (rc == 0)
        rc = piece_test(&both[1].expr, job, "==", field, &empty, place);
    return rc != 0 ? rc : piece_all(out, job, both, 2, place);
}

static int test_one(struct piece *out, struct job *job, struct expr *field, const struct pattern *text, bool is_cased,
                    struct expr_place place)
{
    static const char *const names[][2] = {
        [PATTERN_EQUALS] = {"=~", "=="},
        [PATTERN_STARTS] = {"startswith", "startswith_cs"},
        [PATTERN_ENDS] = {"endswith", "endswith_cs"},
        [PATTERN_CONTAINS] = {"contains", "contains_cs"},
        [PATTERN_LIKE] = {"sigma:like", "sigma:like_cs"},
    };
    enum pattern_shape shape;
    struct text compared;
    struct piece made = {0};
    int rc = pattern_shape(&shape, &compared, job->arena, text);
    if (rc != 0)
        return rc;
    if (shape == PATTERN_EQUALS && compared.len == 0)
        return test_empty(out, job, field, place);
    if (shape == PATTERN_PRESENT)
        rc = piece_test(&made.expr, job, "sigma:exists", field, NULL, place);
    else
        rc = piece_test(&made.expr, job, names[shape][is_cased], field, &compared, place);
    if (rc == 0)
        *out = made;
    return rc;
}

/* One dash is spelt out, as plain texts are found faster than patterns. */
static int test_dashed(struct piece *out, struct job *job, struct expr *field, const struct pattern *text,
                       bool is_cased, struct expr_place place)
{
    struct piece parts[5];
    if (pattern_dashes(text) != 1)
        return test_one(out, job, field, text, is_cased, place);
    for (size_t which = 0; which < 5; which++) {
        struct pattern variant;
        int rc = pattern_dash_variant(&variant, job->arena, text, which);
        if (rc == 0)
            rc = test_one(&parts[which], job, field, &variant, is_cased, place);
        if (rc != 0)
            return rc;
    }
    return piece_some(out, job, parts, 5, place);
}

int item_text(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
              const struct node *value)
{
    struct pattern first;
    struct texts texts = {0};
    bool is_keyword = modifiers->field.bytes == NULL;
    int rc = pattern_parse(&first, job->arena, value->text);
    if (rc == 0)
        rc = texts_add(&texts, job, &first);
    for (size_t i = 0; rc == 0 && i < modifiers->count; i++)
        rc = apply(&texts, job, modifiers->step[i], value);
    if (rc == 0 && is_keyword)
        rc = apply(&texts, job, MODIFIER_CONTAINS, value);
    if (rc != 0)
        return rc;
    if (texts.count == 0) {
        notes_error(job->notes, value->place, "K133", "a placeholder here has an empty list of values");
        return -EINVAL;
    }
    struct piece *parts = arena_zeroed(job->arena, texts.count, sizeof *parts);
    if (parts == NULL)
        return -ENOMEM;
    bool is_cased = modifier_has(modifiers, MODIFIER_CASED);
    for (size_t i = 0; rc == 0 && i < texts.count; i++)
        rc = test_dashed(&parts[i], job, field, &texts.items[i], is_cased, value->place);
    return rc != 0 ? rc : piece_some(out, job, parts, texts.count, value->place);
}
