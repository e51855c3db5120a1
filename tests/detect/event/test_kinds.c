/* kinds: the table is sound, events are found in it, fields are filled from data. */
#include "detect/event/kinds.h"
#include "tests/test.h"

#include <string.h>

static void test_table(void)
{
    for (size_t i = 0; i < kinds_count(); i++) {
        const struct kinds_entry *e = kinds_at(i);
        CU_ASSERT(e->provider.len > 0 && e->kind < EVENT_KIND_COUNT && e->elsewhere < EVENT_KIND_COUNT);
        CU_ASSERT(!e->is_default || e->channel.len > 0);
        CU_ASSERT(kinds_find(e->provider, e->id) == (e->channel.bytes == NULL ? NULL : e));
        bool is_field_seen[EVENT_FIELD_COUNT] = {false};
        for (size_t n = 0; n < e->name_count; n++) {
            enum event_field field = e->names[n].field;
            for (size_t m = 0; m < n; m++)
                CU_ASSERT_FALSE(text_equal(e->names[n].name, e->names[m].name));
            CU_ASSERT(field == EVENT_FIELD_COUNT || !is_field_seen[field]);
            if (field != EVENT_FIELD_COUNT)
                is_field_seen[field] = true;
        }
        CU_ASSERT_EQUAL(e->name_count > 0, event_kind_is_process(e->kind) && e->channel.bytes != NULL);
    }
}

static void test_find(void)
{
    const struct text security = text_from("Microsoft-Windows-Security-Auditing");
    const struct kinds_entry *e = kinds_find(security, 4688);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT_EQUAL(kinds_kind(e, text_from("SECURITY")), EVENT_SECURITY_4688);
    CU_ASSERT_EQUAL(kinds_kind(e, text_from("ForwardedEvents")), EVENT_FORWARDED_4688);
    CU_ASSERT_EQUAL(kinds_kind(e, text_from(NULL)), EVENT_FORWARDED_4688);
    CU_ASSERT_PTR_NULL(kinds_find(security, 1));
    CU_ASSERT_PTR_NULL(kinds_find(text_from("microsoft-windows-security-auditing"), 4688));
    CU_ASSERT_PTR_NULL(kinds_find(text_from("Windows Kernel Trace"), 0)); /* no log has such an event */
    CU_ASSERT_EQUAL(kinds_kind(NULL, text_from("Security")), EVENT_OTHER);
    CU_ASSERT(text_equal(kinds_provider(EVENT_FORWARDED_4688), security));
    CU_ASSERT(text_equal(kinds_provider(EVENT_ETW_PROCESS), text_from("Windows Kernel Trace")));
    CU_ASSERT_PTR_NULL(kinds_provider(EVENT_OTHER).bytes);
}

static void test_query(void)
{
    char query[KINDS_QUERY_SIZE];
    CU_ASSERT(kinds_query(query, text_from("SECURITY")));
    CU_ASSERT_STRING_EQUAL(query, "*[System[(EventID=4688 or EventID=1102)]]");
    CU_ASSERT(kinds_query(query, text_from("Microsoft-Windows-Sysmon/Operational")));
    CU_ASSERT_STRING_EQUAL(query, "*[System[(EventID=1)]]");
    CU_ASSERT(kinds_query(query, text_from("System")));
    CU_ASSERT_STRING_EQUAL(query, "*[System[(EventID=104)]]");
    CU_ASSERT_FALSE(kinds_query(query, text_from("ForwardedEvents")));
    CU_ASSERT_FALSE(kinds_query(query, text_from("")));
}

/* An event of entry with these data: name, value, ... */
static struct event filled(const struct kinds_entry *entry, const char *const *pairs, size_t count)
{
    static struct event_datum data[16];
    struct event e = {.data = data, .data_count = count};
    for (size_t i = 0; i < count; i++)
        data[i] = (struct event_datum){text_from(pairs[2 * i]), text_from(pairs[2 * i + 1])};
    kinds_fill(&e, entry);
    return e;
}

