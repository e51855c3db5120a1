/* Any bytes as a Sigma document: no crash; a mistake has a place in the file; a rule says yes or no to any event. */
#include "detect/event/kinds.h"
#include "detect/sigma/sigma.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct event_datum process[] = {
    {{"Image", 5}, {"C:\\Windows\\System32\\cmd.exe", 27}},
    {{"CommandLine", 11}, {"cmd /c \"echo -f \xE2\x80\x93x\xFF\"", 23}},
    {{"OriginalFileName", 16}, {"Cmd.Exe", 7}},
    {{"Hashes", 6}, {"MD5=0,IMPHASH=1", 15}},
    {{"ProcessId", 9}, {"500", 3}},
    {{"UtcTime", 7}, {"2026-11-30 12:34:56.789", 23}},
    {{"SourceIp", 8}, {"10.1.2.3", 8}},
    {{NULL, 0}, {"", 0}},
};

static void check_notes(const struct note *notes, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (notes[i].message == NULL || notes[i].place.line > size + 1 || notes[i].place.column > size + 3)
            abort();
}

static void match(const struct rule *rule, struct columns *columns, struct arena *scratch)
{
    struct event event = {.event_id = 1, .data = process, .data_count = sizeof process / sizeof process[0]};
    struct column_row row;
    event.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-Sysmon");
    event.field[EVENT_CHANNEL] = text_from("Microsoft-Windows-Sysmon/Operational");
    const struct kinds_entry *entry = kinds_find(event.field[EVENT_PROVIDER], 1);
    event.kind = kinds_kind(entry, event.field[EVENT_CHANNEL]);
    kinds_fill(&event, entry);
    column_row_of(&row, columns, &event, 0);
    for (size_t i = 0; i < rule->legs.count; i++)
        if (expr_truth(rule->legs.items[i].condition, &row.row, scratch) == TRUTH_NULL)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct notes notes = {0};
    struct rule rule = {0};
    struct columns *columns = NULL;
    struct arena *scratch = NULL;
    const struct node *root;
    if (arena_new(&rule.arena, (size_t)32 << 20) != 0 || arena_new(&notes.arena, (size_t)32 << 20) != 0 ||
        arena_new(&scratch, EXPR_SCRATCH_BYTES) != 0 || columns_new(&columns) != 0)
        abort();
    int rc = node_parse(&root, (struct text){(const char *)data, size}, &notes);
    if (rc == 0) {
        rc = sigma_is_filter(root) ? sigma_filter_check(columns, root, &notes)
                                   : sigma_compile(&rule, columns, root, NULL, &notes);
        if (rc == 0)
            match(&rule, columns, scratch);
    }
    if ((rc == 0 && notes.error_count != 0) || (rc == -EINVAL && notes.error_count == 0))
        abort();
    check_notes(notes.errors, notes.error_count, size);
    check_notes(notes.warnings, notes.warning_count, size);
    columns_free(columns);
    arena_free(scratch);
    arena_free(notes.arena);
    arena_free(rule.arena);
    return 0;
}
