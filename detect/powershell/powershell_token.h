/*
 * powershell_token: PowerShell source, one token at a time: as much of its grammar as tells commands, parameters,
 * strings and brackets apart. Nothing is run, no variable is known.
 *
 * Dashes, quotes and blanks are those that PowerShell takes for one: en dash, em dash, horizontal bar; curly quotes;
 * no-break space and the like. Source of each rule: tokenizer.cs and CharTraits.cs of github.com/PowerShell/PowerShell
 * (version 7; Windows PowerShell 5.1 is expected to agree).
 */
#ifndef DETECT_POWERSHELL_TOKEN_H
#define DETECT_POWERSHELL_TOKEN_H

#include "detect/base/text.h"

enum powershell_token_kind {
    POWERSHELL_END,       /* of the text */
    POWERSHELL_LINE,      /* end of a line */
    POWERSHELL_WORD,      /* a bare word; quoted pieces inside it are part of it */
    POWERSHELL_STRING,    /* '...', "...", here-strings; one that does not end reaches to the end of the text */
    POWERSHELL_PARAMETER, /* -Name or -Name: */
    POWERSHELL_VARIABLE,  /* $name, ${name} */
    POWERSHELL_SPLAT,     /* @name */
    POWERSHELL_OPEN,      /* ( { [ @( @{ $( : see opener */
    POWERSHELL_CLOSE,     /* ) } ] */
    POWERSHELL_SEPARATOR, /* ; */
    POWERSHELL_PIPE,      /* | || && */
    POWERSHELL_AMPERSAND, /* & */
    POWERSHELL_COMMA,
    POWERSHELL_EQUAL /* = += and the like */
};

struct powershell_token {
    enum powershell_token_kind kind;
    struct text text;   /* as it stands, without the quotes of a string, the dash or the colon of a parameter, $ or @ */
    char opener;        /* of OPEN: '(' '{' '[', 'a' for @(, 'h' for @{, 's' for $(; of CLOSE: the bracket */
    bool is_expandable; /* of a STRING: in double quotes */
    bool has_colon;     /* of a PARAMETER: -Name: */
    bool follows_blank; /* does white space stand before it? */
};

struct powershell_reader {
    struct text text; /* from the caller, who keeps it as long as tokens are used */
    size_t at;        /* bytes read */
};

/*
 * The next token; END for ever after the last. Comments and line continuations are passed over.
 * is_in_hash: directly inside @{ }, where = ends a word. is_command: where a command's name may stand, so that '.' is
 * an operator.
 */
struct powershell_token powershell_token_next(struct powershell_reader *reader, bool is_in_hash, bool is_command);

/*
 * Copies a word or string as PowerShell would take it: quotes of pieces and backticks gone, doubled quotes single,
 * letters A-Z in lower case, dashes and quotes of any kind plain, characters without weight (soft hyphen, zero-width
 * ones) left out. Writes at most size bytes to to; returns the bytes written, or size + 1 when they are too many.
 */
size_t powershell_token_fold(char *to, size_t size, const struct powershell_token *token);

#endif
