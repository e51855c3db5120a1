/*
 * powershell_text: does a piece of PowerShell source set a certain parameter of a certain cmdlet, and to what?
 *
 * For example Set-CASMailbox and ActiveSyncAllowedDeviceIDs. The source is read as statements, so the words alone (in a
 * comment, in a definition, in another statement) are no hit. Names are taken as PowerShell takes them: any letter
 * case, parameters shortened, backticks and quotes within the cmdlet's name, Module\Name, a prefix before the noun,
 * curly quotes and long dashes. What needs running the source to know (a name put together of pieces, an alias, a
 * variable) is not seen. Linear time; nested texts at most three deep; nothing is kept. Source: docs/powershell.md.
 */
#ifndef DETECT_POWERSHELL_TEXT_H
#define DETECT_POWERSHELL_TEXT_H

#include "detect/base/text.h"

/* Longest text that is read, bytes; of a longer one the rest is passed over and is_cut is set. */
#define POWERSHELL_TEXT_MAX (1u << 20)

/* How the parameter is set; the strongest first. */
enum powershell_use {
    POWERSHELL_USE_NONE,
    POWERSHELL_USE_DIRECT,  /* Set-X -Parameter value */
    POWERSHELL_USE_SPLAT,   /* Set-X @table, and the parameter's whole name stands somewhere in the text */
    POWERSHELL_USE_DEFAULT, /* $PSDefaultParameterValues['Set-X:Parameter'] */
    POWERSHELL_USE_QUOTED   /* inside a string, or base64 after -EncodedCommand */
};

/* What becomes of a list that the parameter holds. */
enum powershell_operation {
    POWERSHELL_OPERATION_NONE,
    POWERSHELL_OPERATION_ADD,     /* @{add=...} @{'+'=...} */
    POWERSHELL_OPERATION_REMOVE,  /* @{remove=...} @{'-'=...} */
    POWERSHELL_OPERATION_BOTH,    /* add and remove */
    POWERSHELL_OPERATION_REPLACE, /* a word, a string, @(...) */
    POWERSHELL_OPERATION_CLEAR,   /* $null */
    POWERSHELL_OPERATION_UNKNOWN  /* a variable, an expression */
};

/* What is looked for. ASCII; any letter case. */
struct powershell_target {
    struct text noun;      /* of the cmdlet Set-NOUN: "CASMailbox" */
    struct text parameter; /* whole: "ActiveSyncAllowedDeviceIDs" */
    struct text shortest;  /* the shortest beginning of it that means no other parameter: "ActiveSyncA" */
};

struct powershell_hit {
    enum powershell_use use;             /* the strongest that was found */
    enum powershell_operation operation; /* of the first one of that use */
    struct text statement;               /* of a direct one: from the cmdlet's name on; a slice of the text */
    bool is_cut; /* the text is longer than POWERSHELL_TEXT_MAX or nested too deeply to be read whole */
};

/* Fills *out. Returns 0, -EINVAL (a target that is not ASCII, empty, longer than 64 bytes, or whose shortest is no
 * beginning of its parameter) or -ENOMEM. */
int powershell_text_find(struct powershell_hit *out, const struct powershell_target *target, struct text text);

/* "direct", "splat", "default", "quoted"; "" for NONE. Static. */
const char *powershell_use_name(enum powershell_use use);

/* "add", "remove", "both", "replace", "clear", "unknown"; "" for NONE. Static. */
const char *powershell_operation_name(enum powershell_operation operation);

#endif
