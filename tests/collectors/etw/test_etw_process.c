#include "collectors/etw/etw_process.h"
#include "tests/collectors/etw/etw_sample.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As if Windows had it there: in a piece of memory of exactly that size, at an odd address. */
static int read_odd(struct etw_process *out, unsigned char **owned, const void *bytes, size_t size, unsigned version,
                    unsigned pointer_size)
{
    unsigned char *copy = malloc(size + 1);
    CU_ASSERT_FATAL(copy != NULL);
    if (size > 0)
        memcpy(copy + 1, bytes, size);
    *owned = copy;
    return etw_process_read(out, copy + 1, size, version, pointer_size);
}

static bool units_equal(struct etw_units units, const char *ascii)
{
    uint16_t copy[512];
    if (units.count != strlen(ascii) || units.count > 512)
        return false;
    etw_units_copy(copy, units);
    for (size_t i = 0; i < units.count; i++)
        if (copy[i] != (unsigned char)ascii[i])
            return false;
    return true;
}

static void check_fields(const struct etw_process *p, unsigned version, bool user)
{
    char sid[ETW_SID_TEXT_SIZE];
    CU_ASSERT(p->pid == 4242 && p->parent_pid == 77 && p->session_id == 2 && p->exit_status == 259);
    CU_ASSERT(p->flags == (version >= 4 ? 2u : 0u));
    CU_ASSERT(text_equal(p->image, text_from("powershell.exe")));
    CU_ASSERT(units_equal(p->command_line, "powershell -c x"));
    CU_ASSERT((p->user.bytes != NULL) == user);
    CU_ASSERT(text_equal(etw_sid_text(sid, p->user), text_from(user ? "S-1-5-21-1-2-1104" : "")));
}

/* Versions 2 to 6, both pointer sizes, with and without a user. */
static void test_layouts(void)
{
    for (unsigned version = 2; version <= 6; version++)
        for (unsigned pointer_size = 4; pointer_size <= 8; pointer_size += 4)
            for (int user = 0; user <= 1; user++) {
                struct etw_sample s;
                struct etw_process p;
                unsigned char *owned;
                etw_sample_process(&s, version, pointer_size, user, "powershell -c x");
                CU_ASSERT_FATAL(read_odd(&p, &owned, s.bytes, s.size, version, pointer_size) == 0);
                check_fields(&p, version, user);
                free(owned);
            }
}

/* Each beginning of a whole event is an error, up to the tail that later versions may have. */
static void test_truncated(void)
{
    for (unsigned version = 2; version <= 5; version++)
        for (unsigned pointer_size = 4; pointer_size <= 8; pointer_size += 4)
            for (int user = 0; user <= 1; user++) {
                struct etw_sample s;
                etw_sample_process(&s, version, pointer_size, user, "powershell -c x");
                size_t known = version >= 5 ? s.size - 8 : s.size;
                for (size_t size = 0; size <= s.size; size++) {
                    struct etw_process p = {.pid = 1};
                    unsigned char *owned;
                    int rc = read_odd(&p, &owned, s.bytes, size, version, pointer_size);
                    if (rc != (size < known ? -EBADMSG : 0) || (rc < 0 && p.pid != 1))
                        CU_FAIL("a truncated event was taken, or a whole one refused");
                    free(owned);
                }
            }
}

static void test_refused(void)
{
    struct etw_sample s;
    struct etw_process p;
    etw_sample_process(&s, 4, 8, true, "x");
    CU_ASSERT_EQUAL(etw_process_read(&p, s.bytes, s.size, 1, 8), -ENOTSUP);
    CU_ASSERT_EQUAL(etw_process_read(&p, s.bytes, s.size, 0, 8), -ENOTSUP);
    CU_ASSERT_EQUAL(etw_process_read(&p, s.bytes, s.size, 4, 2), -EBADMSG);
    CU_ASSERT_EQUAL(etw_process_read(&p, NULL, 0, 4, 8), -EBADMSG);
    size_t sid = 36 + 16;
    s.bytes[sid] = 2; /* a revision that there is not */
    CU_ASSERT_EQUAL(etw_process_read(&p, s.bytes, s.size, 4, 8), -EBADMSG);
    s.bytes[sid] = 1;
    s.bytes[sid + 1] = 16; /* more parts than a SID has */
    CU_ASSERT_EQUAL(etw_process_read(&p, s.bytes, s.size, 4, 8), -EBADMSG);
}

static void test_sid_text(void)
{
    static const unsigned char large[] = {1, 1, 0x01, 0x02, 0x03, 0x04, 0x05, 0xAB, 0xFF, 0xFF, 0xFF, 0xFF};
    static const unsigned char world[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    unsigned char longest[8 + 60];
    char text[ETW_SID_TEXT_SIZE];
    CU_ASSERT(text_equal(etw_sid_text(text, (struct etw_sid){large, sizeof(large)}),
                         text_from("S-1-0x0102030405AB-4294967295")));
    CU_ASSERT(text_equal(etw_sid_text(text, (struct etw_sid){world, sizeof(world)}), text_from("S-1-1-0")));
    memset(longest, 0xFF, sizeof(longest));
    longest[0] = 1;
    longest[1] = ETW_SID_MAX_PARTS;
    struct text all = etw_sid_text(text, (struct etw_sid){longest, sizeof(longest)});
    CU_ASSERT(all.len == strlen("S-1-0xFFFFFFFFFFFF") + 15 * strlen("-4294967295") && strlen(text) == all.len);
}

static void test_guid(void)
{
    char text[ETW_GUID_TEXT_SIZE];
    CU_ASSERT(text_equal(etw_guid_text(text, etw_process_guid), text_from("{3d6fa8d0-fe05-11d0-9dda-00c04fd7ba7c}")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"every layout is read", test_layouts},
                                        {"every truncation is an error", test_truncated},
                                        {"what is no such event", test_refused},
                                        {"SID as text", test_sid_text},
                                        {"GUID as text", test_guid},
                                        CU_TEST_INFO_NULL};
    return test_main("etw_process", tests);
}
