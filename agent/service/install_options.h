/* install_options: the command lines of "tripline install" and "tripline uninstall". Plain C. */
#ifndef AGENT_SERVICE_INSTALL_OPTIONS_H
#define AGENT_SERVICE_INSTALL_OPTIONS_H

#include "agent/service/install_properties.h"

struct install_options {
    struct install_properties properties; /* the caller clears them */
    bool configures; /* --configure, --upgrade, --restore: service, files and registry are the MSI's; do what its tables
                        can't */
    bool upgrades;   /* --upgrade: a newer version over an older one, whose service keeps what was set by hand */
    bool restores;   /* --restore: an upgrade has failed; the service becomes the older version's again */
};

/*
 * Reads "[--configure|--upgrade|--restore] [--config F] [--properties F|-] [NAME=VALUE ...]"; --config F is
 * CONFIG_FILE=F; the file, or stdin, holds one NAME=VALUE a line. What comes later wins. Returns 0, 1 (the file can't
 * be read) or CLI_USAGE, the latter two after a message on stderr.
 */
int install_options_read(struct install_options *options, int argc, char **argv);

#endif
