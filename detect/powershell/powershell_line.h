/*
 * powershell_line: what a command line makes PowerShell run: the text after -Command, or the decoded -EncodedCommand.
 *
 * Source of the switches: CommandLineParameterParser.cs of github.com/PowerShell/PowerShell (a dash of any kind or a
 * slash, then any beginning of the name; "ec"); of the splitting: learn.microsoft.com/windows/win32/api/shellapi/
 * nf-shellapi-commandlinetoargvw.
 */
#ifndef DETECT_POWERSHELL_LINE_H
#define DETECT_POWERSHELL_LINE_H

#include "detect/base/text.h"

/* Longest command line that is looked at, bytes: more than Windows allows (32,767 UTF-16 units of three bytes). */
#define POWERSHELL_LINE_MAX (3u * 32767u)

/* Most arguments of one; those after them are not looked at. */
#define POWERSHELL_LINE_MAX_ARGUMENTS 4096

/* A script that a command line holds. */
struct powershell_script {
    struct text text; /* bytes NULL: there is none */
    bool is_encoded;
};

/*
 * Finds the script in a command line, whichever program it names: the first of -Command (all arguments that follow,
 * joined by blanks) and -EncodedCommand (base64 of UTF-16LE). What PowerShell would refuse to decode is no script.
 * Returns 0, the caller frees out->text.bytes; or -ENOMEM.
 */
int powershell_line_script(struct powershell_script *out, struct text command_line);

/*
 * Decodes base64 of UTF-16LE: white space is passed over, padding must be right, an odd last byte is dropped, a lone
 * surrogate becomes U+FFFD. Returns 0, the caller frees out->bytes; -EINVAL: it is no such text; or -ENOMEM.
 */
int powershell_line_decode(struct text *out, struct text base64);

#endif
