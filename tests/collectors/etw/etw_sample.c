#include "tests/collectors/etw/etw_sample.h"

#include <assert.h>
#include <string.h>

static void put(struct etw_sample *s, const void *bytes, size_t size)
{
    assert(s->size + size <= sizeof(s->bytes));
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

void etw_sample_number(struct etw_sample *s, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(value >> 8 * i);
        put(s, &byte, 1);
    }
}

void etw_sample_units(struct etw_sample *s, const char *ascii)
{
    for (size_t i = 0; i <= strlen(ascii); i++)
        etw_sample_number(s, (unsigned char)ascii[i], 2);
}

void etw_sample_guid(struct etw_sample *s, unsigned char first)
{
    for (unsigned i = 0; i < 16; i++)
        etw_sample_number(s, first + i, 1);
}

void etw_sample_sid(struct etw_sample *s)
{
    static const unsigned char head[8] = {1, 4, 0, 0, 0, 0, 0, 5};
    static const uint32_t parts[4] = {21, 1, 2, 1104};
    put(s, head, sizeof(head));
    for (size_t i = 0; i < 4; i++)
        etw_sample_number(s, parts[i], 4);
}

void etw_sample_process(struct etw_sample *s, unsigned version, unsigned pointer_size, bool user,
                        const char *command_line)
{
    s->size = 0;
    etw_sample_number(s, 0xFFFF8000AABBCCDDu, pointer_size);
    etw_sample_number(s, 4242, 4);
    etw_sample_number(s, 77, 4);
    etw_sample_number(s, 2, 4);
    etw_sample_number(s, 259, 4);
    if (version >= 3)
        etw_sample_number(s, 0x1122334455667788u, pointer_size);
    if (version >= 4)
        etw_sample_number(s, 2, 4);
    if (user) {
        etw_sample_number(s, 0xFFFF8000AABBCCDDu, pointer_size);
        etw_sample_number(s, 0, pointer_size);
        etw_sample_sid(s);
    } else {
        etw_sample_number(s, 0, 4);
    }
    put(s, "powershell.exe", sizeof("powershell.exe"));
    etw_sample_units(s, command_line);
    if (version >= 4) {
        etw_sample_units(s, "Package_1.0");
        etw_sample_units(s, "App");
    }
    if (version >= 5)
        etw_sample_number(s, 0x0102030405060708u, 8);
}

void etw_sample_sysmon(struct etw_sample *s, bool has_original_name, bool has_parent_user, const char *command_line,
                       const char *parent_command_line)
{
    s->size = 0;
    etw_sample_units(s, "-");
    etw_sample_units(s, "2024-05-06 07:08:09.123");
    etw_sample_guid(s, 0x10);
    etw_sample_number(s, 4242, 4);
    etw_sample_units(s, "C:\\p.exe");
    for (int i = 0; i < (has_original_name ? 5 : 4); i++)
        etw_sample_units(s, "meta");
    etw_sample_units(s, command_line);
    etw_sample_units(s, "C:\\");
    etw_sample_units(s, "CONTOSO\\dadmin");
    etw_sample_guid(s, 0x20);
    etw_sample_number(s, 0x3e7, 8);
    etw_sample_number(s, 1, 4);
    etw_sample_units(s, "High");
    etw_sample_units(s, "SHA256=00");
    etw_sample_guid(s, 0x30);
    etw_sample_number(s, 77, 4);
    etw_sample_units(s, "C:\\parent.exe");
    etw_sample_units(s, parent_command_line);
    if (has_parent_user)
        etw_sample_units(s, "CONTOSO\\boss");
}

void etw_sample_4688(struct etw_sample *s, unsigned version, unsigned pointer_size, const char *command_line)
{
    s->size = 0;
    etw_sample_sid(s);
    etw_sample_units(s, "dadmin");
    etw_sample_units(s, "CONTOSO");
    etw_sample_number(s, 0x569860, 8);
    etw_sample_number(s, 4242, pointer_size);
    etw_sample_units(s, "C:\\p.exe");
    etw_sample_units(s, "%%1936");
    etw_sample_number(s, 77, pointer_size);
    if (version >= 1)
        etw_sample_units(s, command_line);
    if (version < 2)
        return;
    etw_sample_sid(s);
    etw_sample_units(s, "target");
    etw_sample_units(s, "-");
    etw_sample_number(s, 0, 8);
    etw_sample_units(s, "C:\\parent.exe");
    etw_sample_sid(s);
}
