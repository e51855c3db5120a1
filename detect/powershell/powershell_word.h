/*
 * powershell_word: what a bare word is where a command may stand. Words as powershell_token_fold() gives them.
 */
#ifndef DETECT_POWERSHELL_POWERSHELL_WORD_H
#define DETECT_POWERSHELL_POWERSHELL_WORD_H

#include "detect/base/text.h"

/* One after which a command may stand on the same line: return, else, try ... */
bool powershell_word_is_keyword(struct text word);

/* One whose statement ends with a block, or with a list in the case of param: if, foreach, function ... */
bool powershell_word_is_clause(struct text word);

/* set-<letters or digits, or none>noun, after the last backslash (a module's name). */
bool powershell_word_is_setter(struct text word, struct text noun);

#endif
