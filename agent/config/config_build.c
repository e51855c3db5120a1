/* The elements of the config -> struct config, with what concerns more than one setting. */
#include "agent/config/config_parse.h"

#include "agent/config/config_place.h"
#include "agent/config/secret.h"
#include "agent/system/file.h"
#include "detect/base/suggest.h"
#include "detect/event/kinds.h"
#include "detect/rule/rule.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the settings of the element that begins go, and where they stand in the text. */
struct build {
    void *target;
    const struct config_element *element;
    size_t tag;
    size_t at[CONFIG_MAX_SETTINGS]; /* byte offset of each setting's attribute; 0: not given (a tag comes first) */
};

static void unknown_attribute(struct config_parse *p, size_t at, const char *name, const struct config_element *e)
{
    const char *names[CONFIG_MAX_SETTINGS];
    char quoted[CONFIG_QUOTED_SIZE], list[CONFIG_MAX_REASON] = "";
    for (size_t i = 0; i < e->count; i++)
        names[i] = e->settings[i].name;
    const char *nearest = suggest_nearest(name, names, e->count);
    config_quoted(quoted, name);
    if (nearest != NULL) {
        config_parse_fault(p, at, "unknown attribute %s of <%s>; did you mean %s?", quoted, e->name, nearest);
        return;
    }
    for (size_t i = 0, used = 0; i < e->count; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    config_parse_fault(p, at, "unknown attribute %s of <%s>; %s%s", quoted, e->name,
                       e->count == 0 ? "it has none" : "known are ", list);
}

/* What editors need to find the schema: meant for them alone. */
static bool is_for_editors(const struct config_element *e, const char *name)
{
    return e == config_element(CONFIG_TRIPLINE) &&
           (strcmp(name, "xmlns:xsi") == 0 || strcmp(name, "xsi:noNamespaceSchemaLocation") == 0);
}

/* Which of the value, as it is written at byte at, is for nobody else: a secret itself, not a reference to one; of a
 * URL what comes after the host. */
static void hide_secret(struct config_parse *p, const struct setting *s, const char *value, size_t at)
{
    struct text written = config_place_value(p->xml, at);
    size_t kept = 0;
    if (!s->is_secret || (s->kind == SETTING_TEXT && secret_is_reference(value)))
        return;
    if (s->kind == SETTING_URL) {
        struct text host = {written.bytes, written.len};
        kept = text_find(host, ':');
        kept = kept + 3 < written.len ? kept + 3 : written.len; /* "://" */
        while (kept < written.len && strchr("/?#", written.bytes[kept]) == NULL)
            kept++;
        kept += kept < written.len; /* the / of "https://host/", which says nothing */
    }
    memset(p->shown + (written.bytes - p->xml.bytes) + kept, '\0', written.len - kept);
}

static void set_one(struct config_parse *p, struct build *b, const char *name, const char *value, size_t at)
{
    const struct config_element *e = b->element;
    char reason[CONFIG_MAX_REASON];
    size_t i = 0;
    while (i < e->count && strcmp(e->settings[i].name, name) != 0)
        i++;
    if (i == e->count) {
        if (!is_for_editors(e, name))
            unknown_attribute(p, at, name, e);
        return;
    }
    b->at[i] = at;
    int rc = config_set(b->target, &e->settings[i], value, p->name, reason);
    if (rc == -EINVAL)
        config_parse_fault(p, at, "%s", reason);
    else if (rc < 0)
        p->rc = rc;
    else
        hide_secret(p, &e->settings[i], value, at);
}

static void set_all(struct config_parse *p, struct build *b, const char **attributes)
{
    char range[CONFIG_MAX_REASON];
    for (size_t i = 0; attributes[2 * i] != NULL; i++)
        set_one(p, b, attributes[2 * i], attributes[2 * i + 1], config_place_attribute(p->xml, b->tag, i));
    for (size_t i = 0; i < b->element->count; i++) {
        const struct setting *s = &b->element->settings[i];
        if (s->initial != NULL || s->absent != NULL || b->at[i] != 0)
            continue;
        config_range(range, s);
        config_parse_fault(p, b->tag, "<%s> has no %s; write %s=\"...\" (%s)", b->element->name, s->name, s->name,
                           range);
    }
}

/* Where the setting of this name stands, or the tag. */
static size_t place_of(const struct build *b, const char *name)
{
    for (size_t i = 0; i < b->element->count; i++)
        if (strcmp(b->element->settings[i].name, name) == 0 && b->at[i] != 0)
            return b->at[i];
    return b->tag;
}

static unsigned long line_of(const struct config_parse *p, size_t at)
{
    unsigned long line, column;
    config_place(&line, &column, p->xml, at);
    return line;
}

static void etw_check(struct config_parse *p, const struct build *b)
{
    const struct config_etw *etw = &p->config->etw;
    if (etw->min_buffers > etw->max_buffers)
        config_parse_fault(p, place_of(b, "min-buffers"),
                           "min-buffers (%u) is above max-buffers (%u); write it the other way round", etw->min_buffers,
                           etw->max_buffers);
}

static void channel_check(struct config_parse *p, const struct build *b)
{
    struct config *c = p->config;
    size_t last = c->channel_count - 1;
    char quoted[CONFIG_QUOTED_SIZE];
    p->channel_at[last] = b->tag;
    for (size_t i = 0; i < last && c->channels[last].name != NULL; i++) {
        /* Windows takes Security and security for the same log. */
        if (!text_equal_nocase(text_from(c->channels[i].name), text_from(c->channels[last].name)))
            continue;
        config_parse_fault(p, place_of(b, "name"), "channel %s is there twice; the first is on line %lu",
                           config_quoted(quoted, c->channels[last].name), line_of(p, p->channel_at[i]));
        return;
    }
}

static void rule_start(struct config_parse *p, struct build *b, const char **attributes)
{
    struct config *c = p->config;
    char quoted[CONFIG_QUOTED_SIZE];
    struct config_rule *bigger = realloc(c->rules, (c->rule_count + 1) * sizeof(*bigger));
    if (bigger == NULL) {
        p->rc = -ENOMEM;
        return;
    }
    c->rules = bigger;
    struct config_rule *rule = &c->rules[c->rule_count++];
    *rule = (struct config_rule){NULL, false, NULL};
    p->rc = config_set_defaults(rule, CONFIG_RULE);
    b->target = rule;
    set_all(p, b, attributes);
    if (rule->severity != NULL && rule_severity_rank(text_from(rule->severity)) < 0)
        config_parse_fault(p, place_of(b, "severity"),
                           "severity=%s; write Informational, Low, Medium, High or Critical",
                           config_quoted(quoted, rule->severity));
    for (size_t i = 0; rule->id != NULL && i + 1 < c->rule_count; i++)
        if (c->rules[i].id != NULL && text_equal_nocase(text_from(c->rules[i].id), text_from(rule->id)))
            config_parse_fault(p, place_of(b, "id"), "rule %s is there twice; put all that is said of it in one <rule>",
                               config_quoted(quoted, rule->id));
}

/* Can the file be read, and is it PEM? */
static void pem_check(struct config_parse *p, const struct build *b, const char *setting, const char *path)
{
    char *content = NULL, quoted[CONFIG_QUOTED_SIZE];
    size_t size = 0;
    if (!p->opens_files || path == NULL)
        return;
    int rc = file_read(&content, &size, path, CONFIG_MAX_PEM);
    if (rc < 0)
        config_parse_fault(p, place_of(b, setting), "%s=%s can't be read: %s; name a PEM file that can", setting,
                           config_quoted(quoted, path), strerror(-rc));
    else if (strstr(content, "-----BEGIN ") == NULL)
        config_parse_fault(p, place_of(b, setting),
                           "%s=%s is not PEM text; convert it with openssl x509 -inform DER "
                           "or the like",
                           setting, config_quoted(quoted, path));
    config_wipe(content); /* up to a NUL; PEM has none */
}

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size &&
           text_equal_nocase((struct text){text + size - end_size, end_size}, (struct text){end, end_size});
}

