/* install_config: the config file that an installation begins with, made from its properties. Plain C. */
#ifndef AGENT_SERVICE_INSTALL_CONFIG_H
#define AGENT_SERVICE_INSTALL_CONFIG_H

#include "agent/service/install_properties.h"

/*
 * Writes the config as XML text, every value escaped as XML wants it. What it can hold is asked of the table of
 * settings (config_internal.h): OUTPUT_TYPE is one of the elements in <outputs>, TOKEN becomes its setting "token"
 * where it has one and a header "Authorization: Bearer TOKEN" where not.
 * Returns 0 and *out, which the caller overwrites and frees (config_wipe); -EINVAL with reason; -ENOMEM.
 * Whether values are good is config_parse()'s to say.
 */
int install_config_write(char **out, const struct install_properties *properties, char reason[INSTALL_MAX_REASON]);

/* Is word one of the comma-separated list (blanks around each are left out, in any letter case)? NULL: no. */
bool install_config_lists(const char *list, const char *word);

#endif
