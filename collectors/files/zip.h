/*
 * zip: what a ZIP archive holds, and the bytes of one of its members. Stored and deflated members, Zip64, anything in
 * front of the archive; not encrypted or split ones. Nothing is unpacked to disk, so a member's name is a name and no
 * more. Source: PKWARE, APPNOTE.TXT 6.3.10.
 *
 * An archive can't cost more than its size allows: members must not share their bytes, deflate makes at most 1,032
 * bytes of one, and a member that unpacks to more than the archive says is given up.
 */
#ifndef COLLECTORS_FILES_ZIP_H
#define COLLECTORS_FILES_ZIP_H

#include "collectors/files/replay_input.h"

/* Most members; a whole disk's triage has some hundred thousand. More is refused. */
#define ZIP_MAX_MEMBERS 2000000u

/* Where a member lies, as the archive says; nothing of it is trusted. */
struct zip_member {
    uint64_t offset; /* of its own header, in the file */
    uint64_t packed, size;
    uint32_t crc;
    uint16_t method, flags;
};

/* Does a file that begins so look like an archive? */
bool zip_is_one(const char *bytes, size_t size);

/* Takes a member; directories are none. name: as it stands, valid until it returns. Returns 0 or a negative errno. */
typedef int zip_each(void *context, struct text name, const struct zip_member *member);

/*
 * Calls each for every member, in the archive's order. file: one that can be read twice. Returns 0; -EBADMSG with
 * fault: damaged or cut, or members share their bytes, perhaps after some were taken; -ENOTSUP with fault: split, or
 * more than ZIP_MAX_MEMBERS; what each or reading returned.
 */
int zip_list(FILE *file, zip_each *each, void *context, struct fault *fault);

/*
 * Gives a member's bytes to take, in blocks of REPLAY_BLOCK; the last may be shorter. in: the archive, its block made;
 * its path names the member in faults. Returns 0; -ENOTSUP with fault: encrypted, or packed by a method that is not
 * known; -EBADMSG with fault: damaged, after all that could be unpacked was taken; -ENOMEM; what reading or take
 * returned.
 */
int zip_read(struct replay_input *in, const struct zip_member *member, replay_take *take, void *context,
             struct fault *fault);

#endif
