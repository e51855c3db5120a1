/* Property bags: pack, bag_keys, bag_merge. */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <string.h>

static struct value bag_of(const struct dynamic_member *members, size_t count, struct arena *scratch)
{
    struct dynamic *bag = arena_alloc(scratch, sizeof(*bag));
    if (bag == NULL || members == NULL)
        return value_error();
    *bag = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return value_dynamic(bag);
}

static bool is_bag(struct value value)
{
    return !value.is_null && value.dynamic->kind == DYNAMIC_BAG;
}

/* Index of the member of that name, or count. */
static size_t place_of(const struct dynamic_member *members, size_t count, struct text name)
{
    size_t i = 0;
    while (i < count && !text_equal(members[i].name, name))
        i++;
    return i;
}

/* Pairs of a name and a value; the last one of a name counts. */
static struct value call_pack(const struct function_call *call)
{
    size_t count = 0;
    struct dynamic_member *members = arena_zeroed(call->run->scratch, call->count / 2, sizeof(*members));
    for (size_t i = 0; members != NULL && i + 1 < call->count; i += 2) {
        size_t place = place_of(members, count, call->args[i].text);
        members[place] = (struct dynamic_member){call->args[i].text, value_to_dynamic(call->args[i + 1])};
        count = place == count ? count + 1 : count;
    }
    return bag_of(members, count, call->run->scratch);
}

static int prepare_pack(struct function_bind *bind)
{
    if (bind->count % 2 != 0)
        return function_refuse(bind, "K121", bind->place, "%s() takes pairs of a name and a value",
                               bind->function->name);
    for (size_t i = 0; i < bind->count; i += 2)
        if (bind->args[i]->type != VALUE_STRING)
            return function_refuse(bind, "K211", bind->args[i]->place,
                                   "%s() wants a string as argument %u, not a value of type %s", bind->function->name,
                                   (unsigned)i + 1, value_type_name(bind->args[i]->type));
    return 0;
}

static struct value call_bag_keys(const struct function_call *call)
{
    if (!is_bag(call->args[0]))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *bag = call->args[0].dynamic;
    struct dynamic *items = arena_zeroed(call->run->scratch, bag->count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < bag->count; i++)
        items[i] = (struct dynamic){.kind = DYNAMIC_STRING, .text = bag->members[i].name};
    return function_array_of(items, bag->count, call->run->scratch);
}

static struct value call_bag_has_key(const struct function_call *call)
{
    return is_bag(call->args[0]) ? value_bool(value_member(call->args[0].dynamic, call->args[1].text) != NULL)
                                 : value_null(VALUE_BOOL);
}

/* Of a name that several have the first bag's value counts. What is no bag is left out. */
static struct value call_bag_merge(const struct function_call *call)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < call->count; i++)
        total += is_bag(call->args[i]) ? call->args[i].dynamic->count : 0;
    if (total > 4096)
        return value_error(); /* looked through for each name: no event's bag is that large */
    struct dynamic_member *members = arena_zeroed(call->run->scratch, total, sizeof(*members));
    for (size_t i = 0; members != NULL && i < call->count; i++) {
        if (!is_bag(call->args[i]))
            continue;
        for (size_t k = 0; k < call->args[i].dynamic->count; k++) {
            const struct dynamic_member *member = &call->args[i].dynamic->members[k];
            if (place_of(members, count, member->name) == count)
                members[count++] = *member;
        }
    }
    return bag_of(members, count, call->run->scratch);
}

static struct value call_bag_remove_keys(const struct function_call *call)
{
    const struct dynamic *keys = call->args[1].dynamic;
    size_t count = 0;
    if (!is_bag(call->args[0]) || keys->kind != DYNAMIC_ARRAY)
        return call->args[0];
    const struct dynamic *bag = call->args[0].dynamic;
    if (keys->count > 4096 || bag->count > 4096)
        return value_error();
    struct dynamic_member *members = arena_zeroed(call->run->scratch, bag->count, sizeof(*members));
    for (size_t i = 0; members != NULL && i < bag->count; i++) {
        bool is_removed = false;
        for (size_t k = 0; k < keys->count && !is_removed; k++)
            is_removed = keys->items[k].kind == DYNAMIC_STRING && text_equal(keys->items[k].text, bag->members[i].name);
        if (!is_removed)
            members[count++] = bag->members[i];
    }
    return bag_of(members, count, call->run->scratch);
}

static struct value call_to_json(const struct function_call *call)
{
    return function_text(value_json(call->args[0], call->run->scratch));
}

#define PACK(name, flags)                                                                                              \
    {                                                                                                                  \
        name, "(name: string, value, ...)", "a bag of these members", "a*", 2, EXPR_MAX_ARGS, VALUE_DYNAMIC,           \
            FUNCTION_NULLS | (flags), 0, prepare_pack, call_pack, NULL, NULL                                           \
    }

const struct function function_bag[] = {
    PACK("bag_pack", 0),
    PACK("pack", 0),
    PACK("pack_dictionary", FUNCTION_OLD),
    {"bag_keys", "(bag: dynamic)", "the members' names", "j", 1, 1, VALUE_DYNAMIC, 0, 0, NULL, call_bag_keys, NULL,
     NULL},
    {"bag_has_key", "(bag: dynamic, name: string)", "has it a member of that name?", "js", 2, 2, VALUE_BOOL, 0, 0, NULL,
     call_bag_has_key, NULL, NULL},
    {"bag_merge", "(bag: dynamic, bag: dynamic, ...)", "the members of all; of one name the first", "j*", 2, 64,
     VALUE_DYNAMIC, FUNCTION_NULLS, 0, NULL, call_bag_merge, NULL, NULL},
    {"bag_remove_keys", "(bag: dynamic, names: dynamic)", "the bag without these members", "jj", 2, 2, VALUE_DYNAMIC, 0,
     0, NULL, call_bag_remove_keys, NULL, NULL},
    {"dynamic_to_json", "(value: dynamic)", "its JSON", "j", 1, 1, VALUE_STRING, FUNCTION_NULLS, 0, NULL, call_to_json,
     NULL, NULL},
    {0},
};
