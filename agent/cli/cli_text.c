#include "agent/cli/cli_text.h"

#include "agent/cli/cli.h"

#include <stddef.h>

#define CONFIG_OPTION                                                                                                  \
    "  --config F   the config file; else C:\\ProgramData\\Tripline\\tripline.xml\n"                                   \
    "               (/etc/tripline/tripline.xml on other systems)\n"

static const char scan_help[] =
    "Reads files of recorded events and writes an alert for each that a rule matches, the same\n"
    "JSON document as the service sends, one a line, to stdout. What was read goes to stderr.\n"
    "\n"
    "  FILE         event XML (an export with <Events>, one event a line, or single events; also in\n"
    "               strings of JSON, fields of CSV, lines of syslog) or .evtx, each also gzipped;\n"
    "               told by the content, not by the name. - is stdin; a directory: the logs in it\n"
    "               and below, by their names; a ZIP archive: the same; with * or ?: the files that fit\n"
    "  --rules DIR  try the rules of these files instead of the built-in ones: a directory, or one file\n"
    "  --rule ID    this rule alone\n"
    "  --since T    alerts of events at or after this time alone: 2024-05-06T07:08:09Z, with an offset\n"
    "               for Z, or 2024-05-06; --until T: of those before it\n"
    "  --jobs N     read N files at a time, 1 to 64; else 1. Alerts keep the files' order\n"
    "  --output F   what is written for an alert: ecs (else), ocsf, sentinel (the rule's row), csv, or\n"
    "               timeline (CSV as Timesketch imports it)\n"
    "  --report F   also write one HTML page, without script: what was read, a timeline, hosts,\n"
    "               accounts, each alert with its evidence; in place of one that was there\n"
    "  --strict     exit code 3 when events in the files, or rules, could not be read\n"
    "\n"
    "On a terminal a line says how far it is. Ctrl-C ends it: the alerts of what was read are written,\n"
    "the report names what was not.\n"
    "\n"
    "One bad event never stops a file: it is named with file and place, and the rest is read.\n"
    "\n"
    "Exit codes: 0 the files were read to their ends, whether or not there were alerts;\n"
    "            1 a file could not be read, or not to its end, or is none of events, or none of its\n"
    "              events could be read; or alerts or report could not be written;\n"
    "            2 wrong usage; 130 ended by Ctrl-C;\n"
    "            3 with --strict: as 0, but events in the files could not be read; also without it\n"
    "              where the words of a rule stand in a record that could not be read.\n";

static const char rules_help[] =
    "check: names every mistake and warning in rule files as FILE:LINE:COLUMN: CODE: what is wrong;\n"
    "what would be right, with the line; of a good rule what is looked for in which events.\n"
    "list: the rules in force: id, version, severity, name, author.\n"
    "explain: the conditions of one rule as they were understood; with a file of events, what each part\n"
    "makes of each event, with the values.\n"
    "test: does each rule match the recorded events beside it as often as its info.yml says?\n"
    "\n"
    "  FILE         a rule of Microsoft Sentinel (YAML with \"query:\") or of Sigma (with \"detection:\"),\n"
    "               or a directory: its *.yml and *.yaml files, those of its directories too\n"
    "  --rules DIR  the same, for list and explain\n"
    "  ID           the rule's id; EVENTFILE: as for scan\n"
    "  --json       one JSON object a line\n"
    "\n"
    "Exit codes: 0 good; 1 a mistake in a file, or one that can't be read, or a test that failed;\n"
    "2 wrong usage.\n";

