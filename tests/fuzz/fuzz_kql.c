/*
 * Any bytes as a rule's query: no crash; what is refused has a mistake, each at a place within the text; what compiles
 * can be evaluated.
 */
#include "detect/kql/kql.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is the place of a character, or just after the last one of a line? */
static bool is_within(struct text query, struct expr_place place)
{
    unsigned line = 1;
    size_t at = 0;
    for (; line < place.line; line++) {
        size_t end = text_find((struct text){query.bytes + at, query.len - at}, '\n');
        if (at + end >= query.len)
            return false;
        at += end + 1;
    }
    size_t len = text_find((struct text){query.bytes + at, query.len - at}, '\n');
    return place.line >= 1 && place.column >= 1 && place.column <= len + 1;
}

static void check_notes(struct text query, const struct note *notes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (notes[i].message == NULL || notes[i].message[0] == '\0' || !is_within(query, notes[i].place))
            abort();
}

static void check_legs(const struct legs *legs, const struct columns *columns)
{
    static const struct event_datum data[] = {{{"CommandLine", 11}, {"net user bob /add", 17}},
                                              {{"Image", 5}, {"C:\\a\\b.exe", 10}}};
    struct event event = {.kind = EVENT_SYSMON_1, .event_id = 1, .data = data, .data_count = 2};
    struct arena *scratch = NULL;
    struct column_row row;
    event.field[EVENT_COMMAND_LINE] = data[0].value;
    event.field[EVENT_IMAGE] = data[1].value;
    column_row_of(&row, columns, &event, event.time);
    if (arena_new(&scratch, EXPR_SCRATCH_BYTES) != 0)
        return;
    for (size_t i = 0; i < legs->count; i++) {
        if (legs->items[i].condition == NULL || expr_type(legs->items[i].condition) != VALUE_BOOL)
            abort();
        (void)expr_truth(legs->items[i].condition, &row.row, scratch);
        for (size_t k = 0; k < legs->items[i].row_count; k++) {
            (void)expr_value(legs->items[i].row[k].value, &row.row, scratch);
            arena_reset(scratch);
        }
    }
    arena_free(scratch);
}

/* The bytes of any list that the query asks for. */
static struct text frozen(void *context, struct text address)
{
    (void)context;
    return address.len % 2 == 0 ? text_from("name,kind\nbob,1\n\"a,\"\"b\",2\n") : (struct text){NULL, 0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;
    struct columns *columns = NULL;
    struct text query = {(const char *)data, size};
    struct rule_beside beside = {.data = frozen};
    struct kql_options options = {.at = {1, 1}, .beside = &beside};
    struct legs legs = {0};
    if (arena_new(&arena, MAX_MEMORY) != 0 || columns_new(&columns) != 0)
        abort();
    struct notes notes = {.arena = arena};
    int rc = kql_compile(&legs, arena, columns, query, &options, &notes);
    if (rc == -EINVAL && notes.error_count == 0)
        abort();
    if (rc == 0 && (notes.error_count > 0 || legs.count == 0))
        abort();
    check_notes(query, notes.errors, notes.error_count);
    check_notes(query, notes.warnings, notes.warning_count);
    if (rc == 0)
        check_legs(&legs, columns);
    columns_free(columns);
    arena_free(arena);
    return 0;
}
