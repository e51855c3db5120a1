/* cli_text: the help of each verb. */
#ifndef AGENT_CLI_CLI_TEXT_H
#define AGENT_CLI_CLI_TEXT_H

struct cli_verb {
    const char *name;
    int (*call)(int argc, char **argv);
    const char *arguments; /* "[--json]" or "" */
    const char *summary;   /* one line of tripline --help */
    const char *help;      /* lines that end in a newline: options, exit codes */
};

/* Ends with a verb without a name. */
extern const struct cli_verb cli_verbs[];

#endif
