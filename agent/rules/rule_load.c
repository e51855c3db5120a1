#include "agent/rules/rule_load.h"

#include "agent/rules/rule_beside.h"
#include "agent/rules/rule_extras.h"
#include "agent/rules/rule_paths.h"
#include "agent/system/file.h"
#include "detect/rules/rule_builtin.h"
#include "detect/rules/rule_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory for the notes of one file, with its YAML tree, at most, bytes. */
#define MAX_NOTES ((size_t)64 << 20)

static void file_clear(struct rule_load_file *file)
{
    if (file->good != file->bytes)
        free(file->good);
    free(file->bytes);
    free(file->path);
    arena_free(file->notes.arena);
}

void rule_load_free(struct rule_load *load)
{
    if (load == NULL)
        return;
    for (size_t i = 0; i < load->count; i++) {
        rule_free(load->files[i].owned);
        file_clear(&load->files[i]);
    }
    rule_set_free(load->set);
    free(load->files);
    free(load);
}

/* "enabled: false", and Sigma's words for a rule that its own authors would not run. */
static bool is_off(const struct rule *rule)
{
    const char *status = rule->status == NULL ? "" : rule->status;
    return rule->is_disabled || strcmp(status, "deprecated") == 0 || strcmp(status, "unsupported") == 0;
}

/* What was said of rule, or NULL. */
static const struct rule_load_choice *choice_of(const struct rule *rule, const struct rule_load_settings *settings)
{
    for (size_t i = 0; i < settings->choice_count; i++)
        if (text_equal_nocase(text_from(settings->choices[i].id), text_from(rule->id)))
            return &settings->choices[i];
    return NULL;
}

/* Compiles bytes, with what lies beside path. *out only if it has no mistake. */
static int compile(struct rule **out, struct rule_load *load, const char *path, struct text bytes, struct notes *notes)
{
    struct rule_beside_files files;
    int rc = rule_beside_open(&files, path, notes);
    files.beside.sigma = &load->extras->sigma;
    if (rc == 0)
        rc = rule_file_compile(out, rule_set_columns(load->set), bytes, path, &files.beside, notes);
    rule_beside_close(&files);
    return rc;
}

static bool is_builtin(const struct rule *rule)
{
    return strcmp(rule->source, RULE_BUILTIN_SOURCE) == 0;
}

static bool is_switched_off(const struct rule *rule, const struct rule_load_settings *settings)
{
    const struct rule_load_choice *choice = choice_of(rule, settings);
    if (choice != NULL)
        return !choice->is_enabled;
    return is_off(rule) || (settings->is_builtin_off && is_builtin(rule));
}

/* Takes rule in the place of the built-in one of its id, whose entry says nothing any more. */
static void replace(struct rule_load *load, const struct rule *other, struct rule *rule)
{
    for (size_t i = 0; i < load->count; i++)
        if (load->files[i].rule == other) {
            load->files[i].rule = NULL;
            load->files[i].is_replaced = true;
        }
    rule_set_replace(load->set, rule);
}

/* Is rule wanted, and not there yet? Takes it into the set, keeps it as off, or frees it. */
static int take(struct rule_load *load, struct rule_load_file *file, struct rule *rule,
                const struct rule_load_settings *settings)
{
    const struct rule *other = NULL;
    if (settings->only != NULL && !text_equal_nocase(text_from(rule->id), text_from(settings->only))) {
        rule_free(rule);
        return 0;
    }
    const struct rule_load_choice *choice = choice_of(rule, settings);
    if (choice != NULL && choice->severity != NULL)
        (void)rule_severity_set(rule, text_from(choice->severity)); /* the config was checked */
    if (settings->only == NULL && is_switched_off(rule, settings)) {
        file->rule = file->owned = rule;
        file->is_off = true;
        return 0;
    }
    int rc = rule_set_add(load->set, rule, &other);
    if (rc == -EEXIST && is_builtin(other) && !is_builtin(rule)) {
        replace(load, other, rule);
        rc = 0;
    }
    if (rc == 0) {
        file->rule = rule;
        return 0;
    }
    if (rc == -EEXIST) {
        notes_error(&file->notes, rule->place, "K010", "the id %s is that of %s (%s); ids are unique over all rules",
                    rule->id, other->source, other->name);
        rc = 0;
    }
    rule_free(rule);
    return rc;
}

