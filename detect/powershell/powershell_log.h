/*
 * powershell_log: cmdlets as logs write them down: the parameters in Exchange's own log, and the parameter bindings in
 * PowerShell's module logging (event 4103, details of event 800).
 *
 * Exchange (event data 2 of MSExchange CmdletLogs, column Parameters of CmdletInfra): -Name value, joined by blanks; a
 * value is $null, "text", ("a","b"), @{Key=value;Key=value} or bytes. Nothing in it is escaped: a value may hold what
 * looks like another parameter, so a forged one can add a hit, never hide one. Exchange 2010: {Name=value, Name=value}.
 * Module logging: lines like ParameterBinding(Set-CASMailbox): name="P"; value="V", names whole, whatever was typed.
 * Source: docs/powershell.md, "As logs write it".
 */
#ifndef DETECT_POWERSHELL_LOG_H
#define DETECT_POWERSHELL_LOG_H

#include "detect/base/text.h"

/* What becomes of a list; as enum powershell_operation, and DELTA: added or removed, the log does not tell which. */
enum powershell_log_change {
    POWERSHELL_LOG_NONE, /* the parameter is not there */
    POWERSHELL_LOG_ADD,
    POWERSHELL_LOG_REMOVE,
    POWERSHELL_LOG_BOTH,
    POWERSHELL_LOG_REPLACE,
    POWERSHELL_LOG_CLEAR,
    POWERSHELL_LOG_DELTA
};

/* "add", "remove", "both", "replace", "clear", "delta"; "" for NONE. Static. */
const char *powershell_log_change_name(enum powershell_log_change change);

/* The value of a parameter in Exchange's text: the first one whose name is this, in any letter case, up to the next
 * " -Name ". Without the quotes of a "text". Absent: it is not there. A slice of parameters. */
struct text powershell_log_value(struct text parameters, struct text name);

/* What the parameter's value does to a list. */
enum powershell_log_change powershell_log_parameter(struct text parameters, struct text name);

/* What a binding of Set-<letters or digits>NOUN's parameter does to a list, in the details of 4103 or 800; the first
 * one. */
enum powershell_log_change powershell_log_binding(struct text details, struct text noun, struct text name);

#endif
