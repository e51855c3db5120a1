/* What outputs have in common, and their elements: each kind's own settings stand in its file, transport/outputs/. */
#include "agent/config/config_internal.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OUTPUT struct config_output

static const char *const encodings[] = {"ecs", "ocsf", "sentinel", NULL}; /* enum output_encoding */
static const char *const no_loopback[] = {"no", "loopback", NULL};

/* What every output has; the most kilobytes of a batch are its kind's. */
static const struct setting every[] = {
    {.name = "name",
     .kind = SETTING_NAME,
     .store = SETTING_CHARS,
     .offset = offsetof(OUTPUT, name),
     .low = 1,
     .high = 64},
    SETTING_AS_NUMBER("max-batch-alerts", SETTING_SIZE, OUTPUT, max_batch_alerts, "100", 1, OUTPUT_MAX_BATCH, 1),
    SETTING_AS_NUMBER("max-batch-kilobytes", SETTING_SIZE, OUTPUT, max_batch_bytes, "512", 1, 0, 1024),
    SETTING_AS_DURATION("max-batch-age", OUTPUT, max_batch_age_ms, "1s", 0, 60, 1000),
};
#define BATCH_KILOBYTES 2 /* its place in every */

/* What every output has that speaks HTTP. 1023: OpenSSL's PEM_BUFSIZE, 1024, with a NUL. */
static const struct setting connection[] = {
    {.name = "url",
     .kind = SETTING_URL,
     .store = SETTING_CHARS,
     .offset = offsetof(OUTPUT, url),
     .is_secret = true,
     .low = 9,
     .high = 2048},
    SETTING_AS_FILE("ca-file", OUTPUT, ca_file, "the system's authorities"),
    SETTING_AS_FILE("client-certificate", OUTPUT, client_certificate, "none"),
    SETTING_AS_FILE("client-key", OUTPUT, client_key, "none"),
    SETTING_AS_SECRET("client-key-password", OUTPUT, client_key_password, "none", 1023),
    {.name = "pin",
     .kind = SETTING_PIN,
     .store = SETTING_CHARS,
     .offset = offsetof(OUTPUT, pin),
     .absent = "none",
     .high = 44},
    {.name = "pin-next",
     .kind = SETTING_PIN,
     .store = SETTING_CHARS,
     .offset = offsetof(OUTPUT, pin_next),
     .absent = "none",
     .high = 44},
    SETTING_AS_WORD("ocsp-staple", SETTING_BOOL, OUTPUT, ocsp_staple, output_no_yes, "no"),
    SETTING_AS_WORD("allow-plaintext", SETTING_BOOL, OUTPUT, allow_plaintext, no_loopback, "no"),
    SETTING_AS_DURATION("timeout", OUTPUT, timeout_ms, "30s", 1, 300, 1000),
    SETTING_AS_DURATION("connect-timeout", OUTPUT, connect_timeout_ms, "10s", 1, 300, 1000),
};

/* Their defaults are their kind's. */
static const struct setting encoding = SETTING_AS_WORD("encoding", SETTING_ENUM, OUTPUT, encoding, encodings, NULL);
static const struct setting gzip = SETTING_AS_WORD("gzip", SETTING_BOOL, OUTPUT, gzip, output_no_yes, NULL);

static const struct setting header[] = {
    {.name = "name",
     .kind = SETTING_TOKEN,
     .store = SETTING_CHARS,
     .offset = offsetof(struct config_header, name),
     .low = 1,
     .high = 256},
    {.name = "value",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = offsetof(struct config_header, value),
     .is_secret = true,
     .low = 1,
     .high = 8192}, /* what common servers take for one line of a header */
};

static const struct setting failover[] = {
    {.name = "url",
     .kind = SETTING_URL,
     .store = SETTING_CHARS,
     .offset = offsetof(struct config_failover, url),
     .is_secret = true,
     .low = 9,
     .high = 2048},
};

static struct setting settings[OUTPUT_TYPE_COUNT][CONFIG_MAX_SETTINGS]; /* once made */
static struct config_element elements[CONFIG_ELEMENT_COUNT - CONFIG_HEADER];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static struct setting *add(struct config_element *e, struct setting *to, const struct setting *from, size_t count)
{
    assert(e->count + count <= CONFIG_MAX_SETTINGS);
    if (count > 0)
        memcpy(to + e->count, from, count * sizeof(*from));
    e->count += count;
    return to + e->count - count;
}

static void add_default(struct config_element *e, struct setting *to, const struct setting *from, const char *initial)
{
    if (initial != NULL)
        add(e, to, from, 1)->initial = initial;
}

static void make_output(struct config_element *e, struct setting *to, const struct output_type *type)
{
    *e = (struct config_element){type->name, CONFIG_OUTPUTS, CONFIG_MAX_OUTPUTS, to, 0};
    add(e, to, every, COUNT(every))[BATCH_KILOBYTES].high = type->max_batch_kilobytes;
    if (type->speaks_http)
        add(e, to, connection, COUNT(connection));
    add_default(e, to, &encoding, type->encoding);
    add_default(e, to, &gzip, type->gzip);
    struct setting *own = add(e, to, type->settings, type->setting_count);
    for (size_t i = 0; i < type->setting_count; i++)
        own[i].is_own = true;
}

static void make(void)
{
    elements[0] = (struct config_element){"header", CONFIG_ANY_OUTPUT, CONFIG_MAX_HEADERS, header, COUNT(header)};
    elements[CONFIG_FAILOVER - CONFIG_HEADER] =
        (struct config_element){"failover", CONFIG_ANY_OUTPUT, CONFIG_MAX_FAILOVER, failover, COUNT(failover)};
    for (unsigned i = 0; i < OUTPUT_TYPE_COUNT; i++)
        make_output(&elements[CONFIG_OUTPUT - CONFIG_HEADER + i], settings[i], output_type_at(i));
}

const struct config_element *config_output_element(enum config_element_id id)
{
    (void)pthread_once(&made, make); /* fails only for a control that is none */
    return &elements[id - CONFIG_HEADER];
}

enum config_element_id config_element_of(const struct config_output *output)
{
    unsigned id = CONFIG_OUTPUT;
    while (id + 1 < CONFIG_ELEMENT_COUNT && strcmp(config_element((enum config_element_id)id)->name, output->type) != 0)
        id++;
    return (enum config_element_id)id;
}

void *config_field(const void *target, const struct setting *setting)
{
    const struct config_output *output = target;
    char *begin = NULL;
    if (setting->is_own)
        begin = output->own;
    else
        memcpy(&begin, &target, sizeof(begin)); /* whether it may be written is the caller's to know */
    return begin + setting->offset;
}

const char *config_output_text(const struct config_output *output, const char *setting)
{
    const struct config_element *e = config_element(config_element_of(output));
    size_t i = 0;
    while (i < e->count && strcmp(e->settings[i].name, setting) != 0)
        i++;
    const struct setting *s = &e->settings[i];
    if (i == e->count)
        return NULL;
    if (s->store == SETTING_CHARS)
        return *(char **)config_field(output, s);
    if (s->kind != SETTING_WORD)
        return NULL;
    return s->words[s->store == SETTING_BOOL ? *(bool *)config_field(output, s) : *(unsigned *)config_field(output, s)];
}
