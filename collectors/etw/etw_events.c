#include "collectors/etw/etw_events.h"

#include <errno.h>

#define GUID_SIZE 16u

const unsigned char etw_sysmon_guid[16] = {0x5f, 0x38, 0x70, 0x57, 0x2a, 0xc2, 0xe0, 0x43,
                                           0xbf, 0x4c, 0x06, 0xf5, 0x69, 0x8f, 0xfb, 0xd9};
const unsigned char etw_security_guid[16] = {0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49,
                                             0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28, 0xc3, 0x0d};

static const unsigned char *guid(struct etw_cursor *c)
{
    const unsigned char *at = c->at;
    etw_cursor_skip(c, GUID_SIZE);
    return c->is_bad ? NULL : at;
}

static void skip_units(struct etw_cursor *c, unsigned how_many)
{
    for (; how_many > 0; how_many--)
        (void)etw_cursor_units(c); /* only that it is there */
}

/* Is it a word, like all integrity levels ("High", "Medium Plus", "-", "?")? */
static bool is_word(struct etw_units units)
{
    for (size_t i = 0; i < units.count; i++) {
        unsigned char c = units.bytes[2 * i];
        if (units.bytes[2 * i + 1] != 0 || c < ' ' || c > 'z' || c == '=' || c == '\\')
            return false;
    }
    return true;
}

/* "SHA256=..."? Empty where Sysmon makes none. */
static bool is_hashes(struct etw_units units)
{
    bool has_sign = units.count == 0;
    for (size_t i = 0; i < units.count; i++) {
        unsigned char c = units.bytes[2 * i];
        if (units.bytes[2 * i + 1] != 0 || c < ' ' || c > 'z')
            return false;
        has_sign = has_sign || c == '=' || c == '-';
    }
    return has_sign;
}

/* One layout; it fits when it ends where the bytes do and the two words before the parent are what they should be:
 * bytes of another layout can be cut into the same number of texts. */
static bool sysmon_fits(struct etw_creation *out, const void *data, size_t size, bool has_original_name,
                        bool has_parent_user)
{
    struct etw_creation e = {0};
    struct etw_cursor c = etw_cursor_from(data, size);
    skip_units(&c, 2); /* RuleName, UtcTime */
    e.guid = guid(&c);
    e.pid = etw_cursor_u32(&c);
    e.image = etw_cursor_units(&c);
    skip_units(&c, has_original_name ? 5 : 4); /* FileVersion, Description, Product, Company, [OriginalFileName] */
    e.command_line = etw_cursor_units(&c);
    skip_units(&c, 1); /* CurrentDirectory */
    e.user = etw_cursor_units(&c);
    etw_cursor_skip(&c, GUID_SIZE); /* LogonGuid */
    e.logon_id = etw_cursor_u64(&c);
    etw_cursor_skip(&c, 4); /* TerminalSessionId */
    struct etw_units integrity = etw_cursor_units(&c);
    struct etw_units hashes = etw_cursor_units(&c);
    e.parent_guid = guid(&c);
    e.parent_pid = etw_cursor_u32(&c);
    e.parent_image = etw_cursor_units(&c);
    e.parent_command_line = etw_cursor_units(&c);
    if (has_parent_user)
        e.parent_user = etw_cursor_units(&c);
    if (c.is_bad || c.left != 0 || !is_word(integrity) || !is_hashes(hashes))
        return false;
    *out = e;
    return true;
}

int etw_sysmon_read(struct etw_creation *out, const void *data, size_t size)
{
    if (sysmon_fits(out, data, size, true, true) || sysmon_fits(out, data, size, true, false) ||
        sysmon_fits(out, data, size, false, false))
        return 0;
    return -EBADMSG;
}

int etw_security_read(struct etw_creation *out, const void *data, size_t size, unsigned version, unsigned pointer_size)
{
    struct etw_creation e = {0};
    struct etw_cursor c = etw_cursor_from(data, size);
    if (pointer_size != 4 && pointer_size != 8)
        return -EBADMSG;
    e.subject_sid = etw_cursor_sid(&c);
    e.subject_name = etw_cursor_units(&c);
    e.subject_domain = etw_cursor_units(&c);
    e.logon_id = etw_cursor_u64(&c);
    e.pid = (uint32_t)etw_cursor_pointer(&c, pointer_size);
    e.image = etw_cursor_units(&c);
    skip_units(&c, 1); /* TokenElevationType */
    e.parent_pid = (uint32_t)etw_cursor_pointer(&c, pointer_size);
    if (version >= 1)
        e.command_line = etw_cursor_units(&c);
    if (version >= 2) {
        e.target_sid = etw_cursor_sid(&c);
        e.target_name = etw_cursor_units(&c);
        e.target_domain = etw_cursor_units(&c);
        etw_cursor_skip(&c, 8); /* TargetLogonId */
        e.parent_image = etw_cursor_units(&c);
        (void)etw_cursor_sid(&c); /* MandatoryLabel: only that it is there */
    }
    if (c.is_bad)
        return -EBADMSG;
    *out = e;
    return 0;
}
