/* Prints each live record of an .evtx file: a NUL before it, its record id, a blank, its XML. For compare_evtx.py. */
#include "collectors/evtx/evtx_xml.h"

#include <stdio.h>
#include <stdlib.h>

static int print_chunk(struct evtx_tree *tree, struct evtx_buffer *buffer, struct evtx_chunk chunk)
{
    struct evtx_walk walk;
    struct evtx_record record;
    enum evtx_found found;
    evtx_tree_chunk(tree, chunk);
    evtx_walk_start(&walk, chunk);
    while ((found = evtx_walk_next(&walk, &record)) != EVTX_FOUND_END) {
        const struct evtx_node *nodes;
        const char *why;
        size_t count;
        struct text xml;
        if (found != EVTX_FOUND_RECORD || record.is_recovered)
            continue;
        if (evtx_tree_read(&nodes, &count, tree, &record, &why) < 0 || evtx_xml_write(&xml, buffer, nodes, count) < 0)
            return 1;
        printf("%c%llu ", '\0', (unsigned long long)record.id);
        (void)fwrite(xml.bytes, 1, xml.len, stdout); /* its end is checked by fflush */
    }
    return 0;
}

int main(int argc, char **argv)
{
    static unsigned char bytes[EVTX_CHUNK_SIZE];
    struct evtx_tree *tree = NULL;
    struct evtx_buffer buffer = {0};
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    int code = file == NULL || evtx_tree_new(&tree) < 0 || fread(bytes, 1, EVTX_FILE_HEADER_SIZE, file) == 0;
    for (size_t size; code == 0 && (size = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        code = print_chunk(tree, &buffer, (struct evtx_chunk){bytes, size});
    if (file != NULL)
        (void)fclose(file); /* only read */
    evtx_tree_free(tree);
    free(buffer.bytes);
    return code != 0 || fflush(stdout) != 0;
}
