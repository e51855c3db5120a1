#include "agent/config/config.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "<tripline version=\"1\">"
#define HOOK "<webhook name=\"a\" url=\"https://h/\"/>"
#define OUT "<outputs>" HOOK "</outputs>"

static struct config *parse(const char *xml, struct config_errors *errors, int *rc)
{
    struct config *config = NULL;
    *rc = config_parse(&config, text_from(xml), "dir/tripline.xml", errors);
    if (*rc == 0 && errors->count > 0) /* the header excludes it */
        *rc = -EPROTO;
    return config;
}

/* Each mistake: the place and a part of the message. */
static const struct {
    const char *xml;
    unsigned long line, column;
    const char *part;
} mistakes[] = {
    {"", 1, 1, "is empty"},
    {" \n\t", 1, 1, "is empty"},
    {"<!-- -->", 1, 9, "no element found; write <tripline version"},
    {"<tripline", 1, 1, "not well-formed XML: unclosed token; close what begins here"},
    {ROOT OUT, 1, 78, "no element found; write </tripline>"},
    {ROOT OUT "</tripline><x/>", 1, 89, "leave out what follows"},
    {ROOT "\n <state max-alerts=\"1\" max-alerts=\"2\"/>" OUT "</tripline>", 2, 24, "duplicate attribute; write each"},
    {ROOT "<state directory=\"a&b\"/>" OUT "</tripline>", 1, 44, "an invalid character; write & as &amp;"},
    {ROOT "<state directory=\"&nbsp;\"/>" OUT "</tripline>", 1, 23, "undefined entity"},
    {ROOT "<log></state></tripline>", 1, 30, "mismatched tag"},
    {"<!DOCTYPE tripline SYSTEM \"x\">" ROOT OUT "</tripline>", 1, 1, "<!DOCTYPE>) is not allowed"},
    {"<!DOCTYPE tripline [<!ENTITY a \"b\">]>" ROOT OUT "</tripline>", 1, 1, "<!DOCTYPE>) is not allowed"},
    {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" ROOT OUT "</tripline>", 1, 1, "save the file as UTF-8"},
    {ROOT "\n<!-- \xE4 -->" OUT "</tripline>", 2, 6, "byte 0xE4 is not UTF-8; save the file as UTF-8"},
    {"\xFF\xFE<", 1, 1, "UTF-16; save it as UTF-8"},
    {"<tripelin version=\"1\"/>", 1, 1, "the outermost element is \"tripelin\"; write <tripline"},
    {"<tripline>" OUT "</tripline>", 1, 1, "<tripline> has no version; write version=\"...\" (1)"},
    {"<tripline version=\"2\">" OUT "</tripline>", 1, 11, "version=\"2\" is not known; write 1"},
    {ROOT "</tripline>", 1, 1, "no <outputs>; alerts would go nowhere"},
    {ROOT "<outputs/></tripline>", 1, 23, "<outputs> is empty"},
    {ROOT "<outptus>" HOOK "</outptus>" OUT "</tripline>", 1, 23,
     "unknown element \"outptus\" in <tripline>; did you mean"},
    {ROOT "<colour/>" OUT "</tripline>", 1, 23,
     "known are <state>, <log>, <doctor>, <heartbeat>, <metrics>, <limits>, <even"},
    {ROOT "<state><x/></state>" OUT "</tripline>", 1, 30, "nothing may stand in it"},
    {ROOT "<outputs><webhok name=\"a\"/></outputs></tripline>", 1, 32, "did you mean <webhook>?"},
    {ROOT "<webhook/>" OUT "</tripline>", 1, 23, "unknown element \"webhook\" in <tripline>"},
    {ROOT "<state/>" OUT "\n<state/></tripline>", 2, 1,
     "a second <state>; put its settings into the first one, on line 1"},
    {ROOT "<state max-alert=\"1\"/>" OUT "</tripline>", 1, 30,
     "unknown attribute \"max-alert\" of <state>; did you mean max-alerts?"},
    {ROOT "<state colour=\"1\"/>" OUT "</tripline>", 1, 30, "known are directory, max-alerts, max-megabytes"},
    {ROOT "<outputs a=\"1\">" HOOK "</outputs></tripline>", 1, 32, "known are start-spread"},
    {ROOT "hello" OUT "</tripline>", 1, 23, "text in <tripline>; settings are attributes"},
    {ROOT "<state max-alerts=\"0\"/>" OUT "</tripline>", 1, 30,
     "max-alerts=\"0\" is out of range; write 1 to 10000000"},
    {ROOT "<state max-alerts=\"10000001\"/>" OUT "</tripline>", 1, 30, "is out of range"},
    {ROOT "<state max-alerts=\"99999999999999999999999\"/>" OUT "</tripline>", 1, 30, "is out of range"},
    {ROOT "<state max-alerts=\"-1\"/>" OUT "</tripline>", 1, 30, "is not a whole number; write 1 to"},
    {ROOT "<state max-alerts=\"1.5\"/>" OUT "</tripline>", 1, 30, "is not a whole number"},
    {ROOT "<state max-alerts=\"\"/>" OUT "</tripline>", 1, 30, "is not a whole number"},
    {ROOT "<state max-alerts=\" 1\"/>" OUT "</tripline>", 1, 30, "is not a whole number"},
    {ROOT "<state directory=\"\"/>" OUT "</tripline>", 1, 30, "directory=\"\" is empty"},
    {ROOT "<state\n directory=\"a&#10;b\"/>" OUT "</tripline>", 2, 2, "directory holds a control character"},
    {ROOT "<log level=\"inf\"/>" OUT "</tripline>", 1, 28, "did you mean \"info\"?"},
    {ROOT "<log level=\"loud\"/>" OUT "</tripline>", 1, 28, "write error, warning, info, debug"},
    {ROOT "<log level=\"Info\"/>" OUT "</tripline>", 1, 28, "did you mean \"info\"?"},
    {ROOT "<log files=\"101\"/>" OUT "</tripline>", 1, 28, "write 1 to 100"},
    {ROOT "<eventlog lookback=\"24\"/>" OUT "</tripline>", 1, 33,
     "has no unit (s, m, h or d); write all, none, or 1s to 3650d"},
    {ROOT "<eventlog lookback=\"ever\"/>" OUT "</tripline>", 1, 33, "is not a duration"},
    {ROOT "<eventlog lookback=\"24w\"/>" OUT "</tripline>", 1, 33, "is not a duration"},
    {ROOT "<eventlog lookback=\"1dd\"/>" OUT "</tripline>", 1, 33, "is not a duration"},
    {ROOT "<eventlog lookback=\"0s\"/>" OUT "</tripline>", 1, 33, "is out of range"},
    {ROOT "<eventlog lookback=\"3651d\"/>" OUT "</tripline>", 1, 33, "is out of range"},
    {ROOT "<eventlog><channel/></eventlog>" OUT "</tripline>", 1, 33,
     "<channel> has no name; write name=\"...\" (1 to 765 bytes)"},
    {ROOT "<eventlog><channel name=\"A\"/>\n<channel name=\"a\"/></eventlog>" OUT "</tripline>", 2, 10,
     "channel \"a\" is there twice; the first is on line 1"},
    {ROOT "<outputs><webhook url=\"https://h/\"/></outputs></tripline>", 1, 32, "<webhook> has no name"},
    {ROOT "<outputs><webhook name=\"a\"/></outputs></tripline>", 1, 32, "<webhook> has no url"},
    {ROOT "<outputs><webhook name=\"a b\" url=\"https://h/\"/></outputs></tripline>", 1, 41,
     "other characters than a name may"},
    {ROOT "<outputs>" HOOK "\n" HOOK "</outputs></tripline>", 2, 10, "output \"a\" is there twice, first on line 1"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" format=\"xml\"/></outputs></tripline>", 1, 67,
     "write json, ndjson"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" gzip=\"true\"/></outputs></tripline>", 1, 67,
     "write no, yes"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" timeout=\"301s\"/></outputs></tripline>", 1, 67,
     "write 1s to 5m"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" client-key=\"k\"/></outputs></tripline>", 1, 67,
     "client-key without client-certificate"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" client-certificate=\"k\"/></outputs></tripline>", 1, 67,
     "client-certificate without client-key"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\" client-key-password=\"k\"/></outputs></tripline>", 1, 67,
     "client-key-password without client-key"},
    {ROOT
     "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A:\" value=\"b\"/></webhook></outputs></tripline>",
     1, 75, "a character that a header's name may not"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A\"/></webhook></outputs></tripline>", 1, 67,
     "<header> has no value"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"host\" "
          "value=\"b\"/></webhook></outputs></tripline>",
     1, 75, "header Host is set by the agent itself"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A\" value=\"b\"/>\n"
          "<header name=\"a\" value=\"c\"/></webhook></outputs></tripline>",
     2, 9, "header a is there twice"},
    {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A\" value=\"b&#13;&#10;C: "
          "d\"/></webhook></outputs>"
          "</tripline>",
     1, 84, "value holds a control character"},
};

static void test_mistakes(void)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct config_errors errors;
        int rc;
        struct config *config = parse(mistakes[i].xml, &errors, &rc);
        bool good = rc == -EINVAL && config == NULL && errors.count == 1 && errors.list[0].line == mistakes[i].line &&
                    errors.list[0].column == mistakes[i].column &&
                    strstr(errors.list[0].message, mistakes[i].part) != NULL;
        CU_ASSERT(good);
        if (!good) {
            fprintf(stderr, "case %zu: %s\n  wanted %lu:%lu: %s\n", i, mistakes[i].xml, mistakes[i].line,
                    mistakes[i].column, mistakes[i].part);
            config_errors_print(stderr, "  got", &errors);
        }
        config_errors_free(&errors);
        config_free(config);
    }
}

