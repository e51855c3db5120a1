/* Any bytes as a config file: no crash, and a mistake is always named. */
#include "agent/config/config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct config_errors errors;
    int rc = config_parse(&config, (struct text){(const char *)data, size}, "fuzz/tripline.xml", &errors);
    /* Good, with all that is needed to run; or not, with at least one mistake at a place that is there. */
    if (rc == 0 && (errors.count != 0 || config == NULL || config->output_count == 0 || config->channel_count == 0 ||
                    config->state_directory == NULL))
        abort();
    if (rc == -EINVAL && (errors.count == 0 || config != NULL))
        abort();
    for (size_t i = 0; i < errors.count; i++)
        if (errors.list[i].message == NULL || errors.list[i].line > size + 1 || errors.list[i].column > size + 2)
            abort();
    config_errors_free(&errors);
    config_free(config);
    return 0;
}
