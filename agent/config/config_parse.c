#include "agent/config/config_parse.h"

#include "agent/config/config_place.h"
#include "agent/system/file.h"
#include "detect/base/suggest.h"
#include "transport/document/sha256.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static size_t here(const struct config_parse *p)
{
    XML_Index at = XML_GetCurrentByteIndex(p->parser);
    return at < 0 ? 0 : (size_t)at;
}

void config_parse_fault(struct config_parse *p, size_t offset, const char *format, ...)
{
    char message[2 * CONFIG_MAX_REASON];
    unsigned long line, column;
    va_list arguments;

    if (p->rc < 0 || p->errors->count > CONFIG_MAX_ERRORS)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments); /* cut where longer */
    va_end(arguments);
    config_place(&line, &column, p->xml, offset);
    p->rc = config_errors_add(p->errors, line, column, "%s", message);
    if (p->rc == 0 && p->errors->count == CONFIG_MAX_ERRORS)
        p->rc = config_errors_add(p->errors, line, column + 1, "too many mistakes; mend those above first");
    if ((p->rc < 0 || p->errors->count > CONFIG_MAX_ERRORS) && p->parser != NULL)
        (void)XML_StopParser(p->parser, XML_FALSE); /* fails only where it has ended already */
}

/* The names of the elements that may stand in parent; returns how many. */
static size_t children(const char *names[CONFIG_ELEMENT_COUNT], enum config_element_id parent)
{
    size_t count = 0;
    for (unsigned i = 0; i < CONFIG_ELEMENT_COUNT; i++)
        if (config_may_stand_in((enum config_element_id)i, parent))
            names[count++] = config_element((enum config_element_id)i)->name;
    return count;
}

static void unknown_element(struct config_parse *p, const char *name, enum config_element_id parent)
{
    const char *names[CONFIG_ELEMENT_COUNT];
    char quoted[CONFIG_QUOTED_SIZE], list[CONFIG_MAX_REASON] = "";
    size_t count = children(names, parent);
    const char *nearest = suggest_nearest(name, names, count);
    config_quoted(quoted, name);
    p->has_unknown_output = p->has_unknown_output || parent == CONFIG_OUTPUTS;
    if (nearest != NULL) {
        config_parse_fault(p, here(p), "unknown element %s in <%s>; did you mean <%s>?", quoted,
                           config_element(parent)->name, nearest);
        return;
    }
    for (size_t i = 0, used = 0; i < count; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s<%s>", i == 0 ? "" : ", ", names[i]);
    config_parse_fault(p, here(p), "unknown element %s in <%s>; %s%s", quoted, config_element(parent)->name,
                       count == 0 ? "nothing may stand in it" : "known are ", list);
}

/* May element stand here once more? */
static bool may_repeat(struct config_parse *p, enum config_element_id element)
{
    const struct config_element *e = config_element(element);
    unsigned long line, column;
    if (p->seen[element]++ == 0)
        p->first_at[element] = here(p);
    if (p->seen[element] <= e->most)
        return true;
    if (e->most == 1) {
        config_place(&line, &column, p->xml, p->first_at[element]);
        config_parse_fault(p, here(p), "a second <%s>; put its settings into the first one, on line %lu", e->name,
                           line);
    } else {
        config_parse_fault(p, here(p), "more than %u of <%s>; leave some out", e->most, e->name);
    }
    return false;
}

static enum config_element_id element_find(const char *name, enum config_element_id parent)
{
    unsigned i = CONFIG_TRIPLINE + 1;
    while (i < CONFIG_ELEMENT_COUNT && (!config_may_stand_in((enum config_element_id)i, parent) ||
                                        strcmp(config_element((enum config_element_id)i)->name, name) != 0))
        i++;
    return (enum config_element_id)i;
}

/* Runs in expat, as all that is set in parser_new(). */
static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct config_parse *p = context;
    char quoted[CONFIG_QUOTED_SIZE];
    enum config_element_id element = CONFIG_TRIPLINE;
    if (p->rc < 0)
        (void)XML_StopParser(p->parser, XML_FALSE); /* fails only where it has been stopped already */
    if (p->skipped > 0 || p->rc < 0) {
        p->skipped++;
        return;
    }
    if (p->depth == 0 && strcmp(name, config_element(element)->name) != 0) {
        config_parse_fault(p, here(p), "the outermost element is %s; write <tripline version=\"1\">",
                           config_quoted(quoted, name));
        p->skipped++;
        return;
    }
    if (p->depth > 0) {
        enum config_element_id parent = p->stack[p->depth - 1];
        element = element_find(name, parent);
        if (element == CONFIG_ELEMENT_COUNT)
            unknown_element(p, name, parent);
        if (element == CONFIG_ELEMENT_COUNT || !may_repeat(p, element)) {
            p->skipped++;
            return;
        }
    }
    for (unsigned i = CONFIG_TRIPLINE + 1; i < CONFIG_ELEMENT_COUNT; i++)
        if (config_may_stand_in((enum config_element_id)i, element))
            p->seen[i] = 0;
    p->stack[p->depth++] = element;
    config_build_start(p, element, attributes, here(p));
}

