#include "detect/kql/kql_fault.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int kql_faults_begin(struct kql_faults *faults, struct arena *arena, size_t room)
{
    struct kql_fault *list = arena_zeroed(arena, room, sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    *faults = (struct kql_faults){.list = list, .room = room};
    return 0;
}

void kql_faults_add(struct kql_faults *faults, struct expr_place place, const char *code, const char *format, ...)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct kql_fault *known = &faults->list[i];
        if (known->place.line == place.line && known->place.column == place.column && strcmp(known->code, code) == 0)
            return;
    }
    if (faults->count == faults->room) {
        faults->left_out++;
        return;
    }
    struct kql_fault *fault = &faults->list[faults->count++];
    fault->place = place;
    fault->owner = faults->owner;
    (void)snprintf(fault->code, sizeof fault->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault->message, sizeof fault->message, format, arguments); /* cut where longer */
    va_end(arguments);
}

static int compare(const void *a, const void *b)
{
    const struct kql_fault *left = a, *right = b;
    if (left->place.line != right->place.line)
        return left->place.line < right->place.line ? -1 : 1;
    if (left->place.column != right->place.column)
        return left->place.column < right->place.column ? -1 : 1;
    return strcmp(left->code, right->code);
}

void kql_faults_sort(struct kql_faults *faults)
{
    if (faults->count > 1)
        qsort(faults->list, faults->count, sizeof *faults->list, compare);
}

const char *kql_fault_class(const char *code)
{
    static const struct {
        const char *code, *class;
    } classes[] = {{"K101", "syntax"},
                   {"K102", "syntax"},
                   {"K104", "unsupported-function-or-operator"},
                   {"K105", "limit"},
                   {"K106", "function-not-in-core"},
                   {"K120", "unsupported-function-or-operator"},
                   {"K121", "argument"},
                   {"K122", "argument"},
                   {"K123", "regex"},
                   {"K124", "limit"},
                   {"K201", "unknown-name"},
                   {"K202", "unknown-name"},
                   {"K203", "foreign-table"},
                   {"K204", "no-process-leg"},
                   {"K205", "type"},
                   {"K210", "type"},
                   {"K211", "type"},
                   {"K301", "join-or-subquery"},
                   {"K302", "aggregate-threshold"},
                   {"K303", "baseline-or-series"},
                   {"K304", "externaldata"},
                   {"K305", "row-expansion"}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i].code, code) == 0)
            return classes[i].class;
    return code[0] == 'W' ? "warning" : "";
}

/* Longest word that a mistyped one is looked for, bytes. */
#define NEAREST_MAX 64

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters changed, added, left out or two neighbours swapped to make b of a; case does not count. */
static unsigned distance(struct text a, struct text b)
{
    unsigned rows[3][NEAREST_MAX + 1];
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned same = lower(a.bytes[i - 1]) == lower(b.bytes[j - 1]);
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a.bytes[i - 1]) == lower(b.bytes[j - 2]) &&
                lower(a.bytes[i - 2]) == lower(b.bytes[j - 1]))
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

struct text kql_nearest(struct text word, const struct text *names, size_t count, size_t stride)
{
    struct text best = {NULL, 0};
    if (word.len == 0 || word.len > NEAREST_MAX)
        return best;
    unsigned least_distance = (unsigned)(word.len + 2) / 3;
    for (size_t i = 0; i < count; i++) {
        struct text name = *(const struct text *)(const void *)((const char *)names + i * stride);
        if (name.len == 0 || name.len > NEAREST_MAX)
            continue;
        unsigned it = distance(word, name);
        if (it < least_distance + (best.bytes == NULL)) {
            best = name;
            least_distance = it;
        }
    }
    return best;
}
