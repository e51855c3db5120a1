#include "detect/base/account.h"

static struct text part(struct text text, size_t from, size_t to)
{
    return (struct text){text.bytes + from, to - from};
}

struct text account_or_absent(struct text text)
{
    return text.len == 0 || text_equal(text, text_from("-")) ? (struct text){NULL, 0} : text;
}

static size_t find_last(struct text text, char c)
{
    struct text after = text_after_last(text, c);
    return after.len == text.len ? text.len : text.len - after.len - 1;
}

void account_split(struct text *domain, struct text *name, struct text account)
{
    account = account_or_absent(account);
    *domain = (struct text){NULL, 0};
    *name = account;
    size_t split = text_find(account, '\\');
    if (split < account.len) {
        *domain = account_or_absent(part(account, 0, split));
        *name = account_or_absent(part(account, split + 1, account.len));
        return;
    }
    split = find_last(account, '@');
    if (split > 0 && split + 1 < account.len) { /* "@x" and "x@" are names */
        *name = part(account, 0, split);
        *domain = part(account, split + 1, account.len);
    }
}