static void on_end(void *context, const XML_Char *name)
{
    struct config_parse *p = context;
    (void)name; /* the one that began last */
    if (p->skipped > 0) {
        p->skipped--;
        return;
    }
    p->depth--;
}

static void on_text(void *context, const XML_Char *text, int size)
{
    struct config_parse *p = context;
    for (int i = 0; i < size; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL && p->skipped == 0) {
            config_parse_fault(p, here(p), "text in <%s>; settings are attributes: name=\"value\"",
                               config_element(p->stack[p->depth - 1])->name);
            return;
        }
    }
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int has_subset)
{
    static const char begin[] = "<!DOCTYPE";
    struct config_parse *p = context;
    size_t at = here(p);                                            /* somewhere in it */
    (void)name, (void)system_id, (void)public_id, (void)has_subset; /* whatever it says */
    while (at > 0 && (p->xml.len - at < sizeof(begin) - 1 || memcmp(p->xml.bytes + at, begin, sizeof(begin) - 1) != 0))
        at--;
    config_parse_fault(p, at, "a document type (<!DOCTYPE>) is not allowed; leave it out");
    (void)XML_StopParser(p->parser, XML_FALSE);
}

static void on_declaration(void *context, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    struct config_parse *p = context;
    char quoted[CONFIG_QUOTED_SIZE];
    (void)version, (void)standalone; /* say nothing about settings */
    if (encoding != NULL && !text_equal_nocase(text_from(encoding), text_from("UTF-8")))
        config_parse_fault(p, here(p), "encoding=%s; save the file as UTF-8 and say so",
                           config_quoted(quoted, encoding));
}

static const char *hint(enum XML_Error error, bool has_root)
{
    switch (error) {
    case XML_ERROR_NO_ELEMENTS:
        return !has_root ? "write <tripline version=\"1\"> ... </tripline>, as example.xml beside the program shows"
                         : "write </tripline> and what else is open at its end";
    case XML_ERROR_INVALID_TOKEN:
        return "write & as &amp;, < as &lt;, and values in quotes";
    case XML_ERROR_UNCLOSED_TOKEN:
        return "close what begins here";
    case XML_ERROR_TAG_MISMATCH:
        return "close the element that was opened last";
    case XML_ERROR_DUPLICATE_ATTRIBUTE:
        return "write each setting once";
    case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
        return "leave out what follows </tripline>";
    case XML_ERROR_UNDEFINED_ENTITY:
        return "known are &amp; &lt; &gt; &quot; &apos; and &#number;";
    default:
        return "mend the XML here";
    }
}

/* The first byte that is not UTF-8, or xml.len. */
static size_t find_invalid(struct text xml)
{
    for (size_t at = 0; at < xml.len;) {
        size_t begin = at;
        if (text_decode(xml, &at) == TEXT_REPLACEMENT &&
            (at - begin != 3 || memcmp(xml.bytes + begin, "\xEF\xBF\xBD", 3) != 0))
            return begin;
    }
    return xml.len;
}

