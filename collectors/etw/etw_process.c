#include "collectors/etw/etw_process.h"

#include <errno.h>

const unsigned char etw_process_guid[16] = {0xd0, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11,
                                            0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c};

int etw_process_read(struct etw_process *out, const void *data, size_t size, unsigned version, unsigned pointer_size)
{
    struct etw_process p = {0};
    struct etw_cursor c = etw_cursor_from(data, size);
    if (version < 2)
        return -ENOTSUP;
    if (pointer_size != 4 && pointer_size != 8)
        return -EBADMSG;
    etw_cursor_skip(&c, pointer_size); /* UniqueProcessKey */
    p.pid = etw_cursor_u32(&c);
    p.parent_pid = etw_cursor_u32(&c);
    p.session_id = etw_cursor_u32(&c);
    p.exit_status = etw_cursor_u32(&c);
    if (version >= 3)
        etw_cursor_skip(&c, pointer_size); /* DirectoryTableBase */
    if (version >= 4)
        p.flags = etw_cursor_u32(&c);
    p.user = etw_cursor_token_user(&c, pointer_size);
    p.image = etw_cursor_bytes(&c);
    p.command_line = etw_cursor_units(&c);
    if (version >= 4) {
        (void)etw_cursor_units(&c); /* PackageFullName: only that it is there */
        (void)etw_cursor_units(&c); /* ApplicationId */
    }
    if (c.is_bad)
        return -EBADMSG;
    *out = p;
    return 0;
}
