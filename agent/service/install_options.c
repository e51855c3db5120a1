#include "agent/service/install_options.h"

#include "agent/cli/cli.h"
#include "agent/config/config_internal.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int say(const char *verb, const char *reason)
{
    plain_printf(stderr, "tripline %s: %s\n", verb, reason);
    return CLI_USAGE;
}

/* All of stdin, up to one byte more than may be. */
static int read_stdin(char **out, size_t *size)
{
    char *text = malloc(INSTALL_MAX_TEXT + 2);
    if (text == NULL)
        return -ENOMEM;
    *size = fread(text, 1, INSTALL_MAX_TEXT + 1, stdin);
    if (ferror(stdin)) {
        free(text);
        return -EIO;
    }
    text[*size] = '\0';
    *out = text;
    return 0;
}

static int read_properties(struct install_options *options, const char *verb, const char *path)
{
    char *text = NULL, reason[INSTALL_MAX_REASON];
    size_t size = 0;
    int rc = strcmp(path, "-") == 0 ? read_stdin(&text, &size) : file_read(&text, &size, path, INSTALL_MAX_TEXT);
    if (rc < 0) {
        plain_printf(stderr, "tripline %s: %s can't be read: %s\n", verb, path, strerror(-rc));
        return 1;
    }
    struct text lines = {text, size};
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark, as Notepad writes it */
        lines = (struct text){text + 3, size - 3};
    rc = install_properties_read(&options->properties, lines, reason);
    config_wipe(text);
    return rc == 0 ? 0 : rc == -ENOMEM ? say(verb, "memory is short") : say(verb, reason);
}

static int set_config(struct install_options *options, const char *verb, const char *path)
{
    char *copy = text_dup(text_from(path));
    if (copy == NULL)
        return say(verb, "memory is short");
    config_wipe(options->properties.values[INSTALL_CONFIG_FILE]);
    options->properties.values[INSTALL_CONFIG_FILE] = copy;
    return 0;
}

int install_options_read(struct install_options *options, int argc, char **argv)
{
    char reason[INSTALL_MAX_REASON];
    int result = 0;
    for (int i = 1; i < argc && result == 0; i++) {
        const char *value = NULL;
        int found = cli_option(&value, argc, argv, &i, "--config");
        if (found == 1) {
            result = set_config(options, argv[0], value);
        } else if (found == 0 && (found = cli_option(&value, argc, argv, &i, "--properties")) == 1) {
            result = read_properties(options, argv[0], value);
        } else if (found == 0 && strcmp(argv[i], "--configure") == 0) {
            options->configures = true;
        } else if (found == 0 && (strcmp(argv[i], "--upgrade") == 0 || strcmp(argv[i], "--restore") == 0)) {
            options->configures = true;
            options->upgrades = strcmp(argv[i], "--upgrade") == 0;
            options->restores = !options->upgrades;
        } else if (found == 0 && strchr(argv[i], '=') != NULL && argv[i][0] != '-') {
            if (install_properties_set(&options->properties, text_from(argv[i]), reason) < 0)
                result = say(argv[0], reason);
        } else if (found < 0) {
            result = cli_usage(argv[0], "no file after", argv[i]);
        } else {
            result = cli_usage(argv[0], "unknown argument", argv[i]);
        }
    }
    return result;
}
