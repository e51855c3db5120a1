/* A ZIP archive's list and members: no more comes out than the archive's size allows. */
#include "collectors/files/zip.h"

#include <stdlib.h>
#include <unistd.h>

static FILE *file;
static struct replay_input input;
static uint64_t unpacked;

static int take(void *context, const char *bytes, size_t size)
{
    (void)context; /* nothing */
    (void)bytes;   /* were written by the reader */
    unpacked += size;
    return 0;
}

static int each(void *context, struct text name, const struct zip_member *member)
{
    struct fault fault;
    (void)context; /* nothing */
    if (name.len == 0)
        abort();
    (void)zip_read(&input, member, take, NULL, &fault); /* whatever it says */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault;
    if (file == NULL) {
        file = tmpfile();
        input = (struct replay_input){.file = file, .path = text_from("x"), .block = malloc(REPLAY_BLOCK)};
    }
    if (file == NULL || input.block == NULL)
        abort();
    unpacked = 0;
    rewind(file);
    if (fwrite(data, 1, size, file) != size || fflush(file) != 0 || ftruncate(fileno(file), (off_t)size) != 0)
        abort();
    (void)zip_list(file, each, NULL, &fault); /* whatever it says */
    if (unpacked > 1040u * (uint64_t)size + REPLAY_BLOCK)
        abort();
    return 0;
}