static bool is_text(struct text text, const char *want)
{
    return want == NULL ? text.bytes == NULL : text.bytes != NULL && text_equal(text, text_from(want));
}

static void test_fill(void)
{
    const struct kinds_entry *sysmon = kinds_find(text_from("Microsoft-Windows-Sysmon"), 1);
    const struct kinds_entry *security = kinds_find(text_from("Microsoft-Windows-Security-Auditing"), 4688);
    /* In any order, the first of two, unknown and unnamed ones left alone. */
    static const char *const mixed[] = {
        "User",      "u",        "Image",           "i", NULL, "n", "Nobody", "?", "Image", "j",
        "ProcessId", "\r\n 17 ", "ParentProcessId", "x"};
    struct event e = filled(sysmon, mixed, 7);
    CU_ASSERT(is_text(e.field[EVENT_USER], "u") && is_text(e.field[EVENT_IMAGE], "i"));
    CU_ASSERT(e.has_pid && e.pid == 17 && !e.has_parent_pid);
    CU_ASSERT(is_text(e.field[EVENT_COMMAND_LINE], NULL) && is_text(e.field[EVENT_INTEGRITY], NULL));
    static const char *const numbers[] = {"NewProcessId", "0x11", "ProcessId", "0xffffffff"};
    e = filled(security, numbers, 2);
    CU_ASSERT(e.has_pid && e.pid == 0x11 && e.has_parent_pid && e.parent_pid == UINT32_MAX);
    e = filled(NULL, numbers, 2);
    CU_ASSERT(!e.has_pid && is_text(e.field[EVENT_PROCESS_ID_TEXT], NULL));
}

static void test_integrity(void)
{
    const struct kinds_entry *security = kinds_find(text_from("Microsoft-Windows-Security-Auditing"), 4688);
    static const char *const cases[][2] = {
        {"S-1-16-0", "Untrusted"}, {"S-1-16-4096", "Low"},
        {"S-1-16-8192", "Medium"}, {"S-1-16-8448", "Medium Plus"},
        {"S-1-16-12288", "High"},  {"S-1-16-16384", "System"},
        {"S-1-16-20480", NULL},    {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const pair[] = {"MandatoryLabel", cases[i][0]};
        struct event e = filled(security, pair, 1);
        CU_ASSERT(is_text(e.field[EVENT_MANDATORY_LABEL], cases[i][0]) &&
                  is_text(e.field[EVENT_INTEGRITY], cases[i][1]));
    }
    CU_ASSERT(event_field_is_made(EVENT_INTEGRITY) && !event_field_is_made(EVENT_COMMAND_LINE));
}

static void test_hashes(void)
{
    static const struct {
        const char *hashes, *sha256, *sha1, *md5, *imphash;
    } cases[] = {
        {"SHA1=1,MD5=2,SHA256=3,IMPHASH=4", "3", "1", "2", "4"},
        {"sha256=AB", "AB", NULL, NULL, NULL},
        {"IMPHASH=,MD5=2", NULL, NULL, "2", ""},
        {"MD5,=,SHA1==x,", NULL, "=x", NULL, NULL},
        {"AB12", NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const pair[] = {"Hashes", cases[i].hashes};
        struct event e = filled(kinds_find(text_from("Microsoft-Windows-Sysmon"), 1), pair, 1);
        CU_ASSERT(is_text(e.field[EVENT_SHA256], cases[i].sha256) && is_text(e.field[EVENT_SHA1], cases[i].sha1));
        CU_ASSERT(is_text(e.field[EVENT_MD5], cases[i].md5) && is_text(e.field[EVENT_IMPHASH], cases[i].imphash));
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"the table", test_table},
        {"finding a kind", test_find},
        {"the query of a channel", test_query},
        {"fields out of data", test_fill},
        {"integrity of a 4688", test_integrity},
        {"parts of the hashes", test_hashes},
        CU_TEST_INFO_NULL,
    };
    return test_main("kinds", tests);
}
