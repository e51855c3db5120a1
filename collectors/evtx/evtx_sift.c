#include "collectors/evtx/evtx_sift.h"

#include "collectors/evtx/evtx_value.h"
#include "detect/event/kinds.h"
#include "detect/rule/rule_set.h"

#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>

/* Longest name of a provider or channel that is remembered, units. */
#define NAME_MAX 96u

/* Kinds of events that are remembered, a power of two; a real log has few. */
#define KINDS 256u

/* What is known of the events of one provider, id and channel. */
struct kind {
    uint32_t event_id;
    uint16_t provider_size, channel_size; /* bytes; 0 and 0: nothing is known */
    bool is_wanted, is_process;
    bool is_always_read;               /* a rule asks for more of it than words in its texts */
    unsigned char names[4 * NAME_MAX]; /* the provider's, then the channel's, UTF-16 */
};

struct evtx_sift {
    const struct rule_set *rules;
    const struct collector_sink *sink;
    struct evtx_chunk chunk;
    size_t count[2]; /* of narrow */
    size_t next[2];  /* where in narrow the next word begins, as far as was looked */
    char narrow[2][EVTX_CHUNK_SIZE / 2];
    struct kind kinds[KINDS];
};

int evtx_sift_new(struct evtx_sift **out, const struct rule_set *rules, const struct collector_sink *sink)
{
    struct evtx_sift *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    s->rules = rules;
    s->sink = sink;
    *out = s;
    return 0;
}

void evtx_sift_free(struct evtx_sift *s)
{
    free(s);
}

/* Units as bytes: what is not ASCII becomes 0 or above 0x7F. */
static size_t make_narrow(char *to, const unsigned char *bytes, size_t size)
{
    size_t count = size / 2, i = 0;
    for (; count - i >= 16; i += 16) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 2 * i));
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 2 * i + 16));
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_packus_epi16(first, second));
    }
    for (; i < count; i++)
        to[i] = evtx_u16(bytes + 2 * i) < 0x80 ? (char)bytes[2 * i] : '\0';
    return count;
}

void evtx_sift_chunk(struct evtx_sift *s, struct evtx_chunk chunk)
{
    s->chunk = chunk;
    for (size_t odd = 0; odd < 2; odd++) {
        s->count[odd] = chunk.size > odd ? make_narrow(s->narrow[odd], chunk.bytes + odd, chunk.size - odd) : 0;
        s->next[odd] = rule_set_bytes_find(s->rules, (struct text){s->narrow[odd], s->count[odd]}, 0);
    }
}

/* The same question for ascending places, which is answered mostly without looking. */
static bool has_words_ahead(struct evtx_sift *s, size_t from, size_t to)
{
    for (size_t odd = 0; odd < 2; odd++) {
        size_t first = (from + 1 - odd) / 2, last = (to - odd) / 2;
        struct text text = {s->narrow[odd], s->count[odd]};
        if (s->next[odd] < first && s->next[odd] < text.len)
            s->next[odd] = rule_set_bytes_find(s->rules, text, first);
        if (s->next[odd] < last && s->next[odd] < text.len)
            return true;
    }
    return false;
}

bool evtx_sift_has_words(struct evtx_sift *s, size_t from, size_t to)
{
    struct text raw = {(const char *)s->chunk.bytes, to};
    if (rule_set_bytes_find(s->rules, raw, from) < to)
        return true;
    for (size_t odd = 0; odd < 2; odd++) {
        size_t first = (from + 1 - odd) / 2;
        struct text text = {s->narrow[odd], (to - odd) / 2 < s->count[odd] ? (to - odd) / 2 : s->count[odd]};
        if (first < text.len && rule_set_bytes_find(s->rules, text, first) < text.len)
            return true;
    }
    return false;
}

/* Values of an instance: what they may hide, and where binary XML stands among them (to - from; 0: nowhere). */
struct values {
    bool is_plain;
    size_t xml_from, xml_to;
};

static struct values look_at_values(const struct evtx_sift *s, const struct evtx_instance *instance)
{
    struct values v = {.is_plain = true};
    const unsigned char *type = s->chunk.bytes + instance->types;
    size_t at = instance->values;
    for (size_t i = 0; i < instance->count; i++, type += 4) {
        size_t size = evtx_u16(type);
        if (type[2] == EVTX_XML && size > 0) {
            v.is_plain = v.is_plain && v.xml_to == 0; /* two are never seen */
            v.xml_from = at;
            v.xml_to = at + size;
        } else if ((type[2] & ~(unsigned)EVTX_ARRAY) == EVTX_ANSI_STRING || type[2] == (EVTX_XML | EVTX_ARRAY)) {
            v.is_plain = false;
        }
        at += size;
    }
    return v;
}

