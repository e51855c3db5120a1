#include "collectors/files/replay_input.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Added to the window's size: a gzip header and nothing else is wanted (zlib.h, inflateInit2). */
#define ONLY_GZIP 16

struct gunzip {
    struct replay_input *in;
    replay_take *take;
    void *context;
    struct fault *fault;
    z_stream z;
    bool is_in_member; /* a member has begun and not ended */
    char *block;       /* REPLAY_BLOCK unpacked bytes, handed over when full */
};

static void empty_block(struct gunzip *g)
{
    g->z.next_out = (Bytef *)g->block;
    g->z.avail_out = REPLAY_BLOCK;
}

static int give(struct gunzip *g)
{
    size_t size = REPLAY_BLOCK - g->z.avail_out;
    empty_block(g);
    return size == 0 ? 0 : g->take(g->context, g->block, size);
}

/* Skips the padding between and after members. */
static void skip_zeros(struct gunzip *g)
{
    while (g->z.avail_in > 0 && *g->z.next_in == 0) {
        g->z.next_in++;
        g->z.avail_in--;
    }
}

static int damaged(struct gunzip *g, int code)
{
    const char *why = g->z.msg != NULL      ? g->z.msg
                      : code == Z_BUF_ERROR ? "the file ends too early"
                                            : "data are damaged";
    fault_set(g->fault, "inflate", code, g->in->path, why);
    return -EBADMSG;
}

/* Unpacks the block that was read. */
static int unpack_block(struct gunzip *g)
{
    g->z.next_in = (Bytef *)g->in->block;
    g->z.avail_in = (uInt)g->in->used;
    for (;;) {
        if (!g->is_in_member) {
            skip_zeros(g);
            if (g->z.avail_in == 0)
                return 0;
            (void)inflateReset(&g->z); /* fails only for a stream that was not made by inflateInit2 */
            g->is_in_member = true;
        }
        int code = inflate(&g->z, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return -ENOMEM;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return damaged(g, code);
        if (code == Z_STREAM_END)
            g->is_in_member = false;
        bool is_full = g->z.avail_out == 0;
        int rc = is_full ? give(g) : 0;
        if (rc < 0)
            return rc;
        if (!is_full && g->z.avail_in == 0)
            return 0;
    }
}

int replay_gunzip(struct replay_input *in, replay_take *take, void *context, struct fault *fault)
{
    struct gunzip g = {.in = in, .take = take, .context = context, .fault = fault};
    g.block = malloc(REPLAY_BLOCK);
    if (g.block == NULL)
        return -ENOMEM;
    int rc = inflateInit2(&g.z, MAX_WBITS + ONLY_GZIP) == Z_OK ? 0 : -ENOMEM;
    if (rc < 0) {
        free(g.block);
        return rc;
    }
    empty_block(&g);
    while (rc == 0 && in->used > 0) {
        rc = unpack_block(&g);
        if (rc == 0)
            rc = replay_input_next(in, fault);
    }
    if (rc == 0 && g.is_in_member)
        rc = damaged(&g, Z_BUF_ERROR);
    if (rc == 0 || rc == -EBADMSG) {
        int given = give(&g);
        rc = given < 0 ? given : rc;
    }
    (void)inflateEnd(&g.z); /* frees; its result only says whether all output was asked for */
    free(g.block);
    return rc;
}
