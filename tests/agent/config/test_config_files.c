/* config/tripline.xml, config/tripline.xsd and the program's own table of settings say the same. */
#include "agent/config/config_internal.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FOUND 256

/* One attribute of the schema. */
struct found {
    char element[64], name[64], initial[64], low[32], high[32], longest[32], words[256];
    bool is_required, is_used;
};

struct schema {
    struct found list[MAX_FOUND];
    size_t count;
    char element[64]; /* whose attributes come now */
    bool in_attribute;
};

static const char *attribute(const char **list, const char *name)
{
    for (size_t i = 0; list[i] != NULL; i += 2)
        if (strcmp(list[i], name) == 0)
            return list[i + 1];
    return NULL;
}

static void keep(char *to, size_t size, const char *value)
{
    snprintf(to, size, "%s", value == NULL ? "" : value);
}

static void attribute_start(struct schema *s, const char **list)
{
    if (s->count == MAX_FOUND)
        return; /* the number of settings tells */
    struct found *f = &s->list[s->count++];
    keep(f->element, sizeof(f->element), s->element);
    keep(f->name, sizeof(f->name), attribute(list, "name"));
    keep(f->initial, sizeof(f->initial), attribute(list, "default"));
    f->is_required = attribute(list, "use") != NULL && strcmp(attribute(list, "use"), "required") == 0;
    s->in_attribute = true;
}

static void schema_start(void *context, const char *name, const char **list)
{
    struct schema *s = context;
    const char *value = attribute(list, "value");
    bool is_type = strcmp(name, "xs:complexType") == 0 || strcmp(name, "xs:attributeGroup") == 0;
    if (strcmp(name, "xs:element") == 0 || (is_type && attribute(list, "name") != NULL)) {
        /* A named type is named after its element; the root has its type inside, and its children declared there. */
        if (is_type || s->element[0] == '\0')
            keep(s->element, sizeof(s->element), attribute(list, "name"));
    } else if (strcmp(name, "xs:attribute") == 0) {
        attribute_start(s, list);
    } else if (s->in_attribute && value != NULL) {
        struct found *f = &s->list[s->count - 1];
        if (strcmp(name, "xs:minInclusive") == 0)
            keep(f->low, sizeof(f->low), value);
        else if (strcmp(name, "xs:maxInclusive") == 0)
            keep(f->high, sizeof(f->high), value);
        else if (strcmp(name, "xs:maxLength") == 0)
            keep(f->longest, sizeof(f->longest), value);
        else if (strcmp(name, "xs:enumeration") == 0)
            snprintf(f->words + strlen(f->words), sizeof(f->words) - strlen(f->words), "%s%s",
                     f->words[0] == '\0' ? "" : ", ", value);
    }
}

static void schema_end(void *context, const char *name)
{
    struct schema *s = context;
    if (strcmp(name, "xs:attribute") == 0)
        s->in_attribute = false;
}

static bool parse_file(const char *path, XML_Parser parser)
{
    char *content = NULL;
    size_t size = 0;
    if (file_read(&content, &size, path, 1u << 20) != 0)
        return false;
    enum XML_Status status = XML_Parse(parser, content, (int)size, 1);
    free(content);
    return status == XML_STATUS_OK;
}

static struct found *find(struct schema *s, const char *element, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].element, element) == 0 && strcmp(s->list[i].name, name) == 0)
            return &s->list[i];
    return NULL;
}

/* What the element's own type says of it, or one of the groups that outputs share. */
static struct found *find_setting(struct schema *s, const struct config_element *e, const char *name)
{
    struct found *f = find(s, e->name, name);
    if (f == NULL && e->parent == CONFIG_OUTPUTS)
        f = find(s, "output", name);
    if (f == NULL && e->parent == CONFIG_OUTPUTS)
        f = find(s, "connection", name);
    return f;
}

static bool is_number(const char *text, uint64_t number)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)number);
    return strcmp(text, expected) == 0;
}

static void compare(const struct found *f, const struct setting *s)
{
    char range[CONFIG_MAX_REASON];
    bool good = f->is_required == (s->initial == NULL && s->absent == NULL);
    good = good && strcmp(f->initial, s->initial == NULL ? "" : s->initial) == 0;
    config_range(range, s);
    if (s->kind == SETTING_WORD)
        good = good && strcmp(f->words, range) == 0;
    if (s->kind == SETTING_NUMBER)
        good = good && is_number(f->low, s->low) && is_number(f->high, s->high);
    if (s->kind == SETTING_TEXT || s->kind == SETTING_URL)
        good = good && is_number(f->longest, s->high);
    CU_ASSERT(good);
    if (!good)
        fprintf(stderr, "the schema differs at %s of <%s>\n", f->name, f->element);
}

