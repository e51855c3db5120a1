/* Which events a condition can be true for, as far as ids, channels and providers tell; it may be too wide, never too
 * narrow. */
#include "detect/kql/kql_bind.h"

#define MAX_SELECTED 256 /* of each; a longer list is not told of, and the reader reads all of the channel */

static bool has_id(const struct kql_selection *selection, uint32_t id)
{
    for (size_t i = 0; i < selection->id_count; i++)
        if (selection->ids[i] == id)
            return true;
    return false;
}

static bool has_text(const struct text *list, size_t count, struct text text)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(list[i], text))
            return true;
    return false;
}

/* Those of a that are in b too (both limited), or all of both. */
static void mix_ids(struct kql_binder *binder, struct kql_selection *out, const struct kql_selection *a,
                    const struct kql_selection *b, bool is_both)
{
    uint32_t *ids = kql_alloc(binder, a->id_count + b->id_count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; ids != NULL && i < a->id_count; i++)
        if (!is_both || has_id(b, a->ids[i]))
            ids[count++] = a->ids[i];
    for (size_t i = 0; ids != NULL && !is_both && i < b->id_count; i++)
        if (!has_id(a, b->ids[i]))
            ids[count++] = b->ids[i];
    out->ids = ids;
    out->id_count = count;
}

static size_t mix_texts(struct kql_binder *binder, const struct text **out, const struct text *a, size_t a_count,
                        const struct text *b, size_t b_count, bool is_both)
{
    struct text *list = kql_alloc(binder, a_count + b_count, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; list != NULL && i < a_count; i++)
        if (!is_both || has_text(b, b_count, a[i]))
            list[count++] = a[i];
    for (size_t i = 0; list != NULL && !is_both && i < b_count; i++)
        if (!has_text(a, a_count, b[i]))
            list[count++] = b[i];
    *out = list;
    return count;
}

const struct kql_selection *kql_selection_both(struct kql_binder *binder, const struct kql_selection *a,
                                               const struct kql_selection *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    struct kql_selection *out = kql_alloc(binder, 1, sizeof *out);
    if (out == NULL)
        return NULL;
    *out = *a;
    if (a->id_count == 0) {
        out->ids = b->ids;
        out->id_count = b->id_count;
    } else if (b->id_count > 0) {
        mix_ids(binder, out, a, b, true);
        if (out->id_count == 0) /* can't be true; the condition says so itself */
            out->ids = a->ids, out->id_count = a->id_count;
    }
    if (a->channel_count == 0) {
        out->channels = b->channels;
        out->channel_count = b->channel_count;
    } else if (b->channel_count > 0) {
        size_t count =
            mix_texts(binder, &out->channels, a->channels, a->channel_count, b->channels, b->channel_count, true);
        out->channel_count = count > 0 ? count : a->channel_count;
        out->channels = count > 0 ? out->channels : a->channels;
    }
    if (a->provider_count == 0) {
        out->providers = b->providers;
        out->provider_count = b->provider_count;
    }
    return out;
}

const struct kql_selection *kql_selection_either(struct kql_binder *binder, const struct kql_selection *a,
                                                 const struct kql_selection *b)
{
    if (a == NULL || b == NULL)
        return NULL;
    struct kql_selection *out = kql_alloc(binder, 1, sizeof *out);
    if (out == NULL)
        return NULL;
    if (a->id_count > 0 && b->id_count > 0)
        mix_ids(binder, out, a, b, false);
    if (a->channel_count > 0 && b->channel_count > 0)
        out->channel_count =
            mix_texts(binder, &out->channels, a->channels, a->channel_count, b->channels, b->channel_count, false);
    if (a->provider_count > 0 && b->provider_count > 0)
        out->provider_count =
            mix_texts(binder, &out->providers, a->providers, a->provider_count, b->providers, b->provider_count, false);
    return out->id_count + out->channel_count + out->provider_count > 0 ? out : NULL;
}

/* Adds the fixed value, and the items of a fixed array. False: it is none, or there are too many. */
static bool add(struct kql_selection *out, uint32_t *ids, struct text *texts, enum kql_selects selects,
                struct value value)
{
    if (value.is_null)
        return true; /* equals nothing */
    if (value.type == VALUE_DYNAMIC && value.dynamic->kind == DYNAMIC_ARRAY) {
        for (size_t i = 0; i < value.dynamic->count; i++) {
            const struct dynamic *item = &value.dynamic->items[i];
            struct value one = value_null(VALUE_LONG);
            if (item->kind == DYNAMIC_LONG)
                one = value_long(item->number);
            else if (item->kind == DYNAMIC_STRING)
                one = value_string(item->text);
            if (!add(out, ids, texts, selects, one))
                return false;
        }
        return true;
    }
    bool is_number = value.type == VALUE_INT || value.type == VALUE_LONG;
    size_t *count = selects == KQL_SELECTS_ID        ? &out->id_count
                    : selects == KQL_SELECTS_CHANNEL ? &out->channel_count
                                                     : &out->provider_count;
    if (*count == MAX_SELECTED || (selects == KQL_SELECTS_ID ? !is_number : value.type != VALUE_STRING))
        return false;
    if (selects == KQL_SELECTS_ID)
        ids[(*count)++] = (uint32_t)value.number;
    else
        texts[(*count)++] = value.text;
    return true;
}

const struct kql_selection *kql_selection_of(struct kql_binder *binder, const struct kql_value *values, size_t count)
{
    enum kql_selects selects = values[0].selects;
    if (selects == KQL_SELECTS_NOTHING)
        return NULL;
    struct kql_selection *out = kql_alloc(binder, 1, sizeof *out);
    uint32_t *ids = kql_alloc(binder, MAX_SELECTED, sizeof *ids);
    struct text *texts = kql_alloc(binder, MAX_SELECTED, sizeof *texts);
    if (out == NULL || ids == NULL || texts == NULL)
        return NULL;
    for (size_t i = 1; i < count; i++) {
        const struct value *fixed = values[i].what == KQL_IS_VALUE ? expr_constant_value(values[i].expr) : NULL;
        if (fixed == NULL || !add(out, ids, texts, selects, *fixed))
            return NULL;
    }
    out->ids = ids;
    out->channels = selects == KQL_SELECTS_CHANNEL ? texts : NULL;
    out->providers = selects == KQL_SELECTS_PROVIDER ? texts : NULL;
    return out->id_count + out->channel_count + out->provider_count > 0 ? out : NULL;
}
