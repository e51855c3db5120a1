#include "detect/sigma/piece.h"

#include <errno.h>

int piece_call(struct expr **out, struct job *job, const char *name, struct expr *const *args, size_t count,
               struct expr_place place)
{
    struct expr_fault fault;
    int rc = expr_call(out, job->arena, text_from(name), args, count, place, &fault);
    if (rc == -EINVAL)
        notes_fault(job->notes, &fault);
    return rc;
}

int piece_test(struct expr **out, struct job *job, const char *name, struct expr *field, const struct text *text,
               struct expr_place place)
{
    struct expr *args[2] = {field, NULL};
    if (text != NULL && (args[1] = expr_constant(job->arena, value_string(*text), place)) == NULL)
        return -ENOMEM;
    return piece_call(out, job, name, args, text == NULL ? 1 : 2, place);
}

static bool has_id(const struct piece *piece, uint32_t id)
{
    for (size_t i = 0; i < piece->id_count; i++)
        if (piece->ids[i] == id)
            return true;
    return false;
}

/* The ids that all parts which name any have in common. */
static void common_ids(struct piece *whole, const struct piece *parts, size_t count, uint32_t *ids)
{
    for (size_t i = 0; i < count; i++) {
        if (!parts[i].has_ids)
            continue;
        size_t kept = 0;
        for (size_t k = 0; k < (whole->has_ids ? whole->id_count : parts[i].id_count); k++) {
            uint32_t id = whole->has_ids ? ids[k] : parts[i].ids[k];
            if (!whole->has_ids || has_id(&parts[i], id))
                ids[kept++] = id;
        }
        whole->has_ids = true;
        whole->id_count = kept;
    }
}

/* The ids of all parts, if all name some. */
static void united_ids(struct piece *whole, const struct piece *parts, size_t count, uint32_t *ids)
{
    whole->has_ids = true;
    for (size_t i = 0; i < count; i++) {
        if (!parts[i].has_ids) {
            whole->has_ids = false;
            whole->id_count = 0;
            return;
        }
        for (size_t k = 0; k < parts[i].id_count; k++)
            if (!has_id(whole, parts[i].ids[k]))
                ids[whole->id_count++] = parts[i].ids[k];
    }
}

static int join(struct piece *out, struct job *job, const char *name, const struct piece *parts, size_t count,
                struct expr_place place)
{
    if (count == 1) {
        *out = parts[0];
        return 0;
    }
    size_t id_room = 1;
    for (size_t i = 0; i < count; i++)
        id_room += parts[i].id_count;
    struct expr **args = arena_zeroed(job->arena, count, sizeof(struct expr *));
    uint32_t *ids = arena_zeroed(job->arena, id_room, sizeof *ids);
    if (args == NULL || ids == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        args[i] = parts[i].expr;
    struct piece whole = {.ids = ids};
    if (name[0] == 'a')
        common_ids(&whole, parts, count, ids);
    else
        united_ids(&whole, parts, count, ids);
    int rc = piece_call(&whole.expr, job, name, args, count, place);
    if (rc == 0)
        *out = whole;
    return rc;
}

int piece_all(struct piece *out, struct job *job, const struct piece *parts, size_t count, struct expr_place place)
{
    return join(out, job, "and", parts, count, place);
}

int piece_some(struct piece *out, struct job *job, const struct piece *parts, size_t count, struct expr_place place)
{
    return join(out, job, "or", parts, count, place);
}

int piece_not(struct piece *out, struct job *job, const struct piece *part, struct expr_place place)
{
    struct piece opposite = {0};
    struct expr *const args[] = {part->expr};
    int rc = piece_call(&opposite.expr, job, "not", args, 1, place);
    if (rc == 0)
        *out = opposite;
    return rc;
}