/* What would only confuse expat's message. */
static bool check_encoding(struct config_parse *p)
{
    const char *bytes = p->xml.bytes;
    bool blank = true;
    for (size_t i = 0; blank && i < p->xml.len; i++)
        blank = strchr(" \t\r\n", bytes[i]) != NULL && bytes[i] != '\0';
    size_t invalid = find_invalid(p->xml), nul = text_find(p->xml, '\0');
    if (blank)
        config_parse_fault(p, 0,
                           "the file is empty; write <tripline version=\"1\"> ... </tripline>, as "
                           "example.xml beside the program shows");
    else if (p->xml.len >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        config_parse_fault(p, 0, "the file is UTF-16; save it as UTF-8");
    else if (invalid < p->xml.len)
        config_parse_fault(p, invalid, "byte 0x%02X is not UTF-8; save the file as UTF-8",
                           (unsigned)(unsigned char)bytes[invalid]);
    else if (nul < p->xml.len)
        config_parse_fault(p, nul, "a NUL byte; save the file as UTF-8 text");
    else
        return true;
    return false;
}

static XML_Parser parser_new(struct config_parse *p)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");
    if (parser == NULL)
        return NULL;
    XML_SetUserData(parser, p);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetXmlDeclHandler(parser, on_declaration);
    return parser;
}

/* Expat's words; where they only repeat ours, what is after them. */
static const char *what(enum XML_Error error)
{
    return error == XML_ERROR_INVALID_TOKEN ? "an invalid character" : XML_ErrorString(error);
}

static int parse_text(struct config_parse *p)
{
    if (!check_encoding(p))
        return p->rc;
    p->parser = parser_new(p);
    if (p->parser == NULL)
        return -ENOMEM;
    enum XML_Status status = XML_Parse(p->parser, p->xml.bytes, (int)p->xml.len, 1);
    enum XML_Error error = status == XML_STATUS_OK ? XML_ERROR_NONE : XML_GetErrorCode(p->parser);
    size_t at = here(p);
    XML_ParserFree(p->parser);
    p->parser = NULL;
    if (error == XML_ERROR_NO_MEMORY)
        return -ENOMEM;
    if (error == XML_ERROR_NONE)
        config_build_finish(p);
    else if (error != XML_ERROR_ABORTED) /* our own stop has said why */
        config_parse_fault(p, at, "not well-formed XML: %s; %s", what(error), hint(error, p->has_root));
    return p->rc;
}

/* Of what is left of the text without secrets. Returns 0 or -EIO. */
static int hash_shown(struct config_parse *p)
{
    size_t used = 0;
    for (size_t i = 0; i < p->xml.len; i++)
        if (p->shown[i] != '\0')
            p->shown[used++] = p->shown[i];
    return sha256_of(p->config->shown_sha256, p->shown, used);
}

int config_parse_text(struct config **out, struct text xml, const char *name, bool opens_files,
                      struct config_errors *errors)
{
    struct config_parse p = {.xml = xml, .name = name, .opens_files = opens_files, .errors = errors};
    *errors = (struct config_errors){NULL, 0};
    if (xml.len > CONFIG_MAX_SIZE) {
        int added = config_errors_add(errors, 0, 0, "larger than %u bytes; no config needs that", CONFIG_MAX_SIZE);
        return added < 0 ? added : -EINVAL;
    }
    if (xml.len >= 3 && memcmp(xml.bytes, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark has no column */
        p.xml = (struct text){xml.bytes + 3, xml.len - 3};
    int rc = config_new(&p.config);
    p.shown = malloc(p.xml.len + 1);
    if (rc == 0 && p.shown == NULL)
        rc = -ENOMEM;
    if (rc == 0) {
        memcpy(p.shown, p.xml.bytes, p.xml.len);
        rc = parse_text(&p);
    }
    if (rc == 0 && errors->count > 0)
        rc = -EINVAL;
    if (rc == 0 && p.config->state_directory == NULL) {
        p.config->is_state_default = true;
        rc = file_default_state(&p.config->state_directory);
    }
    if (rc == 0)
        rc = hash_shown(&p);
    if (rc == 0) {
        *out = p.config;
        p.config = NULL;
    }
    config_errors_sort(errors);
    config_free(p.config);
    if (p.shown != NULL)
        OPENSSL_cleanse(p.shown, p.xml.len); /* where the file has mistakes, secrets may stand in it */
    free(p.shown);
    return rc;
}
