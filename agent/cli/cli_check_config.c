#include "agent/cli/cli.h"
#include "detect/event/kinds.h"

#include "agent/config/config.h"
#include "agent/outputs/outputs.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "transport/https/https.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Host and port alone: the rest of a URL may be a secret, as with hooks that know their sender by it. */
static void print_server(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin == NULL ? url : begin + 3;
    plain_printf(stdout, "%.*s", (int)strcspn(begin, "/?"), begin);
}

static void print_output(const struct config_output *output)
{
    plain_printf(stdout, "  output %s: %s to ", output->name, output->type);
    if (output->url == NULL) { /* a file */
        plain_printf(stdout, "%s\n", config_output_text(output, "path"));
        return;
    }
    print_server(output->url);
    if (output->failover_count > 0)
        plain_printf(stdout, " (or %u more)", (unsigned)output->failover_count);
    const char *format = config_output_text(output, "format");
    if (format != NULL)
        plain_printf(stdout, ", %s", format);
    plain_printf(stdout, "%s%s%s, %u header%s\n", output->gzip ? ", gzip" : "",
                 output->ca_file != NULL ? ", own authorities" : "",
                 output->client_certificate != NULL ? ", client certificate" : "", (unsigned)output->header_count,
                 output->header_count == 1 ? "" : "s");
}

static void print_summary(const struct config *config)
{
    plain_printf(stdout, "  state in %s: up to %llu alerts, %llu MB\n", config->state_directory,
                 (unsigned long long)config->store_max_alerts,
                 (unsigned long long)(config->store_max_bytes / (1024u * 1024u)));
    for (size_t i = 0; i < config->channel_count; i++) {
        const struct config_channel *channel = &config->channels[i];
        char query[KINDS_QUERY_SIZE] = "*";
        (void)kinds_query(query, text_from(channel->name)); /* else all events */
        plain_printf(stdout, "  channel %s: %s\n", channel->name, channel->query != NULL ? channel->query : query);
    }
    for (size_t i = 0; i < config->output_count; i++)
        print_output(&config->outputs[i]);
}

/* Opens each output as the agent does at its start, which connects to nothing. Returns how many can't be. */
static unsigned try_outputs(const char *path, const struct config *config)
{
    unsigned bad = 0;
    struct fault fault;
    char text[512];
    if (https_start_up() < 0) {
        plain_printf(stderr, "%s: the outputs can't be tried: out of memory\n", path);
        return 1;
    }
    for (size_t i = 0; i < config->output_count; i++) {
        fault = (struct fault){.call = NULL};
        int rc = outputs_try(config, i, &fault);
        if (rc == 0)
            continue;
        bad++;
        if (fault.call == NULL)
            fault_set(&fault, "opening it", -rc, (struct text){NULL, 0}, strerror(-rc));
        plain_printf(stderr, "%s: output %s: %s\n", path, config->outputs[i].name,
                     fault_text(&fault, text, sizeof(text)));
    }
    https_clean_up();
    return bad;
}

static int check(const char *path)
{
    struct config *config = NULL;
    struct config_errors errors;
    int rc = config_load(&config, path, &errors);
    if (rc == 0 && try_outputs(path, config) > 0) {
        rc = -EINVAL; /* it was said what */
    } else if (rc == 0) {
        plain_printf(stdout, "%s: ok\n", path);
        print_summary(config);
    } else {
        config_errors_print(stderr, path, &errors);
        if (errors.count == 0)
            plain_printf(stderr, "%s: %s\n", path, strerror(-rc));
    }
    config_errors_free(&errors);
    config_free(config);
    return rc == 0 ? 0 : 1;
}

int cli_check_config(int argc, char **argv)
{
    const char *path = NULL;
    char *standard = NULL;
    for (int i = 1; i < argc; i++) {
        int rc = cli_option(&path, argc, argv, &i, "--config"); /* as the other verbs have it */
        if (rc < 0)
            return cli_usage(argv[0], "--config wants a file", NULL);
        if (rc == 0 && argv[i][0] == '-')
            return cli_usage(argv[0], "knows no option", argv[i]);
        if (rc == 0 && path != NULL)
            return cli_usage(argv[0], "takes one file, not also", argv[i]);
        if (rc == 0)
            path = argv[i];
    }
    if (path != NULL)
        return check(path);
    int rc = file_default_config(&standard);
    if (rc < 0) {
        plain_printf(stderr, "tripline check-config: the usual place of the config is not known: %s\n", strerror(-rc));
        return 1;
    }
    int code = check(standard);
    free(standard);
    return code;
}
