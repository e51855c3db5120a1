/* parses FILE: nothing but libexpat over all events of the file, one stream, three handlers that count. */
#include <expat.h>
#include <stdio.h>
#include <string.h>

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    size_t *events = user;
    *events += strcmp(name, "Event") == 0;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    (void)user;
    (void)name;
}

static void XMLCALL on_text(void *user, const XML_Char *bytes, int size)
{
    (void)user;
    (void)bytes;
    (void)size;
}

int main(int argc, char **argv)
{
    static char block[256 * 1024];
    static const char root[] = "<Events>", end[] = "</Events>";
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    XML_Parser parser = XML_ParserCreate("UTF-8");
    size_t events = 0, size;
    if (file == NULL || parser == NULL)
        return 1;
    XML_SetUserData(parser, &events);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    int is_fine = XML_Parse(parser, root, sizeof(root) - 1, XML_FALSE) == XML_STATUS_OK;
    while (is_fine && (size = fread(block, 1, sizeof(block), file)) > 0)
        is_fine = XML_Parse(parser, block, (int)size, XML_FALSE) == XML_STATUS_OK;
    is_fine = is_fine && XML_Parse(parser, end, sizeof(end) - 1, XML_TRUE) == XML_STATUS_OK;
    printf("%zu\n", events);
    XML_ParserFree(parser);
    fclose(file);
    return is_fine ? 0 : 1;
}