/* Do words stand in a text of the template that is no name? */
static bool has_template_words(struct evtx_sift *s, const struct evtx_templates *t,
                               const struct evtx_template *template)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct evtx_step *step = &t->steps.list[template->first + i];
        bool is_asked = step->kind == EVTX_STEP_TEXT && !step->is_name && step->units.count > 0;
        if (is_asked && evtx_sift_has_words(s, step->units.at, step->units.at + 2u * step->units.count))
            return true;
    }
    return false;
}

/* Sets *number and *instance to what binary XML in the bytes from..to-1 is: one instance of a plain template in which
 * no words stand, and nothing else. */
static bool find_plain(struct evtx_sift *s, struct evtx_templates *t, size_t from, size_t to, size_t *number,
                       struct evtx_instance *instance)
{
    static const unsigned char fragment[4] = {EVTX_TOKEN_FRAGMENT, 1, 1, 0};
    struct evtx_cursor cursor = {s->chunk.bytes, from, to};
    const char *why;
    if (to - from >= sizeof(fragment) && memcmp(s->chunk.bytes + from, fragment, sizeof(fragment)) == 0)
        cursor.at += sizeof(fragment);
    if (cursor.at >= to || s->chunk.bytes[cursor.at] != EVTX_TOKEN_INSTANCE ||
        evtx_instance_read(instance, &cursor) != NULL ||
        evtx_templates_find(number, t, s->chunk, instance, false, &why) < 0)
        return false;
    if (cursor.at < to && s->chunk.bytes[cursor.at] != EVTX_TOKEN_END)
        return false;
    struct evtx_template *template = &t->list[*number];
    if (template->has_words < 0)
        template->has_words = has_template_words(s, t, template) ? 1 : 0;
    return template->is_plain && template->has_words == 0;
}

/* The bytes of a text that the template names, or of the value that it does; *size: how many. */
static const unsigned char *text_of(const struct evtx_sift *s, const struct evtx_instance *instance,
                                    const struct evtx_source *source, size_t *size)
{
    *size = 2u * (size_t)source->units.count;
    if (source->number == EVTX_NO_NUMBER)
        return s->chunk.bytes + source->units.at;
    *size = 0;
    if (source->number >= instance->count)
        return s->chunk.bytes;
    const unsigned char *type = s->chunk.bytes + instance->types;
    size_t at = instance->values;
    for (size_t i = 0; i < source->number; i++)
        at += evtx_u16(type + 4 * i);
    *size = type[4 * (size_t)source->number + 2] == EVTX_NULL ? 0 : evtx_u16(type + 4 * (size_t)source->number);
    return s->chunk.bytes + at;
}

/* Can a value that is no text in the record be rendered with this in it: a number, a SID, a GUID, a time, a boolean? */
static bool is_more_than_words(struct text literal)
{
    static const char others[] = "0123456789abcdefABCDEFxXsS{}:.TZ+-";
    if (text_equal_nocase(literal, text_from("true")) || text_equal_nocase(literal, text_from("false")))
        return true;
    bool is_other = true;
    for (size_t i = 0; i < literal.len; i++)
        is_other = is_other && literal.bytes[i] != '\0' && strchr(others, literal.bytes[i]) != NULL;
    return is_other;
}

/* Does literal, in lower case, stand in text, or in what is not ASCII of it perhaps? */
static bool may_stand_in(struct text literal, struct text text)
{
    if (!text_is_ascii(text))
        return true;
    for (size_t i = 0; i + literal.len <= text.len; i++)
        if (text_equal_nocase((struct text){text.bytes + i, literal.len}, literal))
            return true;
    return false;
}

/* May the literal stand in the event's text, though not as words in the bytes that are searched? The names of data,
 * which a bag of them holds, and the provider's and channel's are not. */
static bool may_stand_elsewhere(const struct rule_set *set, const struct expr_literal *literal,
                                const struct event *event)
{
    const struct column *column = column_at(rule_set_columns(set), literal->column);
    return (column->kind == COLUMN_SYSTEM && column->system == COLUMN_EVENT_DATA) ||
           (column->kind == COLUMN_FIELD && event_field_is_made(column->field)) ||
           may_stand_in(literal->text, event->field[EVENT_PROVIDER]) ||
           may_stand_in(literal->text, event->field[EVENT_CHANNEL]);
}