static const char verify_help[] =
    "Checks that this build answers as Kusto does: has, has_all, and the rule's host and account\n"
    "columns. Every text is tried as UTF-8 and as UTF-16.\n"
    "\n"
    "  F.tsv        rows of your own; without it the built-in ones. Tab-separated, with or without a\n"
    "               header line and with or without a last column \"source\":\n"
    "                 haystack needle expected            (expected: 1 or 0)\n"
    "                 command_line expected               (all terms of the rule)\n"
    "                 computer account host_name domain_index host_name_domain account_name\n"
    "                   account_domain\n"
    "                 rule_file query_line query_column class construct   (with this header: mistakes\n"
    "                   that must be told of a rule's query; no escapes)\n"
    "  --rules DIR  where the rule files lie that such rows name\n"
    "               Escapes: \\\\ \\t \\n \\r \\0, \\uXXXX and \\UXXXXXXXX a code point, \\xHH a byte\n"
    "               With a header line also KQL expressions (kind: where or value; field_types:\n"
    "               Name:type,...; no escapes but JSON's):\n"
    "                 id kind expression field_types fields_json expected_json\n"
    "\n"
    "Exit codes: 0 every row came out as expected; 1 a mismatch, or a row or file that can't be read;\n"
    "            2 wrong usage.\n";

static const char check_config_help[] =
    "Reads a config file and names every mistake in it as FILE:LINE:COLUMN: what is wrong; what would\n"
    "be right, and each output that could not be opened: its certificates and secrets are looked at\n"
    "too. Nothing is connected to or changed.\n"
    "\n"
    "  F            the config file; else C:\\ProgramData\\Tripline\\tripline.xml\n"
    "               (/etc/tripline/tripline.xml on other systems)\n"
    "\n"
    "Exit codes: 0 the config is good; 1 it is not, or can't be read; 2 wrong usage.\n";

static const char status_help[] =
    "Shows what the running agent says of itself, every 5 s, in status.json of its state directory.\n"
    "\n"
    "  --json       the whole document, with the verdict and its reasons, as one JSON object\n" CONFIG_OPTION "\n"
    "Exit codes: 0 watching, nothing is amiss; 1 running, with trouble; 2 wrong usage; 3 stopped;\n"
    "            4 dead: its process is gone, though nobody stopped it; 5 stuck: no sign of life;\n"
    "            6 there is no status, or it can't be read.\n";

static const char doctor_help[] =
    "Looks at this host: audit policy, command lines, Sysmon, channels and their sizes, outputs with\n"
    "their TLS and clock, disk, who may write config and state. Each line is good, a warning or bad,\n"
    "says why it matters and which command mends it; then what this host can't see at all. Changes\n"
    "nothing; each output's server gets one HEAD request. As administrator it sees more.\n"
    "\n"
    "  --json       as one JSON object\n" CONFIG_OPTION "\n"
    "Exit codes: 0 nothing is bad; 1 something is, or the config can't be read; 2 wrong usage.\n";

static const char selftest_help[] =
    "Starts a harmless process whose command line holds the rule's terms and a nonce, and waits until\n"
    "the running agent has seen it and every output has taken its alert. The alert is marked as a\n"
    "test (tripline.test). Needs an administrator: it writes into the state directory.\n"
    "\n"
    "  --timeout S  seconds to wait, 1 to 3600; else 60\n" CONFIG_OPTION "\n"
    "Exit codes: 0 every output took the alert; 1 not so, or no agent runs; 2 wrong usage.\n";
static const char deadletters_help[] =
    "Alerts that the central collector refused for good, or that waited for longer than max-age: what\n"
    "it answered, and what shall become of them. The agent has the outbox to itself while it runs:\n"
    "stop it first.\n"
    "\n"
    "  list         number, time, output, alert id, answer; with --json one object a line, with the alert\n"
    "  retry N...   they wait again for their output, after all that waits already; or all\n"
    "  drop N...    they are forgotten; or all\n" CONFIG_OPTION "\n"
    "Exit codes: 0 done; 1 the outbox could not be opened, or a number is not there; 2 wrong usage.\n";

static const char protect_help[] =
    "Reads a secret from stdin and prints it as dpapi:..., sealed with this host's own key, for any\n"
    "secret setting of the config. Only on Windows; the config of another host can't use it.\n"
    "\n"
    "Exit codes: 0 done; 1 failed, or not on Windows; 2 wrong usage.\n";
