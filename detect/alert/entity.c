#include "detect/alert/entity.h"

#include "detect/base/account.h"

#include <stdbool.h>

static const struct text absent = {NULL, 0};

static struct text part(struct text text, size_t from, size_t to)
{
    return (struct text){text.bytes + from, to - from};
}

/* text[from..]; from may be after the end: empty then, as KQL's substring and split index. */
static struct text from_on(struct text text, size_t from)
{
    return from >= text.len ? (struct text){"", 0} : part(text, from, text.len);
}

struct entity entity_faithful(struct text host, struct text account)
{
    struct entity e = {.host_name = host, .host_domain = host, .domain_index = -1};
    size_t dot = text_find(host, '.');
    if (dot < host.len) {
        e.host_name = part(host, 0, dot);
        e.host_domain = from_on(host, dot + 1);
        e.domain_index = (long)text_code_points(e.host_name);
    }
    size_t first = text_find(account, '\\');
    e.account_domain = part(account, 0, first);
    struct text rest = from_on(account, first + 1);
    e.account_name = part(rest, 0, text_find(rest, '\\'));
    return e;
}

/* An IPv4 address, or anything with a colon (IPv6 has one, a host name never): RFC 1123 section 2.1, RFC 4291. */
static bool is_address(struct text host)
{
    unsigned dots = 0, digits = 0, value = 0;
    if (text_find(host, ':') < host.len)
        return true;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.bytes[i];
        if (c == '.') {
            if (digits == 0)
                return false;
            dots++;
            digits = value = 0;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > 3)
            return false;
        value = value * 10 + (unsigned)(c - '0');
        if (value > 255)
            return false;
    }
    return dots == 3 && digits > 0;
}

struct entity entity_corrected(struct text host, struct text account)
{
    struct entity e = {absent, absent, -1, absent, absent};
    host = account_or_absent(host);
    e.host_name = host;
    size_t dot = text_find(host, '.');
    if (dot < host.len && !is_address(host)) {
        e.host_name = account_or_absent(part(host, 0, dot));
        e.host_domain = account_or_absent(from_on(host, dot + 1));
        e.domain_index = (long)text_code_points(part(host, 0, dot));
    }
    account_split(&e.account_domain, &e.account_name, account);
    return e;
}