/* Does a rule of set ask such an event for more than words? */
static bool asks_more(const struct rule_set *set, const struct event *event)
{
    for (size_t r = 0; r < rule_set_count(set); r++) {
        const struct rule *rule = rule_set_at(set, r);
        for (size_t l = 0; l < rule->legs.count; l++) {
            struct rule_set_leg known = rule_set_leg(set, r, l);
            if (!known.is_used || !leg_takes(&rule->legs.items[l], event))
                continue;
            if (known.needs == NULL || !known.is_traced)
                return true;
            for (size_t i = 0; i < known.needs->count; i++)
                if (is_more_than_words(known.needs->literals[i].text) ||
                    may_stand_elsewhere(set, &known.needs->literals[i], event))
                    return true;
        }
    }
    return false;
}

/* Asks what is not yet known. */
static void learn(const struct evtx_sift *s, struct kind *k)
{
    char provider[EVTX_VALUE_MAX(2 * NAME_MAX)], channel[EVTX_VALUE_MAX(2 * NAME_MAX)];
    struct event event = {.event_id = k->event_id};
    event.field[EVENT_PROVIDER] = evtx_value_text(provider, EVTX_STRING, k->names, k->provider_size);
    event.field[EVENT_CHANNEL] = evtx_value_text(channel, EVTX_STRING, k->names + k->provider_size, k->channel_size);
    event.kind = kinds_kind(kinds_find(event.field[EVENT_PROVIDER], k->event_id), event.field[EVENT_CHANNEL]);
    k->is_wanted = collector_wants(s->sink, &event);
    k->is_process = event_kind_is_process(event.kind);
    k->is_always_read = asks_more(s->rules, &event);
}

/* The kind of the event; NULL: only reading it shows that. */
static const struct kind *kind_of(struct evtx_sift *s, const struct evtx_template *template,
                                  const struct evtx_instance *instance)
{
    size_t provider_size, channel_size, id_size;
    const unsigned char *provider = text_of(s, instance, &template->provider, &provider_size);
    const unsigned char *channel = text_of(s, instance, &template->channel, &channel_size);
    const unsigned char *id = text_of(s, instance, &template->event_id, &id_size);
    if (template->event_id.number == EVTX_NO_NUMBER || id_size != 2 || provider_size == 0 ||
        provider_size > 2 * NAME_MAX || channel_size > 2 * NAME_MAX)
        return NULL;
    uint32_t event_id = evtx_u16(id);
    struct kind *k = &s->kinds[(event_id * 31u + provider_size + 7u * provider[provider_size - 2]) & (KINDS - 1)];
    if (k->event_id == event_id && k->provider_size == provider_size && k->channel_size == channel_size &&
        memcmp(k->names, provider, provider_size) == 0 && memcmp(k->names + provider_size, channel, channel_size) == 0)
        return k;
    *k = (struct kind){event_id, (uint16_t)provider_size, (uint16_t)channel_size, false, false, false, {0}};
    memcpy(k->names, provider, provider_size);
    memcpy(k->names + provider_size, channel, channel_size);
    learn(s, k);
    return k;
}

bool evtx_sift_leaves_out(struct evtx_sift *s, struct evtx_templates *templates, const struct evtx_record *record,
                          bool *is_process)
{
    struct evtx_instance instance, inner;
    size_t number, nested, end = record->offset + record->size - 4;
    evtx_templates_trim(templates);
    if (!find_plain(s, templates, record->offset + EVTX_RECORD_HEADER_SIZE, end, &number, &instance))
        return false;
    const struct kind *kind = kind_of(s, &templates->list[number], &instance);
    if (kind == NULL || (kind->is_wanted && (kind->is_always_read || has_words_ahead(s, record->offset, end))))
        return false;
    *is_process = kind->is_process;
    if (!kind->is_wanted)
        return true;
    struct values values = look_at_values(s, &instance);
    if (!values.is_plain || values.xml_to == 0)
        return values.is_plain;
    return find_plain(s, templates, values.xml_from, values.xml_to, &nested, &inner) &&
           look_at_values(s, &inner).is_plain && look_at_values(s, &inner).xml_to == 0;
}