static const struct {
    const char *url, *part; /* NULL: good */
} urls[] = {
    {"https://collector.example.com/alerts", NULL},
    {"https://h", NULL},
    {"https://h:8443", NULL},
    {"https://192.0.2.1:1/x?y=z", NULL},
    {"https://[2001:db8::1]:443/", NULL},
    {"https://h?x", NULL},
    {"http://h/", "write https://"},
    {"ftp://h/", "does not begin with https://"},
    {"h/alerts", "does not begin with https://"},
    {"HTTPS//", "does not begin with https://"},
    {"https:///x", "has no host"},
    {"https://.h/", "has no host"},
    {"https://[]/", "has no host"},
    {"https://[::1/", "has no host"},
    {"https://h:/", "has a port that is none"},
    {"https://h:0/", "has a port that is none"},
    {"https://h:65536/", "has a port that is none"},
    {"https://h:99999999999999999999/", "has a port that is none"},
    {"https://h:1x/", "has a host with a character"},
    {"https://h!/", "has a host with a character"},
    {"https://user:secret@h/", "holds a user's name or password"},
    {"https://h/#x", "has a part after #"},
    {"https://h/a b", "holds a space"},
    {"https://h\xC3\xA4/", "is not ASCII"},
};

static void test_urls(void)
{
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char xml[512];
        struct config_errors errors;
        int rc;
        snprintf(xml, sizeof(xml), ROOT "<outputs><webhook name=\"a\" url=\"%s\"/></outputs></tripline>", urls[i].url);
        struct config *config = parse(xml, &errors, &rc);
        bool good =
            urls[i].part == NULL ? rc == 0 : rc == -EINVAL && strstr(errors.list[0].message, urls[i].part) != NULL;
        CU_ASSERT(good);
        if (!good) {
            fprintf(stderr, "%s\n", urls[i].url);
            config_errors_print(stderr, "  got", &errors);
        }
        if (rc == 0)
            CU_ASSERT_STRING_EQUAL(config->outputs[0].url, urls[i].url);
        config_errors_free(&errors);
        config_free(config);
    }
}