/* The version that the file of that path had in an earlier load. */
static const struct rule_load_file *earlier(const struct rule_load *before, const char *path)
{
    for (size_t i = 0; before != NULL && i < before->count; i++)
        if (strcmp(before->files[i].path, path) == 0 && before->files[i].good != NULL)
            return &before->files[i];
    return NULL;
}

/* Compiles the last good text of a file that has mistakes now. */
static int take_earlier(struct rule_load *load, struct rule_load_file *file, const struct rule_load_settings *settings)
{
    const struct rule_load_file *before = earlier(settings->before, file->path);
    struct rule *rule = NULL;
    struct notes unsaid = {0};
    if (before == NULL)
        return 0;
    int rc = arena_new(&unsaid.arena, MAX_NOTES);
    if (rc < 0)
        return rc;
    file->good = malloc(before->good_size + 1);
    if (file->good == NULL) {
        arena_free(unsaid.arena);
        return -ENOMEM;
    }
    memcpy(file->good, before->good, before->good_size + 1);
    file->good_size = before->good_size;
    rc = compile(&rule, load, file->path, (struct text){file->good, file->good_size}, &unsaid);
    arena_free(unsaid.arena);
    if (rc == 0) {
        file->is_older = true;
        rc = take(load, file, rule, settings);
    }
    return rc == -ENOMEM ? rc : 0; /* what lies beside it may be gone */
}

/* file->bytes is there, or file->error. */
static int take_file(struct rule_load *load, struct rule_load_file *file, const struct rule_load_settings *settings)
{
    struct rule *rule = NULL;
    int rc = arena_new(&file->notes.arena, MAX_NOTES);
    if (rc < 0)
        return rc;
    rc = -EINVAL;
    if (file->error == 0)
        rc = compile(&rule, load, file->path, (struct text){file->bytes, file->size}, &file->notes);
    if (rc == 0)
        rc = take(load, file, rule, settings);
    if (rc != -ENOMEM && notes_move(&file->notes) < 0) /* the rule needs the file's tree no more */
        rc = -ENOMEM;
    if (rc == -ENOMEM)
        return rc;
    if (file->error == 0 && rc == 0 && notes_ok(&file->notes)) {
        file->good = file->bytes;
        file->good_size = file->size;
        return 0;
    }
    load->mistaken++;
    return take_earlier(load, file, settings);
}

/* Takes a filter or placeholders; with mistakes, its last good text. Returns 0 or -ENOMEM. */
static int take_extra(struct rule_load *load, struct rule_load_file *file, const struct rule_load_settings *settings)
{
    struct text bytes = {file->bytes, file->size};
    int rc = arena_new(&file->notes.arena, MAX_NOTES);
    if (rc < 0)
        return rc;
    rc = rule_extras_take(load->extras, bytes, &file->notes);
    file->is_extra = rc > 0;
    if (rc == 2)
        return 0;
    if (rc != 1) { /* a rule: take_file() begins anew */
        arena_free(file->notes.arena);
        file->notes = (struct notes){.arena = NULL};
        return rc;
    }
    if (notes_ok(&file->notes)) {
        file->good = file->bytes;
        file->good_size = file->size;
        return 0;
    }
    load->mistaken++;
    notes_sort(&file->notes);
    const struct rule_load_file *before = earlier(settings->before, file->path);
    if (before == NULL || !before->is_extra)
        return 0;
    file->good = malloc(before->good_size + 1);
    if (file->good == NULL)
        return -ENOMEM;
    memcpy(file->good, before->good, before->good_size + 1);
    file->good_size = before->good_size;
    file->is_older = true;
    struct notes unsaid = {.arena = load->extras->arena};
    rc = rule_extras_take(load->extras, (struct text){file->good, file->good_size}, &unsaid);
    return rc < 0 ? rc : 0;
}