/* A certificate with its key in one file is told by its name. */
static bool is_p12(const char *path)
{
    return path != NULL && (ends_in(path, ".p12") || ends_in(path, ".pfx"));
}

/* Is plain http:// allowed? */
static void way_check(struct config_parse *p, const struct build *b, const struct config_output *output)
{
    if (output->url != NULL && strncmp(output->url, "http://", 7) == 0 && !output->allow_plaintext)
        config_parse_fault(
            p, place_of(b, "url"),
            "url begins with http://; write https://, or allow-plaintext=\"loopback\" too, for a server on "
            "this very host");
}

static void proxy_check(struct config_parse *p, const struct build *b)
{
    const struct config_proxy *proxy = &p->config->proxy;
    bool is_basic = proxy->login == HTTPS_PROXY_BASIC;
    if (strcmp(proxy->url, "none") != 0 && strcmp(proxy->url, "environment") != 0 &&
        (strncmp(proxy->url, "http://", 7) != 0 || proxy->url[7] == '\0' || strpbrk(proxy->url + 7, "/?#@ ") != NULL))
        config_parse_fault(p, place_of(b, "url"),
                           "url of <proxy> is no proxy; write http://host:port, none or environment (user and password "
                           "are settings of their own)");
    if (is_basic != (proxy->user != NULL) || is_basic != (proxy->password != NULL))
        config_parse_fault(
            p, place_of(b, "login"),
            "login, user and password of <proxy> do not fit; write login=\"basic\" with both, or neither");
}

