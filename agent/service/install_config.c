#include "agent/service/install_config.h"

#include "agent/config/config_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct xml {
    char *text;
    size_t used, room;
    int rc;
};

/* Grows by copying, so that the old text, which may hold the token, can be overwritten. */
static void append(struct xml *xml, const char *bytes, size_t size)
{
    if (xml->rc == 0 && xml->used + size + 1 > xml->room) {
        size_t room = (xml->used + size + 1) * 2;
        char *larger = malloc(room);
        if (larger == NULL) {
            xml->rc = -ENOMEM;
        } else {
            if (xml->used > 0)
                memcpy(larger, xml->text, xml->used + 1);
            config_wipe(xml->text);
            xml->text = larger;
            xml->room = room;
        }
    }
    if (xml->rc < 0)
        return;
    memcpy(xml->text + xml->used, bytes, size);
    xml->used += size;
    xml->text[xml->used] = '\0';
}

static void literal(struct xml *xml, const char *text)
{
    append(xml, text, strlen(text));
}

/* The value of an attribute in double quotes: w3.org/TR/xml, AttValue. Control characters are refused before. */
static void escaped(struct xml *xml, const char *value)
{
    for (; *value != '\0'; value++) {
        switch (*value) {
        case '&':
            literal(xml, "&amp;");
            break;
        case '<':
            literal(xml, "&lt;");
            break;
        case '>':
            literal(xml, "&gt;");
            break;
        case '"':
            literal(xml, "&quot;");
            break;
        default:
            append(xml, value, 1);
            break;
        }
    }
}

/* Nothing for a value that was not given. */
static void attribute(struct xml *xml, const char *name, const char *value)
{
    if (value == NULL)
        return;
    literal(xml, " ");
    literal(xml, name);
    literal(xml, "=\"");
    escaped(xml, value);
    literal(xml, "\"");
}

static const struct config_element *find_element(const char *name, enum config_element_id parent)
{
    for (enum config_element_id id = (enum config_element_id)1; id < CONFIG_ELEMENT_COUNT; id++)
        if (config_may_stand_in(id, parent) && strcmp(config_element(id)->name, name) == 0)
            return config_element(id);
    return NULL;
}

static bool has_setting(const struct config_element *element, const char *name)
{
    for (size_t i = 0; i < element->count; i++)
        if (strcmp(element->settings[i].name, name) == 0)
            return true;
    return false;
}

static struct text trimmed(struct text word)
{
    while (word.len > 0 && word.bytes[0] == ' ')
        word = (struct text){word.bytes + 1, word.len - 1};
    while (word.len > 0 && word.bytes[word.len - 1] == ' ')
        word.len--;
    return word;
}

bool install_config_lists(const char *list, const char *word)
{
    struct text rest = text_from(list);
    bool found = false;
    while (rest.len > 0 && !found) {
        size_t end = text_find(rest, ',');
        found = text_equal_nocase(trimmed((struct text){rest.bytes, end}), text_from(word));
        size_t used = end < rest.len ? end + 1 : end;
        rest = (struct text){rest.bytes + used, rest.len - used};
    }
    return found;
}

/* SOURCES is eventlog, etw or both; what this program has no element for it can't read. */
static int check_sources(const char *list, char reason[INSTALL_MAX_REASON])
{
    struct text rest = text_from(list);
    while (rest.len > 0) {
        size_t end = text_find(rest, ',');
        struct text word = trimmed((struct text){rest.bytes, end});
        bool is_known = text_equal_nocase(word, text_from("eventlog")) ||
                        (text_equal_nocase(word, text_from("etw")) && find_element("etw", CONFIG_TRIPLINE) != NULL);
        if (!is_known) {
            char copy[40];
            (void)text_copy(copy, sizeof(copy), word);
            snprintf(reason, INSTALL_MAX_REASON, "SOURCES: \"%s\" is no source of this version; write eventlog%s", copy,
                     find_element("etw", CONFIG_TRIPLINE) != NULL ? ", etw or eventlog,etw" : "");
            return -EINVAL;
        }
        size_t used = end < rest.len ? end + 1 : end;
        rest = (struct text){rest.bytes + used, rest.len - used};
    }
    return 0;
}

