#include "agent/config/config.h"

#include "agent/config/config_internal.h"
#include "agent/config/config_parse.h"
#include "agent/system/file.h"
#include "transport/document/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int config_new(struct config **out)
{
    struct config *config = calloc(1, sizeof(*config));
    if (config == NULL)
        return -ENOMEM;
    int rc = 0;
    for (unsigned i = CONFIG_TRIPLINE; rc == 0 && i <= CONFIG_OUTPUTS;
         i++) /* those whose struct is the config itself */
        rc = config_set_defaults(config, (enum config_element_id)i);
    if (rc < 0) {
        config_free(config);
        return rc;
    }
    *out = config;
    return 0;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->channel_count; i++)
        config_clear(&config->channels[i], CONFIG_CHANNEL);
    for (size_t i = 0; i < config->rule_count; i++)
        config_clear(&config->rules[i], CONFIG_RULE);
    free(config->rules);
    for (size_t i = 0; i < config->output_count; i++) {
        struct config_output *output = &config->outputs[i];
        if (output->type != NULL)
            config_clear(output, config_element_of(output));
        for (size_t j = 0; j < output->header_count; j++)
            config_wipe(output->headers[j]);
        free(output->headers);
        for (size_t j = 0; j < output->failover_count; j++)
            config_wipe(output->failover[j]);
        free(output->failover);
        free(output->own);
        free(output->type);
    }
    for (unsigned i = CONFIG_TRIPLINE; i <= CONFIG_OUTPUTS; i++)
        config_clear(config, (enum config_element_id)i);
    free(config);
}

/* Why the file can't be read, as a mistake of line 0. */
static int unreadable(struct config_errors *errors, int rc)
{
    int added;
    switch (rc) {
    case -ENOMEM:
        return rc;
    case -ENOENT:
        added = config_errors_add(errors, 0, 0,
                                  "there is no such file; make one after example.xml, which is beside "
                                  "the program, or name the right one");
        break;
    case -EISDIR:
        added = config_errors_add(errors, 0, 0, "is a directory; name the file in it");
        break;
    case -EFBIG:
        added = config_errors_add(errors, 0, 0, "larger than %u bytes; no config needs that", CONFIG_MAX_SIZE);
        break;
    default:
        added = config_errors_add(errors, 0, 0, "can't be read: %s", strerror(-rc));
        break;
    }
    return added < 0 ? added : rc;
}

int config_load(struct config **out, const char *path, struct config_errors *errors)
{
    char *xml = NULL;
    size_t size = 0;
    *errors = (struct config_errors){NULL, 0};
    int rc = file_read(&xml, &size, path, CONFIG_MAX_SIZE);
    if (rc < 0)
        return unreadable(errors, rc);
    struct config *config = NULL;
    rc = config_parse_text(&config, (struct text){xml, size}, path, true, errors);
    if (rc == 0 && sha256_of(config->sha256, xml, size) < 0) {
        config_free(config);
        rc = -EIO;
    }
    if (rc == 0)
        *out = config;
    config_wipe(xml); /* up to a NUL: after one there is nothing that was taken */
    return rc;
}

int config_parse(struct config **out, struct text xml, const char *name, struct config_errors *errors)
{
    return config_parse_text(out, xml, name, false, errors);
}