static const char *const names[] = {"Security", "Microsoft-Windows-Sysmon/Operational", "System", "ForwardedEvents"};

static void test_defaults(void)
{
    struct config_errors errors;
    int rc;
    struct config *c = parse(ROOT OUT "</tripline>", &errors, &rc);
    CU_ASSERT_FATAL(rc == 0 && c != NULL && errors.count == 0);
    char *state = NULL;
    CU_ASSERT_FATAL(file_default_state(&state) == 0);
    CU_ASSERT_STRING_EQUAL(c->state_directory, state);
    free(state);
    CU_ASSERT_PTR_NULL(c->log_file);
    CU_ASSERT_EQUAL(c->log_level, LOG_INFO);
    CU_ASSERT_EQUAL(c->log_max_bytes, 10u * 1024 * 1024);
    CU_ASSERT_EQUAL(c->log_files, 5);
    CU_ASSERT(c->lookback_s == 86400 && c->retry_ms == 60000);
    CU_ASSERT_EQUAL(c->store_max_alerts, 100000);
    CU_ASSERT_EQUAL(c->store_max_bytes, 256u * 1024 * 1024);
    CU_ASSERT_EQUAL_FATAL(c->channel_count, 4);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_STRING_EQUAL(c->channels[i].name, names[i]);
    CU_ASSERT_PTR_NULL(c->channels[0].query);
    CU_ASSERT_EQUAL_FATAL(c->output_count, 1);
    const struct config_output *o = &c->outputs[0];
    CU_ASSERT_STRING_EQUAL(o->type, "webhook");
    CU_ASSERT_STRING_EQUAL(o->name, "a");
    CU_ASSERT(o->ca_file == NULL && o->client_certificate == NULL && o->client_key == NULL &&
              o->client_key_password == NULL && o->header_count == 0);
    CU_ASSERT_STRING_EQUAL(config_output_text(o, "format"), "json");
    CU_ASSERT_FALSE(o->gzip);
    CU_ASSERT_EQUAL(o->timeout_ms, 30000);
    CU_ASSERT_EQUAL(o->connect_timeout_ms, 10000);
    CU_ASSERT_EQUAL(o->max_batch_alerts, 100);
    CU_ASSERT_EQUAL(o->max_batch_bytes, 512 * 1024);
    config_errors_free(&errors);
    config_free(c);
}