static int take_builtin(struct rule_load *load, const struct rule_load_settings *settings)
{
    struct text text;
    for (size_t i = 0; rule_builtin_at(&text, i); i++) {
        struct rule_load_file *file = &load->files[load->count++];
        file->path = strdup(RULE_BUILTIN_SOURCE);
        file->bytes = text_dup(text);
        file->size = text.len;
        if (file->path == NULL || file->bytes == NULL)
            return -ENOMEM;
        int rc = take_file(load, file, settings);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Reads the files; those that are no rules are taken at once, as they say something of the others. */
static int read_paths(struct rule_load *load, const struct rule_paths *paths, const struct rule_load_settings *settings)
{
    for (size_t i = 0; i < paths->count; i++) {
        struct rule_load_file *file = &load->files[load->count++];
        file->path = strdup(paths->items[i]);
        if (file->path == NULL)
            return -ENOMEM;
        /* One byte more than a rule file may have: the compiler then says so. */
        file->error = file_read(&file->bytes, &file->size, file->path, NODE_MAX_BYTES + 1);
        if (file->error == -ENOMEM)
            return file->error;
        int rc = file->error != 0 ? 0 : take_extra(load, file, settings);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The files from number first on that are rules. */
static int take_rules(struct rule_load *load, size_t first, const struct rule_load_settings *settings)
{
    for (size_t i = first; i < load->count; i++) {
        int rc = load->files[i].is_extra ? 0 : take_file(load, &load->files[i], settings);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A line "id version severity SHA-256" for each rule. */
static int hash_lines(char **lines, size_t *count, const struct rule_load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct rule_load_file *file = &load->files[i];
        char hex[SHA256_HEX_SIZE];
        bool is_extra = file->is_extra && file->good != NULL;
        if ((file->rule == NULL && !is_extra) || file->is_off)
            continue;
        int rc = sha256_of(hex, file->good, file->good_size);
        if (rc < 0)
            return rc;
        const char *id = is_extra ? "sigma" : file->rule->id, *version = is_extra ? "extra" : file->rule->version;
        const char *severity = is_extra ? "" : file->rule->severity;
        size_t size = strlen(id) + strlen(version) + strlen(severity) + sizeof(hex) + 4;
        lines[*count] = malloc(size);
        if (lines[*count] == NULL)
            return -ENOMEM;
        (void)snprintf(lines[(*count)++], size, "%s %s %s %s", id, version, severity, hex);
    }
    return 0;
}

static int make_hash(struct rule_load *load)
{
    struct sha256 sha256 = {NULL};
    size_t count = 0;
    char **lines = calloc(load->count + 1, sizeof(*lines));
    if (lines == NULL)
        return -ENOMEM;
    int rc = hash_lines(lines, &count, load);
    if (rc == 0)
        rc = sha256_init(&sha256);
    if (count > 1)
        qsort(lines, count, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        if (rc == 0)
            rc = sha256_add_field(&sha256, lines[i], strlen(lines[i]));
        free(lines[i]);
    }
    if (rc == 0)
        rc = sha256_hex(load->hash, &sha256);
    sha256_clear(&sha256);
    free(lines);
    return rc;
}

static int load_all(struct rule_load *load, const struct rule_paths *paths, const struct rule_load_settings *settings)
{
    struct text text;
    size_t builtin = 0;
    while (rule_builtin_at(&text, builtin))
        builtin++;
    load->files = calloc(builtin + paths->count + 1, sizeof(*load->files));
    struct rule_extras extras;
    load->extras = &extras;
    int rc = rule_extras_open(&extras);
    if (rc == 0)
        rc = load->files == NULL ? -ENOMEM : rule_set_new(&load->set);
    if (rc == 0 && settings->has_builtin)
        rc = take_builtin(load, settings);
    size_t first = load->count;
    load->files_read = paths->count;
    if (rc == 0)
        rc = read_paths(load, paths, settings);
    if (rc == 0)
        rc = take_rules(load, first, settings);
    rule_extras_clear(&extras);
    load->extras = NULL;
    if (rc == 0)
        rc = rule_set_seal(load->set, &settings->options);
    return rc == 0 ? make_hash(load) : rc;
}

int rule_load_new(struct rule_load **out, const struct rule_load_settings *settings, struct fault *fault)
{
    struct rule_paths paths = {NULL, 0, 0};
    struct rule_load *load = calloc(1, sizeof(*load));
    int rc = load == NULL ? -ENOMEM : 0;
    if (rc == 0 && settings->directory != NULL)
        rc = rule_paths_add_directory(&paths, settings->directory, fault);
    for (size_t i = 0; rc == 0 && i < settings->path_count; i++)
        rc = rule_paths_add(&paths, settings->paths[i], fault);
    if (rc == 0)
        rc = load_all(load, &paths, settings);
    rule_paths_clear(&paths);
    if (rc < 0) {
        rule_load_free(load);
        return rc;
    }
    *out = load;
    return 0;
}
