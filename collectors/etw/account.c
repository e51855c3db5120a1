#include "collectors/etw/account.h"

#include "collectors/etw/etw_cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct known {
    char sid[ETW_SID_TEXT_SIZE]; /* empty: this place is free */
    char name[ACCOUNT_NAME_SIZE];
    bool has_name;
    uint64_t asked_ms;
};

struct account_names {
    bool (*look_up)(char name[ACCOUNT_NAME_SIZE], const char *sid);
    struct known known[ACCOUNT_MAX_NAMES];
};

int account_names_new(struct account_names **out, bool (*look_up)(char name[ACCOUNT_NAME_SIZE], const char *sid))
{
    struct account_names *names = calloc(1, sizeof(*names));
    if (names == NULL)
        return -ENOMEM;
    names->look_up = look_up;
    *out = names;
    return 0;
}

void account_names_free(struct account_names *names)
{
    free(names);
}

/* Its place, or the one that it takes: a free one, else that of the account asked for longest ago. */
static struct known *place_of(struct account_names *names, struct text sid)
{
    struct known *place = &names->known[0];
    for (size_t i = 0; i < ACCOUNT_MAX_NAMES; i++) {
        struct known *k = &names->known[i];
        if (text_equal(text_from(k->sid), sid))
            return k;
        if (place->sid[0] != '\0' && (k->sid[0] == '\0' || k->asked_ms < place->asked_ms))
            place = k;
    }
    return place;
}

struct text account_name(struct account_names *names, struct text sid, uint64_t now_ms)
{
    if (sid.len == 0 || sid.len >= ETW_SID_TEXT_SIZE)
        return (struct text){NULL, 0};
    struct known *k = place_of(names, sid);
    uint64_t keep_ms = k->has_name ? ACCOUNT_KEEP_MS : ACCOUNT_KEEP_UNKNOWN_MS;
    if (!text_equal(text_from(k->sid), sid) || now_ms - k->asked_ms > keep_ms) {
        (void)text_copy(k->sid, sizeof(k->sid), sid); /* it fits */
        k->has_name = names->look_up(k->name, k->sid);
        k->asked_ms = now_ms;
    }
    return k->has_name ? text_from(k->name) : (struct text){NULL, 0};
}
