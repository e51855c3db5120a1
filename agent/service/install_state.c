#include "agent/service/install_state.h"

#include "detect/base/text.h"
#include <string.h>

bool install_state_owns(const char *name)
{
    /* Each with whatever follows: -wal, -journal, .bookmarks, .damaged-..., .1, .new */
    static const char *const beginnings[] = {"tripline.db", "tripline.log", "status.json"};
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        size_t size = strlen(beginnings[i]);
        if (strlen(name) >= size && text_equal_nocase((struct text){name, size}, text_from(beginnings[i])))
            return true;
    }
    return text_equal_nocase(text_from(name), text_from("selftest.txt"));
}
