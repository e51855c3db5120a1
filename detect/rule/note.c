#include "detect/rule/note.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory for notes that are moved, with what may still be added, bytes. */
#define MAX_MOVED ((size_t)1 << 20)

/* Cuts message, of NOTE_MAX_MESSAGE bytes at most, before a character that was cut; line ends become spaces. */
static void tidy(char *message)
{
    size_t length = strlen(message);
    if (length == NOTE_MAX_MESSAGE) {
        while (length > 0 && ((unsigned char)message[length - 1] & 0xC0) == 0x80)
            length--;
        if (length > 0 && ((unsigned char)message[length - 1] & 0x80) != 0)
            length--;
        message[length] = '\0';
    }
    for (char *c = message; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

/* Room for one more in list; false: no memory, or NOTE_MAX is reached. */
static bool grow(struct note **list, size_t count, size_t *room, struct arena *arena)
{
    if (count < *room)
        return true;
    if (count >= NOTE_MAX)
        return false;
    size_t wanted = *room == 0 ? 8 : *room * 2;
    struct note *bigger = arena_zeroed(arena, wanted, sizeof(*bigger));
    if (bigger == NULL)
        return false;
    if (count > 0)
        memcpy(bigger, *list, count * sizeof(*bigger));
    *list = bigger;
    *room = wanted;
    return true;
}

static void __attribute__((format(printf, 5, 0))) add(struct notes *notes, bool is_error, struct expr_place place,
                                                      const char *code, const char *format, va_list arguments)
{
    char message[NOTE_MAX_MESSAGE + 1];
    (void)vsnprintf(message, sizeof(message), format, arguments); /* cut is fine */
    tidy(message);
    struct text kept = arena_text(notes->arena, text_from(message));
    bool has_room = is_error ? grow(&notes->errors, notes->error_count, &notes->error_room, notes->arena)
                             : grow(&notes->warnings, notes->warning_count, &notes->warning_room, notes->arena);
    if (kept.bytes == NULL || !has_room) {
        notes->dropped += is_error;
        return;
    }
    struct note note = {.place = place, .message = kept.bytes};
    (void)snprintf(note.code, sizeof(note.code), "%s", code);
    if (is_error)
        notes->errors[notes->error_count++] = note;
    else
        notes->warnings[notes->warning_count++] = note;
}

void notes_error(struct notes *notes, struct expr_place place, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(notes, true, place, code, format, arguments);
    va_end(arguments);
}

void notes_warning(struct notes *notes, struct expr_place place, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(notes, false, place, code, format, arguments);
    va_end(arguments);
}

void notes_fault(struct notes *notes, const struct expr_fault *fault)
{
    notes_error(notes, fault->place, fault->code, "%s", fault->message);
}

bool notes_ok(const struct notes *notes)
{
    return notes->error_count == 0 && notes->dropped == 0;
}

static bool copy(struct note **list, size_t count, struct arena *arena)
{
    struct note *copied = count == 0 ? NULL : arena_zeroed(arena, count, sizeof(*copied));
    for (size_t i = 0; copied != NULL && i < count; i++) {
        copied[i] = (*list)[i];
        copied[i].message = arena_text(arena, text_from((*list)[i].message)).bytes;
        if (copied[i].message == NULL)
            return false;
    }
    *list = copied;
    return count == 0 || copied != NULL;
}

int notes_move(struct notes *notes)
{
    struct notes moved = *notes;
    int rc = arena_new(&moved.arena, MAX_MOVED);
    if (rc < 0)
        return rc;
    if (!copy(&moved.errors, moved.error_count, moved.arena) ||
        !copy(&moved.warnings, moved.warning_count, moved.arena)) {
        arena_free(moved.arena);
        return -ENOMEM;
    }
    moved.error_room = moved.error_count;
    moved.warning_room = moved.warning_count;
    arena_free(notes->arena);
    *notes = moved;
    return 0;
}

static bool is_before(struct expr_place a, struct expr_place b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* NOTE_MAX at most: insertion is quick enough, and keeps the order of equals. */
static void sort(struct note *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct note note = list[i];
        size_t at = i;
        for (; at > 0 && is_before(note.place, list[at - 1].place); at--)
            list[at] = list[at - 1];
        list[at] = note;
    }
}

void notes_sort(struct notes *notes)
{
    sort(notes->errors, notes->error_count);
    sort(notes->warnings, notes->warning_count);
}