static void test_all_set(void)
{
    static const char xml[] =
        "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?>\r\n"
        "<tripline version='1' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        "xsi:noNamespaceSchemaLocation='tripline.xsd'>"
        "<outputs><webhook name='B-2_x' url='https://b/' ca-file='ca.pem' client-certificate='c.pem' "
        "client-key='/k.pem' "
        "client-key-password='p&amp;w' format='ndjson' gzip='yes' timeout='2m' connect-timeout='5s' "
        "max-batch-alerts='1000' max-batch-kilobytes='1'>"
        "<header name='Authorization' value='Bearer x'/><header name='X-A' value='b: c'/></webhook>" HOOK "</outputs>"
        "<eventlog lookback='90m'><channel name='WEC6-ADFS' query='*'/><channel name='Security'/></eventlog>"
        "<log level='debug' file='log/t.log' max-megabytes='1' files='1'/>"
        "<state directory='s' max-alerts='5' max-megabytes='65536'/>"
        "</tripline>";
    struct config_errors errors;
    int rc;
    struct config *c = parse(xml, &errors, &rc);
    config_errors_print(stderr, "all set", &errors);
    CU_ASSERT_FATAL(rc == 0 && c != NULL);
    CU_ASSERT(strncmp(c->state_directory, "dir/", 4) == 0 && c->state_directory[4] == 's');
    CU_ASSERT_STRING_EQUAL(c->log_file, "dir/log/t.log");
    CU_ASSERT_EQUAL(c->log_level, LOG_DEBUG);
    CU_ASSERT_EQUAL(c->log_max_bytes, 1024 * 1024);
    CU_ASSERT_EQUAL(c->log_files, 1);
    CU_ASSERT_EQUAL(c->lookback_s, 5400);
    CU_ASSERT_EQUAL(c->store_max_alerts, 5);
    CU_ASSERT_EQUAL(c->store_max_bytes, 65536ull * 1024 * 1024);
    CU_ASSERT_EQUAL_FATAL(c->channel_count, 2);
    CU_ASSERT_STRING_EQUAL(c->channels[0].name, "WEC6-ADFS");
    CU_ASSERT_STRING_EQUAL(c->channels[0].query, "*");
    CU_ASSERT_EQUAL_FATAL(c->output_count, 2);
    const struct config_output *o = &c->outputs[0];
    CU_ASSERT_STRING_EQUAL(o->name, "B-2_x");
    CU_ASSERT_STRING_EQUAL(o->ca_file, "dir/ca.pem");
    CU_ASSERT_STRING_EQUAL(o->client_certificate, "dir/c.pem");
    CU_ASSERT_STRING_EQUAL(o->client_key, "/k.pem");
    CU_ASSERT_STRING_EQUAL(o->client_key_password, "p&w");
    CU_ASSERT_STRING_EQUAL(config_output_text(o, "format"), "ndjson");
    CU_ASSERT_TRUE(o->gzip);
    CU_ASSERT_EQUAL(o->timeout_ms, 120000);
    CU_ASSERT_EQUAL(o->connect_timeout_ms, 5000);
    CU_ASSERT_EQUAL(o->max_batch_alerts, 1000);
    CU_ASSERT_EQUAL(o->max_batch_bytes, 1024);
    CU_ASSERT_EQUAL_FATAL(o->header_count, 2);
    CU_ASSERT_STRING_EQUAL(o->headers[0], "Authorization: Bearer x");
    CU_ASSERT_STRING_EQUAL(o->headers[1], "X-A: b: c");
    CU_ASSERT_STRING_EQUAL(c->outputs[1].name, "a");
    config_errors_free(&errors);
    config_free(c);
}

