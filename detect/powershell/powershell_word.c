#include "detect/powershell/powershell_word.h"

static bool is_one_of(struct text word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(word, text_from(words[i])))
            return true;
    return false;
}

bool powershell_word_is_keyword(struct text word)
{
    static const char *const words[] = {"return",  "throw", "exit",  "else",    "try",
                                        "finally", "do",    "begin", "process", "end"};
    return is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

bool powershell_word_is_clause(struct text word)
{
    static const char *const words[] = {"if",       "elseif", "else",    "for",  "foreach", "while",       "switch",
                                        "try",      "catch",  "finally", "trap", "do",      "function",    "filter",
                                        "workflow", "begin",  "process", "end",  "param",   "dynamicparam"};
    return is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

bool powershell_word_is_setter(struct text word, struct text noun)
{
    word = text_after_last(word, '\\');
    if (word.len < 4 + noun.len || memcmp(word.bytes, "set-", 4) != 0 ||
        memcmp(word.bytes + word.len - noun.len, noun.bytes, noun.len) != 0)
        return false;
    for (size_t i = 4; i < word.len - noun.len; i++) {
        char c = word.bytes[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}