static void test_schema(void)
{
    static struct schema s;
    XML_Parser parser = XML_ParserCreate(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parser);
    XML_SetUserData(parser, &s);
    XML_SetElementHandler(parser, schema_start, schema_end);
    CU_ASSERT_FATAL(parse_file(TEST_SOURCE "/config/tripline.xsd", parser));
    XML_ParserFree(parser);
    for (size_t i = 0; i < CONFIG_ELEMENT_COUNT; i++) {
        const struct config_element *e = config_element((enum config_element_id)i);
        for (size_t j = 0; j < e->count; j++) {
            struct found *f = find_setting(&s, e, e->settings[j].name);
            CU_ASSERT_PTR_NOT_NULL(f);
            if (f == NULL)
                fprintf(stderr, "the schema lacks %s of <%s>\n", e->settings[j].name, e->name);
            else
                compare(f, &e->settings[j]);
            if (f != NULL)
                f->is_used = true;
        }
    }
    CU_ASSERT(s.count > 0 && s.count < MAX_FOUND);
    for (size_t i = 0; i < s.count; i++) /* and it knows no other */
        CU_ASSERT(s.list[i].is_used);
}

/* What tripline.xml documents. */
struct sample {
    size_t documented; /* lines of settings in comments that are right */
    size_t set;        /* attributes that spell a default */
};

static const struct config_element *element_named(const char *name, size_t size)
{
    for (size_t i = 0; i < CONFIG_ELEMENT_COUNT; i++)
        if (strlen(config_element((enum config_element_id)i)->name) == size &&
            memcmp(config_element((enum config_element_id)i)->name, name, size) == 0)
            return config_element((enum config_element_id)i);
    return NULL;
}

/* Is setting j of e one that webhook has too? It is documented there. */
static bool is_shared(const struct config_element *e, size_t j)
{
    const struct config_element *webhook = config_element(CONFIG_OUTPUT);
    if (e->parent != CONFIG_OUTPUTS || e == webhook)
        return false;
    for (size_t i = 0; i < webhook->count; i++) {
        const struct setting *a = &webhook->settings[i], *b = &e->settings[j];
        if (strcmp(a->name, b->name) == 0 && a->low == b->low && a->high == b->high && a->words == b->words &&
            (a->initial == NULL) == (b->initial == NULL) && (a->initial == NULL || strcmp(a->initial, b->initial) == 0))
            return true;
    }
    return false;
}

/* The setting of e that this line of a comment begins with, or NULL. */
static const struct setting *setting_of(const struct config_element *e, const char *line)
{
    size_t size = strcspn(line, " \n");
    for (size_t i = 0; i < e->count; i++)
        if (strlen(e->settings[i].name) == size && memcmp(e->settings[i].name, line, size) == 0)
            return &e->settings[i];
    return NULL;
}

/* "max-alerts            Default: 100000. Values: 1 to 10000000" */
static void check_line(struct sample *sample, const struct config_element *e, const char *line)
{
    char expected[2 * CONFIG_MAX_REASON], range[CONFIG_MAX_REASON];
    const char *at = line + strcspn(line, " \n");
    at += strspn(at, " ");
    if (strncmp(at, "Default: ", 9) != 0 && strncmp(at, "Required.", 9) != 0)
        return; /* more words on the setting above */
    const struct setting *s = setting_of(e, line);
    bool good = s != NULL;
    if (good) {
        const char *initial = s->initial != NULL ? s->initial : s->absent;
        config_range(range, s);
        snprintf(expected, sizeof(expected), "%s%s. Values: %s",
                 initial == NULL ? "Required" : "Default: ", initial == NULL ? "" : initial, range);
        good = strncmp(at, expected, strlen(expected)) == 0 && at[strlen(expected)] == '\n';
    }
    CU_ASSERT(good);
    if (good)
        sample->documented++;
    else
        fprintf(stderr, "tripline.xml, <%s>: %.*s\n", e->name, (int)strcspn(line, "\n"), line);
}

static void on_comment(void *context, const char *text)
{
    const char *begin = text + strspn(text, " \n");
    size_t size = strcspn(begin, ">");
    const struct config_element *e = *begin == '<' ? element_named(begin + 1, size - 1) : NULL;
    for (const char *line = strchr(text, '\n'); e != NULL && line != NULL; line = strchr(line, '\n')) {
        line++;
        check_line(context, e, line + strspn(line, " "));
    }
}

static void on_element(void *context, const char *name, const char **list)
{
    struct sample *sample = context;
    const struct config_element *e = element_named(name, strlen(name));
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    for (size_t i = 0; i < e->count; i++) {
        const char *value = attribute(list, e->settings[i].name);
        if (e->settings[i].initial == NULL)
            continue;
        CU_ASSERT(value != NULL && strcmp(value, e->settings[i].initial) == 0);
        sample->set++;
    }
}

static void test_sample(void)
{
    struct sample sample = {0, 0};
    size_t settings = 0, with_default = 0;
    XML_Parser parser = XML_ParserCreate(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parser);
    XML_SetUserData(parser, &sample);
    XML_SetCommentHandler(parser, on_comment);
    XML_SetStartElementHandler(parser, on_element);
    CU_ASSERT_FATAL(parse_file(TEST_SOURCE "/config/tripline.xml", parser));
    XML_ParserFree(parser);
    for (size_t i = 0; i < CONFIG_ELEMENT_COUNT; i++) {
        const struct config_element *e = config_element((enum config_element_id)i);
        for (size_t j = 0; j < e->count; j++) {
            settings += is_shared(e, j) ? 0 : 1;
            /* The other outputs stand in comments. */
            with_default += (e->parent != CONFIG_OUTPUTS || i == CONFIG_OUTPUT) && e->settings[j].initial != NULL;
        }
    }
    CU_ASSERT_EQUAL(sample.documented, settings);
    CU_ASSERT_EQUAL(sample.set, with_default);
}

