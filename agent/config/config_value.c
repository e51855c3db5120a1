/* One setting's text -> its place in the struct. */
#include "agent/config/config_internal.h"

#include "agent/config/secret.h"
#include "agent/system/file.h"
#include "detect/base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_PER_MINUTE 60u
#define SECONDS_PER_HOUR 3600u
#define SECONDS_PER_DAY 86400u

/* Beyond any range, and far from overflow when multiplied by a day. */
#define NUMBER_TOO_LARGE 1000000000000u

void config_wipe(char *text)
{
    if (text == NULL)
        return;
    volatile char *byte = text; /* the compiler may not leave the writing out */
    for (; *byte != '\0'; byte++)
        *byte = '\0';
    free(text);
}

const char *config_quoted(char to[CONFIG_QUOTED_SIZE], const char *value)
{
    char cut[61];
    size_t size = text_copy(cut, sizeof(cut), text_from(value));
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)cut[i] < 0x20 || cut[i] == 0x7F)
            cut[i] = '?';
    snprintf(to, CONFIG_QUOTED_SIZE, "\"%s%s\"", cut, value[size] == '\0' ? "" : "...");
    return to;
}

/* seconds in the largest unit that needs no fraction. */
static const char *duration_text(char to[32], uint64_t seconds)
{
    static const struct {
        unsigned seconds;
        char unit;
    } units[] = {{SECONDS_PER_DAY, 'd'}, {SECONDS_PER_HOUR, 'h'}, {SECONDS_PER_MINUTE, 'm'}, {1, 's'}};
    size_t i = 0;
    while (units[i].seconds != 1 && (seconds == 0 || seconds % units[i].seconds != 0))
        i++;
    snprintf(to, 32, "%llu%c", (unsigned long long)(seconds / units[i].seconds), units[i].unit);
    return to;
}