static void test_lookback_words(void)
{
    static const struct {
        const char *word;
        uint64_t seconds;
    } words[] = {{"all", UINT64_MAX}, {"none", 0}, {"1s", 1}, {"7d", 604800}, {"3650d", 3650ull * 86400}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char xml[256];
        struct config_errors errors;
        int rc;
        snprintf(xml, sizeof(xml), ROOT "<eventlog lookback=\"%s\"/>" OUT "</tripline>", words[i].word);
        struct config *c = parse(xml, &errors, &rc);
        CU_ASSERT_FATAL(rc == 0);
        CU_ASSERT_EQUAL(c->lookback_s, words[i].seconds);
        CU_ASSERT_EQUAL(c->channel_count, 4); /* <eventlog> without <channel>: the default ones */
        config_errors_free(&errors);
        config_free(c);
    }
}

/* All mistakes of one file, in order of appearance, though some show only at its end. */
static void test_many(void)
{
    static const char xml[] =
        ROOT "\n<state max-alerts=\"x\" max-megabytes=\"0\"/>\n<outputs/>\n<log foo=\"1\"/>\n</tripline>";
    struct config_errors errors;
    int rc;
    (void)parse(xml, &errors, &rc);
    CU_ASSERT_EQUAL(rc, -EINVAL);
    CU_ASSERT_EQUAL_FATAL(errors.count, 4);
    CU_ASSERT(errors.list[0].line == 2 && errors.list[0].column == 8);
    CU_ASSERT(errors.list[1].line == 2 && errors.list[1].column == 23);
    CU_ASSERT(errors.list[2].line == 3 && strstr(errors.list[2].message, "<outputs> is empty") != NULL);
    CU_ASSERT_EQUAL(errors.list[3].line, 4);
    config_errors_free(&errors);
}

/* Many times the same piece; count is where the limit is tested. */
static struct config *parse_repeated(const char *before, const char *piece, size_t count, const char *after,
                                     struct config_errors *errors, int *rc)
{
    size_t room = strlen(before) + count * (strlen(piece) + 16) + strlen(after) + 1, used;
    char *xml = malloc(room);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xml);
    used = (size_t)snprintf(xml, room, "%s", before);
    for (size_t i = 0; i < count; i++)
        for (const char *c = piece; *c != '\0'; c++) /* '#' is the number */
            used += (size_t)(*c == '#' ? snprintf(xml + used, room - used, "%zu", i)
                                       : snprintf(xml + used, room - used, "%c", *c));
    snprintf(xml + used, room - used, "%s", after);
    struct config *config = parse(xml, errors, rc);
    free(xml);
    return config;
}

static void test_limits(void)
{
    static const struct {
        const char *before, *piece, *after, *part;
        size_t most;
    } limits[] = {
        {ROOT "<eventlog>", "<channel name=\"c#\"/>", "</eventlog>" OUT "</tripline>", "more than 63 of <channel>",
         CONFIG_MAX_CHANNELS},
        {ROOT "<outputs>", "<webhook name=\"o#\" url=\"https://h/\"/>", "</outputs></tripline>",
         "more than 16 of <webhook>", CONFIG_MAX_OUTPUTS},
        {ROOT "<outputs><webhook name=\"a\" url=\"https://h/\">", "<header name=\"h#\" value=\"v\"/>",
         "</webhook></outputs></tripline>", "more than 32 of <header>", CONFIG_MAX_HEADERS},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct config_errors errors;
        int rc;
        struct config *c =
            parse_repeated(limits[i].before, limits[i].piece, limits[i].most, limits[i].after, &errors, &rc);
        CU_ASSERT(rc == 0);
        config_errors_free(&errors);
        config_free(c);
        c = parse_repeated(limits[i].before, limits[i].piece, limits[i].most + 1, limits[i].after, &errors, &rc);
        CU_ASSERT(rc == -EINVAL && errors.count == 1 && strstr(errors.list[0].message, limits[i].part) != NULL);
        config_errors_free(&errors);
        config_free(c);
    }
    /* Headers are counted for each output anew. */
    struct config_errors errors;
    int rc;
    struct config *c = parse_repeated(ROOT "<outputs>",
                                      "<webhook name=\"o#\" url=\"https://h/\"><header name=\"a\" value=\"b\"/>"
                                      "<header name=\"c\" value=\"b\"/></webhook>",
                                      16, "</outputs></tripline>", &errors, &rc);
    CU_ASSERT(rc == 0);
    config_errors_free(&errors);
    config_free(c);
    /* After CONFIG_MAX_ERRORS mistakes the rest is left. */
    c = parse_repeated(ROOT, "<x#/>", 1000, OUT "</tripline>", &errors, &rc);
    CU_ASSERT(rc == -EINVAL && c == NULL);
    CU_ASSERT_EQUAL_FATAL(errors.count, CONFIG_MAX_ERRORS + 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.list[CONFIG_MAX_ERRORS].message, "too many mistakes"));
    config_errors_free(&errors);
    /* Deep nonsense is one mistake. */
    c = parse_repeated(ROOT OUT, "<x>", 10000, "", &errors, &rc);
    CU_ASSERT(rc == -EINVAL && c == NULL && errors.count == 2);
    config_errors_free(&errors);
}