static void output_check(struct config_parse *p, const struct build *b)
{
    struct config *c = p->config;
    struct config_output *last = &c->outputs[c->output_count - 1];
    p->output_at[c->output_count - 1] = b->tag;
    for (size_t i = 0; i + 1 < c->output_count && last->name != NULL; i++) {
        if (c->outputs[i].name == NULL || strcmp(c->outputs[i].name, last->name) != 0)
            continue;
        config_parse_fault(p, place_of(b, "name"),
                           "output \"%s\" is there twice, first on line %lu; give each its own "
                           "name",
                           last->name, line_of(p, p->output_at[i]));
        break;
    }
    bool has_p12 = is_p12(last->client_certificate);
    if (has_p12 && last->client_key != NULL)
        config_parse_fault(p, place_of(b, "client-key"), "client-key beside a .p12, which has its own; leave it out");
    if (!has_p12 && (last->client_certificate == NULL) != (last->client_key == NULL)) {
        bool has_key = last->client_key != NULL;
        config_parse_fault(p, place_of(b, has_key ? "client-key" : "client-certificate"),
                           "%s without %s; write both (they may name the same file) or none",
                           has_key ? "client-key" : "client-certificate",
                           has_key ? "client-certificate" : "client-key");
    }
    if (last->client_key_password != NULL && last->client_key == NULL && !has_p12)
        config_parse_fault(p, place_of(b, "client-key-password"),
                           "client-key-password without client-key; write "
                           "both or none");
    pem_check(p, b, "ca-file", last->ca_file);
    if (!has_p12)
        pem_check(p, b, "client-certificate", last->client_certificate);
    way_check(p, b, last);
    pem_check(p, b, "client-key", last->client_key);
}

/* What the kind of output has of its own. */
static void own_check(struct config_parse *p, const struct build *b, const struct config_output *last)
{
    const struct output_type *type = output_type_find(last->type);
    const char *setting = NULL, *fault = type->check == NULL ? NULL : type->check(last->own, &setting);
    if (fault != NULL)
        config_parse_fault(p, setting == NULL ? b->tag : place_of(b, setting), "%s", fault);
    for (size_t i = 0; i < b->element->count; i++) {
        const struct setting *s = &b->element->settings[i];
        if (s->is_own && s->kind == SETTING_FILE)
            pem_check(p, b, s->name, *(char **)config_field(last, s));
    }
}

/* Those that the program itself sets. */
static const char *const own_headers[] = {"Content-Type", "Content-Encoding", "Content-Length",
                                          "Host",         "Idempotency-Key",  "Transfer-Encoding",
                                          "User-Agent",   "Connection",       "Expect"};

static void header_check(struct config_parse *p, const struct build *b, const struct config_header *h,
                         const struct config_output *output)
{
    size_t size = strlen(h->name);
    for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++)
        if (text_equal_nocase(text_from(own_headers[i]), text_from(h->name)))
            config_parse_fault(p, place_of(b, "name"), "header %s is set by the agent itself; leave it out",
                               own_headers[i]);
    for (size_t i = 0; i < output->header_count; i++) {
        struct text other = {output->headers[i], text_find(text_from(output->headers[i]), ':')};
        if (text_equal_nocase(other, (struct text){h->name, size}))
            config_parse_fault(p, place_of(b, "name"), "header %.60s is there twice; leave one out", h->name);
    }
}

/* "Name: value" at the end of the last output's list. */
static void header_add(struct config_parse *p, const struct config_header *h, struct config_output *output)
{
    size_t size = strlen(h->name) + strlen(h->value) + 3;
    if (output->headers == NULL)
        output->headers = calloc(CONFIG_MAX_HEADERS, sizeof(*output->headers));
    char *line = output->headers == NULL ? NULL : malloc(size);
    if (line == NULL) {
        p->rc = -ENOMEM;
        return;
    }
    snprintf(line, size, "%s: %s", h->name, h->value);
    output->headers[output->header_count++] = line;
}

static void header_start(struct config_parse *p, struct build *b, const char **attributes)
{
    struct config_output *output = &p->config->outputs[p->config->output_count - 1];
    struct config_header h = {NULL, NULL};
    b->target = &h;
    set_all(p, b, attributes);
    if (h.name != NULL)
        header_check(p, b, &h, output);
    if (h.name != NULL && h.value != NULL && p->rc == 0)
        header_add(p, &h, output);
    config_clear(&h, CONFIG_HEADER);
    b->target = NULL;
}