static void words_text(char to[CONFIG_MAX_REASON], const char *const *words)
{
    size_t used = 0;
    for (size_t i = 0; words[i] != NULL; i++) {
        int size = snprintf(to + used, CONFIG_MAX_REASON - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += (size_t)size;
    }
}

void config_range(char to[CONFIG_MAX_REASON], const struct setting *s)
{
    char low[32], high[32];
    switch (s->kind) {
    case SETTING_WORD:
        words_text(to, s->words);
        break;
    case SETTING_NUMBER:
        snprintf(to, CONFIG_MAX_REASON, "%llu to %llu", (unsigned long long)s->low, (unsigned long long)s->high);
        break;
    case SETTING_DURATION:
    case SETTING_LOOKBACK:
    case SETTING_AGE:
        snprintf(to, CONFIG_MAX_REASON, "%s%s to %s",
                 s->kind == SETTING_LOOKBACK ? "all, none, or "
                 : s->kind == SETTING_AGE    ? "none, or "
                                             : "",
                 duration_text(low, s->low), duration_text(high, s->high));
        break;
    case SETTING_NAME:
        snprintf(to, CONFIG_MAX_REASON, "%llu to %llu of A-Z a-z 0-9 _ -", (unsigned long long)s->low,
                 (unsigned long long)s->high);
        break;
    case SETTING_PIN:
        snprintf(to, CONFIG_MAX_REASON, "44 characters of base64: a SHA-256 of the server's public key");
        break;
    case SETTING_URL:
        snprintf(to, CONFIG_MAX_REASON, "https://host[:port][/path][?query], up to %llu bytes",
                 (unsigned long long)s->high);
        break;
    case SETTING_TEXT:
    case SETTING_TOKEN:
    case SETTING_PATH:
    case SETTING_FILE:
        snprintf(to, CONFIG_MAX_REASON, "%llu to %llu bytes", (unsigned long long)s->low, (unsigned long long)s->high);
        break;
    }
}

/* Decimal digits at *at, which moves after them; false: none. Stays at NUMBER_TOO_LARGE where larger. */
static bool digits_at(uint64_t *value, const char **at)
{
    const char *begin = *at;
    *value = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        if (*value < NUMBER_TOO_LARGE)
            *value = *value * 10 + (uint64_t)(**at - '0');
    return *at != begin;
}

static bool is_in_range(const struct setting *s, uint64_t value)
{
    return value >= s->low && value <= s->high;
}

static int fault(char reason[CONFIG_MAX_REASON], const struct setting *s, const char *value, const char *what)
{
    char range[CONFIG_MAX_REASON], quoted[CONFIG_QUOTED_SIZE];
    config_range(range, s);
    if (s->is_secret)
        snprintf(reason, CONFIG_MAX_REASON, "%s %s; write %.300s", s->name, what, range);
    else
        snprintf(reason, CONFIG_MAX_REASON, "%s=%s %s; write %.300s", s->name, config_quoted(quoted, value), what,
                 range);
    return -EINVAL;
}

static int number_read(uint64_t *out, const struct setting *s, const char *value, char reason[CONFIG_MAX_REASON])
{
    const char *at = value;
    uint64_t number;
    if (!digits_at(&number, &at) || *at != '\0')
        return fault(reason, s, value, "is not a whole number");
    if (!is_in_range(s, number))
        return fault(reason, s, value, "is out of range");
    *out = number * s->scale;
    return 0;
}

static int duration_read(uint64_t *out, const struct setting *s, const char *value, char reason[CONFIG_MAX_REASON])
{
    const char *at = value;
    uint64_t number;
    if (s->kind == SETTING_LOOKBACK && (strcmp(value, "all") == 0 || strcmp(value, "none") == 0)) {
        *out = value[0] == 'a' ? UINT64_MAX : 0;
        return 0;
    }
    if (s->kind == SETTING_AGE && strcmp(value, "none") == 0) {
        *out = 0;
        return 0;
    }
    if (!digits_at(&number, &at))
        return fault(reason, s, value, "is not a duration (a whole number and s, m, h or d)");
    unsigned unit = *at == 's'   ? 1
                    : *at == 'm' ? SECONDS_PER_MINUTE
                    : *at == 'h' ? SECONDS_PER_HOUR
                    : *at == 'd' ? SECONDS_PER_DAY
                                 : 0;
    if (*at == '\0')
        return fault(reason, s, value, "has no unit (s, m, h or d)");
    if (unit == 0 || at[1] != '\0')
        return fault(reason, s, value, "is not a duration (a whole number and s, m, h or d)");
    if (!is_in_range(s, number * unit))
        return fault(reason, s, value, "is out of range");
    *out = number * unit * s->scale;
    return 0;
}

static int word_read(uint64_t *out, const struct setting *s, const char *value, char reason[CONFIG_MAX_REASON])
{
    size_t count = 0;
    for (; s->words[count] != NULL; count++) {
        if (strcmp(value, s->words[count]) == 0) {
            *out = count;
            return 0;
        }
    }
    const char *nearest = suggest_nearest(value, s->words, count);
    if (nearest == NULL)
        return fault(reason, s, value, "is not known");
    char quoted[CONFIG_QUOTED_SIZE];
    snprintf(reason, CONFIG_MAX_REASON, "%s=%s is not known; did you mean \"%s\"?", s->name,
             config_quoted(quoted, value), nearest);
    return -EINVAL;
}

/* A letter or digit, or one of more. */
static bool are_all_of(const char *value, const char *more)
{
    for (; *value != '\0'; value++)
        if (!(*value >= 'a' && *value <= 'z') && !(*value >= 'A' && *value <= 'Z') &&
            !(*value >= '0' && *value <= '9') && strchr(more, *value) == NULL)
            return false;
    return true;
}

static bool has_control(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7F)
            return true;
    return false;
}

