#include "detect/rule/node.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena *arena;

static const struct node *parse(struct text text, struct notes *notes)
{
    const struct node *root = NULL;
    arena_free(arena);
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    *notes = (struct notes){.arena = arena};
    int rc = node_parse(&root, text, notes);
    CU_ASSERT_EQUAL(rc, root == NULL ? -EINVAL : 0);
    CU_ASSERT_EQUAL(notes_ok(notes), root != NULL);
    return root;
}

static const struct node *good(const char *text)
{
    struct notes notes;
    const struct node *root = parse(text_from(text), &notes);
    for (size_t i = 0; i < notes.error_count; i++)
        printf("%u:%u %s\n", notes.errors[i].place.line, notes.errors[i].place.column, notes.errors[i].message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

static bool is_at(struct expr_place place, unsigned line, unsigned column)
{
    return place.line == line && place.column == column;
}

static void test_tree(void)
{
    const struct node *root = good("a: 1\nb:\n  - x\n  - 'y y'\n  - {c: ~, d: [1, 2]}\n\"e f\": \"tab\\there\"\n");
    CU_ASSERT_EQUAL(root->type, NODE_MAP);
    CU_ASSERT_EQUAL(root->count, 3);
    const struct node *a = node_get(root, "a"), *b = node_get(root, "b"), *e = node_get(root, "e f");
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT(is_at(a->place, 1, 4) && a->style == NODE_PLAIN && text_equal(a->text, text_from("1")));
    CU_ASSERT(b->type == NODE_LIST && b->count == 3);
    CU_ASSERT(is_at(b->items[1].place, 4, 5) && b->items[1].style == NODE_QUOTED);
    CU_ASSERT(is_at(node_key(root, "b")->place, 2, 1));
    CU_ASSERT(node_is_null(node_get(&b->items[2], "c")) && !node_is_null(a) && !node_is_null(&b->items[2]));
    CU_ASSERT_EQUAL(node_get(&b->items[2], "d")->count, 2);
    CU_ASSERT(text_equal(e->text, text_from("tab\there")));
    CU_ASSERT_PTR_NULL(node_get(root, "A"));
    CU_ASSERT_PTR_NULL(node_get(NULL, "a"));
    CU_ASSERT_PTR_NULL(node_get(b, "a"));
    CU_ASSERT(!node_is_null(node_get(good("a: ''\n"), "a")));
    CU_ASSERT(node_is_null(node_get(good("a:\nb: 1\n"), "a")));
    CU_ASSERT_EQUAL(good("\xEF\xBB\xBF"
                         "a: 1\n")
                        ->count,
                    1);
    CU_ASSERT_EQUAL(good("---\na: 1\n...\n")->count, 1);
}

/* Where the text of a literal block stands in the file. */
static void test_block(void)
{
    static const struct {
        const char *file, *text;
        unsigned line, column;
    } cases[] = {
        {"query: |\n  one\n  two\n", "one\ntwo\n", 2, 3},
        {"query: |-\n    one\n      two\n", "one\n  two", 2, 5},
        {"a: 1\nquery: |  # why\n\n\n   one\n", "\n\none\n", 3, 4},
        {"query: |2\n     one\n  two\n", "   one\ntwo\n", 2, 3},
        {"query: |\r\n  one\r\n  two\r\n", "one\ntwo\n", 2, 3},
        {"query: |\n  \xC3\xA4\xC3\xA4 b\n", "\xC3\xA4\xC3\xA4 b\n", 2, 3},
        {"query: |\n  a\tb\n", "a\tb\n", 2, 3},
        {"query: |\n\n", "", 2, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct node *query = node_get(good(cases[i].file), "query");
        CU_ASSERT_PTR_NOT_NULL_FATAL(query);
        CU_ASSERT_EQUAL(query->style, NODE_LITERAL);
        if (!text_equal(query->text, text_from(cases[i].text)) ||
            !is_at(query->block, cases[i].line, cases[i].column)) {
            printf("case %zu: %u:%u\n", i, query->block.line, query->block.column);
            CU_FAIL("block");
        }
    }
    CU_ASSERT_EQUAL(node_get(good("query: >\n  one\n"), "query")->style, NODE_FOLDED);
}

static void test_refused(void)
{
    static const struct {
        const char *file, *code;
        unsigned line, column;
    } cases[] = {
        {"", "K005", 1, 1},
        {"# nothing\n", "K005", 1, 1},
        {"a: 1\n---\nb: 2\n", "K005", 2, 1},
        {"a: &x 1\n", "K004", 1, 4},
        {"a: *x\n", "K004", 1, 4},
        {"a: &x [1]\nb: *x\n", "K004", 1, 4},
        {"a: !!str 1\n", "K004", 1, 4},
        {"%TAG ! tag:x,2000:\n---\na: 1\n", "K004", 1, 1},
        {"a: 1\nb: 2\na: 3\n", "K006", 3, 1},
        {"? [x]\n: 1\n", "K001", 1, 3},
        {"a: [1, 2\n", "K001", 2, 1},
        {"a: 1\n\tb: 2\n", "K001", 2, 1},
        {"a: 'x\n", "K001", 2, 1},
        {"a: 1\nb: \xFF\n", "K002", 2, 4},
        {"a: 1\nb: \x01\n", "K002", 2, 4},
        {"a: \xC3\xA4\xED\xA0\x80\n", "K002", 1, 5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct notes notes;
        CU_ASSERT_PTR_NULL(parse(text_from(cases[i].file), &notes));
        if (notes.error_count == 0 || strcmp(notes.errors[0].code, cases[i].code) != 0 ||
            !is_at(notes.errors[0].place, cases[i].line, cases[i].column)) {
            printf("case %zu: %s %u:%u %s\n", i, notes.errors[0].code, notes.errors[0].place.line,
                   notes.errors[0].place.column, notes.errors[0].message);
            CU_FAIL("refused");
        }
    }
}

/* What is over a limit is refused before it takes much memory or time. */
static void test_limits(void)
{
    struct notes notes;
    char *big = malloc(NODE_MAX_BYTES + 2);
    memset(big, 'a', NODE_MAX_BYTES + 1);
    CU_ASSERT_PTR_NULL(parse((struct text){big, NODE_MAX_BYTES + 1}, &notes));
    CU_ASSERT_STRING_EQUAL(notes.errors[0].code, "K003");
    memset(big, '[', 1000);
    CU_ASSERT_PTR_NULL(parse((struct text){big, 1000}, &notes));
    CU_ASSERT_STRING_EQUAL(notes.errors[0].code, "K003");
    CU_ASSERT(is_at(notes.errors[0].place, 1, NODE_MAX_DEPTH + 1));
    memcpy(big, "[", 1);
    for (size_t i = 0; i < NODE_MAX_BYTES / 2; i++)
        memcpy(big + 1 + 2 * i, "1,", 2);
    CU_ASSERT_PTR_NULL(parse((struct text){big, NODE_MAX_BYTES - 1}, &notes));
    CU_ASSERT_STRING_EQUAL(notes.errors[0].code, "K003");
    size_t size = 0;
    for (int i = 0; i < 1500; i++)
        size += (size_t)snprintf(big + size, 16, "k%d: 1\n", i);
    CU_ASSERT_PTR_NULL(parse((struct text){big, size}, &notes));
    CU_ASSERT_STRING_EQUAL(notes.errors[0].code, "K003");
    free(big);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"tree", test_tree},
                                        {"block", test_block},
                                        {"refused", test_refused},
                                        {"limits", test_limits},
                                        CU_TEST_INFO_NULL};
    int rc = test_main("node", tests);
    arena_free(arena);
    return rc;
}
