#include "agent/service/install_properties.h"

#include "agent/config/config_internal.h"
#include "detect/base/suggest.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[INSTALL_PROPERTY_COUNT] = {
    [INSTALL_COLLECTOR_URL] = "COLLECTOR_URL",
    [INSTALL_OUTPUT_TYPE] = "OUTPUT_TYPE",
    [INSTALL_TOKEN] = "TOKEN",
    [INSTALL_CA_FILE] = "CA_FILE",
    [INSTALL_CLIENT_CERT] = "CLIENT_CERT",
    [INSTALL_CLIENT_KEY] = "CLIENT_KEY",
    [INSTALL_SOURCES] = "SOURCES",
    [INSTALL_LOOKBACK] = "LOOKBACK",
    [INSTALL_CONFIG_FILE] = "CONFIG_FILE",
    [INSTALL_ACCOUNT] = "ACCOUNT",
    [INSTALL_START_SERVICE] = "START_SERVICE",
    [INSTALL_RECONFIGURE] = "RECONFIGURE",
    [INSTALL_PURGE] = "PURGE",
};

const char *install_property_name(enum install_property property)
{
    return names[property];
}

static int unknown_name(struct text name, char reason[INSTALL_MAX_REASON])
{
    char copy[64];
    (void)text_copy(copy, sizeof(copy), name);
    const char *nearest = suggest_nearest(copy, names, INSTALL_PROPERTY_COUNT);
    if (nearest != NULL)
        snprintf(reason, INSTALL_MAX_REASON, "unknown property \"%s\"; did you mean %s?", copy, nearest);
    else
        snprintf(reason, INSTALL_MAX_REASON, "unknown property \"%s\"; docs/install.md has them all", copy);
    return -EINVAL;
}

static bool is_flag(enum install_property property)
{
    return property == INSTALL_START_SERVICE || property == INSTALL_RECONFIGURE || property == INSTALL_PURGE;
}

static bool is_true(struct text value)
{
    return text_equal(value, text_from("1")) || text_equal_nocase(value, text_from("yes"));
}

static bool is_false(struct text value)
{
    return text_equal(value, text_from("0")) || text_equal_nocase(value, text_from("no"));
}

static int check(enum install_property property, struct text value, char reason[INSTALL_MAX_REASON])
{
    const char *what = NULL;
    for (size_t i = 0; i < value.len && what == NULL; i++)
        if ((unsigned char)value.bytes[i] < ' ' || value.bytes[i] == 0x7F)
            what = "holds a control character; leave it out";
    if (value.len > INSTALL_MAX_VALUE)
        what = "is too long";
    if (is_flag(property) && value.len > 0 && !is_true(value) && !is_false(value))
        what = "is neither 0 nor 1";
    if (what == NULL)
        return 0;
    snprintf(reason, INSTALL_MAX_REASON, "%s %s", names[property], what);
    return -EINVAL;
}

int install_properties_set(struct install_properties *properties, struct text argument, char reason[INSTALL_MAX_REASON])
{
    size_t equals = text_find(argument, '=');
    struct text name = {argument.bytes, equals};
    int found = -1;
    for (int i = 0; i < INSTALL_PROPERTY_COUNT && found < 0; i++)
        if (text_equal(name, text_from(names[i])))
            found = i;
    if (found < 0)
        return unknown_name(name, reason);
    if (equals == argument.len) {
        snprintf(reason, INSTALL_MAX_REASON, "%s has no value; write %s=VALUE", names[found], names[found]);
        return -EINVAL;
    }
    struct text value = {argument.bytes + equals + 1, argument.len - equals - 1};
    int rc = check((enum install_property)found, value, reason);
    if (rc < 0)
        return rc;
    char *copy = NULL;
    if (value.len > 0 && (copy = text_dup(value)) == NULL)
        return -ENOMEM;
    config_wipe(properties->values[found]);
    properties->values[found] = copy;
    return 0;
}

int install_properties_read(struct install_properties *properties, struct text lines, char reason[INSTALL_MAX_REASON])
{
    int rc = 0;
    if (lines.len > INSTALL_MAX_TEXT) {
        snprintf(reason, INSTALL_MAX_REASON, "more than %u bytes of properties", INSTALL_MAX_TEXT);
        return -EINVAL;
    }
    while (lines.len > 0 && rc == 0) {
        size_t end = text_find(lines, '\n');
        struct text line = {lines.bytes, end};
        if (line.len > 0 && line.bytes[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0)
            rc = install_properties_set(properties, line, reason);
        size_t used = end < lines.len ? end + 1 : end;
        lines = (struct text){lines.bytes + used, lines.len - used};
    }
    return rc;
}

bool install_properties_flag(const struct install_properties *properties, enum install_property property, bool initial)
{
    const char *value = properties->values[property];
    return value == NULL ? initial : is_true(text_from(value));
}

void install_properties_clear(struct install_properties *properties)
{
    for (int i = 0; i < INSTALL_PROPERTY_COUNT; i++)
        config_wipe(properties->values[i]);
    *properties = (struct install_properties){{NULL}};
}
