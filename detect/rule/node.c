#include "detect/rule/node.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

/* A map or list that is being read; all in the arena. */
struct open {
    struct node node;
    struct node *items, *keys;
    size_t room;
    bool has_key; /* of a map: a key stands there and waits for its value */
};

struct builder {
    yaml_parser_t parser;
    struct text bytes;
    struct notes *notes;
    struct open stack[NODE_MAX_DEPTH];
    size_t depth;
    size_t node_count;
    struct node *root; /* NULL: no document was seen */
    bool is_done;
};

static struct expr_place place_of(yaml_mark_t mark)
{
    return (struct expr_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* Bytes of the line end at byte at, as libyaml sees them; 0: there is none. */
static size_t break_at(struct text bytes, size_t at)
{
    static const char *const breaks[] = {"\r\n", "\r", "\n", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        size_t length = strlen(breaks[i]);
        if (bytes.len - at >= length && memcmp(bytes.bytes + at, breaks[i], length) == 0)
            return length;
    }
    return 0;
}

/* The place of the byte at that offset. */
static struct expr_place place_at(struct text bytes, size_t offset)
{
    struct expr_place place = {1, 1};
    for (size_t at = 0; at < offset && at < bytes.len;) {
        size_t length = break_at(bytes, at);
        if (length > 0) {
            place = (struct expr_place){place.line + 1, 1};
            at += length;
        } else {
            (void)text_decode(bytes, &at); /* moves at by one character */
            place.column++;
        }
    }
    return place;
}

/* The bytes of line number, without its end; absent: there is no such line. */
static struct text line_at(struct text bytes, unsigned number)
{
    unsigned line = 1;
    for (size_t at = 0, begin = 0; at <= bytes.len;) {
        size_t length = at < bytes.len ? break_at(bytes, at) : 1;
        if (length == 0) {
            at++;
            continue;
        }
        if (line == number)
            return (struct text){bytes.bytes + begin, at - begin};
        at += length;
        begin = at;
        line++;
    }
    return (struct text){NULL, 0};
}

/* Where a block's text begins: the line after the '|'; the indentation is what its first line with text has more in the
 * file. */
static struct expr_place block_place(struct text bytes, struct text block, unsigned mark_line)
{
    struct expr_place place = {mark_line + 1, 1};
    for (unsigned line = 1;; line++) {
        struct text text = line_at(block, line);
        struct text raw = line_at(bytes, mark_line + line);
        if (text.bytes == NULL || raw.bytes == NULL)
            return place;
        if (text.len > 0) {
            place.column = raw.len >= text.len ? (unsigned)(raw.len - text.len) + 1 : 1;
            return place;
        }
    }
}

static int refuse(struct builder *b, yaml_mark_t mark, const char *code, const char *what)
{
    notes_error(b->notes, place_of(mark), code, "%s", what);
    return -EINVAL;
}

/* Puts node where it belongs: the root, a key, a value, an item. */
static int place_node(struct builder *b, const struct node *node)
{
    if (b->depth == 0) {
        b->root = arena_zeroed(b->notes->arena, 1, sizeof(*b->root));
        if (b->root == NULL)
            return -ENOMEM;
        *b->root = *node;
        return 0;
    }
    struct open *top = &b->stack[b->depth - 1];
    if (top->node.count == top->room) {
        size_t room = top->room == 0 ? 8 : top->room * 2;
        struct node *items = arena_zeroed(b->notes->arena, room, sizeof(*items));
        struct node *keys = top->node.type == NODE_MAP ? arena_zeroed(b->notes->arena, room, sizeof(*keys)) : NULL;
        if (items == NULL || (top->node.type == NODE_MAP && keys == NULL))
            return -ENOMEM;
        if (top->node.count > 0) {
            memcpy(items, top->items, top->node.count * sizeof(*items));
            if (keys != NULL)
                memcpy(keys, top->keys, top->node.count * sizeof(*keys));
        }
        top->items = items;
        top->keys = keys;
        top->room = room;
    }
    if (top->node.type == NODE_MAP && !top->has_key) {
        top->keys[top->node.count] = *node;
        top->has_key = true;
        return 0;
    }
    top->items[top->node.count++] = *node;
    top->has_key = false;
    return 0;
}

/* Is a key expected now? */
static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->stack[b->depth - 1].node.type == NODE_MAP && !b->stack[b->depth - 1].has_key;
}

/* Is the key new in its map? */
static int check_key(struct builder *b, const struct node *key, yaml_mark_t mark)
{
    const struct open *top = &b->stack[b->depth - 1];
    if (top->node.count >= NODE_MAX_KEYS)
        return refuse(b, mark, "K003", "this map has over 1000 keys; no rule needs as many");
    for (size_t i = 0; i < top->node.count; i++) {
        if (text_equal(top->keys[i].text, key->text)) {
            notes_error(b->notes, key->place, "K006", "the key \"%.*s\" stands here again; the first one is in line %u",
                        (int)(key->text.len > 60 ? 60 : key->text.len), key->text.bytes, top->keys[i].place.line);
            return 0; /* the rest of the file is looked at too */
        }
    }
    return 0;
}

static int check_node(struct builder *b, const yaml_event_t *event, const unsigned char *anchor,
                      const unsigned char *tag)
{
    if (anchor != NULL)
        return refuse(b, event->start_mark, "K004", "an anchor (&name); rule files have none, write the value out");
    if (tag != NULL)
        return refuse(b, event->start_mark, "K004", "a tag (!name); rule files have none, leave it away");
    if (++b->node_count > NODE_MAX_COUNT)
        return refuse(b, event->start_mark, "K003", "over 50000 values; no rule needs as many");
    return 0;
}

static int take_scalar(struct builder *b, const yaml_event_t *event)
{
    int rc = check_node(b, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (rc < 0)
        return rc;
    struct text text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct node node = {.type = NODE_SCALAR, .place = place_of(event->start_mark), .end = place_of(event->end_mark)};
    node.text = arena_text(b->notes->arena, text);
    if (node.text.bytes == NULL)
        return -ENOMEM;
    switch (event->data.scalar.style) {
    case YAML_LITERAL_SCALAR_STYLE:
        node.style = NODE_LITERAL;
        node.block = block_place(b->bytes, text, node.place.line);
        break;
    case YAML_FOLDED_SCALAR_STYLE:
        node.style = NODE_FOLDED;
        break;
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        node.style = NODE_QUOTED;
        break;
    default:
        node.style = NODE_PLAIN;
        break;
    }
    rc = wants_key(b) ? check_key(b, &node, event->start_mark) : 0;
    return rc < 0 ? rc : place_node(b, &node);
}

static int begin(struct builder *b, const yaml_event_t *event, enum node_type type, const unsigned char *anchor,
                 const unsigned char *tag)
{
    int rc = check_node(b, event, anchor, tag);
    if (rc < 0)
        return rc;
    if (wants_key(b))
        return refuse(b, event->start_mark, "K001", "a map or a list as a key; keys are plain text");
    if (b->depth == NODE_MAX_DEPTH)
        return refuse(b, event->start_mark, "K003", "maps and lists are nested over 32 deep");
    b->stack[b->depth++] = (struct open){.node = {.type = type, .place = place_of(event->start_mark)}};
    return 0;
}

static int end(struct builder *b, const yaml_event_t *event)
{
    struct open *top = &b->stack[--b->depth];
    top->node.items = top->items;
    top->node.keys = top->keys;
    top->node.end = place_of(event->end_mark);
    struct node done = top->node;
    return place_node(b, &done);
}

static int begin_document(struct builder *b, const yaml_event_t *event)
{
    if (b->root != NULL)
        return refuse(b, event->start_mark, "K005", "a second document; a rule file holds one rule");
    if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
        return refuse(b, event->start_mark, "K004", "a %TAG directive; rule files have none, leave it away");
    return 0;
}

static int take(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(b, event);
    case YAML_ALIAS_EVENT:
        return refuse(b, event->start_mark, "K004", "an alias (*name); rule files have none, write the value out");
    case YAML_SCALAR_EVENT:
        return take_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin(b, event, NODE_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return begin(b, event, NODE_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return end(b, event);
    case YAML_STREAM_END_EVENT:
        b->is_done = true;
        return 0;
    default:
        return 0; /* beginning of the stream, end of the document */
    }
}

/* What libyaml says of a file that is no YAML. */
static int explain(struct builder *b)
{
    const yaml_parser_t *parser = &b->parser;
    const char *problem = parser->problem == NULL ? "it can't be read" : parser->problem;
    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (parser->error == YAML_READER_ERROR)
        notes_error(b->notes, place_at(b->bytes, parser->problem_offset), "K002",
                    "%s; rule files are UTF-8 without control characters", problem);
    else if (parser->context != NULL)
        notes_error(b->notes, place_of(parser->problem_mark), "K001", "not YAML: %s, %s in line %u", problem,
                    parser->context, (unsigned)parser->context_mark.line + 1);
    else
        notes_error(b->notes, place_of(parser->problem_mark), "K001", "not YAML: %s", problem);
    return -EINVAL;
}

static int read_events(struct builder *b)
{
    while (!b->is_done) {
        yaml_event_t event;
        if (yaml_parser_parse(&b->parser, &event) == 0)
            return explain(b);
        int rc = take(b, &event);
        yaml_event_delete(&event);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_bytes(struct text bytes, struct notes *notes)
{
    if (bytes.len > NODE_MAX_BYTES) {
        notes_error(notes, (struct expr_place){1, 1}, "K003", "the file has %lu bytes; a rule file has at most %lu",
                    (unsigned long)bytes.len, (unsigned long)NODE_MAX_BYTES);
        return -EINVAL;
    }
    if (bytes.len == 0) {
        notes_error(notes, (struct expr_place){1, 1}, "K005", "the file is empty; a rule file holds one rule");
        return -EINVAL;
    }
    return 0;
}

int node_parse(const struct node **root, struct text bytes, struct notes *notes)
{
    size_t before = notes->error_count;
    int rc = check_bytes(bytes, notes);
    if (rc < 0)
        return rc;
    struct builder *b = arena_zeroed(notes->arena, 1, sizeof(*b));
    if (b == NULL || yaml_parser_initialize(&b->parser) == 0)
        return -ENOMEM;
    b->bytes = bytes;
    b->notes = notes;
    yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b->parser, (const unsigned char *)bytes.bytes, bytes.len);
    rc = read_events(b);
    yaml_parser_delete(&b->parser);
    if (rc < 0)
        return rc;
    if (b->root == NULL) {
        notes_error(notes, (struct expr_place){1, 1}, "K005", "the file is empty; a rule file holds one rule");
        return -EINVAL;
    }
    if (notes->error_count > before || notes->dropped > 0)
        return -EINVAL;
    *root = b->root;
    return 0;
}

static size_t index_of(const struct node *map, const char *key)
{
    size_t i = 0;
    while (i < map->count && !text_equal(map->keys[i].text, text_from(key)))
        i++;
    return i;
}

const struct node *node_get(const struct node *map, const char *key)
{
    if (map == NULL || map->type != NODE_MAP)
        return NULL;
    size_t i = index_of(map, key);
    return i < map->count ? &map->items[i] : NULL;
}

const struct node *node_key(const struct node *map, const char *key)
{
    if (map == NULL || map->type != NODE_MAP)
        return NULL;
    size_t i = index_of(map, key);
    return i < map->count ? &map->keys[i] : NULL;
}

bool node_is_null(const struct node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (node->type == NODE_SCALAR && node->style == NODE_PLAIN && text_equal(node->text, text_from(words[i])))
            return true;
    return false;
}