static int check_output(const struct config_element **out, const struct install_properties *p,
                        char reason[INSTALL_MAX_REASON])
{
    const char *type = p->values[INSTALL_OUTPUT_TYPE] != NULL ? p->values[INSTALL_OUTPUT_TYPE] : "webhook";
    const struct config_element *element = find_element(type, CONFIG_OUTPUTS);
    static const struct {
        enum install_property property;
        const char *setting;
    } wanted[] = {
        {INSTALL_COLLECTOR_URL, "url"},
        {INSTALL_CA_FILE, "ca-file"},
        {INSTALL_CLIENT_CERT, "client-certificate"},
        {INSTALL_CLIENT_KEY, "client-key"},
    };
    if (element == NULL) {
        snprintf(reason, INSTALL_MAX_REASON,
                 "OUTPUT_TYPE: this version has no such output; example.xml beside the program lists them");
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (p->values[wanted[i].property] != NULL && !has_setting(element, wanted[i].setting)) {
            snprintf(reason, INSTALL_MAX_REASON, "%s: an output of the type %s has no %s",
                     install_property_name(wanted[i].property), element->name, wanted[i].setting);
            return -EINVAL;
        }
    *out = element;
    return 0;
}

static void write_output(struct xml *xml, const struct config_element *element, const struct install_properties *p)
{
    /* A certificate and its key may lie in one file. */
    const char *key =
        p->values[INSTALL_CLIENT_KEY] != NULL ? p->values[INSTALL_CLIENT_KEY] : p->values[INSTALL_CLIENT_CERT];
    const char *token = p->values[INSTALL_TOKEN];
    bool takes_token = has_setting(element, "token");
    literal(xml, "    <outputs>\n        <");
    literal(xml, element->name);
    literal(xml, " name=\"central\"");
    attribute(xml, "url", p->values[INSTALL_COLLECTOR_URL]);
    attribute(xml, "ca-file", p->values[INSTALL_CA_FILE]);
    attribute(xml, "client-certificate", p->values[INSTALL_CLIENT_CERT]);
    attribute(xml, "client-key", key);
    attribute(xml, "token", takes_token ? token : NULL);
    if (token != NULL && !takes_token) {
        literal(xml, ">\n            <header name=\"Authorization\" value=\"Bearer ");
        escaped(xml, token);
        literal(xml, "\"/>\n        </");
        literal(xml, element->name);
        literal(xml, ">");
    } else {
        literal(xml, "/>");
    }
    literal(xml, "\n    </outputs>\n");
}

int install_config_write(char **out, const struct install_properties *p, char reason[INSTALL_MAX_REASON])
{
    const struct config_element *element = NULL;
    if (p->values[INSTALL_COLLECTOR_URL] == NULL) {
        snprintf(reason, INSTALL_MAX_REASON, "COLLECTOR_URL is not given; write COLLECTOR_URL=https://...");
        return -EINVAL;
    }
    int rc = check_sources(p->values[INSTALL_SOURCES], reason);
    if (rc == 0)
        rc = check_output(&element, p, reason);
    if (rc < 0)
        return rc;
    struct xml xml = {NULL, 0, 0, 0};
    literal(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!-- Written by the installation. Every setting: example.xml beside the program;\n"
                  "     \"tripline check-config\" after a change. Edited, it stays as it is over upgrades. -->\n"
                  "<tripline version=\"1\">\n    <eventlog");
    attribute(&xml, "lookback", p->values[INSTALL_LOOKBACK]);
    literal(&xml, "/>\n");
    if (install_config_lists(p->values[INSTALL_SOURCES], "etw"))
        literal(&xml, "    <etw enabled=\"yes\"/>\n");
    write_output(&xml, element, p);
    literal(&xml, "</tripline>\n");
    if (xml.rc < 0)
        config_wipe(xml.text);
    else
        *out = xml.text;
    return xml.rc;
}