/* It may be used as it is, but for the address. */
static void test_sample_is_good(void)
{
    struct config *config = NULL;
    struct config_errors errors;
    CU_ASSERT_EQUAL(config_load(&config, TEST_SOURCE "/config/tripline.xml", &errors), 0);
    config_errors_print(stderr, "tripline.xml", &errors);
    if (config != NULL)
        CU_ASSERT_STRING_EQUAL(config->outputs[0].url, "https://collector.example.com/alerts");
    config_errors_free(&errors);
    config_free(config);
}

/* Files that a schema must refuse too (tests/agent/config/check_schema.sh); the first line of each says what we say. */
static void test_bad_files(void)
{
    static const char *const names[] = {
        "no-outputs",        "no-url",     "no-version",   "bad-version",    "unknown-element",
        "unknown-attribute", "bad-number", "out-of-range", "bad-word",       "bad-duration",
        "bad-url",           "bad-name",   "same-channel", "same-output",    "two-states",
        "empty-path",        "text",       "bad-header",   "not-well-formed"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512], *content = NULL;
        size_t size = 0;
        struct config *config = NULL;
        struct config_errors errors;
        snprintf(path, sizeof(path), "%s/tests/agent/config/bad_config/%s.xml", TEST_SOURCE, names[i]);
        CU_ASSERT_FATAL(file_read(&content, &size, path, 65536) == 0);
        int rc = config_load(&config, path, &errors);
        bool good = rc != 0 && errors.count == 1;
        if (good) { /* <!-- message --> */
            size_t length = strlen(errors.list[0].message);
            good = strncmp(content, "<!-- ", 5) == 0 && strncmp(content + 5, errors.list[0].message, length) == 0 &&
                   strncmp(content + 5 + length, " -->", 4) == 0;
        }
        CU_ASSERT(good);
        if (!good)
            config_errors_print(stderr, path, &errors);
        free(content);
        config_errors_free(&errors);
        config_free(config);
    }
}

static void write_file(const char *path, const char *content)
{
    FILE *file = NULL;
    CU_ASSERT_FATAL(file_open(&file, path, "wb") == 0);
    CU_ASSERT_EQUAL(fwrite(content, 1, strlen(content), file), strlen(content));
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void test_load(void)
{
    struct config *c = NULL;
    struct config_errors errors;
    CU_ASSERT_FATAL(file_make_directory("test_config_files.tmp") == 0);
    CU_ASSERT_EQUAL(config_load(&c, "test_config_files.tmp/absent.xml", &errors), -ENOENT);
    CU_ASSERT(errors.count == 1 && errors.list[0].line == 0);
    config_errors_free(&errors);
    CU_ASSERT_EQUAL(config_load(&c, "test_config_files.tmp", &errors), -EISDIR);
    CU_ASSERT(errors.count == 1 && strstr(errors.list[0].message, "directory") != NULL);
    config_errors_free(&errors);

    /* Files that it names are looked for beside it, and are to be PEM. */
    write_file("test_config_files.tmp/t.xml",
               "<tripline version=\"1\"><outputs><webhook name=\"a\" url=\"https://h/\" ca-file=\"ca.pem\"\n"
               "client-certificate=\"c.der\" client-key=\"absent.pem\"/></outputs></tripline>");
    write_file("test_config_files.tmp/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    write_file("test_config_files.tmp/c.der", "\x30\x82");
    CU_ASSERT_EQUAL(config_load(&c, "test_config_files.tmp/t.xml", &errors), -EINVAL);
    CU_ASSERT_EQUAL_FATAL(errors.count, 2);
    CU_ASSERT(errors.list[0].line == 2 && errors.list[0].column == 1 &&
              strstr(errors.list[0].message, "is not PEM text") != NULL);
    CU_ASSERT(errors.list[1].line == 2 && errors.list[1].column == 28 &&
              strstr(errors.list[1].message, "can't be read: No such file") != NULL);
    config_errors_free(&errors);
    write_file("test_config_files.tmp/c.der", "-----BEGIN CERTIFICATE-----\n");
    write_file("test_config_files.tmp/absent.pem", "-----BEGIN PRIVATE KEY-----\n");
    CU_ASSERT_EQUAL(config_load(&c, "test_config_files.tmp/t.xml", &errors), 0);
    config_errors_free(&errors);
    config_free(c);
    CU_ASSERT_EQUAL(file_remove("test_config_files.tmp/absent.pem"), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"tripline.xsd knows the same settings", test_schema},
        {"tripline.xml documents the same settings", test_sample},
        {"tripline.xml is good", test_sample_is_good},
        {"bad files", test_bad_files},
        {"files that a config names", test_load},
        CU_TEST_INFO_NULL,
    };
    return test_main("config files", tests);
}