static const char pin_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int text_check(const struct setting *s, const char *value, char reason[CONFIG_MAX_REASON])
{
    size_t size = strlen(value);
    if (size == 0)
        return fault(reason, s, value, "is empty");
    if (size > s->high)
        return fault(reason, s, value, "is too long");
    if (has_control(value)) {
        snprintf(reason, CONFIG_MAX_REASON, "%s holds a control character; leave it out", s->name);
        return -EINVAL;
    }
    if (s->kind == SETTING_NAME && !are_all_of(value, "_-"))
        return fault(reason, s, value, "holds other characters than a name may");
    /* RFC 9110 section 5.6.2, token */
    if (s->kind == SETTING_TOKEN && !are_all_of(value, "!#$%&'*+-.^_`|~")) {
        snprintf(reason, CONFIG_MAX_REASON,
                 "%s holds a character that a header's name may not; write one such as "
                 "Authorization, without a colon",
                 s->name);
        return -EINVAL;
    }
    if (s->kind == SETTING_PIN && (size != 44 || value[43] != '=' || strspn(value, pin_characters) != 43))
        return fault(reason, s, value, "is no SHA-256 in base64");
    const char *secret = s->is_secret && s->kind == SETTING_TEXT ? secret_fault(value) : NULL;
    if (secret != NULL) {
        snprintf(reason, CONFIG_MAX_REASON, "%s %s", s->name, secret);
        return -EINVAL;
    }
    const char *url_fault = s->kind == SETTING_URL ? config_url_fault(value) : NULL;
    if (url_fault != NULL) {
        snprintf(reason, CONFIG_MAX_REASON, "%s %s", s->name, url_fault);
        return -EINVAL;
    }
    return 0;
}

static int text_set(char **field, const struct setting *s, const char *value, const char *file)
{
    char *text = NULL;
    int rc = 0;
    if (s->kind == SETTING_PATH || s->kind == SETTING_FILE)
        rc = file_resolve(&text, file, value);
    else if (s->is_secret && s->kind == SETTING_TEXT)
        rc = secret_locate(&text, value, file);
    else if ((text = strdup(value)) == NULL)
        rc = -ENOMEM;
    if (rc < 0)
        return rc;
    config_wipe(*field);
    *field = text;
    return 0;
}

/* As SETTING_ENUM keeps them. */
_Static_assert(sizeof(enum log_level) == sizeof(unsigned) && sizeof(enum output_encoding) == sizeof(unsigned) &&
                   sizeof(enum https_proxy_login) == sizeof(unsigned),
               "enums are as large as an unsigned");

static void number_set(char *field, enum setting_store store, uint64_t value)
{
    switch (store) {
    case SETTING_BOOL:
        *(bool *)(void *)field = value != 0;
        break;
    case SETTING_ENUM:
    case SETTING_UNSIGNED:
        *(unsigned *)(void *)field = (unsigned)value;
        break;
    case SETTING_SIZE:
        *(size_t *)(void *)field = (size_t)value;
        break;
    case SETTING_U64:
        *(uint64_t *)(void *)field = value;
        break;
    case SETTING_CHARS:
    case SETTING_NOWHERE:
        break;
    }
}

int config_set(void *target, const struct setting *s, const char *value, const char *file,
               char reason[CONFIG_MAX_REASON])
{
    char *field = config_field(target, s);
    uint64_t number = 0;
    int rc;
    if (s->store == SETTING_CHARS) {
        rc = text_check(s, value, reason);
        return rc < 0 ? rc : text_set((char **)(void *)field, s, value, file);
    }
    if (s->kind == SETTING_WORD)
        rc = word_read(&number, s, value, reason);
    else if (s->kind == SETTING_NUMBER)
        rc = number_read(&number, s, value, reason);
    else
        rc = duration_read(&number, s, value, reason);
    if (rc == 0)
        number_set(field, s->store, number);
    return rc;
}

int config_set_defaults(void *target, enum config_element_id element)
{
    const struct config_element *e = config_element(element);
    char reason[CONFIG_MAX_REASON];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < e->count; i++)
        if (e->settings[i].initial != NULL)
            rc = config_set(target, &e->settings[i], e->settings[i].initial, "", reason);
    return rc;
}

void config_clear(void *target, enum config_element_id element)
{
    const struct config_element *e = config_element(element);
    for (size_t i = 0; i < e->count; i++) {
        if (e->settings[i].store != SETTING_CHARS)
            continue;
        char **field = config_field(target, &e->settings[i]);
        config_wipe(*field);
        *field = NULL;
    }
}
