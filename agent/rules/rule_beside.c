#include "agent/rules/rule_beside.h"

#include "agent/system/directory.h"
#include "agent/system/file.h"
#include "transport/document/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next line of *rest, without its end; false: there is none. */
static bool next_line(struct text *line, struct text *rest)
{
    if (rest->len == 0)
        return false;
    size_t end = text_find(*rest, '\n');
    *line = (struct text){rest->bytes, end};
    if (end > 0 && line->bytes[end - 1] == '\r')
        line->len--;
    size_t used = end < rest->len ? end + 1 : end;
    *rest = (struct text){rest->bytes + used, rest->len - used};
    return true;
}

/* The first word of *text, which then begins after it; absent: there is none. */
static struct text next_word(struct text *text)
{
    while (text->len > 0 && (text->bytes[0] == ' ' || text->bytes[0] == '\t'))
        *text = (struct text){text->bytes + 1, text->len - 1};
    size_t end = 0;
    while (end < text->len && text->bytes[end] != ' ' && text->bytes[end] != '\t' && text->bytes[end] != '#')
        end++;
    struct text word = {end == 0 ? NULL : text->bytes, end};
    *text = (struct text){text->bytes + end, text->len - end};
    return word;
}

/* A leg's number; 0: no number. */
static size_t leg_of(struct text word)
{
    size_t leg = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.bytes[i] < '0' || word.bytes[i] > '9' || leg > 1000)
            return 0;
        leg = leg * 10 + (size_t)(word.bytes[i] - '0');
    }
    return leg;
}

static bool accepts(void *context, size_t leg, const char *code)
{
    const struct rule_beside_files *files = context;
    struct text rest = text_from(files->accept), line;
    while (next_line(&line, &rest)) {
        size_t accepted = leg_of(next_word(&line));
        if (accepted == leg && accepted != 0 && text_equal_nocase(next_word(&line), text_from(code)))
            return true;
    }
    return false;
}

/* Each line is a comment or "LEG CODE". */
static void check_accept(const struct rule_beside_files *files, struct notes *notes)
{
    struct text rest = text_from(files->accept), line;
    for (unsigned number = 1; next_line(&line, &rest); number++) {
        struct text leg = next_word(&line), code = next_word(&line);
        if (leg.bytes == NULL)
            continue;
        if (leg_of(leg) == 0 || code.len != 4 || code.bytes[0] != 'K')
            notes_error(
                notes, (struct expr_place){0, 0}, "K014",
                "line %u of the .accept file beside it: a line is the number of a leg and a code, such as \"2 K301\"",
                number);
    }
}

/* stem + end; NULL: no memory. */
static char *beside(const struct rule_beside_files *files, const char *end)
{
    size_t size = strlen(files->stem) + strlen(end) + 1;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s%s", files->stem, end);
    return path;
}

/* The list of that SHA-256, if it is what its name says. */
static struct text read_list(struct rule_beside_files *files, struct text sha256)
{
    struct text list = {NULL, 0};
    char end[SHA256_HEX_SIZE + 16], hex[SHA256_HEX_SIZE], *bytes = NULL;
    size_t size;
    if (sha256.len != SHA256_HEX_SIZE - 1 || files->list_count == RULE_BESIDE_MAX_LISTS)
        return list;
    (void)snprintf(end, sizeof(end), ".data/%.*s.csv", (int)sha256.len, sha256.bytes);
    char *path = beside(files, end);
    if (path == NULL || file_read(&bytes, &size, path, RULE_BESIDE_MAX_DATA) < 0) {
        free(path);
        return list;
    }
    free(path);
    if (sha256_of(hex, bytes, size) < 0 || !text_equal_nocase(sha256, text_from(hex))) {
        free(bytes);
        return list;
    }
    files->lists[files->list_count++] = bytes;
    return (struct text){bytes, size};
}

/* The SHA-256 that the index names for address, or that of the only list there; false: none. */
static bool find_list(char sha256[SHA256_HEX_SIZE], const struct rule_beside_files *files, struct text address)
{
    char *path = beside(files, ".data/index"), *index = NULL;
    size_t size;
    int rc = path == NULL ? -ENOMEM : file_read(&index, &size, path, RULE_BESIDE_MAX_TEXT);
    free(path);
    if (rc == 0) {
        struct text rest = {index, size}, line;
        bool is_found = false;
        while (!is_found && next_line(&line, &rest)) {
            struct text hex = next_word(&line), of = next_word(&line);
            is_found = hex.len == SHA256_HEX_SIZE - 1 && text_equal(of, address);
            if (is_found)
                (void)text_copy(sha256, SHA256_HEX_SIZE, hex);
        }
        free(index);
        return is_found;
    }
    struct directory directory;
    size_t lists = 0;
    path = beside(files, ".data");
    rc = path == NULL ? -ENOMEM : directory_read(&directory, path);
    free(path);
    if (rc < 0)
        return false;
    for (size_t i = 0; i < directory.count; i++) {
        const char *name = directory.entries[i].name;
        if (strlen(name) == SHA256_HEX_SIZE - 1 + 4 && strcmp(name + SHA256_HEX_SIZE - 1, ".csv") == 0) {
            (void)text_copy(sha256, SHA256_HEX_SIZE, text_from(name));
            lists++;
        }
    }
    directory_clear(&directory);
    return lists == 1;
}

static struct text data(void *context, struct text address)
{
    char sha256[SHA256_HEX_SIZE];
    struct rule_beside_files *files = context;
    if (!find_list(sha256, files, address))
        return (struct text){NULL, 0};
    return read_list(files, text_from(sha256));
}

int rule_beside_open(struct rule_beside_files *files, const char *path, struct notes *notes)
{
    size_t size;
    const char *dot = strrchr(path, '.');
    *files = (struct rule_beside_files){.beside = {.context = files, .accepts = accepts, .data = data}};
    files->stem = text_dup((struct text){path, dot == NULL ? strlen(path) : (size_t)(dot - path)});
    char *accept = files->stem == NULL ? NULL : beside(files, ".accept");
    if (accept == NULL) {
        rule_beside_close(files);
        return -ENOMEM;
    }
    int rc = file_read(&files->accept, &size, accept, RULE_BESIDE_MAX_TEXT);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
        notes_error(notes, (struct expr_place){0, 0}, "K014", "%s can't be read: %s", accept, strerror(-rc));
    free(accept);
    if (files->accept != NULL)
        check_accept(files, notes);
    return rc == -ENOMEM ? rc : 0;
}

void rule_beside_close(struct rule_beside_files *files)
{
    for (size_t i = 0; i < files->list_count; i++)
        free(files->lists[i]);
    free(files->accept);
    free(files->stem);
    files->list_count = 0;
    files->accept = files->stem = NULL;
}
