#include "agent/config/config_compare.h"

#include "agent/config/config_internal.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static size_t size_of(enum setting_store store)
{
    switch (store) {
    case SETTING_BOOL:
        return sizeof(bool);
    case SETTING_ENUM:
    case SETTING_UNSIGNED:
        return sizeof(unsigned);
    case SETTING_SIZE:
        return sizeof(size_t);
    case SETTING_U64:
        return sizeof(uint64_t);
    default:
        return 0;
    }
}

/* Are the settings of element the same in a and b, its structs? */
static bool same_element(const void *a, const void *b, enum config_element_id element)
{
    const struct config_element *e = config_element(element);
    for (size_t i = 0; i < e->count; i++) {
        const struct setting *s = &e->settings[i];
        const char *at_a = config_field(a, s), *at_b = config_field(b, s);
        if (s->store == SETTING_CHARS) {
            char *text_a, *text_b;
            memcpy(&text_a, at_a, sizeof(text_a));
            memcpy(&text_b, at_b, sizeof(text_b));
            if (!same_text(text_a, text_b))
                return false;
        } else if (memcmp(at_a, at_b, size_of(s->store)) != 0) {
            return false;
        }
    }
    return true;
}

bool config_same_directory(const struct config *a, const struct config *b)
{
    return same_text(a->state_directory, b->state_directory);
}

bool config_same_limits(const struct config *a, const struct config *b)
{
    return a->store_max_alerts == b->store_max_alerts && a->store_max_bytes == b->store_max_bytes &&
           a->store_max_age_s == b->store_max_age_s;
}

bool config_same_log(const struct config *a, const struct config *b)
{
    return same_element(a, b, CONFIG_LOG);
}

static bool same_list(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!same_text(a[i], b[i]))
            return false;
    return true;
}

static bool same_output(const struct config_output *a, const struct config_output *b)
{
    return same_text(a->type, b->type) && same_element(a, b, config_element_of(a)) &&
           same_list(a->headers, a->header_count, b->headers, b->header_count) &&
           same_list(a->failover, a->failover_count, b->failover, b->failover_count);
}

bool config_same_outputs(const struct config *a, const struct config *b)
{
    if (a->output_count != b->output_count || !same_element(a, b, CONFIG_PROXY) || !same_element(a, b, CONFIG_OUTPUTS))
        return false;
    for (size_t i = 0; i < a->output_count; i++)
        if (!same_output(&a->outputs[i], &b->outputs[i]))
            return false;
    return true;
}

bool config_same_output_names(const struct config *a, const struct config *b)
{
    if (a->output_count != b->output_count)
        return false;
    for (size_t i = 0; i < a->output_count; i++)
        if (!same_text(a->outputs[i].name, b->outputs[i].name))
            return false;
    return true;
}

bool config_same_sources(const struct config *a, const struct config *b)
{
    for (unsigned i = CONFIG_TRIPLINE; i <= CONFIG_MATCHING; i++) /* those whose struct is the config itself */
        if (i != CONFIG_STATE && i != CONFIG_LOG && i != CONFIG_DOCTOR && i != CONFIG_HEARTBEAT &&
            i != CONFIG_METRICS && i != CONFIG_LIMITS && !same_element(a, b, (enum config_element_id)i))
            return false;
    if (a->channel_count != b->channel_count || a->rule_count != b->rule_count)
        return false;
    for (size_t i = 0; i < a->rule_count; i++)
        if (!same_element(&a->rules[i], &b->rules[i], CONFIG_RULE))
            return false;
    for (size_t i = 0; i < a->channel_count; i++)
        if (!same_element(&a->channels[i], &b->channels[i], CONFIG_CHANNEL))
            return false;
    return true;
}
