#include "agent/cli/cli.h"

#include "agent/system/plain.h"
#include "agent/system/version.h"
#include "detect/rules/rule_builtin.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <curl/curl.h>
#include <expat.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include <zlib.h>

/* A name and the version of what is linked in or loaded, not of the headers. */
struct library {
    const char *name, *version;
};

#define MAX_LIBRARIES 10

/* PCRE2's: "10.42 2022-12-11". */
#define PCRE2_VERSION_SIZE 32

/* PCRE2's number without its date; "?" where it has none that we could show. Static. */
static const char *pcre2_version(void)
{
    static char version[PCRE2_VERSION_SIZE];
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) > (int)sizeof(version) ||
        pcre2_config(PCRE2_CONFIG_VERSION, version) < 0)
        return "?";
    version[strcspn(version, " ")] = '\0';
    return version;
}

/* Fills to; returns how many. */
static size_t libraries(struct library to[MAX_LIBRARIES])
{
    size_t count = 0;
    to[count++] = (struct library){"expat", XML_ExpatVersion()};
    to[count++] = (struct library){"curl", curl_version_info(CURLVERSION_NOW)->version};
    to[count++] = (struct library){"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)};
    to[count++] = (struct library){"sqlite", sqlite3_libversion()};
    to[count++] = (struct library){"jansson", jansson_version_str()};
    to[count++] = (struct library){"zlib", zlibVersion()};
    to[count++] = (struct library){"libyaml", yaml_get_version_string()};
    to[count++] = (struct library){"pcre2", pcre2_version()};
    /* Expat's begins with its name. */
    if (strncmp(to[0].version, "expat_", 6) == 0)
        to[0].version += 6;
    return count;
}

/* The built-in rules; NULL: no memory. */
static struct rule_set *builtin(void)
{
    static const struct rule_set_options options = {.is_plain = true};
    struct rule_set *set = NULL;
    return rule_builtin_set(&set, &options) < 0 ? NULL : set;
}

/* Is it a port of a text that was published elsewhere? */
static bool is_port(const struct rule *rule)
{
    return rule->upstream_version != NULL && rule->upstream_commit != NULL && rule->upstream_sha256 != NULL;
}

static int print_text(void)
{
    struct library known[MAX_LIBRARIES];
    struct rule_set *rules = builtin();
    if (rules == NULL) {
        plain_printf(stderr, "tripline version: out of memory\n");
        return 1;
    }
    plain_printf(stdout, "tripline %s\ncommit   %s\n", version_number, version_commit);
    for (size_t i = 0; i < rule_set_count(rules); i++) {
        const struct rule *rule = rule_set_at(rules, i);
        plain_printf(stdout, "rule     %s %s\n", rule->name, rule->version);
        plain_printf(stdout, "         id %s\n", rule->id);
        if (!is_port(rule))
            continue;
        plain_printf(stdout, "         compared with version %s of %s, commit %s\n", rule->upstream_version,
                     rule->ruleset, rule->upstream_commit);
        plain_printf(stdout, "         SHA-256 %s\n", rule->upstream_sha256);
    }
    rule_set_free(rules);
    size_t count = libraries(known);
    for (size_t i = 0; i < count; i++)
        plain_printf(stdout, "library  %s %s\n", known[i].name, known[i].version);
    return 0;
}

static json_t *rule_json(const struct rule *r)
{
    json_t *rule = json_pack("{s:s, s:s, s:s, s:s, s:s*}", "id", r->id, "name", r->name, "version", r->version,
                             "ruleset", r->ruleset, "reference", r->reference);
    if (rule != NULL && is_port(r) &&
        json_object_set_new(rule, "upstream",
                            json_pack("{s:s, s:s, s:s}", "version", r->upstream_version, "commit", r->upstream_commit,
                                      "sha256", r->upstream_sha256)) != 0) {
        json_decref(rule);
        return NULL;
    }
    return rule;
}

static json_t *rules_json(void)
{
    struct rule_set *rules = builtin();
    json_t *list = rules == NULL ? NULL : json_array();
    for (size_t i = 0; list != NULL && i < rule_set_count(rules); i++)
        if (json_array_append_new(list, rule_json(rule_set_at(rules, i))) != 0) { /* NULL fails too */
            json_decref(list);
            list = NULL;
        }
    rule_set_free(rules);
    return list;
}

static json_t *libraries_json(void)
{
    struct library known[MAX_LIBRARIES];
    size_t count = libraries(known);
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(object, known[i].name, json_string(known[i].version)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static int print_json(void)
{
    json_t *all = json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", "tripline", "version", version_number, "commit",
                            version_commit, "rules", rules_json(), "libraries", libraries_json());
    char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(all);
    if (text == NULL) {
        plain_printf(stderr, "tripline version: out of memory\n");
        return 1;
    }
    plain_printf(stdout, "%s\n", text);
    free(text);
    return 0;
}

int cli_version(int argc, char **argv)
{
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") != 0)
            return cli_usage(argv[0], "takes nothing but --json, not", argv[i]);
        as_json = true;
    }
    if (as_json)
        return print_json();
    return print_text();
}