static void test_size(void)
{
    struct config *c = NULL;
    struct config_errors errors;
    char *xml = malloc(CONFIG_MAX_SIZE + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xml);
    memset(xml, ' ', CONFIG_MAX_SIZE + 1);
    CU_ASSERT_EQUAL(config_parse(&c, (struct text){xml, CONFIG_MAX_SIZE + 1}, "", &errors), -EINVAL);
    CU_ASSERT(errors.count == 1 && errors.list[0].line == 0);
    config_errors_free(&errors);
    memcpy(xml, ROOT OUT "</tripline>", sizeof(ROOT OUT "</tripline>") - 1);
    CU_ASSERT_EQUAL(config_parse(&c, (struct text){xml, CONFIG_MAX_SIZE}, "", &errors), 0);
    config_errors_free(&errors);
    config_free(c);
    xml[20] = '\0';
    CU_ASSERT_EQUAL(config_parse(&c, (struct text){xml, 100}, "", &errors), -EINVAL);
    CU_ASSERT(errors.count == 1 && strstr(errors.list[0].message, "NUL") != NULL);
    config_errors_free(&errors);
    free(xml);
}

/* Whatever is wrong beside them, secrets stand in no message. */
static void test_secrets(void)
{
    static const char *const xmls[] = {
        ROOT
        "<outputs><webhook name=\"a\" url=\"http://h/s3cret\" client-key-password=\"s3cret\"/></outputs></tripline>",
        ROOT "<outputs><webhook name=\"a\" url=\"https://u:s3cret@h/\" pasword=\"s3cret\"/></outputs></tripline>",
        ROOT
        "<outputs><webhook name=\"a\" url=\"https://h/\"><header name=\"A\" value=\"s3cret&#10;\"/>"
        "<header nam=\"A\" value=\"s3cret\"/><header name=\"A: s3cret\" value=\"\"/></webhook></outputs></tripline>",
        ROOT
        "<outputs><webhook name=\"a\" url=\"https://h/\" client-key-password=\"s3cret&#1;\"/></outputs></tripline>",
        ROOT "<outputs><webhook name=\"a\" url=\"https://h/s3cret\" "
             "client-key-password=\"s3cret&x;\"/></outputs></tripline>",
        ROOT "<outputs>s3cret</outputs></tripline>",
    };
    for (size_t i = 0; i < sizeof(xmls) / sizeof(xmls[0]); i++) {
        struct config_errors errors;
        int rc;
        (void)parse(xmls[i], &errors, &rc);
        CU_ASSERT(rc == -EINVAL && errors.count > 0);
        for (size_t j = 0; j < errors.count; j++)
            CU_ASSERT_PTR_NULL(strstr(errors.list[j].message, "s3cret"));
        config_errors_free(&errors);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"each mistake has its place and its advice", test_mistakes},
        {"urls", test_urls},
        {"defaults", test_defaults},
        {"every setting", test_all_set},
        {"lookback", test_lookback_words},
        {"all mistakes, in order", test_many},
        {"limits of number", test_limits},
        {"limit of size", test_size},
        {"no secret in a message", test_secrets},
        CU_TEST_INFO_NULL,
    };
    return test_main("config", tests);
}
