/*
 * install_properties: what the MSI's properties and the arguments of "tripline install" say, under the same names
 * (docs/install.md). Plain C, no system calls.
 */
#ifndef AGENT_SERVICE_INSTALL_PROPERTIES_H
#define AGENT_SERVICE_INSTALL_PROPERTIES_H

#include "detect/base/text.h"

enum install_property {
    INSTALL_COLLECTOR_URL,
    INSTALL_OUTPUT_TYPE,
    INSTALL_TOKEN, /* secret */
    INSTALL_CA_FILE,
    INSTALL_CLIENT_CERT,
    INSTALL_CLIENT_KEY,
    INSTALL_SOURCES,
    INSTALL_LOOKBACK,
    INSTALL_CONFIG_FILE,
    INSTALL_ACCOUNT,
    INSTALL_START_SERVICE,
    INSTALL_RECONFIGURE,
    INSTALL_PURGE,
    INSTALL_PROPERTY_COUNT
};

/* Most bytes of one value; a URL, a path and a header's value are shorter (agent/config/config_settings.c). */
#define INSTALL_MAX_VALUE 32768u

/* Most bytes of install_properties_read()'s text. */
#define INSTALL_MAX_TEXT (256u * 1024u)

struct install_properties {
    char *values[INSTALL_PROPERTY_COUNT]; /* NULL: not given, or given empty */
};

/* Most characters of a reason, with its NUL. */
#define INSTALL_MAX_REASON 512

/* "COLLECTOR_URL" */
const char *install_property_name(enum install_property property);

/*
 * Takes one "NAME=value"; an empty value takes back what was given before, as in an MSI. Names are in capitals.
 * Returns 0; -EINVAL with reason, which never holds a value; -ENOMEM.
 */
int install_properties_set(struct install_properties *properties, struct text argument,
                           char reason[INSTALL_MAX_REASON]);

/* The same for lines, each ended by LF or CR LF; empty lines are left out. */
int install_properties_read(struct install_properties *properties, struct text lines, char reason[INSTALL_MAX_REASON]);

/* "1" or "yes" is true, "0", "no" or nothing given false; initial: what holds when nothing is given. */
bool install_properties_flag(const struct install_properties *properties, enum install_property property, bool initial);

/* Overwrites the token, frees all, and leaves an empty one. */
void install_properties_clear(struct install_properties *properties);

#endif
