#include "agent/cli/cli.h"

#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "agent/verify/vectors.h"
#include "agent/verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest file of vectors, bytes. */
#define MAX_FILE (64u * 1024u * 1024u)

static int summary(unsigned long rows, unsigned long mismatches, unsigned long malformed)
{
    plain_printf(stdout, "%lu rows, %lu mismatch%s", rows, mismatches, mismatches == 1 ? "" : "es");
    if (malformed > 0)
        plain_printf(stdout, ", %lu that could not be read", malformed);
    plain_printf(stdout, "\n");
    return mismatches == 0 && malformed == 0 ? 0 : 1;
}

static int built_in(void)
{
    static const struct {
        const char *name;
        const char *const *rows;
    } tables[] = {
        {"built-in has", vectors_has},
        {"built-in has_all", vectors_has_all},
        {"built-in entity", vectors_entity},
    };
    unsigned long rows = 0, mismatches = 0, malformed = 0;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct verify v = {.name = tables[i].name, .mismatches_to = stdout, .faults_to = stderr};
        for (const char *const *row = tables[i].rows; *row != NULL; row++) {
            int rc = verify_line(&v, text_from(*row));
            if (rc < 0) {
                plain_printf(stderr, "tripline verify: %s\n", strerror(-rc));
                verify_clear(&v);
                return 1;
            }
        }
        verify_clear(&v);
        rows += v.rows;
        mismatches += v.mismatches;
        malformed += v.malformed;
    }
    return summary(rows, mismatches, malformed);
}

static int one_file(const char *path, const char *rules)
{
    struct verify v = {.name = path, .mismatches_to = stdout, .faults_to = stderr, .rules = rules};
    char *content = NULL;
    size_t size = 0;
    int rc = file_read(&content, &size, path, MAX_FILE);
    if (rc == 0)
        rc = verify_lines(&v, (struct text){content, size});
    free(content);
    if (rc == -EISDIR)
        plain_printf(stderr, "%s: is a directory; name the file in it\n", path);
    else if (rc < 0)
        plain_printf(stderr, "%s: %s\n", path, strerror(-rc));
    else if (v.rows == 0)
        plain_printf(stderr, "%s: holds no row\n", path);
    if (rc < 0 || v.rows == 0)
        return 1;
    if (v.supported > 0)
        plain_printf(stdout, "%lu of the rows name what is supported by now\n", v.supported);
    return summary(v.rows, v.mismatches, v.malformed);
}

int cli_verify(int argc, char **argv)
{
    const char *rules = NULL, *file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc)
            rules = argv[++i];
        else if (strcmp(argv[i], "--rules") == 0)
            return cli_usage(argv[0], "wants a directory after", argv[i]);
        else if (argv[i][0] == '-')
            return cli_usage(argv[0], "knows no option", argv[i]);
        else if (file != NULL)
            return cli_usage(argv[0], "takes one file, not also", argv[i]);
        else
            file = argv[i];
    }
    if (rules != NULL && file == NULL)
        return cli_usage(argv[0], "takes a file with", "--rules");
    return file != NULL ? one_file(file, rules) : built_in();
}
