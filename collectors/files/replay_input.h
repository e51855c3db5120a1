/*
 * replay_input: a file's bytes, block by block, plain or out of gzip.
 */
#ifndef COLLECTORS_FILES_REPLAY_INPUT_H
#define COLLECTORS_FILES_REPLAY_INPUT_H

#include "detect/base/fault.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes asked for at a time: few enough for the processor's second cache, many enough to make the calls' cost small. */
#define REPLAY_BLOCK (256u * 1024u)

struct replay_input {
    FILE *file;
    struct text path; /* for faults */
    uint64_t bytes;   /* read from file so far */
    char *block;      /* REPLAY_BLOCK bytes, the owner's */
    size_t used;      /* of block; 0 at the file's end */
    uint64_t left;    /* no more bytes than this are read */
    size_t once;      /* the next block has this many bytes, so that those after it lie well; 0: as many as others */
    bool is_live;     /* a pipe, a terminal: bytes are taken as they come, of which there may be none for hours */
};

/*
 * Reads the next block: of a file all that fits; of what is live, what is there, but at its beginning as many bytes as
 * tell its kind. Returns 0, or what reading failed with (-EISDIR, -EIO, ...) with fault.
 */
int replay_input_next(struct replay_input *in, struct fault *fault);

/* Goes to offset of a file that can be read twice. Returns 0 or a negative errno value. */
int replay_input_seek(FILE *file, uint64_t offset);

/* Sets *size to the size of a file that can be read twice. Returns 0, or -ESPIPE and the like: it is no such file. */
int replay_input_size(uint64_t *size, FILE *file);

/* Waits for bytes of what is live and takes 1 to max of them; *size 0: its end. Nothing of file was read by stdio
 * before. Returns 0 or a negative errno value. */
int replay_input_take(char *bytes, size_t *size, size_t max, FILE *file);

/* Is the file that begins so neither event XML in UTF-8 nor anything unknown that is read as such? */
bool replay_input_is_foreign(const char *bytes, size_t size);

/* Takes bytes; returns 0 or a negative errno value, which ends the reading. */
typedef int replay_take(void *context, const char *bytes, size_t size);

/*
 * Unpacks in, whose first block has been read, and gives the bytes to take in blocks of REPLAY_BLOCK (the last one may
 * be shorter). Several gzip members after one another are one stream (RFC 1952, section 2.2); zeros after the last one
 * are padding. Returns 0; -EBADMSG with fault: damaged or truncated, after all that could be unpacked was taken;
 * -ENOMEM; what reading or take returned.
 */
int replay_gunzip(struct replay_input *in, replay_take *take, void *context, struct fault *fault);

#endif
