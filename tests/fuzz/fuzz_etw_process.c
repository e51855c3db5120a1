/*
 * Payloads of ETW events from outside: no read beyond the end, and texts that lie within the payload.
 * The first byte says which event: bits 0-2 version, bit 3 pointer size, bits 4-5 class Process, Sysmon 1, 4688.
 */
#include "collectors/etw/etw_events.h"
#include "collectors/etw/etw_process.h"

#include <stdlib.h>
#include <string.h>

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_units(struct etw_units units, const uint8_t *data, size_t size)
{
    static uint16_t copy[1u << 20];
    if (units.bytes == NULL) {
        must(units.count == 0);
        return;
    }
    must(units.bytes >= data && units.bytes + 2 * units.count + 2 <= data + size);
    if (units.count <= sizeof(copy) / sizeof(copy[0]))
        etw_units_copy(copy, units);
}

static void check_sid(struct etw_sid sid)
{
    char text[ETW_SID_TEXT_SIZE];
    must(etw_sid_text(text, sid).len == strlen(text) && strlen(text) < ETW_SID_TEXT_SIZE - 1);
}

static void check_creation(const struct etw_creation *e, const uint8_t *data, size_t size)
{
    const struct etw_units all[] = {e->image,       e->command_line, e->parent_image, e->parent_command_line,
                                    e->user,        e->parent_user,  e->subject_name, e->subject_domain,
                                    e->target_name, e->target_domain};
    char text[ETW_GUID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        check_units(all[i], data, size);
    check_sid(e->subject_sid);
    check_sid(e->target_sid);
    if (e->guid != NULL)
        must(etw_guid_text(text, e->guid).len == 38 && etw_guid_text(text, e->parent_guid).len == 38);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size)
{
    if (input_size < 1)
        return 0;
    unsigned version = input[0] & 7u, pointer_size = (input[0] & 8u) != 0 ? 4 : 8, which = input[0] >> 4 & 3u;
    size_t size = input_size - 1;
    uint8_t *data = malloc(size == 0 ? 1 : size); /* of exactly that size, so that a read beyond it shows */
    must(data != NULL);
    memcpy(data, input + 1, size);
    struct etw_process p;
    struct etw_creation e;
    if (which == 0 && etw_process_read(&p, data, size, version, pointer_size) == 0) {
        must(p.image.bytes >= (char *)data && p.image.bytes + p.image.len < (char *)data + size);
        check_units(p.command_line, data, size);
        check_sid(p.user);
    }
    if (which == 1 && etw_sysmon_read(&e, data, size) == 0)
        check_creation(&e, data, size);
    if (which >= 2 && etw_security_read(&e, data, size, version, pointer_size) == 0)
        check_creation(&e, data, size);
    free(data);
    return 0;
}
