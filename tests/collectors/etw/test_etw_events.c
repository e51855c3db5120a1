#include "collectors/etw/etw_events.h"
#include "tests/collectors/etw/etw_sample.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is(struct etw_units units, const char *ascii)
{
    bool same = units.count == strlen(ascii);
    for (size_t i = 0; same && i < units.count; i++)
        same = units.bytes[2 * i] == (unsigned char)ascii[i] && units.bytes[2 * i + 1] == 0;
    return same;
}

static void check_sysmon(const struct etw_creation *e, bool has_parent_user)
{
    CU_ASSERT(e->pid == 4242 && e->parent_pid == 77 && e->logon_id == 0x3e7);
    CU_ASSERT(e->guid != NULL && e->guid[0] == 0x10 && e->parent_guid != NULL && e->parent_guid[15] == 0x3F);
    CU_ASSERT(is(e->image, "C:\\p.exe") && is(e->command_line, "p -c x") && is(e->user, "CONTOSO\\dadmin"));
    CU_ASSERT(is(e->parent_image, "C:\\parent.exe") && is(e->parent_command_line, "parent /k"));
    CU_ASSERT(is(e->parent_user, has_parent_user ? "CONTOSO\\boss" : ""));
}

static void test_sysmon(void)
{
    static const bool layouts[][2] = {{true, true}, {true, false}, {false, false}};
    for (size_t i = 0; i < 3; i++) {
        struct etw_sample s;
        struct etw_creation e;
        etw_sample_sysmon(&s, layouts[i][0], layouts[i][1], "p -c x", "parent /k");
        CU_ASSERT_FATAL(etw_sysmon_read(&e, s.bytes, s.size) == 0);
        check_sysmon(&e, layouts[i][1]);
    }
}

/* Without its last field an event of one schema is a whole one of another; else each truncation is an error. */
static void test_sysmon_truncated(void)
{
    struct etw_sample s, shorter;
    etw_sample_sysmon(&s, true, true, "p -c x", "parent /k");
    etw_sample_sysmon(&shorter, true, false, "p -c x", "parent /k");
    for (size_t size = 0; size < s.size; size++) {
        struct etw_creation e = {.pid = 1};
        unsigned char *copy = malloc(size + 1);
        CU_ASSERT_FATAL(copy != NULL);
        memcpy(copy + 1, s.bytes, size);
        int rc = etw_sysmon_read(&e, copy + 1, size);
        if (rc != (size == shorter.size ? 0 : -EBADMSG))
            CU_FAIL("a truncated event was taken");
        free(copy);
    }
    etw_sample_number(&s, 0, 1);
    struct etw_creation e;
    CU_ASSERT_EQUAL(etw_sysmon_read(&e, s.bytes, s.size), -EBADMSG); /* and what follows nothing knows of */
}

static void check_4688(const struct etw_creation *e, unsigned version)
{
    char sid[ETW_SID_TEXT_SIZE];
    CU_ASSERT(e->pid == 4242 && e->parent_pid == 77 && e->logon_id == 0x569860);
    CU_ASSERT(text_equal(etw_sid_text(sid, e->subject_sid), text_from("S-1-5-21-1-2-1104")));
    CU_ASSERT(is(e->subject_name, "dadmin") && is(e->subject_domain, "CONTOSO") && is(e->image, "C:\\p.exe"));
    CU_ASSERT(is(e->command_line, version >= 1 ? "p -c x" : ""));
    CU_ASSERT((e->target_sid.bytes != NULL) == (version >= 2));
    CU_ASSERT(is(e->target_name, version >= 2 ? "target" : ""));
    CU_ASSERT(is(e->parent_image, version >= 2 ? "C:\\parent.exe" : ""));
}

static void test_4688(void)
{
    for (unsigned version = 0; version <= 3; version++)
        for (unsigned pointer_size = 4; pointer_size <= 8; pointer_size += 4) {
            struct etw_sample s;
            struct etw_creation e;
            etw_sample_4688(&s, version, pointer_size, "p -c x");
            CU_ASSERT_FATAL(etw_security_read(&e, s.bytes, s.size, version, pointer_size) == 0);
            check_4688(&e, version);
            for (size_t size = 0; size < s.size; size++) {
                unsigned char *copy = malloc(size + 1);
                CU_ASSERT_FATAL(copy != NULL);
                memcpy(copy + 1, s.bytes, size);
                if (etw_security_read(&e, copy + 1, size, version, pointer_size) != -EBADMSG)
                    CU_FAIL("a truncated event was taken");
                free(copy);
            }
        }
    struct etw_creation e;
    CU_ASSERT_EQUAL(etw_security_read(&e, "", 0, 2, 3), -EBADMSG);
}

static void test_guids(void)
{
    char text[ETW_GUID_TEXT_SIZE];
    CU_ASSERT(text_equal(etw_guid_text(text, etw_sysmon_guid), text_from("{5770385f-c22a-43e0-bf4c-06f5698ffbd9}")));
    CU_ASSERT(text_equal(etw_guid_text(text, etw_security_guid), text_from("{54849625-5478-4994-a5ba-3e3b0328c30d}")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"Sysmon 1, each schema", test_sysmon},
                                        {"Sysmon 1, truncated", test_sysmon_truncated},
                                        {"4688, each version, whole and truncated", test_4688},
                                        {"GUIDs", test_guids},
                                        CU_TEST_INFO_NULL};
    return test_main("etw_events", tests);
}
