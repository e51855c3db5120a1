/*
 * cli: what the program's verbs do. Each gets argc and argv from its own verb on (argv[0] is the verb), UTF-8.
 * Exit codes: 0 good, 1 found or failed as the verb's help says, 2 wrong usage. Data on stdout, diagnostics on stderr.
 */
#ifndef AGENT_CLI_CLI_H
#define AGENT_CLI_CLI_H

#include <stddef.h>

/* The exit code of a wrong command line, after a message on stderr. */
#define CLI_USAGE 2

int cli_run(int argc, char **argv);          /* run [--config F] */
int cli_check_config(int argc, char **argv); /* check-config [F] */
int cli_scan(int argc, char **argv);         /* scan [--jobs N] [--report F.html] FILE... */
int cli_rules(int argc, char **argv);        /* rules check|list [--json] [--rules DIR] [FILE...] */
int cli_verify(int argc, char **argv);       /* verify [F.tsv] */
int cli_version(int argc, char **argv);      /* version [--json] */
int cli_doctor(int argc, char **argv);       /* doctor [--json] [--config F] */
int cli_selftest(int argc, char **argv);     /* selftest [--timeout SECONDS] [--config F] */
int cli_status(int argc, char **argv);       /* status [--json] [--config F] */
int cli_protect(int argc, char **argv);      /* protect < SECRET */
int cli_deadletters(int argc, char **argv);  /* deadletters list|retry|drop [--config F] [--json] [NUMBER...|all] */

/* The Windows service; on other systems they say that there is none here and return 1 (service_posix.c). */
int cli_service(int argc, char **argv);   /* service [--config F]: what the service manager starts */
int cli_install(int argc, char **argv);   /* install [--config F] [--properties F] [NAME=VALUE ...] */
int cli_uninstall(int argc, char **argv); /* uninstall [PURGE=1] */
int cli_start(int argc, char **argv);     /* start */
int cli_stop(int argc, char **argv);      /* stop */
int cli_reload(int argc, char **argv);    /* reload */

/*
 * Finds the verb and calls it; the program's whole main(), after argv became UTF-8. --help after a verb prints its
 * help. What stdout could not take (closed, disk full) is an error: 1 at least.
 */
int cli_main(int argc, char **argv);

/* Prints "tripline VERB: what "argument"" (argument may be NULL) and where help is, on stderr. Returns CLI_USAGE. */
int cli_usage(const char *verb, const char *what, const char *argument);

/*
 * Is argv[*i] the option name ("--jobs"), as "--jobs VALUE" or "--jobs=VALUE"? Then *value is set, *i moves to the last
 * argument used, and 1 is returned. 0: it is not. -EINVAL: it is, without a value.
 */
int cli_option(const char **value, int argc, char **argv, int *i, const char *name);

#endif
