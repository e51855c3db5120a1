/*
 * note: a mistake or a warning with its place in a rule's file, and the list of a file's notes.
 *
 * Codes: K0xx the file itself (YAML, keys, ids), K1xx language, K2xx names and types, K3xx what would need state, W4xx
 * warnings. docs/rules.md lists them all.
 */
#ifndef DETECT_RULE_NOTE_H
#define DETECT_RULE_NOTE_H

#include "detect/base/arena.h"
#include "detect/expression/expr.h"

/* Most mistakes, and most warnings, kept of one file; more are counted. */
#define NOTE_MAX 200

/* Longest message, bytes; longer ones are cut before a character. */
#define NOTE_MAX_MESSAGE 400

struct note {
    struct expr_place place; /* in the file; line 0: in none of its lines */
    char code[8];
    const char *message; /* one line: what is wrong; what would be right */
};

/* All zero is an empty list. The items live in the arena; they stand in order of place after notes_sort(). */
struct notes {
    struct arena *arena;
    struct note *errors;
    size_t error_count, error_room;
    struct note *warnings;
    size_t warning_count, warning_room;
    size_t dropped; /* mistakes beyond NOTE_MAX, or for which there was no memory; the file is mistaken then too */
};

/* Adds a mistake, a warning: code "K104", "W401"; the message as by printf. */
void notes_error(struct notes *notes, struct expr_place place, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void notes_warning(struct notes *notes, struct expr_place place, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds what expr_call() said. */
void notes_fault(struct notes *notes, const struct expr_fault *fault);

/* Is the file free of mistakes? */
bool notes_ok(const struct notes *notes);

/* Moves them into an arena of their own, and frees the one that they were made in with all else in it. Returns 0, or
 * -ENOMEM: nothing was changed. */
int notes_move(struct notes *notes);

/* Orders both lists by place; notes at the same place keep their order. */
void notes_sort(struct notes *notes);

#endif
