/*
 * options: the little that verbs share when they read their command line.
 */
#ifndef AGENT_CLI_OPTIONS_H
#define AGENT_CLI_OPTIONS_H

/*
 * Reads "[--config F]" and nothing else. *config stays NULL when it is not given. Returns 0, or CLI_USAGE after a
 * message on stderr.
 */
int options_config(const char **config, int argc, char **argv);

#endif
