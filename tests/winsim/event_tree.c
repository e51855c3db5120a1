#include "tests/winsim/event_tree.h"

#include "tests/winsim/winsim.h"
#include "tests/winsim/wtf8.h"

#include <expat.h>

#include <stdlib.h>
#include <string.h>

struct builder {
    struct event_tree *tree;
    XML_Parser parser;
    const char *hidden; /* what expat reads */
    uint32_t open;      /* element that is open, or TREE_NONE */
    char *pending;      /* text since the last tag */
    size_t pending_size, pending_room;
};

/* A numeric reference at bytes[0..size-1]: its character and length, or 0 if there is none. */
static size_t reference(const char *bytes, size_t size, uint32_t *code)
{
    size_t i = 2;
    if (size < 4 || bytes[0] != '&' || bytes[1] != '#')
        return 0;
    unsigned base = bytes[2] == 'x' || bytes[2] == 'X' ? 16 : 10;
    if (base == 16)
        i++;
    size_t first = i;
    for (*code = 0; i < size && *code <= 0x10FFFF; i++) {
        char c = bytes[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : 99;
        if (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            digit = (unsigned)((c | 0x20) - 'a') + 10;
        if (digit >= base)
            break;
        *code = *code * base + digit;
    }
    return i > first && i < size && bytes[i] == ';' ? i + 1 : 0;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 && code != '\t' && code != '\n' && code != '\r';
}

static bool is_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDFFF;
}

/* out has room for 4 bytes a byte of line. */
static size_t hide(char *out, const char *line, size_t size)
{
    size_t written = 0, used;
    for (size_t i = 0; i < size; i += used) {
        uint32_t code = 0;
        unsigned char c = (unsigned char)line[i];
        used = 1;
        if (c == '&')
            used = reference(line + i, size - i, &code);
        else if (c < 0x20 || c == 0xED)
            code = wtf8_decode(line + i, size - i, &used);
        else {
            out[written++] = line[i];
            continue;
        }
        if (used > 0 && is_control(code)) {
            memcpy(out + written, "\xF4\x8F\x80", 3);
            out[written + 3] = (char)(0x80 | code);
            written += 4;
        } else if (used > 0 && is_surrogate(code)) {
            memcpy(out + written, "\xF4\x8E", 2);
            out[written + 2] = (char)(0x80 | ((code - 0xD800) >> 6));
            out[written + 3] = (char)(0x80 | (code & 0x3F));
            written += 4;
        } else {
            used = used > 0 ? used : 1;
            memcpy(out + written, line + i, used);
            written += used;
        }
    }
    return written;
}

/* Keeps text in the tree with what was hidden brought back; returns its offset. */
static uint32_t keep(struct event_tree *tree, const char *text, size_t size)
{
    while (tree->text_size + size + 1 > tree->text_room) {
        tree->text_room = tree->text_room == 0 ? 4096 : tree->text_room * 2;
        tree->text = winsim_grow(tree->text, tree->text_room);
    }
    size_t offset = tree->text_size;
    char *out = tree->text + offset;
    for (size_t i = 0; i < size; i++) {
        const unsigned char *b = (const unsigned char *)text + i;
        if (i + 3 < size && b[0] == 0xF4 && b[1] == 0x8F && b[2] == 0x80 && b[3] < 0xA0) {
            *out++ = (char)(b[3] & 0x1F);
            i += 3;
        } else if (i + 3 < size && b[0] == 0xF4 && b[1] == 0x8E && b[2] < 0xA0) {
            *out++ = (char)0xED;
            *out++ = (char)(0xA0 | (b[2] & 0x1F));
            *out++ = (char)b[3];
            i += 3;
        } else {
            *out++ = (char)b[0];
        }
    }
    *out++ = 0;
    tree->text_size = (size_t)(out - tree->text);
    return (uint32_t)offset;
}

static bool is_empty_tag(const struct builder *b)
{
    XML_Index begin = XML_GetCurrentByteIndex(b->parser);
    int size = XML_GetCurrentByteCount(b->parser);
    return begin >= 0 && size > 2 && b->hidden[begin + size - 2] == '/';
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *b = context;
    struct event_tree *tree = b->tree;
    uint32_t node = (uint32_t)tree->node_count;
    winsim_reserve((void **)&tree->nodes, tree->node_count, &tree->node_room, sizeof(*tree->nodes));
    struct tree_node *n = &tree->nodes[tree->node_count++];
    *n = (struct tree_node){.parent = b->open, .first_child = TREE_NONE, .last_child = TREE_NONE, .next = TREE_NONE};
    n->name = keep(tree, name, strlen(name));
    n->attributes = (uint32_t)tree->attribute_count;
    n->is_null = is_empty_tag(b);
    for (; attributes[0] != NULL; attributes += 2, n->attribute_count++) {
        winsim_reserve((void **)&tree->attributes, tree->attribute_count, &tree->attribute_room,
                       sizeof(*tree->attributes));
        struct tree_attribute *a = &tree->attributes[tree->attribute_count++];
        a->name = keep(tree, attributes[0], strlen(attributes[0]));
        a->value = keep(tree, attributes[1], strlen(attributes[1]));
    }
    if (b->open != TREE_NONE) {
        struct tree_node *parent = &tree->nodes[b->open];
        if (parent->first_child == TREE_NONE)
            parent->first_child = node;
        else
            tree->nodes[parent->last_child].next = node;
        parent->last_child = node;
    }
    b->open = node;
    b->pending_size = 0;
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    struct builder *b = context;
    (void)name; /* expat has checked it */
    uint32_t node = b->open;
    bool is_leaf = b->tree->nodes[node].first_child == TREE_NONE;
    uint32_t text = keep(b->tree, b->pending, is_leaf ? b->pending_size : 0);
    b->tree->nodes[node].text = text;
    b->open = b->tree->nodes[node].parent;
    b->pending_size = 0;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int size)
{
    struct builder *b = context;
    while (b->pending_size + (size_t)size > b->pending_room) {
        b->pending_room = b->pending_room == 0 ? 4096 : b->pending_room * 2;
        b->pending = winsim_grow(b->pending, b->pending_room);
    }
    memcpy(b->pending + b->pending_size, text, (size_t)size);
    b->pending_size += (size_t)size;
}

/* expat's parser and the buffers are kept for the next line; winsim's lock guards them. */
static struct {
    XML_Parser parser;
    char *hidden, *pending;
    size_t hidden_room, pending_room;
} kept;

static void prepare(struct builder *b, size_t size)
{
    if (kept.parser == NULL)
        kept.parser = XML_ParserCreate("UTF-8");
    else if (!XML_ParserReset(kept.parser, "UTF-8"))
        kept.parser = NULL;
    if (kept.parser == NULL)
        winsim_abort("winsim: out of memory (expat)");
    if (kept.hidden_room < size * 4) {
        kept.hidden = winsim_grow(kept.hidden, size * 4);
        kept.hidden_room = size * 4;
    }
    b->parser = kept.parser;
    b->hidden = kept.hidden;
    b->pending = kept.pending;
    b->pending_room = kept.pending_room;
    XML_SetUserData(b->parser, b);
    XML_SetElementHandler(b->parser, on_start, on_end);
    XML_SetCharacterDataHandler(b->parser, on_text);
}

struct event_tree *event_tree_new(const char *line, size_t size, const char **why)
{
    struct builder b = {.tree = winsim_alloc(sizeof(*b.tree)), .open = TREE_NONE};
    prepare(&b, size);
    size_t hidden_size = hide(kept.hidden, line, size);
    if (XML_Parse(b.parser, kept.hidden, (int)hidden_size, 1) != XML_STATUS_OK) {
        *why = XML_ErrorString(XML_GetErrorCode(b.parser));
        event_tree_free(b.tree);
        b.tree = NULL;
    }
    kept.pending = b.pending;
    kept.pending_room = b.pending_room;
    return b.tree;
}

void event_tree_free(struct event_tree *tree)
{
    if (tree == NULL)
        return;
    free(tree->nodes);
    free(tree->attributes);
    free(tree->text);
    free(tree);
}

const char *event_tree_name(const struct event_tree *tree, uint32_t node)
{
    return tree->text + tree->nodes[node].name;
}

const char *event_tree_text(const struct event_tree *tree, uint32_t node)
{
    return tree->text + tree->nodes[node].text;
}

const char *event_tree_attribute(const struct event_tree *tree, uint32_t node, const char *name)
{
    const struct tree_node *n = &tree->nodes[node];
    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct tree_attribute *a = &tree->attributes[n->attributes + i];
        if (strcmp(tree->text + a->name, name) == 0)
            return tree->text + a->value;
    }
    return NULL;
}

uint32_t event_tree_child(const struct event_tree *tree, uint32_t node, const char *name)
{
    uint32_t child = tree->nodes[node].first_child;
    while (child != TREE_NONE && strcmp(event_tree_name(tree, child), name) != 0)
        child = tree->nodes[child].next;
    return child;
}

size_t event_tree_render(uint16_t *out, const char *line, size_t size)
{
    size_t count = 0, used;
    for (size_t i = 0; i < size; i += used) {
        uint32_t code = 0;
        used = line[i] == '&' ? reference(line + i, size - i, &code) : 0;
        if (used == 0) {
            code = wtf8_decode(line + i, size - i, &used);
        } else if (code == '&' || code == '<' || code == '>') {
            const char *named = code == '&' ? "&amp;" : code == '<' ? "&lt;" : "&gt;";
            count += wtf8_to_utf16(out + count, named, strlen(named));
            continue;
        }
        count += wtf8_put_utf16(out + count, code);
    }
    return count;
}
