/* The list of mistakes. */
#include "agent/config/config_internal.h"
#include "agent/system/plain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int config_errors_add(struct config_errors *errors, unsigned long line, unsigned long column, const char *format, ...)
{
    char message[2 * CONFIG_MAX_REASON];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments); /* cut where longer */
    va_end(arguments);

    struct config_error *list = realloc(errors->list, (errors->count + 1) * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    errors->list = list;
    struct config_error *last = &list[errors->count];
    last->line = line;
    last->column = column;
    last->message = strdup(message);
    if (last->message == NULL)
        return -ENOMEM;
    errors->count++;
    return 0;
}

static bool comes_after(const struct config_error *a, const struct config_error *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void config_errors_sort(struct config_errors *errors)
{
    for (size_t i = 1; i < errors->count; i++) { /* few and nearly in order */
        struct config_error error = errors->list[i];
        size_t at = i;
        for (; at > 0 && comes_after(&errors->list[at - 1], &error); at--)
            errors->list[at] = errors->list[at - 1];
        errors->list[at] = error;
    }
}

void config_errors_free(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        free(errors->list[i].message);
    free(errors->list);
    *errors = (struct config_errors){NULL, 0};
}

void config_errors_print(FILE *to, const char *path, const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *e = &errors->list[i];
        if (e->line == 0)
            plain_printf(to, "%s: %s\n", path, e->message);
        else
            plain_printf(to, "%s:%lu:%lu: %s\n", path, e->line, e->column, e->message);
    }
}
