#include "agent/cli/cli.h"

#include "agent/system/plain.h"
#include "agent/system/version.h"
#include "detect/rule/rule.h"

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

static void print_text(void)
{
    struct library known[MAX_LIBRARIES];
    size_t count, rule_count;
    const struct rule *const *rules = rules_all(&rule_count);
    plain_printf(stdout, "tripline %s\ncommit   %s\n", version_number, version_commit);
    for (size_t i = 0; i < rule_count; i++) {
        plain_printf(stdout, "rule     %s %s\n", rules[i]->name, rules[i]->version);
        plain_printf(stdout, "         id %s\n", rules[i]->id);
        plain_printf(stdout, "         compared with version %s of %s, commit %s\n", rules[i]->upstream_version,
                     rules[i]->ruleset, rules[i]->upstream_commit);
        plain_printf(stdout, "         SHA-256 %s\n", rules[i]->upstream_sha256);
    }
    count = libraries(known);
    for (size_t i = 0; i < count; i++)
        plain_printf(stdout, "library  %s %s\n", known[i].name, known[i].version);
}

static json_t *rules_json(void)
{
    size_t count;
    const struct rule *const *rules = rules_all(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct rule *r = rules[i];
        json_t *rule =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "id", r->id, "name", r->name, "version",
                      r->version, "ruleset", r->ruleset, "reference", r->reference, "upstream", "version",
                      r->upstream_version, "commit", r->upstream_commit, "sha256", r->upstream_sha256);
        if (json_array_append_new(list, rule) != 0) { /* NULL fails too */
            json_decref(list);
            return NULL;
        }
    }
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
    print_text();
    return 0;
}