static const char install_help[] =
    "Does what the MSI does, with the same properties (docs/install.md): directory, config, service,\n"
    "account, Event Log source. A config that is there is kept.\n"
    "\n" CONFIG_OPTION "  --properties F\n"
    "               a file with one NAME=VALUE a line, - is stdin; so that TOKEN is seen in no list\n"
    "               of processes\n"
    "  --configure  for the MSI: only what its tables can't do\n"
    "  NAME=VALUE   COLLECTOR_URL OUTPUT_TYPE TOKEN CA_FILE CLIENT_CERT CLIENT_KEY SOURCES LOOKBACK\n"
    "               CONFIG_FILE ACCOUNT START_SERVICE RECONFIGURE\n"
    "\n"
    "Needs an administrator. Exit codes: 0 done; 1 failed; 2 wrong usage.\n";

static const char uninstall_help[] =
    "Stops and removes the service. Config, outbox and log stay, but for PURGE=1, which deletes them.\n"
    "\n"
    "  --properties F, --configure\n"
    "               as for tripline install\n"
    "\n"
    "Needs an administrator. Exit codes: 0 done; 1 failed; 2 wrong usage.\n";

const struct cli_verb cli_verbs[] = {
    {"run", cli_run, "[--config F]", "run the agent in the foreground; Ctrl-C stops it cleanly",
     CONFIG_OPTION "\nExit codes: 0 it was stopped; 1 it could not start or had to end; 2 wrong usage.\n"},
    {"install", cli_install, "[--config F] [--properties F] [NAME=VALUE ...]", "make the Windows service",
     install_help},
    {"uninstall", cli_uninstall, "[--properties F] [PURGE=1]", "remove the Windows service", uninstall_help},
    {"start", cli_start, "", "start the Windows service",
     "Needs an administrator. Exit codes: 0 it runs; 1 failed; 2 wrong usage.\n"},
    {"stop", cli_stop, "", "stop the Windows service",
     "Needs an administrator. Exit codes: 0 it stands; 1 failed; 2 wrong usage.\n"},
    {"reload", cli_reload, "", "make the Windows service read its config anew",
     "The service sees a changed config file by itself; this reads certificates and keys anew too.\n"
     "Needs an administrator. Exit codes: 0 it was asked; 1 failed; 2 wrong usage.\n"},
    {"service", cli_service, "[--config F]", "what the service manager starts; not to be called by hand",
     CONFIG_OPTION "\nExit codes: 0 it was stopped; 1 it could not start or had to end; 2 wrong usage.\n"},
    {"check-config", cli_check_config, "[F]", "name every mistake in a config file", check_config_help},
    {"status", cli_status, "[--json] [--config F]", "is the agent watching, and what of", status_help},
    {"doctor", cli_doctor, "[--json] [--config F]", "can this host see the attack, and tell of it", doctor_help},
    {"selftest", cli_selftest, "[--timeout SECONDS] [--config F]", "does an alert arrive at every output",
     selftest_help},
    {"deadletters", cli_deadletters, "list|retry|drop [--config F] [--json] [N...|all]",
     "alerts that the collector refused for good", deadletters_help},
    {"protect", cli_protect, "", "seal a secret for the config", protect_help},
    {"scan", cli_scan,
     "[--rules DIR] [--rule ID] [--since T] [--until T] [--jobs N] [--report F.html] [--strict] FILE...",
     "find alerts in files of recorded events", scan_help},
    {"rules", cli_rules, "check|list|explain [--json] [--rules DIR] [FILE...|ID [EVENTFILE]]",
     "check rule files; list and explain rules", rules_help},
    {"verify", cli_verify, "[--rules DIR] [F.tsv]", "check that matching is what Kusto's is", verify_help},
    {"version", cli_version, "[--json]", "versions of program, rules and libraries",
     "  --json       as one JSON object\n\nExit codes: 0; 2 wrong usage.\n"},
    {NULL, NULL, NULL, NULL, NULL},
};