static void failover_start(struct config_parse *p, struct build *b, const char **attributes)
{
    struct config_output *output = &p->config->outputs[p->config->output_count - 1];
    struct config_failover failover = {NULL};
    b->target = &failover;
    set_all(p, b, attributes);
    b->target = NULL;
    if (output->failover == NULL)
        output->failover = calloc(CONFIG_MAX_FAILOVER, sizeof(*output->failover));
    if (output->failover == NULL)
        p->rc = -ENOMEM;
    else if (failover.url != NULL)
        output->failover[output->failover_count++] = failover.url;
    if (p->rc < 0)
        config_clear(&failover, CONFIG_FAILOVER);
}

static void output_start(struct config_parse *p, struct build *b, enum config_element_id element,
                         const char **attributes)
{
    struct config *c = p->config;
    if (c->output_count == CONFIG_MAX_OUTPUTS) {
        config_parse_fault(p, b->tag, "more than %d outputs; leave some out", CONFIG_MAX_OUTPUTS);
        return;
    }
    struct config_output *output = &c->outputs[c->output_count++];
    output->type = strdup(config_element(element)->name);
    output->own = calloc(1, output_type_at(element - CONFIG_OUTPUT)->settings_size + 1);
    if (output->own == NULL) { /* nothing is kept of an output without its own part */
        free(output->type);
        output->type = NULL;
    }
    p->rc = output->type == NULL ? -ENOMEM : config_set_defaults(output, element);
    if (p->rc < 0)
        return;
    b->target = output;
    set_all(p, b, attributes);
    output_check(p, b);
    own_check(p, b, output);
}

void config_build_start(struct config_parse *p, enum config_element_id element, const char **attributes, size_t tag)
{
    struct build b = {.target = p->config, .element = config_element(element), .tag = tag};
    switch (element) {
    case CONFIG_CHANNEL: /* at most CONFIG_MAX_CHANNELS: the table says so */
        b.target = &p->config->channels[p->config->channel_count++];
        set_all(p, &b, attributes);
        channel_check(p, &b);
        break;
    case CONFIG_RULE:
        rule_start(p, &b, attributes);
        break;
    case CONFIG_FAILOVER:
        failover_start(p, &b, attributes);
        break;
    case CONFIG_ETW:
        set_all(p, &b, attributes);
        etw_check(p, &b);
        break;
    case CONFIG_HEADER:
        header_start(p, &b, attributes);
        break;
    case CONFIG_PROXY:
        set_all(p, &b, attributes);
        proxy_check(p, &b);
        break;
    case CONFIG_TRIPLINE:
        p->root_at = tag;
        p->has_root = true;
        set_all(p, &b, attributes);
        break;
    default:
        if (b.element->parent == CONFIG_OUTPUTS)
            output_start(p, &b, element, attributes);
        else
            set_all(p, &b, attributes);
        break;
    }
}

static int add_channel(struct config *c, struct text name)
{
    for (size_t i = 0; i < c->channel_count; i++)
        if (text_equal_nocase(text_from(c->channels[i].name), name))
            return 0;
    assert(c->channel_count < CONFIG_MAX_CHANNELS);
    c->channels[c->channel_count].name = text_dup(name);
    if (c->channels[c->channel_count].name == NULL)
        return -ENOMEM;
    c->channel_count++;
    return 0;
}

/* The logs of all kinds that are read by default, and where Windows Event Forwarding puts what it brings. */
static int default_channels(struct config *c)
{
    int rc = 0;
    for (size_t i = 0; i < kinds_count() && rc == 0; i++)
        if (kinds_at(i)->is_default)
            rc = add_channel(c, kinds_at(i)->channel);
    return rc < 0 ? rc : add_channel(c, text_from("ForwardedEvents"));
}

void config_build_finish(struct config_parse *p)
{
    static const char advice[] = "alerts would go nowhere; write <outputs> <webhook name=\"...\" url=\"https://...\"/> "
                                 "</outputs>";
    if (p->rc == 0 && p->config->channel_count == 0)
        p->rc = default_channels(p->config);
    if (p->config->output_count > 0 || p->has_unknown_output || !p->has_root)
        return;
    if (p->seen[CONFIG_OUTPUTS] == 0)
        config_parse_fault(p, p->root_at, "no <outputs>; %s", advice);
    else
        config_parse_fault(p, p->first_at[CONFIG_OUTPUTS], "<outputs> is empty; %s", advice);
}
